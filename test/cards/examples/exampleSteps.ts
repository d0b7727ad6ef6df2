// What happens to the requests of the examples: approvals, sessions, results, outages, cancels.
import type { Twin } from '../../../cards/view.ts';
import type { Action } from '../../../src/liveResponse/action.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import type { Content } from '../../../src/liveResponse/request/content.ts';
import type { WaitCause, CancelAsked } from '../../../src/liveResponse/request/session.ts';
import type { Blocker, ErrorAnswer, Outage } from '../../../src/liveResponse/request/errorAnswer.ts';
import { searchSchedule } from '../../../src/liveResponse/pacing/callRates.ts';
import type { Excerpt } from '../../../src/liveResponse/results/resultFacts.ts';
import type { AnyEvent, FlatRequest } from '../../support/requests/requests.ts';
import type { Step } from './exampleRequests.ts';
import { action, approval, attempt, dump, minute, other, progress, start } from './exampleRequests.ts';

export const approved: Step = [{ type: 'approved', vote: approval(start + 2 * minute) }, 2];
export const claimed: Step = [{ type: 'claimed', attempt: attempt('a1', start + 2 * minute + 500) }, 2];
export const submitted: Step = [
  {
    type: 'submitted',
    action: action('Pending', [progress(0, 'Created'), progress(1, 'Created')]),
    deadline: start + 72 * 60 * minute,
  },
  2.1,
];
export const sent: readonly Step[] = [approved, claimed, submitted];

export const ran = { startedAt: start + 4 * minute, endedAt: start + 4 * minute + 3000 };
export const scriptDone = progress(0, 'Completed', ran);
export const fileDone = progress(1, 'Completed');

export const transcript = [
  'Dumping OfficeClickToRun (PID 4312)',
  '',
  'Name                : OfficeClickToRun.dmp',
  'Length              : 148897792',
  'Compressed          : C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip',
  'SHA256              : 6D2B3A0F4E5C1D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F9000112233AABB',
  'Done in 2.8 s',
].join('\n');

export function excerptRead(
  text: string,
  more: {
    readonly exitCode?: number;
    readonly errors?: boolean;
    readonly cut?: boolean;
    readonly index?: number;
    readonly notText?: Excerpt['notText'];
    readonly form?: Excerpt['form'];
  } = {},
): Step {
  return [
    {
      type: 'excerptRead',
      excerpt: {
        index: more.index ?? 0,
        at: start + 5 * minute,
        length: text.length,
        sha256: 'ab'.repeat(32),
        ...(more.notText === undefined ? { exitCode: more.exitCode ?? 0 } : {}),
        errors: more.errors ?? false,
        cut: more.cut ?? false,
        ...(more.notText === undefined ? {} : { notText: more.notText }),
        ...(more.form === undefined ? {} : { form: more.form }),
      },
    },
    5,
  ];
}

export const fileSeen: Step = [
  {
    type: 'fileSeen',
    file: {
      index: 1,
      at: start + 6 * minute,
      name: 'OfficeClickToRun.dmp.zip.gz',
      bytes: 51_380_224,
      format: 'gzip',
    },
  },
  6,
];
export const linkMinted: Step = [
  {
    type: 'linkMinted',
    link: { index: 1, at: start + 6 * minute, expiresAt: start + 36 * minute },
    onCard: true,
  },
  6,
];

export function progressed(one: Action, minutes = 5): Step {
  return [{ type: 'progressed', action: one, deadline: start + 80 * minute }, minutes];
}

export function ended(
  one: Action,
  outcome: 'succeeded' | 'failed' | 'timedOut' | 'cancelled',
  minutes = 6,
): Step {
  return [{ type: 'ended', action: one, outcome }, minutes];
}

export const succeeded = ended(action('Succeeded', [scriptDone, fileDone]), 'succeeded');
export const deferred = (cause: WaitCause, error?: ErrorAnswer): Step => [
  { type: 'deferred', cause, notBefore: start + 4 * minute, ...(error === undefined ? {} : { error }) },
  2.5,
];
export const target = 'a5a35b1f-3b7a-4c1d-9d63-6c1d7c3f9f10';
export const busyAnswer: ErrorAnswer = {
  call: 'submit',
  code: 'busy',
  status: 400,
  apiCode: 'ActiveRequestAlreadyExists',
  message: 'Action is already in progress',
  target,
};
export const noRight = (call: ErrorAnswer['call'] & string, status: 401 | 403 = 403): ErrorAnswer => ({
  call,
  code: status === 401 ? 'unauthorized' : 'refused',
  status,
  apiCode: status === 401 ? 'Unauthorized' : 'Forbidden',
  target,
});
/** A device that Defender called busy, and what was found to hold it. */
export const busy = (blocker: Blocker): readonly Step[] => [
  approved,
  claimed,
  deferred('deviceBusy', busyAnswer),
  [{ type: 'waiting', cause: 'deviceBusy', blocker, error: busyAnswer }, 2.6],
];
export const blockers = {
  request: { by: 'request', id: 'lr-2d8h4w', undecided: false },
  undecided: { by: 'request', id: 'lr-2d8h4w', undecided: true },
  action: {
    by: 'action',
    id: '0f4c9a52-11de-4a4f-8a39-7c0be0a0c0de',
    type: 'LiveResponse',
    app: 'M365DLiveResponse',
    since: start - minute,
    comment: 'nightly triage',
  },
  unseen: { by: 'unseen' },
  notRead: { by: 'notRead', error: noRight('list') },
} as const satisfies Readonly<Record<string, Blocker>>;
/** The last look is done, so that a person must decide. */
export const looked: readonly Step[] = [
  approved,
  claimed,
  [{ type: 'lost' }, 3],
  ...searchSchedule.map((_, at): Step => [{ type: 'searched' }, 3 + at]),
];
export const lost: readonly Step[] = [
  approved,
  claimed,
  [{ type: 'lost' }, 3],
  [{ type: 'searched' }, 4],
  [{ type: 'searched' }, 6],
];
export const cancelled = (answer: CancelAsked['answer'], minutes = 5, error?: ErrorAnswer): Step => [
  {
    type: 'cancelAsked',
    cancel: {
      by: other,
      at: start + 5 * minute,
      reason: 'wrong host',
      answer,
      ...(error === undefined ? {} : { error }),
    },
  },
  minutes,
];
export const openTwin: Twin = {
  id: 'lr-4c2m8t',
  status: 'Running',
  open: true,
  askedBy: 'Omar Other',
  askedAt: start - 3 * minute,
};
export const endedTwin: Twin = {
  id: 'lr-2d8h4w',
  status: 'Finished: succeeded',
  open: false,
  askedBy: 'Rita Responder',
  askedAt: start - 40 * minute,
  endedAt: start - 20 * minute,
};
/** Nothing could be read since two minutes before the example's time. */
export const outageOf = (error: ErrorAnswer): Outage => ({
  since: start + 5 * minute,
  error,
  detail: 'the answer to list is not JSON',
});
export const cancelAsked = cancelled('accepted');
export const atWork = progressed(
  action('InProgress', [progress(0, 'Executing', { startedAt: start + 4 * minute }), progress(1, 'Created')]),
);
export const otherCommands: readonly Command[] = [
  { type: 'RunScript', scriptName: 'other.ps1', args: '-All' },
  dump[1] ?? { type: 'GetFile', path: '' },
];

export const waitsForDevice: Step = [
  {
    type: 'waitingForDevice',
    waiting: {
      since: start + 2 * minute,
      until: start + 72 * 60 * minute + 2 * minute,
      cancelAt: start + 242 * minute,
    },
  },
  13,
];
export const policyCancel = (
  answer: 'failed' | 'accepted' | 'alreadyOver',
  tries: number,
  minutes = 242,
): Step => [
  {
    type: 'cancelAsked',
    cancel: { by: { policy: 'cancelParkedAfter' }, at: start + minutes * minute, answer, tries },
  },
  minutes,
];

export const sasUrl =
  'https://stautoirmdsprd.blob.core.windows.net/results/f3b2c1?sv=2020-08-04&se=2026-11-23T14%3A38%3A05Z&sr=b&sp=r&sig=c2lnbmF0dXJlLW9mLWEtc2ltdWxhdGVkLXRlbmFudA%3D%3D';

export const outputs = new Map([[0, transcript]]);
export const long = Array.from(
  { length: 240 },
  (_, line) =>
    `2026-11-23T13:${String(line % 60).padStart(2, '0')}:07Z  svchost.exe  pid=${4000 + line}  C:\\Windows\\System32\\svchost.exe -k netsvcs -p`,
).join('\n');
export const scriptError = [
  'Dumping OfficeClickToRun',
  'procdump : Access is denied.',
  'At C:\\ProgramData\\minidump.ps1:14 char:1',
  '    + CategoryInfo : PermissionDenied',
].join('\n');

export const unverified: Step = [
  {
    type: 'approved',
    vote: { ...approval(start + 2 * minute), content: { at: start, notRead: 'forbidden' } },
  },
  2,
];
export const notRead: Partial<FlatRequest> = { content: { at: start, notRead: 'forbidden' } };
export const manyContent: Content = {
  at: start,
  files: [
    {
      name: 'collector.exe',
      sha256: `77aa01d2${'1c'.repeat(28)}`,
      updatedAt: start - 400 * 24 * 60 * minute,
    },
    { name: 'collect.ps1', sha256: `c0ffee12${'2d'.repeat(28)}`, updatedAt: start - 12 * minute },
    { name: 'netstat.ps1' },
  ],
};
export const scriptChanged: AnyEvent = {
  type: 'refused',
  code: 'scriptChanged',
  detail: 'minidump.ps1 changed from 3f2a91c0 to 9b1d77aa (last changed at Defender 2026-11-23 14:03 UTC)',
};

export const many: readonly Command[] = [
  { type: 'PutFile', fileName: 'collector.exe' },
  {
    type: 'RunScript',
    scriptName: 'collect.ps1',
    args: '-Out "C:\\Windows\\TEMP\\triage" -Depth 3 -Filter "*.evtx,*.pf" -NoNetwork',
  },
  { type: 'RunScript', scriptName: 'netstat.ps1' },
  { type: 'GetFile', path: 'C:\\Windows\\TEMP\\triage\\hosta-triage.zip' },
  { type: 'GetFile', path: 'C:\\Users\\j.doe\\AppData\\Local\\Temp\\Fоrm 2026.docm' },
];
