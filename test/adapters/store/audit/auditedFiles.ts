// Three files of a journal in memory, for the tests of the audit and of the start.
import { join } from 'node:path';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import { approved, askedOf, claimed, openTestStore } from '../sample.ts';

export const path = (name: string): string => join(memoryFolder, name);
export const oldest = path('journal-000000001.ndjson');
export const middle = path('journal-000000007.ndjson');
export const newest = path('journal-000000013.ndjson');

/** Three files of six lines, the last snapshot before the third file. */
export async function written(): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  for (let file = 0; file < 3; file += 1) {
    const store = await openTestStore({ dir: memoryFolder, disk });
    for (const one of ['a', 'b']) {
      const id = `r${file}${one}`;
      await store.add(askedOf(id));
      await store.change(id, () => ({ event: approved }));
      await store.change(id, () => ({ event: claimed(id), session: 0 }));
    }
    if (file < 2) await store.close();
  }
  return disk;
}

export function linesIn(disk: MemoryDisk, file: string): readonly string[] {
  return (disk.bytes(file) ?? Buffer.alloc(0)).toString('utf8').trimEnd().split('\n');
}
