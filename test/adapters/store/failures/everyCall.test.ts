// The disk fails at one call, at every call of a short story in turn: full, broken, with a short write, with a
// sync that loses what it was to write. Then the story goes on, and ends as a kill or a power cut ends it.
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { Store } from '../../../../src/adapters/store/journal/requestStore.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { Fault, MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { approved, askedOf, auditOf, claimed, denied, openTestStore, picture, seeded } from '../sample.ts';
import { copied, filledFolder, openParts, started } from './dataFolder.ts';
import type { Parts } from './dataFolder.ts';

const faults: readonly (readonly [name: string, fails: (bytes: number) => NonNullable<ReturnType<Fault>>])[] =
  [
    ['is full', () => ({ code: 'ENOSPC' })],
    ['is full in the middle of a write', (bytes) => ({ code: 'ENOSPC', arrives: Math.floor(bytes / 2) })],
    ['is full behind the last byte', (bytes) => ({ code: 'ENOSPC', arrives: bytes })],
    ['fails', () => ({ code: 'EIO' })],
    ['loses what a sync was to write', () => ({ code: 'EIO', loses: true })],
  ];

/** Fails `times` calls, beginning with the one of this number. */
function failing(
  disk: MemoryDisk,
  first: number,
  times: number,
  fails: (bytes: number) => ReturnType<Fault>,
): void {
  disk.failWith((operation, _path, bytes) => {
    const number = disk.operations() - 1;
    return operation !== 'read' && number >= first && number < first + times ? fails(bytes) : undefined;
  });
}

/** How it may end: killed with everything in the page cache, or the power cut with more or less on the disk. */
const ends: readonly (readonly [name: string, left: (disk: MemoryDisk, seed: number) => MemoryDisk])[] = [
  ['killed', (disk) => copied(disk)],
  ['cut with the least', (disk) => disk.powerCut(() => 0)],
  ['cut with the most', (disk) => disk.powerCut((n) => n - 1)],
  ['cut anywhere', (disk, seed) => disk.powerCut(seeded(seed))],
];

const openOn = (disk: MemoryDisk): Promise<Store> =>
  openTestStore({ dir: memoryFolder, disk, snapshotEvery: 3 });

const steps: readonly ((store: Store) => Promise<unknown>)[] = [
  (store) => store.add(askedOf('r1')),
  (store) => store.change('r1', () => ({ event: approved })),
  (store) => store.add(askedOf('r2')),
  (store) => store.change('r1', () => ({ event: claimed('n1'), session: 0 })),
  (store) => store.note({ type: 'frozen', by: 'approver1', why: 'exercise' }),
  (store) => store.change('r2', () => ({ event: denied })),
  (store) => store.change('r1', () => ({ event: { type: 'lost' }, session: 0 })),
];

/** Does the steps; answers which of them were acknowledged. */
async function lived(store: Store, only?: ReadonlySet<number>): Promise<ReadonlySet<number>> {
  const done = new Set<number>();
  for (const [index, step] of steps.entries()) {
    if (only?.has(index) === false) continue;
    const answer = await step(store).catch((error: unknown) => ({ error }));
    if (typeof answer !== 'object' || answer === null || !('error' in answer || 'no' in answer))
      done.add(index);
    // A snapshot may be due.
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return done;
}

/** What a store holds in which these steps were done, on a disk that is well. */
async function ideal(only: ReadonlySet<number>): Promise<unknown> {
  const key = [...only].join();
  const known = ideals.get(key);
  if (known !== undefined) return known;
  const store = await openOn(createMemoryDisk());
  await lived(store, only);
  ideals.set(key, picture(store));
  return picture(store);
}
const ideals = new Map<string, unknown>();

describe.each(faults)('a disk that %s', (_name, fails) => {
  test('at any one call loses nothing acknowledged, keeps nothing refused, and is written again', async () => {
    const well = createMemoryDisk();
    await lived(await openOn(well));
    for (let at = 0; at < well.operations(); at += 1) {
      const disk = createMemoryDisk();
      failing(disk, at, 1, fails);
      const store = await openOn(disk).catch(() => undefined);
      // A start that fails is made again.
      if (store === undefined) {
        expect(picture(await openOn(disk.powerCut(seeded(at))))).toEqual(await ideal(new Set()));
        continue;
      }
      const done = await lived(store);
      const expected = await ideal(done);
      expect(picture(store)).toEqual(expected);
      for (const [, left] of ends) {
        const after = left(disk, at);
        const again = await openOn(after);
        expect(picture(again)).toEqual(expected);
        await again.audited();
        expect(again.auditBreak()).toBeUndefined();
        expect(auditOf(after, memoryFolder).wrong).toBeUndefined();
      }
      expect(await store.recover()).toBe(true);
      expect(store.trouble()).toBeUndefined();
    }
  });

  test('at several calls in a row loses nothing acknowledged; of what was refused, the last may be found', async () => {
    const well = createMemoryDisk();
    await lived(await openOn(well));
    for (let at = 4; at < well.operations(); at += 3) {
      const disk = createMemoryDisk();
      failing(disk, at, 4, fails);
      const store = await openOn(disk).catch(() => undefined);
      if (store === undefined) continue;
      const done = await lived(store);
      expect(picture(store)).toEqual(await ideal(done));
      const refused = [...steps.keys()].filter((index) => !done.has(index));
      // In order: a step that was refused is written where it stands, or not at all.
      const possible = await Promise.all(
        [[], ...refused.map((index) => [index])].map((more) =>
          ideal(new Set([...done, ...more].sort((one, other) => one - other))),
        ),
      );
      for (const [name, left] of ends) {
        const found = picture(await openOn(left(disk, at)));
        const which = possible.findIndex((one) => isDeepStrictEqual(one, found));
        expect(`${at} ${name}: ${which}`).not.toMatch(/-1$/);
      }
      disk.failWith(undefined);
      expect(await store.recover()).toBe(true);
      await store.add(askedOf('later'));
      expect(picture(await openOn(disk.powerCut(() => 0)))).toEqual(picture(store));
    }
  });
});

/** What comes in from a chat and what is learned, beside the journal; answers what was acknowledged. */
async function besideLife({ deliveries, known, outputs, replay }: Parts): Promise<{
  readonly kept: readonly string[];
  readonly done: readonly string[];
  readonly refused: readonly string[];
  readonly texts: readonly number[];
}> {
  const kept: string[] = [];
  const done: string[] = [];
  const refused: string[] = [];
  const texts: number[] = [];
  for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) {
    const verdict = await deliveries.keep(key, { key });
    if (verdict === 'first') kept.push(key);
    else refused.push(key);
    if (key === 'a' || key === 'c') {
      deliveries.begin(key);
      deliveries.done(key);
      done.push(key);
    }
    const put = await outputs.put('r1', index, `text ${index}`).then(
      () => true,
      () => false,
    );
    if (put) texts.push(index);
    known.set(`q${index}`, key);
    await known.settled();
    replay.admit(key.repeat(64));
  }
  return { kept, done, refused, texts };
}

describe.each(faults)('beside the journal, a disk that %s', (_name, fails) => {
  test('at any one call keeps every delivery that was acknowledged, none that was refused, and changes no text', async () => {
    const base = await filledFolder();
    const well = copied(base);
    const parts = await openParts(well);
    const before = well.operations();
    await besideLife(parts);
    for (let at = before; at < well.operations(); at += 1) {
      const disk = copied(base);
      const opened = await openParts(disk);
      failing(disk, at, 1, fails);
      const { kept, done, refused, texts } = await besideLife(opened);
      // As the bot does every few seconds: what is in memory only is written.
      if (opened.replay.trouble() !== undefined) expect(await opened.replay.recover()).toBe(true);
      for (const [name, left] of ends) {
        const again = await openParts(left(disk, at));
        const found = again.deliveries.left().now.map(({ key }) => key);
        for (const key of kept) if (!done.includes(key)) expect(found).toContain(key);
        for (const key of refused) expect(found).not.toContain(key);
        for (const index of [0, 1, 2, 3]) {
          const text = await again.outputs.get('r1', index);
          if (name === 'killed' && texts.includes(index)) expect(text).toBe(`text ${index}`);
          if (index > 0) expect([undefined, `text ${index}`]).toContain(text);
          expect([undefined, 'abcd'[index]]).toContain(again.known.get(`q${index}`));
        }
        if (name === 'killed')
          for (const key of ['b', 'd'])
            expect([key, again.replay.admit(key.repeat(64))]).toEqual([key, false]);
      }
      expect(await opened.deliveries.keep('e', {})).toBe('first');
      expect(opened.deliveries.trouble()).toBeUndefined();
    }
  });
});

describe('a start', () => {
  test('during which the disk fails at any one call refuses, or has everything; the next one has everything', async () => {
    const base = await filledFolder();
    const whole = await started(copied(base));
    const well = copied(base);
    await openParts(well);
    const [writes, reads] = [well.operations(), well.reads()];
    expect(reads).toBeGreaterThan(20);
    for (const [kind, count] of [
      ['write', writes],
      ['read', reads],
    ] as const)
      for (let at = 0; at < count; at += 1) {
        const disk = copied(base);
        disk.failWith((operation) =>
          (operation === 'read') === (kind === 'read') &&
          (kind === 'read' ? disk.reads() : disk.operations()) - 1 === at
            ? { code: 'EIO' }
            : undefined,
        );
        const result = await started(disk);
        disk.failWith(undefined);
        // The check of the older files says what it could not read.
        if ('refused' in result) expect(result.refused).toContain('EIO');
        else expect({ ...result, broken: undefined }).toEqual(whole);
        expect(await started(disk.powerCut(seeded(at)))).toEqual(whole);
      }
  });
});
