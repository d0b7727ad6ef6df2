// Attempts of a session whose answer was lost: which of them may have run, and which may still turn up.
import { describe, expect, test } from '@jest/globals';
import { earlierAttempt, isInState, mayTurnUp } from '../../../src/liveResponse/request/session.ts';
import { sessionOf } from '../../../src/liveResponse/request/request.ts';
import { exampleMoves, fold, requestIn } from '../../support/requests/lifecycle.ts';
import type { AnyEvent } from '../../support/requests/requests.ts';

const { approved, claimed, submitted, deferred, lost, resubmitted, abandoned } = exampleMoves;
const { lapsed, withdrawn, refused, ended } = exampleMoves;
const again = { ...claimed, attempt: { ...claimed.attempt, nonce: 'second' } };
const afterLoss = [approved, claimed, lost, resubmitted] as const;

const session = (...events: readonly AnyEvent[]) => sessionOf(fold(events));

describe('an earlier attempt', () => {
  test.each([
    ['nothing was sent', [approved], undefined],
    ['it is being sent', [approved, claimed], undefined],
    ['Defender refused it for now', [approved, claimed, deferred], undefined],
    ['its answer was lost', [approved, claimed, lost], undefined],
    ['it was lost and is sent again', afterLoss, claimed.attempt.nonce],
    ['it was lost and was sent again', [...afterLoss, again], claimed.attempt.nonce],
    ['it was lost, sent again and taken', [...afterLoss, again, submitted], claimed.attempt.nonce],
    ['it was lost twice', [...afterLoss, again, lost, resubmitted], claimed.attempt.nonce],
  ] as const)('is one under an older grant: %s', (_, events, nonce) => {
    expect(earlierAttempt(session(...events))?.nonce).toBe(nonce);
  });

  test('is the first of them', () => {
    const refusedOnce = [approved, claimed, deferred, again, lost, resubmitted] as const;
    expect(earlierAttempt(session(...refusedOnce))).toMatchObject({ nonce: claimed.attempt.nonce, grant: 0 });
  });

  test('is none of a request that nobody approved', () => {
    expect(earlierAttempt(undefined)).toBeUndefined();
  });
});

describe('a session that may turn up', () => {
  test.each([
    ['given up while it was looked for', [approved, claimed, lost, abandoned]],
    ['taken back before it was sent again', [...afterLoss, withdrawn]],
    ['out of time before it was sent again', [...afterLoss, lapsed]],
    ['refused when it was sent again', [...afterLoss, again, refused]],
  ] as const)('is closed, and one of its attempts was lost: %s', (_, events) => {
    expect(mayTurnUp(session(...events))).toBe(true);
  });

  test.each([
    ['taken back in the queue', [approved, withdrawn]],
    ['out of time after Defender refused it for now', [approved, claimed, deferred, lapsed]],
    ['refused by Defender', [approved, claimed, refused]],
    ['still looked for', [approved, claimed, lost]],
    ['to be sent again', afterLoss],
    ['at work after it was sent again', [...afterLoss, again, submitted]],
    ['ended after it was sent again', [...afterLoss, again, submitted, ended]],
  ] as const)('is no other: %s', (_, events) => {
    expect(mayTurnUp(session(...events))).toBe(false);
  });

  test('is none of a request that nobody approved', () => {
    expect(mayTurnUp(undefined)).toBe(false);
  });
});

describe('the state of a session', () => {
  test('is one of those named, or not', () => {
    const running = sessionOf(requestIn('running'));
    expect(isInState(running, ['running'])).toBe(true);
    expect(isInState(running, ['queued', 'running'])).toBe(true);
    expect(isInState(running, ['queued', 'finished'])).toBe(false);
    expect(isInState(running, [])).toBe(false);
  });

  test('is none where nobody approved', () => {
    expect(isInState(undefined, ['queued', 'running'])).toBe(false);
  });
});
