import { stateIn } from '../../support/requests/requests.ts';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { join } from 'node:path';
import { StoreError } from '../../../src/liveResponse/ports.ts';
import { audit } from '../../../src/adapters/store/audit/audit.ts';
import type { Store } from '../../../src/adapters/store/journal/requestStore.ts';
import type { MemoryDisk } from '../../support/store/memoryDisk.ts';
import { createMemoryDisk, memoryFolder } from '../../support/store/memoryDisk.ts';
import {
  approved,
  askedOf,
  auditOf,
  claimed,
  collectLog,
  denied,
  openTestStore,
  picture,
  seeded,
} from './sample.ts';
import { testKeys } from '../../support/store/testKeys.ts';

const first = join(memoryFolder, 'journal-000000001.ndjson');
const people = join(memoryFolder, 'people.keys');

function open(disk: MemoryDisk, more: Partial<Parameters<typeof openTestStore>[0]> = {}): Promise<Store> {
  return openTestStore({ dir: memoryFolder, disk, ...more });
}

describe('a disk that fails', () => {
  test.each([0, 1, 40, 400])(
    'says so when it is full after %i bytes, changes nothing, and goes on when there is room again',
    async (arrives) => {
      const disk = createMemoryDisk();
      const store = await open(disk);
      await store.add(askedOf('r1'));
      const before = picture(store);
      disk.failWith((operation) => (operation === 'append' ? { code: 'ENOSPC', arrives } : undefined));
      await expect(store.change('r1', () => ({ event: approved }))).rejects.toThrow(StoreError);
      await expect(store.add(askedOf('r2'))).rejects.toThrow('ENOSPC');
      expect(store.trouble()).toMatch(/cannot be written.*ENOSPC/);
      expect(picture(store)).toEqual(before);
      expect(picture(await open(disk.powerCut((n) => n - 1)))).toEqual(before);
      disk.failWith(undefined);
      await store.change('r1', () => ({ event: approved }));
      expect(store.trouble()).toBeUndefined();
      const after = picture(store);
      expect(picture(await open(disk.powerCut(() => 0)))).toEqual(after);
      expect(audit({ disk, folder: memoryFolder, keys: testKeys }).wrong).toBeUndefined();
    },
  );

  test('never trusts a handle whose fsync failed: the line is cut, also when only the fsync failed', async () => {
    const disk = createMemoryDisk();
    const store = await open(disk);
    await store.add(askedOf('r1'));
    const acknowledged = disk.bytes(first);
    let fsyncs = 0;
    disk.failWith((operation) => (operation === 'sync' && (fsyncs += 1) === 1 ? { code: 'EIO' } : undefined));
    await expect(store.change('r1', () => ({ event: approved }))).rejects.toThrow(StoreError);
    expect(disk.bytes(first)).toEqual(acknowledged);
    expect(store.trouble()).toMatch(/EIO/);
    expect(await store.recover()).toBe(true);
    expect(store.trouble()).toBeUndefined();
  });

  test('stays in trouble while reopening fails, and calls no decision meanwhile', async () => {
    const disk = createMemoryDisk();
    const store = await open(disk);
    await store.add(askedOf('r1'));
    disk.failWith((operation) => (operation === 'sync' ? { code: 'EIO' } : undefined));
    await expect(store.change('r1', () => ({ event: approved }))).rejects.toThrow(StoreError);
    let asked = 0;
    await expect(
      store.change('r1', () => {
        asked += 1;
        return { event: approved };
      }),
    ).rejects.toThrow(StoreError);
    expect(asked).toBe(0);
    expect(await store.recover()).toBe(false);
    disk.failWith(undefined);
    expect(await store.recover()).toBe(true);
    await store.change('r1', () => ({ event: approved }));
    expect(audit({ disk, folder: memoryFolder, keys: testKeys }).lines).toBe(2);
  });

  test('does not go on when its last acknowledged line can no longer be read back', async () => {
    const disk = createMemoryDisk();
    const store = await open(disk);
    await store.add(askedOf('r1'));
    disk.failWith(() => ({ code: 'EIO' }));
    await expect(store.add(askedOf('r2'))).rejects.toThrow(StoreError);
    disk.failWith(undefined);
    const bytes = Buffer.from(disk.bytes(first) ?? []);
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    disk.overwrite(first, bytes);
    await expect(store.add(askedOf('r2'))).rejects.toThrow('can no longer be read back');
  });

  test('keeps working when a snapshot cannot be written, and leaves no half of one', async () => {
    const disk = createMemoryDisk();
    const log = collectLog();
    const store = await open(disk, { snapshotEvery: 3, log });
    disk.failWith((operation, path) =>
      operation === 'append' && path.includes('snapshot') ? { code: 'ENOSPC', arrives: 9 } : undefined,
    );
    for (let index = 0; index < 7; index += 1) {
      await store.add(askedOf(`r${index}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const before = picture(store);
    await store.close();
    expect(log.lines.some((line) => line.event === 'snapshotFailed')).toBe(true);
    expect(disk.list(memoryFolder).filter((name) => name.includes('snapshot'))).toEqual([]);
    disk.failWith(undefined);
    expect(picture(await open(disk))).toEqual(before);
  });
});

/**
 * A short life with everything in it; resolves with what was acknowledged, when the disk died or all was
 * done.
 */
async function life(disk: MemoryDisk, acknowledged: unknown[]): Promise<void> {
  const store = await open(disk, { snapshotEvery: 4 });
  const steps: readonly (() => Promise<unknown>)[] = [
    () => store.add(askedOf('r1')),
    () => store.change('r1', () => ({ event: approved })),
    () => store.add(askedOf('r2')),
    () => store.change('r1', () => ({ event: claimed('n1'), session: 0 })),
    () => store.note({ type: 'frozen', by: 'approver1', why: 'exercise' }),
    () => store.change('r2', () => ({ event: denied })),
    () => store.add(askedOf('r3')),
    () => store.change('r1', () => ({ event: { type: 'lost' }, session: 0 })),
    () => store.note({ type: 'unfrozen', by: 'approver1' }),
    () => store.change('r3', () => ({ event: approved })),
  ];
  for (const step of steps) {
    await step();
    acknowledged.push(picture(store));
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
}

describe('a power cut', () => {
  test('at any operation, leaving any legal part of what was not synced, loses nothing acknowledged and starts again', async () => {
    const whole = createMemoryDisk();
    const pictures: unknown[] = [];
    await life(whole, pictures);
    const operations = whole.operations();
    expect(operations).toBeGreaterThan(40);

    for (let at = 0; at < operations; at += 1) {
      const disk = createMemoryDisk();
      const acknowledged: unknown[] = [];
      const pick = seeded(at + 1);
      // From this operation on nothing works any more; what the last append had got to is part of what may be
      // left.
      disk.failWith((_operation, _path, bytes) =>
        disk.operations() > at
          ? { code: 'POWER', arrives: disk.operations() === at + 1 ? pick(bytes + 1) : 0 }
          : undefined,
      );
      await life(disk, acknowledged).catch((error: unknown) => error);
      for (let state = 0; state < 12; state += 1) {
        const left = disk.powerCut(state === 0 ? () => 0 : state === 1 ? (n) => n - 1 : pick);
        const store = await open(left);
        const now = picture(store);
        // All that was acknowledged, or that and the one change in flight.
        const possible = [acknowledged.at(-1), pictures[acknowledged.length]];
        if (acknowledged.length === 0) possible.push(picture(await open(createMemoryDisk())));
        expect(possible).toContainEqual(now);
        await store.add(askedOf('later'));
        await store.audited();
        expect(store.auditBreak()).toBeUndefined();
        expect(auditOf(left, memoryFolder).wrong).toBeUndefined();
      }
    }
  });

  test('leaves a torn last line of any length, which is cut and reported', async () => {
    const disk = createMemoryDisk();
    const store = await open(disk);
    await store.add(askedOf('r1'));
    await store.change('r1', () => ({ event: approved }));
    const bytes = disk.bytes(first) ?? Buffer.alloc(0);
    const firstLine = bytes.indexOf(10) + 1;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: firstLine + 1, max: bytes.length - 1 }), async (length) => {
        const torn = createMemoryDisk(
          new Map([
            [first, bytes.subarray(0, length)],
            [people, disk.bytes(people) ?? Buffer.alloc(0)],
          ]),
        );
        const log = collectLog();
        const again = await open(torn, { log });
        expect(stateIn(again.get('r1'))).toBe('awaitingApproval');
        expect(log.lines.filter((line) => line.event === 'journalTornLineCut')).toHaveLength(1);
        expect(torn.bytes(first)).toHaveLength(firstLine);
      }),
      { numRuns: 40 },
    );
  });
});
