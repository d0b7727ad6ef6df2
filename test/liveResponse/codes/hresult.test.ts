// Windows error codes: read from any way of writing them, and named where the name is known.
import { describe, expect, test } from '@jest/globals';
import { readHresult, isFailure, hresultText } from '../../../src/liveResponse/codes/hresult.ts';

describe('a code', () => {
  test.each<[unknown, number]>([
    [-2147024891, 0x80070005],
    [2147942405, 0x80070005],
    ['-2147024891', 0x80070005],
    ['2147942405', 0x80070005],
    ['0x80070005', 0x80070005],
    [' 0X80070005 ', 0x80070005],
    ['80070005', 0x80070005],
    ['c0000005', 0xc0000005],
    ['F0000005', 0xf0000005],
    ['0xffffffff80070005', 0x80070005],
    ['0xFFFFFFFFC0000005', 0xc0000005],
    [5, 5],
    ['5', 5],
    ['70000005', 70000005],
    ['0x5', 5],
    [-0x8000_0000, 0x8000_0000],
    [0xffff_ffff, 0xffff_ffff],
  ])('%j is read', (value, code) => {
    expect(readHresult(value)).toBe(code);
  });

  test.each<[unknown]>([
    [0],
    ['0'],
    ['0x0'],
    [1.5],
    [NaN],
    [-0x8000_0001],
    [0x1_0000_0000],
    ['0x123456789'],
    ['0xffffffff00000005'],
    ['12345678901'],
    ['access denied'],
    ['7000000a'],
    ['x80070005'],
    ['8007000g'],
    ['0x'],
    [''],
    [undefined],
    [null],
    [{}],
    [true],
  ])('%j is none', (value) => {
    expect(readHresult(value)).toBeUndefined();
  });
});

test('a failure has the top bit, or is a known Win32 number', () => {
  expect([0x8000_0000, 0x80070005, 5, 12175].map(isFailure)).toEqual([true, true, true, true]);
  expect([0x7fff_ffff, 1, 4, 0x5005].map(isFailure)).toEqual([false, false, false, false]);
});

test.each([
  [0x80070005, '0x80070005 (access denied)'],
  [5, '0x00000005 (access denied)'],
  [0x80004005, '0x80004005 (unspecified failure)'],
  [0xc0000005, '0xC0000005 (access violation)'],
  [0x80070001, '0x80070001 (Win32 error 1)'],
  [0x80072ee7, '0x80072EE7 (the server name could not be resolved)'],
  [0x80080005, '0x80080005'],
  [0x12345, '0x00012345'],
])('%d is shown as %s', (code, text) => {
  expect(hresultText(code)).toBe(text);
});

test('every name of a code is a word that somebody can read', () => {
  const codes = [
    2, 3, 8, 32, 53, 112, 123, 225, 258, 299, 995, 1223, 1260, 1326, 1460, 1722, 12002, 12029,
  ].map((code) => 0x80070000 + code);
  const names = [...codes, 0x80004004, 0x80096010, 0x800b0100, 0xc000013a].map(hresultText);
  expect(names.filter((text) => !/^0x[0-9A-F]{8} \([a-zA-Z][^()]+\)$/.test(text))).toEqual([]);
});
