// For which operating systems a recipe is, and which recipes fit a device instead.
import { describe, expect, test } from '@jest/globals';
import type { Policy, Recipe } from '../../../../src/bot/policy/policy.ts';
import {
  judgeSystem,
  recipeOfAsk,
  systemsOf,
  wrongSystemSentence,
} from '../../../../src/bot/policy/recipes/recipeSystems.ts';
import { dump, policy } from '../../../support/policy.ts';

type Systems = NonNullable<Recipe['systems']>;
function recipe(name: string, systems: Systems, argument = 'process', chars = 'a-z'): Recipe {
  const args = [{ name: argument, chars, max: 9 }];
  return { ...dump, name, systems, args, usage: `${name} <host> <${argument}>` };
}

const forWindows = recipe('dump-win', ['windows']);
const others = [
  // Inherited by every object, so that a careless look-up would find a value for it.
  recipe('other', ['linux', 'macos'], 'constructor'),
  recipe('tool', ['linux']),
  recipe('third', ['linux'], 'path'),
  recipe('dump_lin', ['linux']),
  recipe('win', ['windows']),
];
const today: Policy = {
  ...policy,
  recipes: new Map([forWindows, ...others, dump].map((one) => [one.name, one])),
};
const ask = { host: 'hosta', args: { process: 'lsass' } };

describe('a recipe', () => {
  test('says for which systems it is as people write them', () => {
    expect(systemsOf({ systems: ['linux', 'macos'] })).toBe('Linux and macOS');
    expect(systemsOf({})).toBeUndefined();
  });

  test('fits its own systems, and every one where it names none', () => {
    expect(judgeSystem(today, forWindows, { os: 'Windows11' }, ask)).toBeUndefined();
    expect(judgeSystem(today, dump, { os: 'Ubuntu' }, ask)).toBeUndefined();
  });

  test('refuses nothing on a system that nobody knows', () => {
    expect(judgeSystem(today, forWindows, { os: 'Plan9' }, ask)).toEqual({
      is: 'unknown',
      systems: 'Windows',
    });
  });

  test.each([
    ['Android', 'phones and tablets', ask],
    ['Ubuntu', 'Linux', undefined],
  ])('is not for %s, with no other recipe named', (os, family, asked) => {
    expect(judgeSystem(today, forWindows, { os }, asked)).toEqual({
      is: 'no',
      systems: 'Windows',
      family,
      fits: [],
    });
  });
});

describe('the recipes that fit instead', () => {
  const fits = (args: Readonly<Record<string, string>>, reason?: string) => {
    const verdict = judgeSystem(today, forWindows, { os: 'Ubuntu' }, { host: 'hosta', args, reason });
    return verdict?.is === 'no' ? verdict.fits : [];
  };

  test('are three, first of the same beginning, then of the same arguments, as lines that can be typed', () => {
    expect(fits({ process: 'lsass' })).toEqual([
      { line: 'dump_lin hosta lsass', whole: true },
      { line: 'tool hosta lsass', whole: true },
      { line: 'other hosta <constructor>', whole: false },
    ]);
  });

  test('keep the reason, in marks that do not end it', () => {
    expect(fits({ process: 'lsass' }, 'see "case 7"').map(({ line }) => line)).toEqual([
      `dump_lin hosta lsass --reason "see 'case 7'"`,
      `tool hosta lsass --reason "see 'case 7'"`,
      'other hosta <constructor>',
    ]);
  });

  test('show what to fill in where they do not take the value', () => {
    expect(fits({ process: 'LSASS' })[0]).toEqual({ line: 'dump_lin hosta <process>', whole: false });
    expect(fits({})[0]).toEqual({ line: 'dump_lin hosta <process>', whole: false });
  });

  test('have the same arguments only where all of them are the same', () => {
    const [process, path] = ['process', 'path'].map((name) => ({ name, chars: 'a-z', max: 9 }));
    if (process === undefined || path === undefined) throw new Error('no arguments');
    const both = { ...forWindows, args: [process, path] };
    const joined = { ...recipe('joined', ['linux']), args: [{ ...process, name: 'processpath' }] };
    const same = { ...recipe('same', ['linux']), args: [process, path] };
    const recipes = new Map([both, joined, same].map((one) => [one.name, one]));
    const verdict = judgeSystem({ ...policy, recipes }, both, { os: 'Ubuntu' }, { host: 'h', args: {} });
    expect(verdict?.is === 'no' ? verdict.fits.map(({ line }) => line) : []).toEqual([
      'same h <process>',
      'joined h <process>',
    ]);
  });

  const wrong = {
    refused: 'wrongSystem',
    recipe: 'dump-win',
    systems: 'Windows',
    device: 'hosta',
    os: 'Ubuntu',
    family: 'Linux',
  } as const;

  test.each([
    [[], ' The policy has no recipe for Linux. "/lr help commands" lists what can be asked for without one.'],
    [['a hosta'], ' For Linux: “/lr a hosta”.'],
    [['a hosta', 'b hosta'], ' For Linux: “/lr a hosta” or “/lr b hosta”.'],
  ])('are told: %j', (lines, end) => {
    const sentence = wrongSystemSentence(
      { ...wrong, fits: lines.map((line) => ({ line, whole: true })) },
      '/lr',
    );
    expect(sentence).toBe(`dump-win is for Windows; hosta runs Ubuntu, so nothing was asked for.${end}`);
  });
});

describe('the recipe of an ask', () => {
  const common = { host: 'hosta', commands: [], title: 'dump' };
  const args = { process: 'lsass' };

  test('is the one of today, with the values that were given', () => {
    const expected = { recipe: dump, args };
    expect(recipeOfAsk(today, { ...common, kind: 'recipe', recipe: 'dump', args })).toEqual(expected);
    const before = { name: 'dump', args, from: 1 };
    expect(recipeOfAsk(today, { ...common, kind: 'again', recipe: before })).toEqual(expected);
  });

  test('is none where it has gone, or none was named', () => {
    expect(recipeOfAsk(today, { ...common, kind: 'recipe', recipe: 'gone', args })).toBeUndefined();
    expect(recipeOfAsk(today, { ...common, kind: 'again' })).toBeUndefined();
    expect(recipeOfAsk(today, { ...common, kind: 'sequence' })).toBeUndefined();
  });
});
