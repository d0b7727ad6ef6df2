// Deliveries without an answer: as the metrics count them, and once their answer is decided.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Deliveries, keptWithin } from '../../src/adapters/deliveries/deliveries.ts';
import type { Disk } from '../../src/adapters/store/journal/disk.ts';
import { createManualClock } from '../support/manualClock.ts';
import type { ManualClock } from '../support/manualClock.ts';
import { createLogBook } from '../support/slack/slackHarness.ts';
import { createMemoryDisk, memoryFolder } from '../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../support/store/memoryDisk.ts';
import { testKeys } from '../support/store/testKeys.ts';

let clock: ManualClock;
let disk: MemoryDisk;
beforeEach(() => {
  clock = createManualClock();
  disk = createMemoryDisk(new Map(), { clock });
});

const open = (on: Disk = disk): Promise<Deliveries> =>
  Deliveries.open({
    disk: on,
    folder: memoryFolder,
    name: 'chat-deliveries.ndjson',
    keys: testKeys,
    clock,
    log: createLogBook(),
  });

test('who waits for an answer is counted from the moment a delivery is taken, also across a restart', async () => {
  const deliveries = await open();
  expect(deliveries.unanswered()).toEqual({ count: 0 });
  const began = clock.now();
  await clock.during(deliveries.keep('first', { text: 'a' }));
  await clock.advance(3_000);
  await clock.during(deliveries.keep('second', { text: 'b' }));
  expect(deliveries.unanswered()).toEqual({ count: 2, since: began });
  // A repeated one is the same, and one that gets no answer is none.
  await clock.during(deliveries.keep('first', { text: 'a' }));
  deliveries.ignore('third');
  expect(deliveries.unanswered()).toEqual({ count: 2, since: began });
  deliveries.begin('first');
  deliveries.done('first');
  expect(deliveries.unanswered().count).toBe(1);
  const again = await open();
  expect(again.unanswered().count).toBe(1);
  again.done('second');
  expect(again.unanswered()).toEqual({ count: 0 });
});

describe('a delivery whose answer is decided', () => {
  const words = 'Slack did not answer the bot, so this was not done.';
  const left = async (on: Disk) => {
    const { now, decided } = (await open(on)).left();
    return { now: now.map(({ memo }) => memo), decided: decided.map(({ memo, answer }) => [memo, answer]) };
  };

  test('is never done by a later process, which only has the answer, until that was given', async () => {
    const deliveries = await open();
    await clock.during(deliveries.keep('a', { text: 'dump hosta' }));
    deliveries.begin('a');
    await clock.during(deliveries.answerWith('a', words));
    const decided = { now: [], decided: [[{ text: 'dump hosta' }, words]] };
    expect(await left(disk.powerCut(() => 0))).toEqual(decided);
    // The first start writes the file again.
    const next = await open();
    expect(await left(disk.powerCut(() => 0))).toEqual(decided);
    next.done('a');
    expect(await left(disk.powerCut((n) => n - 1))).toEqual({ now: [], decided: [] });
  });

  test('is answered though the disk hangs, and then a later process may do it', async () => {
    let hangs = false;
    const deliveries = await open({
      ...disk,
      open(...args) {
        const file = disk.open(...args);
        return { ...file, flush: () => (hangs ? new Promise<void>(() => undefined) : file.flush()) };
      },
    });
    await clock.during(deliveries.keep('a', 1));
    hangs = true;
    let told = false;
    const ending = deliveries.answerWith('a', words).then(() => (told = true));
    await clock.advance(keptWithin - 1);
    expect(told).toBe(false);
    await clock.advance(1);
    await ending;
    expect(await left(disk)).toEqual({ now: [1], decided: [] });
  });
});
