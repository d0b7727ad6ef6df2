// Every outcome with the words that people see, drawn by the code itself: what docs/outcomes.md must hold.
import { refusalAdvice, refusalHints, unknownRefusal } from '../../../cards/messages/advice.ts';
import {
  exitAdvice,
  exitHints,
  stepFailure,
  stepHints,
  stepNext,
} from '../../../cards/messages/stepAdvice.ts';
import { formSentence, linkTroubleSentence, troubles, troubleSentence } from '../../../cards/results.ts';
import { missingRight } from '../../../cards/messages/rights.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import { callKinds } from '../../../src/liveResponse/pacing/callRates.ts';
import type { Unknown } from '../../../src/liveResponse/request/session.ts';
import type { ErrorKind } from '../../../src/liveResponse/codes/winErrors.ts';
import { start } from '../examples/exampleRequests.ts';
import { approved, cancelled, claimed, looked, noRight, sent } from '../examples/exampleSteps.ts';
import type { Row } from './outcomeRows.ts';
import { seen } from './outcomeRows.ts';
import { cancels, running, waits } from './outcomesUnderWay.ts';
import { endings, outcomes } from './outcomesOfEnds.ts';

export interface Table {
  readonly heading: string;
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

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
    'Everything that can come of a request, and what people see. The words are the code’s own: `test/cards/outcomes/outcomes.test.ts` compares this page with what the cards draw, and `UPDATE_GOLDENS=1` writes it again.',
    'Names, times and reasons are those of the examples. Wherever Defender refused, the card also shows the correlation id (`error.target`), which Microsoft’s support asks for.',
    '',
    '## From Defender’s answer to a state',
    '',
    'This first table is written by hand; `adapters/defender/submission`, `stories/defender/troubles`, `stories/defender/field/failureDoctor` and `stories/requests/cancelRaces` below `test` hold the code to it. All others are drawn by the code.',
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
