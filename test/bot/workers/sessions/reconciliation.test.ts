// Looking for what may run: when, by what, and what is written of what is found.
import { describe, expect, test } from '@jest/globals';
import {
  createLateFinds,
  createReconciliation,
  differing,
  findByTag,
} from '../../../../src/bot/workers/sessions/reconciliation.ts';
import type { Action } from '../../../../src/liveResponse/action.ts';
import { searchSchedule } from '../../../../src/liveResponse/pacing/callRates.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionId, actionWith, asked, exampleMoves, start } from '../../../support/requests/lifecycle.ts';
import {
  askedFor,
  createWorkerPorts,
  history,
  portsStart,
  sent,
  sessionOf,
} from '../../../support/apps/workerPorts.ts';
import { cancelAsked, minute } from './runningSession.ts';

const { device } = asked.targets[0];
const lost = history(askedFor(), 'approved', 'claimed', 'lost');
const mine = (status = 'InProgress'): Action => ({
  ...actionWith(status),
  comment: `${exampleMoves.claimed.attempt.tag} | x`,
});

function opened(requests: readonly Request[], isPosting = (): boolean => false) {
  const ports = createWorkerPorts(requests);
  const reconciliation = createReconciliation(ports.deps, ports.ages, isPosting);
  const stage = () => ports.now().sessions[0]?.stage;
  const recent = (...actions: readonly Action[]): void => {
    ports.defender.recent = () => Promise.resolve({ actions, whole: true });
  };
  recent();
  return { ...ports, reconciliation, stage, recent };
}

describe('a session that nobody knows of', () => {
  test('was cut off by a crash where nobody waits for its answer', async () => {
    const cut = history(askedFor(), 'approved', 'claimed');
    const house = opened([cut]);
    expect(await house.reconciliation.pass()).toBe(searchSchedule[0]);
    expect(house.events()).toEqual(['lost']);
    const flying = opened([cut], () => true);
    expect(await flying.reconciliation.pass()).toBeUndefined();
    expect(flying.events()).toEqual([]);
    let asks = 0;
    const answered = opened([cut], () => (asks += 1) > 1);
    await answered.reconciliation.pass();
    expect(answered.events()).toEqual([]);
  });

  test('is looked for by its schedule, counted from when it was lost', async () => {
    const house = opened([lost]);
    // It was lost two minutes ago, so the look is late.
    expect(await house.reconciliation.pass()).toBe(5_000);
    expect(house.events()).toEqual(['searched']);
    expect(await house.reconciliation.pass()).toBe(5_000);
    expect(house.calls).toHaveLength(1);
    for (let searches = 2; searches <= searchSchedule.length; searches += 1) {
      const wait = await house.reconciliation.pass();
      await house.clock.advance(wait ?? 0);
      await house.reconciliation.pass();
    }
    expect(house.events()).toHaveLength(searchSchedule.length);
    expect(house.clock.now() - (start + 3000)).toBe(searchSchedule.at(-1));
    expect(await house.reconciliation.pass()).toBeUndefined();
  });

  test('stays in its schedule when the clock is set back', async () => {
    const house = opened([
      lost,
      history(askedFor({ id: 'lr-b', origin: 'b', at: start - 1 }), ...sent, 'overdue'),
    ]);
    house.defender.actions = () => Promise.resolve([]);
    await house.reconciliation.pass();
    house.clock.jump(-minute);
    await house.clock.advance(5_000);
    await house.reconciliation.pass();
    expect(house.store.written.map(({ id }) => id)).toEqual([asked.id, 'lr-b', asked.id, 'lr-b']);
  });

  test('is followed where its tag is found', async () => {
    const house = opened([lost]);
    const since: number[] = [];
    house.defender.recent = (_id, from) => {
      since.push(from);
      return Promise.resolve({ actions: [{ ...mine(), id: 'other', comment: 'x' }, mine()], whole: true });
    };
    expect(await house.reconciliation.look(sessionOf(lost, 'unknown'))).toBe('found');
    expect(since).toEqual([exampleMoves.claimed.attempt.at - 10 * minute]);
    expect(house.stage()).toMatchObject({
      state: 'running',
      run: { actionId },
      deadline: portsStart + (72 * 60 + 70) * minute,
    });
  });

  test('that runs other commands than were approved is followed, and says which', async () => {
    const house = opened([lost]);
    house.recent({ ...mine(), commands: [] });
    await house.reconciliation.look(sessionOf(lost, 'unknown'));
    expect(house.stage()).toMatchObject({ state: 'running', run: { actionId, differs: [] } });
    expect(house.logged).toMatchObject([{ event: 'commandsDiffer' }]);
    const same = opened([lost]);
    same.recent(mine());
    await same.reconciliation.look(sessionOf(lost, 'unknown'));
    expect(same.stage()).not.toHaveProperty('run.differs');
  });

  test('that was seen before is read by its id', async () => {
    const gone = history(askedFor(), ...sent, 'actionMissing');
    const house = opened([gone]);
    house.defender.actions = () => Promise.resolve([]);
    expect(await house.reconciliation.look(sessionOf(gone, 'unknown'))).toBe('notSeen');
    house.defender.actions = () => Promise.resolve([mine()]);
    expect(await house.reconciliation.look(sessionOf(gone, 'unknown'))).toBe('found');
    expect(house.events()).toEqual(['searched', 'found']);
  });

  test('that is overdue comes back with its end alone', async () => {
    const overdue = history(askedFor(), ...sent, 'overdue');
    const house = opened([overdue]);
    house.defender.actions = () => Promise.resolve([mine()]);
    expect(await house.reconciliation.look(sessionOf(overdue, 'unknown'))).toBe('notEnded');
    house.defender.actions = () => Promise.resolve([mine('Succeeded')]);
    expect(await house.reconciliation.look(sessionOf(overdue, 'unknown'))).toBe('found');
    expect(house.events()).toEqual(['searched', 'found']);
  });

  test('is not counted as looked for where Defender does not answer, and tried again', async () => {
    const house = opened([lost]);
    house.defender.recent = () => Promise.reject(new DefenderError('unavailable', 'down'));
    expect(await house.reconciliation.look(sessionOf(lost, 'unknown'))).toBe('notRead');
    expect(house.events()).toEqual([]);
    expect(house.logged).toEqual([
      { event: 'lookFailed', fields: { request: asked.id, code: 'unavailable', detail: 'down' } },
    ]);
    expect(await house.reconciliation.pass()).toBe(5_000);
    expect(house.calls).toHaveLength(1);
    await house.clock.advance(5_000);
    await house.reconciliation.pass();
    expect(house.calls).toHaveLength(2);
    house.defender.recent = () => Promise.reject(new TypeError('a bug'));
    await expect(house.reconciliation.look(sessionOf(lost, 'unknown'))).rejects.toThrow('a bug');
  });

  test('whose cancel was taken is looked for a while after its searches', async () => {
    const searched = searchSchedule.map(() => ({ type: 'searched' }) as const);
    const story = (answer: 'accepted' | 'failed'): Request =>
      history(askedFor(), ...sent, cancelAsked(answer, portsStart - 5_000), 'overdue', ...searched);
    const house = opened([story('accepted')]);
    house.defender.actions = () => Promise.resolve([]);
    expect(await house.reconciliation.pass()).toBe(10_000);
    await house.clock.advance(10_000);
    expect(await house.reconciliation.pass()).toBe(15_000);
    expect(house.calls).toHaveLength(1);
    await house.clock.advance(3 * minute - 15_000);
    expect(await house.reconciliation.pass()).toBe(15_000);
    await house.clock.advance(1);
    expect(await house.reconciliation.pass()).toBeUndefined();
    expect(await opened([story('failed')]).reconciliation.pass()).toBeUndefined();
  });

  test('waits for the next start where the process stops', async () => {
    const house = opened([lost]);
    await house.reconciliation.pass({ goOn: () => false });
    expect(house.calls).toEqual([]);
  });
});

describe('the tag', () => {
  test('is that of any attempt; two that ran are an error, and the newest counts', async () => {
    const { deps, defender, logged } = createWorkerPorts([]);
    const session = sessionOf(lost, 'unknown');
    defender.recent = () => Promise.resolve({ actions: [{ ...mine(), id: 'new' }, mine()], whole: false });
    expect((await findByTag(deps, session))?.id).toBe('new');
    expect(logged).toEqual([
      { event: 'ranTwice', fields: { request: asked.id, actions: ['new', actionId] } },
    ]);
  });

  test('that is not in a part of the list may be in the rest', async () => {
    const { deps, defender } = createWorkerPorts([]);
    defender.recent = () => Promise.resolve({ actions: [], whole: false });
    await expect(findByTag(deps, sessionOf(lost, 'unknown'))).rejects.toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining('only in part'),
      detail: { call: 'list' },
    });
    defender.recent = () => Promise.resolve({ actions: [], whole: true });
    expect(await findByTag(deps, sessionOf(lost, 'unknown'))).toBeUndefined();
  });

  test('on other commands is an error that is told', () => {
    const { deps, logged } = createWorkerPorts([]);
    const { commands: _, ...untold } = mine();
    expect(differing(deps, lost, mine())).toEqual({});
    expect(differing(deps, lost, untold)).toEqual({});
    expect(logged).toEqual([]);
    expect(differing(deps, lost, { ...mine(), commands: [] })).toEqual({ differs: [] });
    expect(logged).toEqual([{ event: 'commandsDiffer', fields: { request: asked.id, action: actionId } }]);
  });
});

describe('what was given up', () => {
  const given = history(askedFor(), 'approved', 'claimed', 'lost', 'abandoned');
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
    const house = late(given);
    await house.clock.advance(24 * 3_600_000 - (portsStart - start - 4000) + 1);
    expect(await house.finds.pass()).toBeUndefined();
    expect(house.calls).toEqual([]);
    const long = late(
      history(askedFor(), 'approved', 'claimed', 'lost', 'abandoned', { type: 'foundLate', action: mine() }),
    );
    long.defender.actions = () => Promise.resolve([mine()]);
    const deadline = start + 5000 + (72 * 60 + 70) * minute;
    await long.clock.advance(deadline - portsStart);
    expect(await long.finds.pass()).toBe(30_000);
    await long.clock.advance(1);
    expect(await long.finds.pass()).toBeUndefined();
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
