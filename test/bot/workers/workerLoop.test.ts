// What a worker says of itself while it runs, sleeps, hangs, stops or has ended.
import { describe, expect, test } from '@jest/globals';
import { hangsAfter, longestSleep, startWorker } from '../../../src/bot/workers/worker.ts';
import type { Turn, Worker } from '../../../src/bot/workers/worker.ts';
import type { Clock, Log } from '../../../src/liveResponse/ports.ts';
import { createManualClock } from '../../support/manualClock.ts';
import type { ManualClock } from '../../support/manualClock.ts';

const minute = 60_000;

interface Loop {
  readonly worker: Worker;
  /** Of the worker; `real` is the machine's own. */
  readonly clock: ManualClock;
  readonly real: ManualClock;
  readonly turns: readonly Turn[];
  readonly logged: readonly (readonly [string, unknown])[];
  /** Ends the pass under way, which wants to come again after so long; or breaks it. */
  readonly end: (ms?: number) => Promise<void>;
  readonly fail: (error: unknown) => Promise<void>;
}

function begin(sleep?: Clock['sleep']): Loop {
  const [clock, real] = [createManualClock(), createManualClock()];
  const logged: (readonly [string, unknown])[] = [];
  const line = (event: string, fields: unknown): void => void logged.push([event, fields]);
  const log: Log = { info: line, warn: line, error: line };
  const turns: Turn[] = [];
  const passes: { resolve(ms: number | undefined): void; reject(error: unknown): void }[] = [];
  const pass = (turn: Turn) =>
    new Promise<number | undefined>((resolve, reject) => {
      turns.push(turn);
      passes.push({ resolve, reject });
    });
  const timed = sleep === undefined ? clock : { ...clock, sleep };
  const worker = startWorker({ name: 'test', purpose: 'is tested', pass }, timed, log, real);
  return {
    worker,
    clock,
    real,
    turns,
    logged,
    end: (ms) => (passes.at(-1)?.resolve(ms), clock.settle()),
    fail: (error) => (passes.at(-1)?.reject(error), clock.settle()),
  };
}

describe('a worker tells', () => {
  test('nothing but what it is during its first pass; then its last and its next run', async () => {
    const { worker, clock, end } = begin();
    const who = { name: 'test', purpose: 'is tested' };
    expect(worker.status()).toStrictEqual(who);
    await clock.advance(5_000);
    await end(20_000);
    const lastRun = clock.now();
    expect(worker.status()).toStrictEqual({ ...who, lastRun, nextRun: lastRun + 20_000 });
    await clock.advance(8_000);
    expect(worker.status()).toStrictEqual({ ...who, lastRun, nextRun: lastRun + 20_000 });
    await clock.advance(12_000);
    expect(worker.status()).toStrictEqual({ ...who, lastRun });
  });

  test('its next run as now where it is late', async () => {
    const { worker, clock, end } = begin(() => new Promise<void>(() => undefined));
    await end(1_000);
    await clock.advance(30_000);
    expect(worker.status().nextRun).toBe(clock.now());
  });

  test('its last error, until a pass goes well', async () => {
    const { worker, clock, logged, end, fail } = begin();
    const error = new Error('broken');
    await fail(error);
    expect(logged).toEqual([['passFailed', { worker: 'test', error }]]);
    expect(worker.status().lastError).toBe('broken');
    await clock.advance(1_000);
    await fail('a text');
    expect(worker.status().lastError).toBe('a text');
    await clock.advance(1_000);
    await end();
    expect(worker.status()).not.toHaveProperty('lastError');
  });
});

describe('a worker is stuck', () => {
  test('where a pass hangs, counted from its begin, and not by the sleep before', async () => {
    const { worker, clock, real, end } = begin();
    await end();
    await real.advance(hangsAfter + minute);
    worker.nudge();
    await clock.settle();
    expect(worker.status()).not.toHaveProperty('stuck');
    await real.advance(hangsAfter);
    expect(worker.status()).not.toHaveProperty('stuck');
    await real.advance(1);
    expect(worker.status().stuck).toBe('a pass has hung for 5 minutes');
  });

  test('not while it gives signs of life', async () => {
    const { worker, real, turns } = begin();
    await real.advance(hangsAfter);
    expect(turns[0]?.goOn()).toBe(true);
    await real.advance(hangsAfter);
    expect(worker.status().stuck).toBeUndefined();
  });

  test('where it does not wake up: a minute after its time at the earliest', async () => {
    const { worker, clock, real, end } = begin(() => new Promise<void>(() => undefined));
    await clock.advance(10_000);
    await end(2_000);
    await real.advance(hangsAfter + 1);
    await clock.advance(2_000 + longestSleep);
    expect(worker.status().stuck).toBeUndefined();
    await clock.advance(1);
    expect(worker.status().stuck).toBe('it does not wake up');
  });

  test('not by what its last pass took', async () => {
    const { worker, clock, real, end } = begin(() => new Promise<void>(() => undefined));
    await real.advance(hangsAfter);
    await end(1_000);
    await clock.advance(2 * minute);
    await real.advance(2 * minute);
    expect(worker.status().stuck).toBeUndefined();
  });

  test('where its loop has ended', async () => {
    const error = new Error('no timers');
    const { worker, logged, end } = begin(() => Promise.reject(error));
    await end();
    expect(logged).toEqual([['workerEnded', { worker: 'test', error }]]);
    expect(worker.status().stuck).toBe('it has ended');
  });

  test('never while it stops; its pass is told to', async () => {
    const { worker, real, turns, end } = begin();
    const stopping = worker.stop();
    expect(turns[0]?.goOn()).toBe(false);
    await real.advance(hangsAfter + 1);
    expect(worker.status().stuck).toBeUndefined();
    await end();
    await stopping;
    expect(worker.status().stuck).toBeUndefined();
    expect(turns).toHaveLength(1);
  });
});
