/** From a request to the file on disk and the headers of the answer, by the manifest alone: for any server. */
import { parseAcceptEncoding } from './accept-encoding.ts';
import type { CompressedFile, PrecompressManifest } from './manifest.ts';

export interface NegotiateOptions {
  /** Default: a year and `immutable` for names with a content hash, `no-cache` for the others. null: no such header. */
  readonly cacheControl?: ((file: CompressedFile) => string | null) | undefined;
}

export type RequestHeaders =
  Readonly<Record<string, string | readonly string[] | undefined>> | { get(name: string): string | null };

export interface Negotiated {
  /** 406: the request takes neither an encoding that is there nor the file as it is. */
  readonly status: 200 | 406;
  /** What to send, POSIX and relative to the folder; null with 406. */
  readonly file: string | null;
  /** `identity`: the file as it is. */
  readonly coding: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Chooses what is sent for a request: of all that it accepts with the greatest weight, the smallest.
 * @param url path of the request, or a whole address; a folder stands for its `index.html`
 * @param headers of the request, by their names in small letters, as Node gives them; or a `Headers`
 * @returns null where the manifest has no such file
 */
export function negotiate(
  manifest: PrecompressManifest,
  url: string,
  headers: RequestHeaders,
  { cacheControl = defaultCacheControl }: NegotiateOptions = {},
): Negotiated | null {
  const record = fileAt(manifest, url);
  if (record === null) return null;
  const accepted = parseAcceptEncoding(headerOf(headers, 'accept-encoding'));
  const dictionary = dictionaryHash(headerOf(headers, 'available-dictionary'));
  const candidates: Candidate[] = [
    { coding: 'identity', file: record.file, bytes: record.bytes },
    ...record.copies,
    ...record.deltas.filter((delta) => delta.dictionary === dictionary),
  ];
  const common = commonHeaders(record);
  let best: Candidate | null = null;
  let weight = 0;
  for (const candidate of candidates) {
    const own = accepted.weightOf(candidate.coding);
    if (own === 0 || own < weight) continue;
    if (best !== null && own === weight && candidate.bytes >= best.bytes) continue;
    best = candidate;
    weight = own;
  }
  if (best === null) return { status: 406, file: null, coding: 'identity', headers: common };
  const caching = cacheControl(record);
  return {
    status: 200,
    file: best.file,
    coding: best.coding,
    headers: {
      ...(record.contentType !== null && { 'content-type': record.contentType }),
      'content-length': String(best.bytes),
      ...(best.coding !== 'identity' && { 'content-encoding': best.coding }),
      ...common,
      // One for each representation: they are other bytes.
      etag: `"${record.sha256.slice(0, 32)}${best.coding === 'identity' ? '' : `-${best.coding}`}"`,
      ...(caching !== null && { 'cache-control': caching }),
      ...(record.useAsDictionary !== null && { 'use-as-dictionary': record.useAsDictionary }),
    },
  };
}

interface Candidate {
  readonly coding: string;
  readonly file: string;
  readonly bytes: number;
}

/** What a cache between must look at, whichever of the answers it holds (RFC 9842, section 6.2). */
function commonHeaders({ copies, deltas }: CompressedFile): Record<string, string> {
  if (deltas.length > 0) return { vary: 'accept-encoding, available-dictionary' };
  return copies.length > 0 ? { vary: 'accept-encoding' } : {};
}

function defaultCacheControl({ immutable }: CompressedFile): string {
  return immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
}

/** A manifest's files by name, and its base as decoded addresses start with it. */
interface Index {
  readonly base: string;
  readonly files: ReadonlyMap<string, CompressedFile>;
}

const indices = new WeakMap<PrecompressManifest, Index>();

function fileAt(manifest: PrecompressManifest, url: string): CompressedFile | null {
  let index = indices.get(manifest);
  if (index === undefined) {
    const files = new Map(manifest.files.map((file) => [file.file, file]));
    index = { base: decodedPath(manifest.base) ?? manifest.base, files };
    indices.set(manifest, index);
  }
  const path = decodedPath(url);
  if (path === null || !path.startsWith(index.base)) return null;
  const file = path.slice(index.base.length);
  return index.files.get(file === '' || file.endsWith('/') ? `${file}index.html` : file) ?? null;
}

function decodedPath(url: string): string | null {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  try {
    return decodeURIComponent(path === '' ? '/' : path);
  } catch {
    return null;
  }
}

/** `:` base 64 of 32 bytes `:`, as hexadecimal digits; null where it is none. */
function dictionaryHash(header: string | undefined): string | null {
  const hash = /^\s*:([A-Za-z0-9+/]{43}=):\s*$/.exec(header ?? '')?.[1];
  return hash === undefined ? null : Buffer.from(hash, 'base64').toString('hex');
}

function headerOf(headers: RequestHeaders, name: string): string | undefined {
  if (isHeaders(headers)) return headers.get(name) ?? undefined;
  const value = headers[name];
  return typeof value === 'string' ? value : value?.join(', ');
}

function isHeaders(headers: RequestHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get' as keyof RequestHeaders] === 'function';
}
