// Passes over requests: what today's policy refuses ends, what nobody approved in time ends, what was tried again
// says so, and twins are known by their device.
import { describe, expect, test } from '@jest/globals';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import {
  createExpiry,
  createJudging,
  createRetryLinks,
  createTwinIndex,
  originOfRetry,
} from '../../../../src/bot/workers/requests/judging.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { asked, exampleMoves, start } from '../../../support/requests/lifecycle.ts';
import { policy } from '../../../support/policy.ts';
import { askedFor, createWorkerPorts, history, portsStart } from '../../../support/apps/workerPorts.ts';
import type { WorkerPorts } from '../../../support/apps/workerPorts.ts';

const minute = 60_000;
const waiting = history(askedFor());
const queued = history(askedFor(), 'approved');
const nobody: Policy = { ...policy, people: [] };
const quick: Policy = {
  ...policy,
  tiers: policy.tiers.map((tier) => ({ ...tier, expireAfter: 10 * minute, runWithin: 5 * minute })),
};
const stopAfter = (pieces: number) => {
  let left = pieces;
  return { goOn: () => (left -= 1) >= 0 };
};

const judgingOf = ({ deps, ages }: WorkerPorts, isSent = (): boolean => false) =>
  createJudging(deps, ages, isSent);

describe('the policy of today', () => {
  test('leaves alone what it allows, and looks again when that runs out of time', async () => {
    const house = createWorkerPorts([waiting]);
    expect(await judgingOf(house).pass()).toBe(28 * minute);
    const approved = createWorkerPorts([queued]);
    expect(await judgingOf(approved).pass()).toBe(29 * minute);
    expect([...house.events(), ...approved.events()]).toEqual([]);
    expect(await judgingOf(createWorkerPorts([])).pass()).toBeUndefined();
  });

  test('looks again no sooner where the time is up by its terms and another pass ends it', async () => {
    const house = createWorkerPorts([queued]);
    await house.clock.advance(29 * minute);
    expect(await judgingOf(house).pass()).toBeUndefined();
    expect(house.events()).toEqual([]);
  });

  test('ends what it refuses, waiting or approved', async () => {
    const house = createWorkerPorts([waiting], { policy: nobody });
    expect(await judgingOf(house).pass()).toBeUndefined();
    expect(house.now().stage).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'requesterNotListed', detail: 'Riley Responder' },
    });
    const approved = createWorkerPorts([queued], { policy: nobody });
    await judgingOf(approved).pass();
    expect(approved.now().sessions[0]?.stage).toMatchObject({
      state: 'closed',
      ending: { code: 'requesterNotListed' },
    });
  });

  test('judges the approver of what is approved', async () => {
    const house = createWorkerPorts([queued], {
      policy: { ...policy, people: policy.people.filter(({ id }) => id !== 'approver1') },
    });
    await judgingOf(house).pass();
    expect(house.now().sessions[0]?.stage).toMatchObject({ ending: { code: 'approverNotListed' } });
  });

  test('does not judge what is being sent at this moment, but what else there is', async () => {
    const house = createWorkerPorts([queued], { policy: nobody });
    await judgingOf(house, () => true).pass();
    expect(house.events()).toEqual([]);
    const undecided = createWorkerPorts([waiting], { policy: nobody });
    await judgingOf(undecided, () => true).pass();
    expect(undecided.events()).toEqual(['refused']);
  });

  test('leaves the device of what is approved to the look right before the POST', async () => {
    const elsewhere: Policy = {
      ...policy,
      devices: { ...policy.devices, allow: { groups: [], tags: [], names: [] } },
    };
    const house = createWorkerPorts([queued, history(askedFor({ id: 'lr-b', origin: 'b' }))], {
      policy: elsewhere,
    });
    await judgingOf(house).pass();
    expect(house.store.written.map(({ id, event }) => [id, event.type])).toEqual([['lr-b', 'refused']]);
    expect(house.now('lr-b').stage).toMatchObject({ ending: { code: 'deviceOutOfScope' } });
  });

  test('gives what waits less time where it says so, counted from when it was asked, whatever the clock is set to', async () => {
    const house = createWorkerPorts([waiting], { policy: quick });
    const judging = judgingOf(house);
    expect(await judging.pass()).toBe(8 * minute);
    house.clock.jump(-5 * minute);
    await house.clock.advance(8 * minute - 1);
    expect(await judging.pass()).toBe(1);
    await house.clock.advance(1);
    await judging.pass();
    expect(house.now().stage).toMatchObject({ ending: { code: 'expireAfterShorter' } });
  });

  test('the same of what is approved, counted from its approval', async () => {
    const house = createWorkerPorts([queued], { policy: quick });
    const judging = judgingOf(house);
    expect(await judging.pass()).toBe(4 * minute);
    house.clock.jump(-2 * minute);
    await house.clock.advance(4 * minute);
    await judging.pass();
    expect(house.now().sessions[0]?.stage).toMatchObject({ ending: { code: 'runWithinShorter' } });
  });

  test('counts each by itself, and an approval from its own moment', async () => {
    const made = askedFor({ id: 'lr-b', origin: 'b', at: start - 1 });
    const { vote } = exampleMoves.approved;
    const approved = history(made, { ...exampleMoves.approved, vote: { ...vote, at: vote.at - 1 } });
    for (const [requests, left] of [
      [[waiting, history(made)], 8 * minute],
      [[queued, approved], 4 * minute],
    ] as const) {
      const house = createWorkerPorts(requests, { policy: quick });
      const judging = judgingOf(house);
      await judging.pass();
      house.clock.jump(-minute);
      await house.clock.advance(left);
      await judging.pass();
      expect(house.events()).toEqual(['refused', 'refused']);
    }
    const house = createWorkerPorts([waiting], { policy: quick });
    const judging = judgingOf(house);
    await judging.pass();
    house.clock.jump(-6 * minute);
    const at = house.clock.now();
    house.store.put(
      history(askedFor(), {
        ...exampleMoves.approved,
        vote: { ...exampleMoves.approved.vote, at },
      }),
    );
    expect(await judging.pass()).toBe(5 * minute);
  });

  test('judges once more inside the change: what was decided meanwhile stays', async () => {
    const house = createWorkerPorts([waiting], { policy: nobody });
    house.store.before = () => {
      house.store.put(history(askedFor(), 'denied'));
    };
    await judgingOf(house).pass();
    expect(house.events()).toEqual([]);
    // And the policy may have been given back meanwhile.
    const changing = { ...nobody };
    const given = createWorkerPorts([queued], { policy: changing });
    given.store.before = () => {
      (changing as { people: Policy['people'] }).people = policy.people;
    };
    await judgingOf(given).pass();
    expect(given.events()).toEqual([]);
  });

  test('stops between two when the process is asked to', async () => {
    const house = createWorkerPorts([waiting, history(askedFor({ id: 'lr-b', origin: 'b' }))], {
      policy: nobody,
    });
    await judgingOf(house).pass(stopAfter(1));
    expect(house.events()).toEqual(['refused']);
  });
});

describe('a request that nobody approves', () => {
  test('ends by the time on its card', async () => {
    const { deps, ages, clock, events } = createWorkerPorts([waiting, queued]);
    const expiry = createExpiry(deps, ages);
    expect(await expiry.pass()).toBeUndefined();
    deps.store.put(waiting);
    expect(await expiry.pass()).toBe(28 * minute);
    await clock.advance(28 * minute - 1);
    expect(await expiry.pass()).toBe(1);
    expect(events()).toEqual([]);
    await clock.advance(1);
    expect(await expiry.pass()).toBeUndefined();
    expect(events()).toEqual(['expired']);
  });

  test('ends no later than was meant, though the clock is set back, and no later than its card says, though it is set forward', async () => {
    const back = createWorkerPorts([waiting]);
    const expiry = createExpiry(back.deps, back.ages);
    await expiry.pass();
    back.clock.jump(-20 * minute);
    expect(await expiry.pass()).toBe(28 * minute);
    await back.clock.advance(28 * minute);
    await expiry.pass();
    expect(back.events()).toEqual(['expired']);
    const forward = createWorkerPorts([waiting]);
    const other = createExpiry(forward.deps, forward.ages);
    await other.pass();
    forward.clock.jump(20 * minute);
    expect(await other.pass()).toBe(8 * minute);
    forward.clock.jump(8 * minute);
    await other.pass();
    expect(forward.events()).toEqual(['expired']);
  });

  test('is counted by itself', async () => {
    const house = createWorkerPorts([waiting, history(askedFor({ id: 'lr-b', origin: 'b', at: start + 1 }))]);
    const expiry = createExpiry(house.deps, house.ages);
    await expiry.pass();
    house.clock.jump(-minute);
    await house.clock.advance(28 * minute);
    await expiry.pass();
    expect(house.events()).toEqual(['expired', 'expired']);
  });

  test('stays what it became meanwhile; the rest is for the next start', async () => {
    const house = createWorkerPorts([waiting, history(askedFor({ id: 'lr-b', origin: 'b', at: start - 1 }))]);
    await house.clock.advance(30 * minute);
    const expiry = createExpiry(house.deps, house.ages);
    house.store.before = (id) => {
      house.store.put(history(askedFor({ id }), 'approved'));
    };
    await expiry.pass(stopAfter(1));
    expect(house.events()).toEqual([]);
    expect(house.now('lr-b').stage.state).toBe('awaitingApproval');
    expect(house.now().stage.state).toBe('approved');
  });
});

describe('a request that was tried again', () => {
  const earlier = history(askedFor(), 'denied');
  const again = (id: string, of: Request, at: number, last: string = of.id): Request =>
    history(
      askedFor({
        id,
        origin: originOfRetry(last),
        at,
        continues: { id: of.id, from: 1, before: [], mayRepeat: [] },
      }),
    );

  test('says as what, once, and by its newest attempt', async () => {
    const house = createWorkerPorts([
      earlier,
      again('lr-old', earlier, start + 1),
      again('lr-new', earlier, start + 2),
    ]);
    const links = createRetryLinks(house.deps);
    await links.pass();
    await links.pass();
    expect(house.store.written).toEqual([
      { id: asked.id, event: { type: 'retried', as: { id: 'lr-new', by: asked.asked.requester, from: 1 } } },
    ]);
  });

  test('names the index where it was continued from it, not where it was only the last attempt', async () => {
    const middle = history(askedFor({ id: 'lr-mid', origin: 'm', at: start + 1 }), 'denied');
    const house = createWorkerPorts([earlier, middle, again('lr-new', earlier, start + 2, 'lr-mid')]);
    await createRetryLinks(house.deps).pass();
    expect(house.store.written.map(({ id, event }) => [id, event.type === 'retried' && event.as])).toEqual([
      [asked.id, { id: 'lr-new', by: asked.asked.requester, from: 1 }],
      ['lr-mid', { id: 'lr-new', by: asked.asked.requester }],
    ]);
  });

  test('says nothing while it is open, nor where a request only has such an origin', async () => {
    const house = createWorkerPorts([
      waiting,
      again('lr-new', waiting, start + 1),
      history(askedFor({ id: 'lr-odd', origin: originOfRetry('lr-new') })),
    ]);
    await createRetryLinks(house.deps).pass();
    expect(house.events()).toEqual([]);
  });
});

describe('twins', () => {
  const twin = (id: string, at: number, ...events: readonly ('denied' | 'approved')[]): Request =>
    history(askedFor({ id, origin: id, at }), ...events);
  const device = { ...asked.targets[0].device, id: 'another' };

  test('are open, or ended within the hour, the newest first, and those of another device are none', async () => {
    const { deps, clock, store } = createWorkerPorts([
      waiting,
      twin('lr-old', start + 1),
      twin('lr-ended', start + 3, 'denied'),
      twin('lr-new', start + 2, 'approved'),
      history(askedFor({ id: 'lr-far', origin: 'f', device })),
    ]);
    const twins = createTwinIndex(deps);
    const of = (request: Request): readonly string[] => twins.of(request).map(({ id }) => id);
    expect(of(waiting)).toEqual(['lr-ended', 'lr-new', 'lr-old']);
    await clock.advance(start + 1000 + 3_600_000 - portsStart - 1);
    expect(of(waiting)).toContain('lr-ended');
    await clock.advance(1);
    expect(of(waiting)).toEqual(['lr-new', 'lr-old']);
    expect(of(history(askedFor({ id: 'lr-x', device: { ...device, id: 'third' } })))).toEqual([]);
    twins.touch('nobody');
    const third = history(askedFor({ id: 'lr-3', origin: '3', device: { ...device, id: 'third' } }));
    store.put(third);
    store.put(twin('lr-latest', start + 9));
    expect(of(waiting)).toEqual(['lr-new', 'lr-old']);
    twins.touch('lr-3');
    twins.touch('lr-latest');
    twins.touch('lr-latest');
    expect(of(waiting)).toEqual(['lr-latest', 'lr-new', 'lr-old']);
    expect(of({ ...third, id: 'lr-4' })).toEqual(['lr-3']);
  });
});
