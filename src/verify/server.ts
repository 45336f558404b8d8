import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join, sep } from 'node:path';
import type { BrowserScenario } from './scenario.ts';

/**
 * The origin that a program sees in every run. It is a secure context, and it never leaves the machine: the browser reaches the
 * server as its proxy, so that the port is in no address and every request to anywhere else arrives here too, and is refused.
 */
export const appOrigin = 'http://app.localhost';

const types: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.cjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.glb': 'model/gltf-binary',
  '.gltf': 'model/gltf+json',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.otf': 'font/otf',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webm': 'video/webm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml; charset=utf-8',
};

export interface AppServer extends AsyncDisposable {
  /** Where it listens, `http://127.0.0.1:PORT`: the proxy of the browser. */
  readonly address: string;
  close(): Promise<void>;
}

type Responses = NonNullable<BrowserScenario['responses']>;

/**
 * Serves a build on a free port of 127.0.0.1: files with their type, `index.html` for an unknown path without an extension, 404
 * for a missing file, and the scenario's own responses before all. Nothing outside `outdir` is served, links included.
 */
export async function serveApp(outdir: string, responses: Responses = {}): Promise<AppServer> {
  const root = await realpath(outdir);
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    answer(root, responses, request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  // A tunnel is asked for by https and by web sockets: both lead elsewhere.
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
  });
  server.on('upgrade', (_request, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { address: `http://127.0.0.1:${port}`, close, [Symbol.asyncDispose]: close };
}

async function answer(
  root: string,
  responses: Responses,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const address = request.url ?? '/';
  const absolute = /^[a-z]+:\/\//i.test(address);
  if (absolute && !address.startsWith(`${appOrigin}/`)) {
    request.socket.destroy();
    return;
  }
  const pathAndQuery = absolute ? address.slice(appOrigin.length) : address;
  const set = responses[pathAndQuery];
  if (set !== undefined) {
    const json = set.text === undefined;
    request.resume();
    send(
      response,
      set.status ?? 200,
      json ? types['.json']! : types['.txt']!,
      set.text ?? JSON.stringify(set.json ?? null),
    );
    return;
  }
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, types['.txt']!, 'Method not allowed\n');
    return;
  }
  const pathname = pathAndQuery.replace(/[?#].*$/s, '');
  const file =
    (await fileFor(root, pathname)) ?? (extname(pathname) === '' ? await fileFor(root, '/index.html') : null);
  if (file === null) {
    send(response, 404, types['.txt']!, 'Not found\n');
    return;
  }
  // `no-cache` lets the page use what it prefetched, as a real server would, and asks again on the next visit.
  response.writeHead(200, {
    'content-type': types[extname(file.path).toLowerCase()] ?? 'application/octet-stream',
    'content-length': file.bytes,
    'cache-control': 'no-cache',
  });
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(file.path)
      .on('error', () => response.destroy())
      .pipe(response);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-cache',
  });
  response.end(body);
}

/** The file that a path names, or null when there is none or it lies outside the root. */
async function fileFor(root: string, pathname: string): Promise<{ path: string; bytes: number } | null> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (decoded.includes('\0') || decoded.split(/[/\\]/).includes('..')) return null;
  try {
    const path = await realpath(join(root, decoded.endsWith('/') ? `${decoded}index.html` : decoded));
    if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep)) return null;
    const info = await stat(path);
    if (info.isDirectory()) return decoded.endsWith('/') ? null : await fileFor(root, `${pathname}/`);
    return info.isFile() ? { path, bytes: info.size } : null;
  } catch {
    return null;
  }
}
