import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from 'acorn';
import { describe, expect, it } from 'vitest';

import { arrangeLicences, licenceNotices } from '../../src/minify/licences.ts';

describe('licence comments', () => {
  it('are those that say so, each once, in their order', () => {
    const code = [
      '/*! first */',
      '/* no licence */ // nor this',
      'a(); /** @license second */',
      '//! third',
      '/*! first */',
      '/**\n * Fourth.\n * @preserve\n */',
      '/* (c) @copyright fifth */',
    ].join('\n');
    expect(licenceNotices(code)).toEqual([
      '/*! first */',
      '/** @license second */',
      '//! third',
      '/**\n * Fourth.\n * @preserve\n */',
      '/* (c) @copyright fifth */',
    ]);
  });

  it('are not looked for in strings, templates and regular expressions', () => {
    const code = [
      "a('/*! no */'); b(\"//! no\"); c(`/*! no */ ${d('/*! no */')} //! no`);",
      'e(/\\/*! no *\\//, /[/*! no */]/);',
      'f = g / 2; /*! yes */ h = i / 3;',
      'const url = `https://x/${/}`/.source}/*! no */`;',
    ].join('\n');
    expect(licenceNotices(code)).toEqual(['/*! yes */']);
  });

  it('lose the indentation that they had in the code', () => {
    const code = 'function f() {\n    /*!\n     * Name\n     *   indented\r\n     */\n}';
    expect(licenceNotices(code)).toEqual(['/*!\n * Name\n *   indented\n */']);
  });

  it('are those that a parser sees, in a large package', () => {
    const file = createRequire(import.meta.url).resolve('terser');
    const code = readFileSync(file, 'utf8');
    const seen: string[] = [];
    parse(code, {
      ecmaVersion: 'latest',
      sourceType: 'script',
      onComment: (block, text) => seen.push(block ? `/*${text}*/` : `//${text}`),
    });
    const legal = seen.filter((text) => /^\/[/*]\**!|@license|@preserve|@copyright|@cc_on/i.test(text));
    expect(licenceNotices(code).length).toBe(new Set(legal).size);
  });
});

describe('notices', () => {
  const notices = ['/*! one */', '//! two'];

  it('stay in the chunk', () => {
    expect(arrangeLicences(notices, 'inline', 'assets/main.js')).toEqual({ text: '/*! one */\n//! two\n' });
  });

  it('go to a file beside it, which the chunk names', () => {
    expect(arrangeLicences(notices, 'linked', 'assets/main.js')).toEqual({
      text: '/*! For license information please see main.js.LICENSE.txt */\n',
      file: '/*! one */\n\n//! two\n',
    });
  });

  it('refer to the file that a bundler has already made', () => {
    const reference = '/*! For license information please see main.js.LEGAL.txt */';
    expect(arrangeLicences([reference], 'linked', 'main.js')).toEqual({ text: `${reference}\n` });
  });

  it('are dropped', () => {
    expect(arrangeLicences(notices, 'none', 'main.js')).toEqual({ text: '' });
    expect(arrangeLicences([], 'linked', 'main.js')).toEqual({ text: '' });
  });
});
