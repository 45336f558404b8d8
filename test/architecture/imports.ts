import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync } from 'rolldown/utils';

/** One import as it is written in a source file: `import`, `export … from`, `import()`, or `import('x').Type`. */
export interface Import {
  /** POSIX, relative to the root. */
  readonly from: string;
  readonly specifier: string;
  /** The file a relative specifier points to, relative to the root; null for a package. */
  readonly file: string | null;
}

const SOURCE = /\.(?:ts|tsx|mjs)$/;
const SKIPPED = new Set(['node_modules', 'dist', '.git', 'cases', 'golden']);

/** All source files under the folders, relative to the root, in a stable order. */
export function sourceFiles(root: string, folders: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(posix.join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) visit(path);
      else if (entry.isFile() && SOURCE.test(entry.name) && !entry.name.startsWith('.')) found.push(path);
    }
  };
  for (const folder of folders) visit(folder);
  return found.sort();
}

export function readImports(root: string, file: string): Import[] {
  const { program, errors } = parseSync(file, readFileSync(posix.join(root, file), 'utf8'));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  const specifiers = new Set<string>();
  collectSpecifiers(program, specifiers);
  return [...specifiers].map((specifier) => ({
    from: file,
    specifier,
    file: specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : null,
  }));
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

function collectSpecifiers(node: unknown, into: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const child of node) collectSpecifiers(child, into);
    return;
  }
  const { type, source } = node as { type?: unknown; source?: { value?: unknown } | null };
  if (typeof type === 'string' && IMPORTING.has(type) && typeof source?.value === 'string') into.add(source.value);
  for (const child of Object.values(node)) collectSpecifiers(child, into);
}
