/** `pare report`: one HTML page about one build or several. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { ReportBuild, ReportData } from '../../reports/report-data.ts';
import type { Engine } from '../engine/engine.ts';
import type { OwnedOutput } from '../measure/assemble.ts';
import type { NamedBuild } from '../report/named-build.ts';
import { ANALYSIS_ARGS, analyzeTarget, type Analysis } from './analysis.ts';
import { defineCommand } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { findOutputFolder } from './output-folder.ts';
import { note, writeWhole } from './results.ts';

export const command = defineCommand({
  help: {
    usage: ['[DIR …] [options]', '[NAME=DIR …] [options]'],
    about:
      'Writes one HTML file that needs no network: sizes by file, package and module, a treemap, who imports what, what would ' +
      'leave with each package, and what is in the build twice. Several folders make one page with all of them. DIR is found ' +
      'as in pare analyze, and may be a metafile or stats file. The path of the page goes to stdout.',
    examples: [
      ['report dist --open', 'Write pare-report.html and show it'],
      ['report dist/esbuild dist/vite', 'Two builds in one page'],
      ['report dist --baseline pare-baseline.json', 'With what changed, and the budgets'],
      ['report dist --coverage load=load.json,cart=cart.json', 'With what had run by each point'],
      ['report before=../main/dist after=dist -o compare.html', 'Builds with names of your own'],
    ],
  },
  args: {
    targets: { type: 'positional', required: false, valueHint: 'DIR …', description: 'what to report about' },
    out: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE',
      default: 'pare-report.html',
      description: 'where the page goes',
    },
    title: { type: 'string', valueHint: 'TEXT', description: "title of the page; default: the project's name" },
    baseline: {
      type: 'string',
      valueHint: 'FILE',
      description: 'show what changed since this baseline, Build record or folder; for a report about one build',
    },
    coverage: {
      type: 'string',
      valueHint: '[NAME=]FILE,…',
      description:
        'show what had run by then: V8 coverage as JSON, or what the Coverage panel of Chrome DevTools exports; several ' +
        'files are points in time, in their order',
    },
    config: { type: 'string', valueHint: 'FILE', description: 'where the budgets are; default: the nearest upwards' },
    sources: { type: 'boolean', default: true, negativeDescription: 'leave the text of the modules out of the page' },
    open: { type: 'boolean', description: 'show the page in the browser' },
    ...ANALYSIS_ARGS,
  },
  async run(args) {
    const { nameTargets } = await import('./report-builds.ts');
    const targets = nameTargets(args._.length > 0 ? args._ : [await findOutputFolder()]);
    const { refuseForSeveral, reportExtras } = await import('./report-extras.ts');
    refuseForSeveral(args, targets.length);
    const { warn } = await import('./diagnostics.ts');
    const [
      { readMaps },
      { composeReport },
      { uniquelyNamed },
      { loadReportTemplate, renderHtmlReport },
      { REPORT_SCHEMA },
    ] = await Promise.all([
      import('../report/read-maps.ts'),
      import('../report/compose-report.ts'),
      import('../report/unique-names.ts'),
      import('../../reports/html.ts'),
      import('../../reports/report-data.ts'),
    ]);
    const sections: ReportBuild[] = [];
    let title = args.title;
    for (const { name, target } of uniquelyNamed(targets)) {
      const owned: OwnedOutput[] = [];
      // Whose each byte is counts for coverage only, and is not kept.
      const onOwnership = args.coverage === undefined ? undefined : (output: OwnedOutput) => void owned.push(output);
      const compose = async ({ build, root, sources }: Analysis, engine: Engine): Promise<void> => {
        title ??= await projectName(root);
        if (targets.length > 1 && build.diagnostics.length > 0) note(`${name}:`);
        warn(build.diagnostics);
        const extras = targets.length === 1 ? await reportExtras(build, root, owned, args) : {};
        const maps = args.sources ? { maps: await readMaps(target, build) } : {};
        const named: NamedBuild = { name, build, root, sources, ...maps, ...extras };
        sections.push((await composeReport('', [named], engine.store)).builds[0]!);
      };
      await analyzeTarget(target, args, { onOwnership, goOn: compose });
    }
    const data: ReportData = { schema: REPORT_SCHEMA, title: title ?? 'pare', builds: sections };
    await writeWhole(args.out, renderHtmlReport(data, await loadReportTemplate()));
    process.stdout.write(`${args.out}\n`);
    if (args.open) {
      const { openFile } = await import('./open-file.ts');
      const problem = await openFile(path.resolve(args.out));
      if (problem !== null) note(`The page can't be shown from here: ${problem}. Open ${args.out} in a browser.`);
    }
    return EXIT.ok;
  },
});

async function projectName(root: string): Promise<string> {
  try {
    const { name } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { name?: unknown };
    if (typeof name === 'string' && name !== '') return name;
  } catch {
    // Without a package.json the folder's name will do.
  }
  return path.basename(root);
}
