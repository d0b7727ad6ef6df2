// Examples of cards of requests that were closed, went on from another, or show less than there is.
import type { Example } from './exampleRequests.ts';
import {
  action,
  approver,
  denied,
  dump,
  example,
  freeze,
  leftOut,
  minute,
  other,
  progress,
  queueUnknown,
  quiet,
  responder,
  start,
} from './exampleRequests.ts';
import {
  approved,
  atWork,
  claimed,
  deferred,
  ended,
  endedTwin,
  excerptRead,
  fileDone,
  fileSeen,
  linkMinted,
  lost,
  noRight,
  openTwin,
  outageOf,
  outputs,
  policyCancel,
  progressed,
  ran,
  sasUrl,
  scriptChanged,
  scriptDone,
  sent,
  succeeded,
  target,
  transcript,
  waitsForDevice,
} from './exampleSteps.ts';

export const examplesOfEnds: readonly Example[] = [
  example('over-denied', [denied(approver, 3, 'Use the servers procedure, this is a domain controller')]),
  example('over-withdrawn', [approved, [{ type: 'withdrawn', by: responder }, 3]]),
  example('over-expired', [[{ type: 'expired' }, 30]]),
  example('over-lapsed', [approved, claimed, deferred('deviceBusy'), [{ type: 'lapsed' }, 32]]),
  example('over-refused', [
    approved,
    claimed,
    [
      {
        type: 'refused',
        code: 'refused',
        detail: 'DisabledFeature: Live response is disabled for this organization',
        target: 'a5a35b1f-3b7a-4c1d-9d63-6c1d7c3f9f10',
      },
      3,
    ],
  ]),
  example('over-script-changed', [approved, claimed, [scriptChanged, 3]]),
  example('running-parked', [...sent, waitsForDevice], { now: start + 14 * minute }),
  example('running-parked-cancel-failed', [...sent, waitsForDevice, policyCancel('failed', 2, 247)], {
    now: start + 248 * minute,
  }),
  example(
    'finished-cancelled-parked',
    [
      ...sent,
      waitsForDevice,
      policyCancel('accepted', 1),
      ended(action('Cancelled', [progress(0, 'Created'), progress(1, 'Created')]), 'cancelled', 243),
    ],
    { now: start + 244 * minute },
  ),
  example(
    'finished-woke-first',
    [
      ...sent,
      waitsForDevice,
      policyCancel('alreadyOver', 1),
      ended(action('Succeeded', [scriptDone, fileDone]), 'succeeded', 243),
      fileSeen,
      excerptRead(transcript),
    ],
    { now: start + 250 * minute, outputs },
  ),
  example(
    'awaiting-approval-continues',
    [],
    {},
    {
      commands: dump.slice(1),
      title: 'dump hosta OfficeClickToRun, from index 1 of lr-4c2m8t',
      reason: 'Beacon to 203.0.113.7 seen at 13:40, INC-4711 (continues lr-4c2m8t from index 1)',
      continues: { id: 'lr-4c2m8t', from: 1, before: dump.slice(0, 1), mayRepeat: [] },
    },
  ),
  example('finished-failed-tried-again', [
    ...sent,
    ended(
      action('Failed', [
        scriptDone,
        progress(1, 'Failed', { errors: ['File C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip was not found'] }),
      ]),
      'failed',
    ),
    [{ type: 'retried', as: { id: 'lr-9h5n4s', from: 1, by: responder } }, 12],
  ]),
  example('over-refused-no-right', [
    approved,
    claimed,
    [
      {
        type: 'refused',
        code: 'Forbidden',
        detail: 'The application does not have any of the required application permissions',
        target,
        call: 'submit',
        status: 403,
      },
      3,
    ],
  ]),
  example('over-refused-remediation', [
    approved,
    claimed,
    [
      {
        type: 'refused',
        code: 'DisallowedOperation',
        detail: 'Machine’s protection level doesn’t allow to launch a session on it',
        target,
        call: 'submit',
        status: 403,
      },
      3,
    ],
  ]),
  example('over-dropped', [...lost, [{ type: 'abandoned', by: other, reason: 'device reimaged' }, 20]]),
  example('over-dropped-found', [
    ...lost,
    [{ type: 'abandoned', by: other, reason: 'device reimaged' }, 20],
    [{ type: 'foundLate', action: action('Succeeded', [scriptDone, fileDone]) }, 26],
  ]),
  example('awaiting-approval-frozen', [], { frozen: freeze('credential rotation') }),
  example(
    'awaiting-approval-twins',
    [],
    { twins: [openTwin, endedTwin] },
    { apartFrom: openTwin.id, reason: 'Second dump after the reboot, INC-4711' },
  ),
  example('running-not-read', [...sent, atWork], {
    now: start + 9 * minute,
    outage: outageOf(noRight('list')),
  }),
  example(
    'running-not-reached',
    [
      ...sent,
      progressed(action('InProgress', [scriptDone, progress(1, 'Created')])),
      excerptRead(transcript),
    ],
    {
      now: start + 9 * minute,
      outage: outageOf({ call: 'list', code: 'unavailable', status: 503 }),
      outputs,
    },
  ),
  example('running-parked-not-read', [...sent, waitsForDevice], {
    now: start + 34 * minute,
    outage: outageOf({ call: 'list', code: 'throttled', status: 429 }),
  }),
  example('unknown-not-read', [approved, claimed, [{ type: 'lost' }, 3]], {
    now: start + 9 * minute,
    outage: outageOf({ call: 'list', code: 'unreadable' }),
  }),
  example('awaiting-approval-private-reason', [], { results: 'private', reasons: 'private' }),
  example(
    'finished-redacted',
    [
      ...sent,
      excerptRead(transcript),
      succeeded,
      fileSeen,
      [{ type: 'redacted', cause: 'time' }, 8 * 60 + 10],
    ],
    { outputs, results: 'private', now: start + 9 * 60 * minute },
  ),
  example('over-denied-private-reason', [denied(other, 7)], {
    results: 'private',
    reasons: 'private',
  }),
  example(
    'awaiting-approval-left-out',
    [],
    {},
    { context: { ...quiet, leftOut: { records: leftOut, more: 0 } } },
  ),
  example('running-pending-queue-unknown', sent, { offlineQueue: queueUnknown }),
  example(
    'running-parked-queue-unknown',
    [
      ...sent,
      [
        {
          type: 'waitingForDevice',
          waiting: { since: start + 2 * minute, until: start + 72 * 60 * minute + 2 * minute },
        },
        13,
      ],
    ],
    { now: start + 14 * minute, offlineQueue: queueUnknown },
  ),
  example('over-refused-not-onboarded', [
    approved,
    claimed,
    [{ type: 'refused', code: 'deviceNotOnboarded', detail: 'not onboarded' }, 3],
  ]),
  example('finished-failed-hresult', [
    ...sent,
    ended(
      action(
        'Failed',
        [
          progress(0, 'Failed', { ...ran, errors: ['The script could not be started on the device'] }),
          progress(1, 'Created'),
        ],
        { hresult: 0x800b0100, troubleshoot: 'Unsigned scripts are not allowed in this organization' },
      ),
      'failed',
    ),
  ]),
  example('finished-failed-no-text', [
    ...sent,
    ended(
      action('Failed', [progress(0, 'Created'), progress(1, 'Created')], { hresult: 0x80070005 }),
      'failed',
    ),
  ]),
  example(
    'finished-transcript-packed',
    [
      ...sent,
      excerptRead(transcript, { form: { packed: 'gzip', encoding: 'Windows-1252', guessed: true } }),
      succeeded,
      fileSeen,
      linkMinted,
    ],
    { outputs, urls: new Map([[1, sasUrl]]) },
  ),
  example('finished-transcript-binary', [
    ...sent,
    excerptRead('', { notText: { kind: 'gzip', bytes: 20_480 } }),
    succeeded,
    fileSeen,
  ]),
];
