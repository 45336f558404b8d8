import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { hasSharedBrotli } from '../../src/precompress/brotli.ts';
import { decode, encode } from '../../src/precompress/encode.ts';
import { precompress } from '../../src/precompress/precompress.ts';
import { COMPRESS_DEFAULTS, type CompressSettings } from '../../src/precompress/settings.ts';
import { windowSize } from '../../src/precompress/zstd-frame.ts';
import { makeFolder, program, readFolder } from './folders.ts';

const against = (...previous: string[]): CompressSettings => ({ ...COMPRESS_DEFAULTS, previous });
const hashOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const edited = (text: string): string => text.replace('return ', 'return 1 + ');
const HEADERS = { dcb: 'ff444342', dcz: '5e2a4d1820000000' };

describe('a delta against an earlier release', () => {
  it('is small, names its dictionary, and gives the file', async () => {
    const [old, now] = [program(400), edited(program(400))];
    const previous = await makeFolder({ 'assets/main-AAAA2345.js': old });
    const folder = await makeFolder({ 'assets/main-BBBB2345.js': now });
    const { files } = await precompress(folder, against(previous));
    const { deltas, copies } = files[0]!;
    expect(deltas.map(({ coding }) => coding)).toEqual(hasSharedBrotli() ? ['dcb', 'dcz'] : ['dcz']);
    for (const { file, coding, bytes, sha256, dictionary } of deltas) {
      expect(dictionary).toBe(hashOf(old));
      expect(file).toBe(`assets/main-BBBB2345.js.${dictionary.slice(0, 16)}.${coding}`);
      const encoded = await readFile(path.join(folder, file));
      expect([bytes, sha256]).toEqual([encoded.length, hashOf(encoded)]);
      expect(encoded.toString('hex').startsWith(HEADERS[coding] + dictionary)).toBe(true);
      const decoded = await decode(encoded, coding, now.length, Buffer.from(old));
      expect(Buffer.from(decoded).toString()).toBe(now);
      expect(bytes).toBeLessThan(copies[0]!.bytes / 20);
    }
  });

  it('is there for each release, once for each content, and goes with its release', async () => {
    const [first, second, third] = [program(300), edited(program(300)), edited(edited(program(300)))];
    const r1 = await makeFolder({ 'main-AAAA2345.js': first });
    const r2 = await makeFolder({ 'main-BBBB2345.js': second });
    const again = await makeFolder({ 'main-BBBB2345.js': second });
    const same = await makeFolder({ 'main-CCCC2345.js': third });
    const folder = await makeFolder({ 'main-CCCC2345.js': third });
    const dictionariesIn = async (...previous: string[]): Promise<string[]> => {
      const { files } = await precompress(folder, against(...previous));
      return files[0]!.deltas.filter(({ coding }) => coding === 'dcz').map(({ dictionary }) => dictionary);
    };
    expect(await dictionariesIn(r2, again, r1, same)).toEqual([hashOf(first), hashOf(second)].sort());
    expect(await dictionariesIn(r2)).toEqual([hashOf(second)]);
    const left = [...(await readFolder(folder)).keys()].filter((name) => name.endsWith('.dcz'));
    expect(left).toEqual([`main-CCCC2345.js.${hashOf(second).slice(0, 16)}.dcz`]);
  });

  it('is made against what a browser would offer: the longest pattern, and of one pattern the largest file', async () => {
    const texts = { entry: program(200, 1), page: program(150, 2), large: program(120, 3), small: program(60, 4) };
    const previous = await makeFolder({
      'assets/index-AAAA2345.js': texts.entry,
      'assets/index-page-AAAA2345.js': texts.page,
      'assets/chunk-AAAA2345.js': texts.large,
      'assets/chunk-AAAA2346.js': texts.small,
      'plain.js': texts.small,
    });
    const folder = await makeFolder({
      'assets/index-BBBB2345.js': edited(texts.entry),
      'assets/index-page-BBBB2345.js': edited(texts.page),
      'assets/chunk-BBBB2345.js': edited(texts.large),
      'plain.js': edited(texts.small),
    });
    const { files } = await precompress(folder, against(previous));
    const made = files.map(({ file, deltas }) => [file, deltas.at(-1)?.dictionary]);
    expect(Object.fromEntries(made)).toEqual({
      'assets/chunk-BBBB2345.js': hashOf(texts.large),
      'assets/index-BBBB2345.js': hashOf(texts.entry),
      'assets/index-page-BBBB2345.js': hashOf(texts.page),
      'plain.js': hashOf(texts.small),
    });
    const earlier = await precompress(previous, COMPRESS_DEFAULTS);
    expect(earlier.files.map(({ useAsDictionary }) => useAsDictionary)).toEqual([
      'match="/assets/chunk-*.js", type=raw',
      null,
      'match="/assets/index-*.js", type=raw',
      'match="/assets/index-page-*.js", type=raw',
      'match="/plain.js", type=raw',
    ]);
  });

  it('is not kept where it saves nothing over the copy for everybody', async () => {
    const previous = await makeFolder({ 'main-AAAA2345.js': program(300, 1) });
    const folder = await makeFolder({ 'main-BBBB2345.js': 'p{color:red}'.repeat(500) });
    const { files } = await precompress(folder, against(previous));
    expect(files[0]!.deltas).toEqual([]);
  });

  it('shows that a name is not for its bytes alone', async () => {
    const now = await makeFolder({ 'main-AAAA2345.js': program(60), 'lib-AAAA2345.js': program(70) });
    const before = await makeFolder({ 'main-AAAA2345.js': program(61), 'lib-AAAA2345.js': program(70) });
    const { files } = await precompress(now, against(before));
    expect(files.map(({ file, immutable }) => [file, immutable])).toEqual([
      ['lib-AAAA2345.js', true],
      ['main-AAAA2345.js', false],
    ]);
  });

  it('has a pattern with signs of its own escaped, below the base that was asked for', async () => {
    const folder = await makeFolder({ 'a b/[id](x)+y"-AAAA2345.js': program(60) });
    const { files, base } = await precompress(folder, COMPRESS_DEFAULTS, { base: 'shop/v1' });
    expect(base).toBe('/shop/v1/');
    const header = files[0]!.useAsDictionary!;
    expect(header).toBe(String.raw`match="/shop/v1/a%20b/[id]\\(x\\)\\+y%22-*.js", type=raw`);
    const pattern = JSON.parse(/match=("(?:[^"\\]|\\.)*")/.exec(header)![1]!) as string;
    expect(pattern).toBe(String.raw`/shop/v1/a%20b/[id]\(x\)\+y%22-*.js`);
  });

  it.each([
    ['', '/'],
    ['./', '/'],
    ['/shop', '/shop/'],
    ['https://cdn.test/shop/', '/shop/'],
    ['//cdn.test', '/'],
  ])('takes the base %j, as bundlers are told it, for %j', async (given, wanted) => {
    const folder = await makeFolder({ 'a.js': program(30) });
    const { base, files } = await precompress(folder, COMPRESS_DEFAULTS, { base: given, dryRun: true });
    expect([base, files[0]!.useAsDictionary]).toEqual([wanted, `match="${wanted}a.js", type=raw`]);
  });

  it('needs folders that are there, and other ones', async () => {
    const folder = await makeFolder({ 'main.js': program(60) });
    await expect(precompress(folder, against(folder))).rejects.toMatchObject({ code: 'usage' });
    await expect(precompress(folder, against(path.join(folder, 'no')))).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('the window of zstd', () => {
  it('is within what every browser decodes, however large the file', async () => {
    const small = Buffer.from(program(500));
    const large = Buffer.alloc(9 * 1024 * 1024, small);
    for (const contents of [small, large]) {
      const plain = await encode({ contents, format: 'zst', dictionary: null });
      expect(windowSize(plain)).toBeLessThanOrEqual(8 * 1024 * 1024);
      const delta = await encode({ contents, format: 'dcz', dictionary: small });
      expect(windowSize(delta.subarray(40))).toBeLessThanOrEqual(8 * 1024 * 1024);
    }
    expect(windowSize(Buffer.from('no frame at all'))).toBeNull();
  }, 60_000);
});

describe('a delta that is damaged', () => {
  it('or of another dictionary, is refused', async () => {
    const dictionary = Buffer.from(program(100));
    const contents = Buffer.from(edited(program(100)));
    const delta = await encode({ contents, format: 'dcz', dictionary });
    await expect(decode(delta, 'dcz', contents.length, Buffer.from(program(100, 2)))).rejects.toThrow('dictionary');
    await expect(decode(delta.subarray(0, -4), 'dcz', contents.length, dictionary)).rejects.toThrow();
    await expect(decode(delta, 'dcz', contents.length - 1, dictionary)).rejects.toThrow();
  });
});
