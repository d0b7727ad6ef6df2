// What a request with one device tells of itself: its stage, when it ended, and its results.
import { describe, expect, test } from '@jest/globals';
import { endedAt, isOpen, resultsOf, sessionOf, stageOf } from '../../../src/liveResponse/request/request.ts';
import { noResults } from '../../../src/liveResponse/request/session.ts';
import { exampleMoves, fold, requestIn, start } from '../../support/requests/lifecycle.ts';

const { approved, claimed, submitted, overdue, lapsed, denied, ended } = exampleMoves;
const excerpt = { index: 0, at: start, length: 3, sha256: 'aa', errors: false, cut: false };
const withResult = [approved, claimed, submitted, { type: 'excerptRead', excerpt }] as const;

describe('a request with one device', () => {
  test('shows what people decided, and from the approval on how far its session is', () => {
    const closed = fold([denied]);
    expect(stageOf(closed)).toBe(closed.stage);
    const running = requestIn('running');
    expect(stageOf(running)).toBe(running.sessions[0]?.stage);
  });

  test('cannot be approved and have no session', () => {
    expect(() => stageOf({ ...requestIn('running'), sessions: [] })).toThrow(
      'request lr-7f3k2q is approved and has no session',
    );
  });

  test('has a session from the approval on', () => {
    expect(sessionOf(requestIn('awaitingApproval'))).toBeUndefined();
    expect(sessionOf(requestIn('closed'))).toBeUndefined();
    const queued = requestIn('queued');
    expect(sessionOf(queued)).toBe(queued.sessions[0]);
  });

  test.each([
    ['denied', [denied], start + 1000],
    ['lapsed in the queue', [approved, lapsed], start + 2000],
    ['run to its end', [approved, claimed, submitted, ended], start + 4000],
  ] as const)('has ended when it was %s', (_, events, at) => {
    expect(endedAt(fold(events))).toBe(at);
    expect(isOpen(fold(events))).toBe(false);
  });

  test.each(['awaitingApproval', 'queued', 'submitting', 'unknown', 'running'] as const)(
    'has not ended while it is open: %s',
    (state) => {
      expect(endedAt(requestIn(state))).toBeUndefined();
      expect(isOpen(requestIn(state))).toBe(true);
    },
  );
});

describe('the results of a request', () => {
  test.each([
    ['running', withResult],
    ['finished', [...withResult, ended]],
    ['lost sight of', [...withResult, overdue]],
  ] as const)('are what was read of its session: %s', (_, events) => {
    expect(resultsOf(stageOf(fold(events)))).toEqual({ ...noResults, excerpts: [excerpt] });
  });

  test.each(['awaitingApproval', 'queued', 'submitting', 'unknown', 'closed'] as const)(
    'are none where Defender has shown nothing: %s',
    (state) => {
      expect(resultsOf(stageOf(requestIn(state)))).toEqual(noResults);
    },
  );
});
