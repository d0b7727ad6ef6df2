// Which events draw the cards again, and whose event each is.
import { describe, expect, test } from '@jest/globals';
import type { RequestFact, SessionFact } from '../../../src/liveResponse/request/events.ts';
import { isRequestEventType, isSessionEventType } from '../../../src/liveResponse/request/events.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { actionWith, exampleMoves, fold, requestIn, start } from '../../support/requests/lifecycle.ts';
import { after } from '../../support/requests/requests.ts';

const { approved, claimed, lost, abandoned } = exampleMoves;
const avery = approved.vote.by;
const trouble = { index: 0, at: start, code: 'notReady', tries: 1 };
const link = { index: 1, at: start, expiresAt: start + 1 };
const closedSession = fold([approved, claimed, lost, abandoned]);
const foundLate = { type: 'foundLate', action: actionWith('InProgress') } as const;

type Fact = RequestFact | SessionFact;

/** Facts that people see on the cards, each with a request in which it can be recorded. */
const shown: readonly (readonly [Fact, Request])[] = [
  [
    { type: 'contentSeen', content: { at: start, notRead: 'unavailable' }, digest: 'd', fingerprint: 'f' },
    requestIn('awaitingApproval'),
  ],
  [{ type: 'redacted', cause: 'place' }, requestIn('finished')],
  [{ type: 'retried', as: { id: 'lr-8g4m3r', by: avery } }, requestIn('finished')],
  [{ type: 'waiting', cause: 'slot' }, requestIn('queued')],
  [{ type: 'searched' }, requestIn('unknown')],
  [
    {
      type: 'excerptRead',
      excerpt: { index: 0, at: start, length: 1, sha256: 'aa', errors: false, cut: false },
    },
    requestIn('running'),
  ],
  [{ type: 'fileSeen', file: { index: 1, at: start, format: 'zip' } }, requestIn('running')],
  [{ type: 'resultTrouble', trouble }, requestIn('running')],
  [{ type: 'linkMinted', link, onCard: true }, requestIn('finished')],
  [{ type: 'linkRetired', index: 1 }, requestIn('finished')],
  [{ type: 'linkRefused', trouble }, requestIn('finished')],
  [{ type: 'cancelAsked', cancel: { by: avery, at: start, answer: 'sent' } }, requestIn('running')],
  [{ type: 'waitingForDevice', waiting: { since: start, until: start + 1 } }, requestIn('running')],
  [foundLate, closedSession],
];

/** Facts that change nothing on a card. */
const unseen: readonly (readonly [Fact, Request])[] = [
  [{ type: 'cardPosting', surface: 'slack', place: 'C1', intent: 'a' }, requestIn('awaitingApproval')],
  [
    { type: 'cardPosted', intent: 'a', ref: { surface: 'slack', place: 'C1', id: '1' }, shown: 1 },
    requestIn('awaitingApproval'),
  ],
  [{ type: 'cardShown', intent: 'a', shown: 2 }, requestIn('running')],
  [{ type: 'cardGone', intent: 'a', why: 'gone', dead: false }, requestIn('running')],
  [{ type: 'notified', surface: 'slack', place: 'C1' }, requestIn('finished')],
  [{ type: 'pressRefused', by: 'x', verb: 'approve', reason: 'selfApproval' }, requestIn('queued')],
  [{ type: 'resultViewed', by: avery, index: 0, what: 'output' }, requestIn('finished')],
  [{ type: 'linkMinted', link, onCard: false }, requestIn('finished')],
  [
    { type: 'sessionNotified', surface: 'slack', place: 'C1', what: 'found' },
    after(closedSession, foundLate, start),
  ],
];

describe('a fact', () => {
  test.each(shown.map(([fact, request]) => [fact.type, fact, request] as const))(
    'that people see draws the cards again: %s',
    (_, fact, request) => {
      const next = after(request, fact, start + 99_000);
      expect(next.revision).toBe(request.revision + 1);
      expect(next.changedAt).toBe(start + 99_000);
    },
  );

  test.each(unseen.map(([fact, request]) => [fact.type, fact, request] as const))(
    'that no card shows leaves them as they are: %s',
    (_, fact, request) => {
      const next = after(request, fact, start + 99_000);
      expect(next.revision).toBe(request.revision);
      expect(next.changedAt).toBe(request.changedAt);
    },
  );

  test('that no card shows may still be all that there is of it', () => {
    for (const state of ['awaitingApproval', 'running', 'closed'] as const) {
      const request = requestIn(state);
      const pressed = { type: 'pressRefused', by: 'x', verb: 'deny', reason: 'notListed' } as const;
      const viewed = { type: 'resultViewed', by: avery, index: 1, what: 'link' } as const;
      expect(after(request, pressed, start)).toEqual(request);
      expect(after(request, viewed, start)).toEqual(request);
    }
  });
});

describe('the type of an event', () => {
  test.each([
    ['asked', true, false],
    ['approved', true, false],
    ['denied', true, false],
    ['expired', true, false],
    ['withdrawn', true, true],
    ['refused', true, true],
    ['cardPosting', true, false],
    ['resultViewed', true, false],
    ['claimed', false, true],
    ['ended', false, true],
    ['lapsed', false, true],
    ['searched', false, true],
    ['foundLate', false, true],
    ['toString', false, false],
    ['', false, false],
    ['somethingNew', false, false],
  ])('%j is of a request: %s, of a session: %s', (type, ofRequest, ofSession) => {
    expect(isRequestEventType(type)).toBe(ofRequest);
    expect(isSessionEventType(type)).toBe(ofSession);
  });

  test('tells transitions of a request and of its session apart where both have them', () => {
    const queued = requestIn('queued');
    const withdrawn = { type: 'withdrawn', by: avery } as const;
    expect(after(queued, withdrawn, start)).toMatchObject({
      stage: { state: 'approved' },
      sessions: [{ stage: { state: 'closed', ending: { kind: 'withdrawn' } } }],
    });
    expect(after(requestIn('awaitingApproval'), withdrawn, start)).toMatchObject({
      stage: { state: 'closed', ending: { kind: 'withdrawn' } },
      sessions: [],
    });
  });
});
