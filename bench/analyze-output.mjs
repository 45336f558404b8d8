// Analyzes finished output by one tool in a process of its own, for the benchmarks that measure whole processes:
//   node bench/analyze-output.mjs pare|source-map-explorer|esbuild OUTDIR METAFILE
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [tool, outdir, metafile] = process.argv.slice(2);

const tools = {
  async pare() {
    const { analyze } = await import('pare');
    await analyze(outdir, { gzip: false, brotli: false });
  },
  async 'source-map-explorer'() {
    const { explore } = await import('source-map-explorer');
    const files = readdirSync(outdir, { recursive: true }).filter((file) => /\.[cm]?js$/.test(file));
    await explore(
      files.map((file) => ({ code: join(outdir, file), map: join(outdir, `${file}.map`) })),
      { noBorderChecks: true, output: { format: 'json' } },
    );
  },
  async esbuild() {
    const { analyzeMetafile, stop } = await import('esbuild');
    await analyzeMetafile(readFileSync(metafile, 'utf8'));
    await stop();
  },
};
await tools[tool]();
