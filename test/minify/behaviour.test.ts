import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { minifyChunk, type Minifier } from '../../src/minify/index.ts';
import { root, settingsOf } from './stage-plugins.ts';

/** Programs that print what they come to, of statements that minifiers rewrite. */
const leaf = fc.constantFrom(
  'first',
  'second',
  'list.length',
  'record.field',
  '7',
  '-1',
  '"text"',
  'null',
  'undefined',
  'true',
);
const binary = fc.constantFrom('+', '-', '*', '===', '!==', '<', '&&', '||', '??', ',');
const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'expression' },
    leaf,
    fc
      .tuple(tie('any'), binary, tie('any'))
      // `??` does not stand beside `&&` and `||` without parentheses.
      .map(([left, operator, right]) => `((${left}) ${operator} (${right}))`),
    fc.tuple(tie('any'), tie('any'), tie('any')).map(([test, yes, no]) => `((${test}) ? (${yes}) : (${no}))`),
    tie('any').map((value) => `typeof (${value})`),
    tie('any').map((value) => `show(${value})`),
    tie('any').map((value) => `((argument) => { first = argument; return argument; })(${value})`),
    tie('any').map((value) => `[${value}, first].join("-")`),
    tie('any').map((value) => `({ field: ${value}, get other() { return second; } }).other`),
  ),
})).any;

const statement = fc.letrec<{ any: string; block: string }>((tie) => ({
  block: fc.array(tie('any'), { maxLength: 3 }).map((statements) => `{ ${statements.join(' ')} }`),
  any: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'statement' },
    expression.map((value) => `show(${value});`),
    expression.map((value) => `first = ${value};`),
    expression.map((value) => `record.field = ${value}; list.push(record.field);`),
    expression.map(
      (value) => `{ const outer = ${value}; { const first = outer; let inner = () => first; show(inner()); } }`,
    ),
    fc.tuple(expression, tie('block'), tie('block')).map(([test, yes, no]) => `if (${test}) ${yes} else ${no}`),
    tie('block').map((block) => `for (let index = 0; index < 2; index++) ${block}`),
    tie('block').map((block) => `try ${block} catch (error) { show("caught"); } finally { show("finally"); }`),
    expression.map((value) => `try { throw ${value}; } catch (error) { show(error); }`),
    fc
      .tuple(expression, tie('block'))
      .map(([value, block]) => `switch (${value}) { case 7: ${block} case "text": break; default: show("none"); }`),
    fc
      .tuple(tie('block'), expression)
      .map(([block, value]) => `show((function named(parameter = first) { ${block} return ${value}; })());`),
    expression.map((value) => `show(new (class { #own = ${value}; read() { return this.#own; } })().read());`),
  ),
})).any;

const program = fc
  .array(statement, { minLength: 4, maxLength: 12 })
  .map(
    (statements) =>
      `let first = 1; var second = 2; const list = [1, 2]; const record = { field: "f" };\n${statements.join('\n')}\nshow(first); show(second); show(list); show(record);`,
  );

/** What the program shows, and how it ends. */
function run(code: string): string[] {
  const shown: string[] = [];
  const show = (value: unknown): unknown => {
    shown.push(JSON.stringify(value) ?? String(value));
    return value;
  };
  try {
    runInNewContext(code, { show }, { timeout: 2_000 });
  } catch (error) {
    shown.push((error as Error).name);
  }
  return shown;
}

const CHAINS: readonly (readonly Minifier[])[] = [['oxc'], ['swc'], ['terser'], ['esbuild'], ['oxc', 'swc']];

describe.for(CHAINS.map((tools) => ({ tools })))('what $tools leaves', ({ tools }) => {
  it('does what it did before', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.constantFrom('iife', 'cjs'), async (code, format) => {
        const minified = await minifyChunk({ file: 'program.js', code, map: null, format }, settingsOf({ tools }), {
          root,
        });
        // What a minifier breaks so that it can't be read is seen, and not taken; nothing else is to be said.
        for (const warning of minified.warnings) expect(warning).toContain('its output does not parse');
        expect(run(minified.code)).toEqual(run(code));
      }),
      { numRuns: Number(process.env['RUNS'] ?? 30), seed: Number(process.env['SEED'] ?? 1) },
    );
  });
});
