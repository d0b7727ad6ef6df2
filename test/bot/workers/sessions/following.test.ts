// Running sessions: read with one call, ended by Defender's word, lost after a while, and cancelled where the policy
// says so for a device that does not answer.
import { describe, expect, test } from '@jest/globals';
import { createFollowing } from '../../../../src/bot/workers/sessions/following.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionId, actionWith, asked } from '../../../support/requests/lifecycle.ts';
import { after } from '../../../support/requests/requests.ts';
import {
  askedFor,
  createWorkerPorts,
  history,
  portsStart,
  sent,
  sessionOf,
} from '../../../support/apps/workerPorts.ts';
import { turns } from './results/resultTable.ts';
import { cancelAsked, minute, progress, running } from './runningSession.ts';

function opened(requests: readonly Request[]) {
  const ports = createWorkerPorts(requests);
  const forgot: string[] = [];
  const shown: unknown[] = [];
  const watch = { forget: (what: string) => void forgot.push(what) };
  const following = createFollowing({ ...ports.deps, watch }, ports.ages, {
    shown: (_running, action) => void shown.push(action.status),
  });
  return { ...ports, following, forgot, shown, stage: () => ports.now().sessions[0]?.stage };
}

describe('what runs', () => {
  test('is read with one call, and again after the gap', async () => {
    const house = opened([running, history(askedFor({ id: 'lr-b', origin: 'b' }), ...sent)]);
    const ids: unknown[] = [];
    house.defender.actions = (of) => (ids.push(of), Promise.resolve([progress]));
    expect(await house.following.pass()).toBe(2_400);
    expect(ids).toEqual([[actionId, actionId]]);
    expect(house.stage()).toMatchObject({ state: 'running', run: { action: { status: 'InProgress' } } });
    expect(house.events()).toEqual(['progressed', 'progressed']);
    await house.following.pass();
    expect(house.events()).toHaveLength(2);
    expect(house.shown).toHaveLength(4);
    expect([house.following.readAt(), house.following.freshAt()]).toEqual([0, 0]);
    expect(house.following.trouble()).toBeUndefined();
  });

  test('was read with success when it was, whatever came of later readings', async () => {
    const house = opened([running]);
    house.defender.actions = () => Promise.reject(new DefenderError('unavailable', 'no'));
    await house.following.pass();
    expect([house.following.readAt(), house.following.freshAt()]).toEqual([0, undefined]);
    house.defender.actions = () => Promise.resolve([progress]);
    await house.following.pass();
    expect(house.following.freshAt()).toBe(0);
  });

  test('ends by Defender’s word; then nothing is asked any more', async () => {
    const house = opened([running]);
    house.defender.actions = () => Promise.resolve([actionWith('Failed')]);
    expect(await house.following.pass()).toBeUndefined();
    expect(house.stage()).toMatchObject({ state: 'finished', outcome: 'failed' });
    expect(house.forgot).toEqual([]);
    expect(await house.following.pass()).toBeUndefined();
    expect(house.forgot).toEqual(['follow']);
    expect(house.following.readAt()).toBeUndefined();
    expect(house.calls).toHaveLength(1);
    const lost = opened([history(askedFor(), 'approved', 'claimed', 'lost')]);
    await lost.following.pass();
    expect(lost.forgot).toEqual([]);
  });

  test('is lost after five readings in a row without it', async () => {
    const house = opened([running]);
    let there = false;
    house.defender.actions = () => Promise.resolve(there ? [actionWith('Pending')] : []);
    for (let reading = 0; reading < 4; reading += 1) await house.following.pass();
    there = true;
    await house.following.pass();
    there = false;
    for (let reading = 0; reading < 4; reading += 1) await house.following.pass();
    expect(house.events()).toEqual([]);
    await house.following.pass();
    expect(house.stage()).toMatchObject({ state: 'unknown', cause: 'actionMissing' });
  });

  test('is overdue past its deadline, also while Defender is down', async () => {
    const { deadline } = sessionOf(running, 'running').session.stage;
    for (const down of [false, true]) {
      const house = opened([running]);
      house.defender.actions = () =>
        down
          ? Promise.reject(new DefenderError('unavailable', 'no answer', { retryAfterMs: 9_000 }))
          : Promise.resolve([actionWith('Pending')]);
      await house.clock.advance(deadline - portsStart - 1);
      const wait = await house.following.pass();
      expect(wait).toBe(down ? 9_000 : 30_000);
      expect(house.following.trouble()).toBe(down ? 'no answer' : undefined);
      expect(house.logged).toHaveLength(down ? 1 : 0);
      expect(house.events()).toEqual([]);
      await house.clock.advance(1);
      await house.following.pass();
      expect(house.stage()).toMatchObject({ state: 'unknown', cause: 'overdue' });
    }
  });

  test('with a status that nobody knows is logged once, and goes on', async () => {
    const house = opened([running]);
    house.defender.actions = () => Promise.resolve([actionWith('Dreaming')]);
    await house.following.pass();
    await house.following.pass();
    expect(house.logged).toEqual([
      { event: 'unknownStatus', fields: { request: asked.id, status: 'Dreaming' } },
    ]);
  });

  test('is not read where the process stops, and a bug is none of Defender’s', async () => {
    const house = opened([running]);
    expect(await house.following.pass({ goOn: () => false })).toBeUndefined();
    expect(house.calls).toEqual([]);
    house.defender.actions = () => Promise.reject(new TypeError('a bug'));
    await expect(house.following.pass()).rejects.toThrow('a bug');
  });

  test.each([
    ['sent', 2 * minute, 'failed'],
    ['accepted', 5 * minute, 'noEffect'],
    ['alreadyOver', 5 * minute, 'noEffect'],
    ['failed', 60 * minute, undefined],
  ] as const)('and whose cancel is %s is given up', async (answer, after, then) => {
    const house = opened([history(askedFor(), ...sent, cancelAsked(answer))]);
    house.defender.actions = () => Promise.resolve([actionWith('Pending')]);
    await house.following.pass();
    await house.clock.advance(after);
    await house.following.pass();
    expect(house.events()).toEqual([]);
    await house.clock.advance(1);
    await house.following.pass();
    expect(house.store.written.map(({ event }) => event)).toEqual(
      then === undefined ? [] : [cancelAsked(then)],
    );
  });
});

test('a cancel is given up by its own age, though the clock is set', async () => {
  const second = askedFor({ id: 'lr-b', origin: 'b' });
  const house = opened([
    history(askedFor(), ...sent, cancelAsked('accepted')),
    history(second, ...sent, cancelAsked('accepted', portsStart - minute)),
  ]);
  house.defender.actions = () => Promise.resolve([actionWith('Pending')]);
  await house.following.pass();
  house.clock.jump(60 * minute);
  await house.following.pass();
  expect(house.events()).not.toContain('cancelAsked');
  await house.clock.advance(4 * minute + 1);
  await house.following.pass();
  expect(house.store.written.flatMap(({ id, event }) => (event.type === 'cancelAsked' ? [id] : []))).toEqual([
    'lr-b',
  ]);
});

describe('a reading', () => {
  const second = history(askedFor({ id: 'lr-b', origin: 'b' }), ...sent);

  test('is kept where it tells something new, though the deadline is the same', async () => {
    const house = opened([running]);
    house.defender.actions = () => Promise.resolve([{ ...actionWith('Pending'), troubleshoot: 'asleep' }]);
    await house.following.pass();
    await house.following.pass();
    expect(house.events()).toEqual(['progressed']);
  });

  test('that failed is logged, and forgotten with the next one', async () => {
    const house = opened([running]);
    house.defender.actions = () =>
      Promise.reject(new DefenderError('unavailable', 'no answer', { target: 'corr' }));
    expect(await house.following.pass()).toBe(2_400);
    const fields = { code: 'unavailable', detail: 'no answer', why: 'no answer', target: 'corr' };
    expect(house.logged).toEqual([{ event: 'pollFailed', fields }]);
    await house.following.pass({ goOn: () => false });
    expect(house.following.trouble()).toBe('no answer');
    house.defender.actions = () => Promise.resolve([actionWith('Pending')]);
    await house.following.pass();
    expect(house.following.trouble()).toBeUndefined();
  });

  test('is left where the process stops: between two sessions, and between two cancels', async () => {
    const house = opened([running, second]);
    house.defender.actions = () => Promise.resolve([progress]);
    await house.following.pass(turns(4));
    expect(house.events()).toEqual(['progressed']);
    const cancel = cancelAsked('sent', portsStart - 60 * minute);
    const old = opened([running, second].map((one) => after(one, cancel, portsStart)));
    await old.following.pass(turns(1));
    expect(old.events()).toEqual(['cancelAsked']);
  });

  test('without an action counts for its own session, and from its own begin', async () => {
    const house = opened([running, second]);
    house.defender.actions = () => Promise.resolve([]);
    for (let reading = 0; reading < 4; reading += 1) await house.following.pass();
    house.store.put(history(askedFor(), ...sent, 'ended'));
    await house.following.pass();
    expect(house.store.written.map(({ id }) => id)).toEqual(['lr-b']);
    house.store.put(running);
    for (let reading = 0; reading < 4; reading += 1) await house.following.pass();
    expect(house.events()).toHaveLength(1);
  });
});
