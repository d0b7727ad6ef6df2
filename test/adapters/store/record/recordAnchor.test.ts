// The anchor of a journal: a cut tail, an older copy and another journal’s snapshot are refused by it.
import { describe, expect, test } from '@jest/globals';
import type { Head } from '../../../../src/adapters/store/journal/line.ts';
import { stateIn } from '../../../support/requests/requests.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { approved, askedOf, auditOf } from '../sample.ts';
import { copyOf, first, inFolder, linesIn, open, put, written } from './keyedRecord.ts';

describe('the anchor', () => {
  const at = async (disk: MemoryDisk): Promise<Head> => {
    const store = await open(disk);
    await store.close();
    return store.head();
  };

  test('refuses a cut tail and an older copy, and says which lines are missing', async () => {
    const disk = await written();
    const older = copyOf(disk);
    const now = await open(disk);
    await now.add(askedOf('r4'));
    await now.change('r4', () => ({ event: approved }));
    const anchor = now.head();
    const anchors = (): Promise<readonly Head[]> => Promise.resolve([anchor]);
    for (const rewound of [
      older,
      (() => {
        const cut = copyOf(disk);
        put(cut, linesIn(cut).slice(0, -1));
        return cut;
      })(),
    ]) {
      const { seq } = auditOf(rewound, memoryFolder).head;
      await expect(open(rewound, { anchors })).rejects.toThrow(
        `The journal ends at line ${seq}, but line 8 was anchored: lines ${seq + 1} to 8 are missing.`,
      );
      expect(auditOf(rewound, memoryFolder, { anchors: [anchor] }).wrong?.sentence).toContain(
        `Lines ${seq + 1} to 8 are missing`,
      );
      // Without one nothing can tell: the documents say so.
      expect(auditOf(rewound, memoryFolder).wrong).toBeUndefined();
    }
    const good = await open(disk, { anchors });
    await good.close();
  });

  test('refuses an older copy that was written on, at whichever side of the snapshot the anchor lies', async () => {
    const disk = await written();
    const fork = copyOf(disk);
    const now = await open(disk);
    await now.add(askedOf('r4'));
    const anchor = now.head();
    const other = await open(fork);
    for (const id of ['r5', 'r6']) await other.add(askedOf(id));
    for (const close of [false, true]) {
      if (close) await other.close();
      await expect(open(copyOf(fork), { anchors: () => Promise.resolve([anchor]) })).rejects.toThrow(
        `Line ${anchor.seq} of the journal is another one than was anchored`,
      );
    }
  });

  test('refuses a snapshot of another journal with the same key, at whichever side of the anchor it stands', async () => {
    const disk = await written();
    const mine = await open(disk);
    const before = mine.head();
    for (const id of ['r4', 'r5', 'r6', 'r7', 'r8', 'r9']) await mine.add(askedOf(id));
    await mine.close();
    const other = createMemoryDisk();
    const theirs = await open(other);
    for (const id of ['s1', 's2', 's3', 's4']) await theirs.add(askedOf(id));
    for (const id of ['s1', 's2', 's3', 's4']) await theirs.change(id, () => ({ event: approved }));
    await theirs.close();
    const { seq } = theirs.head();
    expect(seq).toBeGreaterThan(before.seq);
    const at = (line: number): Head => ({
      seq: line,
      hash: (JSON.parse(linesIn(disk)[line - 1] ?? '{}') as Head).hash,
    });
    disk.overwrite(inFolder('snapshot.json'), other.bytes(inFolder('snapshot.json')) ?? Buffer.alloc(0));
    disk.overwrite(
      inFolder('people.keys'),
      Buffer.concat([
        disk.bytes(inFolder('people.keys')) ?? Buffer.alloc(0),
        other.bytes(inFolder('people.keys')) ?? Buffer.alloc(0),
      ]),
    );
    for (const name of disk.list(memoryFolder))
      if (name > 'journal-000000001.ndjson' && name.startsWith('journal-')) disk.remove(inFolder(name));
    disk.overwrite(inFolder(`journal-${String(seq + 1).padStart(9, '0')}.ndjson`), Buffer.alloc(0));
    for (const anchor of [at(seq), at(seq - 1), before])
      await expect(open(copyOf(disk), { anchors: () => Promise.resolve([anchor]) })).rejects.toThrow(
        /another one than was anchored|it is of another journal/,
      );
    // Nor with its own lines in between, or with none.
    const lines = linesIn(disk);
    put(disk, [...lines.slice(0, before.seq), ...linesIn(other).slice(before.seq, seq)]);
    await expect(open(copyOf(disk), { anchors: () => Promise.resolve([before]) })).rejects.toThrow(
      /it is of another journal/,
    );
    put(disk, lines.slice(0, before.seq));
    await expect(open(copyOf(disk), { anchors: () => Promise.resolve([before]) })).rejects.toThrow(
      /it is of another journal/,
    );
  });

  test('below the snapshot of this very journal lets it start', async () => {
    const disk = await written();
    const store = await open(disk);
    const before = store.head();
    for (const id of ['r4', 'r5']) await store.add(askedOf(id));
    await store.close();
    const anchors = (): Promise<readonly Head[]> => Promise.resolve([before]);
    const again = await open(disk, { anchors, snapshotEvery: 1 });
    await again.add(askedOf('r6'));
    await again.close();
    const last = await open(disk, { anchors });
    expect(stateIn(last.get('r6'))).toBe('awaitingApproval');
  });

  test('that is older than the files that are left is told as missing', async () => {
    const disk = await written();
    const head = await at(disk);
    const store = await open(disk);
    await store.add(askedOf('r4'));
    await store.close();
    disk.remove(first);
    await expect(open(disk, { anchors: () => Promise.resolve([head]) })).rejects.toThrow(
      /is not in the journal files any more/,
    );
  });
});
