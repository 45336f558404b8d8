import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

import { makeFolder } from './folders.ts';

/** A program of its own, for tests that kill it or run it elsewhere than in this Node: `node RUNNER FOLDER [PREVIOUS…]`. */
export async function buildRunner(): Promise<string> {
  const folder = await makeFolder();
  const runner = path.join(folder, 'runner.mjs');
  await esbuild.build({
    stdin: {
      contents: `
        import { precompress } from './precompress.ts';
        import { COMPRESS_DEFAULTS } from './settings.ts';
        const [folder, ...previous] = process.argv.slice(2);
        process.stdout.write('begun');
        await precompress(folder, { ...COMPRESS_DEFAULTS, previous });
      `,
      resolveDir: fileURLToPath(new URL('../../src/precompress/', import.meta.url)),
      loader: 'ts',
    },
    outfile: runner,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: `import { createRequire as own } from 'node:module'; const require = own(import.meta.url);` },
  });
  const zstd = new URL('../../node_modules/@bokuweb/zstd-wasm/dist/common/zstd.wasm', import.meta.url);
  await copyFile(fileURLToPath(zstd), path.join(folder, 'zstd.wasm'));
  return runner;
}
