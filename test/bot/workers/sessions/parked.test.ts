// Sessions that wait for an offline device: marked, and cancelled where the policy says so and nobody else has.
import { describe, expect, test } from '@jest/globals';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import { createParked } from '../../../../src/bot/workers/sessions/following.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import type { WaitingForDevice } from '../../../../src/liveResponse/request/session.ts';
import { actionWith, asked, exampleMoves, start } from '../../../support/requests/lifecycle.ts';
import { policy } from '../../../support/policy.ts';
import { after } from '../../../support/requests/requests.ts';
import type { AnyEvent } from '../../../support/requests/requests.ts';
import {
  askedFor,
  createWorkerPorts,
  history,
  portsStart,
  sent,
  sessionOf,
} from '../../../support/apps/workerPorts.ts';
import { cancelAsked, minute, progress, running } from './runningSession.ts';

const since = start + 2 * minute;
const cancels = (after: number): Policy => ({
  ...policy,
  tiers: policy.tiers.map((tier) => ({ ...tier, cancelParkedAfter: after })),
});
function parked(by: Policy = policy, request = running) {
  const house = createWorkerPorts([request], { policy: by });
  let hurried = 0;
  const watch = createParked(house.deps, house.ages, () => void (hurried += 1));
  house.defender.actions = () => Promise.resolve([actionWith('Pending')]);
  return { ...house, watch, hurried: () => hurried };
}

describe('a session that waits for its device', () => {
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

describe('the cancel by the policy', () => {
  const waits = (change: Partial<WaitingForDevice>) =>
    ({
      type: 'waitingForDevice',
      waiting: { since, until: since + 72 * 60 * minute, ...change },
    }) as const;
  const marked = (change: Partial<WaitingForDevice> = {}, ...events: readonly AnyEvent[]): Request =>
    history(askedFor(), ...sent, waits(change), ...events);
  const other = askedFor({ id: 'lr-b', origin: 'b' });
  const byPolicy = (at: number) =>
    ({
      type: 'cancelAsked',
      cancel: { by: { policy: 'cancelParkedAfter' }, at, answer: 'accepted', tries: 1 },
    }) as const;

  test('is written down with the mark', async () => {
    const house = parked(cancels(30 * minute));
    await house.clock.advance(11 * minute);
    expect(await house.watch.pass()).toBe(19 * minute);
    expect(house.store.written.map(({ event }) => event)).toEqual([
      {
        type: 'waitingForDevice',
        waiting: { since, until: since + 72 * 60 * minute, cancelAt: since + 30 * minute },
      },
    ]);
  });

  test.each([
    ['as written', { cancelAt: since + 20 * minute }, policy, 20],
    ['as today’s policy says', {}, cancels(40 * minute), 40],
    ['as today’s policy says, which is sooner', { cancelAt: since + 60 * minute }, cancels(40 * minute), 40],
    ['as written, which is sooner', { cancelAt: since + 20 * minute }, cancels(40 * minute), 20],
    ['never', {}, policy, undefined],
  ] as const)('comes %s', async (_name, waiting, by, minutes) => {
    const house = parked(by, marked(waiting));
    expect(await house.watch.pass()).toBe(minutes === undefined ? undefined : minutes * minute);
    expect(house.calls).toEqual([]);
  });

  test('comes in time though the clock is set either way', async () => {
    for (const [jump, waits] of [
      [-3 * 60 * minute, 30 * minute],
      [20 * minute, 10 * minute],
    ] as const) {
      const house = parked(cancels(30 * minute), marked());
      house.defender.cancel = () => Promise.resolve(actionWith('Pending'));
      await house.watch.pass();
      house.clock.jump(jump);
      expect(await house.watch.pass()).toBe(waits);
      await house.clock.advance(waits);
      await house.watch.pass();
      expect(house.events()).toEqual(['cancelAsked', 'cancelAsked']);
    }
  });

  test('comes in its own time though the clock is set and others wait, too', async () => {
    const house = parked(cancels(30 * minute), marked());
    house.store.put(history(other, ...sent, waits({ since: since - minute })));
    await house.watch.pass();
    await house.clock.advance(10 * minute);
    house.clock.jump(-3 * 60 * minute);
    expect(await house.watch.pass()).toBe(19 * minute);
  });

  test('comes again in its own time though the clock is set and others are cancelled, too', async () => {
    const house = parked(cancels(minute), marked({}, byPolicy(portsStart)));
    house.store.put(history(other, ...sent, waits({}), byPolicy(portsStart - minute)));
    expect(await house.watch.pass()).toBe(4 * minute);
    house.clock.jump(20 * minute);
    expect(await house.watch.pass()).toBe(4 * minute);
    expect(house.calls).toEqual([]);
  });

  test('does not come again where today’s policy does not ask for it any more', async () => {
    const house = parked(policy, marked({}, byPolicy(portsStart)));
    expect(await house.watch.pass()).toBeUndefined();
  });

  test.each([
    ['sent', undefined],
    ['accepted', undefined],
    ['alreadyOver', undefined],
    ['failed', 10 * minute],
    ['noEffect', 10 * minute],
  ] as const)('comes after a person’s that is %s where that continues no more', async (answer, wait) => {
    const house = parked(cancels(10 * minute), marked({}, cancelAsked(answer)));
    expect(await house.watch.pass()).toBe(wait);
    house.store.put(marked({}, cancelAsked(answer, portsStart + 9 * minute)));
    await house.clock.advance(9 * minute);
    expect(await house.watch.pass()).toBe(wait === undefined ? undefined : 5 * minute);
  });

  test('is written down before it is sent, and after it, even if the session has ended by then', async () => {
    const house = parked(cancels(30 * minute), marked());
    house.defender.cancel = () => {
      house.store.put(after(house.now(), exampleMoves.ended, house.clock.now()));
      return Promise.resolve(actionWith('Pending'));
    };
    await house.clock.advance(30 * minute);
    await house.watch.pass();
    const cancel = { by: { policy: 'cancelParkedAfter' }, at: house.clock.now(), tries: 1 };
    expect(house.store.written.map(({ event }) => event)).toEqual(
      ['sent', 'accepted'].map((answer) => ({ type: 'cancelAsked', cancel: { ...cancel, answer } })),
    );
  });

  test('is not sent where a person’s came while Defender was read', async () => {
    const house = parked(cancels(30 * minute), marked());
    house.defender.actions = () => {
      house.store.put(after(house.now(), cancelAsked('sent', house.clock.now()), house.clock.now()));
      return Promise.resolve([actionWith('Pending')]);
    };
    await house.clock.advance(30 * minute);
    await house.watch.pass();
    expect([house.events(), house.hurried()]).toEqual([[], 0]);
  });

  test.each([
    ['a status that nobody knows', [actionWith('Dreaming')], 1],
    ['a command that runs', [actionWith('Pending', [['Executing']])], 1],
    ['nothing', [], 0],
  ] as const)('is not sent where Defender shows %s', async (_name, actions, hurried) => {
    const house = parked(cancels(30 * minute), marked());
    house.defender.actions = () => Promise.resolve(actions);
    await house.clock.advance(30 * minute);
    await house.watch.pass();
    expect([house.events(), house.hurried()]).toEqual([[], hurried]);
  });

  test('is not for what has begun or cannot be told to wait', async () => {
    for (const action of [actionWith('Pending', [['Executing']]), actionWith('Dreaming')]) {
      const house = parked(
        policy,
        history(askedFor(), 'approved', 'claimed', { ...exampleMoves.submitted, action }),
      );
      expect(await house.watch.pass()).toBeUndefined();
    }
  });

  test('is not for a session that ended while it was marked', async () => {
    const house = parked(cancels(30 * minute));
    house.store.before = () => house.store.put(history(askedFor(), ...sent, 'ended'));
    await house.clock.advance(40 * minute);
    await house.watch.pass();
    expect([house.events(), house.calls]).toEqual([[], []]);
  });

  test('breaks by a bug, which is none of Defender’s', async () => {
    const house = parked(cancels(30 * minute), marked());
    house.defender.actions = () => Promise.reject(new TypeError('a bug'));
    await house.clock.advance(30 * minute);
    await expect(house.watch.pass()).rejects.toThrow('a bug');
  });
});
