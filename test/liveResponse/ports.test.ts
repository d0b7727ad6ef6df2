// Errors of the outside world: what they carry for those who decide, and what is kept of them.
import { describe, expect, test } from '@jest/globals';
import { DefenderError, errorAnswer, StoreError } from '../../src/liveResponse/ports.ts';

const cause = new Error('socket hang up');

describe('an error of Defender', () => {
  const detail = {
    call: 'submit',
    status: 400,
    apiCode: 'ActiveRequestAlreadyExists',
    apiMessage: 'An active request already exists',
    target: '8f6c',
    retryAfterMs: 5_000,
    cause,
  } as const;

  test('carries its code, what was answered and what caused it', () => {
    const error = new DefenderError('busy', 'HTTP 400', detail);
    expect(error).toMatchObject({
      name: 'DefenderError',
      message: 'HTTP 400',
      code: 'busy',
      detail,
      cause,
    });
  });

  test('is kept as codes and texts for people, without its cause', () => {
    expect(errorAnswer(new DefenderError('busy', 'HTTP 400', detail))).toStrictEqual({
      code: 'busy',
      call: 'submit',
      status: 400,
      apiCode: 'ActiveRequestAlreadyExists',
      message: 'An active request already exists',
      target: '8f6c',
    });
  });

  test('without an answer has nothing but its code', () => {
    const error = new DefenderError('unavailable', 'no answer');
    expect(errorAnswer(error)).toStrictEqual({ code: 'unavailable' });
    expect(Object.hasOwn(error, 'cause')).toBe(false);
  });
});

test('an error of the journal is known by its code, and carries a cause where there is one', () => {
  expect(new StoreError('disk full', cause)).toMatchObject({
    name: 'StoreError',
    code: 'storeUnavailable',
    cause,
  });
  expect(Object.hasOwn(new StoreError('disk full'), 'cause')).toBe(false);
});
