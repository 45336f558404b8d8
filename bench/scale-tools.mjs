// One tool makes its HTML report in a process of its own, then says what that took (JSON on stdout):
//   node bench/scale-tools.mjs TOOL PROJECT REPORT
// PROJECT is a folder with `main.js` and, in `out/`, esbuild's `main.js` and `main.js.map` of it.
// CPU is that of this process: esbuild's own process, which all plugins need alike, is not in it.
import process from 'node:process';
import { basename, dirname, join } from 'node:path';

const [tool, project, report] = process.argv.slice(2);
const code = join(project, 'out/main.js');

async function withEsbuild(plugin) {
  const { build, stop } = await import('esbuild');
  process.chdir(project);
  await build({
    absWorkingDir: project,
    entryPoints: ['./main.js'],
    outdir: join(project, 'plugin-out'),
    bundle: true,
    minify: true,
    format: 'esm',
    sourcemap: true,
    metafile: true,
    logLevel: 'silent',
    plugins: [plugin],
  });
  await stop();
}

const tools = {
  async pare() {
    const { analyze, writeReport } = await import('pare');
    const build = await analyze(join(project, 'out'), { root: project, gzip: false, brotli: false });
    await writeReport(report, 'scale', [{ name: 'scale', build }]);
  },
  async 'pare, plugin'() {
    const { report: plugin } = await import('pare/esbuild');
    await withEsbuild(plugin({ file: report, title: 'scale', gzip: false, brotli: false, summary: false }));
  },
  async sonda() {
    const { default: plugin } = await import('sonda/esbuild');
    const filename = basename(report, '.html');
    await withEsbuild(plugin({ format: 'html', filename, outputDir: dirname(report), open: false }));
  },
  /** Takes no esbuild output: Rollup runs for it, and only its own hook is measured. */
  async visualizer() {
    const { rollup } = await import('rollup');
    const { visualizer } = await import('rollup-plugin-visualizer');
    const plugin = visualizer({ filename: report, template: 'treemap', projectRoot: project });
    const { generateBundle } = plugin;
    const hook = typeof generateBundle === 'function' ? generateBundle : generateBundle.handler;
    plugin.generateBundle = {
      order: 'post',
      async handler(...args) {
        const before = process.cpuUsage();
        await hook.apply(this, args);
        const { user, system } = process.cpuUsage(before);
        measured = { cpu: (user + system) / 1e6, megabytes: null };
      },
    };
    const bundle = await rollup({ input: join(project, 'main.js'), plugins: [plugin], onwarn: () => undefined });
    await bundle.write({ dir: join(project, 'rollup-out'), format: 'es', sourcemap: true });
  },
  async 'source-map-explorer'() {
    const { explore } = await import('source-map-explorer');
    await explore({ code, map: `${code}.map` }, { noBorderChecks: true, output: { format: 'html', filename: report } });
  },
};

/** What a tool measured by itself. */
let measured = null;
// What tools say on their way is not the answer.
const { log } = console;
console.log = () => undefined;
await tools[tool]();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
log(JSON.stringify(measured ?? { cpu: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 }));
