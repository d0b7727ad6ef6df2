// Requests in every state and important variant, made by the real fold, from which the golden renderings are
// drawn.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cardView } from '../../cards/cardView.ts';
import type { CardView, ViewContext, Twin } from '../../cards/view.ts';
import type { Action, CommandProgress } from '../../src/liveResponse/action.ts';
import type { Command } from '../../src/liveResponse/commands.ts';
import type { Freeze } from '../../src/liveResponse/ports.ts';
import type { Content, DeviceContext } from '../../src/liveResponse/request/content.ts';
import { create } from '../../src/liveResponse/request/fold.ts';
import type { PersonRef, Approval } from '../../src/liveResponse/request/vote.ts';
import type { NewRequest, Request } from '../../src/liveResponse/request/request.ts';
import type { Attempt, WaitCause, CancelAsked } from '../../src/liveResponse/request/session.ts';
import type { Blocker, ErrorAnswer, Outage } from '../../src/liveResponse/request/errorAnswer.ts';
import { searchSchedule } from '../../src/liveResponse/pacing/callRates.ts';
import type { LeftOut } from '../../src/liveResponse/device/records.ts';
import type { Excerpt } from '../../src/liveResponse/results/resultFacts.ts';
import { offlineQueueOf } from '../../src/liveResponse/tenantLimits.ts';
import type { AnyEvent, FlatRequest } from '../support/requests.ts';
import { after, newRequest } from '../support/requests.ts';
import { root } from '../support/root.ts';

export const start = Date.UTC(2026, 10, 23, 14, 2, 5);
const minute = 60_000;

const responder = { id: 'responder1', name: 'Rita Responder' };
const approver = { id: 'approver1', name: 'Ada Approver' };
const other = { id: 'approver2', name: 'Omar Other' };
const actionId = '5382f7ea-7557-4ab7-9782-d50480024a4e';

export const dump: readonly Command[] = [
  { type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' },
  { type: 'GetFile', path: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' },
];

/** What the library held when the dump was asked for. */
export const content: Content = {
  at: start,
  files: [
    { name: 'minidump.ps1', sha256: `3f2a91c0${'5b'.repeat(28)}`, updatedAt: start - 32 * 24 * 60 * minute },
  ],
};

/** What was known of the device beside its record: nothing that is worth a line on the card. */
const quiet: DeviceContext = {
  at: start,
  isolation: { state: 'notIsolated' },
  sessions: [],
  alike: { devices: [], more: 0, whole: true },
};
const eventful: DeviceContext = {
  at: start,
  isolation: { state: 'isolated', since: start - 22 * minute, pending: 'release' },
  sessions: [
    {
      at: start - 41 * minute,
      status: 'Succeeded',
      what: 'RunScript collect.ps1 and 1 more',
      by: 'Omar Other',
      requestId: 'lr-2m8x4d',
    },
    {
      at: start - 3 * 60 * minute,
      status: 'Failed',
      what: 'GetFile C:\\Windows\\TEMP\\x.zip',
      by: '5d3b1f0a-6c2e-4b7a-9f0d-1e2a3b4c5d6e',
    },
  ],
  alike: {
    devices: [
      { id: `${'0'.repeat(32)}5be07a11`, name: 'hosta.branch.example', how: 'same' },
      { id: `${'0'.repeat(32)}9c41d2e8`, name: 'h0sta.corp.example', how: 'alike' },
    ],
    more: 1,
    whole: true,
  },
};
/** Records that cannot take a session: two of the very name, one of another domain. */
const leftOut: readonly LeftOut[] = [
  { id: `${'0'.repeat(32)}36a2403e`, name: 'hosta.corp.example', unfit: { why: 'notOnboarded' } },
  {
    id: `${'0'.repeat(32)}c572232b`,
    name: 'hosta.corp.example',
    unfit: { why: 'merged', into: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07' },
  },
  { id: `${'0'.repeat(32)}72626886`, name: 'hosta.branch.example', unfit: { why: 'unsupported' } },
];
const queueUnknown = offlineQueueOf('', []);
const unread: DeviceContext = { at: start, alike: { devices: [], more: 0, whole: false } };

export function asked(over: Partial<FlatRequest> = {}): NewRequest {
  return newRequest({
    id: 'lr-7k3f9q',
    origin: 'slack:Ev0PV52K21',
    at: start,
    requester: responder,
    account: 'slack:U0123ABCD',
    place: 'slack:C0123456',
    placeIsPrivate: false,
    tenant: 'corp',
    device: {
      id: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
      name: 'hosta.corp.example',
      os: 'Windows 11 24H2',
      health: 'Active',
      risk: 'High',
      exposure: 'Medium',
      group: 'Workstations',
      tags: ['finance', 'vip'],
      lastReportAt: start - 6 * 60 * minute,
      ip: '10.20.30.40',
    },
    context: quiet,
    commands: dump,
    title: 'dump hosta OfficeClickToRun',
    recipe: 'dump',
    reason: 'Beacon to 203.0.113.7 seen at 13:40, INC-4711',
    content,
    terms: { tier: 'high', approveRole: 'approver', expiresAt: start + 30 * minute, runWithin: 30 * minute },
    digest: '9f2c41d7aa00bb11cc22dd33ee44ff5566778899aabbccddeeff001122334455',
    fingerprint: '9f2c41d7',
    ...over,
  });
}

export function approval(at: number, by = approver): Approval {
  return { kind: 'approve', by, account: 'slack:U0999WXYZ', at, digest: asked().subject.digest, content };
}

export function denied(by: PersonRef, minutes: number, reason?: string): Step {
  const { kind: _kind, ...vote } = approval(start + minutes * minute, by);
  return [
    { type: 'denied', vote: { kind: 'deny', ...vote, ...(reason === undefined ? {} : { reason }) } },
    minutes,
  ];
}

function attempt(nonce: string, at: number): Attempt {
  return { nonce, tag: `lr:lr-7k3f9q:${nonce}`, at };
}

export function progress(
  index: number,
  status: string,
  more: Partial<CommandProgress> = {},
): CommandProgress {
  return { index, status, errors: [], ...more };
}

export function action(status: string, rows: readonly CommandProgress[], more: Partial<Action> = {}): Action {
  return {
    id: actionId,
    type: 'LiveResponse',
    status,
    machineId: asked().targets[0].device.id,
    requestor: 'live-response-bot',
    comment: 'lr:lr-7k3f9q:a1 Rita Responder, approved by Ada Approver',
    createdAt: start + 2 * minute,
    updatedAt: start + 3 * minute,
    progress: rows,
    ...more,
  };
}

type Step = readonly [event: AnyEvent, minutes: number];

export function request(steps: readonly Step[], over: Partial<FlatRequest> = {}): Request {
  return steps.reduce<Request>(
    (now, [event, minutes]) => after(now, event, start + minutes * minute),
    create(asked(over)),
  );
}

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

const ran = { startedAt: start + 4 * minute, endedAt: start + 4 * minute + 3000 };
const scriptDone = progress(0, 'Completed', ran);
const fileDone = progress(1, 'Completed');

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

const fileSeen: Step = [
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
const linkMinted: Step = [
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

const succeeded = ended(action('Succeeded', [scriptDone, fileDone]), 'succeeded');
export const deferred = (cause: WaitCause, error?: ErrorAnswer): Step => [
  { type: 'deferred', cause, notBefore: start + 4 * minute, ...(error === undefined ? {} : { error }) },
  2.5,
];
const target = 'a5a35b1f-3b7a-4c1d-9d63-6c1d7c3f9f10';
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
const lost: readonly Step[] = [
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
const openTwin: Twin = {
  id: 'lr-4c2m8t',
  status: 'Running',
  open: true,
  askedBy: 'Omar Other',
  askedAt: start - 3 * minute,
};
const endedTwin: Twin = {
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
const cancelAsked = cancelled('accepted');
const atWork = progressed(
  action('InProgress', [progress(0, 'Executing', { startedAt: start + 4 * minute }), progress(1, 'Created')]),
);
const otherCommands: readonly Command[] = [
  { type: 'RunScript', scriptName: 'other.ps1', args: '-All' },
  dump[1] ?? { type: 'GetFile', path: '' },
];

const waitsForDevice: Step = [
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
const policyCancel = (answer: 'failed' | 'accepted' | 'alreadyOver', tries: number, minutes = 242): Step => [
  {
    type: 'cancelAsked',
    cancel: { by: { policy: 'cancelParkedAfter' }, at: start + minutes * minute, answer, tries },
  },
  minutes,
];

export const sasUrl =
  'https://stautoirmdsprd.blob.core.windows.net/results/f3b2c1?sv=2020-08-04&se=2026-11-23T14%3A38%3A05Z&sr=b&sp=r&sig=c2lnbmF0dXJlLW9mLWEtc2ltdWxhdGVkLXRlbmFudA%3D%3D';

/** A freeze as a card is told of it. */
export function freeze(why: string): Freeze {
  return { by: 'Omar Other', why, at: start + minute };
}

export function context(over: Partial<ViewContext> = {}): ViewContext {
  return {
    now: start + 7 * minute,
    results: 'card',
    simulated: false,
    outputs: new Map(),
    urls: new Map(),
    command: '/lr',
    ...over,
  };
}

const outputs = new Map([[0, transcript]]);
const long = Array.from(
  { length: 240 },
  (_, line) =>
    `2026-11-23T13:${String(line % 60).padStart(2, '0')}:07Z  svchost.exe  pid=${4000 + line}  C:\\Windows\\System32\\svchost.exe -k netsvcs -p`,
).join('\n');
const scriptError = [
  'Dumping OfficeClickToRun',
  'procdump : Access is denied.',
  'At C:\\ProgramData\\minidump.ps1:14 char:1',
  '    + CategoryInfo : PermissionDenied',
].join('\n');

export interface Example {
  readonly name: string;
  readonly request: Request;
  readonly context: ViewContext;
}

function example(
  name: string,
  steps: readonly Step[],
  over: Partial<ViewContext> = {},
  about: Partial<FlatRequest> = {},
): Example {
  return { name, request: request(steps, about), context: context(over) };
}

const unverified: Step = [
  {
    type: 'approved',
    vote: { ...approval(start + 2 * minute), content: { at: start, notRead: 'forbidden' } },
  },
  2,
];
const notRead: Partial<FlatRequest> = { content: { at: start, notRead: 'forbidden' } };
const manyContent: Content = {
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
const scriptChanged: AnyEvent = {
  type: 'refused',
  code: 'scriptChanged',
  detail: 'minidump.ps1 changed from 3f2a91c0 to 9b1d77aa (last changed at Defender 2026-11-23 14:03 UTC)',
};

const many: readonly Command[] = [
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

export const examples: readonly Example[] = [
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

export function viewOf(one: Example): CardView {
  return cardView(one.request, one.context);
}

export const goldenFolder = join(root, 'cards', 'examples');

export function golden(file: string): string {
  return readFileSync(join(goldenFolder, file), 'utf8');
}
