import { describe, expect, it } from 'vitest';
import { PareError } from '../../src/model/errors.ts';
import { parseScenario } from '../../src/verify/index.ts';

function problemsOf(value: unknown): string {
  try {
    parseScenario(JSON.stringify(value), 'my/scenario.json');
  } catch (error) {
    if (error instanceof PareError) return `${error.code}\n${error.message}`;
    throw error;
  }
  return 'none';
}

describe('parseScenario', () => {
  it('gives back a right scenario', () => {
    const browser = {
      kind: 'browser',
      name: 'b',
      steps: [{ go: '/' }, { type: ['#a', ''] }, { history: 'back' }, { wait: 5 }],
    };
    const node = { kind: 'node', name: 'n', program: 'a.js', runs: [{ name: 'r', args: [], see: { exit: 0 } }] };
    expect(parseScenario(JSON.stringify(browser), 'f')).toEqual(browser);
    expect(parseScenario(node, 'f')).toEqual(node);
  });

  it('tells every problem with its path', () => {
    const steps = [
      { go: 'cart' },
      { clik: 'x' },
      { go: '/', see: 'a' },
      { type: ['#a'] },
      5,
      { mark: 'm' },
      { history: 'up' },
    ];
    const said = problemsOf({ kind: 'browser', name: '', steps, colour: 'red' });
    for (const path of [
      'name',
      'steps[0].go',
      'steps[1].clik',
      'steps[2]',
      'steps[3].type',
      'steps[4]',
      'steps[6].history',
      'colour',
    ]) {
      expect(said).toContain(`\n  ${path}`);
    }
    expect(said).toMatch(/^scenario-invalid\nmy\/scenario\.json/);
    expect(said).toContain('must have exactly one key, has go, see');
  });

  it('refuses two marks of one name, an unknown kind, and what is no JSON', () => {
    expect(problemsOf({ kind: 'browser', name: 'b', steps: [{ mark: 'a' }, { mark: 'a' }] })).toContain('two marks');
    expect(problemsOf({ kind: 'deno' })).toContain('must be "browser" or "node"');
    expect(() => parseScenario('{', 'f')).toThrow(expect.objectContaining({ code: 'scenario-json' }));
  });
});
