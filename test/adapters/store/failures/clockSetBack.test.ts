// The wall clock set back by hours, during a run and across a restart: what goes by time, with the real store and
// the files beside it.
import { describe, expect, test } from '@jest/globals';
import { createExpiry } from '../../../../src/bot/workers/requests/judging.ts';
import { createAges } from '../../../../src/bot/workers/transition.ts';
import { CallRates, elapsedOf } from '../../../../src/liveResponse/pacing/callRates.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import type { ManualClock } from '../../../support/manualClock.ts';
import { stateIn } from '../../../support/requests/requests.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { approved, askedOf, claimed, denied, noon, openTestStore, picture } from '../sample.ts';
import { copied, filledFolder, openParts, openRecordOn, signatures, started } from './dataFolder.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const diskOf = (clock: ManualClock): MemoryDisk => createMemoryDisk(new Map(), { clock });

describe('the journal', () => {
  test('goes on with earlier times, verifies, and folds to the same after the restart', async () => {
    const clock = createManualClock(noon);
    const disk = diskOf(clock);
    const store = await openRecordOn(disk, clock);
    await store.add(askedOf('r1'));
    clock.jump(-3 * hour);
    await store.change('r1', () => ({ event: approved }));
    expect(store.get('r1')?.changedAt).toBe(noon - 3 * hour);
    await store.close();
    const again = await openRecordOn(disk, createManualClock(noon - 5 * hour));
    expect(picture(again)).toEqual(picture(store));
    await again.change('r1', () => ({ event: claimed('n1'), session: 0 }));
    const last = await started(disk);
    expect(last).toEqual({ picture: picture(again), broken: undefined });
  });

  test('keeps what ended in memory for its days, and no request is forgotten early', async () => {
    const clock = createManualClock(noon);
    const disk = diskOf(clock);
    const open = (at: ManualClock): ReturnType<typeof openTestStore> =>
      openTestStore({ dir: memoryFolder, disk, clock: at });
    const store = await open(clock);
    await store.add(askedOf('r1'));
    await store.change('r1', () => ({ event: denied }));
    await store.close();
    expect((await open(createManualClock(noon - 5 * hour))).get('r1')).toBeDefined();
    expect((await open(createManualClock(noon + 29 * day))).get('r1')).toBeDefined();
    expect((await open(createManualClock(noon + 31 * day))).get('r1')).toBeUndefined();
  });
});

describe('a question to approvers', () => {
  test('is open no longer than it was meant during a run, and no longer than once more after a restart', async () => {
    const clock = createManualClock(noon);
    const disk = diskOf(clock);
    const store = await openRecordOn(disk, clock);
    const asked = askedOf('r1');
    await store.add(asked);
    const term = asked.asked.terms.expiresAt - asked.asked.at;
    expect(term).toBe(30 * minute);
    const expiry = createExpiry({ store, clock }, createAges(clock));
    await expiry.pass();
    await clock.advance(20 * minute);
    clock.jump(-3 * hour);
    expect(await expiry.pass()).toBe(10 * minute);
    // Restarted with the clock still wrong: nobody knows how long it has been open.
    const later = createManualClock(noon - 3 * hour);
    const again = await openRecordOn(disk.kill({ clock: later }), later);
    const next = createExpiry({ store: again, clock: later }, createAges(later));
    expect(await next.pass()).toBe(term);
    await later.advance(term - 1);
    await next.pass();
    expect(stateIn(again.get('r1'))).toBe('awaitingApproval');
    await later.advance(1);
    await next.pass();
    expect(stateIn(again.get('r1'))).toBe('closed');
  });
});

describe('pacing', () => {
  test('counts what was sent before the restart as just now, and holds nothing up for longer than its window', async () => {
    const clock = createManualClock(noon);
    const disk = diskOf(clock);
    const store = await openRecordOn(disk, clock);
    for (let index = 0; index < 10; index += 1) {
      await store.add(askedOf(`r${index}`));
      await store.change(`r${index}`, () => ({ event: approved }));
      await store.change(`r${index}`, () => ({ event: claimed(`n${index}`), session: 0 }));
    }
    const later = createManualClock(noon - 3 * hour);
    const again = await openRecordOn(disk.kill({ clock: later }), later);
    const rates = new CallRates();
    rates.seed('submit', elapsedOf(again.submissionTimes(later.now() - hour), later));
    const wait = rates.waitFor('submit', later.elapsed());
    expect(wait).toBeGreaterThan(59_000);
    expect(wait).toBeLessThanOrEqual(minute + 1_000);
    await later.advance(wait);
    expect(rates.waitFor('submit', later.elapsed())).toBe(0);
  });
});

describe('deliveries', () => {
  test('that came in later than it is now are told and not done; a clock put right by seconds changes nothing', async () => {
    const base = await filledFolder();
    const leftAt = async (now: number): Promise<readonly (readonly string[])[]> => {
      const { deliveries } = await openParts(copied(base), createManualClock(now));
      const { now: done, tooLate } = deliveries.left();
      return [done, tooLate].map((some) => some.map(({ key }) => key));
    };
    expect(await leftAt(noon - 30_000)).toEqual([['d2', 'd3'], []]);
    expect(await leftAt(noon - 3 * hour)).toEqual([[], ['d2', 'd3']]);
    expect(await leftAt(noon + 9 * minute)).toEqual([['d2', 'd3'], []]);
    expect(await leftAt(noon + 11 * minute)).toEqual([[], ['d2', 'd3']]);
  });

  test('that were seen are seen again, and a new one is kept as ever', async () => {
    const clock = createManualClock(noon);
    const disk = copied(await filledFolder());
    const { deliveries } = await openParts(disk, clock);
    clock.jump(-5 * hour);
    expect(await deliveries.keep('d1', {})).toBe('repeated');
    expect(await deliveries.keep('d4', {})).toBe('first');
    const again = await openParts(disk.kill(), createManualClock(noon - 5 * hour));
    expect(again.deliveries.left().now.map(({ key }) => key)).toEqual(['d4']);
    expect(await again.deliveries.keep('d1', {})).toBe('repeated');
  });
});

describe('Slack’s signatures', () => {
  test('that were seen are refused, during the run and after a restart', async () => {
    const clock = createManualClock(noon);
    const disk = copied(await filledFolder());
    const { replay } = await openParts(disk, clock);
    clock.jump(-5 * hour);
    const fresh = '4'.repeat(64);
    expect(replay.admit(fresh)).toBe(true);
    for (const one of [...signatures, fresh]) expect(replay.admit(one)).toBe(false);
    const again = await openParts(disk.kill(), createManualClock(noon - 5 * hour));
    for (const one of [...signatures, fresh]) expect(again.replay.admit(one)).toBe(false);
  });
});

describe('outputs', () => {
  test('are swept no earlier than after their days', async () => {
    const clock = createManualClock(noon);
    const { outputs } = await openParts(diskOf(clock), clock);
    await outputs.put('r2', 0, 'text');
    clock.jump(-5 * hour);
    await outputs.put('r3', 0, 'text');
    expect(await outputs.sweep(clock.now() - day)).toBe(0);
    clock.jump(5 * hour + day);
    expect(await outputs.sweep(clock.now() - day)).toBe(1);
    expect([await outputs.get('r2', 0), await outputs.get('r3', 0)]).toEqual(['text', undefined]);
  });
});
