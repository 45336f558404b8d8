// How long the command line takes to start: `pare --version` and `pare --help` against an empty Node process.
import { fileURLToPath } from 'node:url';

import { inRounds, measuredOn, median, medianExcess, medianRatio, type Subject } from './whole-process.ts';

const PROGRAM = fileURLToPath(new URL('../dist/bin/pare.js', import.meta.url));
const ROUNDS = 15;

const SUBJECTS: readonly Subject[] = [
  { name: 'node -e 0', args: ['-e', '0'] },
  { name: 'pare --version', args: [PROGRAM, '--version'] },
  { name: 'pare --help', args: [PROGRAM, '--help'] },
  ...['esbuild', 'rollup', 'vite'].map((name): Subject => ({
    name: `import 'pare/${name}'`,
    args: ['--input-type=module', '-e', `import 'pare/${name}'`],
  })),
];

/** Prints a table. */
export async function run(): Promise<string> {
  const seconds = await inRounds(ROUNDS, SUBJECTS);
  const [empty] = SUBJECTS;
  const base = seconds.get(empty!.name)!;
  return [
    `CPU time of the whole process (median of ${ROUNDS} paired rounds). ${measuredOn([])}.`,
    '',
    '| process | over `node -e 0` | more than it, ms | ms |',
    '| --- | --- | --- | --- |',
    ...SUBJECTS.map(({ name }) => {
      const own = seconds.get(name)!;
      const cells = [`×${medianRatio(own, base).toFixed(2)}`, ms(medianExcess(own, base)), ms(median(own))];
      return `| \`${name}\` | ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

function ms(seconds: number): string {
  return (seconds * 1000).toFixed(0);
}
