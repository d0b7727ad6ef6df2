// A file that ends anywhere, as a power cut leaves it: at every byte of its last lines, and with any of their
// sectors missing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { anchorOf, readAnchors } from '../../../../src/adapters/store/journal/anchors.ts';
import { memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { testKeys } from '../../../support/store/testKeys.ts';
import { approved, askedOf, collectLog, picture } from '../sample.ts';
import {
  besides,
  copied,
  deliveriesFile,
  filledFolder,
  openParts,
  openRecordOn,
  signatures,
  started,
} from './dataFolder.ts';

let disk: MemoryDisk;
beforeAll(async () => {
  disk = await filledFolder();
});

const at = (name: string): string => `${memoryFolder}/${name}`;
const bytesOf = (name: string, from: MemoryDisk = disk): Buffer => from.bytes(at(name)) ?? Buffer.alloc(0);
const newest = at('journal-000000006.ndjson');

/** Where the last `count` lines of a file begin. */
function begins(bytes: Buffer, count: number): readonly number[] {
  const ends: number[] = [0];
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, end + 1)) ends.push(end + 1);
  return ends.slice(-count - 1, -1);
}

/** The folder with this file cut to so many bytes. */
function cutTo(name: string, length: number): MemoryDisk {
  const copy = copied(disk);
  copy.overwrite(at(name), bytesOf(name).subarray(0, length));
  return copy;
}

const states = (made: Awaited<ReturnType<typeof started>>): unknown =>
  'refused' in made
    ? made.refused
    : (made.picture as { readonly all: readonly { readonly id: string }[] }).all.map(({ id }) => id);

describe('the journal', () => {
  test('torn at every byte of its last two lines is cut to the whole ones, and says so; the next line follows', async () => {
    const bytes = bytesOf('journal-000000006.ndjson');
    const [first = 0, second = 0] = begins(bytes, 2);
    expect(second - first).toBeGreaterThan(500);
    for (let length = first; length < bytes.length; length += 1) {
      const torn = cutTo('journal-000000006.ndjson', length);
      const log = collectLog();
      const store = await openRecordOn(torn, undefined, log);
      // r2 is approved by the last but one of the lines, r3 is asked for by the last.
      const whole = length < second ? first : second;
      expect(torn.bytes(newest)).toHaveLength(whole);
      expect(store.all().map(({ id }) => id)).toEqual(['r2', 'r1']);
      expect(store.get('r2')?.votes).toHaveLength(length < second ? 0 : 1);
      expect(log.lines.filter(({ event }) => event === 'journalTornLineCut')).toHaveLength(
        length === whole ? 0 : 1,
      );
      if (length % 8 !== 0) continue;
      await store.add(askedOf('r4'));
      expect(states(await started(torn.powerCut(() => 0)))).toEqual(['r4', 'r2', 'r1']);
    }
  });

  test.each(['journal-000000001.ndjson', 'journal-000000004.ndjson'])(
    'torn in an older file (%s) starts from the snapshot, and the check that follows says so',
    async (name) => {
      const whole = await started(copied(disk));
      for (let length = 0; length < bytesOf(name).length; length += 40) {
        const result = await started(cutTo(name, length));
        expect({ ...result, broken: undefined }).toEqual(whole);
        expect('broken' in result ? result.broken : '').toContain('journal-00000000');
      }
    },
  );

  test('of which sectors never arrived is cut where they are zero to their end; a zero within one is damage', async () => {
    const bytes = bytesOf('journal-000000006.ndjson');
    const [last = 0] = begins(bytes, 1);
    let cuts = 0;
    for (let from = last; from < bytes.length; from += 3) {
      const boundary = Math.min((Math.floor(from / 512) + 1) * 512, bytes.length);
      const [torn, damaged] = [copied(disk), copied(disk)];
      torn.overwrite(newest, Buffer.from(bytes).fill(0, from, boundary));
      expect(states(await started(torn))).toEqual(['r2', 'r1']);
      cuts += 1;
      if (boundary - from < 2) continue;
      damaged.overwrite(newest, Buffer.from(bytes).fill(0, from, boundary - 1));
      expect(states(await started(damaged))).toContain('journal-000000006.ndjson line 3');
      expect(damaged.bytes(newest)).toHaveLength(bytes.length);
    }
    expect(cuts).toBe(Math.ceil((bytes.length - last) / 3));
  });
});

describe('the keys of persons', () => {
  const name = 'people.keys';
  const asked = askedOf('r5');
  const by = (id: string): typeof asked => ({
    ...asked,
    asked: { ...asked.asked, requester: { id, name: id } },
  });
  /** Each person in one line, the last one in no line of the journal. */
  let before: MemoryDisk;
  let after: Buffer;
  beforeAll(async () => {
    before = copied(disk);
    const store = await openRecordOn(before);
    await store.add(by('one'));
    const more = copied(before);
    const next = await openRecordOn(more);
    await next.add({ ...by('two'), id: 'r6', origin: 'r6' });
    after = bytesOf(name, more);
    expect(after.subarray(0, bytesOf(name, before).length)).toEqual(bytesOf(name, before));
  });

  test('torn at every byte of a line that the journal needs refuse the start, and are left as they are', async () => {
    const bytes = bytesOf(name, before);
    const [last = 0] = begins(bytes, 1);
    for (let length = last; length < bytes.length - 1; length += 1) {
      const torn = copied(before);
      torn.overwrite(at(name), bytes.subarray(0, length));
      expect(states(await started(torn))).toMatch(/^people\.keys lacks the key of a person/);
      expect(torn.bytes(at(name))).toHaveLength(length);
    }
    const whole = copied(before);
    whole.overwrite(at(name), bytes.subarray(0, -1));
    expect(states(await started(whole))).toEqual(['r5', 'r3', 'r2', 'r1']);
  });

  test('torn before the journal speaks of them lose nothing, and the next person has a line of its own', async () => {
    for (let length = bytesOf(name, before).length; length <= after.length; length += 1) {
      const torn = copied(before);
      torn.overwrite(at(name), after.subarray(0, length));
      const opened = await openRecordOn(torn);
      await opened.add({ ...by('three'), id: 'r7', origin: 'r7' });
      await opened.change('r3', () => ({ event: approved }));
      const again = await openRecordOn(torn.powerCut(() => 0));
      expect(picture(again)).toEqual(picture(opened));
      expect(again.get('r7')?.asked.requester.id).toBe('three');
    }
  });
});

describe('the files beside the journal', () => {
  test('of deliveries, torn at every byte of its last lines, give back whole ones only', async () => {
    const bytes = bytesOf(deliveriesFile);
    const [first = 0, , last = 0] = begins(bytes, 3);
    for (let length = first; length < bytes.length; length += 1) {
      const { deliveries, log } = await openParts(cutTo(deliveriesFile, length));
      const left = deliveries.left().now;
      expect(left.map(({ memo }) => memo)).toEqual(
        length < last || length === last
          ? left.map(({ key }) => ({ text: key === 'd1' ? 'lr help' : 'lr queue' }))
          : length < bytes.length - 1
            ? [{ text: 'lr queue' }]
            : [{ text: 'lr queue' }, { text: 'lr approve r3' }],
      );
      expect(log.map(({ event }) => event)).not.toContain('deliveriesRefused');
      expect(await deliveries.keep('d4', {})).toBe('first');
    }
  });

  test.each(['last-known.json', 'teams-conversations.json'])(
    '%s, torn anywhere, counts for nothing',
    async (name) => {
      for (let length = 0; length < bytesOf(name).length; length += 1) {
        const parts = await openParts(cutTo(name, length));
        expect(besides(parts).filter((one) => one !== undefined)).toHaveLength(
          name.startsWith('last') ? 1 : 2,
        );
      }
    },
  );

  test('of Slack’s signatures, torn anywhere, forgets the torn one, and swallows none that comes later', async () => {
    const bytes = bytesOf('slack-replay.txt');
    for (let length = 0; length <= bytes.length; length += 1) {
      const torn = cutTo('slack-replay.txt', length);
      const { replay } = await openParts(torn);
      const known = Math.floor(
        length / (bytes.length / 3) + (length % (bytes.length / 3) === bytes.length / 3 - 1 ? 1 : 0),
      );
      expect(signatures.filter((signature) => !replay.admit(signature))).toHaveLength(known);
      const next = await openParts(torn.kill());
      expect(signatures.filter((signature) => next.replay.admit(signature))).toEqual([]);
    }
  });
});

test('the anchor file, torn at every byte of its last line, tells the anchor before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lr-anchors-'));
  try {
    const path = join(folder, 'anchors');
    const [one, two] = [1, 2].map((seq) => anchorOf({ seq, hash: String(seq).repeat(64) }, 1, testKeys));
    const [first, second] = [`${JSON.stringify(one)}\n`, `${JSON.stringify(two)}\n`];
    for (let length = 0; length < second.length; length += 1) {
      writeFileSync(path, first + second.slice(0, length));
      expect((await readAnchors(path, testKeys)).newest?.seq).toBe(1);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
