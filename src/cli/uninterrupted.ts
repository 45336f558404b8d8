export { uninterrupted } from '../scope/signals.ts';
