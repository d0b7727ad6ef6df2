// Every outcome with the words that people see, drawn by the code itself: what docs/outcomes.md must hold.
import { refusalAdvice, refusalHints, unknownRefusal } from '../../cards/messages/advice.ts';
import { exitAdvice, exitHints, stepFailure, stepHints, stepNext } from '../../cards/messages/stepAdvice.ts';
import { cardView } from '../../cards/cardView.ts';
import { formSentence, linkTroubleSentence, troubles, troubleSentence } from '../../cards/results.ts';
import { missingRight } from '../../cards/messages/rights.ts';
import type { Outcome } from '../../src/liveResponse/action.ts';
import type { Command } from '../../src/liveResponse/commands.ts';
import type { Blocker } from '../../src/liveResponse/request/errorAnswer.ts';
import { callKinds } from '../../src/liveResponse/pacing/callRates.ts';
import type { RequestEnding } from '../../src/liveResponse/request/request.ts';
import type {
  CancelAsked,
  SessionEnding,
  Unknown,
  WaitCause,
} from '../../src/liveResponse/request/session.ts';
import type { ErrorKind } from '../../src/liveResponse/codes/winErrors.ts';
import { offlineQueueOf } from '../../src/liveResponse/tenantLimits.ts';
import type { OfflineQueue } from '../../src/liveResponse/tenantLimits.ts';
import {
  action,
  approved,
  blockers,
  busy,
  busyAnswer,
  cancelled,
  claimed,
  context,
  deferred,
  denied,
  dump,
  ended,
  excerptRead,
  freeze,
  looked,
  noRight,
  progress,
  progressed,
  request,
  sent,
  start,
} from './examples.ts';

type Steps = Parameters<typeof request>[0];
/** Key, and the cells after it. */
export type Row = readonly [key: string, ...cells: readonly string[]];
export interface Table {
  readonly heading: string;
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

const ada = { id: 'approver1', name: 'Ada Approver' };
const rita = { id: 'responder1', name: 'Rita Responder' };

/** What a card says, divided where its next step begins. */
function seen(key: string, steps: Steps, next: string, more: Parameters<typeof context>[0] = {}): Row {
  const { status, lead } = cardView(request(steps), context(more));
  const at = lead.indexOf(next);
  if (at < 0) throw new Error(`${key}: the card does not say “${next}”, but: ${lead}`);
  return [key, status, lead.slice(0, at).trim(), lead.slice(at).trim()];
}

const wait = (cause: WaitCause): Steps => [approved, [{ type: 'waiting', cause }, 3]];
const notSent = 'If it cannot be sent';

const waits: { readonly [Cause in WaitCause]: readonly Row[] } = {
  slot: [seen('slot', wait('slot'), notSent)],
  sessions: [seen('sessions', wait('sessions'), notSent)],
  deviceBusy: [seen('deviceBusy', wait('deviceBusy'), 'If it is yours'), ...holders()],
  throttled: [seen('throttled', [approved, claimed, deferred('throttled')], notSent)],
  frozen: [seen('frozen', wait('frozen'), notSent, { frozen: freeze('credential rotation') })],
  library: [
    seen('library', wait('library'), notSent),
    seen(
      'library, no right',
      [approved, [{ type: 'waiting', cause: 'library', error: noRight('library') }, 3]],
      'An administrator must',
    ),
  ],
  directory: [seen('directory', wait('directory'), 'The bot keeps trying')],
  unavailable: [seen('unavailable', [approved, claimed, deferred('unavailable')], 'The bot keeps trying')],
  unauthorized: [
    seen(
      'unauthorized',
      [approved, claimed, deferred('unauthorized', noRight('submit', 401))],
      'An administrator must',
    ),
  ],
};

function holders(): readonly Row[] {
  const by: { readonly [By in Blocker['by']]: readonly Row[] } = {
    request: [
      seen('deviceBusy, request', busy(blockers.request), 'It is sent when'),
      seen('deviceBusy, undecided request', busy(blockers.undecided), 'Somebody must decide'),
    ],
    action: [seen('deviceBusy, action', busy(blockers.action), 'It is sent when')],
    unseen: [seen('deviceBusy, unseen', busy(blockers.unseen), 'If one is yours')],
    notRead: [seen('deviceBusy, notRead', busy(blockers.notRead), 'If it is yours')],
  };
  return Object.values(by).flat();
}

const lapse = (cause: WaitCause): Row =>
  seen(
    `lapsed, ${cause}`,
    [
      approved,
      claimed,
      deferred(cause, cause === 'unauthorized' ? noRight('submit', 401) : busyAnswer),
      [{ type: 'lapsed' }, 32],
    ],
    cause === 'unauthorized' ? 'An administrator must' : 'If it is still needed',
  );
const refusedOf = (code: string): Steps => [
  approved,
  claimed,
  [{ type: 'refused', code, call: 'submit', status: 400 }, 3],
];
const causes = Object.keys(waits) as readonly WaitCause[];

const endings: { readonly [Kind in (RequestEnding | SessionEnding)['kind']]: readonly Row[] } = {
  denied: [seen('denied', [denied(ada, 3, 'wrong host')], 'If it is still needed')],
  withdrawn: [seen('withdrawn', [approved, [{ type: 'withdrawn', by: rita }, 3]], 'If it is needed')],
  expired: [seen('expired', [[{ type: 'expired' }, 30]], 'If it is still needed')],
  lapsed: [
    seen('lapsed', [approved, [{ type: 'lapsed' }, 32]], 'If it is still needed'),
    ...causes.map(lapse),
  ],
  refused: [seen('refused', refusedOf('OsPlatformNotSupported'), 'Collect it')],
  abandoned: [seen('abandoned', [...looked, [{ type: 'abandoned', by: ada }, 20]], 'look in the portal')],
};

const advised: readonly Row[] = [
  ...Object.entries({
    ...refusalAdvice,
    ...Object.fromEntries(
      Object.entries(refusalHints).map(([name, { advice }]) => [`text or device: ${name}`, advice]),
    ),
  }),
  ...([
    ['Forbidden', missingRight(noRight('submit'))],
    ['Unauthorized', missingRight(noRight('submit', 401))],
    ['any other code', unknownRefusal('Conflict')],
  ] as const),
].map(([code, advice]): Row => [
  code,
  'Refused',
  `${advice?.what ?? ''} Nothing was run.`,
  advice?.next ?? '',
]);

const unknownCauses: { readonly [Cause in Unknown['cause']]: readonly Row[] } = {
  lost: [
    seen(
      'lost, while the bot looks',
      [approved, claimed, [{ type: 'lost' }, 3], [{ type: 'searched' }, 4]],
      'It goes on looking',
    ),
    seen('lost, after the last look', looked, 'Look again first'),
  ],
  actionMissing: [seen('actionMissing', [...sent, [{ type: 'actionMissing' }, 8]], 'It goes on looking')],
  overdue: [
    seen('overdue', [...sent, [{ type: 'overdue' }, 60]], 'It goes on looking'),
    seen(
      'overdue, cancel asked',
      [...sent, [{ type: 'overdue' }, 60], cancelled('accepted', 61)],
      'It goes on looking',
    ),
  ],
};

const works = progressed(action('InProgress', [progress(0, 'Executing'), progress(1, 'Created')]));
const follow = 'The bot follows it';
const queueUnknown: OfflineQueue = offlineQueueOf('', []);
const parkedSteps: Steps = [
  ...sent,
  [{ type: 'waitingForDevice', waiting: { since: start + 120_000, until: start + 259_320_000 } }, 13],
];
const ifItWakes = 'If it wakes';
const running: readonly Row[] = [
  seen('Pending', sent, follow, { offlineQueue: queueUnknown }),
  seen('Pending, the queue known', sent, follow, {
    offlineQueue: { known: true, ms: 7_200_000, by: 'setting' },
  }),
  seen('Pending, parked', parkedSteps, ifItWakes, { offlineQueue: queueUnknown }),
  seen('Pending, parked, the queue stated', parkedSteps, ifItWakes, {
    offlineQueue: { known: true, ms: 7_200_000, by: 'setting' },
  }),
  seen('Pending, parked, the queue shown by a session', parkedSteps, ifItWakes, {
    offlineQueue: { known: true, ms: 7_200_000, by: 'sessions', how: 'timedOut', at: start },
  }),
  seen('Pending, parked, kept over 2 hours', parkedSteps, ifItWakes, {
    offlineQueue: { known: true, ms: 259_200_000, by: 'sessions', how: 'stillWaiting', at: start },
  }),
  seen('InProgress', [...sent, works], follow),
  seen(
    'InProgress, no command at work yet',
    [...sent, progressed(action('InProgress', [progress(0, 'Created'), progress(1, 'Created')]))],
    follow,
  ),
  seen(
    'InProgress, a command failed',
    [...sent, progressed(action('InProgress', [progress(0, 'Failed'), progress(1, 'Created')]))],
    'then this card',
  ),
  seen(
    'InProgress, all completed',
    [...sent, progressed(action('InProgress', [progress(0, 'Completed'), progress(1, 'Completed')]))],
    'Download links follow',
  ),
  seen(
    'a status of the future',
    [...sent, progressed(action('Hibernating', [progress(0, 'Created'), progress(1, 'Created')]))],
    follow,
  ),
  seen(
    'other commands than approved',
    [
      approved,
      claimed,
      [{ type: 'lost' }, 3],
      [
        {
          type: 'found',
          action: action('InProgress', []),
          deadline: start + 4_800_000,
          differs: [{ type: 'RunScript', scriptName: 'other.ps1' }, ...dump.slice(1)],
        },
        4,
      ],
    ],
    'Cancel it',
  ),
  seen(
    'another device than approved',
    [
      ...sent,
      progressed(
        action('InProgress', [progress(0, 'Created'), progress(1, 'Created')], { machineId: 'f'.repeat(40) }),
      ),
    ],
    'Cancel it',
  ),
];

const cancels: { readonly [Answer in CancelAsked['answer']]: readonly Row[] } = {
  sent: [seen('sent', [...sent, works, cancelled('sent')], 'A command that has started')],
  accepted: [seen('accepted', [...sent, works, cancelled('accepted')], 'A command that has started')],
  alreadyOver: [seen('alreadyOver', [...sent, works, cancelled('alreadyOver')], 'How it ended follows')],
  failed: [
    seen('failed', [...sent, works, cancelled('failed')], 'press Cancel again'),
    seen(
      'failed, no right',
      [...sent, works, cancelled('failed', 5, noRight('cancel'))],
      'An administrator must',
    ),
  ],
  noEffect: [
    seen(
      'noEffect',
      [...sent, works, cancelled('accepted'), cancelled('noEffect', 11)],
      'Press Cancel again',
    ),
  ],
};

const both = [progress(0, 'Completed'), progress(1, 'Completed')] as const;
const half = [progress(0, 'Completed'), progress(1, 'Created')] as const;
const none = [progress(0, 'Created'), progress(1, 'Created')] as const;
const refusedByDevice = { hresult: 0x80070005, troubleshoot: 'its own note' };
const ours = {
  cancelledBy: 'live-response-bot',
  cancelComment: 'lr:lr-7k3f9q cancelled by Omar Other: wrong host',
};
const theirs = { cancelledBy: 'soc@corp.example', cancelComment: 'maintenance' };
const elsewhere = ended(action('Cancelled', half, theirs), 'cancelled');
const end = 'If it is still needed';
const outcomes: { readonly [One in Outcome]: readonly Row[] } = {
  succeeded: [
    seen('succeeded', [...sent, ended(action('Succeeded', both), 'succeeded')], 'Get the file'),
    seen(
      'succeeded, an exit code',
      [...sent, excerptRead('x', { exitCode: 5 }), ended(action('Succeeded', both), 'succeeded')],
      'Read its output',
    ),
    seen(
      'succeeded, script errors',
      [...sent, excerptRead('x', { errors: true }), ended(action('Succeeded', both), 'succeeded')],
      'Read its output',
    ),
    seen(
      'succeeded, not every command done',
      [...sent, ended(action('Succeeded', half), 'succeeded')],
      'Check the rows',
    ),
    seen(
      'succeeded, an error code',
      [...sent, ended(action('Succeeded', both, { hresult: 0x80070020 }), 'succeeded')],
      'Check the results',
    ),
    seen(
      'succeeded, an error with a command',
      [
        ...sent,
        ended(
          action('Succeeded', [
            { ...progress(0, 'Completed'), errors: ['Access denied'] },
            progress(1, 'Completed'),
          ]),
          'succeeded',
        ),
      ],
      'Check the results',
    ),
    seen(
      'succeeded, a note on trouble',
      [...sent, ended(action('Succeeded', both, { troubleshoot: 'its own note' }), 'succeeded')],
      'Check the results',
    ),
    seen(
      'succeeded, cancel asked',
      [...sent, cancelled('accepted'), ended(action('Succeeded', both), 'succeeded')],
      'Get the file',
    ),
  ],
  failed: [
    seen(
      'failed',
      [...sent, ended(action('Failed', [progress(0, 'Failed'), progress(1, 'Created')]), 'failed')],
      'Fix the cause',
    ),
    seen(
      'failed, no command named',
      [...sent, works, ended(action('Failed', none), 'failed')],
      'Fix the cause',
    ),
    seen(
      'failed, no command named, an error code',
      [...sent, works, ended(action('Failed', none, refusedByDevice), 'failed')],
      'Fix the cause',
    ),
    seen(
      'failed, cancel asked',
      [
        ...sent,
        cancelled('accepted'),
        ended(action('Failed', [progress(0, 'Failed'), progress(1, 'Created')]), 'failed'),
      ],
      'Fix the cause',
    ),
  ],
  timedOut: [
    seen(
      'timedOut, device offline',
      [...sent, ended(action('TimeOut', none), 'timedOut', 122)],
      'Check that it is online',
    ),
    seen(
      'timedOut, device offline, as new tenants do',
      [
        ...sent,
        ended(
          action('TimeOut', none, { createdAt: start + 120_000, updatedAt: start + 7_320_000 }),
          'timedOut',
          122,
        ),
      ],
      'Check that it is online',
    ),
    seen(
      'timedOut, a script',
      [
        ...sent,
        works,
        ended(action('TimeOut', [progress(0, 'Executing'), progress(1, 'Created')]), 'timedOut', 14),
      ],
      'Check on the device',
    ),
    seen(
      'timedOut, an error code',
      [...sent, ended(action('TimeOut', none, { hresult: 0x800705b4 }), 'timedOut', 122)],
      'Check that it is online',
    ),
    seen(
      'timedOut, cancel asked',
      [
        ...sent,
        works,
        cancelled('failed'),
        ended(action('TimeOut', [progress(0, 'Executing'), progress(1, 'Created')]), 'timedOut', 14),
      ],
      'Check on the device',
    ),
  ],
  cancelled: [
    seen(
      'cancelled, before it began',
      [...sent, cancelled('accepted'), ended(action('Cancelled', none, ours), 'cancelled')],
      end,
    ),
    seen(
      'cancelled, at work',
      [
        ...sent,
        works,
        cancelled('accepted'),
        ended(action('Cancelled', [progress(0, 'Executing'), progress(1, 'Created')], ours), 'cancelled'),
      ],
      end,
    ),
    seen(
      'cancelled, all completed',
      [...sent, cancelled('accepted'), ended(action('Cancelled', both, ours), 'cancelled')],
      'What they left',
    ),
    seen('cancelled elsewhere', [...sent, elsewhere], end),
    seen('cancelled elsewhere, and asked here', [...sent, cancelled('alreadyOver'), elsewhere], end),
  ],
};

const commandOf: Readonly<Record<Command['type'], Command>> = {
  PutFile: { type: 'PutFile', fileName: 'tool.exe' },
  RunScript: { type: 'RunScript', scriptName: 'minidump.ps1' },
  GetFile: { type: 'GetFile', path: 'C:\\a.zip' },
};
const rows: readonly Row[] = [
  ...Object.entries(stepHints).map(([name, { types, kinds: codes, next }]): Row => [
    name,
    types.join(', '),
    codes === undefined ? 'words' : 'codes, words',
    `Defender says: “its own text”. ${next}`,
  ]),
  ...(Object.keys(stepNext) as readonly Command['type'][]).map((type): Row => [
    `any other text, ${type}`,
    type,
    '-',
    stepFailure(commandOf[type], ['its own text'], true),
  ]),
  [
    'any other text, an error code alone',
    'PutFile, RunScript, GetFile',
    '-',
    stepFailure(commandOf.RunScript, [], true, 'Defender’s error code is 0x80004005 (unspecified failure).'),
  ],
  ['no end reported', 'PutFile, RunScript, GetFile', '-', stepFailure(commandOf.RunScript, [], false)],
];

const scripts: readonly Row[] = [
  ...(Object.keys(exitHints) as readonly ErrorKind[]).map((kind): Row => [
    kind,
    exitAdvice('Index 0 (minidump.ps1)', 1, kind),
  ]),
  ['nothing known, an exit code', exitAdvice('Index 0 (minidump.ps1)', 1)],
  ['nothing known, errors only', exitAdvice('Index 0 (minidump.ps1)', 0)],
];

const results: readonly Row[] = [
  ...Object.keys(troubles).flatMap((code): readonly Row[] =>
    (['RunScript', 'GetFile'] as const).map((type) => [
      code,
      type,
      troubleSentence({ code, tries: 1 }, type),
    ]),
  ),
  [
    'refused, no right',
    'RunScript, GetFile',
    troubleSentence({ code: 'refused', tries: 1, error: noRight('link') }, 'GetFile'),
  ],
  [
    'unauthorized, no right',
    'RunScript, GetFile',
    troubleSentence({ code: 'unauthorized', tries: 1, error: noRight('link', 401) }, 'GetFile'),
  ],
  ['any other code', 'GetFile', troubleSentence({ code: 'new', tries: 1 }, 'GetFile')],
  [
    'a new link, refused',
    'RunScript, GetFile',
    linkTroubleSentence(
      { at: start, error: { call: 'link', code: 'notReady', status: 400, message: 'its own text' } },
      start,
    ),
  ],
];

const forms: readonly Row[] = [
  ['packed', formSentence({ packed: 'gzip' }) ?? ''],
  ['UTF-16', formSentence({ encoding: 'UTF-16' }) ?? ''],
  ['an old code page', formSentence({ encoding: 'Windows-1252', guessed: true }) ?? ''],
  ['not UTF-8, and nobody knows what', formSentence({ encoding: 'unknown', lost: true }) ?? ''],
  ['broken UTF-8', formSentence({ lost: true }) ?? ''],
];

const missing: readonly Row[] = callKinds.flatMap((call): readonly Row[] =>
  ([401, 403] as const).map((status): Row => [
    `${call}, ${status}`,
    missingRight(noRight(call, status))?.what ?? '',
    missingRight(noRight(call, status))?.next ?? '',
  ]),
);
const listed = missingRight({
  ...noRight('submit'),
  message:
    'The application does not have any of the required application permissions (Machine.X, Machine.Y) to access the resource.',
});

const seenColumns = ['status', 'the card says', 'and the next step'];

export const tables: readonly Table[] = [
  {
    heading: 'Before it is sent',
    about: 'By state.',
    columns: ['state', ...seenColumns],
    rows: [
      seen('awaitingApproval', [], 'Anyone with the role'),
      seen('submitting', [approved, claimed], 'Nothing to do'),
    ],
  },
  {
    heading: 'Approved, and waiting',
    about:
      'By what a `queued` request waits for. A busy device is asked about with one list call (`machineId eq … and (Pending or InProgress)`), so that the card can name the action that holds it and its application.',
    columns: ['waits for', ...seenColumns],
    rows: Object.values(waits).flat(),
  },
  {
    heading: 'Refused, so that nothing ran',
    about:
      'By our own code or Defender’s `error.code`. “text or device” makes a code more exact, by a word in Defender’s text or by the operating system. After these sentences the card quotes code and text, and shows the correlation id.',
    columns: ['code', ...seenColumns],
    rows: advised,
  },
  {
    heading: 'Over without a session',
    about: 'By ending.',
    columns: ['ending', ...seenColumns],
    rows: Object.values(endings).flat(),
  },
  {
    heading: 'Not known',
    about: 'By cause. “Send again” is offered only after the last look.',
    columns: ['cause', ...seenColumns],
    rows: Object.values(unknownCauses).flat(),
  },
  {
    heading: 'Running',
    about: 'By Defender’s status of the action.',
    columns: ['status at Defender', ...seenColumns],
    rows: running,
  },
  {
    heading: 'Cancel asked, still running',
    about: 'By what Defender answered to the cancel call.',
    columns: ['answer', ...seenColumns],
    rows: Object.values(cancels).flat(),
  },
  {
    heading: 'Finished',
    about: 'By outcome, with a cancel that raced against it.',
    columns: ['outcome', ...seenColumns],
    rows: Object.values(outcomes).flat(),
  },
  {
    heading: 'A failed command',
    about:
      'By a code (HRESULT, NTSTATUS, Win32, decimal or hex), a name or an id of PowerShell in the texts of `errors`, whatever their language, else by their words, which no page documents. Defender’s own text always stands before the next step.',
    columns: ['text', 'commands', 'known by', 'its row says'],
    rows,
  },
  {
    heading: 'A script that reports failure',
    about:
      'By what its errors tell: a code, an id of PowerShell, or words; of our own scripts also by exit code 12.',
    columns: ['cause', 'the card says'],
    rows: scripts,
  },
  {
    heading: 'A result that is not there',
    about: 'By code.',
    columns: ['code', 'commands', 'its row says'],
    rows: results,
  },
  {
    heading: 'How an output came',
    about: 'On the row of the script, next to what is shown of its output. Plain UTF-8 gets no sentence.',
    columns: ['how', 'its row says'],
    rows: forms,
  },
  {
    heading: 'A missing right',
    about:
      'By kind of call: on the card, in private answers, and in `/readyz` and the log where following fails. 403 also comes with every right, when the token is for another audience.',
    columns: ['call', 'what', 'next step'],
    rows: [...missing, ['submit, roles listed by Defender', listed?.what ?? '', listed?.next ?? '']],
  },
];

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

export function outcomesPage(): string {
  const intro = [
    '# Outcomes',
    '',
    'Everything that can come of a request, and what people see. The words are the code’s own: `test/cards/outcomes.test.ts` compares this page with what the cards draw, and `UPDATE_GOLDENS=1` writes it again.',
    'Names, times and reasons are those of the examples. Wherever Defender refused, the card also shows the correlation id (`error.target`), which Microsoft’s support asks for.',
    '',
    '## From Defender’s answer to a state',
    '',
    'This first table is written by hand; `adapters/defender/client`, `stories/troubles`, `stories/failureDoctor` and `stories/cancelRaces` below `test` hold the code to it. All others are drawn by the code.',
    '',
    '| call | answer | what the bot makes of it |',
    '| --- | --- | --- |',
    '| start | 201 or 200 with our tag | `running` |',
    '| start | 201 or 200 with an action of somebody else | back to `queued`, `deviceBusy`: that action is named |',
    '| start | 400 `ActiveRequestAlreadyExists` | back to `queued`, `deviceBusy`: what holds the device is looked up |',
    '| start | 401, twice | back to `queued`, `unauthorized`: the approval is not wasted |',
    '| start | 400, 403, 404 and every other 4xx | `closed`, `refused`: nothing ran |',
    '| start | 429 | back to `queued`, `throttled`, or `sessions` where many of ours run |',
    '| start | 408, 5xx, no answer, an answer that proves nothing | `unknown`: looked for by its tag, never sent again by itself |',
    '| start | connection refused | back to `queued`, `unavailable`: certainly not sent |',
    '| follow | `Pending`, `InProgress`, a status nobody has seen | `running` |',
    '| follow | `Succeeded`, `Failed`, `TimeOut`, `Cancelled` | `finished` |',
    '| follow | five times not in the list | `unknown`, `actionMissing` |',
    '| follow | no end by our own deadline | `unknown`, `overdue` |',
    '| cancel | 200 | `accepted`; after five minutes without an end `noEffect` |',
    '| cancel | 400, 404 | `alreadyOver`; after five minutes without an end `noEffect` |',
    '| cancel | anything else, or no answer | `failed` |',
    '| link | 400, 404 | `notReady`; ten minutes and more after the end `gone` |',
    '| link | 403 | `refused` |',
    '| result | 403, 404, 410 of the storage | `gone` |',
  ];
  const parts = tables.flatMap(({ heading, about, columns, rows: body }) => [
    '',
    `## ${heading}`,
    '',
    about,
    '',
    `| ${columns.join(' | ')} |`,
    `| ${columns.map(() => '---').join(' | ')} |`,
    ...body.map(([key, ...cells]) => `| \`${key}\` | ${cells.map(cell).join(' | ')} |`),
  ]);
  return `${[...intro, ...parts].join('\n')}\n`;
}
