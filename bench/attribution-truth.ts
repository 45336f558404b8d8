/** A program whose every module carries text that occurs nowhere else, so that its output shows whose each piece is. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAst } from 'rollup/parseAst';

export const MARKED_MODULES = 30;

const mark = (module: number) => `Mark${String(module).padStart(2, '0')}`;
export const markedFile = (module: number) => `module-${module}.js`;

/** Writes the program; its entry is `markedFile(0)`. Module n imports 2n + 1 and 2n + 2. */
export function writeMarkedProgram(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (let module = 0; module < MARKED_MODULES; module++) {
    const imports = [2 * module + 1, 2 * module + 2].filter((to) => to < MARKED_MODULES);
    const text = [...imports.map((to) => `import "./${markedFile(to)}";`), ...statementsOf(module)].join('\n');
    writeFileSync(path.join(folder, markedFile(module)), text);
  }
}

function statementsOf(module: number): string[] {
  let state = module * 7919 + 17;
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  const payload = (length: number) => {
    let text = '';
    while (text.length < length) text += `${mark(module)} ${next(2 ** 24).toString(36)} ${next(2 ** 24).toString(36)} `;
    return text;
  };
  const count = 3 + next(15);
  return Array.from({ length: count }, (_, i) => {
    const [text, name] = [payload(100 + next(900)), `value${module}_${i}`];
    const forms = [
      `globalThis.out.push("${text}");`,
      `export function ${name}(value) { return value > 1 ? value + "${text}" : "${payload(40)}"; }\nglobalThis.out.push([${name}, "${payload(10)}"]);`,
      `for (const each of ["${payload(40)}", "${text}"]) globalThis.out.push(each + "${payload(10)}");`,
      `export class ${name} { run(value) { return this.text + value + "${text}"; } }\nglobalThis.out.push([${name}, "${payload(10)}"]);`,
    ];
    return forms[next(forms.length)]!;
  });
}

interface Node {
  readonly start: number;
  readonly end: number;
}

/**
 * Bytes of each module in a chunk (ASCII): of the largest nodes of its syntax tree that hold one module's marks alone. What lies
 * between two nodes of one module (a separator) is the module's, what lies between two modules is nobody's.
 */
export function markedBytes(code: string): Map<number, number> {
  const marks = [...code.matchAll(/Mark(\d\d)/g)].map((found) => ({ at: found.index, module: Number(found[1]) }));
  const pieces: { module: number; start: number; end: number }[] = [];
  const visit = (node: Node): void => {
    const within = new Set(marks.filter(({ at }) => at >= node.start && at < node.end).map(({ module }) => module));
    const [module] = within;
    if (module === undefined) return;
    if (within.size > 1) childrenOf(node).forEach(visit);
    else pieces.push({ module, start: node.start, end: node.end });
  };
  visit(parseAst(code) as Node);
  const bytes = new Map<number, number>();
  for (const [i, { module, start, end }] of pieces.entries()) {
    const before = pieces[i - 1];
    const from = before?.module === module ? before.end : start;
    bytes.set(module, (bytes.get(module) ?? 0) + end - from);
  }
  return bytes;
}

function childrenOf(node: Node): Node[] {
  const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'start' in value;
  return Object.values(node)
    .flat()
    .filter(isNode)
    .sort((a, b) => a.start - b.start);
}
