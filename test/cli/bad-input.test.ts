import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import type { Build } from '../../src/model/build.ts';
import { Program } from './program.ts';
import { buildShop, makeFolder } from './sample-app.ts';

const program = new Program();

/** The shop after something was done to its output, as `pare analyze` sees it. */
async function spoilt(spoil: (dist: string) => void) {
  const folder = await buildShop();
  spoil(join(folder, 'dist'));
  const result = await program.run(['analyze', 'dist', '--json', '--no-brotli'], { cwd: folder });
  const build = result.code === 0 ? (JSON.parse(result.stdout) as Build) : null;
  return { ...result, build };
}

/** The entry's own code is attributed, whatever happened to other files. */
function stands(build: Build | null, file: string): void {
  const output = build!.outputs.find((each) => each.file === file)!;
  expect(output.parts.some(({ module }) => module !== null)).toBe(true);
}

describe('one bad file', () => {
  test('a truncated map is named, and the rest stands', async () => {
    const { code, stderr, build } = await spoilt((dist) => {
      const map = join(dist, 'main.js.map');
      writeFileSync(map, readFileSync(map).subarray(0, 200));
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning .*main\.js\.map/m);
    stands(build, lazyPage(build));
  });

  test('a map that is no JSON is named', async () => {
    const { code, stderr, build } = await spoilt((dist) => writeFileSync(join(dist, 'main.js.map'), 'no map at all'));
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning .*main\.js\.map/m);
    stands(build, lazyPage(build));
  });

  test('a map of another file is named', async () => {
    const { code, stderr, build } = await spoilt((dist) => {
      const mappings = Array.from({ length: 40 }, () => 'AAAA,QAAQ,QAAQ,QAAQ').join(';');
      const map = { version: 3, sources: ['src/other.js'], names: [], mappings };
      writeFileSync(join(dist, 'main.js.map'), JSON.stringify(map));
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning main\.js\.map is not the map of main\.js/m);
    stands(build, lazyPage(build));
  });

  test('a missing map is named, once', async () => {
    const { code, stderr, build } = await spoilt((dist) => {
      writeFileSync(join(dist, 'late.js'), 'console.log("late");\n//# sourceMappingURL=late.js.map\n');
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning late\.js .*late\.js\.map/m);
    expect(stderr.match(/^warning /gm)).toHaveLength(1);
    stands(build, 'main.js');
  });

  test('an empty file has no bytes', async () => {
    const { code, build } = await spoilt((dist) => writeFileSync(join(dist, 'empty.js'), ''));
    expect(code).toBe(0);
    const { bytes, parts } = build!.outputs.find(({ file }) => file === 'empty.js')!;
    expect(bytes.raw).toBe(0);
    // What gzip makes of nothing is all container.
    expect(parts.filter(({ rest }) => rest !== 'container')).toEqual([]);
    stands(build, 'main.js');
  });

  test('a binary file is an asset, or code that is unmapped', async () => {
    const bytes = Uint8Array.from({ length: 4_096 }, (_, i) => (i * 151) % 256);
    const { code, build } = await spoilt((dist) => {
      writeFileSync(join(dist, 'picture.png'), bytes);
      writeFileSync(join(dist, 'broken.js'), bytes);
    });
    expect(code).toBe(0);
    for (const name of ['picture.png', 'broken.js'])
      expect(build!.outputs.find(({ file }) => file === name)?.bytes.raw).toBe(4_096);
    stands(build, 'main.js');
  });

  test('a link that leads back to its own folder is gone through once', async () => {
    const { code, build } = await spoilt((dist) => symlinkSync('.', join(dist, 'again')));
    expect(code).toBe(0);
    expect(build!.outputs.filter(({ file }) => file.endsWith('main.js'))).toHaveLength(1);
  });

  test('a link to nowhere is no reason to stop', async () => {
    const { code, build } = await spoilt((dist) => symlinkSync('./gone.js', join(dist, 'dangling.js')));
    expect(code).toBe(0);
    stands(build, 'main.js');
  });

  test('a link to itself is named', async () => {
    const { code, build } = await spoilt((dist) => symlinkSync('./self.js', join(dist, 'self.js')));
    expect(code).toBe(0);
    expect(build!.diagnostics.map(({ code: kind, file }) => [kind, file])).toContainEqual([
      'file-unreadable',
      'self.js',
    ]);
    stands(build, 'main.js');
  });

  test('a report of ours in the folder is no output', async () => {
    const { build } = await spoilt((dist) =>
      writeFileSync(join(dist, 'pare-report.html'), '<script type="application/json" id="pare-report">{}</script>'),
    );
    expect(build!.outputs.map(({ file }) => file)).not.toContain('pare-report.html');
    stands(build, 'main.js');
  });

  // Root reads whatever it likes: there the folder is readable, and only the rest of the report is looked at.
  test('a folder that cannot be read is named', async () => {
    const folder = await buildShop({ 'dist/secret/hidden.js': 'console.log(1);' });
    chmodSync(join(folder, 'dist/secret'), 0o000);
    try {
      const { code, stdout, stderr } = await program.run(['analyze', 'dist', '--json', '--no-brotli'], { cwd: folder });
      expect(code).toBe(0);
      if (process.getuid?.() !== 0) expect(stderr).toMatch(/^warning .*secret/m);
      stands(JSON.parse(stdout) as Build, 'main.js');
    } finally {
      chmodSync(join(folder, 'dist/secret'), 0o755);
    }
  });
});

const lazyPage = (build: Build | null): string =>
  build!.outputs.find(({ file }) => file.startsWith('lazy-admin'))!.file;

describe('nothing to go by', () => {
  const folder = makeFolder({
    'package.json': '{}',
    'notes.txt': 'no JSON',
    'other.json': '{ "some": "thing" }',
    'empty.json': '',
    'picture.png': Uint8Array.from({ length: 64 }, (_, i) => 255 - i),
    'void/.keep': '',
    'stats.json': '{ "assets": [], "modules": [], "chunks": [] }',
  });

  test.each(['gone', 'notes.txt', 'other.json', 'empty.json', 'picture.png', 'void', 'stats.json'])(
    '%s ends with 3, by name and without a stack',
    async (target) => {
      const { code, stdout, stderr } = await program.run(['analyze', target], { cwd: folder });
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(/^error /);
      expect(stderr).toContain(target);
      expect(stderr).toMatch(/\n {2}\S/);
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );

  test('evidence that is not there is named', async () => {
    const shop = await buildShop();
    const { code, stderr } = await program.run(['analyze', 'dist', '--evidence', 'nope.json'], { cwd: shop });
    expect(code).toBe(3);
    expect(stderr).toContain('nope.json');
  });
});
