// The measured disk: what it tells of the journal and the snapshots, and that it changes nothing of what is written.
import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import { journalSize, measuredDisk } from '../../../src/adapters/store/measuredDisk.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';
import { createMemoryDisk, memoryFolder } from '../../support/store/memoryDisk.ts';

/** A disk on which each call takes its time, by a clock that nothing else moves. */
function timed() {
  let now = 0;
  const memory = createMemoryDisk();
  const slow: Disk = {
    ...memory,
    open(path, mode) {
      const file = memory.open(path, mode);
      return {
        ...file,
        append(bytes) {
          now += 3;
          file.append(bytes);
        },
        async flush() {
          now += 20;
          await file.flush();
        },
        read: (from, length) => file.read(from, length),
        size: () => file.size(),
        close: () => file.close(),
      };
    },
    rename: (from, to) => memory.rename(from, to),
    list: (folder) => memory.list(folder),
  };
  const seen: unknown[] = [];
  const disk = measuredDisk(
    slow,
    { elapsed: () => now },
    {
      appended: (ms, bytes) => seen.push(['appended', ms, bytes]),
      synced: (ms) => seen.push(['synced', ms]),
      snapshotTaken: (ms) => seen.push(['snapshot', ms]),
    },
  );
  return { disk, seen, memory };
}

const at = (name: string): string => join(memoryFolder, name);

test('the journal’s lines are timed with their bytes, and no other file is', async () => {
  const { disk, seen } = timed();
  const journal = disk.open(at('journal-000000001.ndjson'), 'append');
  journal.append(Buffer.from('12345\n'));
  await journal.flush();
  const other = disk.open(at('people.keys'), 'append');
  other.append(Buffer.from('x'));
  await other.flush();
  expect(seen).toEqual([
    ['appended', 3, 6],
    ['synced', 20],
  ]);
  expect(journal.size()).toBe(6);
  expect(Buffer.from(journal.read(0, 6)).toString()).toBe('12345\n');
  journal.close();
  disk.open(at('journal-000000002.ndjson'), 'append').append(Buffer.from('1\n'));
  expect(journalSize(disk, memoryFolder)).toBe(8);
});

test('a snapshot is timed from its first byte until it has taken its place, and one that fails is not told', async () => {
  const { disk, seen } = timed();
  const write = async (): Promise<void> => {
    const file = disk.open(at('snapshot.json.tmp'), 'new');
    file.append(Buffer.from('{}'));
    await file.flush();
    file.close();
  };
  await write();
  disk.remove(at('snapshot.json.tmp'));
  expect(seen).toEqual([]);
  await write();
  disk.rename(at('snapshot.json.tmp'), at('snapshot.json'));
  disk.rename(at('snapshot.json'), at('snapshot.previous.json'));
  expect(seen).toEqual([['snapshot', 23]]);
});
