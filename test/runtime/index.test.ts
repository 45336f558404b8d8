import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

import { load, LoadError, prefetch } from '../../src/runtime/index.ts';

describe('load', () => {
  it('gives everyone who asks with one function the same promise', async () => {
    let calls = 0;
    const importer = () => Promise.resolve({ page: ++calls });
    const [a, b] = await Promise.all([load(importer), load(importer)]);
    expect(a).toBe(b);
    expect(calls).toBe(1);
  });

  it('tries again after a failure', async () => {
    let calls = 0;
    const importer = () => (++calls < 3 ? Promise.reject(new Error('offline')) : Promise.resolve('page'));
    await expect(load(importer)).resolves.toBe('page');
    expect(calls).toBe(3);
  });

  it('fails with the last cause after three attempts, and begins anew when asked again', async () => {
    let calls = 0;
    const importer = () => (++calls <= 3 ? Promise.reject(new Error(`offline ${calls}`)) : Promise.resolve('page'));
    const error = await load(importer).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as LoadError).cause).toEqual(new Error('offline 3'));
    await expect(load(importer)).resolves.toBe('page');
  });

  it('takes an importer that throws for one that fails', async () => {
    let calls = 0;
    const importer = (): Promise<string> => {
      calls++;
      throw new Error('gone');
    };
    await expect(load(importer)).rejects.toBeInstanceOf(LoadError);
    expect(calls).toBe(3);
  });
});

describe('prefetch', () => {
  it('loads nothing on a server', async () => {
    let calls = 0;
    prefetch(() => Promise.resolve(++calls));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toBe(0);
  });
});

describe('the runtime', () => {
  it('weighs less than 500 bytes', async () => {
    const { outputFiles } = await build({
      entryPoints: ['src/runtime/index.ts'],
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      logLevel: 'silent',
    });
    expect(brotliCompressSync(outputFiles[0]!.contents).length).toBeLessThan(500);
  });
});
