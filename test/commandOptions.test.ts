// The commands that check the bot, called wrongly: each says in a sentence what is wrong and what can be given.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from './support/root.ts';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly said: string;
}

function run(program: string, ...args: readonly string[]): Ran {
  const file = join(root, 'dist', 'test', program, 'run.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
    cwd: root,
  });
  return { code: status, out: stdout, said: stderr };
}

describe.each([
  ['crash', 'crash-test', '--kills', ['--kills', '--seed', '--keep']],
  ['checker', 'check-the-checker', '--count', ['--list', '--only', '--known', '--write']],
  ['fuzz', 'fuzz', '--cases', ['--seconds', '--target', '--replay']],
  ['longLife', 'long-life', '--hours', ['--simulated', '--real', '--judge']],
  ['simulate', 'simulate', '--seeds', ['--from', '--jobs', '--seed', '--plan', '--table']],
] as const)('%s', (program, name, number, some) => {
  test('tells on --help what can be given, and what its exit codes say', () => {
    const { code, out } = run(program, '--help');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^npm run ${name} -- `));
    for (const option of [...some, '--help', 'Ends with 0 where', 'with 2\\s+where an option is wrong'])
      expect(out).toMatch(new RegExp(option));
  });

  test.each([
    ['an option that there is not', ['--nothing'], /^Unknown option '--nothing'/],
    [
      'a number that is none',
      [number, 'many', '--simulated'].slice(0, program === 'longLife' ? 3 : 2),
      / and not "many"\.$/m,
    ],
  ])('refuses %s with a sentence, and does nothing', (_what, args, sentence) => {
    const { code, out, said } = run(program, ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(said.split('\n')[0]).toMatch(sentence);
    expect(said).toContain(`\n\nnpm run ${name} -- `);
    // No stack: a place in a file helps nobody who typed a wrong word.
    expect(said).not.toMatch(/\n\s+at /);
  });
});

test.each([
  ['fuzz', ['--replay', 'nothing.bin'], '--replay: there is no file nothing.bin.'],
  ['fuzz', ['--replay', 'package.json'], '--replay: the folder of package.json has the name of no target.'],
  ['longLife', [], 'Say which life: --simulated or --real.'],
  ['longLife', ['--real', '--judge', 'nothing'], '--judge: there is no file nothing.'],
  ['simulate', ['--plan', 'nothing'], '--plan: there is no file nothing.'],
  [
    'simulate',
    ['--plan', 'package.json'],
    '--plan: package.json holds no plan that a failing day was cut down to.',
  ],
  [
    'simulate',
    ['--plan', 'README.md'],
    '--plan: README.md holds no plan that a failing day was cut down to.',
  ],
  ['guards', ['--nothing'], "Unknown option '--nothing'"],
  ['checker', ['--faults', 'nothing'], '--faults: there is no file nothing.'],
])('%s %j: %s', (program, args, sentence) => {
  const { code, said } = run(program, ...args);
  expect({ code, first: said.split('\n')[0] }).toEqual({ code: 2, first: sentence });
});
