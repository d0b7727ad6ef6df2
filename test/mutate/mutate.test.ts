// The mutation run on a small planted package: what is caught, survives and hangs, and the exit codes.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../support/root.ts';
import { schemataOf } from './schemata/schemata.ts';

const tiny = `
export function isAdult(age) {
  return age >= 18;
}
export function price(count) {
  return count > 0 ? count * 2 : 0;
}
export const limits = [3, 2 * 5];
export function greeting(name) {
  return \`Hello \${name}\`;
}
`;

const tinyTest = `
import { beforeAll, describe, expect, test } from '@jest/globals';
import { greeting, isAdult, limits, price } from '../src/tiny.js';

describe('tiny', () => {
  let table = [];
  beforeAll(() => {
    table = [[-1, 0], [1, 2], [3, 6]];
  });
  test('prices', () => {
    for (const [count, expected] of table) expect(price(count)).toBe(expected);
  });
  test.each([[17, false], [18, true], [19, true]])('%s is adult: %s', (age, expected) => {
    expect(isAdult(age)).toBe(expected);
  });
  test('limits', async () => {
    await Promise.resolve();
    expect(limits).toEqual([3, 10]);
  });
  test('greets', () => {
    expect(typeof greeting('Sam')).toBe('string');
  });
});
`;

const loop = `
export function steps(count) {
  let done = 0;
  while (count > 0) {
    count -= 1;
    done += 1;
  }
  return done;
}
`;

const loopTest = `
import { expect, test } from '@jest/globals';
import { steps } from '../src/loop.js';
test('counts down', () => expect(steps(4)).toBe(4));
`;

const equal = {
  file: 'src/tiny.ts',
  kind: 'comparison',
  original: 'count > 0',
  mutant: '(count) >= (0)',
  within: 'price',
  reason: 'Nothing costs nothing either way.',
};

let dir = '';

function write(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lr-mutate-'));
  write('src/tiny.ts', '');
  write('test/tiny.test.ts', '');
  write('dist/src/tiny.js', tiny);
  write('dist/test/tiny.test.js', tinyTest);
  const part = { name: 'tiny', files: ['src/*.ts'], tests: ['test/**/*.test.ts'], floor: 90 };
  write('test/mutate/parts.json', JSON.stringify([part]));
  write('test/mutate/equal.json', JSON.stringify([equal]));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function mutate(...args: readonly string[]): { readonly code: number | null; readonly text: string } {
  const run = join(root, 'dist', 'test', 'mutate', 'run.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [run, '--root', dir, ...args], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return { code: status, text: stdout };
}

describe('the mutation run', () => {
  test('catches what a test tells apart, names what survives, and ends with 0 above the floor', () => {
    const { code, text } = mutate();
    expect(text).toMatch(/ 90\.9 % {5}10 of {4}11 caught, {3}0 by time, {4}1 survived {2}src\/tiny\.ts\n/);
    expect(text).toContain("tiny: survivors\n  src/tiny.ts:10 (greeting) string: `Hello ${name}` -> ''\n");
    expect(text).toContain('tiny: 90.9 %, floor 90 %; 12 of 12 mutants tried, 1 listed as equal');
    expect(code).toBe(0);
  });

  test('counts a mutant that never ends as caught by time, and goes on', () => {
    write('src/loop.ts', '');
    write('test/loop.test.ts', '');
    write('dist/src/loop.js', loop);
    write('dist/test/loop.test.js', loopTest);
    const { code, text } = mutate('--file', 'src/loop.ts', '--floor', '100');
    // Counting up and not counting at all.
    expect(text).toMatch(/100\.0 % {6}8 of {5}8 caught, {3}2 by time, {4}0 survived {2}src\/loop\.ts\n/);
    expect(code).toBe(0);
  });

  test('ends with 1 below the floor', () => {
    const { code, text } = mutate('--floor', '96');
    expect(text).toContain('floor 96 %: below the floor');
    expect(code).toBe(1);
  });

  test('counts what no test reaches as a survivor', () => {
    write('src/other.ts', '');
    write('dist/src/other.js', 'export function other(a, b) {\n  return a < b;\n}\n');
    const { code, text } = mutate('--file', 'src/o*.ts', '--floor', '1');
    expect(text).toContain('  src/other.ts:2 (other) comparison: a < b -> (a) <= (b) [no test reaches it]\n');
    expect(code).toBe(1);
  });

  test('leaves out a test that fails without any mutant', () => {
    write('test/wrong.test.ts', '');
    write('dist/test/wrong.test.js', tinyTest.replace('toEqual([3, 10])', 'toEqual([3, 10, 1])'));
    const { code, text } = mutate();
    expect(text).toContain(
      'fails without a mutant, left out: test/wrong.test.ts: tiny > limits: expect(received)',
    );
    expect(text).toContain('90.9 %, floor 90 %');
    expect(code).toBe(0);
  });

  test('is not good when no mutant was tried', () => {
    const { code, text } = mutate('--minutes', '0', '--seed', '7');
    expect(text).toContain('--seed 7 draws the same');
    expect(text).toContain('0 of 12 mutants tried');
    expect(code).toBe(1);
  });

  test.each([
    ['part', 'none', 'There is no part none. There are: tiny.'],
    ['jobs', '0', '--jobs must be a number, at least 1'],
  ])('refuses --%s %s with 2', (name, value, words) => {
    const { code, text } = mutate(`--${name}`, value);
    expect(text).toContain(words);
    expect(code).toBe(2);
  });
});

describe('an entry of the list of equal mutants is stale', () => {
  test.each([
    ['when its text is gone', { ...equal, original: 'count > 1' }, 'describes 0 mutants instead of 1'],
    [
      'when it describes more mutants than it says',
      { ...equal, mutant: undefined },
      'describes 2 mutants instead of 1',
    ],
    [
      'when a test catches it',
      { ...equal, kind: 'string', original: '`Hello ${name}`', mutant: undefined, within: 'greeting' },
      'a test catches it: test/strict.test.ts: greets by name',
    ],
    ['when no part has its file', { ...equal, file: 'src/gone.ts' }, 'no part mutates this file'],
  ])('%s, and the run ends with 1', (_when, entry, words) => {
    write('test/strict.test.ts', '');
    const strict = `
      import { expect, test } from '@jest/globals';
      import { greeting } from '../src/tiny.js';
      test('greets by name', () => expect(greeting('Sam')).toBe('Hello Sam'));`;
    write('dist/test/strict.test.js', strict);
    write('test/mutate/equal.json', JSON.stringify([entry]));
    const { code, text } = mutate('--floor', '0');
    expect(text).toContain('stale entry in the list of equal mutants: ');
    expect(text).toContain(words);
    expect(code).toBe(1);
  });
});

test('an entry is not stale because a test took too long, which a busy machine does, too', () => {
  write('src/loop.ts', '');
  write('test/loop.test.ts', '');
  write('dist/src/loop.js', loop);
  write('dist/test/loop.test.js', loopTest);
  const endless = { file: 'src/loop.ts', kind: 'statement', original: 'count -= 1;', reason: 'Planted.' };
  write('test/mutate/equal.json', JSON.stringify([endless]));
  const { code, text } = mutate('--file', 'src/loop.ts');
  expect(text).toContain(
    'not settled in the list of equal mutants: src/loop.ts, in steps: statement: count -= 1; -> (left out): a test takes too long with it: test/loop.test.ts: counts down',
  );
  expect(text).not.toContain('stale');
  expect(code).toBe(0);
});

describe('the mutants of a text', () => {
  const mutantsOf = (text: string): readonly string[] =>
    schemataOf({ file: 'x.ts', text }, 0).mutants.map(
      ({ kind, original, mutant }) => `${kind}: ${original} -> ${mutant}`,
    );

  test.each([
    ['a ?? b;', ['statement: a ?? b; -> (left out)', 'logical: a ?? b -> (a) && (b)']],
    ['x = !a;', ['statement: x = !a; -> (left out)', 'not: !a -> a']],
    ['const x = true;', ['boolean: true -> false']],
    ['const f = (a) => a.some(g);', ['body: a.some(g) -> undefined', 'method: a.some -> a.every']],
    ['if (a) b();', ['condition: a -> true', 'condition: a -> false', 'statement: b(); -> (left out)']],
    ['for (; a; ) b();', ['condition: a -> false', 'statement: b(); -> (left out)']],
    ['class A { m() { return 1; } }', ['body: { return 1; } -> {}']],
    ["import 'x'; const y = 'a' + b;", ["string: 'a' -> ''"]],
    ["throw new Error('why');", ["statement: throw new Error('why'); -> (left out)"]],
    ["const t = { 'a': '' };", []],
    [`const t = { ${Array.from({ length: 16 }, (_one, index) => `${index}: 'x'`).join(', ')} };`, []],
    [`const t = [${Array.from({ length: 16 }, (_one, index) => `[${index}, 'x']`).join(', ')}];`, []],
  ])('%s', (text, expected) => {
    expect(mutantsOf(text)).toEqual(expected);
  });

  test('leave the program as it was while none is active', () => {
    const text = `
      const list = [[1, 'a'], [2, 'b']];
      const found = list?.find(([key]) => key === 2)?.[1].startsWith('b') ?? false;
      let sum = 0;
      for (let at = 0; at < 3; at += 1) { if (at % 2 === 0 && found) sum += at; else sum -= 1; }
      return \`\${sum} \${found}\`;`;
    const { text: changed, mutants } = schemataOf({ file: 'x.ts', text: `function run() {${text}}` }, 5);
    const run = (active: number): unknown =>
      // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
      new Function('__mutant', `${changed}; return run();`)((id: number) => id === active);
    expect(run(-1)).toBe('1 true');
    const modulo = mutants.find(({ original, kind }) => original === 'at % 2' && kind === 'arithmetic');
    expect(modulo?.id).toBeGreaterThanOrEqual(5);
    expect(run(modulo?.id ?? -1)).toBe('-2 true');
  });
});
