// Looking for what may run: when, by what, and what is written of what is found.
import { describe, expect, test } from '@jest/globals';
import { differing, findByTag } from '../../../../src/bot/workers/sessions/reconciliation.ts';
import { searchSchedule } from '../../../../src/liveResponse/pacing/callRates.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionId, asked, exampleMoves, start } from '../../../support/requests/lifecycle.ts';
import { after } from '../../../support/requests/requests.ts';
import {
  askedFor,
  createWorkerPorts,
  history,
  portsStart,
  sent,
  sessionOf,
} from '../../../support/apps/workerPorts.ts';
import { lost, mine, opened } from './lost.ts';
import { cancelAsked, minute } from './runningSession.ts';

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
    let wait: number | undefined = 5_000;
    for (let searches = 2; searches <= searchSchedule.length; searches += 1) {
      await house.clock.advance(wait ?? 0);
      wait = await house.reconciliation.pass();
    }
    expect(wait).toBeUndefined();
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
    house.clock.jump(-10 * minute);
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

  test('is followed by others once it is found, and looked for anew where it is lost again', async () => {
    const events = [cancelAsked('accepted', portsStart - 5_000), 'overdue'] as const;
    const house = opened([history(askedFor(), ...sent, ...events)]);
    house.defender.actions = () => Promise.resolve([mine('Succeeded')]);
    expect(await house.reconciliation.pass()).toBeUndefined();
    expect(house.events()).toEqual(['found']);
    expect(await house.reconciliation.pass()).toBeUndefined();
    expect(house.calls).toHaveLength(1);
    house.store.put(after(house.now(), exampleMoves.actionMissing, house.clock.now()));
    expect(await house.reconciliation.pass()).toBe(searchSchedule[0]);
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

  test('and whose cancel was taken is looked for as long though the clock is set', async () => {
    const searched = searchSchedule.map(() => ({ type: 'searched' }) as const);
    const story = (id: string, at: number): Request =>
      history(askedFor({ id, origin: id }), ...sent, cancelAsked('accepted', at), 'overdue', ...searched);
    const house = opened([story('lr-a', portsStart - 5_000), story('lr-b', portsStart - 9_000)]);
    house.defender.actions = () => Promise.resolve([]);
    expect(await house.reconciliation.pass()).toBe(6_000);
    house.clock.jump(60 * minute);
    expect(await house.reconciliation.pass()).toBe(6_000);
    await house.clock.advance(10_000);
    expect(await house.reconciliation.pass()).toBe(15_000);
    expect(house.store.written.map(({ id }) => id).sort()).toEqual(['lr-a', 'lr-b']);
  });

  test('is another than one that runs, whose end is read by others', async () => {
    const house = opened([history(askedFor(), ...sent, cancelAsked('accepted', portsStart - minute))]);
    expect(await house.reconciliation.pass()).toBeUndefined();
    expect(house.calls).toEqual([]);
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

  test.each([
    ['of another attempt of the same request', (tag: string) => tag.replace(/[^:]*$/, 'another')],
    ['of another request whose id begins alike', (tag: string) => tag.replace(/.:([^:]*)$/, 'z:$1')],
  ])('%s is not ours', async (_, changed) => {
    const { deps, defender } = createWorkerPorts([]);
    const { tag } = exampleMoves.claimed.attempt;
    expect(changed(tag)).not.toBe(tag);
    const other = { ...mine(), comment: `${changed(tag)} | x` };
    defender.recent = () => Promise.resolve({ actions: [other], whole: true });
    expect(await findByTag(deps, sessionOf(lost, 'unknown'))).toBeUndefined();
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
