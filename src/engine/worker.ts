/** The entry file of every worker, built to dist/worker.js. */
import { serveTasks } from '../workers/serve.ts';
import { TASKS } from './tasks.ts';

serveTasks(TASKS);
