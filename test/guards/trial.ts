// One guard taken out: its tests with it in place, and without it.
import type { Copy, Instead, Outcome } from './copy.ts';
import type { Guard } from './entries.ts';
import { builtFile, mutantOf } from './entries.ts';

export type Verdict =
  | { readonly kind: 'found'; readonly by: string }
  | { readonly kind: 'survived' | 'invalid'; readonly words: string };

/** Failures that tell of a mutant that cannot run, not of a missing guard. */
const cannotRun = /\b(?:ReferenceError|SyntaxError)\b|does not provide an export named|Cannot find module/;

/** Which tests. */
export type Named = Pick<Guard, 'tests' | 'testName'>;

/** What the tests of a file come to with nothing changed. */
export type Control = (copy: Copy, test: string) => Promise<Outcome>;

/**
 * Runs the tests of a file with every guard in place, once for all entries that name it, and keeps what
 * passed.
 */
export function controls(selected: readonly Named[]): Control {
  const kept = new Map<string, Promise<Outcome>>();
  return (copy, test) => {
    const before = kept.get(test);
    if (before !== undefined) return before;
    const names = selected.filter(({ tests }) => tests.includes(test)).map(({ testName }) => testName);
    const all = names.some((name) => name === undefined);
    const outcome = copy.run(
      [test],
      all ? undefined : [...new Set(names)].map((name) => `(?:${name ?? ''})`).join('|'),
    );
    kept.set(test, outcome);
    return outcome;
  };
}

/**
 * What becomes of a guard's tests without it: one of those that pass with it must fail, and not because the
 * module cannot run.
 */
export async function tried(guard: Guard, copy: Copy, control: Control): Promise<Verdict> {
  const mutant = mutantOf(guard);
  return 'problem' in mutant
    ? { kind: 'invalid', words: mutant.problem }
    : await testedWith({ module: builtFile(guard.file), text: mutant.module }, guard, { copy, control });
}

/** The same for a module that was changed in any way. */
export async function testedWith(
  instead: Instead,
  { tests, testName }: Named,
  { copy, control }: { readonly copy: Copy; readonly control: Control },
): Promise<Verdict> {
  const passed = new Set<string>();
  for (const test of tests) {
    const whole = await control(copy, test);
    const [broken] = whole.broken;
    if (broken !== undefined) return { kind: 'invalid', words: `${test} cannot be run: ${broken}` };
    const pattern = testName === undefined ? undefined : new RegExp(testName, 'i');
    const failed = whole.failed.find(({ name }) => pattern?.test(name) ?? true);
    if (failed !== undefined)
      return {
        kind: 'invalid',
        words: `with the guard in place this fails already: ${failed.name}: ${failed.words.split('\n')[0] ?? ''}`,
      };
    for (const name of whole.passed) if (pattern?.test(name) ?? true) passed.add(name);
  }
  if (passed.size === 0) return { kind: 'invalid', words: 'no test has that name' };
  const without = await copy.run(tests, testName, instead);
  const failures = without.failed.filter(({ name }) => passed.has(name));
  const real = failures.find(({ words }) => !cannotRun.test(words));
  if (real !== undefined) return { kind: 'found', by: real.name };
  const [first] = failures;
  if (first !== undefined)
    return {
      kind: 'invalid',
      words: `without the guard the module cannot run: ${first.words.split('\n')[0] ?? ''}`,
    };
  const [broken] = without.broken;
  if (broken !== undefined)
    return { kind: 'invalid', words: `without the guard no test could be run: ${broken}` };
  return { kind: 'survived', words: `${without.passed.length} tests pass without it` };
}
