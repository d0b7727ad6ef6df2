// Syncs of the deliveries that fail or hang: what was thrown away with one takes no later line along, and what was
// refused meanwhile is not brought back by a power cut. And the machine's own disk, whose writes may be short.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Deliveries, keptWithin } from '../../../../src/adapters/deliveries/deliveries.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import type { ManualClock } from '../../../support/manualClock.ts';
import { root } from '../../../support/root.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { testKeys } from '../../../support/store/testKeys.ts';
import { collectLog, seeded } from '../sample.ts';

let clock: ManualClock;
let disk: MemoryDisk;
/** Lets a hanging flush go on; absent while none hangs. */
let flushes: (() => void)[];
let hanging: boolean;
beforeEach(() => {
  clock = createManualClock();
  flushes = [];
  hanging = false;
  const flushed = async (): Promise<void> => {
    if (hanging) await new Promise<void>((resolve) => flushes.push(resolve));
  };
  disk = createMemoryDisk(new Map(), { clock, flushed });
});

const open = (on: MemoryDisk): Promise<Deliveries> =>
  Deliveries.open({
    disk: on,
    folder: memoryFolder,
    name: 'slack-deliveries.ndjson',
    keys: testKeys,
    clock,
    log: collectLog(),
  });

/** The keys that a start finds after each of many power cuts, and after a kill. */
async function foundAfter(): Promise<readonly (readonly string[])[]> {
  const ends = [() => 0, (n: number) => n - 1, ...Array.from({ length: 40 }, (_, seed) => seeded(seed))];
  hanging = false;
  return Promise.all(
    ends.map(async (left) => (await open(disk.powerCut(left))).left().now.map(({ key }) => key)),
  );
}

describe('a sync of the deliveries', () => {
  test('that throws away the marks before it takes no line along that is kept afterwards', async () => {
    const deliveries = await open(disk);
    await deliveries.keep('answered', {});
    deliveries.begin('answered');
    disk.failWith((operation) => (operation === 'sync' ? { code: 'EIO', loses: true } : undefined));
    expect(await deliveries.keep('refused', {})).toBe('notTaken');
    disk.failWith(undefined);
    expect(await deliveries.keep('kept', {})).toBe('first');
    deliveries.done('answered');
    for (const found of await foundAfter()) {
      expect(found).toContain('kept');
      expect(found).not.toContain('refused');
    }
  });

  test('that fails is followed by one of the cut, before anybody hears that nothing was done', async () => {
    const deliveries = await open(disk);
    let failed = 0;
    disk.failWith((operation) => (operation === 'sync' && (failed += 1) === 1 ? { code: 'EIO' } : undefined));
    expect(await deliveries.keep('refused', {})).toBe('notTaken');
    for (const found of await foundAfter()) expect(found).toEqual([]);
  });

  test('that comes back after its two seconds is followed by one of what takes the line back', async () => {
    const deliveries = await open(disk);
    hanging = true;
    const late = deliveries.keep('late', {});
    await clock.advance(keptWithin);
    expect(await late).toBe('notTaken');
    hanging = false;
    for (const go of flushes) go();
    await clock.settle();
    for (const found of await foundAfter()) expect(found).toEqual([]);
  });

  test('of a process that died while it waited never ends, and writes nothing of the next one', async () => {
    const deliveries = await open(disk);
    hanging = true;
    const answers: string[] = [];
    void deliveries.keep('in flight', {}).then((kept) => answers.push(kept));
    await clock.settle();
    const next = disk.crash(() => 0);
    hanging = false;
    for (const go of flushes) go();
    await clock.advance(keptWithin);
    expect(answers).toEqual([]);
    expect(() => disk.open(`${memoryFolder}/x`, 'new')).toThrow('DEAD');
    expect((await open(next)).left().now).toEqual([]);
  });
});

describe('the machine’s own disk', () => {
  const folders: string[] = [];
  beforeEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  /** A process of its own, in which the system takes so many bytes at once. */
  function written(atOnce: number): { readonly ended: ReturnType<typeof spawnSync>; readonly path: string } {
    const folder = mkdtempSync(join(tmpdir(), 'lr-short-'));
    folders.push(folder);
    const path = join(folder, 'file');
    const program = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const whole = fs.writeSync;
      fs.writeSync = (fd, bytes, from, length) => whole(fd, bytes, from, Math.min(length, ${atOnce}));
      syncBuiltinESMExports();
      const { realDisk } = await import(${JSON.stringify(join(root, 'dist/src/adapters/store/journal/disk.js'))});
      const file = realDisk.open(${JSON.stringify(path)}, 'append');
      file.append(Buffer.from('a line of some length\\n'));
      file.sync();
      file.close();`;
    return {
      path,
      ended: spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
        timeout: 20_000,
      }),
    };
  }

  test.each([1, 7, 100])('writes all of it where the system takes %i bytes at once', (atOnce) => {
    const { ended, path } = written(atOnce);
    expect(ended.stderr).toBe('');
    expect(readFileSync(path, 'utf8')).toBe('a line of some length\n');
  });

  test('fails where the system takes none and says nothing, in place of trying for ever', () => {
    const { ended } = written(0);
    expect(ended.signal).toBeNull();
    expect(String(ended.stderr)).toContain('the disk takes no more bytes');
  });
});
