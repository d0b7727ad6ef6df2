// What holds an approved session back, and who it is that holds its device.
import { describe, expect, test } from '@jest/globals';
import type { Action } from '../../../../src/liveResponse/action.ts';
import {
  blockerFrom,
  createAdmission,
  findBlocker,
  outageOf,
  requestAsBlocker,
  sessionOfAction,
} from '../../../../src/bot/workers/sessions/admission.ts';
import type { Admission } from '../../../../src/bot/workers/sessions/admission.ts';
import type { SessionRef } from '../../../../src/bot/workers/transition.ts';
import { capRestoreMs, CallRates, searchSchedule } from '../../../../src/liveResponse/pacing/callRates.ts';
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
import type { PortsOptions, WorkerPorts } from '../../../support/apps/workerPorts.ts';
import type { AnyEvent } from '../../../support/requests/requests.ts';

const action: Action = actionWith('Pending');
const queued = history(askedFor(), 'approved');

/** Another request on a device of its own. */
function other(id: string, ...events: readonly (AnyEvent | AnyEvent['type'])[]): Request {
  return history(
    askedFor({ id, origin: id, device: { ...asked.targets[0].device, id: `device of ${id}` } }),
    ...events,
  );
}

/** The same on the device of `queued`. */
const onSameDevice = (...events: readonly (AnyEvent | AnyEvent['type'])[]): Request =>
  history(askedFor({ id: 'lr-other', origin: 'other' }), ...events);

function opened(
  requests: readonly Request[],
  options: PortsOptions & { readonly flying?: readonly string[]; readonly reserved?: number } = {},
): WorkerPorts & { readonly admission: Admission } {
  const ports = createWorkerPorts(requests, options);
  const admission = createAdmission(ports.deps, {
    has: ({ request }: SessionRef) => options.flying?.includes(request.id) === true,
    reserved: () => options.reserved ?? 0,
  });
  return { ...ports, admission };
}

describe('an action that stands in the way', () => {
  test('is named as the request it belongs to, also where that was given up and found late', () => {
    const found = history(askedFor(), 'approved', 'claimed', 'lost', 'abandoned', {
      type: 'foundLate',
      action,
    });
    const gone = history(askedFor(), ...sent, 'overdue', 'abandoned');
    for (const ours of [history(askedFor(), ...sent), found, gone])
      expect(blockerFrom({ all: () => [queued, ours] }, { ...action, id: actionId.toUpperCase() })).toEqual({
        by: 'request',
        id: ours.id,
        undecided: false,
      });
    expect(sessionOfAction({ all: () => [queued] }, actionId)).toBeUndefined();
    expect(requestAsBlocker(sessionOf(history(askedFor(), ...sent, 'overdue'), 'unknown'))).toEqual({
      by: 'request',
      id: asked.id,
      undecided: true,
    });
  });

  test('is named by itself where no request is known to have it', () => {
    const app = { by: 'action', id: actionId, type: 'LiveResponse', app: 'app' };
    expect(blockerFrom({ all: () => [] }, action)).toEqual({
      ...app,
      since: action.createdAt,
      comment: action.comment,
    });
    const { createdAt: _, ...undated } = action;
    expect(blockerFrom({ all: () => [] }, { ...undated, comment: '' })).toStrictEqual(app);
  });

  test('is asked for with one call, a session before anything else', async () => {
    const { deps, defender, calls } = createWorkerPorts([queued]);
    const session = sessionOf(queued, 'queued');
    const isolate = { ...action, id: 'isolate', type: 'Isolate' };
    defender.activeOn = () => Promise.resolve({ actions: [isolate, action], whole: false });
    expect(await findBlocker(deps, session)).toMatchObject({ by: 'action', id: actionId });
    defender.activeOn = () => Promise.resolve({ actions: [isolate], whole: true });
    expect(await findBlocker(deps, session)).toMatchObject({ by: 'action', id: 'isolate' });
    expect(calls).toEqual([
      `activeOn ${asked.targets[0].device.id}`,
      `activeOn ${asked.targets[0].device.id}`,
    ]);
  });

  test('is unseen in a whole list without it, and not read in any other', async () => {
    const { deps, defender, logged } = createWorkerPorts([queued]);
    const session = sessionOf(queued, 'queued');
    defender.activeOn = () => Promise.resolve({ actions: [], whole: true });
    expect(await findBlocker(deps, session)).toEqual({ by: 'unseen' });
    defender.activeOn = () => Promise.resolve({ actions: [], whole: false });
    expect(await findBlocker(deps, session)).toEqual({ by: 'notRead' });
    defender.activeOn = () =>
      Promise.reject(new DefenderError('unavailable', 'down', { status: 503, target: 't' }));
    expect(await findBlocker(deps, session)).toEqual({
      by: 'notRead',
      error: { code: 'unavailable', status: 503, target: 't' },
    });
    expect(logged).toEqual([
      {
        event: 'blockerNotRead',
        fields: { request: asked.id, code: 'unavailable', detail: 'down', target: 't' },
      },
    ]);
    defender.activeOn = () => Promise.reject(new TypeError('a bug'));
    await expect(findBlocker(deps, session)).rejects.toThrow('a bug');
  });
});

test('an outage is the credentials where Defender says so by its code or by 403', () => {
  expect(outageOf(new DefenderError('unauthorized', ''))).toBe('unauthorized');
  expect(outageOf(new DefenderError('refused', '', { status: 403 }))).toBe('unauthorized');
  expect(outageOf(new DefenderError('unavailable', '', { status: 503 }))).toBe('unavailable');
});

describe('those that wait', () => {
  test('stand in the order of their approvals, without those on their way', () => {
    const approvedAt = (id: string, at: number): Request =>
      other(id, {
        ...exampleMoves.approved,
        vote: { ...exampleMoves.approved.vote, at },
      });
    const { admission } = opened(
      [
        approvedAt('late', start + 30),
        approvedAt('flies', start + 5),
        approvedAt('early', start + 10),
        other('runs', ...sent),
      ],
      { flying: ['flies'] },
    );
    expect(admission.waiting().map(({ request }) => request.id)).toEqual(['early', 'late']);
  });
});

describe('a session may be sent', () => {
  const of = ({ admission }: { readonly admission: Admission }, request: Request = queued) =>
    admission.of(sessionOf(request, 'queued'));

  test('when nothing is against it', () => {
    expect(of(opened([queued]))).toBeUndefined();
  });

  test('not while the record cannot be written, or the bot is frozen', () => {
    const house = opened([queued]);
    house.store.frozen = { by: 'somebody', why: 'why', at: 0 };
    expect(of(house)).toEqual({ cause: 'frozen', wait: 60_000 });
    house.store.broken = 'full';
    expect(of(house)).toEqual({ wait: 15_000 });
  });

  test('not during its own pause, which is forgotten with it', async () => {
    const house = opened([queued]);
    house.admission.pause(sessionOf(queued, 'queued'), 1000);
    expect(of(house)).toEqual({ wait: 1000 });
    await house.clock.advance(999);
    expect(of(house)).toEqual({ wait: 1 });
    await house.clock.advance(1);
    expect(of(house)).toBeUndefined();
    house.admission.pause(sessionOf(queued, 'queued'), 1000);
    house.admission.forget(sessionOf(queued, 'queued'));
    expect(of(house)).toBeUndefined();
  });

  test('not before the pause that a refusal asked for has passed, whatever the clock is set to', async () => {
    const attempt = (at: number): AnyEvent => ({ type: 'claimed', attempt: { nonce: 'n', tag: 't', at } });
    const deferred = (notBefore: number): AnyEvent => ({ type: 'deferred', cause: 'slot', notBefore });
    const request = history(askedFor(), 'approved', attempt(portsStart - 500), deferred(portsStart + 1000));
    const house = opened([request]);
    expect(of(house, request)).toEqual({ wait: 1000 });
    house.clock.jump(-3_600_000);
    await house.clock.advance(400);
    expect(of(house, request)).toEqual({ wait: 600 });
    house.admission.forget(sessionOf(request, 'queued'));
    // Known anew, it is no longer than it was meant at the attempt.
    expect(of(house, request)).toEqual({ wait: 1500 });
    await house.clock.advance(1500);
    expect(of(house, request)).toBeUndefined();
    // Another pause under the same session is another one.
    const again = history(
      askedFor(),
      'approved',
      attempt(portsStart - 500),
      deferred(portsStart + 4_000_000),
    );
    expect(of(house, again)).toEqual({ wait: 4_000_500 });
    // Meant to have passed at once, it is an hour at most.
    const odd = history(askedFor(), 'approved', attempt(portsStart + 5000), deferred(portsStart + 5000));
    house.admission.forget(sessionOf(odd, 'queued'));
    expect(of(house, odd)).toEqual({ wait: 3_600_000 });
    const past = history(askedFor(), 'approved', attempt(start), deferred(start + 1));
    house.clock.jump(3_600_000);
    house.admission.forget(sessionOf(past, 'queued'));
    expect(of(house, past)).toBeUndefined();
    house.clock.jump(-3_600_000);
    expect(of(house, past)).toBeUndefined();
  });

  test('not to a device that one of ours holds, however it does', () => {
    const lost = ['approved', 'claimed', 'lost'] as const;
    for (const [holder, undecided] of [
      [onSameDevice(...sent), false],
      [onSameDevice('approved', 'claimed'), false],
      [onSameDevice(...lost), true],
      [onSameDevice(...lost, ...searchSchedule.map(() => ({ type: 'searched' }) as const)), true],
    ] as const)
      expect(of(opened([queued, holder]))).toEqual({
        cause: 'deviceBusy',
        blocker: { by: 'request', id: 'lr-other', undecided },
        wait: 5_000,
      });
    expect(of(opened([queued, onSameDevice('approved')], { flying: ['lr-other'] }))).toMatchObject({
      cause: 'deviceBusy',
    });
    for (const free of [onSameDevice('approved'), onSameDevice(...sent, 'ended'), other('b', ...sent)])
      expect(of(opened([queued, free]))).toBeUndefined();
  });

  test('not while as many sessions are held as there may be; an offline device holds none, nor a lost one that is looked for no more', async () => {
    const settings = { sessions: 1 };
    expect(of(opened([queued, other('b', ...sent)], { settings }))).toEqual({
      cause: 'sessions',
      wait: 5_000,
    });
    expect(of(opened([queued, other('b', ...sent)], { settings: { sessions: 2 } }))).toBeUndefined();
    const looks = searchSchedule.map(() => ({ type: 'searched' }) as const);
    const lost = other('b', 'approved', 'claimed', 'lost', ...looks);
    expect(of(opened([queued, lost], { settings }))).toBeUndefined();
    expect(of(opened([queued, lost], { settings, flying: ['b'] }))).toMatchObject({ cause: 'sessions' });
    const looking = other('b', 'approved', 'claimed', 'lost', ...looks.slice(1));
    expect(of(opened([queued, looking], { settings }))).toMatchObject({ cause: 'sessions' });
    const parked = opened([queued, other('b', ...sent)], { settings });
    await parked.clock.advance(10 * 60_000 + 1);
    expect(parked.admission.sessionsHeld()).toBe(0);
    expect(of(parked)).toBeUndefined();
  });

  test('not without a slot that no other flight has reserved', async () => {
    const rates = (): CallRates =>
      new CallRates(
        {
          ...noOther,
          submit: [
            { limit: 2, ms: 60_000 },
            { limit: 3, ms: 3_600_000 },
          ],
        },
        0,
      );
    expect(of(opened([queued], { callRates: rates(), reserved: 1 }))).toBeUndefined();
    expect(of(opened([queued], { callRates: rates(), reserved: 2 }))).toEqual({ cause: 'slot', wait: 250 });
    const used = rates();
    const house = opened([queued], { callRates: used });
    used.take('submit', 0);
    await house.clock.advance(10_000);
    used.take('submit', 10_000);
    expect(of(house)).toEqual({ cause: 'slot', wait: 50_000 });
    await house.clock.advance(49_900);
    expect(of(house)).toEqual({ cause: 'slot', wait: 250 });
    await house.clock.advance(100);
    expect(of(house)).toBeUndefined();
  });
});

const usualRate = [{ limit: 100, ms: 60_000 }];
const noOther = {
  submit: usualRate,
  list: usualRate,
  get: usualRate,
  link: usualRate,
  cancel: usualRate,
  machines: usualRate,
  library: usualRate,
};

describe('a 429', () => {
  const running = (count: number): readonly Request[] =>
    Array.from({ length: count }, (_, at) => other(`r${at}`, ...sent));

  test('with few sessions says that another tool used the rate up', () => {
    const { admission } = opened([...running(4), history(askedFor(), 'approved', 'claimed')]);
    expect(admission.sessionsHeld()).toBe(5);
    expect(admission.recordThrottle()).toBe('throttled');
    expect(admission.cap()).toBe(25);
  });

  test('with many lowers the cap, which comes back with time', async () => {
    const house = opened([...running(5), history(askedFor(), 'approved', 'claimed')]);
    await house.clock.advance(1000);
    expect(house.admission.recordThrottle()).toBe('sessions');
    expect(house.admission.cap()).toBe(5);
    await house.clock.advance(capRestoreMs);
    expect(house.admission.cap()).toBe(6);
  });
});

describe('what a session waits for', () => {
  const error = { code: 'unavailable', status: 503 } as const;
  const blocker = { by: 'unseen' } as const;

  test('is written once, and again when it is another cause or another holder', async () => {
    const { admission, store, events, now } = opened([queued]);
    const session = sessionOf(queued, 'queued');
    await admission.recordWait(session, undefined);
    expect(events()).toEqual([]);
    await admission.recordWait(session, 'unavailable', { error });
    await admission.recordWait(session, 'unavailable', { error: { ...error, target: 'another' } });
    await admission.recordWait(session, 'unavailable');
    expect(store.written.map(({ event }) => event)).toStrictEqual([
      { type: 'waiting', cause: 'unavailable', error },
    ]);
    await admission.recordWait(session, undefined);
    await admission.recordWait(session, 'deviceBusy');
    await admission.recordWait(session, 'deviceBusy', { blocker });
    await admission.recordWait(session, 'deviceBusy', { blocker: { by: 'unseen' } });
    await admission.recordWait(session, 'deviceBusy', { blocker: { by: 'notRead' } });
    expect(store.written.slice(1).map(({ event }) => event)).toStrictEqual([
      { type: 'waiting', cause: 'deviceBusy' },
      { type: 'waiting', cause: 'deviceBusy', blocker },
      { type: 'waiting', cause: 'deviceBusy', blocker: { by: 'notRead' } },
    ]);
    expect(sessionOf(now(), 'queued').session.stage.blocker).toEqual({ by: 'notRead' });
  });

  test('is not written of a session that is being sent by now', async () => {
    const { admission, events } = opened([history(askedFor(), 'approved', 'claimed')]);
    await admission.recordWait(sessionOf(queued, 'queued'), 'slot');
    expect(events()).toEqual([]);
  });
});
