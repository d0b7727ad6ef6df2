// A file that is missing, older than the rest, or of another folder.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createManualClock } from '../../../support/manualClock.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { approved, askedOf, collectLog, noon } from '../sample.ts';
import { besides, copied, filledFolder, openParts, openRecordOn, started } from './dataFolder.ts';

let disk: MemoryDisk;
let whole: Awaited<ReturnType<typeof started>>;
beforeAll(async () => {
  disk = await filledFolder();
  whole = await started(copied(disk));
  if ('refused' in whole) throw new Error(whole.refused);
});

const at = (name: string): string => `${memoryFolder}/${name}`;
const journals = ['journal-000000001.ndjson', 'journal-000000004.ndjson', 'journal-000000006.ndjson'];
const snapshots = ['snapshot.json', 'snapshot.previous.json'];

describe('a missing', () => {
  test.each([
    ['newest journal file', ['journal-000000006.ndjson'], /^journal-000000006\.ndjson line 1 is missing/],
    [
      'journal, also without a snapshot',
      [...journals, ...snapshots],
      /^journal-000000001\.ndjson line 1 is missing/,
    ],
    ['key', ['journal.key'], /was written with another key/],
    ['file of the keys of persons', ['people.keys'], /^people\.keys is missing, and with it the key/],
  ])('%s refuses the start, and is named', async (_what, names, sentence) => {
    const result = await started(copied(disk, names));
    expect('refused' in result ? result.refused : '').toMatch(sentence);
  });

  test.each([['snapshot.json'], ['snapshot.previous.json'], snapshots])(
    'snapshot (%s) costs nothing but time',
    async (...names) => {
      expect(await started(copied(disk, names))).toEqual(whole);
    },
  );

  test.each(['journal-000000001.ndjson', 'journal-000000004.ndjson'])(
    'older journal file (%s) starts, and the check says so',
    async (name) => {
      const result = await started(copied(disk, [name]));
      expect({ ...result, broken: undefined }).toEqual(whole);
      expect('broken' in result ? result.broken : '').toContain(`${name} is missing`);
    },
  );

  test.each([
    ['slack-deliveries.ndjson', [], ['member', 'guest', 'https://smba.trafficmanager.net/emea/']],
    ['last-known.json', ['d2', 'd3'], [undefined, undefined, 'https://smba.trafficmanager.net/emea/']],
    ['teams-conversations.json', ['d2', 'd3'], ['member', 'guest', undefined]],
    ['slack-replay.txt', ['d2', 'd3'], ['member', 'guest', 'https://smba.trafficmanager.net/emea/']],
  ])('%s starts without what it held', async (name, left, known) => {
    const parts = await openParts(copied(disk, [name]));
    expect(parts.deliveries.left().now.map(({ key }) => key)).toEqual(left);
    expect(besides(parts)).toEqual(known);
    expect(parts.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('an older', () => {
  test('snapshot in the place of the newest is followed by more of the journal, and nothing is lost', async () => {
    const older = copied(disk);
    older.overwrite(at('snapshot.json'), disk.bytes(at('snapshot.previous.json')) ?? Buffer.alloc(0));
    expect(await started(older)).toEqual(whole);
  });

  test('file of the keys of persons refuses the start while a request is open that needs a newer one', async () => {
    const newer = copied(disk);
    const store = await openRecordOn(newer);
    const asked = askedOf('r5');
    await store.add({ ...asked, asked: { ...asked.asked, requester: { id: 'new', name: 'New' } } });
    newer.overwrite(at('people.keys'), disk.bytes(at('people.keys')) ?? Buffer.alloc(0));
    const result = await started(newer);
    expect('refused' in result ? result.refused : '').toMatch(/^people\.keys lacks the key of a person/);
  });
});

describe('an older copy of the files beside the journal', () => {
  test('gives back what they held: deliveries as a repeat, answers until they are given again', async () => {
    const later = copied(disk);
    const { deliveries, known } = await openParts(later);
    for (const key of ['d2', 'd3']) deliveries.done(key);
    known.set('slack U1', 'deactivated');
    await known.settled();
    const now = await openParts(copied(later));
    expect(now.deliveries.left().now).toEqual([]);
    expect(besides(now)[0]).toBe('deactivated');
    for (const name of ['slack-deliveries.ndjson', 'last-known.json'])
      later.overwrite(at(name), disk.bytes(at(name)) ?? Buffer.alloc(0));
    const again = await openParts(later);
    expect(again.deliveries.left().now.map(({ key }) => key)).toEqual(['d2', 'd3']);
    expect(besides(again)[0]).toBe('member');
  });
});

describe('a snapshot of another folder', () => {
  /** Other lines; with `same` written with the key of this folder. */
  async function another(same: boolean, requests: number): Promise<Buffer> {
    const other = createMemoryDisk(new Map(), { clock: createManualClock(noon) });
    if (same) other.overwrite(at('journal.key'), disk.bytes(at('journal.key')) ?? Buffer.alloc(0));
    const store = await openRecordOn(other);
    for (let index = 0; index < requests; index += 1) await store.add(askedOf(`other${index}`));
    await store.change('other0', () => ({ event: approved }));
    await store.close();
    return other.bytes(at('snapshot.json')) ?? Buffer.alloc(0);
  }

  test('with its key is refused: at the same line the journal does not follow from it', async () => {
    const mixed = copied(disk);
    mixed.overwrite(at('snapshot.json'), await another(true, 4));
    mixed.overwrite(at('people.keys'), disk.bytes(at('people.keys')) ?? Buffer.alloc(0));
    const result = await started(mixed);
    expect('refused' in result ? result.refused : '').toMatch(
      /^journal-000000006\.ndjson line 1 does not follow the line before it/,
    );
  });

  test('with its key that stands elsewhere is refused: the file behind it is not there', async () => {
    const mixed = copied(disk);
    mixed.overwrite(at('snapshot.json'), await another(true, 9));
    const result = await started(mixed);
    expect('refused' in result ? result.refused : '').toMatch(/^journal-000000011\.ndjson line 1 is missing/);
  });

  test('with another key counts for nothing, and is logged', async () => {
    const mixed = copied(disk);
    mixed.overwrite(at('snapshot.json'), await another(false, 4));
    const log = collectLog();
    expect(await started(mixed, log)).toEqual(whole);
    expect(log.lines.find(({ event }) => event === 'snapshotUnusable')?.fields['why']).toMatch(/another key/);
  });
});
