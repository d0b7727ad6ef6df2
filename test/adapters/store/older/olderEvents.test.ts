// Lines in the words of then: what each of them changes today, and which words those versions did not have.
import { describe, expect, test } from '@jest/globals';
import type { Event } from '../../../../src/liveResponse/request/events.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { changeToday, requestAsked, typeToday } from '../../../../src/adapters/store/journal/olderEvents.ts';
import { olderAsked } from '../../../support/store/olderEvents.ts';
import { asked, requests } from '../../../support/requests/requests.ts';
import { wholeAsked } from '../../../support/requests/histories.ts';

const at = 1_700_000_000_007;
const avery = { id: 'approver1', name: 'Avery Approver' };
const read = (event: object, request: Request = requests.awaitingApproval) =>
  changeToday(event as Event, request, at);

describe('the name of an event in an older line', () => {
  test.each([
    ['adopted', 'found'],
    ['resent', 'resubmitted'],
    ['dropped', 'abandoned'],
    ['lostTrack', 'actionMissing'],
    ['looked', 'searched'],
    ['parked', 'waitingForDevice'],
    ['triedAgain', 'retried'],
    ['foundAfterDrop', 'foundLate'],
    ['noted', 'notified'],
    ['approved', 'approved'],
    ['claimed', 'claimed'],
    ['contentSeen', 'contentSeen'],
  ])('%s is %s today', (then, today) => {
    expect(typeToday(then)).toBe(today);
  });

  test.each([
    'found',
    'resubmitted',
    'abandoned',
    'actionMissing',
    'searched',
    'waitingForDevice',
    'retried',
    'foundLate',
    'notified',
    'sessionNotified',
    'zap',
    'toString',
  ])('%s is none: those versions wrote no such line', (type) => {
    expect(typeToday(type)).toBeUndefined();
  });
});

describe('an event of an older line', () => {
  test('that either may have is the request’s until it is approved, and its session’s from then on', () => {
    for (const event of [
      { type: 'withdrawn', by: avery },
      { type: 'refused', code: 'notFound' },
    ]) {
      expect(read(event)).toStrictEqual({ event });
      expect(read(event, requests.queued)).toStrictEqual({ event, session: 0 });
    }
  });

  test('that only a request has stays the request’s when it is approved', () => {
    const redacted = { type: 'redacted', cause: 'time' };
    expect(read(redacted, requests.finished)).toStrictEqual({ event: redacted });
  });

  test('keeps a denial with who denied it, why and when', () => {
    expect(read({ type: 'denied', by: avery, reason: 'wrong host', byLastKnown: true })).toStrictEqual({
      event: {
        type: 'denied',
        vote: { kind: 'deny', at, by: avery, reason: 'wrong host', byLastKnown: true },
      },
    });
  });

  test('keeps an approval as it was given, for the first time and for sending again', () => {
    const approval = { by: avery, account: 'slack:U2', at: 5, digest: 'd' };
    const vote = { kind: 'approve', ...approval };
    expect(read({ type: 'approved', approval })).toStrictEqual({ event: { type: 'approved', vote } });
    expect(read({ type: 'resent', approval, runBefore: 9 }, requests.unknown)).toStrictEqual({
      event: { type: 'resubmitted', vote, runBefore: 9 },
      session: 0,
    });
  });

  test('tells a notice of the end from those that a session was taken up or found', () => {
    const place = { surface: 'slack', place: 'C1' };
    expect(read({ type: 'noted', ...place }, requests.finished)).toStrictEqual({
      event: { type: 'notified', ...place },
    });
    for (const what of ['woke', 'found'])
      expect(read({ type: 'noted', ...place, what }, requests.running)).toStrictEqual({
        event: { type: 'sessionNotified', ...place, what },
        session: 0,
      });
  });

  test('keeps how long a device is waited for, and as what a request was tried again', () => {
    const parked = { since: 1, until: 2, cancelAt: 3 };
    expect(read({ type: 'parked', parked }, requests.running)).toStrictEqual({
      event: { type: 'waitingForDevice', waiting: parked },
      session: 0,
    });
    const again = { id: 'lr-8g4m3r', by: avery, from: 1 };
    expect(read({ type: 'triedAgain', again }, requests.finished)).toStrictEqual({
      event: { type: 'retried', as: again },
    });
  });
});

describe('a request of an older line', () => {
  test.each([
    ['with no more than every request has', asked],
    ['with everything optional, a second delivery and a field that only a later version knows', wholeAsked],
    ['of a delivery beside its origin', { ...asked, origin: 'again:lr-4c2m8t', delivery: 'slack:Ev1' }],
  ])('is the same in parts: %s', (_, made) => {
    expect(requestAsked(olderAsked(made).asked)).toStrictEqual(made);
  });
});
