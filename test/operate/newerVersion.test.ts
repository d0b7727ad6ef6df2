// A folder that a newer version has written, met by this one after a rollback: read, or refused in words;
// nothing in it is passed over.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { encodeLine } from '../../src/adapters/store/journal/line.ts';
import type { Head } from '../../src/adapters/store/journal/line.ts';
import { approved, askedOf, claimed, collectLog, noon, openTestStore } from '../adapters/store/sample.ts';
import { testKeys } from '../support/store/testKeys.ts';

let data = '';
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'lr-newer-'));
  const store = await openTestStore({ dir: data });
  await store.add(askedOf('r1'));
  await store.close();
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const snapshots = (): readonly string[] => readdirSync(data).filter((name) => name.startsWith('snapshot'));
const journals = (): readonly string[] =>
  readdirSync(data)
    .filter((name) => name.startsWith('journal-'))
    .sort();

/** Appends a line as a newer version would write it, with the right key. */
function newerLine(request: string | null, event: unknown, session?: number): void {
  const file = join(data, journals().findLast((name) => readFileSync(join(data, name)).length > 0) ?? '');
  const last = JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '') as Head & {
    readonly key: string;
  };
  const { text } = encodeLine(
    { seq: last.seq, hash: last.hash, key: last.key },
    { at: noon, request, session, event, boxes: [] },
    testKeys,
  );
  for (const name of [
    ...snapshots(),
    ...journals().filter((one) => readFileSync(join(data, one)).length === 0),
  ])
    rmSync(join(data, name));
  writeFileSync(file, `${readFileSync(file, 'utf8')}${text}\n`);
}

const opened = (): Promise<string> =>
  openTestStore({ dir: data }).then(
    async (store) => {
      await store.close();
      return 'opened';
    },
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

test.each([
  [
    'that belongs to no request, such as another kind of freeze',
    null,
    { type: 'deviceFrozen', device: 'd'.repeat(40) },
  ],
  ['of a request', 'r1', { type: 'approvedByThree', by: [] }],
  ['with a name of every object', null, { type: 'constructor' }],
])('an event %s is refused by its name, with what to do', async (_what, request, event) => {
  newerLine(request, event);
  expect(await opened()).toMatch(
    new RegExp(
      `line \\d+ cannot be followed: it is a "${event.type}", which this version does not know: a newer one wrote it\\. Start that one again, or restore the backup`,
    ),
  );
});

const forTwo = (id: string) => {
  const made = askedOf(id);
  const [first] = made.targets;
  return { ...made, targets: [first, { device: { ...first.device, id: 'e'.repeat(40), name: 'host-b' } }] };
};

test('a request for two devices is refused: its cards would show the first alone', async () => {
  newerLine('r2', { type: 'asked', request: forTwo('r2') });
  expect(await opened()).toMatch(
    /it asks for 2 devices at once, which this version does not know: a newer one wrote it/,
  );
});

test.each([1, -1])(
  'an event of a session that the request does not have is refused by its number: %i',
  async (number) => {
    const store = await openTestStore({ dir: data });
    await store.change('r1', () => ({ event: approved }));
    await store.close();
    newerLine('r1', claimed('n1'), number);
    expect(await opened()).toContain(
      `it is about session ${number} of a request that has 1, which this version does not know: a newer one wrote it`,
    );
  },
);

test('an event that both know is read', async () => {
  newerLine(null, { type: 'started', version: '9.0.0' });
  expect(await opened()).toBe('opened');
});

test('a line of another format is refused by its number', async () => {
  const file = join(data, journals()[0] ?? '');
  newerLine(null, { type: 'started', version: '9.0.0' });
  writeFileSync(file, readFileSync(file, 'utf8').replace(/\{"v":3(?=[^\n]*"9\.0\.0")/, '{"v":4'));
  expect(await opened()).toContain(
    'has the format 4, which this version does not know: it was written by a newer one',
  );
});

test.each([
  ['a part', (text: string) => text.replace('{"format"', '{"deviceFreezes":["d"],"format"')],
  ['a part of its record', (text: string) => text.replace('"record":{', '"record":{"sealedTwice":true,')],
  [
    'a request for two devices',
    (text: string) => text.replace(/"targets":\[(\{.*?\})\],"subject"/, '"targets":[$1,$1],"subject"'),
  ],
])(
  'a snapshot with %s that this version does not know is not used; the journal is read in its place',
  async (_what, newer) => {
    const path = join(data, 'snapshot.json');
    const text = newer(readFileSync(path, 'utf8'));
    expect(text).not.toBe(readFileSync(path, 'utf8'));
    const open = text.slice(0, text.lastIndexOf(',"key":"'));
    const { id, files } = testKeys.current;
    writeFileSync(
      path,
      `${open},"key":"${id}","hmac":"${createHmac('sha256', files).update('snapshot\0').update(open).digest('hex')}"}`,
    );
    const log = collectLog();
    const store = await openTestStore({ dir: data, log });
    expect(store.get('r1')).toBeDefined();
    await store.close();
    expect(JSON.stringify(log.lines)).toMatch(
      /snapshotUnusable.*(which this version does not know|a request in it is not readable)/,
    );
  },
);
