// What Defender has shown of a session: its action, and the state of each command on the card.
import { describe, expect, test } from '@jest/globals';
import type { Action, StepState } from '../../../src/liveResponse/action.ts';
import type { Request, State } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { noResults } from '../../../src/liveResponse/request/session.ts';
import {
  actionIdOf,
  actionOf,
  foundLateOf,
  otherDevice,
  progressOf,
  runOf,
  stateOf,
  statesOf,
} from '../../../src/liveResponse/request/retry.ts';
import {
  actionId,
  actionWith,
  deviceId,
  exampleMoves,
  fold,
  requestIn,
  start,
} from '../../support/requests/lifecycle.ts';
import type { AnyEvent } from '../../support/requests/requests.ts';

const { approved, claimed, submitted, found, lost, overdue, abandoned, lapsed } = exampleMoves;
const sent = [approved, claimed, submitted] as const;
const closed = [approved, claimed, lost, abandoned] as const;

const reading = (action: Action): AnyEvent => ({ ...exampleMoves.progressed, action });
const late = (action: Action): Request => fold([...closed, { type: 'foundLate', action }]);

describe('what is known of a run', () => {
  const begun = actionWith('InProgress');
  interface Known {
    readonly id?: string;
    readonly action?: Action;
    /** Its results and its cancel are known as well. */
    readonly run?: true;
  }
  const rows: readonly (readonly [string, Request, Known])[] = [
    ['awaiting approval', requestIn('awaitingApproval'), {}],
    ['queued', requestIn('queued'), {}],
    ['being sent', requestIn('submitting'), {}],
    ['lost on its way', requestIn('unknown'), {}],
    ['running', requestIn('running'), { id: actionId, action: submitted.action, run: true }],
    ['lost sight of', fold([...sent, overdue]), { id: actionId, run: true }],
    ['finished', requestIn('finished'), { id: actionId, action: exampleMoves.ended.action, run: true }],
    ['denied', requestIn('closed'), {}],
    ['out of time', fold([approved, lapsed]), {}],
    ['given up after it was lost sight of', fold([...sent, overdue, abandoned]), { id: actionId }],
  ];

  test.each(rows)('of a session that is %s', (_, request, known) => {
    const stage = stageOf(request);
    expect(actionIdOf(stage)).toBe(known.id);
    expect(actionOf(stage)).toEqual(known.action);
    const run = runOf(stage);
    expect(run?.actionId).toBe(known.run && known.id);
    expect(run?.results).toEqual(known.run && noResults);
  });

  test('tells the action that was found late, of closed sessions alone', () => {
    expect(actionOf(stageOf(late(begun)))).toEqual(begun);
    expect(actionIdOf(stageOf(late(begun)))).toBe(begun.id);
    expect(runOf(stageOf(late(begun)))).toBeUndefined();
    expect(foundLateOf(stageOf(late(begun)))).toStrictEqual({
      at: start + 5000,
      action: begun,
      notified: [],
    });
    for (const request of [...rows.map(([, one]) => one), fold(closed)])
      expect(foundLateOf(stageOf(request))).toBeUndefined();
  });
});

describe('the word of Defender on a command', () => {
  test('is that of its own index, whatever the order and whatever is left out', () => {
    const [first, second] = actionWith('InProgress', [['Completed'], ['Executing']]).progress;
    if (first === undefined || second === undefined) throw new Error('two commands have two words');
    const turned = fold([...sent, reading({ ...actionWith('InProgress'), progress: [second, first] })]);
    expect([0, 1, 2].map((index) => progressOf(turned, index)?.status)).toEqual([
      'Completed',
      'Executing',
      undefined,
    ]);
    const partly = fold([...sent, reading({ ...actionWith('InProgress'), progress: [second] })]);
    expect(progressOf(partly, 0)).toBeUndefined();
    expect(progressOf(requestIn('queued'), 0)).toBeUndefined();
  });
});

describe('the states of the commands', () => {
  test.each(['awaitingApproval', 'queued', 'submitting', 'unknown', 'closed'] as const satisfies State[])(
    'are all waiting where Defender has shown nothing: %s',
    (state) => {
      expect(statesOf(requestIn(state))).toEqual(['waiting', 'waiting']);
    },
  );

  const executing = actionWith('InProgress', [['Completed'], ['Executing']]);
  const untouched = actionWith('Cancelled', [['Created'], ['Created']]);
  const begun = actionWith('Cancelled', [['Completed'], ['Created']]);
  const silent = actionWith('Succeeded', []);
  const cases: readonly (readonly [string, Request, readonly StepState[]])[] = [
    ['at work', fold([...sent, reading(executing)]), ['completed', 'running']],
    // Its end is not recorded yet: until then nothing of it is taken for skipped or failed.
    ['over by a status alone', fold([...sent, reading(untouched)]), ['waiting', 'waiting']],
    ['finished', requestIn('finished'), ['completed', 'completed']],
    [
      'cancelled before it began',
      fold([...sent, { type: 'ended', action: untouched, outcome: 'cancelled' }]),
      ['skipped', 'skipped'],
    ],
    [
      'cancelled when it had begun',
      fold([...sent, { type: 'ended', action: begun, outcome: 'cancelled' }]),
      ['completed', 'failed'],
    ],
    ['lost sight of at work', fold([...sent, reading(executing), overdue]), ['waiting', 'waiting']],
    ['found late at work', late(executing), ['completed', 'running']],
    ['found late, never begun', late(untouched), ['skipped', 'skipped']],
    ['found late, cancelled when it had begun', late(begun), ['completed', 'failed']],
    ['found late, a success without words', late(silent), ['failed', 'failed']],
    ['found late by a word of the future', late(actionWith('Verifying', [])), ['waiting', 'waiting']],
  ];

  test.each(cases)('of a session that is %s', (_, request, states) => {
    expect(statesOf(request)).toEqual(states);
    expect(states.map((_state, index) => stateOf(request, index))).toEqual(states);
  });

  test('are waiting beyond the last command', () => {
    expect(stateOf(requestIn('finished'), 2)).toBe('waiting');
  });
});

describe('a command whose result was read', () => {
  const excerpt = { index: 0, at: start, length: 3, sha256: 'aa', errors: false, cut: false };
  const transcript = { type: 'excerptRead', excerpt } as const;
  const file = { type: 'fileSeen', file: { index: 1, at: start, format: 'zip' } } as const;
  const over = (action: Action) => ({ type: 'ended', action, outcome: 'timedOut' }) as const;
  const silent = over(actionWith('TimeOut', []));
  const failed = over(actionWith('TimeOut', [['Failed'], ['Created']]));

  test.each([
    ['a transcript', [transcript, silent], ['completed', 'failed']],
    ['a file', [file, silent], ['failed', 'completed']],
    ['both', [transcript, file, silent], ['completed', 'completed']],
    ['a transcript of a command that failed', [transcript, failed], ['failed', 'skipped']],
  ] as const)('has completed, unless Defender says otherwise: %s', (_, events, states) => {
    expect(statesOf(fold([...sent, reading(actionWith('InProgress', [])), ...events]))).toEqual(states);
  });
});

describe('a session of which nobody kept whether it was opened', () => {
  test('is taken for one that was not', () => {
    const action = actionWith('Cancelled', []);
    const opened = fold([
      ...sent,
      reading(actionWith('InProgress', [])),
      { type: 'ended', action, outcome: 'cancelled' },
    ]);
    expect(statesOf(opened)).toEqual(['failed', 'skipped']);
    const older: Request = {
      ...opened,
      sessions: opened.sessions.map((session) => {
        if (session.stage.state !== 'finished') return session;
        const { opened: _opened, ...stage } = session.stage;
        return { ...session, stage };
      }),
    };
    expect(statesOf(older)).toEqual(['skipped', 'skipped']);
  });
});

describe('another device than the one that was approved', () => {
  const on = (machineId: string) => ({ ...actionWith('InProgress'), machineId });
  const other = 'b'.repeat(40);

  test.each([
    ['the same', deviceId, undefined],
    ['the same in other letters', deviceId.toUpperCase(), undefined],
    ['none', '', undefined],
    ['another', other, other],
  ])('is told by the action: %s', (_, machineId, told) => {
    const running = fold([approved, claimed, lost, { ...found, action: on(machineId) }]);
    expect(otherDevice(running)).toBe(told);
    const finished = fold([...sent, { ...exampleMoves.ended, action: on(machineId) }]);
    expect(otherDevice(finished)).toBe(told);
  });

  test('is compared with the device of the request whatever its letters', () => {
    const request = fold([...sent, reading(on(deviceId))]);
    const [{ device }] = request.targets;
    expect(
      otherDevice({ ...request, targets: [{ device: { ...device, id: device.id.toUpperCase() } }] }),
    ).toBeUndefined();
  });

  test.each(['awaitingApproval', 'queued', 'submitting', 'unknown', 'closed'] as const)(
    'is not told while no action is in sight: %s',
    (state) => {
      expect(otherDevice(requestIn(state))).toBeUndefined();
    },
  );
});
