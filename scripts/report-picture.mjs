// Draws docs/report.png, the picture of the report in the README:  node scripts/report-picture.mjs
// Builds the storefront with pare in its config, opens the report in Chromium, and saves one view with few colours.
// Needs a build of pare: npm run build.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { deflateSync, inflateSync } from 'node:zlib';
import { pare } from 'pare/esbuild';
import { chromium } from 'playwright-core';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const picture = join(root, 'docs', 'report.png');
const size = { width: 1440, height: 900 };
const most = 300_000;

const folder = await mkdtemp(join(tmpdir(), 'pare-picture-'));
try {
  const file = join(folder, 'report.html');
  const { build } = await import(pathToFileURL(join(root, 'fixtures', 'storefront', 'build.mjs')).href);
  const fixture = join(root, 'fixtures', 'storefront');
  await build('esbuild', {
    outdir: join(folder, 'dist'),
    plugins: [pare({ root: fixture, analyzer: { summary: false }, report: { file, title: 'storefront' } })],
  });
  await writeFile(picture, withFewColours(await photograph(file)));
  const { size: bytes } = await stat(picture);
  process.stdout.write(`${picture}: ${(bytes / 1000).toFixed(0)} kB\n`);
  if (bytes > most) throw new Error(`The picture is larger than ${most} bytes.`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function photograph(file) {
  const { default: packaged } = await import('@sparticuz/chromium');
  const browser = await chromium.launch({
    executablePath: await packaged.executablePath(),
    args: [...packaged.args, '--no-sandbox', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ viewport: size, colorScheme: 'light' });
    await page.goto(`${pathToFileURL(file)}#view=treemap`);
    // The heaviest package that one may want to be rid of, with the imports that keep it.
    const zod = await page.evaluate(
      () => /"name":"zod","version":"([^"]+)"/.exec(document.querySelector('#pare-build-0').textContent)?.[1],
    );
    await page.goto(`${pathToFileURL(file)}#view=treemap&at=package:zod@${zod}`);
    await page.waitForSelector('.detail:not([hidden]) .chain');
    await page.mouse.move(0, 0);
    await page.waitForTimeout(300);
    return await page.screenshot();
  } finally {
    await browser.close();
  }
}

/** The same PNG with a palette of 256 colours: screenshots of flat areas lose nothing that is seen. */
function withFewColours(png) {
  const { width, height, channels, rows } = pixelsOf(png);
  const counts = new Map();
  const coarse = (at) => ((rows[at] >> 3) << 10) | ((rows[at + 1] >> 3) << 5) | (rows[at + 2] >> 3);
  for (let at = 0; at < rows.length; at += channels) {
    const key = coarse(at);
    const sum = counts.get(key) ?? [0, 0, 0, 0];
    for (let i = 0; i < 3; i++) sum[i] += rows[at + i];
    sum[3]++;
    counts.set(key, sum);
  }
  const ranked = [...counts].sort((a, b) => b[1][3] - a[1][3]);
  const palette = ranked.slice(0, 256).map(([, [r, g, b, n]]) => [r / n, g / n, b / n].map(Math.round));
  const nearest = new Map(ranked.map(([key, [r, g, b, n]]) => [key, closest(palette, r / n, g / n, b / n)]));
  const lines = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = nearest.get(coarse((y * width + x) * channels));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    png.subarray(0, 8),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function closest(palette, r, g, b) {
  let best = 0;
  let least = Infinity;
  palette.forEach((colour, i) => {
    const distance = (colour[0] - r) ** 2 + (colour[1] - g) ** 2 + (colour[2] - b) ** 2;
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}

/** Of a PNG with 8 bits a channel, as browsers write it (PNG specification, 9: filtering). */
function pixelsOf(png) {
  const data = [];
  let width = 0;
  let height = 0;
  let channels = 3;
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR')
      [width, height, channels] = [body.readUInt32BE(0), body.readUInt32BE(4), body[9] === 6 ? 4 : 3];
    if (type === 'IDAT') data.push(body);
    at += length + 12;
  }
  const raw = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  const rows = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? rows[y * stride + x - channels] : 0;
      const up = y > 0 ? rows[(y - 1) * stride + x] : 0;
      const corner = x >= channels && y > 0 ? rows[(y - 1) * stride + x - channels] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      rows[y * stride + x] = raw[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return { width, height, channels, rows };
}

function paeth(left, up, corner) {
  const [a, b, c] = [left, up, corner].map((each) => Math.abs(left + up - corner - each));
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function chunk(type, body) {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const framed = Buffer.alloc(content.length + 8);
  framed.writeUInt32BE(body.length, 0);
  content.copy(framed, 4);
  framed.writeUInt32BE(crc32(content), content.length + 4);
  return framed;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
