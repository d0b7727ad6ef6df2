// Running sessions: read with one call, ended by Defender's word, lost after a while, and cancelled where the policy
// says so for a device that does not answer.
import { describe, expect, test } from '@jest/globals';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import {
  createFollowing,
  createParked,
  createTenantLearning,
} from '../../../../src/bot/workers/sessions/following.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionId, actionWith, asked, start } from '../../../support/lifecycle.ts';
import { policy } from '../../../support/policy.ts';
import {
  askedFor,
  createWorkerPorts,
  history,
  portsStart,
  sent,
  sessionOf,
} from '../../../support/workerPorts.ts';

const minute = 60_000;
const running = history(askedFor(), ...sent);
const progress = actionWith('InProgress', [['Executing', portsStart]]);

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
    expect(house.following.readAt()).toBe(0);
    expect(house.following.trouble()).toBeUndefined();
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
    const cancel = { by: asked.asked.requester, at: portsStart, answer };
    const house = opened([history(askedFor(), ...sent, { type: 'cancelAsked', cancel })]);
    house.defender.actions = () => Promise.resolve([actionWith('Pending')]);
    await house.following.pass();
    await house.clock.advance(after);
    await house.following.pass();
    expect(house.events()).toEqual([]);
    await house.clock.advance(1);
    await house.following.pass();
    expect(house.store.written.map(({ event }) => event)).toEqual(
      then === undefined ? [] : [{ type: 'cancelAsked', cancel: { ...cancel, answer: then } }],
    );
  });
});

describe('a session that waits for its device', () => {
  const since = start + 2 * minute;
  const cancels = (after: number): Policy => ({
    ...policy,
    tiers: policy.tiers.map((tier) => ({ ...tier, cancelParkedAfter: after })),
  });
  function parked(by: Policy = policy) {
    const house = createWorkerPorts([running], { policy: by });
    let hurried = 0;
    const watch = createParked(house.deps, house.ages, () => void (hurried += 1));
    house.defender.actions = () => Promise.resolve([actionWith('Pending')]);
    return { ...house, watch, hurried: () => hurried };
  }

  test('is marked after ten minutes, and cancelled by nobody unless the policy says so', async () => {
    const house = parked();
    expect(await house.watch.pass()).toBe(10 * minute + 1);
    await house.clock.advance(10 * minute);
    expect(await house.watch.pass()).toBe(1);
    await house.clock.advance(1);
    expect(await house.watch.pass()).toBeUndefined();
    expect(house.store.written.map(({ event }) => event)).toEqual([
      { type: 'waitingForDevice', waiting: { since, until: since + 72 * 60 * minute } },
    ]);
  });

  test('is cancelled when its time is up, as often as it takes, six times at most', async () => {
    const house = parked(cancels(30 * minute));
    const whys: string[] = [];
    house.defender.cancel = (_id, why) => (whys.push(why), Promise.resolve(actionWith('Pending')));
    await house.clock.advance(10 * minute + 1);
    expect(await house.watch.pass()).toBe(20 * minute - 1);
    await house.clock.advance(20 * minute - 1);
    for (let pass = 0; pass < 8; pass += 1) {
      await house.watch.pass();
      await house.clock.advance(5 * minute);
    }
    expect(whys).toHaveLength(6);
    expect(whys[0]).toBe(`lr:${asked.id} cancelled by the policy: parked for 30 min (cancelParkedAfter)`);
    expect(house.events().slice(0, 3)).toEqual(['waitingForDevice', 'cancelAsked', 'cancelAsked']);
    expect(sessionOf(house.now(), 'running').session.stage.run.cancel).toMatchObject({
      by: { policy: 'cancelParkedAfter' },
      answer: 'accepted',
      tries: 6,
    });
    expect(house.hurried()).toBe(6);
  });

  test('is not cancelled where it has woken, or cannot be read', async () => {
    const house = parked(cancels(30 * minute));
    house.defender.actions = () => Promise.resolve([progress]);
    await house.clock.advance(30 * minute);
    await house.watch.pass();
    expect(house.events()).toEqual(['waitingForDevice']);
    expect(house.hurried()).toBe(1);
    expect(house.logged).toEqual([
      { event: 'wokeBeforeCancel', fields: { request: asked.id, status: 'InProgress' } },
    ]);
    house.defender.actions = () => Promise.reject(new DefenderError('unavailable', 'down'));
    expect(await house.watch.pass()).toBe(5 * minute);
    expect(house.logged.at(-1)).toEqual({
      event: 'parkedNotRead',
      fields: { request: asked.id, code: 'unavailable', detail: 'down' },
    });
    const stopping = parked();
    await stopping.clock.advance(30 * minute);
    await stopping.watch.pass({ goOn: () => false });
    expect(stopping.events()).toEqual([]);
  });
});

describe('the limits of the tenant', () => {
  test('are learned from what Defender shows, written once, and again after a full disk', async () => {
    const house = createWorkerPorts([running]);
    let news = 0;
    let learned = 0;
    const learning = createTenantLearning(
      house.deps,
      house.ages,
      () => void (news += 1),
      () => void (learned += 1),
    );
    const session = sessionOf(running, 'running');
    learning.shown(session, actionWith('Pending'));
    expect(news).toBe(0);
    await house.clock.advance(165 * minute);
    learning.shown(session, actionWith('Pending'));
    learning.shown(session, actionWith('Pending'));
    expect(news).toBe(1);
    house.store.broken = 'full';
    expect(await learning.pass()).toBe(30_000);
    house.store.broken = undefined;
    expect(await learning.pass()).toBeUndefined();
    await learning.pass();
    expect(house.store.notes).toMatchObject([
      { type: 'tenantLearned', learned: { what: 'offlineQueue', tenant: 'simulator', how: 'stillWaiting' } },
    ]);
    expect([news, learned]).toEqual([1, 1]);
    learning.oneMore(30, 'accepted');
    learning.touch(asked.id);
    await learning.pass();
    expect(house.store.notes[1]).toMatchObject({
      learned: { what: 'sessions', running: 30, how: 'accepted' },
    });
  });
});
