import { describe, expect, test } from 'vitest';

import { walkLexically } from '../../src/measure/lexical.ts';

function statements(code: string, language: 'js' | 'css' = 'js'): string[] {
  const bytes = Buffer.from(code);
  const { statementEnds } = walkLexically(bytes, { language });
  const ends = statementEnds.at(-1) === bytes.length ? statementEnds : [...statementEnds, bytes.length];
  return ends.map((end, i) => bytes.toString('utf8', i === 0 ? 0 : ends[i - 1], end));
}

describe('top-level statements', () => {
  test.each<[string, string[]]>([
    ['minified', ['var a=1,b={c:2};', 'function d(){return{e:1}}', 'class f extends g{h(){}}', 'i();']],
    ['a call behind a function', ['function a(){}', '(()=>{b;c})();', 'd;']],
    ['object literals in expressions', ['var a={b:{c:1}},d=function(){e;f},g={};', 'h=()=>{};']],
    ['control flow', ['if(a){b;c}', 'for(;;){d}', 'while(e)f;', 'try{g}', 'catch{h}', 'async function i(){}']],
    ['braces in strings, templates, regular expressions', ['a="}";', 'b=`}${c({d:`}`})};`;', 'e=/[}]};/;', 'f;']],
    ['a regular expression with a quote behind a condition', [`if(a)/["'\`{]/.test(b);`, 'c;']],
    ['with line ends', ['var a = 1;\n', 'function b() {\n  c;\n}\n', '// d\nvar e = {\n  f: 1\n};\r\n']],
    ['exports at the end', ['a;', 'export{b as c}', ';']],
  ])('%s', (_, expected) => {
    expect(statements(expected.join(''))).toEqual(expected);
  });

  test('inside of a wrapping function', () => {
    expect(statements('"use strict";(()=>{var a=1;function b(){c}d();})();')).toEqual(
      ['"use strict";(()=>{', 'var a=1;', 'function b(){c}', 'd();', '})();'].flatMap((each) => each),
    );
  });

  test('rules of a style sheet', () => {
    expect(statements('@import "a";.b{c:d;e:"}"}@media x{.f{g:h}}\n.i{}', 'css')).toEqual([
      '@import "a";',
      '.b{c:d;e:"}"}',
      '@media x{.f{g:h}}\n',
      '.i{}',
    ]);
  });
});
