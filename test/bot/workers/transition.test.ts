// How workers write: only what is still in the state they saw. And how long ago something was, and how long a session
// is waited for.
import { describe, expect, test } from '@jest/globals';
import {
  changeRequest,
  changeSession,
  createAges,
  deadlineAfter,
  deadlineFrom,
  isIn,
  queueOf,
  sessionAt,
  sessionKey,
  sessionsIn,
  sessionsOf,
} from '../../../src/bot/workers/transition.ts';
import type { OfflineQueue } from '../../../src/liveResponse/tenantLimits.ts';
import { actionWith, asked, start } from '../../support/requests/lifecycle.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { askedFor, createWorkerPorts, history, sent, sessionOf } from '../../support/apps/workerPorts.ts';

const minute = 60_000;
const queued = history(askedFor(), 'approved');
const running = history(askedFor(), ...sent);

describe('a change of a session', () => {
  test('is made where it is still in the state, and answers it', async () => {
    const { store, events } = createWorkerPorts([queued]);
    const session = sessionOf(queued, 'queued');
    const changed = await changeSession(store, session, ['queued'], (current, now) => {
      expect([current.session.stage.state, now]).toEqual(['queued', start + 2 * minute]);
      return { type: 'lapsed' };
    });
    expect(changed?.session.stage.state).toBe('closed');
    expect(await changeSession(store, session, ['queued'], () => ({ type: 'lapsed' }))).toBeUndefined();
    expect(events()).toEqual(['lapsed']);
  });

  test('is left out where there is nothing to do, no such session or no such request', async () => {
    const { store, events } = createWorkerPorts([queued]);
    const session = sessionOf(queued, 'queued');
    expect(await changeSession(store, session, ['queued'], () => undefined)).toBeUndefined();
    const ref = { request: { id: asked.id }, session: { number: 1 } };
    expect(await changeSession(store, ref, ['queued'], () => ({ type: 'lapsed' }))).toBeUndefined();
    const nobody = { request: { id: 'nobody' }, session: { number: 0 } };
    expect(await changeSession(store, nobody, ['queued'], () => ({ type: 'lapsed' }))).toBeUndefined();
    expect(events()).toEqual([]);
  });

  test('of the request itself likewise', async () => {
    const { store, events } = createWorkerPorts([history(askedFor())]);
    expect(await changeRequest(store, asked.id, () => undefined)).toBeUndefined();
    expect((await changeRequest(store, asked.id, () => ({ type: 'expired' })))?.stage.state).toBe('closed');
    expect(await changeRequest(store, 'nobody', () => ({ type: 'expired' }))).toBeUndefined();
    expect(events()).toEqual(['expired']);
  });
});

test('sessions are found by number and by state', () => {
  expect(sessionAt(queued, 1)).toBeUndefined();
  expect(sessionAt(queued, 0)).toEqual({ request: queued, session: queued.sessions[0] });
  expect(sessionsOf([history(askedFor()), queued])).toEqual([sessionAt(queued, 0)]);
  expect(sessionsIn([queued, running], ['running', 'finished'])).toEqual([sessionAt(running, 0)]);
  expect(isIn(sessionAt(queued, 0), ['running'])).toBe(false);
  expect(isIn(sessionAt(queued, 0), ['running', 'queued'])).toBe(true);
  expect(isIn(undefined, ['running'])).toBe(false);
  expect(sessionKey({ request: { id: 'lr-1' }, session: { number: 2 } })).toBe('lr-1/2');
});

test('how long ago something was is not stretched by a clock that is set', async () => {
  const clock = createManualClock();
  const ages = createAges(clock);
  const at = clock.now() - 1000;
  expect(ages.of('it', at)).toBe(1000);
  clock.jump(minute);
  await clock.advance(500);
  expect(ages.of('it', at)).toBe(1500);
  expect(ages.of('it', at + 1)).toBe(minute + 1499);
  expect(ages.of('future', clock.now() + 1)).toBe(0);
});

describe('a session is given up', () => {
  const known: OfflineQueue = { known: true, by: 'sessions', ms: minute, how: 'timedOut', at: 0 };
  // One script and one file, and what the service itself is given.
  const work = (10 + 30 + 30) * minute;
  const [script] = asked.subject.commands;

  test('after the longest wait for its device and the time of its commands', () => {
    expect(deadlineFrom(asked, start, known)).toBe(start + minute + work);
    expect(deadlineFrom(asked, start, { known: false, from: 1, to: 2 })).toBe(start + 2 + work);
    const scripts = { subject: { ...asked.subject, commands: [script, script].flatMap((one) => one ?? []) } };
    expect(deadlineFrom(scripts, start, known)).toBe(start + (1 + 10 + 10 + 30) * minute);
  });

  test('soon after its work began, and never later than was said', () => {
    const session = sessionOf(running, 'running');
    const { deadline, run } = session.session.stage;
    const begun = actionWith('InProgress', [
      ['Executing', start + 9],
      ['Completed', start + 5],
    ]);
    expect(deadlineAfter(session, begun, known)).toBe(start + 5 + work);
    const late = actionWith('InProgress', [['Executing', deadline]]);
    expect(deadlineAfter(session, late, known)).toBe(deadline);
    // While it may wait for its device: later, where the tenant turns out to wait longer.
    const waits = actionWith('Pending');
    const week = { ...known, ms: 7 * 86_400_000 };
    expect(deadlineAfter(session, waits, week)).toBe(run.startedAt + week.ms + work);
    expect(deadlineAfter(session, waits, known)).toBe(deadline);
    expect(deadlineAfter(session, waits, { known: true, by: 'setting', ms: week.ms })).toBe(deadline);
    expect(deadlineAfter(session, waits, { known: false, from: 1, to: week.ms })).toBe(deadline);
  });

  test('by what is stated of the tenant, or was learned of it', () => {
    const { deps } = createWorkerPorts([]);
    expect(queueOf(deps)).toMatchObject({ known: false });
    const { deps: stated } = createWorkerPorts([], { settings: { offlineQueue: minute } });
    expect(queueOf(stated)).toEqual({ known: true, by: 'setting', ms: minute });
  });
});
