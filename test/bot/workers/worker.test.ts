// The loop every part of the bot runs in: it may neither die, spin nor oversleep.
import { describe, expect, test } from '@jest/globals';
import { startWorker } from '../../../src/bot/workers/worker.ts';
import type { Pass, Work } from '../../../src/bot/workers/worker.ts';
import type { Log } from '../../../src/liveResponse/ports.ts';
import { createManualClock } from '../../support/manualClock.ts';

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

const work = (pass: Pass): Work => ({ name: 'test', purpose: 'is tested', pass });

describe('a worker', () => {
  test('runs again when its pass wants to, and not before', async () => {
    const clock = createManualClock();
    let passes = 0;
    const worker = startWorker(
      work(() => Promise.resolve(((passes += 1), 500))),
      clock,
      silent,
    );
    await clock.settle();
    expect(passes).toBe(1);
    await clock.advance(499);
    expect(passes).toBe(1);
    await clock.advance(1);
    expect(passes).toBe(2);
    await worker.stop();
  });

  test('runs at once when nudged, also when the nudge comes during a pass', async () => {
    const clock = createManualClock();
    let passes = 0;
    let during: (() => void) | undefined;
    const worker = startWorker(
      work(() => {
        passes += 1;
        during?.();
        during = undefined;
        return Promise.resolve(undefined);
      }),
      clock,
      silent,
    );
    await clock.settle();
    during = () => {
      worker.nudge();
    };
    worker.nudge();
    await clock.settle();
    expect(passes).toBe(3);
    await worker.stop();
  });

  test('survives a pass that throws, logs it, and waits a second so that it does not spin', async () => {
    const clock = createManualClock();
    const errors: unknown[] = [];
    let passes = 0;
    const worker = startWorker(
      work(() => ((passes += 1), Promise.reject(new Error('broken')))),
      clock,
      { ...silent, error: (event, fields) => void errors.push([event, fields?.['worker']]) },
    );
    await clock.settle();
    expect([passes, errors]).toEqual([1, [['passFailed', 'test']]]);
    await clock.advance(1000);
    expect(passes).toBe(2);
    await worker.stop();
  });

  test('looks once a minute even when nobody nudges it', async () => {
    const clock = createManualClock();
    let passes = 0;
    const worker = startWorker(
      work(() => Promise.resolve(((passes += 1), undefined))),
      clock,
      silent,
    );
    await clock.advance(60_000);
    expect(passes).toBe(2);
    await worker.stop();
  });

  test('stops only when the pass under way has ended', async () => {
    const clock = createManualClock();
    let finish: () => void = () => undefined;
    const worker = startWorker(
      work(
        () =>
          new Promise((resolve) => {
            finish = () => {
              resolve(undefined);
            };
          }),
      ),
      clock,
      silent,
    );
    await clock.settle();
    let stopped = false;
    const stopping = worker.stop().then(() => (stopped = true));
    await clock.settle();
    expect(stopped).toBe(false);
    finish();
    await stopping;
    expect(stopped).toBe(true);
  });
});
