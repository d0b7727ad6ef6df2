// What was given up may still have run: it is looked for a while longer, and what is found is written.
import { describe, expect, test } from '@jest/globals';
import { createLateFinds, findByTag } from '../../../../src/bot/workers/sessions/reconciliation.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionId, asked, exampleMoves, start } from '../../../support/requests/lifecycle.ts';
import { after } from '../../../support/requests/requests.ts';
import { askedFor, history, portsStart, sent, sessionOf } from '../../../support/apps/workerPorts.ts';
import { lost, mine, opened } from './lost.ts';
import { minute } from './runningSession.ts';

describe('what was given up', () => {
  const { device } = asked.targets[0];
  const given = history(askedFor(), 'approved', 'claimed', 'lost', 'abandoned');
  const found = after(given, { type: 'foundLate', action: mine() }, start + 5000);
  /** After that, the end of what was found is awaited no more. */
  const deadline = start + 5000 + (72 * 60 + 70) * minute;
  function late(...requests: readonly Request[]) {
    const house = opened(requests);
    return { ...house, finds: createLateFinds(house.deps, house.ages) };
  }

  test('is looked for at once after a start, then by its schedule for six hours', async () => {
    const house = late(given);
    expect(await house.finds.pass()).toBe(3 * minute - (portsStart - start - 4000));
    expect(house.calls).toEqual([`recent ${device.id}`]);
    let looks = 1;
    for (let wait = await house.finds.pass(); wait !== undefined; wait = await house.finds.pass()) {
      await house.clock.advance(wait);
      looks += 1;
    }
    expect(house.calls).toHaveLength(looks);
    expect(house.clock.now() - start - 4000).toBe(6 * 3_600_000);
    expect(house.events()).toEqual([]);
  });

  test('is written when it is found, and followed to its end by its id', async () => {
    const house = late(given);
    house.recent(mine());
    expect(await house.finds.pass()).toBe(30_000);
    expect(house.stage()).toMatchObject({ state: 'closed', found: { action: { id: actionId } } });
    expect(house.stage()).not.toHaveProperty('found.differs');
    house.defender.actions = () => Promise.resolve([mine()]);
    await house.clock.advance(30_000);
    expect(await house.finds.pass()).toBe(30_000);
    expect(house.events()).toEqual(['foundLate']);
    house.defender.actions = () => Promise.resolve([{ ...mine('Succeeded'), commands: [] }]);
    await house.clock.advance(30_000);
    expect(await house.finds.pass()).toBeUndefined();
    expect(house.stage()).toMatchObject({ found: { action: { status: 'Succeeded' }, differs: [] } });
    expect(house.calls.slice(1)).toEqual(['actions', 'actions']);
  });

  test('is looked for again a while after Defender did not answer, or as long as that says', async () => {
    for (const [detail, wait] of [
      [{}, 15_000],
      [{ retryAfterMs: 20_000 }, 20_000],
    ] as const) {
      const house = late(given);
      house.defender.recent = () => Promise.reject(new DefenderError('unavailable', 'down', detail));
      expect(await house.finds.pass()).toBe(wait);
      expect(house.logged).toEqual([
        { event: 'lookFailed', fields: { request: asked.id, code: 'unavailable', detail: 'down' } },
      ]);
      await house.clock.advance(wait - 1);
      expect(await house.finds.pass()).toBe(1);
      expect(house.calls).toHaveLength(1);
      house.defender.recent = () => Promise.reject(new TypeError('a bug'));
      await house.clock.advance(1);
      await expect(house.finds.pass()).rejects.toThrow('a bug');
    }
  });

  test('is left after a day in which nothing could be read, or past the time it may take', async () => {
    for (const [more, looks] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const house = late(given);
      await house.clock.advance(24 * 3_600_000 - (portsStart - start - 4000) + more);
      expect(await house.finds.pass()).toBeUndefined();
      expect(house.calls).toHaveLength(looks);
    }
    const long = late(found);
    long.defender.actions = () => Promise.resolve([mine()]);
    await long.clock.advance(deadline - portsStart);
    expect(await long.finds.pass()).toBe(30_000);
    await long.clock.advance(1);
    expect(await long.finds.pass()).toBeUndefined();
  });

  test('and was left is taken up again by a change alone, and then as after a start', async () => {
    for (const [reading, wait] of [
      [() => Promise.resolve([mine()]), 30_000],
      [() => Promise.reject(new DefenderError('throttled', 'no', { retryAfterMs: minute })), minute],
    ] as const) {
      const house = late(found);
      house.defender.actions = reading;
      await house.clock.advance(deadline - portsStart);
      expect(await house.finds.pass()).toBe(wait);
      await house.clock.advance(1);
      expect(await house.finds.pass()).toBeUndefined();
      // By the clock it may take longer again.
      house.clock.jump(-minute);
      expect(await house.finds.pass()).toBeUndefined();
      expect(house.calls).toHaveLength(1);
      house.finds.touch(asked.id);
      expect(await house.finds.pass()).toBe(wait);
      expect(house.calls).toHaveLength(2);
    }
  });

  test('is looked for by its own schedule though the clock is set', async () => {
    const other = askedFor({ id: 'lr-b', origin: 'b' });
    const house = late(
      given,
      history(other, 'approved', 'claimed', 'lost', { type: 'searched' }, 'abandoned'),
    );
    const wait = await house.finds.pass();
    house.clock.jump(20 * minute);
    expect(await house.finds.pass()).toBe(wait);
    expect(house.calls).toHaveLength(2);
  });

  test('is looked for from before its first attempt, and the soonest due first', async () => {
    const again = history(askedFor(), 'approved', 'claimed', 'lost', 'resubmitted', {
      type: 'claimed',
      attempt: { nonce: 'n', tag: 'second', at: portsStart + 9 * minute },
    });
    const house = late(
      given,
      history(
        askedFor({ id: 'lr-b', origin: 'b' }),
        'approved',
        'claimed',
        'lost',
        { type: 'searched' },
        'abandoned',
      ),
    );
    expect(await house.finds.pass()).toBe(3 * minute - (portsStart - start - 4000));
    const since: number[] = [];
    house.defender.recent = (_id, from) => (since.push(from), Promise.resolve({ actions: [], whole: true }));
    await findByTag(house.deps, sessionOf(again, 'submitting'));
    expect(since).toEqual([exampleMoves.claimed.attempt.at - 10 * minute]);
  });

  test('is watched from when it is given up on; nothing else is', async () => {
    const house = late(lost, history(askedFor({ id: 'lr-b', origin: 'b' }), 'denied'));
    house.finds.touch(asked.id);
    house.finds.touch('nobody');
    expect(await house.finds.pass()).toBeUndefined();
    house.store.put(given);
    expect(await house.finds.pass()).toBeUndefined();
    house.finds.touch(asked.id);
    expect(await house.finds.pass()).toBeGreaterThan(0);
    expect(house.calls).toHaveLength(1);
  });

  test('that had been seen before is read by that id', async () => {
    const house = late(history(askedFor(), ...sent, 'overdue', 'abandoned'));
    house.defender.actions = () => Promise.resolve([]);
    await house.finds.pass();
    expect(house.calls).toEqual(['actions']);
  });
});
