/**
 * Every error that pare throws on purpose: a stable code for scripts, a message that names the thing, and a hint that says
 * the mend. Anything else that is thrown is a bug of ours.
 */
export class PareError extends Error {
  override readonly name = 'PareError';
  readonly code: string;
  readonly hint: string | null;

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
  }
}
