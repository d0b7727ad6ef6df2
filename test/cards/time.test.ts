// Times and durations as people read them.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { duration, size, stamp, timeOf } from '../../cards/clip.ts';

describe('times', () => {
  test('every instant from 1900 to 2200 reads as the calendar says', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2200, 0) }), (ms) => {
        const iso = new Date(ms).toISOString();
        expect(stamp(ms)).toBe(`${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`);
      }),
    );
  });

  test.each([
    [Date.UTC(2000, 1, 29, 23, 59), '2000-02-29 23:59 UTC'],
    [Date.UTC(2100, 2, 1), '2100-03-01 00:00 UTC'],
    [Date.UTC(2024, 11, 31, 23, 59, 59, 999), '2024-12-31 23:59 UTC'],
    [0, '1970-01-01 00:00 UTC'],
    [-1, '1969-12-31 23:59 UTC'],
    [Number.NaN, 'at a time not known'],
  ])('%d reads as %s', (ms, text) => {
    expect(stamp(ms)).toBe(text);
  });

  test('the date is left out only on the same UTC day', () => {
    const day = Date.UTC(2026, 10, 23);
    expect(timeOf(day + 15 * 3_600_000 + 4 * 60_000, day)).toBe('15:04 UTC');
    expect(timeOf(day - 1, day)).toBe('2026-11-22 23:59 UTC');
  });

  test.each([
    [-5, 'under 1 s'],
    [999, 'under 1 s'],
    [3000, '3 s'],
    [59_999, '59 s'],
    [120_000, '2 min'],
    [125_000, '2 min 5 s'],
    [29 * 60_000 + 59_000, '29 min'],
    [65 * 60_000, '1 h 5 min'],
    [47 * 3_600_000, '47 h'],
    [72 * 3_600_000, '3 days'],
    [50 * 3_600_000, '2 days 2 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [999_499, '999 kB'],
    [999_900, '1.0 MB'],
    [51_380_224, '51 MB'],
    [2_900_000_000, '2.9 GB'],
    [-1, 'size not known'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });
});
