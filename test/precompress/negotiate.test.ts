import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { CompressedFile, PrecompressManifest } from '../../src/precompress/manifest.ts';
import { negotiate } from '../../src/precompress/negotiate.ts';

const SHA = 'a'.repeat(64);
const OLD = 'b'.repeat(64);
const OLDER = 'c'.repeat(64);
const available = (hex: string): string => `:${Buffer.from(hex, 'hex').toString('base64')}:`;

const file = (changes: Partial<CompressedFile> = {}): CompressedFile => ({
  file: 'assets/main-DTS0ONO5.js',
  bytes: 1000,
  sha256: SHA,
  integrity: 'sha256-',
  contentType: 'text/javascript; charset=utf-8',
  immutable: true,
  useAsDictionary: 'match="/assets/main-*.js", type=raw',
  copies: [
    { coding: 'br', file: 'm.br', bytes: 300, sha256: SHA },
    { coding: 'gzip', file: 'm.gz', bytes: 350, sha256: SHA },
    { coding: 'zstd', file: 'm.zst', bytes: 320, sha256: SHA },
  ],
  deltas: [
    { coding: 'dcb', file: 'm.old.dcb', bytes: 90, sha256: SHA, dictionary: OLD },
    { coding: 'dcz', file: 'm.old.dcz', bytes: 95, sha256: SHA, dictionary: OLD },
    { coding: 'dcz', file: 'm.older.dcz', bytes: 120, sha256: SHA, dictionary: OLDER },
  ],
  ...changes,
});
const manifest = (...files: CompressedFile[]): PrecompressManifest => ({ schema: 'pare/compress@1', base: '/', files });
const shop = manifest(
  file(),
  file({ file: 'index.html', immutable: false, copies: [], deltas: [], useAsDictionary: null }),
);
const coding = (accept: string | undefined, dictionary?: string): string | undefined =>
  negotiate(shop, '/assets/main-DTS0ONO5.js', {
    'accept-encoding': accept,
    'available-dictionary': dictionary,
  })?.coding;

describe('negotiation', () => {
  it.each([
    ['gzip, deflate, br, zstd', undefined, 'br'],
    ['gzip, deflate, br, zstd, dcb, dcz', available(OLD), 'dcb'],
    ['gzip, br, zstd, dcz', available(OLD), 'dcz'],
    ['gzip, br, zstd, dcb, dcz', available(OLDER), 'dcz'],
    ['gzip, br, zstd, dcb, dcz', available(SHA), 'br'],
    ['gzip, br, zstd, dcb, dcz', undefined, 'br'],
    ['gzip, br', available(OLD), 'br'],
    ['*', available(OLD), 'br'],
    ['gzip;q=1, br;q=0.5', undefined, 'gzip'],
    ['br;q=0, *', undefined, 'zstd'],
    ['identity', undefined, 'identity'],
    ['identity;q=1, br;q=0.9', undefined, 'identity'],
    ['', undefined, 'identity'],
    [undefined, undefined, 'identity'],
    ['X-GZIP', undefined, 'gzip'],
    ['gzip;q=nonsense', undefined, 'identity'],
    ['br, br;q=0', undefined, 'identity'],
    ['deflate', undefined, 'identity'],
  ])('of %j with the dictionary %j gives %s', (accept, dictionary, wanted) => {
    expect(coding(accept, dictionary)).toBe(wanted);
  });

  it('says that it has nothing for who takes nothing', () => {
    expect(negotiate(shop, '/', { 'accept-encoding': 'identity;q=0' })).toMatchObject({ status: 406, file: null });
    expect(negotiate(shop, '/index.html', { 'accept-encoding': '*;q=0' })).toMatchObject({ status: 406, file: null });
  });

  it('gives the headers that browsers and caches need', () => {
    const headers = new Headers({ 'accept-encoding': 'br, dcz', 'available-dictionary': available(OLD) });
    expect(negotiate(shop, 'https://shop.test/assets/main-DTS0ONO5.js?v=1#top', headers)).toEqual({
      status: 200,
      file: 'm.old.dcz',
      coding: 'dcz',
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        'content-length': '95',
        'content-encoding': 'dcz',
        vary: 'accept-encoding, available-dictionary',
        etag: `"${SHA.slice(0, 32)}-dcz"`,
        'cache-control': 'public, max-age=31536000, immutable',
        'use-as-dictionary': 'match="/assets/main-*.js", type=raw',
      },
    });
    expect(negotiate(shop, '/', {})).toEqual({
      status: 200,
      file: 'index.html',
      coding: 'identity',
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        'content-length': '1000',
        etag: `"${SHA.slice(0, 32)}"`,
        'cache-control': 'no-cache',
      },
    });
    const own = negotiate(shop, '/index.html', {}, { cacheControl: () => null });
    expect(own!.headers).not.toHaveProperty('cache-control');
  });

  it('knows the files of the manifest and no others', () => {
    const sub = { ...manifest(file({ file: 'a b/ü.js' }), file({ file: 'docs/index.html' })), base: '/shop%20x/' };
    expect(negotiate(sub, '/shop%20x/a%20b/%C3%BC.js', {})?.file).toBe('a b/ü.js');
    expect(negotiate(sub, '/shop%20x/docs/', {})?.file).toBe('docs/index.html');
    for (const url of ['/a%20b/%C3%BC.js', '/shop%20x/docs', '/shop%20x/../etc/passwd', '/%', '/m.br', '//m.gz'])
      expect(negotiate(sub, url, {})).toBeNull();
  });

  it('never sends what was not asked for, and of what was the smallest that is wanted most', () => {
    const name = fc.constantFrom('br', 'gzip', 'zstd', 'dcb', 'dcz', 'identity', '*', 'deflate', 'GZIP');
    const weight = fc.option(fc.constantFrom(0, 0.001, 0.5, 1), { nil: undefined });
    const offers = fc.array(fc.record({ name, weight }), { maxLength: 6 });
    const dictionaries = fc.option(fc.constantFrom(OLD, OLDER, SHA), { nil: undefined });
    fc.assert(
      fc.property(offers, dictionaries, (list, dictionary) => {
        const accept = list.map(({ name: each, weight: q }) => (q === undefined ? each : `${each};q=${q}`)).join(', ');
        const result = negotiate(shop, '/assets/main-DTS0ONO5.js', {
          'accept-encoding': accept,
          ...(dictionary !== undefined && { 'available-dictionary': available(dictionary) }),
        })!;
        // Told apart from the implementation: the least weight of any item that names it, else that of the star.
        const said = (wanted: string): number | undefined => {
          const own = list.filter((each) => each.name.toLowerCase() === wanted).map((each) => each.weight ?? 1);
          return own.length > 0 ? Math.min(...own) : undefined;
        };
        const isDelta = (each: string): boolean => each === 'dcb' || each === 'dcz';
        const takes = (each: string): boolean => {
          const star = isDelta(each) ? undefined : said('*');
          return (said(each) ?? star ?? (each === 'identity' ? 1 : 0)) > 0;
        };
        if (result.status === 406) {
          for (const each of ['identity', 'br', 'gzip', 'zstd']) expect(takes(each)).toBe(false);
          return;
        }
        expect(takes(result.coding)).toBe(true);
        const { copies, deltas, bytes } = file();
        if (isDelta(result.coding))
          expect(deltas.find((each) => each.file === result.file)!.dictionary).toBe(dictionary);
        // A star asks for encodings; the file as it is comes after them.
        const rank = (each: string): number =>
          said(each) ?? (isDelta(each) || each === 'identity' ? 0 : (said('*') ?? 0));
        const better = [{ coding: 'identity', bytes }, ...copies, ...deltas.filter((d) => d.dictionary === dictionary)]
          .filter((each) => takes(each.coding) && rank(each.coding) >= rank(result.coding))
          .filter(
            (each) => rank(each.coding) > rank(result.coding) || each.bytes < Number(result.headers['content-length']),
          );
        expect(better).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});
