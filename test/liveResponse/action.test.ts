// What Defender says of an action, and what a row of the card may say of each command.
import { describe, expect, test } from '@jest/globals';
import {
  commandStatusWord,
  createdAtOr,
  hasBegun,
  isKnownStatus,
  isTerminal,
  outcomeOf,
  sameReading,
  statusWord,
  stepState,
  stepStates,
  typeWord,
} from '../../src/liveResponse/action.ts';
import type { Action, CommandProgress, Outcome, StepState } from '../../src/liveResponse/action.ts';
import { actionWith } from '../support/requests/lifecycle.ts';

function progress(index: number, status: string, startedAt?: number): CommandProgress {
  return { index, status, errors: [], ...(startedAt === undefined ? {} : { startedAt }) };
}

describe('the words of Defender', () => {
  test.each([
    ['Succeeded', ['succeeded', 'SUCCEEDED']],
    ['Failed', ['failed', 'FAILED']],
    ['TimeOut', ['Timeout', 'timed out', 'TIME_OUT', 'Timed-Out']],
    ['Cancelled', ['cancelled', 'Canceled']],
    ['Pending', ['pending']],
    ['InProgress', ['in progress', 'in_progress', 'IN-PROGRESS', 'inprogress']],
  ])('%s is read in every spelling', (word, spellings) => {
    expect(spellings.map(statusWord)).toEqual(spellings.map(() => word));
  });

  test('of a status that nobody knows stay as they are, and are no end', () => {
    expect(statusWord('Paused by operator')).toBe('Paused by operator');
    expect(isTerminal('Paused by operator')).toBe(false);
    expect(isKnownStatus('Paused by operator')).toBe(false);
  });

  test('end an action in four cases alone', () => {
    expect(['Succeeded', 'Failed', 'TimeOut', 'Cancelled'].map(isTerminal)).toEqual([true, true, true, true]);
    expect(['Pending', 'InProgress', 'Completed', ''].map(isTerminal)).toEqual([false, false, false, false]);
    expect(['Pending', 'InProgress', 'Failed'].map(isKnownStatus)).toEqual([true, true, true]);
  });

  test.each([
    ['Created', 'created'],
    ['Submitted', 'SUBMITTED'],
    ['PendingResource', 'pending resource'],
    ['Executing', 'executing'],
    ['Executing', 'In Progress'],
    ['Completed', 'completed'],
    ['Failed', 'FAILED'],
    ['Skipped', 'Skipped'],
  ])('%s of a command may be written %j', (word, spelling) => {
    expect(commandStatusWord(spelling)).toBe(word);
  });

  test.each([
    'RunAntiVirusScan',
    'Offboard',
    'LiveResponse',
    'CollectInvestigationPackage',
    'Isolate',
    'Unisolate',
    'StopAndQuarantineFile',
    'RestrictCodeExecution',
    'UnrestrictCodeExecution',
    'RequestSample',
  ])('%s is a type in any case', (word) => {
    expect(typeWord(word.toUpperCase())).toBe(word);
    expect(typeWord('NewType')).toBe('NewType');
  });

  test('each end has its outcome', () => {
    expect(outcomeOf).toEqual({
      Succeeded: 'succeeded',
      Failed: 'failed',
      TimeOut: 'timedOut',
      Cancelled: 'cancelled',
    });
  });
});

describe('whether the device has taken the session up', () => {
  test.each<[boolean, string, CommandProgress]>([
    [true, 'InProgress', progress(0, 'Created')],
    [true, 'Pending', progress(0, 'Created', 5)],
    [true, 'TimeOut', progress(0, 'Executing')],
    [true, 'TimeOut', progress(0, 'Completed')],
    [true, 'TimeOut', progress(0, 'Failed')],
    [false, 'Pending', progress(0, 'Created')],
    [false, 'TimeOut', progress(0, 'PendingResource')],
  ])('is %s of %s with %j', (begun, status, one) => {
    expect(hasBegun({ status, progress: [one] })).toBe(begun);
    expect(hasBegun({ status, progress: [progress(1, 'Created'), one] })).toBe(begun);
  });

  test('is not so of an action without commands that waits', () => {
    expect(hasBegun({ status: 'Pending', progress: [] })).toBe(false);
  });
});

describe('one command', () => {
  test.each<[CommandProgress | undefined, StepState, StepState]>([
    [undefined, 'waiting', 'skipped'],
    [progress(0, 'Completed'), 'completed', 'completed'],
    [progress(0, 'Failed'), 'failed', 'failed'],
    [progress(0, 'Created'), 'waiting', 'skipped'],
    [progress(0, 'Created', 5), 'running', 'failed'],
    [progress(0, 'Submitted'), 'waiting', 'failed'],
    [progress(0, 'PendingResource', 5), 'running', 'failed'],
    [progress(0, 'Executing'), 'running', 'failed'],
    [progress(0, 'OfTheFuture'), 'waiting', 'failed'],
  ])('%j is %s while the session runs, and %s when it has ended', (one, open, ended) => {
    expect(stepState(one, false)).toBe(open);
    expect(stepState(one, true)).toBe(ended);
  });
});

describe('the commands of a session', () => {
  const states = (list: readonly CommandProgress[], outcome?: Outcome, opened = true): readonly StepState[] =>
    stepStates({ progress: list }, 3, outcome === undefined ? undefined : { outcome, opened });

  test('are found by their index, in any order, and as many as were asked for', () => {
    expect(states([progress(2, 'Failed'), progress(0, 'Completed')])).toEqual([
      'completed',
      'waiting',
      'failed',
    ]);
  });

  test('a session that was taken up and ended early may have run the first one without an end', () => {
    expect(states([progress(0, 'Completed'), progress(1, 'Created')], 'timedOut')).toEqual([
      'completed',
      'failed',
      'skipped',
    ]);
    expect(states([], 'cancelled')).toEqual(['failed', 'skipped', 'skipped']);
  });

  test('a session that was never taken up ran nothing', () => {
    expect(states([progress(0, 'Created')], 'timedOut', false)).toEqual(['skipped', 'skipped', 'skipped']);
  });

  test('after a failed command nothing else may have run', () => {
    expect(states([progress(0, 'Failed')], 'failed')).toEqual(['failed', 'skipped', 'skipped']);
  });

  test('a success that leaves commands out says nothing of them', () => {
    expect(states([progress(0, 'Completed')], 'succeeded')).toEqual(['completed', 'failed', 'failed']);
    expect(states([progress(0, 'Completed')], 'succeeded', false)).toEqual(['completed', 'failed', 'failed']);
  });
});

describe('when an action was created', () => {
  test('is what Defender says, or the other time where it says nothing or 0', () => {
    expect(createdAtOr({ createdAt: 1 }, 9)).toBe(1);
    expect(createdAtOr({ createdAt: 0 }, 9)).toBe(9);
    expect(createdAtOr({}, 9)).toBe(9);
  });
});

describe('two readings', () => {
  const action = actionWith('Pending');
  test.each<[string, Partial<Action>]>([
    ['another status', { status: 'InProgress' }],
    ['somebody who cancelled it', { cancelledBy: 'soc@corp.example' }],
    ['a code', { hresult: 0x80070005 }],
    ['an explanation', { troubleshoot: 'disk full' }],
    ['progress', { progress: [progress(0, 'Completed')] }],
  ])('are not the same with %s', (_what, changed) => {
    expect(sameReading(action, { ...action, ...changed })).toBe(false);
  });

  test('are the same when only the time of the reading differs', () => {
    expect(sameReading(action, { ...actionWith('Pending'), updatedAt: 1 })).toBe(true);
  });
});
