/** What a run owns: started from a configuration, used, and gone. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import { startEngine, type EngineWarning } from '../../src/engine/engine.ts';

let root = '';
let warnings: EngineWarning[] = [];
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pare-engine-'));
  warnings = [];
  await writeFile(path.join(root, 'package.json'), '{}');
});

const start = (inline: object = {}) =>
  startEngine({
    config: { cwd: root, inline: { cache: { folder: '.cache' }, ...inline } },
    runKind: 'test',
    onWarning: (warning) => void warnings.push(warning),
  });

const entry = { kind: 'trial', of: ['an engine', 'of the tests'] } as const;
const code = `export function add(first, second) { const sum = first + second; return sum; }\n`;

describe('an engine', () => {
  it('keeps from one run to the next', async () => {
    let computed = 0;
    const compute = async () => Buffer.from(`computed ${++computed}`);
    for (let run = 0; run < 2; run++) {
      await using engine = await start();
      expect(Buffer.from(await engine.cache.through(entry, compute)).toString()).toBe('computed 1');
    }
    expect(warnings).toEqual([]);
  });

  it('computes each time where there is no cache', async () => {
    let computed = 0;
    await using engine = await start({ cache: false });
    const compute = async () => Buffer.from(String(++computed));
    await engine.cache.through(entry, compute);
    await engine.cache.through(entry, compute);
    expect([computed, engine.store]).toEqual([2, null]);
  });

  it('runs its tasks in real workers', async () => {
    await using engine = await start({ workers: { max: 1 }, telemetry: { trace: 'trace.json' } });
    const contents = Buffer.from('a text, a text, a text');
    const gz = await engine.run('encode', { contents, format: 'gz', dictionary: null });
    expect(gz.length).toBeGreaterThan(0);
    await engine.close();
    const trace = await readFile(path.join(root, 'trace.json'), 'utf8');
    expect(trace).toContain('encode');
    expect(trace).toMatch(/worker [1-9]/);
  });

  it('says what does not close, and closes the rest', async () => {
    await writeFile(path.join(root, 'file'), '');
    const engine = await start({ telemetry: { trace: 'file/trace.json' } });
    await engine.cache.put(entry, Buffer.from('kept'));
    await engine.close();
    expect(warnings.map((warning) => warning.code)).toEqual(['trace-failed']);
    await using again = await start();
    expect(await again.cache.get(entry)).not.toBeNull();
  });

  it('leaves nothing open when the configuration is wrong', async () => {
    await expect(start({ workers: { max: 'many' } })).rejects.toThrow(/workers\.max must be a whole number/);
    expect(existsSync(path.join(root, '.cache'))).toBe(false);
    expect(readdirSync(root)).toEqual(['package.json']);
  });

  it('has no temporary folder left when it is closed', async () => {
    const engine = await start();
    const folder = await engine.scope.tempFolder(root);
    expect(existsSync(folder)).toBe(true);
    await engine.close();
    expect(existsSync(folder)).toBe(false);
  });
});

it('has a task for minifying, too', async () => {
  await using engine = await start({ workers: { max: 1 } });
  const { minifyChunk, DEFAULT_MINIFY } = await import('../../src/minify/index.ts');
  const result = await minifyChunk(
    { file: 'add.js', code, map: null, format: 'es' },
    { ...DEFAULT_MINIFY, tools: ['terser'] },
    {
      root: path.join(import.meta.dirname, '../..'),
      run: (input, options) => engine.run('minify', input, { signal: options.signal }),
    },
  );
  expect(result.tool).toBe('terser');
  expect(result.code.length).toBeLessThan(code.length);
});
