/** What it is all for: a browser with the release before downloads what changed, and runs what was built. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import type { BrowserContext } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';

import { PareError } from '../../src/model/errors.ts';
import type { PrecompressManifest } from '../../src/precompress/manifest.ts';
import { negotiate, type Negotiated } from '../../src/precompress/negotiate.ts';
import { precompress } from '../../src/precompress/precompress.ts';
import { readManifest } from '../../src/precompress/read-manifest.ts';
import { COMPRESS_DEFAULTS } from '../../src/precompress/settings.ts';
import { openBrowser } from '../../src/verify/index.ts';
import { BUN } from '../golden/builders.ts';
import { makeFolder, program, writeFiles } from './folders.ts';
import { buildRunner } from './runner.ts';

const browser = await openBrowser().catch((error: unknown) => {
  if (!(error instanceof PareError)) throw error;
  console.warn(`Skipped: no browser can be started here. ${error.message} ${error.hint ?? ''}`);
  return null;
});
afterAll(() => browser?.close());

/** A page of one script that says its version; built with a content hash in each name. */
async function release(version: string): Promise<string> {
  const folder = await makeFolder();
  const source = await makeFolder({
    'lib.js': program(300),
    'main.js':
      `import * as lib from './lib.js'; import './main.css';\n` +
      `document.body.textContent = '${version} with ' + Object.keys(lib).length;`,
    'main.css': Array.from({ length: 80 }, (_, at) => `.item-${at} { margin: ${at}px; color: #${at + 100} }`).join(
      '\n',
    ),
  });
  await esbuild.build({
    entryPoints: [path.join(source, 'main.js')],
    outdir: path.join(folder, 'assets'),
    entryNames: '[name]-[hash]',
    bundle: true,
    format: 'esm',
    minify: true,
  });
  const names = await readdir(path.join(folder, 'assets'));
  const named = (end: string): string => names.find((name) => name.endsWith(end))!;
  await writeFiles(folder, {
    'index.html':
      `<!doctype html><html lang="en"><title>Shop</title><link rel="stylesheet" href="/assets/${named('.css')}">` +
      `<body><script type="module" src="/assets/${named('.js')}"></script></body></html>`,
  });
  return folder;
}

interface Request {
  readonly url: string;
  readonly dictionary: string | undefined;
  readonly coding: string;
  readonly bytes: number;
}

/** A server as its author would write it: `negotiate` and a file. What is deployed may be exchanged. */
async function serve() {
  const requests: Request[] = [];
  const offered = new Map<string, string | undefined>();
  let deployed: { readonly folder: string; readonly manifest: PrecompressManifest } | null = null;
  const server = createServer((request, response) => {
    offered.set(request.url ?? '', request.headers['available-dictionary'] as string | undefined);
    const answer = deployed === null ? null : negotiate(deployed.manifest, request.url ?? '/', request.headers);
    if (answer === null || answer.file === null) {
      response.writeHead(answer?.status ?? 404).end();
      return;
    }
    void send(deployed!.folder, answer.file, answer, request, response);
  });
  const send = async (
    folder: string,
    file: string,
    { status, coding, headers }: Negotiated,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const body = await readFile(path.join(folder, file));
    const dictionary = request.headers['available-dictionary'] as string | undefined;
    requests.push({ url: request.url!, dictionary, coding, bytes: body.length });
    response.writeHead(status, headers).end(body);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // The shared browser reaches names on this machine by their address alone.
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    /** What was offered with the last request for an address. */
    offered,
    deploy: (folder: string, manifest: PrecompressManifest) => (deployed = { folder, manifest }),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A browser stores a dictionary behind the page's back: asks for a script that isn't there until it offers one. */
async function untilStored(context: BrowserContext, server: Awaited<ReturnType<typeof serve>>, script: Buffer) {
  const hash = `:${createHash('sha256').update(script).digest('base64')}:`;
  const page = await context.newPage();
  await page.goto(server.origin);
  await expect
    .poll(
      async () => {
        await page.evaluate(`fetch('/assets/main-PROBE234.js', { cache: 'no-store' }).then(() => null)`);
        return server.offered.get('/assets/main-PROBE234.js');
      },
      { timeout: 20_000 },
    )
    .toBe(hash);
  await page.close();
}

const scriptOf = async (folder: string): Promise<Buffer> => {
  const name = (await readdir(path.join(folder, 'assets'))).find((each) => each.endsWith('.js'))!;
  return readFile(path.join(folder, 'assets', name));
};

/** What the page says, once everything that it loaded is there. */
async function visit(context: BrowserContext, url: string): Promise<string> {
  const page = await context.newPage();
  try {
    await page.goto(url, { waitUntil: 'load' });
    await page.waitForFunction('document.body.textContent !== ""');
    return (await page.textContent('body')) ?? '';
  } finally {
    await page.close();
  }
}

const scripts = (requests: readonly Request[]): Request[] => requests.filter(({ url }) => url.endsWith('.js'));

describe.skipIf(browser === null)('a browser that comes back', { timeout: 60_000 }, () => {
  it('downloads the delta and runs the new release, in which it has the dictionary for the one after', async () => {
    await using server = await serve();
    const [first, second, third] = [await release('release 1'), await release('release 2'), await release('release 3')];
    const context = await browser!.browser.newContext();
    try {
      server.deploy(first, await precompress(first, COMPRESS_DEFAULTS));
      expect(await visit(context, server.origin)).toBe('release 1 with 300');
      const cold = scripts(server.requests);
      expect(cold.map(({ coding, dictionary }) => [coding, dictionary])).toEqual([['br', undefined]]);
      for (const [now, before, name] of [
        [second, [first], 'release 2'],
        [third, [second, first], 'release 3'],
      ] as const) {
        const manifest = await precompress(now, { ...COMPRESS_DEFAULTS, previous: before });
        await untilStored(context, server, await scriptOf(before[0]));
        server.deploy(now, manifest);
        server.requests.length = 0;
        expect(await visit(context, server.origin)).toBe(`${name} with 300`);
        const [warm] = scripts(server.requests);
        const { deltas } = manifest.files.find(({ file }) => file.endsWith('.js'))!;
        const used = deltas.find(({ coding }) => coding === warm!.coding)!;
        expect(warm!.coding).toMatch(/^dc[bz]$/);
        expect(warm!.dictionary).toMatch(/^:.{44}:$/);
        expect(warm!.bytes).toBe(used.bytes);
        expect(warm!.bytes).toBeLessThan(cold[0]!.bytes / 20);
      }
    } finally {
      await context.close();
    }
  });

  it.skipIf(BUN === null)('runs from a delta in brotli too, where the platform writes one', async () => {
    await using server = await serve();
    const [first, second] = [await release('release 1'), await release('release 2')];
    await promisify(execFile)(BUN!, ['--no-install', await buildRunner(), second, first]);
    const context = await browser!.browser.newContext();
    try {
      server.deploy(first, await precompress(first, COMPRESS_DEFAULTS));
      await visit(context, server.origin);
      await untilStored(context, server, await scriptOf(first));
      const manifest = await readManifest(second);
      server.deploy(second, manifest);
      server.requests.length = 0;
      expect(await visit(context, server.origin)).toBe('release 2 with 300');
      const { deltas } = manifest.files.find(({ file }) => file.endsWith('.js'))!;
      expect(deltas.map(({ coding }) => coding)).toEqual(['dcb', 'dcz']);
      expect(deltas[0]!.bytes).toBeLessThan(deltas[1]!.bytes);
      expect(scripts(server.requests)[0]!.coding).toBe('dcb');
    } finally {
      await context.close();
    }
  });

  it('that has something else gets the whole file', async () => {
    await using server = await serve();
    const [first, second, third] = [await release('release 1'), await release('release 2'), await release('release 3')];
    const context = await browser!.browser.newContext();
    try {
      server.deploy(first, await precompress(first, COMPRESS_DEFAULTS));
      await visit(context, server.origin);
      await untilStored(context, server, await scriptOf(first));
      server.deploy(third, await precompress(third, { ...COMPRESS_DEFAULTS, previous: [second] }));
      server.requests.length = 0;
      expect(await visit(context, server.origin)).toBe('release 3 with 300');
      const [request] = scripts(server.requests);
      expect([request!.coding, typeof request!.dictionary]).toEqual(['br', 'string']);
    } finally {
      await context.close();
    }
  });
});
