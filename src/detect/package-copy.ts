/** A copy of a package on disk: `dir` ends with the package's name; `inner` is the module's path inside of it. */
export interface PackagePath {
  readonly dir: string;
  readonly inner: string;
}

/** Splits a module's id at the innermost package folder; null for a module outside of any `node_modules`. */
export function packagePath(id: string): PackagePath | null {
  const match = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\/(.+)$/.exec(id);
  return match === null ? null : { dir: match[1]!, inner: match[2]! };
}
