// The exact sliding window against a naive model that keeps every call ever made and counts them again each time.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SlidingWindow } from '../../../src/liveResponse/pacing/slidingWindow.ts';
import type { Rate } from '../../../src/liveResponse/pacing/slidingWindow.ts';

/** Everything by its definition: slow, and short enough to be seen to be right. */
class Naive {
  readonly #rates: readonly Rate[];
  readonly #margin: number;
  /** `end` is undefined while a call is under way. */
  readonly #calls: { end: number | undefined }[] = [];

  constructor(rates: readonly Rate[], margin: number) {
    this.#rates = rates;
    this.#margin = margin;
  }

  counting(rate: Rate, now: number): number {
    return this.#calls.filter(({ end }) => end === undefined || end > now - rate.ms - this.#margin).length;
  }

  free(now: number): boolean {
    return this.#rates.every((rate) => this.counting(rate, now) < rate.limit);
  }

  /** Undefined while calls under way alone fill a limit. */
  freeAt(from: number): number | undefined {
    // Room comes only at the moment at which a call leaves a window.
    const moments = this.#rates.flatMap((rate) =>
      this.#calls.flatMap(({ end }) => (end === undefined ? [] : [end + rate.ms + this.#margin])),
    );
    return [from, ...moments.filter((at) => at > from)].sort((a, b) => a - b).find((at) => this.free(at));
  }

  add(at: number): void {
    this.#calls.push({ end: at });
  }

  begin(): () => void {
    const call: { end: number | undefined } = { end: undefined };
    this.#calls.push(call);
    return () => (call.end = this.now);
  }

  now = 0;
}

const rates = fc.array(
  fc.record({ limit: fc.integer({ min: 1, max: 6 }), ms: fc.integer({ min: 1, max: 400 }) }),
  { minLength: 1, maxLength: 4 },
);
const margin = fc.constantFrom(0, 1, 30);

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 250 }) }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('take' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('add' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('begin' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('end' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('seed' as const),
      ages: fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 8 }),
    }),
  },
);

describe('the window and its model', () => {
  test('agree on every wait, every slot and everything that is left, whatever happened before', () => {
    fc.assert(
      fc.property(
        rates,
        margin,
        fc.array(step, { minLength: 1, maxLength: 80 }),
        (limits, marginMs, steps) => {
          const window = new SlidingWindow(limits, marginMs);
          const model = new Naive(limits, marginMs);
          const ends: (() => void)[] = [];
          for (const one of steps) {
            const now = model.now;
            if (one.what === 'pass') model.now += one.ms;
            if (one.what === 'take') {
              const free = model.free(now);
              expect(window.take(now)).toBe(free);
              if (free) model.add(now);
            }
            if (one.what === 'add') {
              window.add(now);
              model.add(now);
            }
            if (one.what === 'begin') {
              window.begin();
              ends.push(model.begin());
            }
            const end = one.what === 'end' ? ends.shift() : undefined;
            if (end !== undefined) {
              window.end(now);
              end();
            }
            if (one.what === 'seed') {
              window.seed(one.ages.map((age) => now - age));
              for (const age of one.ages) model.add(now - age);
            }
            const free = model.freeAt(model.now);
            if (free === undefined) expect(window.wait(model.now)).toBeGreaterThan(0);
            else expect(window.wait(model.now)).toBe(free - model.now);
            expect(window.left(model.now)).toEqual(
              limits.map((rate) => ({
                ...rate,
                left: Math.max(0, rate.limit - model.counting(rate, model.now)),
              })),
            );
            expect(window.isIdle(model.now)).toBe(
              limits.every((rate) => model.counting(rate, model.now) === 0),
            );
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test('agree on when each of many coming calls may be sent', () => {
    const past = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 12 });
    fc.assert(
      fc.property(rates, margin, past, fc.integer({ min: 0, max: 300 }), (limits, marginMs, ages, pause) => {
        const window = new SlidingWindow(limits, marginMs);
        const model = new Naive(limits, marginMs);
        window.seed(ages.map((age) => -age));
        for (const age of ages) model.add(-age);
        const foreseen = Array.from({ length: 15 }, (_, index) => window.expectedAt(index + 1, pause));
        let at = pause;
        const real = foreseen.map(() => {
          at = model.freeAt(at) ?? NaN;
          model.add(at);
          return at;
        });
        expect(foreseen).toEqual(real);
        // Foreseeing took nothing; reserving takes, and gives the moments that were foreseen.
        expect(real.map(() => window.reserve(pause))).toEqual(real);
      }),
      { numRuns: 300 },
    );
  });
});

test('calls under way fill a limit until they end, and count for a whole span after that', () => {
  const window = new SlidingWindow([{ limit: 2, ms: 1_000 }]);
  window.begin();
  window.begin();
  expect(window.wait(0)).toBe(1_000);
  expect(window.take(5_000)).toBe(false);
  window.end(5_000);
  expect(window.wait(5_000)).toBe(1_000);
  window.end(5_500);
  expect(window.take(5_999)).toBe(false);
  expect(window.take(6_000)).toBe(true);
  expect(window.isIdle(6_499)).toBe(false);
});

test('a window may be forgotten once its longest rate and the margin are over, and never while a call is under way', () => {
  const window = new SlidingWindow(
    [
      { limit: 5, ms: 10 },
      { limit: 200, ms: 1_000 },
    ],
    30,
  );
  expect(window.isIdle(0)).toBe(true);
  window.begin();
  expect(window.isIdle(0)).toBe(false);
  expect(window.isIdle(100_000)).toBe(false);
  window.end(100_000);
  expect(window.isIdle(101_029)).toBe(false);
  expect(window.isIdle(101_030)).toBe(true);
});

test('a window that saw a great many calls still keeps its longest rate', () => {
  const window = new SlidingWindow([
    { limit: 5, ms: 10 },
    { limit: 200, ms: 100_000 },
  ]);
  let sent = 0;
  for (let now = 0; now < 300_000; now += 1) if (window.take(now)) sent += 1;
  expect(sent).toBe(600);
});

test('however many calls it counted, a window keeps few of their times', () => {
  let reads = 0;
  /** A time that counts how often it is read. */
  const counted = (ms: number): number =>
    Object.assign(Object(ms), { valueOf: () => ((reads += 1), ms) }) as number;
  const window = new SlidingWindow([{ limit: 5, ms: 10_000 }]);
  for (let now = 0; now < 1_000; now += 1) window.add(counted(now));
  reads = 0;
  expect(window.left(1_000)).toEqual([{ limit: 5, ms: 10_000, left: 0 }]);
  expect(reads).toBeGreaterThanOrEqual(5);
  expect(reads).toBeLessThanOrEqual(10);
});

test.each([
  ['no whole limit', { limit: 1.5, ms: 1_000 }],
  ['no call at all', { limit: 0, ms: 1_000 }],
  ['no span', { limit: 1, ms: 0 }],
  ['a span that is no number', { limit: 1, ms: Number.NaN }],
])('a rate with %s is refused', (_, rate) => {
  expect(() => new SlidingWindow([rate])).toThrow(RangeError);
});
