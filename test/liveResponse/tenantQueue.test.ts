// Length of Defender's queue for offline devices, and how many sessions may run: stated, learned, or a range.
import { describe, expect, test } from '@jest/globals';
import type { Action } from '../../src/liveResponse/action.ts';
import {
  differ,
  isNews,
  learnedWith,
  longestWait,
  longQueueMs,
  newSessionsAtOnce,
  offlineQueueOf,
  queueShownBy,
  queueShownByAction,
  queueShownByWaiting,
  sessionLimitOf,
  sessionsShow,
  shortQueueMs,
  stillWaitingMs,
} from '../../src/liveResponse/tenantLimits.ts';
import type { Learned } from '../../src/liveResponse/tenantLimits.ts';
import { actionWith, exampleMoves, fold } from '../support/requests/lifecycle.ts';

const minute = 60_000;
const hour = 60 * minute;
const at = 1_700_000_000_000;
const queue: Learned = { what: 'offlineQueue', tenant: 'corp', ms: 72 * hour, how: 'stillWaiting', at };
const sessions: Learned = { what: 'sessions', tenant: 'corp', running: 25, how: 'accepted', at };

test('the lengths are those of the documents', () => {
  expect([shortQueueMs, longQueueMs, stillWaitingMs, newSessionsAtOnce]).toEqual([
    2 * hour,
    72 * hour,
    2 * hour + 45 * minute,
    50,
  ]);
});

describe('the length of the queue of a tenant', () => {
  test('is a range until somebody states it or sessions show it', () => {
    const range = { known: false, from: 2 * hour, to: 72 * hour } as const;
    expect(offlineQueueOf('corp', [])).toEqual(range);
    expect(offlineQueueOf('corp', [{ ...queue, tenant: 'other' }, sessions])).toEqual(range);
    expect(longestWait(range)).toBe(72 * hour);
  });

  test('is what sessions of this tenant have shown', () => {
    expect(offlineQueueOf('corp', [sessions, { ...queue, tenant: 'other', ms: 1 }, queue])).toEqual({
      known: true,
      ms: 72 * hour,
      by: 'sessions',
      how: 'stillWaiting',
      at,
    });
  });

  test('is what was stated, unless sessions have shown something else', () => {
    expect(offlineQueueOf('corp', [], 2 * hour)).toEqual({ known: true, ms: 2 * hour, by: 'setting' });
    expect(offlineQueueOf('corp', [queue], 71 * hour)).toEqual({ known: true, ms: 71 * hour, by: 'setting' });
    expect(offlineQueueOf('corp', [queue], 2 * hour)).toMatchObject({ ms: 72 * hour, by: 'sessions' });
    expect(longestWait({ known: true, ms: 5, by: 'setting' })).toBe(5);
  });

  test('differs only by more than half', () => {
    expect([
      differ(150, 100),
      differ(151, 100),
      differ(100, 150),
      differ(100, 151),
      differ(100, 100),
    ]).toEqual([false, true, false, true, false]);
  });
});

describe('a session that ended without having begun', () => {
  const ended = (span: number, over: Partial<Action> = {}): Action => ({
    ...actionWith('TimeOut'),
    createdAt: at,
    updatedAt: at + span,
    ...over,
  });

  test.each([
    [2 * hour - 10 * minute, 2 * hour],
    [2 * hour - 10 * minute - 1, undefined],
    [2 * hour + 45 * minute, 2 * hour],
    [2 * hour + 45 * minute + 1, undefined],
    [72 * hour - 10 * minute, 72 * hour],
    [72 * hour - 10 * minute - 1, undefined],
    [76 * hour, 72 * hour],
    [76 * hour + 1, undefined],
    [30 * hour, undefined],
    [0, undefined],
  ])('after %d ms shows a queue of %p', (span, shown) => {
    expect(queueShownByAction(ended(span))).toBe(shown);
  });

  test('shows it by its failure as well', () => {
    expect(queueShownByAction(ended(2 * hour, { status: 'Failed' }))).toBe(2 * hour);
  });

  test.each<[string, Partial<Action>]>([
    ['that somebody cancelled', { cancelledBy: 'soc@corp.example' }],
    ['of another status', { status: 'Cancelled' }],
    ['that succeeded', { status: 'Succeeded' }],
    ['that had begun', { progress: [{ index: 0, status: 'Executing', errors: [] }] }],
    ['of the year 1970', { createdAt: 0, updatedAt: 2 * hour }],
  ])('shows nothing %s', (_what, over) => {
    expect(queueShownByAction(ended(2 * hour, over))).toBeUndefined();
  });

  test('shows nothing without both times of Defender', () => {
    const { createdAt: _created, ...withoutStart } = ended(2 * hour);
    const { updatedAt: _updated, ...withoutEnd } = ended(2 * hour);
    expect(queueShownByAction(withoutStart)).toBeUndefined();
    expect(queueShownByAction(withoutEnd)).toBeUndefined();
  });

  test('shows it on its request when that timed out or failed, and not otherwise', () => {
    const { approved, claimed, submitted } = exampleMoves;
    const request = (outcome: 'timedOut' | 'failed' | 'cancelled' | 'succeeded') =>
      fold([approved, claimed, submitted, { type: 'ended', action: ended(2 * hour), outcome }]);
    expect(queueShownBy(request('timedOut'))).toBe(2 * hour);
    expect(queueShownBy(request('failed'))).toBe(2 * hour);
    expect(queueShownBy(request('cancelled'))).toBeUndefined();
    expect(queueShownBy(request('succeeded'))).toBeUndefined();
    expect(queueShownBy(fold([approved]))).toBeUndefined();
  });
});

test('a session that still waits beyond the shorter length shows the longer one', () => {
  const waits = actionWith('Pending');
  expect(queueShownByWaiting(waits, stillWaitingMs)).toBe(72 * hour);
  expect(queueShownByWaiting(waits, stillWaitingMs - 1)).toBeUndefined();
  expect(queueShownByWaiting(actionWith('InProgress'), stillWaitingMs)).toBeUndefined();
  expect(queueShownByWaiting(actionWith('TimeOut'), stillWaitingMs)).toBeUndefined();
  expect(queueShownByWaiting(actionWith('Pending', [['Executing']]), stillWaitingMs)).toBeUndefined();
});

describe('how many sessions may run', () => {
  test('is a range until sessions of this tenant show it', () => {
    const range = { known: false, from: 25, to: 50 };
    expect(sessionLimitOf('corp', [])).toEqual(range);
    expect(sessionLimitOf('corp', [queue, { ...sessions, tenant: 'other' }])).toEqual(range);
  });

  test('is the larger limit once one more than the smaller was accepted, and what ran when one was refused', () => {
    expect(sessionLimitOf('corp', [queue, sessions])).toEqual({
      known: true,
      most: 50,
      how: 'accepted',
      running: 25,
      at,
    });
    expect(sessionLimitOf('corp', [{ ...sessions, running: 30, how: 'refused' }])).toEqual({
      known: true,
      most: 30,
      how: 'refused',
      running: 30,
      at,
    });
  });

  test.each([
    [25, false, true],
    [26, true, true],
    [24, false, false],
    [49, true, true],
    [50, true, false],
  ])('with %d running, accepted says something: %p, refused: %p', (running, accepted, refused) => {
    expect(sessionsShow(running, 'accepted')).toBe(accepted);
    expect(sessionsShow(running, 'refused')).toBe(refused);
  });
});

describe('what was learned', () => {
  test('is replaced by the next of the same kind and tenant alone', () => {
    const others: readonly Learned[] = [{ ...queue, tenant: 'other' }, sessions];
    expect(learnedWith([queue, ...others], { ...queue, ms: 2 * hour })).toEqual([
      ...others,
      { ...queue, ms: 2 * hour },
    ]);
    expect(learnedWith([], queue)).toEqual([queue]);
  });

  test('is news when nothing of the kind and tenant was known', () => {
    expect(isNews([], queue)).toBe(true);
    expect(isNews([{ ...queue, tenant: 'other' }, sessions], queue)).toBe(true);
    expect(isNews([queue], sessions)).toBe(true);
  });

  test('is news when it is newer and says something else', () => {
    expect(isNews([queue], { ...queue, ms: 2 * hour, at: at + 1 })).toBe(true);
    expect(isNews([queue], { ...queue, ms: 2 * hour, at })).toBe(false);
    expect(isNews([queue], { ...queue, at: at + 1 })).toBe(false);
    expect(isNews([sessions], { ...sessions, how: 'refused', at: at + 1 })).toBe(true);
    expect(isNews([sessions], { ...sessions, how: 'refused', at })).toBe(false);
    expect(isNews([sessions], { ...sessions, running: 40, at: at + 1 })).toBe(false);
  });
});
