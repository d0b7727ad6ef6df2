// Row 1.14: what is acknowledged is on disk, and what could not be written within two seconds never runs, not
// even after a restart.
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Deliveries,
  keptWithin,
  remembered,
  signedLine,
  takenUp,
} from '../../src/adapters/deliveries/deliveries.ts';
import { linesKept } from '../../src/adapters/deliveries/ledger.ts';
import type { Disk } from '../../src/adapters/store/journal/disk.ts';
import { createManualClock } from '../support/manualClock.ts';
import type { ManualClock } from '../support/manualClock.ts';
import { createMemoryDisk, memoryFolder } from '../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../support/store/memoryDisk.ts';
import { createLogBook } from '../support/slack/slackHarness.ts';
import { testKeys } from '../support/store/testKeys.ts';

const name = 'chat-deliveries.ndjson';
const path = `${memoryFolder}/${name}`;
let disk: MemoryDisk;
let clock: ManualClock;
beforeEach(() => {
  disk = createMemoryDisk();
  clock = createManualClock();
});

const open = (on: Disk = disk): Promise<Deliveries> =>
  Deliveries.open({
    disk: { ...on, clock },
    folder: memoryFolder,
    name,
    keys: testKeys,
    clock,
    log: createLogBook(),
  });
/** What a process started now would take up, oldest first. */
async function takesUp(on: Disk = disk): Promise<readonly unknown[]> {
  return (await open(on)).left().now.map(({ memo }) => memo);
}

/** The disk, whose syncs wait for `go` and are counted. */
function slow(): {
  readonly on: Disk;
  readonly syncs: () => number;
  readonly waiting: () => number;
  go(): void;
  holding: boolean;
} {
  let count = 0;
  let held: (() => void)[] = [];
  const state = {
    holding: true,
    on: {
      ...disk,
      open: (...args: Parameters<Disk['open']>) => {
        const file = disk.open(...args);
        return {
          ...file,
          async flush() {
            count += 1;
            if (state.holding) await new Promise<void>((resolve) => held.push(resolve));
            await file.flush();
          },
        };
      },
    } satisfies Disk,
    syncs: () => count,
    waiting: () => held.length,
    go() {
      const now = held;
      held = [];
      for (const one of now) one();
    },
  };
  return state;
}

describe('a delivery that is kept', () => {
  test('survives a power cut the moment it is acknowledged, and is taken up until it is done', async () => {
    const deliveries = await open();
    expect(await deliveries.keep('a', { text: 'dump hosta' })).toBe('first');
    expect(await takesUp(disk.powerCut(() => 0))).toEqual([{ text: 'dump hosta' }]);
    deliveries.done('a');
    // A kill loses no more than the process: what was written is there.
    expect(await takesUp(disk.powerCut((n) => n - 1))).toEqual([]);
  });

  test('costs one sync before it is acknowledged, none when it is done, and one for all that wait together', async () => {
    const held = slow();
    held.holding = false;
    const deliveries = await open(held.on);
    const before = held.syncs();
    await deliveries.keep('a', {});
    deliveries.done('a');
    expect(held.syncs() - before).toBe(1);
    held.holding = true;
    const first = deliveries.keep('b', {});
    await clock.settle();
    const rest = ['c', 'd', 'e'].map((key) => deliveries.keep(key, {}));
    held.go();
    expect(await first).toBe('first');
    await clock.settle();
    held.go();
    expect(await Promise.all(rest)).toEqual(['first', 'first', 'first']);
    expect(held.syncs() - before).toBe(3);
  });

  test('is first once, also after a restart; whoever comes again waits until the first is safe', async () => {
    const held = slow();
    held.holding = false;
    const deliveries = await open(held.on);
    held.holding = true;
    const order: string[] = [];
    const both = [
      deliveries.keep('a', {}).then((kept) => order.push(kept)),
      deliveries.keep('a', {}).then((kept) => order.push(kept)),
    ];
    await clock.settle();
    expect(order).toEqual([]);
    held.go();
    await Promise.all(both);
    expect([...order].sort()).toEqual(['first', 'repeated']);
    expect(await (await open()).keep('a', {})).toBe('repeated');
  });

  test('is too old to be taken up after ten minutes, and is handed over to be told, however old', async () => {
    const deliveries = await open();
    await deliveries.keep('old', 1);
    await clock.advance(takenUp);
    await deliveries.keep('new', 2);
    await clock.advance(1);
    const left = (await open()).left();
    expect([left.now.map(({ memo }) => memo), left.tooLate.map(({ memo }) => memo)]).toEqual([[2], [1]]);
    await clock.advance(10 * remembered);
    expect((await open()).left().tooLate.map(({ memo }) => memo)).toEqual([1, 2]);
  });
});

describe('what is not durable within two seconds', () => {
  test('is not taken, whether it waits or is being written, and no restart finds it', async () => {
    const held = slow();
    held.holding = false;
    const deliveries = await open(held.on);
    held.holding = true;
    const written = deliveries.keep('written', 'w');
    await clock.settle();
    const waiting = deliveries.keep('waiting', 'q');
    const repeated = deliveries.keep('waiting', 'q');
    await clock.advance(keptWithin);
    expect(await Promise.all([written, waiting, repeated])).toEqual(['notTaken', 'notTaken', 'notTaken']);
    // Killed now, with everything in the page cache, or after a power cut with any part of it.
    expect(await takesUp(disk.powerCut((n) => n - 1))).toEqual([]);
    expect(await takesUp(disk.powerCut(() => 0))).toEqual([]);
    held.go();
    await clock.settle();
    expect(await takesUp()).toEqual([]);
    // The words that it was not taken may be lost with the acknowledgement: then the repeat has to bring them.
    expect(await deliveries.keep('written', 'w')).toBe('notTaken');
    expect(await takesUp()).toEqual([]);
    expect(await (await open()).keep('written', 'w')).toBe('notTaken');
  });

  test.each(['ENOSPC', 'EIO'])(
    'or fails with %s, wherever in the write, is not taken and never read back, and the next one is',
    async (code) => {
      for (const at of ['append', 'sync'] as const) {
        for (const arrives of [0, 5, 1_000]) {
          disk = createMemoryDisk();
          const deliveries = await open();
          await deliveries.keep('before', 'b');
          disk.failWith((operation) => (operation === at ? { code, arrives } : undefined));
          expect(await deliveries.keep('x', 'x')).toBe('notTaken');
          expect(deliveries.trouble()).toContain(code);
          disk.failWith(undefined);
          expect(await takesUp(disk.powerCut((n) => n - 1))).toEqual(['b']);
          expect(await deliveries.keep('after', 'a')).toBe('first');
          expect(deliveries.trouble()).toBeUndefined();
          expect(await takesUp(disk.powerCut(() => 0))).toEqual(['b', 'a']);
        }
      }
    },
  );

  test('says so while somebody looks, and no longer than the disk is ill', async () => {
    const deliveries = await open();
    disk.failWith((operation) => (operation === 'append' ? { code: 'ENOSPC' } : undefined));
    await deliveries.keep('x', 'x');
    await clock.advance(10_000);
    expect(deliveries.trouble()).toContain('ENOSPC');
    disk.failWith(undefined);
    await clock.advance(10_000);
    expect(deliveries.trouble()).toBeUndefined();
  });
});

describe('the file', () => {
  test('is read with a torn end, and takes nothing up that this bot did not write', async () => {
    const before = await open();
    await before.keep('p|1', { text: 'lr help' });
    await before.close();
    const [ours = ''] = (disk.bytes(path) ?? Buffer.alloc(0)).toString('utf8').split('\n');
    const at = clock.now();
    disk.overwrite(
      path,
      Buffer.from(
        [
          ours,
          // Version 0.1, an edit of our own line, and one that was made for another file.
          `{"k":"p|2","at":${at},"memo":{"text":"lr approve r1"}}`,
          ours.replace('p|1', 'p|3').replace('lr help', 'lr approve r1'),
          signedLine(testKeys, 'other.ndjson', { k: 'p|4', at, memo: { text: 'lr approve r1' } }),
          ours.slice(0, 20),
        ].join('\n'),
      ),
    );
    const log = createLogBook();
    const deliveries = await Deliveries.open({
      disk,
      folder: memoryFolder,
      name,
      keys: testKeys,
      clock,
      log,
    });
    expect(deliveries.left().now).toMatchObject([{ key: 'p|1', memo: { text: 'lr help' } }]);
    expect(log.lines.find(({ event }) => event === 'deliveriesRefused')).toMatchObject({
      fields: { lines: 3 },
    });
    expect(await deliveries.keep('p|2', {})).toBe('first');
  });

  test('stays short, and loses nothing that still counts when it is written again', async () => {
    const deliveries = await open();
    await deliveries.keep('open', 'o');
    for (let at = 0; at < linesKept; at += 1) {
      await deliveries.keep(`k${at}`, at);
      deliveries.done(`k${at}`);
    }
    const lines = Buffer.from(disk.bytes(path) ?? [])
      .toString('utf8')
      .split('\n').length;
    expect(lines).toBeLessThan(2 * linesKept);
    expect(await takesUp(disk.powerCut(() => 0))).toContain('o');
    expect(await (await open()).keep('k1', {})).toBe('repeated');
  });
});

test('what is marked after the end neither opens nor cuts the file, which another may have by then', async () => {
  const before = await open();
  expect(await before.keep('a', { text: 'under way' })).toBe('first');
  await before.close();
  const after = await open();
  expect(await after.keep('b', { text: 'acknowledged since' })).toBe('first');
  before.begin('a');
  before.done('a');
  expect(await before.keep('c', { text: 'too late' })).toBe('notTaken');
  expect(await takesUp()).toEqual([{ text: 'under way' }, { text: 'acknowledged since' }]);
});

describe('what is remembered', () => {
  test('is new again once nobody sends it any more, unless its person is still to be answered', async () => {
    const deliveries = await open();
    await deliveries.keep('answered', 1);
    deliveries.done('answered');
    await deliveries.keep('open', 2);
    await clock.advance(remembered);
    expect([await deliveries.keep('answered', 1), await deliveries.keep('open', 2)]).toEqual([
      'first',
      'repeated',
    ]);
  });

  test('and not yet answered stays in a file that is written again, however long ago it came', async () => {
    const deliveries = await open();
    await deliveries.keep('open', 'o');
    await clock.advance(2 * remembered);
    for (let at = 0; at < linesKept; at += 1) {
      await deliveries.keep(`k${at}`, at);
      deliveries.done(`k${at}`);
    }
    expect((await open()).left().tooLate.map(({ key }) => key)).toEqual(['open']);
  });

  test('is not forgotten because the same was to be ignored', async () => {
    const deliveries = await open();
    await deliveries.keep('a', 1);
    deliveries.ignore('a');
    deliveries.done('a');
    expect(await takesUp()).toEqual([]);
  });
});

describe('a file that was just written again', () => {
  /** Kept and done, until the next line makes the file be written again. */
  async function grown(on?: Disk): Promise<Deliveries> {
    const deliveries = await open(on);
    await deliveries.keep('open', 'o');
    for (let at = 0; at < linesKept / 2; at += 1) {
      await deliveries.keep(`k${at}`, at);
      deliveries.done(`k${at}`);
    }
    return deliveries;
  }

  test('takes no line before its name outlives a power cut', async () => {
    const deliveries = await grown();
    disk.failWith((operation) => (operation === 'syncFolder' ? { code: 'EIO' } : undefined));
    expect(await deliveries.keep('x', 'x')).toBe('notTaken');
    disk.failWith(undefined);
    expect(await deliveries.keep('y', 'y')).toBe('first');
    expect(await takesUp(disk.powerCut(() => 0))).toEqual(['o', 'y']);
  });

  test('holds the marks that were made while it was written', async () => {
    const held = slow();
    held.holding = false;
    const deliveries = await grown(held.on);
    held.holding = true;
    const kept = deliveries.keep('z', 'z');
    await clock.settle();
    deliveries.done('open');
    held.go();
    await clock.settle();
    held.go();
    expect(await kept).toBe('first');
    expect(await takesUp()).toEqual(['z']);
  });

  test('holds all of it after a power cut', async () => {
    await (await open()).keep('a', 1);
    await open();
    expect(await takesUp(disk.powerCut(() => 0))).toEqual([1]);
  });
});

describe('a disk that fails while a line waits for its sync', () => {
  async function waiting(): Promise<{
    readonly deliveries: Deliveries;
    readonly kept: Promise<string>;
    readonly held: ReturnType<typeof slow>;
  }> {
    const held = slow();
    held.holding = false;
    const deliveries = await open(held.on);
    await deliveries.keep('before', 'b');
    held.holding = true;
    const kept = deliveries.keep('a', 'a');
    await clock.settle();
    return { deliveries, kept, held };
  }

  test('is not taken for well because that sync comes back', async () => {
    const { deliveries, kept, held } = await waiting();
    disk.failWith((operation) => (operation === 'append' ? { code: 'ENOSPC' } : undefined));
    deliveries.done('before');
    // The cut is waited for, but no longer than anything else.
    await clock.advance(keptWithin);
    expect(await kept).toBe('notTaken');
    held.go();
    await clock.settle();
    expect(deliveries.trouble()).toContain('ENOSPC');
    disk.failWith(undefined);
    expect(await takesUp()).not.toContain('a');
  });

  test('loses no mark that stood behind it', async () => {
    const { deliveries, kept, held } = await waiting();
    deliveries.done('before');
    disk.failWith((operation) => (operation === 'sync' ? { code: 'EIO' } : undefined));
    held.go();
    await clock.advance(keptWithin);
    expect(await kept).toBe('notTaken');
    disk.failWith(undefined);
    held.holding = false;
    expect(await deliveries.keep('after', 'x')).toBe('first');
    // Written with the next mark: until then a kill makes the bot answer twice, and never not at all.
    deliveries.done('after');
    expect(await takesUp()).toEqual([]);
  });
});
