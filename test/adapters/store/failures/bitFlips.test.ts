// One bit of the data folder changed at rest, in every byte of every file: the start refuses and names the file,
// or does what is promised for that file. Nothing changed is ever taken for what was written.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { hash } from '../../../../src/adapters/clock.ts';
import { keptOutput } from '../../../../src/bot/workers/reads/keptOutput.ts';
import { anchorOf, readAnchors } from '../../../../src/adapters/store/journal/anchors.ts';
import { dropFreezeRequest, pendingFreeze } from '../../../../src/adapters/store/outputStore.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { testKeys } from '../../../support/store/testKeys.ts';
import { collectLog } from '../sample.ts';
import {
  besides,
  copied,
  deliveriesFile,
  filledFolder,
  openParts,
  output,
  signatures,
  started,
} from './dataFolder.ts';

let disk: MemoryDisk;
/** What an undamaged folder starts with. */
let whole: unknown;
beforeAll(async () => {
  disk = await filledFolder();
  whole = await started(copied(disk));
});

const newest = 'journal-000000006.ndjson';
const at = (name: string): string => `${memoryFolder}/${name}`;

/**
 * Each byte with one bit changed; those that end a line with each of the eight. `every`: of a file that one code
 * covers as a whole, every so many bytes will do.
 */
function* flipped(
  name: string,
  every = 1,
): Generator<{ readonly disk: MemoryDisk; readonly offset: number }> {
  const bytes = disk.bytes(at(name)) ?? Buffer.alloc(0);
  if (bytes.length === 0) throw new Error(`${name} is empty`);
  for (let offset = 0; offset < bytes.length; offset += 1) {
    const ends = bytes[offset] === 10 || offset === bytes.length - 1;
    if (!ends && offset % every !== 0 && offset < bytes.length - 100) continue;
    for (const bit of ends ? [0, 1, 2, 3, 4, 5, 6, 7] : [offset % 8]) {
      const copy = copied(disk);
      copy.flip(at(name), offset, bit);
      yield { disk: copy, offset };
    }
  }
}

test('the folder has a file of every kind', () => {
  expect(disk.list(memoryFolder)).toEqual([
    'journal-000000001.ndjson',
    'journal-000000004.ndjson',
    newest,
    'journal.key',
    'last-known.json',
    'people.keys',
    'slack-deliveries.ndjson',
    'slack-replay.txt',
    'snapshot.json',
    'snapshot.previous.json',
    'teams-conversations.json',
  ]);
});

describe('one bit of', () => {
  test('a journal line behind the snapshot refuses the start, and the line is named', async () => {
    for (const one of flipped(newest)) {
      const result = await started(one.disk);
      if (!('refused' in result)) throw new Error(`byte ${one.offset} was taken`);
      expect(result.refused).toContain(newest);
      expect(one.disk.bytes(at(newest))).toHaveLength(disk.bytes(at(newest))?.length ?? 0);
    }
  });

  test.each(['journal-000000001.ndjson', 'journal-000000004.ndjson'])(
    'the older %s starts from the snapshot, and the check that follows names the file',
    async (name) => {
      for (const one of flipped(name, 5)) {
        const { broken, ...rest } = { broken: undefined, ...(await started(one.disk)) };
        expect({ ...rest, broken: undefined }).toEqual(whole);
        expect(`${one.offset}: ${broken ?? 'not found'}`).toContain('journal-00000000');
      }
    },
  );

  test('the newest snapshot makes the start go by the one before; of that one, nothing', async () => {
    for (const [name, unusable] of [
      ['snapshot.json', 1],
      ['snapshot.previous.json', 0],
    ] as const)
      for (const one of flipped(name, 7)) {
        const log = collectLog();
        expect(await started(one.disk, log)).toEqual(whole);
        expect(log.lines.filter(({ event }) => event === 'snapshotUnusable')).toHaveLength(unusable);
      }
  });

  test('the keys of persons refuses the start, unless it reads as the same; the file is named and left as it was', async () => {
    let same = 0;
    for (const one of flipped('people.keys')) {
      const before = one.disk.bytes(at('people.keys'));
      const result = await started(one.disk);
      expect(one.disk.bytes(at('people.keys'))).toEqual(before);
      if ('refused' in result) {
        expect(result.refused).toContain('people.keys');
        // Not by the requests that need the key: it would be dropped where none is open.
        expect(result.refused).not.toContain('lacks the key');
      } else {
        same += 1;
        expect(result).toEqual(whole);
      }
    }
    // Two base64 texts of a line may end in bits that stand for nothing.
    expect(same).toBeLessThanOrEqual(2 * (disk.bytes(at('people.keys'))?.toString().split('\n').length ?? 0));
  });

  test('the key in the folder refuses the start, unless it reads as the same key', async () => {
    let refused = 0;
    for (const one of flipped('journal.key')) {
      const result = await started(one.disk);
      if ('refused' in result) {
        refused += 1;
        expect(result.refused).toMatch(/key/);
      } else expect(result).toEqual(whole);
    }
    expect(refused).toBeGreaterThan(40);
  });

  test('a delivery costs that one at most, and is logged', async () => {
    const all = new Map<string, unknown>([
      ['d1', { text: 'lr help' }],
      ['d2', { text: 'lr queue' }],
      ['d3', { text: 'lr approve r3' }],
    ]);
    for (const one of flipped(deliveriesFile)) {
      const { deliveries, log } = await openParts(one.disk);
      const { now, tooLate } = deliveries.left();
      expect(tooLate).toEqual([]);
      for (const { key, memo } of now) expect(memo).toEqual(all.get(key));
      const said = log.filter(({ event }) => event === 'deliveriesRefused');
      const same = now.map(({ key }) => key).join() === 'd2,d3';
      // d1 comes again where it is its answer that was lost: as a chat's own repeat would.
      if (!same) expect(`${one.offset}: ${said.length}`).toBe(`${one.offset}: 1`);
      expect(now.length + said.length * 2).toBeGreaterThanOrEqual(2);
    }
  });

  test('what the chats last said, or of how Teams is reached, makes the whole file unknown, and is logged', async () => {
    const known = ['member', 'guest', 'https://smba.trafficmanager.net/emea/'];
    expect(besides(await openParts(copied(disk)))).toEqual(known);
    for (const [name, event, left] of [
      ['last-known.json', 'lastKnownRefused', [undefined, undefined, known[2]]],
      ['teams-conversations.json', 'teamsReferencesRefused', [known[0], known[1], undefined]],
    ] as const)
      for (const one of flipped(name)) {
        const parts = await openParts(one.disk);
        expect(besides(parts)).toEqual(left);
        expect(parts.log.map((line) => line.event)).toContain(event);
      }
  });

  test('a freeze that was asked for at the machine freezes all the same, as half of it does', () => {
    const asking = createMemoryDisk();
    dropFreezeRequest(asking, memoryFolder, 'somebody', 'exercise');
    const path = at('freeze-request.json');
    const length = asking.bytes(path)?.length ?? 0;
    for (let offset = 0; offset < length; offset += 1) {
      const [bit, half] = [copied(asking), copied(asking)];
      bit.flip(path, offset, offset % 8);
      half.overwrite(path, (asking.bytes(path) ?? Buffer.alloc(0)).subarray(0, offset));
      for (const one of [bit, half]) expect(pendingFreeze(one, memoryFolder)?.why).toMatch(/./);
    }
    expect(length).toBeGreaterThan(50);
  });

  test('an anchor makes the one before it the newest', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lr-anchors-'));
    try {
      const path = join(folder, 'anchors');
      const lines = [1, 2].map(
        (seq) => `${JSON.stringify(anchorOf({ seq, hash: String(seq).repeat(64) }, 1, testKeys))}\n`,
      );
      const [first = '', second = ''] = lines;
      for (let offset = 0; offset < second.length; offset += 1) {
        const bytes = Buffer.from(first + second);
        const at = first.length + offset;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (offset % 8));
        writeFileSync(path, bytes);
        expect((await readAnchors(path, testKeys)).newest?.seq).toBe(1);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('a remembered signature costs that one at most', async () => {
    for (const one of flipped('slack-replay.txt')) {
      const { replay } = await openParts(one.disk);
      const again = signatures.filter((signature) => replay.admit(signature));
      expect(again.length).toBeLessThanOrEqual(
        disk.bytes(at('slack-replay.txt'))?.[one.offset] === 10 ? 2 : 1,
      );
    }
  });

  test('a kept output makes it one that is read from Defender again', async () => {
    for (const one of flipped('outputs/r1-0.txt')) {
      const { store, outputs } = await openParts(one.disk);
      const request = store.get('r1');
      if (request === undefined) throw new Error('r1 is gone');
      const log = collectLog();
      expect(await keptOutput({ outputs, hash, log }, request, 0)).toBeUndefined();
      expect(log.lines.map(({ event }) => event)).toEqual(['outputChanged']);
    }
    const { store, outputs } = await openParts(copied(disk));
    const request = store.get('r1');
    if (request === undefined) throw new Error('r1 is gone');
    expect(await keptOutput({ outputs, hash, log: collectLog() }, request, 0)).toBe(output);
  });
});
