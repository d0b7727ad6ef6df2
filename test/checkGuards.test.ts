// The lists of guards are true without running them: each entry finds its text, compiles, and has a row of
// its own in docs/guards.md. That the tests fail without each guard is shown by `npm run check-guards`.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCopy } from './guards/copy.ts';
import { builtFile, compile, hashOf, mutantOf, readGuards } from './guards/entries.ts';
import type { Guard } from './guards/entries.ts';
import { pageOf, rowsIn } from './guards/page.ts';
import { controls, tried } from './guards/trial.ts';
import { root } from './support/root.ts';

const guards = readGuards();

describe('the lists of test/guards', () => {
  test('name texts that are there once, in modules that still compile without them', () => {
    expect(guards.length).toBeGreaterThan(30);
    expect(
      guards
        .map((guard) => ({ guard, mutant: mutantOf(guard) }))
        .flatMap(({ guard, mutant }) =>
          'problem' in mutant ? [`${guard.part}: ${guard.guard}: ${mutant.problem}`] : [],
        ),
    ).toEqual([]);
  });

  test('say what each guard stops in one sentence, and no two the same', () => {
    const sentences = guards.map(({ guard }) => guard);
    expect(sentences.filter((sentence) => sentence.length < 20 || /\n/.test(sentence))).toEqual([]);
    expect(sentences.filter((sentence, at) => sentences.indexOf(sentence) !== at)).toEqual([]);
  });

  test('are compiled as the build compiles them', () => {
    const files = [...new Set(guards.map(({ file }) => file))];
    const other = files.filter((file) => {
      const compiled = compile(file, readFileSync(join(root, file), 'utf8'));
      return (
        !('module' in compiled) ||
        compiled.module.trimEnd() !== readFileSync(join(root, builtFile(file)), 'utf8').trimEnd()
      );
    });
    expect(other).toEqual([]);
  });
});

describe('docs/guards.md', () => {
  const page = readFileSync(join(root, 'docs', 'guards.md'), 'utf8');
  const rows = rowsIn(page);

  test('has a row for each entry as it is now: run "npm run check-guards" after a change', () => {
    const tried = new Set(rows.map(({ entry }) => entry));
    expect(
      guards.filter((guard) => !tried.has(hashOf(guard))).map(({ part, guard }) => `${part}: ${guard}`),
    ).toEqual([]);
    expect(rows.map(({ entry }) => entry)).toEqual(guards.map(hashOf));
  });

  test('is as the script writes it', () => {
    expect(page).toBe(pageOf(rows));
  });
});

describe('taking a guard out', () => {
  const one: Guard = {
    part: 'sample',
    guard: 'Letters that look alike are folded',
    file: 'src/liveResponse/device/confusables.ts',
    find: 'export function skeleton(',
    replace: 'export function skeleton(',
    tests: ['test/liveResponse/device/lookAlikes.test.ts'],
  };

  test.each([
    ['nowhere', { find: 'no such text' }, /holds the text to find 0 times/],
    ['twice', { find: 'export ' }, /times instead of once/],
    ['unchanged', {}, /the same with the guard and without it/],
    ['no longer a program', { replace: 'export function (' }, /./],
    ['in a file that is gone', { file: 'src/gone.ts' }, /src\/gone\.ts is not there/],
  ])('cannot be tried where its text is %s', (_name, changed, words) => {
    const mutant = mutantOf({ ...one, ...changed });
    expect('problem' in mutant ? mutant.problem : '').toMatch(words);
  });

  test('is found, survives or cannot run, and the module is whole again afterwards', async () => {
    const copy = openCopy();
    try {
      const verdict = async (changed: Partial<Guard>): Promise<string> =>
        (await tried({ ...one, ...changed }, copy, controls([one]))).kind;
      expect(
        await verdict({ replace: "export const skeleton = (): string => '';\nexport function another(" }),
      ).toBe('found');
      expect(await verdict({ replace: 'export const another = 1;\nexport function skeleton(' })).toBe(
        'survived',
      );
      expect(await verdict({ replace: 'export function another(' })).toBe('invalid');
      expect(await verdict({ replace: 'missing();\nexport function skeleton(' })).toBe('invalid');
      expect(
        await verdict({
          testName: 'a name that no test has',
          replace: 'export const another = 1;\nexport function skeleton(',
        }),
      ).toBe('invalid');
      expect((await copy.run(one.tests, undefined)).failed).toEqual([]);
    } finally {
      copy.close();
    }
  });
});
