/** Says what is to be said about minifying: what concerns the project once, what concerns a chunk each time. */
import type { Minified } from './minified.ts';

export type Warn = (message: string) => void;

export function createReporter(warn: Warn | undefined): (result: Minified) => void {
  const said = new Set<string>();
  return ({ remarks, warnings }) => {
    if (warn === undefined) return;
    for (const remark of remarks) {
      if (said.has(remark)) continue;
      said.add(remark);
      warn(remark);
    }
    for (const warning of warnings) warn(warning);
  };
}
