/** Whether what a minifier gave is still the same program as far as that can be told for certain: it parses, and its imports, exports and directives are those it was given. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction, Script } from 'node:vm';

import type { StaticImport } from 'es-module-lexer';
import type * as Oxc from 'oxc-parser';

import type { ToolInput } from './tools/tool.ts';

type Kind = ToolInput['kind'];

/** null: it parses. Otherwise the parser's message. */
export type Parse = (code: string, kind: Kind) => Promise<string | null>;

/**
 * What is wrong with the output; null: nothing. Code that the parser can't even read before it was minified is newer than the
 * parser, which then proves nothing.
 */
export async function faultOf(output: string, input: string, kind: Kind, parse: Parse): Promise<string | null> {
  const message = await parse(output, kind);
  if (message !== null && (await parse(input, kind)) === null) return `its output does not parse: ${message}`;
  return lostDirective(output, input) ?? (kind === 'module' ? await interfaceFault(output, input) : null);
}

/** `"use server"` and its like, at the beginning of a program or a function. */
const DIRECTIVE = /(?:^|[{;\n])\s*(["'])(use (?!strict\b|asm\b)[a-z][\w -]*)\1(?=\s*(?:[;}\n]|$))/g;

/** Directives say to other tools what becomes of a function; swc 1.16.18 drops those of static methods. */
function lostDirective(output: string, input: string): string | null {
  const kept = directivesOf(output);
  const lost = [...directivesOf(input)].find(([name, count]) => (kept.get(name) ?? 0) < count);
  return lost === undefined ? null : `it dropped "${lost[0]}"`;
}

function directivesOf(code: string): Map<string, number> {
  const counts = new Map<string, number>();
  if (!code.includes('use ')) return counts;
  for (const [, , name] of code.matchAll(DIRECTIVE)) counts.set(name!, (counts.get(name!) ?? 0) + 1);
  return counts;
}

/** Scripts by the engine's own parser; modules by oxc-parser or Rolldown where the project has one of them, else by acorn. */
export function parserOf(root: string): Parse {
  let modules: Promise<(code: string) => Promise<string | null>> | null = null;
  return async (code, kind) => {
    if (kind === 'module') return (await (modules ??= moduleParser(root)))(code);
    try {
      if (kind === 'commonjs') compileFunction(code, ['exports', 'require', 'module', '__filename', '__dirname']);
      else void new Script(code);
      return null;
    } catch (error) {
      return messageOf(error);
    }
  };
}

async function moduleParser(root: string): Promise<(code: string) => Promise<string | null>> {
  for (const from of [join(root, 'package.json'), import.meta.url]) {
    for (const specifier of ['oxc-parser', 'rolldown/utils']) {
      try {
        const file = createRequire(from).resolve(specifier);
        const { parse } = (await import(pathToFileURL(file).href)) as Pick<typeof Oxc, 'parse'>;
        return async (code) => {
          const { errors } = await parse('chunk.mjs', code, { sourceType: 'module', showSemanticErrors: true });
          return errors.find(({ severity }) => String(severity) === 'Error')?.message ?? null;
        };
      } catch {
        // Not installed, or not for this machine.
      }
    }
  }
  const { parse } = await import('acorn');
  return (code) => {
    try {
      parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
      return Promise.resolve(null);
    } catch (error) {
      return Promise.resolve(messageOf(error));
    }
  };
}

/** The same names are exported, and the same modules are loaded in the same order, as what they were said to be. */
async function interfaceFault(output: string, input: string): Promise<string | null> {
  const [before, after] = await Promise.all([interfaceOf(input), interfaceOf(output)]);
  if (before === null || after === null) return null;
  if (before.exports !== after.exports) return `it changed the exports: ${before.exports} became ${after.exports}`;
  if (before.imports !== after.imports) return `it changed the imports: ${before.imports} became ${after.imports}`;
  return null;
}

async function interfaceOf(code: string): Promise<{ exports: string; imports: string } | null> {
  const { init, parse } = await import('es-module-lexer');
  await init();
  try {
    const [imports, exports] = parse(code);
    const loaded = imports.flatMap((each) =>
      each.type === 'static' || each.type === 'reexport-star' ? [requestOf(each)] : [],
    );
    const names = exports.map((each) => (each.type === 'reexport-all' ? `* from ${each.from}` : each.name));
    // Once loaded, a module is not loaded again.
    return { imports: [...new Set(loaded)].join(', '), exports: names.sort().join(', ') };
  } catch {
    return null;
  }
}

/** A JSON module that loses its `with { type: 'json' }` doesn't load any more. */
function requestOf({ specifier, attributes }: Pick<StaticImport, 'specifier' | 'attributes'>): string {
  const said = (attributes ?? []).map(([key, value]) => `${key}: ${value}`).sort();
  return said.length === 0 ? specifier : `${specifier} with { ${said.join(', ')} }`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
