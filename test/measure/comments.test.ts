import { describe, expect, test } from 'vitest';

import { licenceComments, sourceMapComment } from '../../src/measure/comments.ts';

const licences = (code: string, language: 'js' | 'css' = 'js') => {
  const bytes = Buffer.from(code);
  return licenceComments(bytes, language).map(({ start, end }) => bytes.toString('utf8', start, end));
};

describe('licence comments', () => {
  test.each([
    '/*! x 1.0 */',
    '//! x',
    '/* @license MIT */',
    '/** @preserve */',
    '/* Copyright\n * @licence X é */',
    '/* Bundled license information: */',
  ])('%s', (comment) => {
    expect(licences(`var a=1;${comment}\nvar b=2;`)).toEqual([comment]);
  });

  test('other comments are none', () => {
    expect(licences('/* plain */ a; // line\n /** doc */ b;')).toEqual([]);
  });

  test.each([
    ['a string', 'a="/*! no */";'],
    ['a string with an escaped quote', `a='it\\'s /*! no */';`],
    ['a template', 'a=`/*! no */${b}/*! no */`;'],
    ['a template within a template', 'a=`${b?`}/*! no */`:"}"}/*! no */`;'],
    ['a regular expression', 'a=/["/*!]/;b="/*! no */";'],
    ['a regular expression behind a condition', 'if(a)/[`\'"]/.test("/*! no */");'],
    ['a regular expression behind a keyword', 'return/"/.test("/*! no */");'],
    ['a comment', '// /*! no */\n'],
  ])('the text of one in %s is none', (_, code) => {
    expect(licences(`${code}/*! yes */c;`)).toEqual(['/*! yes */']);
  });

  test('a division does not open a regular expression', () => {
    expect(licences('a=b/c;d="/";e=(f)/g;/*! yes */')).toEqual(['/*! yes */']);
    expect(licences('a=b[0]/2;/*! yes */ c=d/2')).toEqual(['/*! yes */']);
  });

  test('an open comment ends with the file', () => {
    expect(licences('a;/*! never closed')).toEqual(['/*! never closed']);
  });

  test('in CSS', () => {
    expect(licences('a{content:"/*! no */"}/*! yes */b{background:url(//x)}', 'css')).toEqual(['/*! yes */']);
  });
});

describe('the comment that names the source map', () => {
  const found = (code: string) => {
    const bytes = Buffer.from(code);
    const comment = sourceMapComment(bytes);
    return comment && [bytes.toString('utf8', comment.start, comment.end), comment.url];
  };

  test.each([
    ['a;\n//# sourceMappingURL=a.js.map\n', '\n//# sourceMappingURL=a.js.map\n', 'a.js.map'],
    ['a;\r\n//# sourceMappingURL=a.js.map', '\r\n//# sourceMappingURL=a.js.map', 'a.js.map'],
    ['a{}/*# sourceMappingURL=a.css.map */', '/*# sourceMappingURL=a.css.map */', 'a.css.map'],
    ['a//# sourceMappingURL=x\n;\n//# sourceMappingURL=y', '\n//# sourceMappingURL=y', 'y'],
    [
      'é\n//# sourceMappingURL=data:application/json;base64,e30=',
      '\n//# sourceMappingURL=data:application/json;base64,e30=',
      'data:application/json;base64,e30=',
    ],
  ])('%j', (code, comment, url) => {
    expect(found(code)).toEqual([comment, url]);
  });

  test.each(['', 'a;', 'a="//# sourceMappingURL=a.js.map";', '//# sourceMappingURL=a.js.map\na;'])(
    'not in %j',
    (code) => {
      expect(found(code)).toBe(null);
    },
  );
});
