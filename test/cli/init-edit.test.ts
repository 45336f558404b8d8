import { describe, expect, test } from 'vitest';

import { addPlugin } from '../../src/cli/init-edit.ts';
import type { Bundler } from '../../src/cli/init-project.ts';

const edit = (source: string, bundler: Bundler = 'vite', file = 'vite.config.js') => addPlugin(source, file, bundler);

/** The text after the change; the reason where there was none. */
function changed(source: string, bundler?: Bundler, file?: string): string {
  const result = edit(source, bundler, file);
  return result.status === 'changed' ? result.text : `${result.status}: ${'reason' in result ? result.reason : ''}`;
}

describe('a list of plugins', () => {
  test('gets one item more, on a line of its own where the others have one', () => {
    const source = [
      "import { defineConfig } from 'vite';",
      "import vue from '@vitejs/plugin-vue';",
      '',
      'export default defineConfig({',
      '  plugins: [',
      '    vue(), // first',
      '  ],',
      "  base: './',",
      '});',
      '',
    ].join('\n');
    expect(changed(source)).toBe(
      source
        .replace("plugin-vue';\n", "plugin-vue';\nimport { pare } from 'pare/vite';\n")
        .replace('vue(), // first\n', 'vue(), // first\n    pare(),\n'),
    );
  });

  test('without a last comma, with a comment behind', () => {
    const source = "import a from 'a';\nexport default {\n  plugins: [\n    a() // why\n  ]\n};\n";
    expect(changed(source)).toBe(
      "import a from 'a';\nimport { pare } from 'pare/vite';\nexport default {\n  plugins: [\n    a(), // why\n    pare()\n  ]\n};\n",
    );
  });

  test('on one line, empty, and with a comma at the end', () => {
    expect(changed("import a from 'a';\nexport default { plugins: [a()] };\n")).toContain('plugins: [a(), pare()] }');
    expect(changed('export default { plugins: [] };\n')).toContain('plugins: [pare()] }');
    expect(changed("import a from 'a';\nexport default { plugins: [a(),] };\n")).toContain('plugins: [a(), pare(),] }');
  });

  test('is made where there is none', () => {
    expect(changed("export default {\n  base: './',\n};\n")).toBe(
      "import { pare } from 'pare/vite';\n\nexport default {\n  base: './',\n  plugins: [pare()],\n};\n",
    );
    expect(changed("export default {\n  base: './'\n};\n")).toContain("  base: './',\n  plugins: [pare()]\n}");
    expect(changed('export default {};\n')).toContain('export default { plugins: [pare()] };');
    expect(changed("import { defineConfig } from 'vite'\nexport default defineConfig({})\n")).toBe(
      "import { defineConfig } from 'vite'\nimport { pare } from 'pare/vite'\nexport default defineConfig({ plugins: [pare()] })\n",
    );
  });

  test('keeps double quotes and line ends', () => {
    expect(changed('import a from "a";\r\nexport default {\r\n  plugins: [a()],\r\n};\r\n')).toBe(
      'import a from "a";\r\nimport { pare } from "pare/vite";\r\nexport default {\r\n  plugins: [a(), pare()],\r\n};\r\n',
    );
  });
});

describe('the options are found', () => {
  test.each([
    [
      'behind a type',
      "import type { UserConfig } from 'vite';\nexport default { plugins: [] } satisfies UserConfig;\n",
    ],
    [
      'in a constant',
      "import type { UserConfig } from 'vite';\nconst config: UserConfig = { plugins: [] };\nexport default config;\n",
    ],
    [
      'in a function',
      "import { defineConfig } from 'vite';\nexport default defineConfig(({ mode }) => ({ base: mode, plugins: [] }));\n",
    ],
    [
      'in a function with one return',
      'export default async function () {\n  const x = () => { return 1; };\n  return { base: String(x), plugins: [] };\n}\n',
    ],
    ['with the list in a constant', 'const plugins = [];\nexport default { plugins };\n'],
  ])('%s', (_, source) => {
    const text = changed(source, 'vite', 'vite.config.ts');
    expect(text).toContain("import { pare } from 'pare/vite';");
    expect(text).toMatch(/\[pare\(\)\]/);
  });

  test('in CommonJS, with its require', () => {
    const source =
      "'use strict';\nconst json = require('@rollup/plugin-json');\n\nmodule.exports = {\n  input: 'a.js',\n  plugins: [json()],\n};\n";
    expect(changed(source, 'rollup', 'rollup.config.cjs')).toBe(
      source
        .replace("plugin-json');\n", "plugin-json');\nconst { pare } = require('pare/rollup');\n")
        .replace('[json()]', '[json(), pare()]'),
    );
    expect(changed("'use strict';\nmodule.exports = { input: 'a.js' };\n", 'rollup', 'rollup.config.cjs')).toBe(
      "'use strict';\nconst { pare } = require('pare/rollup');\nmodule.exports = { input: 'a.js', plugins: [pare()] };\n",
    );
  });

  test.each([
    ["import * as esbuild from 'esbuild';\nawait esbuild.build({ entryPoints: ['a.js'] });\n", 'build.mjs'],
    ["import { build } from 'esbuild';\nbuild({ entryPoints: ['a.js'] });\n", 'build.mjs'],
    [
      "import esbuild from 'esbuild';\nconst options = { entryPoints: ['a.js'] };\nif (process.argv[2]) (await esbuild.context(options)).watch();\nelse await esbuild.build(options);\n",
      'build.mjs',
    ],
    [
      "const { build } = require('esbuild');\nbuild({ entryPoints: ['a.js'] }).catch(() => process.exit(1));\n",
      'build.cjs',
    ],
    [
      "require('esbuild');\nconst esbuild = require('esbuild');\nesbuild.buildSync({ entryPoints: ['a.js'] });\n",
      'build.js',
    ],
  ])('in the call of esbuild', (source, file) => {
    expect(changed(source, 'esbuild', file)).toMatch(
      /pare\/esbuild[\s\S]*entryPoints: \['a\.js'\], plugins: \[pare\(\)\] }/,
    );
  });

  test('in Bun.build', () => {
    expect(changed("await Bun.build({ entrypoints: ['a.ts'] });\n", 'bun', 'build.ts')).toBe(
      "import { pare } from 'pare/bun';\n\nawait Bun.build({ entrypoints: ['a.ts'], plugins: [pare()] });\n",
    );
  });
});

describe('nothing is changed', () => {
  test('where pare is there already', () => {
    expect(edit("import { pare } from 'pare/vite';\nexport default { plugins: [pare()] };\n").status).toBe('present');
    expect(edit("const { analyzer } = require('pare/rollup');\nmodule.exports = {};\n", 'rollup').status).toBe(
      'present',
    );
  });

  test.each([
    ['several builds', "export default [{ input: 'a.js' }, { input: 'b.js' }];\n", 'rollup', 'it has several builds'],
    [
      'options from elsewhere',
      "import base from './base.js';\nexport default base;\n",
      'vite',
      'base is made elsewhere',
    ],
    [
      'options merged',
      "import { mergeConfig } from 'vite';\nexport default mergeConfig({}, {});\n",
      'vite',
      'its options are made by a function',
    ],
    [
      'options spread',
      "import base from './base.js';\nexport default { ...base };\n",
      'vite',
      'its plugins may be in what is spread into the options',
    ],
    [
      'plugins made by a function',
      'export default { plugins: [].concat(1) };\n',
      'vite',
      'its plugins are no plain list',
    ],
    [
      'two returns',
      'export default () => {\n  if (x) return {};\n  return {};\n};\n',
      'vite',
      'it returns different options',
    ],
    ['the name taken', 'const pare = 1;\nexport default {};\n', 'vite', 'it has something else by the name pare'],
    ['no default export', 'export const a = 1;\n', 'vite', 'it has no default export'],
    ['a syntax error', 'export default {\n', 'vite', 'it could not be read'],
    [
      'two builds of esbuild',
      "import { build } from 'esbuild';\nbuild({});\nbuild({});\n",
      'esbuild',
      'it has several builds',
    ],
    ['no build of esbuild', "import 'esbuild';\n", 'esbuild', "no call of esbuild's build was found"],
  ] as const)('with %s', (_, source, bundler, reason) => {
    expect(edit(source, bundler)).toEqual({ status: 'unsure', reason });
  });
});
