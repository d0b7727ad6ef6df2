// Rows 1.16 and 1.17: a wall clock that is set, or a machine that slept, is noticed, said, and makes nobody
// wait.
import { describe, expect, test } from '@jest/globals';
import { createAges } from '../../../src/bot/workers/transition.ts';
import {
  createClockWatch,
  createNextWake,
  hangsAfter,
  longestSleep,
  startWorker,
} from '../../../src/bot/workers/worker.ts';
import type { Log } from '../../../src/liveResponse/ports.ts';
import { createManualClock } from '../../support/manualClock.ts';

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const hour = 3_600_000;

describe('rows 1.16 and 1.17: the watch over the clock', () => {
  test.each([
    ['set back by 3 h', -3 * hour, /jumped back by 3 h/],
    ['set forward by 3 h', 3 * hour, /jumped forward by 3 h/],
  ])('sees a clock that is %s, wakes everybody and says so for ten minutes', async (_what, by, words) => {
    const clock = createManualClock();
    const calls: string[] = [];
    const watch = createClockWatch(clock, silent, {
      jumped: () => void calls.push('jumped'),
      stoodStill: () => void calls.push('stoodStill'),
    });
    await watch.pass();
    expect([calls, watch.trouble()]).toEqual([[], undefined]);
    clock.jump(by);
    await watch.pass();
    expect([calls, watch.jumps()]).toEqual([['jumped'], 1]);
    expect(watch.trouble()).toMatch(words);
    await clock.advance(10 * 60_000 + 1);
    expect(watch.trouble()).toBeUndefined();
  });

  test('sees a machine that slept, whether or not its monotonic clock slept with it', async () => {
    for (const elapsed of [true, false]) {
      const clock = createManualClock();
      const calls: string[] = [];
      const watch = createClockWatch(clock, silent, {
        jumped: () => void calls.push('jumped'),
        stoodStill: () => void calls.push('stoodStill'),
      });
      clock.suspend(3 * hour, elapsed);
      await watch.pass();
      expect(calls).toEqual(elapsed ? ['stoodStill', 'jumped'] : ['jumped']);
    }
  });

  test('takes a slow look and a small correction for what they are', async () => {
    const clock = createManualClock();
    const calls: string[] = [];
    const watch = createClockWatch(clock, silent, {
      jumped: () => void calls.push('jumped'),
      stoodStill: () => void calls.push('stoodStill'),
    });
    clock.jump(-1_500);
    await clock.advance(20_000);
    await watch.pass();
    expect(calls).toEqual([]);
  });
});

test('a machine that stood still, and a clock that is off by no more than a correction, is no jump', async () => {
  const clock = createManualClock();
  let jumped = 0;
  const watch = createClockWatch(clock, silent, {
    jumped: () => void (jumped += 1),
    stoodStill: () => undefined,
  });
  for (const [by, jumps] of [
    [3_000, 0],
    [-3_000, 0],
    [3_001, 1],
  ] as const) {
    clock.suspend(60_000, true);
    clock.jump(by);
    await watch.pass();
    expect(watch.jumps()).toBe(jumps);
  }
  expect(jumped).toBe(3);
});

describe('an age', () => {
  test('is neither stretched nor cut short by a clock that is set, and takes the journal at its word once', async () => {
    const clock = createManualClock();
    const ages = createAges(clock);
    const at = clock.now() - 5_000;
    expect(ages.of('a', at)).toBe(5_000);
    clock.jump(-3 * hour);
    await clock.advance(1_000);
    expect(ages.of('a', at)).toBe(6_000);
    clock.jump(9 * hour);
    expect(ages.of('a', at)).toBe(6_000);
    // Another event under the same name, which the journal puts into the future.
    expect(ages.of('a', clock.now() + hour)).toBe(0);
  });
});

describe('the wakes of a pass', () => {
  test('are counted from its end: a pause by elapsed time, a time of day by the wall clock', async () => {
    const clock = createManualClock();
    const wakes = createNextWake(clock);
    expect(wakes.wait()).toBeUndefined();
    wakes.after(10_000);
    wakes.at(clock.now() + 60_000);
    await clock.advance(4_000);
    expect(wakes.wait()).toBe(6_000);
    clock.jump(-3 * hour);
    expect(wakes.wait()).toBe(6_000);
    clock.jump(4 * hour);
    expect(wakes.wait()).toBe(0);
  });
});

describe('row 1.18: a worker', () => {
  const work = (pass: () => Promise<number | undefined>) => ({ name: 'test', purpose: 'is tested', pass });

  test('never sleeps longer than a minute, whatever its pass asks for', async () => {
    const clock = createManualClock();
    let passes = 0;
    const worker = startWorker(
      work(() => Promise.resolve(((passes += 1), 3 * hour))),
      clock,
      silent,
    );
    await clock.settle();
    clock.jump(-3 * hour);
    await clock.advance(longestSleep);
    expect(passes).toBe(2);
    await worker.stop();
  });

  test('whose pass hangs says so after five minutes, and no longer once it goes on', async () => {
    const clock = createManualClock();
    let goOn: () => void = () => undefined;
    const worker = startWorker(
      work(
        () =>
          new Promise((resolve) => {
            goOn = () => {
              resolve(undefined);
            };
          }),
      ),
      clock,
      silent,
    );
    await clock.advance(hangsAfter);
    expect(worker.status().stuck).toBeUndefined();
    await clock.advance(60_000);
    expect(worker.status().stuck).toMatch(/hung for 6 minutes/);
    worker.excuse();
    expect(worker.status().stuck).toBeUndefined();
    await clock.advance(hangsAfter + 1);
    goOn();
    await clock.settle();
    expect(worker.status().stuck).toBeUndefined();
    const stopping = worker.stop();
    goOn();
    await stopping;
  });

  test('that gives signs of life in a long pass does not hang', async () => {
    const clock = createManualClock();
    const worker = startWorker(
      {
        name: 'test',
        purpose: 'is tested',
        pass: async (turn) => {
          while (turn.goOn()) await clock.sleep(60_000);
          return undefined;
        },
      },
      clock,
      silent,
    );
    await clock.advance(3 * hour);
    expect(worker.status().stuck).toBeUndefined();
    const stopping = worker.stop();
    await clock.advance(60_000);
    await stopping;
  });

  test('that does not wake up says so', async () => {
    const clock = createManualClock();
    const asleep = { ...clock, sleep: () => new Promise<void>(() => undefined) };
    const worker = startWorker(
      work(() => Promise.resolve(1_000)),
      asleep,
      silent,
    );
    await clock.settle();
    await clock.advance(hangsAfter + longestSleep + 2_000);
    expect(worker.status().stuck).toBe('it does not wake up');
  });

  test('tells its last run, its last error and its next run', async () => {
    const clock = createManualClock();
    const worker = startWorker(
      work(() => Promise.reject(new Error('broken'))),
      clock,
      silent,
    );
    await clock.settle();
    expect(worker.status()).toEqual({
      name: 'test',
      purpose: 'is tested',
      lastRun: clock.now(),
      lastError: 'broken',
      nextRun: clock.now() + 1_000,
    });
    await worker.stop();
  });
});
