// Recipe arguments: whole values of allowed characters, filled once.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Recipe } from '../../../../src/bot/policy/policy.ts';
import {
  fill,
  fillCommand,
  holds,
  placesIn,
  readChars,
  rendersAs,
} from '../../../../src/bot/policy/recipes/recipes.ts';
import { dump } from '../../../support/policy.ts';

const two: Recipe = {
  ...dump,
  name: 'two',
  args: [
    { name: 'a', chars: 'a-z{}', max: 10 },
    { name: 'b', chars: 'a-z', max: 10 },
  ],
  commands: [
    { type: 'PutFile', fileName: '{a}.exe' },
    { type: 'RunScript', scriptName: 's.ps1', args: '{a} {b} {a} {c} {5f0c-1}' },
    { type: 'RunScript', scriptName: 't.ps1' },
    { type: 'GetFile', path: 'C:\\{b}' },
  ],
};

test('every place is filled, in every command, and other braces stay', () => {
  expect(fill(two, ['x', 'y'])).toEqual({
    args: { a: 'x', b: 'y' },
    commands: [
      { type: 'PutFile', fileName: 'x.exe' },
      { type: 'RunScript', scriptName: 's.ps1', args: 'x y x {c} {5f0c-1}' },
      { type: 'RunScript', scriptName: 't.ps1' },
      { type: 'GetFile', path: 'C:\\y' },
    ],
  });
});

test('a value is not looked at again, so that it cannot name another place', () => {
  expect(fill(two, ['{b}', 'y'])).toMatchObject({
    commands: [{ fileName: '{b}.exe' }, { args: '{b} y {b} {c} {5f0c-1}' }, {}, {}],
  });
});

test('a value with a dollar sign is put in as it is', () => {
  const money: Recipe = { ...dump, args: [{ name: 'process', chars: '$&a-z', max: 9 }] };
  expect(fill(money, ['$&a$$'])).toMatchObject({
    commands: [{ args: '$&a$$' }, { path: 'C:\\windows\\TEMP\\$&a$$.dmp.zip' }],
  });
});

describe('a value is refused', () => {
  test.each([
    [[], { reason: 'missing', argument: 'process' }],
    [[''], { reason: 'empty' }],
    [['-p'], { reason: 'dash' }],
    [['a..b'], { reason: 'dots' }],
    [['a b'], { reason: 'characters', found: ' ' }],
    [['lsаss'], { reason: 'characters', found: 'а' }],
    [['a😀'], { reason: 'characters', found: '😀' }],
    [['a'.repeat(65)], { reason: 'tooLong', max: 64 }],
    [['a', 'b'], { reason: 'tooMany', value: 'b', index: 1 }],
  ])('%j', (values, expected) => {
    expect(fill(dump, values)).toMatchObject(expected);
  });
});

describe('a value that PowerShell would read as something else (row 2.14)', () => {
  const recipe = (args: string): Recipe => ({
    ...dump,
    args: [{ name: 'process', chars: ' -~–—―', max: 64 }],
    commands: [{ type: 'RunScript', scriptName: 's.ps1', args }],
  });

  test.each(['-Force', '–Force', '—Force', '―Force'])('%s is a parameter, within quotes too', (value) => {
    for (const args of ['{process}', '"{process}"'])
      expect(fill(recipe(args), [value])).toMatchObject({ reason: 'dash', value });
  });

  test.each(['@x', '#x', ',x'])('%s begins something else, outside quotes alone', (value) => {
    expect(fill(recipe('-A {process}'), [value])).toMatchObject({ reason: 'sign', value });
    expect(fill(recipe('-A "{process}"'), [value])).toHaveProperty('commands');
    expect(fill(recipe('-A:x{process}'), [value])).toHaveProperty('commands');
  });

  test('one place where it is read so is enough', () => {
    for (const args of ['"{process}" {process}', '{process} "{process}"']) {
      expect(fill(recipe(args), ['@x'])).toMatchObject({ reason: 'sign' });
      expect(fill(recipe(args), ['C:\\x\\'])).toMatchObject({ reason: 'backslash' });
    }
  });

  test.each([
    ['{a}', 'first'],
    ['-A {a}', 'first'],
    ['-A:{a}', 'plain'],
    ["'x' {a}", 'first'],
    ['"{a}"', 'quoted, before the quote'],
    ["'{a}'", 'quoted, before the quote'],
    ['“{a}”', 'quoted, before the quote'],
    ['"it\'s {a}"', 'quoted, before the quote'],
    ['"{a} y"', 'quoted'],
    ['"{a}\'y"', 'quoted'],
    ['"x {a}', 'plain'],
  ])('the place in %s is %s', (args, how) => {
    const [place] = placesIn(args);
    const words = [
      place?.first === true ? ['first'] : [],
      place?.quoted === true ? ['quoted'] : [],
      place?.beforeQuote === true ? ['before the quote'] : [],
    ].flat();
    expect(words.length === 0 ? 'plain' : words.join(', ')).toBe(how);
  });

  test('a backslash before the closing quote would take it', () => {
    expect(fill(recipe('-A "{process}"'), ['C:\\x\\'])).toMatchObject({ reason: 'backslash' });
    expect(fill(recipe('-A "{process}\\y"'), ['C:\\x\\'])).toHaveProperty('commands');
    expect(fill(recipe('-A {process}'), ['C:\\x\\'])).toHaveProperty('commands');
  });
});

test('characters are read as single ones and ranges, with hyphens first or last', () => {
  expect(readChars('A-Za-z0-9._-')).toEqual([
    [65, 90],
    [97, 122],
    [48, 57],
    [46, 46],
    [95, 95],
    [45, 45],
  ]);
  expect(readChars('-a')).toEqual([
    [45, 45],
    [97, 97],
  ]);
  expect(readChars('a-a')).toEqual([[97, 97]]);
  expect(readChars('Z-A')).toBeUndefined();
  expect(readChars('')).toBeUndefined();
});

test('a value is taken exactly when each character is listed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (value) => {
      const listed = /^[A-Za-z0-9._-]+$/.test(value) && !value.startsWith('-') && !value.includes('..');
      expect('commands' in fill(dump, [value])).toBe(listed);
      expect(Array.from(value).every((one) => holds(readChars('A-Za-z0-9._-') ?? [], one))).toBe(
        /^[A-Za-z0-9._-]+$/.test(value),
      );
    }),
    { numRuns: 500 },
  );
});

test('the longest value is taken, and an inherited name fills no place', () => {
  expect(fill(dump, ['a'.repeat(64)])).toHaveProperty('commands');
  const command = { type: 'GetFile', path: 'C:\\{constructor}' } as const;
  expect(fillCommand(command, {})).toEqual(command);
});

describe('a recipe makes today what it made then', () => {
  const args = { process: 'lsass' };
  const filled = fill(dump, ['lsass']);
  const commands = 'commands' in filled ? filled.commands : [];

  test('from the beginning, or from where an earlier request stopped', () => {
    expect(rendersAs(dump, args, 0, commands)).toBe(true);
    expect(rendersAs(dump, args, 1, commands.slice(1))).toBe(true);
  });

  test('unless a value is missing, also where every object has something of that name', () => {
    const args = [{ name: 'constructor', chars: 'a-z', max: 9 }];
    const inherited: Recipe = { ...dump, args, commands: [{ type: 'GetFile', path: 'C:\\{constructor}' }] };
    expect(rendersAs(inherited, { process: 'x' }, 0, [{ type: 'GetFile', path: 'C:\\x' }])).toBe(false);
  });

  test('unless commands, values or arguments are others', () => {
    expect(rendersAs(dump, args, 0, commands.slice(1))).toBe(false);
    expect(rendersAs(dump, { process: 'other' }, 0, commands)).toBe(false);
    expect(rendersAs(dump, { ...args, more: 'x' }, 0, commands)).toBe(false);
    expect(rendersAs(dump, { name: 'lsass' }, 0, commands)).toBe(false);
  });
});
