// The sliding windows by themselves: no series of calls may get more through any window than the limit says.
import fc from 'fast-check';
import { expect, test } from '@jest/globals';
import { Windows } from '../../src/simulator/calls/limits.ts';

test('no window of any place holds more than the allowed calls, and every call that fits is let through', () => {
  const limit = { max: 10, perMs: 60_000 };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }), (gaps) => {
      const windows = new Windows();
      const passed: number[] = [];
      let now = 0;
      for (const gap of gaps) {
        now += gap;
        const within = passed.filter((at) => at > now - limit.perMs).length;
        const throttled = windows.count('run', [limit], now, false);
        expect(throttled === undefined).toBe(within < limit.max);
        if (throttled === undefined) passed.push(now);
      }
    }),
  );
});

test('waiting as long as Retry-After says is enough', () => {
  const windows = new Windows();
  const limits = [
    { max: 3, perMs: 60_000 },
    { max: 5, perMs: 3_600_000 },
  ];
  let now = 500;
  for (let call = 0; call < 40; call += 1) {
    const throttled = windows.count('list', limits, now, false);
    if (throttled !== undefined) {
      now += throttled.retryAfterSeconds * 1_000;
      expect(windows.count('list', limits, now, false)).toBeUndefined();
    }
    now += 700;
  }
});

test('calls of a clock that was ahead before a restart are forgotten', () => {
  const limits = [{ max: 1, perMs: 60_000 }];
  const windows = new Windows({ run: [9_000_000] });
  expect(windows.count('run', limits, 1_000_000, false)).toBeUndefined();
  expect(windows.count('run', limits, 1_000_001, false)).toEqual({ limit: limits[0], retryAfterSeconds: 60 });
});
