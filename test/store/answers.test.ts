import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { answersFolder, readAnswer, takeFingerprint, writeAnswer, type PathType } from '../../src/store/answers.ts';

const space = mkdtempSync(join(tmpdir(), 'pare-answers-'));
afterAll(() => rmSync(space, { recursive: true, force: true }));

let made = 0;
function project(files: Readonly<Record<string, string>>): string {
  const folder = join(space, String(made++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** As if a minute had passed since the files were written. */
const LATER = (): number => Date.now() + 60_000;
const bytes = (text: string): Uint8Array => Buffer.from(text);

interface Kept {
  readonly cache: string;
  readonly again: () => string | null;
}

function keep(
  read: readonly string[],
  probed: Readonly<Record<string, PathType>> = {},
  own: readonly string[] = [],
): Kept {
  const cache = join(space, `cache-${made++}`);
  const fingerprint = takeFingerprint({ read: new Set(read), probed: new Map(Object.entries(probed)) }, LATER(), own);
  if (fingerprint === null) throw new Error('no fingerprint');
  writeAnswer(cache, 'question', { exitCode: 3, stdout: bytes('yes\n'), stderr: bytes('but') }, fingerprint);
  return {
    cache,
    again() {
      const answer = readAnswer(cache, 'question');
      return answer === null ? null : `${answer.exitCode} ${Buffer.from(answer.stdout)}${Buffer.from(answer.stderr)}`;
    },
  };
}

describe('an answer', () => {
  test('is given again while nothing has changed, and to its own question alone', () => {
    const folder = project({ 'a.js': 'a', 'sub/b.js': 'b' });
    const { cache, again } = keep([folder, join(folder, 'a.js')], { [join(folder, 'c.js')]: 'none' });
    expect(again()).toBe('3 yes\nbut');
    expect(readAnswer(cache, 'question ')).toBeNull();
  });

  test.each<[string, (folder: string) => void]>([
    ['a file is written', (folder) => writeFileSync(join(folder, 'a.js'), 'b')],
    [
      'a file is written with its times put back',
      (folder) => {
        writeFileSync(join(folder, 'a.js'), 'b');
        utimesSync(join(folder, 'a.js'), 1, 1);
      },
    ],
    ['a file is gone', (folder) => rmSync(join(folder, 'a.js'))],
    ['a file is in a folder that was listed', (folder) => writeFileSync(join(folder, 'listed/new.js'), '')],
    ['what was not there is there', (folder) => writeFileSync(join(folder, 'c.js'), '')],
    ['a folder is there where none was', (folder) => mkdirSync(join(folder, 'none/deep'), { recursive: true })],
    ['one of many endings is there', (folder) => writeFileSync(join(folder, 'src/x.5'), '')],
  ])('is no longer one when %s', (_, change) => {
    const folder = project({ 'a.js': 'a', 'listed/old.js': '', 'src/y': '' });
    const endings = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [join(folder, `src/x.${i}`), 'none' as const]),
    );
    const { again } = keep([join(folder, 'a.js'), join(folder, 'listed')], {
      [join(folder, 'c.js')]: 'none',
      [join(folder, 'none/deep/d.js')]: 'none',
      ...endings,
    });
    expect(again()).not.toBeNull();
    change(folder);
    expect(again()).toBeNull();
  });

  test('is not kept of files that are as young as the run that read them', () => {
    const folder = project({ 'a.js': 'a' });
    const grounds = { read: new Set([join(folder, 'a.js')]), probed: new Map() };
    expect(takeFingerprint(grounds, Date.now(), [])).toBeNull();
    expect(takeFingerprint(grounds, LATER(), [])).not.toBeNull();
  });

  test('is not kept where the files are no longer what was seen', () => {
    const folder = project({ 'a.js': 'a' });
    const gone = { read: new Set([join(folder, 'gone.js')]), probed: new Map() };
    const come = { read: new Set<string>(), probed: new Map([[join(folder, 'a.js'), 'none' as const]]) };
    expect([takeFingerprint(gone, LATER(), []), takeFingerprint(come, LATER(), [])]).toEqual([null, null]);
  });

  test('is a miss with any byte changed, cut off or added', () => {
    const folder = project({ 'a.js': 'a' });
    const { cache, again } = keep([join(folder, 'a.js')]);
    const file = join(cache, readdirSync(cache)[0]!);
    const whole = readFileSync(file);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const bad = Buffer.from(whole);
        bad[at] = bad[at]! ^ by;
        writeFileSync(file, bad);
        expect(again()).toBeNull();
      }),
      { numRuns: 300 },
    );
    for (const bad of [whole.subarray(0, -1), Buffer.concat([whole, bytes('x')]), bytes('')]) {
      writeFileSync(file, bad);
      expect(again()).toBeNull();
    }
    writeFileSync(file, whole);
    expect(again()).not.toBeNull();
  });

  test('gives way to newer ones', () => {
    const folder = project({ 'a.js': 'a' });
    const cache = join(space, `cache-${made++}`);
    const fingerprint = takeFingerprint({ read: new Set([join(folder, 'a.js')]), probed: new Map() }, LATER(), [])!;
    const said = { exitCode: 0, stdout: bytes('x'), stderr: bytes('') };
    for (let i = 0; i < 90; i++) writeAnswer(cache, `question ${i}`, said, fingerprint);
    expect(readdirSync(cache).length).toBeLessThanOrEqual(64);
    expect(readAnswer(cache, 'question 89')).not.toBeNull();
  });

  test('is not kept, and nothing is said, where the folder can’t be written to', () => {
    const folder = project({ 'a.js': 'a', file: '' });
    const fingerprint = takeFingerprint({ read: new Set([join(folder, 'a.js')]), probed: new Map() }, LATER(), [])!;
    const said = { exitCode: 0, stdout: bytes('x'), stderr: bytes('') };
    writeAnswer(join(folder, 'file'), 'question', said, fingerprint);
    expect(readAnswer(join(folder, 'file'), 'question')).toBeNull();
  });
});

describe('a package', () => {
  const PACKAGE = { 'node_modules/pkg/package.json': '{}', 'node_modules/pkg/lib/a.js': 'a', 'node_modules/.keep': '' };

  test('that was installed stands or falls as a whole', () => {
    const folder = project(PACKAGE);
    const { again } = keep([join(folder, 'node_modules/pkg/lib/a.js')]);
    expect(again()).not.toBeNull();
    rmSync(join(folder, 'node_modules/pkg'), { recursive: true });
    mkdirSync(join(folder, 'node_modules/pkg/lib'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/pkg/package.json'), '{}');
    expect(again()).toBeNull();
  });

  test('that is linked from the workspace, and a project below node_modules, go file by file', () => {
    const folder = project({
      'packages/pkg/package.json': '{}',
      'packages/pkg/a.js': 'a',
      ...PACKAGE,
    });
    symlinkSync(join(folder, 'packages/pkg'), join(folder, 'node_modules/linked'));
    const linked = keep([join(folder, 'node_modules/linked/a.js')]);
    const own = keep([join(folder, 'node_modules/pkg/lib/a.js')], {}, [join(folder, 'node_modules/pkg/lib')]);
    expect([linked.again(), own.again()]).not.toContain(null);
    writeFileSync(join(folder, 'packages/pkg/a.js'), 'b');
    writeFileSync(join(folder, 'node_modules/pkg/lib/a.js'), 'b');
    expect([linked.again(), own.again()]).toEqual([null, null]);
  });
});

test('the folder is in the nearest node_modules upwards', () => {
  const folder = project({ 'node_modules/.keep': '', 'deep/down/x': '' });
  expect(answersFolder(join(folder, 'deep/down'))).toBe(join(folder, 'node_modules/.cache/pare/answers'));
});
