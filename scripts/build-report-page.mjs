/**
 * Builds the report's page into `dist/report/page.html`: one file with its style and its script inside, and a slot for
 * the data. The page may run that script and that style and nothing else: the policy names both by their hashes.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const page = new URL('../reports/page/', import.meta.url);
const target = fileURLToPath(new URL('../dist/report/page.html', import.meta.url));

/** Writes the template and returns its path and size. */
export async function buildReportPage() {
  const [script, style] = await Promise.all([bundle('src/main.ts'), bundle('style.css')]);
  const policy = [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  const slots = new Map([
    ['policy', policy],
    ['style', `<style>${style}</style>`],
    ['script', `<script>${script}</script>`],
  ]);
  const skeleton = await readFile(new URL('page.html', page), 'utf8');
  const html = skeleton.replace(/%(\w+)%/g, (slot, name) => slots.get(name) ?? slot);
  await mkdir(dirname(target), { recursive: true });
  // Several test files may build at once; each reader must find a whole file.
  const draft = `${target}.${process.pid}`;
  await writeFile(draft, html);
  await rename(draft, target);
  return { path: target, bytes: Buffer.byteLength(html) };
}

async function bundle(entry) {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(entry, page))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  // The parser of HTML would end the element at its end tag, wherever it stands.
  return result.outputFiles[0].text.trim().replaceAll('</script', '<\\/script');
}

function hash(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { path, bytes } = await buildReportPage();
  console.log(`${path}: ${bytes} bytes`);
}
