// Posts keep a second apart in each channel, updates stay below the workspace's minute, and what is urgent
// goes first.
import { beforeEach, expect, test } from '@jest/globals';
import { WriteRates } from '../../../src/adapters/slack/outbound/webApi.ts';
import { updatesPerMinute } from '../../../src/adapters/slack/limits.ts';
import { createManualClock } from '../../support/manualClock.ts';
import type { ManualClock } from '../../support/manualClock.ts';

let clock: ManualClock;
let budgets: WriteRates;
let stalled: number;
let done: { readonly what: string; readonly at: number }[];
let began: number;

beforeEach(() => {
  clock = createManualClock();
  stalled = 0;
  done = [];
  began = clock.now();
  budgets = new WriteRates(clock, () => Math.max(0, stalled - clock.now()));
});
function note(what: string, turn: Promise<boolean>): void {
  void turn.then((mine) => done.push({ what: mine ? what : `not ${what}`, at: clock.now() - began }));
}

test('posts in one channel are a second apart, those of others do not wait for them', async () => {
  for (const what of ['a1', 'a2', 'a3']) note(what, budgets.post('C1'));
  note('b1', budgets.post('C2'));
  await clock.advance(5_000);
  expect(done).toEqual([
    { what: 'a1', at: 0 },
    { what: 'b1', at: 0 },
    { what: 'a2', at: 1_000 },
    { what: 'a3', at: 2_000 },
  ]);
});

test('no minute, wherever it begins, sees more updates than the budget', async () => {
  for (let at = 0; at < 200; at += 1) note('u', budgets.update(false));
  await clock.advance(300_000);
  const times = done.map(({ at }) => at);
  expect(times).toHaveLength(200);
  for (const start of times)
    expect(times.filter((at) => at >= start && at < start + 60_000).length).toBeLessThanOrEqual(
      updatesPerMinute,
    );
});

test('an urgent update overtakes those that wait', async () => {
  for (let at = 0; at < updatesPerMinute; at += 1) void budgets.update(false);
  note('late', budgets.update(false));
  note('urgent', budgets.update(true));
  await clock.advance(30_000);
  expect(done).toEqual([]);
  expect(budgets.waiting()).toBe(2);
  await clock.advance(31_000);
  expect(done.map(({ what }) => what)).toEqual(['urgent', 'late']);
});

test('a throttled method holds back its own kind alone', async () => {
  stalled = clock.now() + 7_000;
  note('update', budgets.update(true));
  await clock.advance(6_000);
  expect(done).toEqual([]);
  await clock.advance(2_000);
  expect(done).toEqual([{ what: 'update', at: 7_000 }]);
});

test('what waits when it stops gets no turn', async () => {
  void budgets.post('C1');
  note('post', budgets.post('C1'));
  for (let at = 0; at < updatesPerMinute; at += 1) void budgets.update(false);
  note('update', budgets.update(true));
  await clock.settle();
  budgets.stop();
  await clock.settle();
  expect(done.map(({ what }) => what).sort()).toEqual(['not post', 'not update']);
  expect(await budgets.update(true)).toBe(false);
});
