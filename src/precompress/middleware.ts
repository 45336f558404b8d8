/** Serves a compressed folder from any Node server: plain `node:http`, Connect, Express, Vite's preview. */
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream';

import { MANIFEST_FILE, type PrecompressManifest } from './manifest.ts';
import { negotiate, type Negotiated, type NegotiateOptions } from './negotiate.ts';
import { readManifest } from './read-manifest.ts';

export interface ServeOptions extends NegotiateOptions {
  /** Default: `pare-compress.json` of the folder, which is read again when it has changed. */
  readonly manifest?: PrecompressManifest | undefined;
}

/**
 * `next` is called for what the manifest doesn't have and for files that are gone or aren't what it says, and with an error
 * where a file can't be read.
 */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/**
 * Answers GET and HEAD for the files of the manifest, each time with the smallest thing that the browser takes.
 * @param folder absolute path
 * @throws PareError `not-found`, `bad-manifest`
 */
export async function serveCompressed(folder: string, options: ServeOptions = {}): Promise<Middleware> {
  const { manifest: given } = options;
  const current = given === undefined ? await followManifest(folder) : () => Promise.resolve(given);
  return (request, response, next) => {
    const { method = 'GET' } = request;
    if (method !== 'GET' && method !== 'HEAD') next();
    else void respond(() => findAnswer(folder, current, request, options), request, response, next);
  };
}

async function respond(
  find: () => Promise<Found | null>,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): Promise<void> {
  let found: Found | null;
  try {
    found = await find();
  } catch (error) {
    next(error);
    return;
  }
  if (found === null) next();
  else send(found, request, response);
}

interface Found {
  readonly answer: Negotiated;
  /** Of the file that is sent, open; null with 406. */
  readonly handle: FileHandle | null;
}

/** null where there is nothing that is as the manifest says. */
async function findAnswer(
  folder: string,
  current: () => Promise<PrecompressManifest>,
  { url = '/', headers }: IncomingMessage,
  options: NegotiateOptions,
): Promise<Found | null> {
  // Between the reading of the manifest and of the file there may have been a new build: then it is right the second time.
  for (let tries = 0; tries < 2; tries++) {
    const answer = negotiate(await current(), url, headers, options);
    if (answer === null) return null;
    if (answer.file === null) return { answer, handle: null };
    const handle = await openWhole(path.join(folder, answer.file), lengthOf(answer));
    if (handle !== null) return { answer, handle };
  }
  return null;
}

function send({ answer, handle }: Found, { method, headers }: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': _, ...validators } = answer.headers;
  const isHead = handle === null || method === 'HEAD';
  const bytes = lengthOf(answer);
  if (response.headersSent) {
    // A time limit of the server's, for one, may have answered meanwhile.
  } else if (answer.status === 200 && isKnown(headers['if-none-match'], answer.headers['etag'])) {
    response.writeHead(304, validators).end();
  } else {
    response.writeHead(answer.status, answer.headers);
    if (!isHead && bytes > 0) {
      // No more than was promised, should the file grow meanwhile; the stream closes the handle.
      pipeline(handle.createReadStream({ end: bytes - 1 }), response, () => undefined);
      return;
    }
    response.end();
  }
  handle?.close().catch(() => undefined);
}

/** null where the file is gone or has another size. What is opened stays the same file, even if its name is given to another. */
async function openWhole(file: string, bytes: number): Promise<FileHandle | null> {
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  const found = await handle.stat().catch(() => null);
  if (found?.isFile() === true && found.size === bytes) return handle;
  await handle.close();
  return null;
}

/** The manifest as it is now: it is read again only when its file is another one. What can't be read changes nothing. */
async function followManifest(folder: string): Promise<() => Promise<PrecompressManifest>> {
  const stampOf = async (): Promise<string> => {
    const found = await stat(path.join(folder, MANIFEST_FILE)).catch(() => null);
    return found === null ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`;
  };
  // Taken before the file is read: what is written in between is seen the next time.
  let stamp = await stampOf();
  let manifest = Promise.resolve(await readManifest(folder));
  return async () => {
    const now = await stampOf();
    if (now !== stamp && now !== '') {
      stamp = now;
      const before = manifest;
      manifest = readManifest(folder).catch(() => before);
    }
    return manifest;
  };
}

function lengthOf({ headers }: Negotiated): number {
  return Number(headers['content-length'] ?? 0);
}

/** RFC 9110, section 13.1.2: compared weakly. */
function isKnown(asked: string | undefined, etag: string | undefined): boolean {
  if (asked === undefined || etag === undefined) return false;
  return asked.split(',').some((each) => [etag, '*'].includes(each.trim().replace(/^W\//, '')));
}
