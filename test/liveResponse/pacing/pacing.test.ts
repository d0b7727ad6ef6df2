import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Rates } from '../../../src/liveResponse/pacing/callRates.ts';
import {
  afterThrottle,
  callKinds,
  CallRates,
  callsPerHour,
  callsPerMinute,
  capAt,
  capRestoreMs,
  defaultRates,
  elapsedOf,
  isParked,
  lateSearchMs,
  lateSearchSchedule,
  maxPenaltyMs,
  minSessionsForCapLearning,
  parkedAfterMs,
  parkedCancelPauseMs,
  parkedCancelTries,
  parkedGapMs,
  pollGap,
  pollGapMs,
  safetyMarginMs,
  sessionCap,
  sessionsAtOnce,
  submitsPerMinute,
} from '../../../src/liveResponse/pacing/callRates.ts';

const start = 1_700_000_000_000;
const minute = 60_000;

/** Most arrivals in any half-open span of `ms`. */
function most(times: readonly number[], ms: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  let best = 0;
  let from = 0;
  for (let to = 0; to < sorted.length; to += 1) {
    while ((sorted[to] ?? 0) - (sorted[from] ?? 0) >= ms) from += 1;
    best = Math.max(best, to - from + 1);
  }
  return best;
}

describe('the budgets', () => {
  test('are the documented ones by default', () => {
    expect(defaultRates.submit).toEqual([{ limit: 10, ms: minute }]);
    for (const kind of callKinds.filter((one) => one !== 'submit')) {
      expect(defaultRates[kind]).toEqual([
        { limit: 100, ms: minute },
        { limit: 1500, ms: 60 * minute },
      ]);
    }
    expect([submitsPerMinute, callsPerMinute, callsPerHour, sessionsAtOnce]).toEqual([10, 100, 1500, 25]);
  });

  test('never let the server see more than the limit in any window, though each call arrives up to a second late', () => {
    const rates: Rates = {
      ...defaultRates,
      list: [
        { limit: 5, ms: 3000 },
        { limit: 12, ms: 10_000 },
      ],
    };
    const steps = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 2500 }), fc.integer({ min: 0, max: safetyMarginMs })),
      {
        minLength: 1,
        maxLength: 120,
      },
    );
    fc.assert(
      fc.property(steps, fc.array(fc.integer({ min: 0, max: 12_000 }), { maxLength: 12 }), (asks, past) => {
        const budgets = new CallRates(rates);
        budgets.seed(
          'list',
          past.map((age) => start - age),
        );
        const arrivals: number[] = [];
        let now = start;
        for (const [gap, delay] of asks) {
          now += gap;
          if (budgets.take('list', now)) arrivals.push(now + delay);
        }
        expect(most(arrivals, 3000)).toBeLessThanOrEqual(5);
        expect(most(arrivals, 10_000)).toBeLessThanOrEqual(12);
      }),
      { numRuns: 300 },
    );
  });

  test('give a slot exactly when they said they would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9000 }), { minLength: 1, maxLength: 60 }), (gaps) => {
        const budgets = new CallRates();
        let now = start;
        for (const gap of gaps) {
          now += gap;
          const wait = budgets.waitFor('submit', now);
          if (wait > 0) {
            expect(budgets.take('submit', now + wait - 1)).toBe(false);
            now += wait;
          }
          expect(budgets.take('submit', now)).toBe(true);
        }
      }),
    );
  });

  test('send ten at once and the eleventh a minute and a second later', () => {
    const budgets = new CallRates();
    for (let n = 0; n < 10; n += 1) expect(budgets.take('submit', start)).toBe(true);
    expect(budgets.take('submit', start)).toBe(false);
    expect(budgets.waitFor('submit', start + 1000)).toBe(minute + safetyMarginMs - 1000);
    expect(budgets.left('submit', start)).toEqual([{ limit: 10, ms: minute, left: 0 }]);
    expect(budgets.left('submit', start + minute + safetyMarginMs - 1)[0]?.left).toBe(0);
    expect(budgets.left('submit', start + minute + safetyMarginMs)).toEqual([
      { limit: 10, ms: minute, left: 10 },
    ]);
  });

  test('sustain 1,500 calls an hour and not one more', () => {
    const budgets = new CallRates();
    let sent = 0;
    for (let now = start; now < start + 60 * minute; now += 100) if (budgets.take('list', now)) sent += 1;
    expect(sent).toBe(1500);
  });

  test('know of calls made before a restart', () => {
    const budgets = new CallRates();
    budgets.seed('submit', [start - 1000, start - 500, ...Array.from({ length: 8 }, () => start - 2000)]);
    expect(budgets.waitFor('submit', start)).toBe(minute + safetyMarginMs - 2000);
    budgets.seed('submit', [start - 10 * minute]);
    expect(budgets.left('submit', start)[0]?.left).toBe(0);
  });

  test('hold back the penalised kind alone, and never for more than an hour', () => {
    const budgets = new CallRates();
    budgets.backOff('link', start + 30_000);
    budgets.backOff('link', start + 10_000);
    expect(budgets.waitFor('link', start)).toBe(30_000);
    expect(budgets.waitFor('list', start)).toBe(0);
    budgets.backOff('link', start + 1e12);
    expect(budgets.waitFor('link', start)).toBe(maxPenaltyMs);
  });

  test('count what the journal puts into the future as sent just now, after a wall clock was set back', () => {
    const budgets = new CallRates();
    const clock = { now: () => start, elapsed: () => 5_000 };
    budgets.seed(
      'submit',
      elapsedOf([...Array.from({ length: 9 }, () => start + 3 * 60 * minute), start - 2_000], clock),
    );
    expect(budgets.take('submit', 5_000)).toBe(false);
    expect(budgets.waitFor('submit', 5_000)).toBe(minute + safetyMarginMs - 2_000);
    expect(budgets.waitFor('submit', 5_000 + minute + safetyMarginMs)).toBe(0);
  });

  test('refuse a rate that is none', () => {
    expect(() => new CallRates({ ...defaultRates, list: [{ limit: 0, ms: 1000 }] })).toThrow(RangeError);
    expect(() => new CallRates({ ...defaultRates, list: [{ limit: 5, ms: Number.NaN }] })).toThrow(
      RangeError,
    );
  });
});

describe('the expected time of a submission', () => {
  test('is now for the first ten places, a minute later for the next ten, and so on', () => {
    const budgets = new CallRates();
    expect(budgets.expectedIn(1, start)).toBe(0);
    expect(budgets.expectedIn(10, start)).toBe(0);
    expect(budgets.expectedIn(11, start)).toBe(minute + safetyMarginMs);
    expect(budgets.expectedIn(25, start)).toBe(2 * (minute + safetyMarginMs));
  });

  test('is when it is then really sent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 15 }),
        fc.integer({ min: 1, max: 30 }),
        (ages, position) => {
          const budgets = new CallRates();
          budgets.seed(
            'submit',
            ages.map((age) => start - age),
          );
          const expected = start + budgets.expectedIn(position, start);
          let now = start;
          for (let n = 1; n <= position; n += 1) {
            now += budgets.waitFor('submit', now);
            budgets.take('submit', now);
          }
          expect(now).toBe(expected);
        },
      ),
    );
  });

  test('waits for the end of a penalty', () => {
    const budgets = new CallRates();
    budgets.backOff('submit', start + 40_000);
    expect(budgets.expectedIn(1, start)).toBe(40_000);
  });
});

describe('the session cap', () => {
  test('falls to what was running when a 429 came, and rises by one every two minutes up to its ceiling', () => {
    const cap = sessionCap();
    expect(capAt(cap, start)).toBe(25);
    const lowered = afterThrottle(cap, 12, start);
    expect(capAt(lowered, start)).toBe(12);
    expect(capAt(lowered, start + capRestoreMs - 1)).toBe(12);
    expect(capAt(lowered, start + 3 * capRestoreMs)).toBe(15);
    expect(capAt(lowered, start + 100 * capRestoreMs)).toBe(25);
    expect(capAt(afterThrottle(lowered, 14, start + 3 * capRestoreMs), start + 3 * capRestoreMs)).toBe(14);
  });

  test('learns nothing from a 429 while hardly anything runs', () => {
    expect(capAt(afterThrottle(sessionCap(50), minSessionsForCapLearning - 1, start), start)).toBe(50);
    expect(capAt(afterThrottle(sessionCap(50), minSessionsForCapLearning, start), start)).toBe(5);
  });
});

describe('the gap between polls', () => {
  test('is 2.4 s while something runs, 30 s while only offline devices wait, and nothing after a submission', () => {
    expect(pollGapMs).toBe(2400);
    expect(pollGap({ active: 3, parked: 9, fresh: false })).toBe(pollGapMs);
    expect(pollGap({ active: 0, parked: 9, fresh: false })).toBe(parkedGapMs);
    expect(pollGap({ active: 0, parked: 9, fresh: true })).toBe(0);
    expect(pollGap({ active: 0, parked: 0, fresh: false })).toBeUndefined();
  });

  test('treats a session as parked when it is still pending after ten minutes', () => {
    expect(
      isParked({ action: { status: 'Pending', createdAt: start }, startedAt: start }, start + parkedAfterMs),
    ).toBe(false);
    expect(
      isParked(
        { action: { status: 'Pending', createdAt: start }, startedAt: start },
        start + parkedAfterMs + 1,
      ),
    ).toBe(true);
    expect(
      isParked(
        { action: { status: 'InProgress', createdAt: start }, startedAt: start },
        start + 2 * parkedAfterMs,
      ),
    ).toBe(false);
    expect(isParked({ action: { status: 'Pending' }, startedAt: start }, start + parkedAfterMs)).toBe(false);
    expect(
      isParked({ action: { status: 'Pending', createdAt: 0 }, startedAt: start }, start + parkedAfterMs + 1),
    ).toBe(true);
  });
});

describe('what is asked again until it is given up', () => {
  test('an attempt of a request that was given up is looked for at growing intervals for six hours', () => {
    const gaps = lateSearchSchedule.map((at, index) => at - (lateSearchSchedule[index - 1] ?? 0));
    expect(gaps[0]).toBe(5_000);
    expect(gaps.filter((gap, index) => gap < (gaps[index - 1] ?? 0))).toEqual([]);
    expect(lateSearchSchedule.at(-1)).toBe(lateSearchMs);
    expect(lateSearchMs).toBe(6 * 60 * minute);
  });

  test('a cancel that the policy asks for is tried for half an hour before it is a person’s turn', () => {
    expect(parkedCancelTries * parkedCancelPauseMs).toBe(30 * minute);
  });
});
