// A journal in memory that is written with a key, and its files as somebody may change them.
import { join } from 'node:path';
import type { Keys } from '../../../../src/adapters/store/journal/keys.ts';
import type { Store } from '../../../../src/adapters/store/journal/requestStore.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { testKeys } from '../../../support/store/testKeys.ts';
import { approved, askedOf, claimed, openTestStore } from '../sample.ts';

export const first = join(memoryFolder, 'journal-000000001.ndjson');
export const inFolder = (name: string): string => join(memoryFolder, name);
export const open = (
  disk: MemoryDisk,
  more: Parameters<typeof openTestStore>[0] | object = {},
): Promise<Store> => openTestStore({ dir: memoryFolder, disk, ...more });
export const copyOf = (disk: MemoryDisk): MemoryDisk =>
  createMemoryDisk(
    new Map(
      disk.list(memoryFolder).map((name) => [inFolder(name), Buffer.from(disk.bytes(inFolder(name)) ?? [])]),
    ),
  );
export const linesIn = (disk: MemoryDisk, file = first): string[] =>
  (disk.bytes(file) ?? Buffer.alloc(0)).toString('utf8').trimEnd().split('\n');
export const put = (disk: MemoryDisk, lines: readonly string[], file = first): void =>
  disk.overwrite(file, Buffer.from(lines.map((line) => `${line}\n`).join('')));

/** Three requests: one approved, one sent, one that waits. */
export async function written(keys: Keys = testKeys): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  const store = await open(disk, { keys });
  for (const id of ['r1', 'r2', 'r3']) await store.add(askedOf(id, { reason: 'beacon seen' }));
  await store.change('r1', () => ({ event: approved }));
  await store.change('r2', () => ({ event: approved }));
  await store.change('r2', () => ({ event: claimed('n2'), session: 0 }));
  return disk;
}
