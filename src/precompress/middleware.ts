/** Serves a compressed folder from any Node server: plain `node:http`, Connect, Express, Vite's preview. */
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream';

import type { PrecompressManifest } from './manifest.ts';
import { negotiate, type NegotiateOptions } from './negotiate.ts';
import { readManifest } from './read-manifest.ts';

export interface ServeOptions extends NegotiateOptions {
  /** Default: `pare-compress.json` of the folder, read once. */
  readonly manifest?: PrecompressManifest | undefined;
}

/** `next` is called for what the manifest doesn't have, and with an error where a file can't be read. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/**
 * Answers GET and HEAD for the files of the manifest, each time with the smallest thing that the browser takes.
 * @param folder absolute path
 * @throws PareError `not-found`, `bad-manifest`
 */
export async function serveCompressed(folder: string, options: ServeOptions = {}): Promise<Middleware> {
  const manifest = options.manifest ?? (await readManifest(folder));
  return (request, response, next) => {
    const { method = 'GET', url = '/', headers } = request;
    const answer = method === 'GET' || method === 'HEAD' ? negotiate(manifest, url, headers, options) : null;
    if (answer === null) {
      next();
      return;
    }
    const { 'content-length': length, ...validators } = answer.headers;
    if (answer.status === 200 && isKnown(headers['if-none-match'], answer.headers['etag'])) {
      response.writeHead(304, validators).end();
    } else if (answer.file === null || method === 'HEAD') {
      response.writeHead(answer.status, answer.headers).end();
    } else {
      const stream = createReadStream(path.join(folder, answer.file));
      stream.once('open', () => {
        response.writeHead(answer.status, { ...validators, 'content-length': length });
        pipeline(stream, response, () => undefined);
      });
      stream.once('error', (error) => {
        if (!response.headersSent) next(error);
      });
    }
  };
}

/** RFC 9110, section 13.1.2: compared weakly. */
function isKnown(asked: string | undefined, etag: string | undefined): boolean {
  if (asked === undefined || etag === undefined) return false;
  return asked.split(',').some((each) => [etag, '*'].includes(each.trim().replace(/^W\//, '')));
}
