// A card whose chat does not take it up for long, because of all that is sent there before it.
import { expect, test } from '@jest/globals';
import { begin, drawn, minute, passed } from './keptCards.ts';

test('a card that waits for its turn is no news at first, and told once after five minutes, and again when it was drawn', async () => {
  const table = begin([drawn('lr-1', 'queued', 0)]);
  const line: (() => void)[] = [];
  table.chat.gate = (call) =>
    call.startsWith('slot') ? new Promise((resolve) => line.push(resolve)) : undefined;
  expect(await table.sync.pass()).toBe(5 * minute);
  table.clock.passed += 5 * minute - 1;
  expect(await table.sync.pass()).toBe(1);
  expect(table.chat.said).toEqual([]);
  table.clock.passed += 1;
  await table.sync.pass();
  await table.sync.pass();
  for (const go of line) go();
  await table.sync.idle();
  table.chat.gate = () => undefined;
  await passed(table, minute);
  await passed(table, minute);
  expect(table.chat.said.map(({ text }) => text)).toEqual([
    'The card of lr-1 in console:incidents cannot be updated since 22:15 UTC (it waits for its turn among other messages). The bot tries again by itself.',
    'console:incidents shows lr-1 again.',
  ]);
});
