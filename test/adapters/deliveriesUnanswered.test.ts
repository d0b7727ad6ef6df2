// Deliveries without an answer, as the metrics count them.
import { expect, test } from '@jest/globals';
import { Deliveries } from '../../src/adapters/deliveries/deliveries.ts';
import { createManualClock } from '../support/manualClock.ts';
import { createLogBook } from '../support/slack/slackHarness.ts';
import { createMemoryDisk, memoryFolder } from '../support/store/memoryDisk.ts';
import { testKeys } from '../support/store/testKeys.ts';

test('who waits for an answer is counted from the moment a delivery is taken, also across a restart', async () => {
  const clock = createManualClock();
  const disk = createMemoryDisk(new Map(), { clock });
  const open = (): Promise<Deliveries> =>
    Deliveries.open({
      disk,
      folder: memoryFolder,
      name: 'chat-deliveries.ndjson',
      keys: testKeys,
      clock,
      log: createLogBook(),
    });
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
