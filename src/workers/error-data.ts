/** Errors on their way between threads. A structured clone loses codes, hints and names of one's own. */
import { PareError } from '../model/errors.ts';

export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own values that are plain: `code`, a minifier's `line` and `col`. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause: ErrorData | undefined;
}

const DEEPEST_CAUSE = 5;

/** Never throws, whatever was thrown. */
export function errorToData(error: unknown, depth = 0): ErrorData {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: textOf(error), stack: undefined, details: {}, cause: undefined };
  }
  const details = Object.entries(error).filter(([key, value]) => key !== 'name' && isPlain(value));
  const hasCause = error.cause !== undefined && depth < DEEPEST_CAUSE;
  return {
    name: textOf(error.name),
    message: textOf(error.message),
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    details: Object.fromEntries(details),
    cause: hasCause ? errorToData(error.cause, depth + 1) : undefined,
  };
}

export function errorFromData({ name, message, stack, details, cause }: ErrorData): Error {
  const options = cause === undefined ? {} : { cause: errorFromData(cause) };
  const error = name === 'PareError' ? pareError(message, details, options) : new Error(message, options);
  if (error instanceof PareError === false) {
    if (name !== 'Error') Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
    Object.assign(error, details);
  }
  if (stack !== undefined) error.stack = stack;
  return error;
}

function pareError(message: string, details: ErrorData['details'], options: { cause?: Error }): PareError {
  const { code, hint } = details;
  return new PareError(String(code), message, { ...options, ...(typeof hint === 'string' ? { hint } : {}) });
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
