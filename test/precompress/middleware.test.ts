import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { MANIFEST_FILE } from '../../src/precompress/manifest.ts';
import { serveCompressed } from '../../src/precompress/middleware.ts';
import { precompress } from '../../src/precompress/precompress.ts';
import { COMPRESS_DEFAULTS } from '../../src/precompress/settings.ts';
import { makeFolder, program, writeFiles } from './folders.ts';

const script = program(100);
let server: ReturnType<typeof createServer>;
let folder: string;

beforeAll(async () => {
  folder = await makeFolder({
    'index.html': '<!doctype html><title>Shop</title>',
    'main-DTS0ONO5.js': script,
    'gone.js': script,
    'private.txt': 'only for me',
  });
  const manifest = await precompress(folder, COMPRESS_DEFAULTS);
  await rm(path.join(folder, 'gone.js.br'));
  const serve = await serveCompressed(folder);
  const without = await serveCompressed(folder, { manifest: { ...manifest, files: [] } });
  server = createServer((incoming, outgoing) =>
    (incoming.headers['x-empty'] === undefined ? serve : without)(incoming, outgoing, (error) =>
      outgoing.writeHead(error === undefined ? 404 : 500).end('next'),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void server.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: url, headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('a server of a compressed folder', () => {
  it('sends the smallest thing that is taken', async () => {
    const { status, headers, body } = await get('/main-DTS0ONO5.js?v=1', { 'accept-encoding': 'gzip, br' });
    expect([status, headers['content-encoding'], headers['content-length']]).toEqual([200, 'br', String(body.length)]);
    expect(zlib.brotliDecompressSync(body).toString()).toBe(script);
    expect((await get('/main-DTS0ONO5.js')).body.toString()).toBe(script);
    expect((await get('/')).headers['content-type']).toBe('text/html; charset=utf-8');
  });

  it('sends nothing to who has it, asks for its head, or takes nothing', async () => {
    const { headers } = await get('/main-DTS0ONO5.js', { 'accept-encoding': 'br' });
    const again = await get('/main-DTS0ONO5.js', {
      'accept-encoding': 'br',
      'if-none-match': `"x", W/${headers.etag}`,
    });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, headers.etag]);
    const other = await get('/main-DTS0ONO5.js', { 'accept-encoding': 'gzip', 'if-none-match': headers.etag! });
    expect(other.status).toBe(200);
    const head = await get('/main-DTS0ONO5.js', { 'accept-encoding': 'br' }, 'HEAD');
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([
      200,
      0,
      headers['content-length'],
    ]);
    expect((await get('/', { 'accept-encoding': 'identity;q=0' })).status).toBe(406);
  });

  it('leaves the rest to who comes after', async () => {
    expect((await get('/nothing')).status).toBe(404);
    expect((await get('/pare-compress.json')).status).toBe(404);
    expect((await get('/../../etc/passwd')).status).toBe(404);
    expect((await get('/', {}, 'POST')).status).toBe(404);
    expect((await get('/', { 'x-empty': '1' })).status).toBe(404);
    expect((await get('/gone.js', { 'accept-encoding': 'br' })).status).toBe(404);
  });

  it('follows what is built again in the same place', async () => {
    const longer = program(150, 2);
    const shorter = program(50, 3);
    const fresh = { 'grown.js': longer, 'shrunk.js': shorter, 'new.js': script, 'same.txt': 'b'.repeat(2000) };
    await writeFiles(folder, {
      'grown.js': script,
      'shrunk.js': script,
      'same.txt': 'a'.repeat(2000),
      'dead.js': script,
    });
    await precompress(folder, COMPRESS_DEFAULTS);
    const { headers } = await get('/same.txt');
    expect((await get('/grown.js')).body.toString()).toBe(script);

    await writeFiles(folder, fresh);
    await rm(path.join(folder, 'dead.js'));
    // Not compressed again yet: what differs from the manifest is left to who comes after.
    const between = await Promise.all(['/grown.js', '/shrunk.js', '/dead.js'].map((url) => get(url)));
    expect(between.map(({ status }) => status)).toEqual([404, 404, 404]);

    await precompress(folder, COMPRESS_DEFAULTS);
    for (const [name, text] of Object.entries(fresh)) {
      expect((await get(`/${name}`)).body.toString()).toBe(text);
      const { body } = await get(`/${name}`, { 'accept-encoding': 'br' });
      expect(zlib.brotliDecompressSync(body).toString()).toBe(text);
    }
    expect((await get('/dead.js', { 'accept-encoding': 'br' })).status).toBe(404);
    expect((await get('/same.txt', { 'if-none-match': headers.etag! })).status).toBe(200);
  });

  it('keeps to the last manifest while there is no good one', async () => {
    const manifest = path.join(folder, MANIFEST_FILE);
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.slice(0, -20));
    expect((await get('/main-DTS0ONO5.js')).body.toString()).toBe(script);
    await rm(manifest);
    expect((await get('/main-DTS0ONO5.js')).body.toString()).toBe(script);
    await writeFile(manifest, text);
  });

  it('sends an empty file', async () => {
    await writeFiles(folder, { 'empty.txt': '' });
    await precompress(folder, COMPRESS_DEFAULTS);
    const { status, headers, body } = await get('/empty.txt');
    expect([status, headers['content-length'], body.length]).toEqual([200, '0', 0]);
  });
});
