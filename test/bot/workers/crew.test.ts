// The running workers by name: which of them wake, and what they say of themselves.
import { expect, test } from '@jest/globals';
import { Crew } from '../../../src/bot/workers/crew.ts';
import { hangsAfter } from '../../../src/bot/workers/worker.ts';
import type { Log } from '../../../src/liveResponse/ports.ts';
import { createManualClock } from '../../support/manualClock.ts';

const minute = 60_000;
const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Three workers that sleep; `runs` has their names, one for each pass. */
async function begin() {
  const clock = createManualClock();
  const real = createManualClock();
  const runs: string[] = [];
  const crew = new Crew(clock, real, silent);
  const work = (name: string) => ({
    name,
    purpose: `is ${name}`,
    pass: () => Promise.resolve(void runs.push(name)),
  });
  expect(crew.status()).toEqual([]);
  crew.start(work('one'));
  crew.start(work('two'));
  crew.startByMachine(work('clock'));
  await clock.settle();
  return { clock, real, runs, crew };
}

test('workers wake when they are nudged by name, or all of them, and tell how they are', async () => {
  const { clock, runs, crew } = await begin();
  expect(runs.splice(0)).toEqual(['one', 'two', 'clock']);
  crew.nudge('two', 'nobody');
  await clock.settle();
  expect(runs.splice(0)).toEqual(['two']);
  crew.nudgeAll();
  await clock.settle();
  expect(runs.splice(0)).toEqual(['one', 'two', 'clock']);
  expect(crew.status()).toMatchObject([
    { name: 'one', purpose: 'is one' },
    { name: 'two', purpose: 'is two' },
    { name: 'clock', purpose: 'is clock' },
  ]);
  await crew.stop();
  crew.nudgeAll();
  await clock.settle();
  expect(runs).toEqual([]);
});

test('workers keep time with the tenant, and those of the machine with it', async () => {
  const { clock, real, runs, crew } = await begin();
  runs.splice(0);
  await clock.advance(minute);
  expect(runs.splice(0)).toEqual(['one', 'two']);
  await real.advance(minute);
  expect(runs.splice(0)).toEqual(['clock']);
  await crew.stop();
});

test('workers that could not run for a while are excused', async () => {
  const clock = createManualClock();
  const crew = new Crew(clock, clock, silent);
  let open: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (open = resolve));
  crew.start({ name: 'one', purpose: 'hangs', pass: () => closed.then(() => undefined) });
  await clock.advance(hangsAfter + 1);
  expect(crew.status()[0]?.stuck).toBeDefined();
  crew.excuse();
  expect(crew.status()[0]?.stuck).toBeUndefined();
  const stopped = crew.stop();
  open();
  await stopped;
});

test('a pass that breaks is logged', async () => {
  const clock = createManualClock();
  const errors: string[] = [];
  const crew = new Crew(clock, clock, { ...silent, error: (event) => void errors.push(event) });
  crew.start({ name: 'one', purpose: 'breaks', pass: () => Promise.reject(new TypeError('a bug')) });
  await clock.settle();
  expect(errors).toHaveLength(1);
  await crew.stop();
});
