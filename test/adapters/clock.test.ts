// The real and the scaled clock: sleeping, waking, and time that never runs backwards.
import { describe, expect, test } from '@jest/globals';
import { createClock, ScaledClock } from '../../src/adapters/clock.ts';
import { createManualClock } from '../support/manualClock.ts';

describe('the real clock', () => {
  test('sleeps, and wakes at once when the signal aborts, before or during', async () => {
    const clock = createClock();
    const before = clock.now();
    await clock.sleep(2);
    expect(clock.now()).toBeGreaterThanOrEqual(before + 1);
    await clock.sleep(1_000_000, AbortSignal.abort());
    const controller = new AbortController();
    const long = clock.sleep(10_000_000_000, controller.signal);
    controller.abort();
    await long;
  });
});

describe('the scaled clock', () => {
  test('runs faster, and goes on from where it is when the speed changes', async () => {
    const under = createManualClock(1_000_000);
    const clock = new ScaledClock({ speed: 60, epoch: 5_000_000, under });
    expect(clock.now()).toBe(5_000_000);
    await under.advance(100);
    expect(clock.now()).toBe(5_006_000);
    clock.setSpeed(1);
    expect(clock.now()).toBe(5_006_000);
    await under.advance(10);
    expect(clock.now()).toBe(5_006_010);
    clock.setSpeed(0);
    await under.advance(1_000_000);
    expect(clock.now()).toBe(5_006_010);
    expect(() => clock.setSpeed(-1)).toThrow(RangeError);
    expect(() => clock.setSpeed(Number.NaN)).toThrow(RangeError);
  });

  test('wakes sleepers by the speed of the time they sleep through', async () => {
    const under = createManualClock();
    const clock = new ScaledClock({ speed: 1, under });
    let woken = 0;
    const sleeping = clock.sleep(60_000).then(() => {
      woken = clock.now();
    });
    const due = clock.now() + 60_000;
    await under.advance(30_000);
    clock.setSpeed(100);
    await under.advance(299);
    expect(woken).toBe(0);
    await under.advance(1);
    await sleeping;
    expect(woken).toBe(due);
  });

  test('wakes at once when the signal aborts, also while it stands still', async () => {
    const clock = new ScaledClock({ speed: 0, under: createManualClock() });
    const controller = new AbortController();
    const sleeping = clock.sleep(5, controller.signal);
    controller.abort();
    await sleeping;
    await clock.sleep(5, controller.signal);
  });
});

describe('the manual clock', () => {
  test('wakes sleepers in the order they are due, with the time they are due at, and those that sleep again on the way', async () => {
    const clock = createManualClock(0);
    const told: string[] = [];
    const loop = async (name: string, every: number, times: number): Promise<void> => {
      for (let round = 0; round < times; round += 1) {
        await clock.sleep(every);
        told.push(`${name}@${clock.now()}`);
      }
    };
    const all = Promise.all([loop('b', 20, 2), loop('a', 15, 3)]);
    await clock.advance(45);
    await all;
    expect(told).toEqual(['a@15', 'b@20', 'a@30', 'b@40', 'a@45']);
    expect(clock.now()).toBe(45);
    expect(clock.sleepers()).toEqual([]);
  });
});
