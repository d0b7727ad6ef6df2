// JSON of strangers: its depth is known before it is parsed, and inherited names are never seen.
import { describe, expect, test } from '@jest/globals';
import {
  depthOf,
  field,
  isRecord,
  listOf,
  maxJsonCharacters,
  maxJsonDepth,
  maxJsonNames,
  maxJsonValues,
  parseJson,
  recordOf,
  shortText,
  textOf,
  textsOf,
} from '../../../src/liveResponse/text/json.ts';
import { timesAsLong, tooSteep } from '../../support/linearTime.ts';

describe('the depth of a text', () => {
  test.each([
    ['', 0],
    ['1', 0],
    ['[]', 1],
    ['{"a":[1]}', 2],
    ['[[],[]]', 2],
    ['[][]', 1],
    ['[{},[[]]]', 3],
    ['"[[["', 0],
    ['["]]]",[]]', 2],
    ['["a\\"[["]', 1],
    ['["a\\\\",[[]]]', 3],
    ['"[', 0],
    [']]][', 0],
    ['[[', 2],
  ])('%s is %d', (text, depth) => {
    expect(depthOf(text)).toBe(depth);
  });

  test('is not counted beyond what is asked for', () => {
    expect(depthOf('['.repeat(1_000), 10)).toBe(11);
    expect(depthOf('[[]]', 2)).toBe(2);
  });
});

describe('a value', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  test('is read where it is JSON and not too deep', () => {
    expect(parseJson('null')).toEqual({ value: null });
    expect(parseJson('{"a":1}')).toEqual({ value: { a: 1 } });
    expect(parseJson('{a:1}')).toBeUndefined();
    expect(parseJson('')).toBeUndefined();
    expect(maxJsonDepth).toBe(64);
    expect(parseJson(nested(64))).toBeDefined();
    expect(parseJson(nested(65))).toBeUndefined();
    expect(parseJson(nested(2), 1)).toBeUndefined();
  });

  test('is read up to the longest text that is looked at, and not beyond', () => {
    expect(parseJson('7'.padEnd(maxJsonCharacters))).toEqual({ value: 7 });
    expect(parseJson('7'.padEnd(maxJsonCharacters + 1))).toBeUndefined();
  });

  test('is read with as many values as any answer holds, and not with more', () => {
    const commas = (count: number): string => `[${'0,'.repeat(count)}0]`;
    expect(maxJsonValues).toBe(200_000);
    expect(parseJson(commas(200_000))).toBeDefined();
    expect(parseJson(commas(200_001))).toBeUndefined();
    // Those within a text are none, whatever is quoted in it.
    const text = '\\",'.repeat(200_001);
    expect(parseJson(JSON.stringify(['a', text, 'b']))).toEqual({ value: ['a', text, 'b'] });
  });

  test('is read with as many names as any answer holds, and not with more', () => {
    const names = (count: number): string =>
      `{${Array.from({ length: count }, (_, at) => `"k${at}":0`).join(',')}}`;
    expect(maxJsonNames).toBe(25_000);
    expect(parseJson(names(25_000))).toBeDefined();
    expect(parseJson(names(25_001))).toBeUndefined();
    expect(parseJson(`[${'{"a":0},'.repeat(25_001)}0]`)).toBeUndefined();
    expect(parseJson(names(3), maxJsonDepth, 3)).toBeDefined();
    expect(parseJson(names(100), maxJsonDepth, 3)).toBeUndefined();
    // Nor does a colon in a text count.
    const text = '\\":'.repeat(25_001);
    expect(parseJson(JSON.stringify([text, { a: text }]))).toEqual({ value: [text, { a: text }] });
  });

  test('of the most costly names that are read takes not much longer than one of as many plain values as are read', () => {
    const values = `[${'"ab",'.repeat(maxJsonValues - 1)}0]`;
    const costly = [
      `{${Array.from({ length: maxJsonNames }, (_, at) => `"k${at}":0`).join(',')}}`,
      `[${Array.from({ length: maxJsonNames }, (_, at) => `{"k${at}":0}`).join(',')}]`,
    ];
    for (const text of [...costly, values]) expect(parseJson(text)).toBeDefined();
    for (const text of costly) expect(timesAsLong(text, values, parseJson)).toBeLessThan(tooSteep);
  });
});

describe('a field', () => {
  test('is an own property of an object', () => {
    expect(field({ a: 1 }, 'a')).toBe(1);
    expect(field(parseJson('{"__proto__":7}')?.value, '__proto__')).toBe(7);
    expect(field([5], '0')).toBe(5);
  });

  test.each<[unknown, string]>([
    [{}, 'toString'],
    [{}, '__proto__'],
    [null, 'a'],
    [undefined, 'a'],
    ['text', 'length'],
    [7, 'toFixed'],
  ])('of %j is none called %s', (value, name) => {
    expect(field(value, name)).toBeUndefined();
  });
});

describe('a value of another kind than expected counts as absent', () => {
  const record = { a: 1 };
  const list = ['a', 7, null, 'b'];

  test.each<readonly [string, unknown, boolean]>([
    ['an object', record, true],
    ['an empty object', {}, true],
    ['a list', list, false],
    ['nothing', null, false],
    ['a text', 'text', false],
    ['what is not there', undefined, false],
  ])('as an object: %s', (_what, value, is) => {
    expect(isRecord(value)).toBe(is);
    expect(recordOf(value)).toEqual(is ? value : {});
  });

  test('as a list, and as the texts in one', () => {
    expect(listOf(list)).toBe(list);
    expect(textsOf(list)).toEqual(['a', 'b']);
    for (const other of [record, 'ab', null]) expect([listOf(other), textsOf(other)]).toEqual([[], []]);
  });

  test('as a text', () => {
    expect(['a', '', 7, null].map(textOf)).toEqual(['a', '', '', '']);
  });

  test('as a short text, which is neither empty nor cut', () => {
    expect(shortText('abc', 3)).toBe('abc');
    expect(shortText('abcd', 3)).toBeUndefined();
    expect([shortText(''), shortText(7), shortText(undefined)]).toEqual([undefined, undefined, undefined]);
  });
});
