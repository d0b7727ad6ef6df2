import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IllegalTransition } from '../../../src/liveResponse/request/fold.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { changeOf, sessionIn, stateIn } from '../../support/requests/requests.ts';
import { StoreError } from '../../../src/liveResponse/ports.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';
import { noHead } from '../../../src/adapters/store/journal/line.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { createMemoryDisk, memoryFolder } from '../../support/store/memoryDisk.ts';
import { testKeys } from '../../support/store/testKeys.ts';
import {
  actionOf,
  approved,
  askedOf,
  claimed,
  collectLog,
  denied,
  lineAfter,
  noon,
  openTestStore,
  peopleIn,
  picture,
  someEvent,
  temporaryFolder,
} from './sample.ts';

describe('the request store', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  test('gives back after a restart what was stored before it', async () => {
    const first = await openTestStore({ dir: folder.path });
    await first.add(askedOf('r1'));
    await first.change('r1', () => ({ event: approved }));
    await first.note({ type: 'frozen', by: 'approver1', why: 'exercise' });
    const before = picture(first);
    await first.close();
    const second = await openTestStore({ dir: folder.path });
    expect(picture(second)).toEqual(before);
    expect(second.freeze()).toEqual({ by: 'approver1', why: 'exercise', at: noon });
    await second.note({ type: 'unfrozen', by: 'approver1' });
    expect(second.freeze()).toBeUndefined();
    await second.close();
  });

  test('recognises a repeated delivery by its origin', async () => {
    const store = await openTestStore({ dir: folder.path });
    await store.add(askedOf('r1'));
    const again = await store.add(askedOf('r2', { origin: askedOf('r1').origin }));
    expect(again).toMatchObject({ existing: { id: 'r1' } });
    expect(store.all()).toHaveLength(1);
    await store.close();
  });

  test('lets the first of two racing changes win, and shows its result to the second', async () => {
    const store = await openTestStore({ dir: folder.path });
    await store.add(askedOf('r1'));
    const decide = (request: Request): { readonly event: typeof approved } | { readonly no: string } =>
      stageOf(request).state === 'awaitingApproval' ? { event: approved } : { no: stageOf(request).state };
    const [first, second] = await Promise.all([store.change('r1', decide), store.change('r1', decide)]);
    expect(first).toMatchObject({ request: { stage: { state: 'approved' } } });
    expect(second).toEqual({ no: 'queued' });
    await store.close();
  });

  test('changes nothing when the decision says no, throws, or is an illegal move', async () => {
    const store = await openTestStore({ dir: folder.path });
    await store.add(askedOf('r1'));
    const seq = store.health().seq;
    const before = picture(store);
    let calls = 0;
    expect(await store.change('r1', () => ({ no: 'ownRequest' }))).toEqual({ no: 'ownRequest' });
    await expect(
      store.change('r1', () => {
        calls += 1;
        throw new TypeError('a bug');
      }),
    ).rejects.toThrow(TypeError);
    await expect(
      store.change('r1', () => {
        calls += 1;
        return { event: { type: 'lost' }, session: 0 };
      }),
    ).rejects.toThrow(IllegalTransition);
    expect(calls).toBe(2);
    expect(await store.change('nobody', () => ({ event: approved }))).toEqual({ no: 'unknownRequest' });
    expect([store.health().seq, picture(store)]).toEqual([seq, before]);
    await store.close();
  });

  test('refuses a change from within a decision', async () => {
    const store = await openTestStore({ dir: folder.path });
    await store.add(askedOf('r1'));
    let inner: Promise<unknown> = Promise.resolve();
    await store.change('r1', () => {
      inner = store.change('r1', () => ({ event: approved }));
      inner.catch(() => undefined);
      return { no: 'later' };
    });
    await expect(inner).rejects.toThrow('from within a decision');
    await store.close();
  });

  test('tells listeners of each durable change in order, and survives one that throws', async () => {
    const log = collectLog();
    const store = await openTestStore({ dir: folder.path, log });
    const heard: string[] = [];
    store.subscribe(() => {
      throw new Error('listener bug');
    });
    const stop = store.subscribe((request, event) =>
      heard.push(`${request.id} ${event.type} ${stageOf(request).state}`),
    );
    await store.add(askedOf('r1'));
    await store.change('r1', () => ({ event: approved }));
    stop();
    await store.change('r1', () => ({ event: claimed('n1'), session: 0 }));
    expect(heard).toEqual(['r1 asked awaitingApproval', 'r1 approved queued']);
    expect(log.lines.filter((line) => line.event === 'storeListenerFailed')).toHaveLength(3);
    await store.close();
  });

  test('takes a snapshot every so many lines and goes on in a new file that the chain runs into', async () => {
    const store = await openTestStore({ dir: folder.path, snapshotEvery: 10 });
    for (let index = 0; index < 35; index += 1) {
      await store.add(askedOf(`r${index}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const before = picture(store);
    await store.close();
    const names = readdirSync(folder.path);
    expect(names.filter((name) => name.startsWith('journal-')).length).toBeGreaterThan(2);
    expect(names).toEqual(expect.arrayContaining(['snapshot.json', 'snapshot.previous.json']));
    const again = await openTestStore({ dir: folder.path });
    expect(picture(again)).toEqual(before);
    await again.audited();
    expect(again.health()).toMatchObject({ seq: 35, requests: 35, audited: true });
    expect(again.auditBreak()).toBeUndefined();
    await again.close();
  });

  test.each([
    ['takes a last snapshot when it closes on a disk that is quick', 100, true],
    [
      'leaves the last snapshot out on a disk on which each line waits long, and loses nothing by it',
      600,
      false,
    ],
  ])('%s', async (_name, ms, taken) => {
    let elapsed = 0;
    const disk: Disk = {
      ...realDisk,
      open(path, mode) {
        const file = realDisk.open(path, mode);
        return {
          ...file,
          flush() {
            elapsed += ms;
            return file.flush();
          },
        };
      },
    };
    const store = await openTestStore({
      dir: folder.path,
      disk: { ...disk, clock: { ...disk.clock, elapsed: () => elapsed } },
    });
    await store.add(askedOf('r1'));
    const before = picture(store);
    await store.close();
    expect(readdirSync(folder.path).includes('snapshot.json')).toBe(taken);
    const again = await openTestStore({ dir: folder.path });
    expect(picture(again)).toEqual(before);
    await again.close();
  });

  test('replays the journal where the snapshot is of an earlier version, which folded otherwise, and calls nobody a forger', async () => {
    const store = await openTestStore({ dir: folder.path });
    await store.add(askedOf('r1'));
    const ended = { type: 'ended', action: actionOf('a1', 'Failed'), outcome: 'failed' } as const;
    for (const event of [
      approved,
      claimed('n1'),
      { type: 'submitted', action: actionOf('a1'), deadline: noon } as const,
      ended,
    ])
      await store.change('r1', (request) => changeOf(request, event));
    const before = picture(store);
    await store.close();
    const file = join(folder.path, 'snapshot.json');
    // As a version wrote it that folded otherwise whether a device had taken the session up.
    const text = readFileSync(file, 'utf8');
    const body = text
      .slice(0, text.lastIndexOf(',"key":"'))
      .replace(/"format":\d+/, '"format":1')
      .replace(/"opened":true/g, '"opened":false');
    expect([body.includes('"format":1,'), body.includes('"opened":false')]).toEqual([true, true]);
    const { id, files } = testKeys.current;
    const hmac = createHmac('sha256', files).update('snapshot\0').update(body).digest('hex');
    writeFileSync(file, `${body},"key":"${id}","hmac":"${hmac}"}`);
    const again = await openTestStore({ dir: folder.path });
    await again.audited();
    expect(again.auditBreak()).toBeUndefined();
    expect(sessionIn(again.get('r1'), 'finished').stage.opened).toBe(true);
    expect(picture(again)).toEqual(before);
    await again.close();
  });

  test('remembers the times that pacing counts, across snapshots and restarts', async () => {
    const clock = createManualClock(noon);
    const store = await openTestStore({ dir: folder.path, clock });
    for (const id of ['r1', 'r2']) {
      await store.add(askedOf(id));
      await store.change(id, () => ({ event: approved }));
      await clock.advance(1000);
      await store.change(id, () => ({ event: claimed(id), session: 0 }));
    }
    await store.close();
    const again = await openTestStore({ dir: folder.path, clock });
    expect(again.submissionTimes(0)).toEqual([noon + 1000, noon + 2000]);
    expect(again.submissionTimes(noon + 1500)).toEqual([noon + 2000]);
    await again.close();
  });

  test('lets requests leave the memory some time after their end, never while they are open', async () => {
    const clock = createManualClock(noon);
    const day = 86_400_000;
    const store = await openTestStore({ dir: folder.path, clock });
    await store.add(askedOf('over'));
    await store.change('over', () => ({ event: denied }));
    await store.add(askedOf('open'));
    await store.close();
    await clock.advance(29 * day);
    const soon = await openTestStore({ dir: folder.path, clock });
    expect(stateIn(soon.get('over'))).toBe('closed');
    await soon.close();
    await clock.advance(2 * day);
    const late = await openTestStore({ dir: folder.path, clock });
    expect(late.get('over')).toBeUndefined();
    expect(stateIn(late.get('open'))).toBe('awaitingApproval');
    await late.audited();
    expect(late.auditBreak()).toBeUndefined();
    await late.close();
  });

  test('keeps the number of ended requests in memory bounded', async () => {
    const store = await openTestStore({ dir: folder.path, keepMost: 3 });
    for (let index = 0; index < 8; index += 1) {
      await store.add(askedOf(`r${index}`));
      await store.change(`r${index}`, () => ({ event: { type: 'expired' } }));
    }
    await store.close();
    const again = await openTestStore({ dir: folder.path, keepMost: 3 });
    expect(again.all()).toHaveLength(3);
    await again.close();
  });

  test('keeps folder and files to their owner', async () => {
    const store = await openTestStore({ dir: join(folder.path, 'data') });
    await store.add(askedOf('r1'));
    await store.close();
    const dir = join(folder.path, 'data');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(dir).filter((one) => !one.endsWith('.sock')))
      expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o600]);
  });

  test('refuses everything after it was closed', async () => {
    const store = await openTestStore({ dir: folder.path });
    await store.close();
    await expect(store.add(askedOf('r1'))).rejects.toThrow(StoreError);
  });

  test('writes one line of JSON for each change, chained to the one before', async () => {
    const store = await openTestStore({ dir: folder.path });
    await store.add(askedOf('r1'));
    await store.note({ type: 'stopped' });
    await store.close();
    const lines = readFileSync(join(folder.path, 'journal-000000001.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(lines.map(({ seq, request }) => [seq, request])).toEqual([
      [1, 'r1'],
      [2, null],
    ]);
    expect(lines[0]?.['prev']).toBe('0'.repeat(64));
    expect(lines[1]?.['prev']).toBe(lines[0]?.['hash']);
  });

  test('snapshots and reads back ten thousand requests', async () => {
    const disk = createMemoryDisk();
    const lines: string[] = [];
    let head = noHead;
    const people = peopleIn(disk, memoryFolder);
    for (let index = 0; index < 10_000; index += 1) {
      const line = lineAfter(
        head,
        { at: noon, request: `r${index}`, event: { type: 'asked', request: askedOf(`r${index}`) } },
        people,
      );
      lines.push(`${line.text}\n`);
      head = line.head;
    }
    disk.overwrite(join(memoryFolder, 'journal-000000001.ndjson'), Buffer.from(lines.join('')));
    const store = await openTestStore({ dir: memoryFolder, disk, snapshotEvery: 1_000_000 });
    await store.close();
    const again = await openTestStore({ dir: memoryFolder, disk });
    expect(again.all()).toHaveLength(10_000);
    expect(again.health()).toMatchObject({ snapshotSeq: 10_000, linesSinceSnapshot: 0 });
    await again.close();
  });

  test('folds to the same after a kill at any point of any history', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.nat(5), fc.nat(), fc.constantFrom('go', 'go', 'go', 'go', 'go', 'kill', 'close')),
          { maxLength: 60 },
        ),
        async (steps) => {
          let disk = createMemoryDisk();
          const open = (): ReturnType<typeof openTestStore> =>
            openTestStore({ dir: memoryFolder, disk, snapshotEvery: 7 });
          let store = await open();
          for (const [which, seed, then] of steps) {
            const id = `r${which}`;
            let turn = seed;
            const pick = (n: number): number => {
              turn = (Math.imul(turn, 48_271) + 11) >>> 0;
              return turn % n;
            };
            if (store.get(id) === undefined) await store.add(askedOf(id));
            else await store.change(id, (request) => changeOf(request, someEvent(request, pick)));
            if (then === 'go') continue;
            const before = picture(store);
            if (then === 'close') await store.close();
            else disk = disk.powerCut(() => 0);
            store = await open();
            expect(picture(store)).toEqual(before);
            await store.audited();
            expect(store.auditBreak()).toBeUndefined();
          }
          await store.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});
