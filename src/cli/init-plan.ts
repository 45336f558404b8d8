/** What `pare init` would do to a project: files with their old and new text, and what is left for people. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { addPlugin, linesByHand } from './init-edit.ts';
import type { Bundler, FoundBundler, Project } from './init-project.ts';

export interface PlannedFile {
  /** Relative to the project. */
  readonly file: string;
  /** null: it is not there yet. */
  readonly before: string | null;
  readonly after: string;
}

export interface Plan {
  readonly files: readonly PlannedFile[];
  /** What is as it should be already. */
  readonly done: readonly string[];
  /** What to do by hand, each with the lines to add. */
  readonly byHand: readonly { readonly text: string; readonly lines: readonly string[] }[];
}

export type ConfigFormat = 'ts' | 'js' | 'json';

/** @param format of the configuration; null: as the project is written */
export function makePlan(project: Project, format: ConfigFormat | null): Plan {
  const files: PlannedFile[] = [];
  const done: string[] = [];
  const byHand: { text: string; lines: readonly string[] }[] = [];
  if (project.config === null) files.push(newConfig(format ?? fittingFormat(project)));
  else done.push(`${project.config} is there already and stays as it is`);
  for (const bundler of project.bundlers) {
    const { name, file } = bundler;
    if (file === null) {
      byHand.push(withoutFile(bundler));
      continue;
    }
    const before = readFileSync(path.join(project.folder, file), 'utf8');
    const edit = addPlugin(before, file, name);
    if (edit.status === 'changed') files.push({ file, before, after: edit.text });
    else if (edit.status === 'present') done.push(`${file} has pare already`);
    else
      byHand.push({ text: `${file} is left as it is, because ${edit.reason}. Add to it:`, lines: linesByHand(name) });
  }
  for (const name of project.others) byHand.push(readsOutput(name));
  if (project.bundlers.length === 0 && project.others.length === 0) byHand.push(readsOutput(null));
  return { files, done, byHand };
}

/** TypeScript where the bundler's own configuration is, and JSON where nothing else is sure to be read. */
function fittingFormat({ bundlers, isModule, usesTypeScript }: Project): ConfigFormat {
  if (bundlers.some(({ file }) => /\.[cm]?ts$/.test(file ?? ''))) return 'ts';
  return isModule && !usesTypeScript && bundlers.some(({ file }) => file !== null) ? 'js' : 'json';
}

const SCHEMA = './node_modules/pare/dist/schema/config.json';

function newConfig(format: ConfigFormat): PlannedFile {
  const file = `pare.config.${format}`;
  if (format === 'json') {
    const content = { $schema: SCHEMA, report: { file: 'pare-report.html' }, budgets: [] };
    return { file, before: null, after: `${JSON.stringify(content, null, 2)}\n` };
  }
  const after = [
    "import { defineConfig } from 'pare/config';",
    '',
    'export default defineConfig({',
    "  report: { file: 'pare-report.html' },",
    "  // What a build must stay within, for example: { kind: 'total', max: '200 kB' }",
    '  budgets: [],',
    '});',
    '',
  ].join('\n');
  return { file, before: null, after };
}

const PLUGIN_OPTION: Readonly<Record<Bundler, string>> = {
  vite: 'vite.config.js',
  rollup: 'rollup.config.js',
  rolldown: 'rolldown.config.js',
  esbuild: 'a script that calls esbuild.build(), because its command line takes no plugins',
  bun: 'a script that calls Bun.build(), because its command line takes no plugins',
};

function withoutFile({ name }: FoundBundler): Plan['byHand'][number] {
  return {
    text: `${name} is used without a file to put the plugin in. Write ${PLUGIN_OPTION[name]}, and into it:`,
    lines: linesByHand(name),
  };
}

/** There is no plugin, or no bundler that we know. */
function readsOutput(name: string | null): Plan['byHand'][number] {
  const text =
    name === null
      ? 'No bundler was found. pare reads finished output of any, with its source maps:'
      : `There is no plugin for ${name}. pare reads its finished output, with its source maps:`;
  const evidence = name === 'webpack' || name === 'rspack' ? ' --evidence stats.json' : '';
  return { text, lines: [`pare analyze dist${evidence}`, `pare report dist${evidence}`] };
}
