// What a POST says of itself, and what its answer means.
import { describe, expect, test } from '@jest/globals';
import {
  afterFailure,
  commentOf,
  refusal,
  whoseAction,
} from '../../../../src/bot/workers/sessions/submitAnswer.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { DefenderErrorCode, DefenderErrorDetail } from '../../../../src/liveResponse/ports.ts';
import { actionWith, exampleMoves } from '../../../support/requests/lifecycle.ts';
import { askedFor, history, sessionOf } from '../../../support/apps/workerPorts.ts';

const { attempt } = exampleMoves.claimed;

test('the comment has the tag first, then the people, the fingerprint and the reason', () => {
  const submitting = sessionOf(history(askedFor(), 'approved', 'claimed'), 'submitting');
  const { fingerprint } = submitting.request.subject;
  const words = `${attempt.tag} | requested by Riley Responder | approved by Avery Approver | ${fingerprint}`;
  expect(commentOf(submitting, attempt)).toBe(words);
  const why = sessionOf(history(askedFor({ reason: 'a\nb' }), 'approved', 'claimed'), 'submitting');
  expect(commentOf(why, attempt)).toBe(`${words} | reason: a b`);
  const long = sessionOf(
    history(askedFor({ reason: 'x'.repeat(2000) }), 'approved', 'claimed'),
    'submitting',
  );
  expect(commentOf(long, attempt)).toHaveLength(1000);
});

describe('the action in an answer', () => {
  const session = {
    attempts: [
      { ...attempt, tag: 'lr:other:1', grant: 0 },
      { ...attempt, grant: 0 },
    ],
  };
  const whose = (comment: string, known = false) =>
    whoseAction({ ...actionWith('Pending'), comment }, session, known);

  test('is ours by the tag of any attempt, and unclear where it is that of another session', () => {
    expect(whose(`${attempt.tag} | requested`)).toBe('ours');
    expect(whose('lr:other:1 | requested')).toBe('ours');
    expect(whose(`${attempt.tag} | requested`, true)).toBe('unclear');
  });

  test('is foreign with words of its own, and unclear where they may be a part of our tag', () => {
    expect(whose('somebody else')).toBe('foreign');
    expect(whose('somebody else', true)).toBe('foreign');
    expect(whose(` ${attempt.tag.slice(0, 5)} `)).toBe('unclear');
    expect(whose('')).toBe('unclear');
    expect(whose('', true)).toBe('foreign');
  });
});

describe('a POST that failed', () => {
  const now = 1_000_000;
  const means = (code: DefenderErrorCode, detail: DefenderErrorDetail = {}) =>
    afterFailure(new DefenderError(code, '', detail), now, () => 'sessions');

  test.each([
    ['busy', 'deviceBusy', 30_000],
    ['throttled', 'sessions', 60_000],
    ['unavailable', 'unavailable', 15_000],
    ['unauthorized', 'unauthorized', 15_000],
  ] as const)('with %s waits for another try', (code, cause, pause) => {
    expect(means(code)).toStrictEqual({ type: 'deferred', cause, notBefore: now + pause, error: { code } });
    expect(means(code, { retryAfterMs: 7 })).toMatchObject({ notBefore: now + 7 });
  });

  test('for our own limit waits a moment, with nothing to tell of Defender', () => {
    expect(means('paced')).toStrictEqual({ type: 'deferred', cause: 'slot', notBefore: now + 1000 });
  });

  test('with a definite no ends', () => {
    for (const code of ['refused', 'notFound'] as const)
      expect(means(code)).toStrictEqual({ type: 'refused', code });
    const detail = { apiCode: 'A', apiMessage: 'why', target: 't', call: 'submit', status: 400 } as const;
    expect(refusal(new DefenderError('refused', '', detail))).toStrictEqual({
      type: 'refused',
      code: 'A',
      detail: 'why',
      target: 't',
      call: 'submit',
      status: 400,
    });
  });

  test('with anything else may have run', () => {
    for (const code of ['ambiguous', 'unreadable'] as const)
      expect(means(code)).toStrictEqual({ type: 'lost', error: { code } });
  });
});
