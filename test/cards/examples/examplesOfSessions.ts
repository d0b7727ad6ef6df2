// Examples of cards from the question for approval to the end of a session.
import type { Example } from './exampleRequests.ts';
import { action, eventful, example, freeze, minute, progress, start, unread } from './exampleRequests.ts';
import {
  approved,
  atWork,
  blockers,
  busy,
  cancelAsked,
  cancelled,
  claimed,
  deferred,
  ended,
  excerptRead,
  fileDone,
  fileSeen,
  linkMinted,
  long,
  looked,
  lost,
  many,
  manyContent,
  noRight,
  notRead,
  otherCommands,
  outputs,
  progressed,
  sasUrl,
  scriptDone,
  scriptError,
  sent,
  submitted,
  succeeded,
  target,
  transcript,
  unverified,
} from './exampleSteps.ts';

export const examplesOfSessions: readonly Example[] = [
  example('awaiting-approval', [], { notify: 'slack:S0614TZR7' }),
  example('awaiting-approval-teams', [], {
    notify: 'teams:5f0c1a52-7a53-4a1c-9a3e-0d6c8f1b2a3c',
    simulated: true,
  }),
  example(
    'awaiting-approval-many',
    [],
    {},
    { commands: many, content: manyContent, title: 'triage hosta', recipe: 'triage' },
  ),
  example('awaiting-approval-not-verified', [], {}, notRead),
  example('awaiting-approval-look-alikes', [], {}, { context: eventful }),
  example('awaiting-approval-panel-unread', [], {}, { context: unread }),
  example('queued-turn', [approved], {
    now: start + 2 * minute,
    queue: { position: 3, expectedAt: start + 3 * minute },
  }),
  example('queued-device-busy', [approved, claimed, deferred('deviceBusy')], { now: start + 3 * minute }),
  example('queued-device-busy-action', busy(blockers.action), { now: start + 3 * minute }),
  example(
    'queued-device-busy-request',
    [approved, [{ type: 'waiting', cause: 'deviceBusy', blocker: blockers.undecided }, 3]],
    { now: start + 3 * minute },
  ),
  example('queued-device-busy-unseen', busy(blockers.unseen), { now: start + 3 * minute }),
  example('queued-not-let-in', [approved, claimed, deferred('unauthorized', noRight('submit', 401))], {
    now: start + 3 * minute,
  }),
  example('queued-sessions', [approved, [{ type: 'waiting', cause: 'sessions' }, 3]], {
    now: start + 3 * minute,
    queue: { position: 12, expectedAt: start + 9 * minute },
  }),
  example('queued-throttled', [approved, claimed, deferred('throttled')], {
    now: start + 3 * minute,
    queue: { position: 1, expectedAt: start + 4 * minute },
  }),
  example('queued-frozen', [approved, [{ type: 'waiting', cause: 'frozen' }, 3]], {
    now: start + 3 * minute,
    frozen: freeze('credential rotation'),
  }),
  example('queued-library', [approved, [{ type: 'waiting', cause: 'library' }, 3]], {
    now: start + 3 * minute,
  }),
  example('queued-unreachable', [approved, claimed, deferred('unavailable')], { now: start + 3 * minute }),
  example('submitting', [approved, claimed]),
  example('running-pending', sent),
  example('running-command', [
    ...sent,
    progressed(
      action('InProgress', [
        progress(0, 'Executing', { startedAt: start + 4 * minute }),
        progress(1, 'Created'),
      ]),
    ),
  ]),
  example('running-not-verified', [unverified, claimed, submitted], {}, notRead),
  example(
    'running-excerpt',
    [
      ...sent,
      progressed(action('InProgress', [scriptDone, progress(1, 'Executing')])),
      excerptRead(transcript),
    ],
    { outputs, simulated: true },
  ),
  example(
    'running-closing',
    [...sent, progressed(action('InProgress', [scriptDone, fileDone])), excerptRead(transcript)],
    { outputs },
  ),
  example('running-unknown-status', [
    ...sent,
    progressed(action('Hibernating', [scriptDone, progress(1, 'WaitingForUser')])),
    [{ type: 'resultTrouble', trouble: { index: 0, at: start, code: 'notReady', tries: 2 } }, 5],
  ]),
  example(
    'running-next',
    [
      ...sent,
      progressed(action('InProgress', [scriptDone, progress(1, 'Created')])),
      excerptRead(transcript),
    ],
    { outputs },
  ),
  example('running-not-as-approved', [
    approved,
    claimed,
    [{ type: 'lost' }, 3],
    [
      {
        type: 'found',
        action: action(
          'InProgress',
          [progress(0, 'Created', { startedAt: start + 4 * minute }), progress(1, 'Created')],
          { commands: otherCommands },
        ),
        deadline: start + 80 * minute,
        differs: otherCommands,
      },
      4,
    ],
  ]),
  example('running-cancel-no-effect', [...sent, atWork, cancelled('accepted'), cancelled('noEffect', 11)]),
  example('running-cancel-forbidden', [...sent, atWork, cancelled('failed', 5, noRight('cancel'))]),
  example('running-cancel-asked', [
    ...sent,
    progressed(action('InProgress', [progress(0, 'Executing'), progress(1, 'Created')])),
    cancelAsked,
  ]),
  example('unknown-lost', lost),
  example('unknown-looked', looked),
  example('unknown-overdue', [...sent, [{ type: 'overdue' }, 4330], [{ type: 'searched' }, 4331]]),
  example('finished-succeeded', [...sent, excerptRead(transcript), succeeded, fileSeen, linkMinted], {
    outputs,
    urls: new Map([[1, sasUrl]]),
  }),
  example(
    'finished-link-expired',
    [
      ...sent,
      excerptRead(transcript),
      succeeded,
      fileSeen,
      linkMinted,
      [{ type: 'linkRetired', index: 1 }, 35],
    ],
    { outputs, now: start + 36 * minute },
  ),
  example('finished-private', [...sent, excerptRead(transcript), succeeded, fileSeen], {
    outputs,
    results: 'private',
  }),
  example('finished-long-output', [...sent, excerptRead(long), succeeded, fileSeen, linkMinted], {
    outputs: new Map([[0, long]]),
    urls: new Map([[1, sasUrl]]),
  }),
  example(
    'finished-exit-code',
    [...sent, excerptRead(scriptError, { exitCode: 5, errors: true }), succeeded],
    { outputs: new Map([[0, scriptError]]) },
  ),
  example(
    'finished-failed',
    [
      ...sent,
      excerptRead(transcript),
      ended(
        action('Failed', [
          scriptDone,
          progress(1, 'Failed', {
            errors: ['File C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip was not found'],
          }),
        ]),
        'failed',
      ),
    ],
    { outputs },
  ),
  example('finished-timed-out', [
    ...sent,
    ended(
      action('TimeOut', [
        progress(0, 'Executing', { startedAt: start + 4 * minute }),
        progress(1, 'Created'),
      ]),
      'timedOut',
      14,
    ),
  ]),
  example('finished-never-online', [
    ...sent,
    ended(action('TimeOut', [progress(0, 'Created'), progress(1, 'Created')]), 'timedOut', 122),
  ]),
  example(
    'finished-cancel-too-late',
    [...sent, excerptRead(transcript), atWork, cancelAsked, succeeded, fileSeen, linkMinted],
    { outputs, urls: new Map([[1, sasUrl]]) },
  ),
  example(
    'finished-cancelled-after-all',
    [
      ...sent,
      excerptRead(transcript),
      cancelAsked,
      ended(
        action('Cancelled', [scriptDone, fileDone], {
          cancelledBy: 'live-response-bot',
          cancelComment: 'lr:lr-7k3f9q cancelled by Omar Other: wrong host',
        }),
        'cancelled',
      ),
      fileSeen,
    ],
    { outputs },
  ),
  example('finished-cancelled-elsewhere', [
    ...sent,
    atWork,
    ended(
      action(
        'Cancelled',
        [progress(0, 'Failed', { errors: ['The command was canceled.'] }), progress(1, 'Created')],
        { cancelledBy: 'soc@corp.example', cancelComment: 'maintenance window' },
      ),
      'cancelled',
    ),
  ]),
  example('finished-result-forbidden', [
    ...sent,
    succeeded,
    [
      {
        type: 'resultTrouble',
        trouble: { index: 0, at: start + 6 * minute, code: 'refused', tries: 1, error: noRight('link') },
      },
      6,
    ],
    [
      {
        type: 'resultTrouble',
        trouble: {
          index: 1,
          at: start + 6 * minute,
          code: 'notReady',
          tries: 1,
          error: { call: 'link', code: 'notReady', status: 400, apiCode: 'BadRequest', target },
        },
      },
      6,
    ],
  ]),
  example('finished-cancelled', [
    ...sent,
    cancelAsked,
    ended(
      action('Cancelled', [progress(0, 'Executing'), progress(1, 'Created')], {
        cancelledBy: 'live-response-bot',
      }),
      'cancelled',
    ),
  ]),
];
