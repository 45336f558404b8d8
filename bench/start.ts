// How long the command line takes to start: version, help, a check and an analysis of a small project, against an empty Node process.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';

import { cpuSeconds, inRounds, measuredOn, median, medianExcess, medianRatio, type Subject } from './whole-process.ts';

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

/** A project of a page, two modules and a package, built; and one budget. */
async function smallProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pare-start-'));
  const files: Record<string, string> = {
    'package.json': '{ "name": "small", "type": "module" }',
    'pare.config.json':
      '{ "budgets": [{ "kind": "total", "max": "50 kB" }, { "kind": "banned", "packages": ["moment"] }] }',
    'index.html': '<script type="module" src="main.js"></script>',
    'src/main.js': `import { list } from './list.js';\nimport { names } from 'days';\ndocument.body.append(list(names));\n`,
    'src/list.js': `export const list = (names) => names.map((name, i) => i + ' ' + name).join();\n`,
    'node_modules/days/package.json': '{ "name": "days", "version": "1.0.0", "type": "module", "main": "index.js" }',
    'node_modules/days/index.js': `export const names = [${Array.from({ length: 200 }, (_, i) => `'day ${i * 7919}'`).join()}];\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await esbuild({
    absWorkingDir: folder,
    entryPoints: ['src/main.js'],
    outdir: 'dist',
    bundle: true,
    minify: true,
    sourcemap: true,
    format: 'esm',
    logLevel: 'error',
  });
  return folder;
}

/** Prints a table. */
export async function run(): Promise<string> {
  const cwd = await smallProject();
  try {
    return await table([...SUBJECTS, ...(await onSmallProject(cwd))]);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

async function onSmallProject(cwd: string): Promise<Subject[]> {
  const pare = (name: string, ...words: string[]): Subject => ({ name, args: [PROGRAM, ...words], cwd });
  const fresh: Subject = {
    ...pare('pare check, files written anew', 'check', 'dist'),
    prepare: () => rm(join(cwd, 'node_modules/.cache/pare/answers'), { recursive: true, force: true }),
  };
  // Files that are as young as the run that reads them are not relied on.
  await wait(100);
  const last = [
    pare('pare check, unchanged', 'check', 'dist', '--format', 'text'),
    pare('pare analyze, unchanged', 'analyze', 'dist'),
  ];
  return [
    pare('pare check --no-cache', 'check', 'dist', '--no-cache'),
    fresh,
    ...last.map((subject) => answered(subject)),
  ];
}

/** Asked once before. */
function answered(subject: Subject): Subject {
  return { ...subject, prepare: async () => void (await cpuSeconds(subject.args, subject.cwd)) };
}

async function table(subjects: readonly Subject[]): Promise<string> {
  const seconds = await inRounds(ROUNDS, subjects);
  const [empty] = SUBJECTS;
  const base = seconds.get(empty!.name)!;
  return [
    `CPU time of the whole process (median of ${ROUNDS} paired rounds). ${measuredOn([])}.`,
    '',
    '| process | over `node -e 0` | more than it, ms | ms |',
    '| --- | --- | --- | --- |',
    ...subjects.map(({ name }) => {
      const own = seconds.get(name)!;
      const cells = [`×${medianRatio(own, base).toFixed(2)}`, ms(medianExcess(own, base)), ms(median(own))];
      return `| \`${name}\` | ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

function ms(seconds: number): string {
  return (seconds * 1000).toFixed(0);
}
