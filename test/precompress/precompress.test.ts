import { createHash } from 'node:crypto';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { analyze } from '../../src/collect/analyze.ts';
import type { Diagnostic } from '../../src/model/build.ts';
import type { ByteCache, CacheEntry } from '../../src/model/byte-cache.ts';
import { checkPrecompressed } from '../../src/precompress/check.ts';
import { decode } from '../../src/precompress/encode.ts';
import { MANIFEST_FILE, parseManifest, writeManifest } from '../../src/precompress/manifest.ts';
import { precompress } from '../../src/precompress/precompress.ts';
import { COMPRESS_DEFAULTS, type CompressSettings } from '../../src/precompress/settings.ts';
import { makeFolder, program, readFolder, writeFiles } from './folders.ts';

const settings = (changes: Partial<CompressSettings> = {}): CompressSettings => ({ ...COMPRESS_DEFAULTS, ...changes });
const ALL = ['br', 'gz', 'zst'] as const;
const noise = (bytes: number): Uint8Array => {
  const chunks: Buffer[] = [];
  for (let at = 0; at * 32 < bytes; at++) chunks.push(createHash('sha256').update(String(at)).digest());
  return Buffer.concat(chunks).subarray(0, bytes);
};
const names = async (folder: string): Promise<string[]> => [...(await readFolder(folder)).keys()];

describe('copies of a folder', () => {
  it('are each the file again, and the manifest says what they are', async () => {
    const script = program(200);
    const folder = await makeFolder({
      'index.html': `<!doctype html><title>Shop</title>${'<p>Tents and boots.</p>'.repeat(80)}`,
      'assets/main-DTS0ONO5.js': script,
      'assets/logo.png': noise(4000),
      'assets/noise.bin': noise(4000),
      'assets/tiny.css': 'a{}',
      'assets/main-DTS0ONO5.js.map': '{"version":3}'.repeat(300),
    });
    const manifest = await precompress(folder, settings({ formats: ALL }));
    expect(manifest.files.map(({ file, copies }) => [file, copies.map(({ coding }) => coding)])).toEqual([
      ['assets/logo.png', []],
      ['assets/main-DTS0ONO5.js', ['br', 'gzip', 'zstd']],
      ['assets/noise.bin', []],
      ['assets/tiny.css', []],
      ['index.html', ['br', 'gzip', 'zstd']],
    ]);
    const files = await readFolder(folder);
    expect(files.get(MANIFEST_FILE)!.toString()).toBe(writeManifest(manifest));
    const main = manifest.files.find(({ file }) => file.endsWith('.js'))!;
    expect(zlib.brotliDecompressSync(files.get(`${main.file}.br`)!).toString()).toBe(script);
    expect(zlib.gunzipSync(files.get(`${main.file}.gz`)!).toString()).toBe(script);
    expect(Buffer.from(await decode(files.get(`${main.file}.zst`)!, 'zst', main.bytes, null)).toString()).toBe(script);
    expect(main.immutable).toBe(true);
    expect(main.contentType).toBe('text/javascript; charset=utf-8');
    expect(main.integrity).toBe(`sha256-${createHash('sha256').update(script).digest('base64')}`);
    expect(main.useAsDictionary).toBe('match="/assets/main-*.js", type=raw');
    for (const copy of main.copies) {
      expect(copy.bytes).toBe(files.get(copy.file)!.length);
      expect(copy.sha256).toBe(createHash('sha256').update(files.get(copy.file)!).digest('hex'));
    }
    expect((await checkPrecompressed(folder)).problems).toEqual([]);
  });

  it('are the same bytes however often they are made, and wherever', async () => {
    const files = { 'a.js': program(100), 'b/c.css': 'p{color:red}'.repeat(200), 'd.html': 'hello '.repeat(500) };
    const first = await makeFolder(files);
    const second = await makeFolder(files);
    await precompress(first, settings({ formats: ALL }));
    await precompress(second, settings({ formats: ALL }));
    const once = await readFolder(first);
    expect(await readFolder(second)).toEqual(once);
    await precompress(first, settings({ formats: ALL }));
    expect(await readFolder(first)).toEqual(once);
    const header = once.get('a.js.gz')!.subarray(0, 10);
    // Deflate, no flags (so no name), no time, best compression, no operating system.
    expect([...header]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
  });

  it('go when their file is gone, has changed, or no longer pays; whatever else lies there stays', async () => {
    const folder = await makeFolder({ 'a.js': program(80), 'b.js': program(80, 2), 'c.js': program(80, 3) });
    await precompress(folder, settings());
    await writeFiles(folder, { 'b.js': noise(3000), 'c.js': program(90, 4), 'own.js.br': 'mine', 'notes.txt': 'x' });
    await rm(path.join(folder, 'a.js'));
    await precompress(folder, settings());
    expect(await names(folder)).toEqual(
      ['b.js', 'c.js', 'c.js.br', 'c.js.gz', 'notes.txt', 'own.js.br', MANIFEST_FILE].sort(),
    );
    expect(zlib.brotliDecompressSync(await readFile(path.join(folder, 'c.js.br'))).toString()).toBe(program(90, 4));
    await precompress(folder, settings({ formats: ['gz'] }));
    expect(await names(folder)).not.toContain('c.js.br');
    expect((await checkPrecompressed(folder)).problems).toEqual([]);
  });

  it('of somebody else are kept, unless they are of the very same file', async () => {
    const script = program(80);
    const folder = await makeFolder({
      'a.js': script,
      'a.js.br': zlib.brotliCompressSync(script, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
      'a.js.gz': 'an asset with an unlucky name',
      'b.js': script,
      'b.js.br': zlib.brotliCompressSync('what b.js was before'),
    });
    const diagnostics: Diagnostic[] = [];
    const manifest = await precompress(folder, settings(), { onDiagnostic: (each) => diagnostics.push(each) });
    const files = await readFolder(folder);
    expect(files.get('a.js.gz')!.toString()).toBe('an asset with an unlucky name');
    expect(files.get('a.js.br')!.length).toBe(manifest.files[0]!.copies[0]!.bytes);
    expect(manifest.files.map(({ copies }) => copies.map(({ file }) => file))).toEqual([['a.js.br'], ['b.js.gz']]);
    expect(diagnostics.map(({ code, file }) => [code, file])).toEqual([
      ['foreign-copy', 'a.js.gz'],
      ['foreign-copy', 'b.js.br'],
    ]);
  });

  it('take maps only when the pattern names them, and only files that it takes in', async () => {
    const map = JSON.stringify({ version: 3, sources: ['a'], mappings: 'AAAA;'.repeat(800) });
    const folder = await makeFolder({ 'a.js': program(60), 'a.js.map': map, 'b.css': 'p{color:red}'.repeat(200) });
    const without = await precompress(folder, settings({ include: '*.{js,css}' }));
    expect(without.files.map(({ file }) => file)).toEqual(['a.js', 'b.css']);
    const withMaps = await precompress(folder, settings({ include: '*.{js,map}' }));
    expect(withMaps.files.map(({ file, copies }) => [file, copies.length])).toEqual([
      ['a.js', 2],
      ['a.js.map', 2],
      ['b.css', 0],
    ]);
  });

  it('are no part of the build for who looks at it', async () => {
    const folder = await makeFolder({ 'index.html': '<script src="a.js"></script>', 'a.js': program(60) });
    const previous = await makeFolder({ 'a.js': program(61) });
    const before = await analyze(folder, { root: folder });
    const { files } = await precompress(folder, settings({ formats: ALL, previous: [previous] }));
    expect(files[0]!.copies.length + files[0]!.deltas.length).toBeGreaterThanOrEqual(4);
    expect((await analyze(folder, { root: folder })).outputs).toEqual(before.outputs);
  });

  it('are not written in a dry run, which says the same as a real one', async () => {
    const folder = await makeFolder({ 'a.js': program(60) });
    const planned = await precompress(folder, settings(), { dryRun: true });
    expect(await names(folder)).toEqual(['a.js']);
    expect(await precompress(folder, settings())).toEqual(planned);
  });

  it('stand without what can not be read', async () => {
    const folder = await makeFolder({ 'a.js': program(60) });
    await symlink('circle.js', path.join(folder, 'circle.js'));
    const diagnostics: Diagnostic[] = [];
    const manifest = await precompress(folder, settings(), { onDiagnostic: (each) => diagnostics.push(each) });
    expect(manifest.files.map(({ file }) => file)).toEqual(['a.js']);
    expect(diagnostics).toMatchObject([{ code: 'file-unreadable', file: 'circle.js' }]);
  });

  it('need a folder with files', async () => {
    const folder = await makeFolder();
    await expect(precompress(folder, settings())).rejects.toMatchObject({ code: 'no-output' });
    await expect(precompress(path.join(folder, 'none'), settings())).rejects.toMatchObject({ code: 'not-found' });
  });

  it('are what is removed, and no file that a forged manifest names', async () => {
    const folder = await makeFolder({ 'a.js': program(60), 'b.js': program(60, 2) });
    const manifest = await precompress(folder, settings({ formats: ['br'] }));
    await writeFiles(folder, { [MANIFEST_FILE]: writeManifest(manifest).replace('"b.js.br"', '"b.js"') });
    await precompress(folder, settings({ formats: ['gz'] }));
    expect(await names(folder)).toEqual(['a.js', 'a.js.gz', 'b.js', 'b.js.br', 'b.js.gz', MANIFEST_FILE]);
  });

  it('are written again when the manifest is torn', async () => {
    const folder = await makeFolder({ 'a.js': program(60) });
    const manifest = await precompress(folder, settings());
    await writeFile(path.join(folder, MANIFEST_FILE), writeManifest(manifest).slice(0, 300));
    const diagnostics: Diagnostic[] = [];
    expect(await precompress(folder, settings(), { onDiagnostic: (each) => diagnostics.push(each) })).toEqual(manifest);
    expect(diagnostics.map(({ code }) => code)).toEqual(['bad-manifest']);
  });

  it('stop at a signal, and the folder is as it was before', async () => {
    const folder = await makeFolder({ 'a.js': program(4000), 'b.js': program(100) });
    const controller = new AbortController();
    const running = precompress(folder, settings(), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 5);
    await expect(running).rejects.toThrow('enough');
    expect(await names(folder)).toEqual(['a.js', 'b.js']);
    const manifest = await precompress(folder, settings());
    expect(manifest.files.every(({ copies }) => copies.length === 2)).toBe(true);
    expect(await names(folder)).toHaveLength(2 + 4 + 1);
  });

  it('come from the cache the second time', async () => {
    const kept = new Map<string, Uint8Array>();
    let computed = 0;
    const keyOf = ({ kind, of }: CacheEntry): string => JSON.stringify([kind, ...of.map(String)]);
    const cache: ByteCache = {
      get: async (entry) => kept.get(keyOf(entry)) ?? null,
      getMany: async (entries) => entries.map((entry) => kept.get(keyOf(entry)) ?? null),
      put: async (entry, value) => void kept.set(keyOf(entry), value),
      async through(entry, compute) {
        const known = kept.get(keyOf(entry));
        if (known !== undefined) return known;
        computed++;
        const value = await compute();
        kept.set(keyOf(entry), value);
        return value;
      },
    };
    const previous = await makeFolder({ 'a.js': program(99) });
    const folder = await makeFolder({ 'a.js': program(100) });
    const wanted = settings({ formats: ALL, previous: [previous] });
    const first = await precompress(folder, wanted, { cache });
    const after = computed;
    expect(after).toBeGreaterThanOrEqual(4);
    expect(await precompress(folder, wanted, { cache })).toEqual(first);
    expect(computed).toBe(after);
  });
});

describe('a check of a folder', () => {
  it('finds what was changed, lost or torn', async () => {
    const folder = await makeFolder({ 'a.js': program(60), 'b.js': program(60, 2), 'c.js': program(60, 3) });
    await precompress(folder, settings());
    await writeFiles(folder, { 'a.js': program(61), 'b.js.gz': 'torn' });
    await rm(path.join(folder, 'c.js.br'));
    const { problems } = await checkPrecompressed(folder);
    expect(problems.map(({ code, file }) => [code, file])).toEqual([
      ['file-changed', 'a.js'],
      ['file-changed', 'b.js.gz'],
      ['file-missing', 'c.js.br'],
    ]);
  });

  it('does not trust a manifest whose hashes fit a copy of something else', async () => {
    const folder = await makeFolder({ 'a.js': program(60) });
    const manifest = await precompress(folder, settings({ formats: ['br'] }));
    const wrong = zlib.brotliCompressSync('something else');
    const [file] = manifest.files;
    const copy = { ...file!.copies[0]!, bytes: wrong.length, sha256: createHash('sha256').update(wrong).digest('hex') };
    await writeFiles(folder, {
      'a.js.br': wrong,
      [MANIFEST_FILE]: writeManifest({ ...manifest, files: [{ ...file!, copies: [copy] }] }),
    });
    expect((await checkPrecompressed(folder)).problems.map(({ code }) => code)).toEqual(['copy-differs']);
  });

  it('says what is wrong with a manifest', async () => {
    const folder = await makeFolder({ 'a.js': program(60) });
    await expect(checkPrecompressed(folder)).rejects.toMatchObject({ code: 'not-found' });
    const manifest = writeManifest(await precompress(folder, settings()));
    const bad = [manifest.slice(0, 50), '[]', manifest.replace('@1', '@9'), manifest.replace('"a.js.br"', '"../a.br"')];
    for (const text of bad)
      expect(() => parseManifest(text, 'x')).toThrow(expect.objectContaining({ code: 'bad-manifest' }));
  });
});

describe.skipIf(path.sep === '\\')('a name with a backslash', () => {
  it('is passed over and said: the manifest of the rest can be read', async () => {
    const folder = await makeFolder({ 'fine.js': program(40, 1), 'back\\slash.js': program(40, 2) });
    const codes: string[] = [];
    await precompress(folder, settings(), { onDiagnostic: ({ code }) => codes.push(code) });
    expect(codes).toEqual(['file-name']);
    expect((await checkPrecompressed(folder)).problems).toEqual([]);
  });
});
