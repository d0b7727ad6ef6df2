// Which ended requests may be tried again, from which command on, and whether anything of them may have run.
import { describe, expect, test } from '@jest/globals';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { againFrom, mayHaveReached } from '../../../src/liveResponse/request/retry.ts';
import { actionWith, exampleMoves, fold, requestIn } from '../../support/requests/lifecycle.ts';
import type { AnyEvent } from '../../support/requests/requests.ts';

const { approved, claimed, submitted, deferred, lost, resubmitted, abandoned } = exampleMoves;
const { denied, withdrawn, expired, lapsed, ended, found } = exampleMoves;
const sent = [approved, claimed, submitted] as const;
const resent = [approved, claimed, lost, resubmitted] as const;

function finished(status: string, ...commands: readonly string[]): Request {
  const action = actionWith(
    status,
    commands.map((command) => [command]),
  );
  const outcome = status === 'Succeeded' ? 'succeeded' : status === 'Failed' ? 'failed' : 'cancelled';
  return fold([...sent, { type: 'ended', action, outcome }]);
}

const refusedFor = (code: string): AnyEvent => ({ type: 'refused', code });

describe('a finished request', () => {
  test.each([
    ['its script failed', finished('Failed', 'Failed', 'Created'), 0],
    ['its file could not be collected', finished('Failed', 'Completed', 'Failed'), 1],
    ['it was cancelled before it began', finished('Cancelled', 'Created', 'Created'), 0],
    ['it was cancelled between two commands', finished('Cancelled', 'Completed', 'Created'), 1],
    ['it succeeded without a word on its last command', finished('Succeeded', 'Completed'), 1],
  ] as const)('goes on with the first command that did not complete: %s', (_, request, from) => {
    expect(againFrom(request)).toEqual({ from });
    expect(mayHaveReached(request)).toBe(true);
  });

  test('has nothing left to do where everything completed', () => {
    expect(againFrom(finished('Succeeded', 'Completed', 'Completed'))).toEqual({ why: 'complete' });
  });

  test('does not go on from what completed elsewhere, or was something else', () => {
    const failed = { ...ended, action: actionWith('Failed', [['Completed'], ['Failed']]) };
    const differs = [{ type: 'GetFile', path: 'C:\\x' }] as const;
    expect(againFrom(fold([approved, claimed, lost, { ...found, differs }, failed]))).toEqual({
      why: 'mayHaveRun',
    });
    const elsewhere = { ...failed, action: { ...failed.action, machineId: 'b'.repeat(40) } };
    expect(againFrom(fold([...sent, elsewhere]))).toEqual({ why: 'mayHaveRun' });
  });
});

describe('an open request', () => {
  test.each(['awaitingApproval', 'queued', 'submitting', 'unknown', 'running'] as const)(
    'is not tried again, and may reach Defender: %s',
    (state) => {
      expect(againFrom(requestIn(state))).toEqual({ why: 'notEnded' });
      expect(mayHaveReached(requestIn(state))).toBe(true);
    },
  );
});

describe('a closed request of which nothing ran', () => {
  test.each([
    ['nobody approved it in time', [expired], { from: 0 }],
    ['it was not sent in time', [approved, lapsed], { from: 0 }],
    ['it was deferred and then not sent in time', [approved, claimed, deferred, lapsed], { from: 0 }],
    ['Defender refused it', [approved, claimed, refusedFor('DisabledFeature')], { from: 0 }],
    ['the bot refused it', [refusedFor('notFound')], { from: 0 }],
    ['it was denied', [denied], { why: 'takenBack' }],
    ['its requester took it back', [withdrawn], { why: 'takenBack' }],
    ['its requester took it back from the queue', [approved, withdrawn], { why: 'takenBack' }],
    ['its digest was another one', [approved, claimed, refusedFor('digestMismatch')], { why: 'mustNot' }],
    ['it was of another tenant', [approved, refusedFor('otherTenant')], { why: 'mustNot' }],
    [
      'its system has no live response',
      [approved, claimed, refusedFor('OsPlatformNotSupported')],
      { why: 'hopeless' },
    ],
    ['its device has no live response', [refusedFor('deviceUnsupported')], { why: 'hopeless' }],
  ] as const)('may be tried again from its start, or says why not: %s', (_, events, again) => {
    const request = fold(events);
    expect(againFrom(request)).toEqual(again);
    expect(mayHaveReached(request)).toBe(false);
  });
});

describe('a closed request that may have run', () => {
  test.each([
    ['it was given up while it was looked for', [approved, claimed, lost, abandoned]],
    ['it was lost, and not sent again in time', [...resent, lapsed]],
    ['it was lost, and taken back before it was sent again', [...resent, withdrawn]],
    ['it was lost, and refused when it was sent again', [...resent, claimed, refusedFor('DisabledFeature')]],
  ] as const)('is not tried again: %s', (_, events) => {
    const request = fold(events);
    expect(againFrom(request)).toEqual({ why: 'mayHaveRun' });
    expect(mayHaveReached(request)).toBe(true);
  });

  test.each([
    ['denied', [denied]],
    ['expired', [expired]],
    ['lapsed', [approved, lapsed]],
  ] as const)('is not tried again after its record was restored without its last lines: %s', (_, events) => {
    const request = fold(events);
    expect(againFrom(request, true)).toEqual({ why: 'mayHaveRun' });
    expect(mayHaveReached(request, true)).toBe(true);
  });

  test('is not tried again once it was found at Defender', () => {
    const late = { type: 'foundLate', action: actionWith('InProgress') } as const;
    expect(againFrom(fold([approved, claimed, lost, abandoned, late]))).toEqual({ why: 'foundLate' });
    expect(againFrom(fold([...resent, lapsed, late]), true)).toEqual({ why: 'foundLate' });
  });
});
