// Recorded data folders of earlier formats: people see the same cards, lists and history as before
// `UPDATE_GOLDENS=1` writes the goldens again.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  cardsText,
  OpenRecord,
  recordedLines,
  recordsFolder,
  storyOf,
} from '../../support/store/olderRecord.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import type { RecordedLine, RecordName } from '../../support/store/olderRecord.ts';

const updating = process.env['UPDATE_GOLDENS'] === '1';

/** The journal alone and the journal with a snapshot are the same record: they have the same goldens. */
const goldenOf: Readonly<Record<RecordName, string>> = {
  unkeyed: 'unkeyed',
  keyed: 'keyed',
  keyedSnapshot: 'keyed',
};

function expectGolden(name: RecordName, file: string, text: string): void {
  const path = join(recordsFolder, 'seen', goldenOf[name], file);
  if (updating && name !== 'keyedSnapshot') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, 'utf8'));
}

const opened: OpenRecord[] = [];
afterEach(async () => {
  for (const record of opened.splice(0)) await record.close();
});

async function open(
  name: RecordName,
  options: Parameters<typeof OpenRecord.open>[1] = {},
): Promise<OpenRecord> {
  const record = await OpenRecord.open(name, options);
  opened.push(record);
  return record;
}

const names: readonly RecordName[] = ['unkeyed', 'keyed', 'keyedSnapshot'];
const time = (at: number): string => new Date(at).toISOString();

function stateText(request: Request): string {
  const stage = stageOf(request);
  const ended = 'endedAt' in stage ? `, ended ${time(stage.endedAt)}` : '';
  // As it was called when the goldens were written.
  const name = stage.state === 'closed' ? 'over' : stage.state;
  return `${name}, revision ${request.revision}, changed ${time(request.changedAt)}${ended}`;
}

describe.each(names)('the recorded folder "%s"', (name) => {
  const { requests } = storyOf(name);
  const stories = Object.entries(requests);

  test('shows every card as it was', async () => {
    const record = await open(name);
    const texts: string[] = [];
    for (const [label, id] of stories)
      texts.push(`===== ${label}: ${stateText(record.request(id))}\n${await cardsText(record, id)}\n`);
    expectGolden(name, 'cards.txt', texts.join('\n'));
  });

  test('answers lists, status and outputs as it did', async () => {
    const record = await open(name);
    const texts: string[] = [];
    const say = async (as: string, line: string, place?: string): Promise<void> => {
      texts.push(
        `===== ${as}: ${line}${place === undefined ? '' : ` (in ${place})`}`,
        `${await record.say(as, line, place)}\n`,
      );
    };
    for (const as of ['responder1', 'responder2', 'approver1']) {
      for (const line of ['status', 'list mine', 'list pending', 'list running', 'list recent', 'quota'])
        await say(as, line);
    }
    await say('onlooker1', 'list recent');
    await say('responder1', 'list recent', 'soc-private');
    for (const [label, id] of stories)
      if (!label.startsWith('slot load05')) await say('approver1', `status ${id}`);
    for (const label of ['awaitingPrivate', 'private'])
      await say('responder2', `status ${requests[label] ?? ''}`);
    for (const label of ['finished', 'exitCode', 'private', 'foundLate', 'denied'])
      await say('responder1', `output ${requests[label] ?? ''} 0`);
    expectGolden(name, 'answers.txt', texts.join('\n'));
  });

  test('counts the same submissions and links, and has the same requests open and ended', async () => {
    const record = await open(name);
    const { store } = record;
    const labels = new Map(stories.map(([label, id]) => [id, label]));
    const named = (id: string): string => labels.get(id) ?? id;
    const since = record.now - 2 * 3_600_000;
    const freeze = store.freeze();
    const lines = [
      `open: ${store
        .open()
        .map(({ id }) => named(id))
        .join(', ')}`,
      ...store.all().map((request) => `${named(request.id)}: ${stateText(request)}`),
      `submissions in two hours: ${store.submissionTimes(since).map(time).join(' ')}`,
      `links in two hours: ${store.linkTimes(since).map(time).join(' ')}`,
      `frozen: ${freeze === undefined ? 'no' : `${time(freeze.at)} by ${freeze.by}: ${freeze.why}`}`,
      `restored: ${store.restores().map(time).join(' ')}`,
    ];
    expectGolden(name, 'sets.txt', `${lines.join('\n')}\n`);
  });

  test('tells the history of every request as the audit did', async () => {
    const record = await open(name);
    // Whole where something differs from request to request; a digest of the others holds them as well.
    const whole = new Set([
      'finished',
      'denied',
      'resent',
      'foundLate',
      'forgotten',
      'contentSeen',
      'stillParked',
    ]);
    const texts = stories.map(([label, id]) => {
      const text = record.history(id).join('\n');
      const digest = createHash('sha256').update(text).digest('hex');
      return `===== ${label}: ${digest}\n${whole.has(label) ? `${text}\n` : ''}`;
    });
    expectGolden(name, 'history.txt', texts.join(''));
  });

  test('recognises each delivery of then when it comes again', async () => {
    const record = await open(name);
    const found = stories.map(([label, id]) => {
      const { origin, delivery = origin } = record.request(id);
      return [label, record.store.byOrigin(delivery)?.id];
    });
    expect(found).toEqual(stories);
  });
});

/** The kind of a line: its event, and what tells it from other events of that type. */
function kindOf({ event }: RecordedLine): string {
  const more = ['cause', 'what', 'outcome', 'how', 'code', 'dead', 'onCard', 'differs'].map(
    (name) => event[name],
  );
  const cancel = event['cancel'] as { readonly answer?: string } | undefined;
  const parts = [...more, cancel?.answer].filter((one) => ['string', 'boolean'].includes(typeof one));
  return [event.type, ...parts, ...(event['differs'] === undefined ? [] : ['differs'])].join(' ');
}

/** The first line of each kind that belongs to a request. */
function moments(
  name: RecordName,
): readonly (readonly [string, RecordedLine & { readonly request: string }])[] {
  const first = new Map<string, RecordedLine & { readonly request: string }>();
  for (const line of recordedLines(name)) {
    const { request } = line;
    const kind = kindOf(line);
    if (request !== null && !first.has(kind)) first.set(kind, { ...line, request });
  }
  return [...first];
}

describe.each(['unkeyed', 'keyed'] as const)(
  'the recorded folder "%s", had it been killed in the middle,',
  (name) => {
    test('shows the card that each kind of event had left', async () => {
      const texts: string[] = [];
      for (const [kind, { seq, at, request }] of moments(name)) {
        const record = await OpenRecord.open(name, { lines: seq, at: at + 1_000 });
        texts.push(
          `===== line ${seq}: ${kind}, ${stateText(record.request(request))}`,
          `${await cardsText(record, request)}\n`,
        );
        await record.close();
      }
      expectGolden(name, 'moments.txt', texts.join('\n'));
    });
  },
);

/** Every event that a version could write about a request. */
const inVersion01 = [
  'asked',
  'approved',
  'denied',
  'expired',
  'withdrawn',
  'claimed',
  'lapsed',
  'submitted',
  'deferred',
  'refused',
  'lost',
  'adopted',
  'resent',
  'dropped',
  'progressed',
  'ended',
  'lostTrack',
  'overdue',
  'cardPosting',
  'cardPosted',
  'cardShown',
  'cardGone',
  'noted',
  'waiting',
  'looked',
  'excerptRead',
  'fileSeen',
  'resultTrouble',
  'linkMinted',
  'linkRetired',
  'linkRefused',
  'cancelAsked',
  'parked',
  'triedAgain',
  'foundAfterDrop',
  'pressRefused',
  'resultViewed',
];

describe('the recordings', () => {
  test.each([
    [
      'unkeyed',
      inVersion01,
      ['deviceBusy', 'frozen', 'unavailable', 'unauthorized', 'library', 'sessions', 'slot'],
    ],
    [
      'keyed',
      [...inVersion01, 'contentSeen', 'redacted'],
      ['deviceBusy', 'frozen', 'unavailable', 'unauthorized', 'library', 'directory', 'sessions', 'slot'],
    ],
  ] as const)(
    'hold every event of a request that version "%s" could write, and every cause to wait',
    (name, types, causes) => {
      const lines = recordedLines(name);
      expect(new Set(lines.filter(({ request }) => request !== null).map(({ event }) => event.type))).toEqual(
        new Set(types),
      );
      expect(
        new Set(lines.flatMap(({ event }) => (event.type === 'waiting' ? [event['cause']] : []))),
      ).toEqual(new Set(causes));
      expect(lines).toHaveLength(storyOf(name).lines);
    },
  );

  test('have lines without a key in version 0.1, and lines of format 2 with one later', () => {
    expect(recordedLines('unkeyed').filter((line) => 'v' in line || 'key' in line)).toEqual([]);
    expect(recordedLines('keyed').filter((line) => !('v' in line && line.v === 2 && 'key' in line))).toEqual(
      [],
    );
  });
});
