import { symlink } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveApp } from '../../src/verify/server.ts';
import { makeSite } from './site.ts';

/** Asks for a path as it is written: `fetch` would take the dots out. */
function get(address: string, path: string): Promise<{ status: number; type: string; body: string }> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }),
      );
    });
    asked.on('error', reject).end();
  });
}

describe('serveApp', () => {
  it('serves files with their type, the page for unknown paths, and 404 for missing files', async () => {
    const site = await makeSite({ 'index.html': 'page', 'a/b.js': 'script', 'c d.wasm': 'x' });
    const server = await serveApp(site.dir, { '/api?x=1': { status: 201, text: 'made' } });
    expect(await get(server.address, '/a/b.js?v=1')).toEqual({
      status: 200,
      type: 'text/javascript; charset=utf-8',
      body: 'script',
    });
    expect(await get(server.address, '/c%20d.wasm')).toMatchObject({ status: 200, type: 'application/wasm' });
    expect(await get(server.address, '/cart/3')).toMatchObject({ status: 200, body: 'page' });
    expect(await get(server.address, '/a/c.js')).toMatchObject({ status: 404 });
    expect(await get(server.address, '/api?x=1')).toMatchObject({ status: 201, body: 'made' });
    await server.close();
    await expect(get(server.address, '/')).rejects.toThrow();
    await site[Symbol.asyncDispose]();
  });

  it('serves nothing from outside its directory', async () => {
    const site = await makeSite({ 'app/index.html': 'page', 'secret.txt': 'secret' });
    await symlink(join(site.dir, 'secret.txt'), join(site.dir, 'app', 'link.txt'));
    const server = await serveApp(join(site.dir, 'app'));
    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/a/..%5c..%5csecret.txt',
      '/link.txt',
      '/%00.txt',
    ]) {
      expect(await get(server.address, path)).toMatchObject({ status: 404 });
    }
    await expect(get(server.address, 'http://example.com/')).rejects.toThrow();
    await server.close();
    await site[Symbol.asyncDispose]();
  });
});
