// What somebody who may write the data folder, but has not the key, can make of it: nothing that runs, and
// nothing that stays unseen.
import { describe, expect, test } from '@jest/globals';
import { createHash, hash } from 'node:crypto';
import { keysFrom } from '../../../../src/adapters/store/journal/keys.ts';
import type { Keys } from '../../../../src/adapters/store/journal/keys.ts';
import { encodeUnkeyed, noHead } from '../../../../src/adapters/store/journal/line.ts';
import type { Head } from '../../../../src/adapters/store/journal/line.ts';
import type { Event } from '../../../../src/liveResponse/request/events.ts';
import { stateIn, changeOf } from '../../../support/requests/requests.ts';
import { olderEvent } from '../../../support/store/olderEvents.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { testKeys } from '../../../support/store/testKeys.ts';
import {
  approved,
  askedOf,
  auditOf,
  collectLog,
  denied,
  lineAfter,
  noon,
  peopleIn,
  picture,
  responder,
  unkeyedAsked,
  unkeyedApproved,
} from '../sample.ts';
import { copyOf, first, inFolder, linesIn, open, put, written } from './keyedRecord.ts';

/** A journal as version 0.1 wrote it. */
function old(events: readonly (readonly [string, { readonly type: string }])[]): {
  readonly disk: MemoryDisk;
  readonly head: Head;
} {
  const disk = createMemoryDisk();
  let head = noHead;
  const lines: string[] = [];
  for (const [request, event] of events) {
    const line = encodeUnkeyed(head, noon, request, event);
    lines.push(line.text);
    head = line.head;
  }
  put(disk, lines);
  return { disk, head };
}

const asked = (id: string) => [id, unkeyedAsked(id)] as const;

describe('a journal that somebody without the key has changed', () => {
  test.each<readonly [string, (lines: string[]) => readonly string[], RegExp]>([
    [
      'an edit',
      (lines) => lines.with(1, (lines[1] ?? '').replace('minidump.ps1', 'anything.ps1')),
      /line 2 was changed after it was written, or not written with the key/,
    ],
    [
      'an approval that was appended, its hash made as version 0.1 did',
      (lines) => [...lines, encodeUnkeyed(lastOf(lines), noon, 'r3', unkeyedApproved).text],
      /line 7 carries no key, although the lines before it do/,
    ],
    [
      'an approval that was appended with a code of another key',
      (lines) => [...lines, keyedBy(lines, 'r3', approved, keysFrom([Buffer.alloc(32, 'mallory ')]))],
      /line 7 names another key/,
    ],
    [
      'an approval that was appended under our key’s name',
      (lines) => [
        ...lines,
        keyedBy(lines, 'r3', approved, keysFrom([Buffer.alloc(32, 'mallory ')])).replace(
          /"key":"[0-9a-f]+"/,
          `"key":"${testKeys.current.id}"`,
        ),
      ],
      /line 7 was changed after it was written, or not written with the key/,
    ],
    [
      'a line inserted',
      (lines) => lines.toSpliced(2, 0, lines[1] ?? ''),
      /line 3 has number 2 where 3 belongs/,
    ],
    [
      'two lines exchanged',
      (lines) => [lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)],
      /line 1 has number 2 where 1 belongs/,
    ],
    ['a line left out', (lines) => lines.toSpliced(3, 1), /line 4 has number 5 where 4 belongs/],
    [
      'all hashes written again',
      rewritten,
      /line 1 was changed after it was written, or not written with the key/,
    ],
    [
      'a line of a newer version',
      (lines) => lines.with(0, (lines[0] ?? '').replace('"v":3', '"v":4')),
      /line 1 has the format 4, which this version does not know/,
    ],
  ])('%s is refused at the start and named by the audit', async (_what, tamper, words) => {
    const disk = await written();
    put(disk, tamper(linesIn(disk)));
    await expect(open(disk)).rejects.toThrow(words);
    expect(auditOf(disk, memoryFolder).wrong?.sentence).toMatch(words);
  });

  function lastOf(lines: readonly string[]): Head {
    const { seq, hash: own } = JSON.parse(lines.at(-1) ?? '{}') as {
      readonly seq: number;
      readonly hash: string;
    };
    return { seq, hash: own };
  }

  function keyedBy(lines: readonly string[], request: string, event: Event, keys: Keys): string {
    const { seq, hash: prev } = lastOf(lines);
    const body = JSON.stringify({
      v: 3,
      seq: seq + 1,
      prev,
      at: noon,
      request,
      event,
      key: keys.current.id,
    }).slice(0, -1);
    return `${body},"hash":"${hash('sha256', body, 'hex')}"}`;
  }

  /** Every line again with a hash that anybody can make, each naming the one before. */
  function rewritten(lines: readonly string[]): readonly string[] {
    let prev = '0'.repeat(64);
    return lines.map((line) => {
      const { hash: _old, ...rest } = JSON.parse(line) as Readonly<Record<string, unknown>>;
      const body = JSON.stringify({ ...rest, prev }).slice(0, -1);
      prev = createHash('sha256').update(body).digest('hex');
      return `${body},"hash":"${prev}"}`;
    });
  }

  test('put together of two copies that each went on by themselves is refused: its lines carry the key, and do not follow each other', async () => {
    const disk = await written();
    const one = copyOf(disk);
    const other = copyOf(disk);
    for (const [copy, event] of [
      [one, denied],
      [other, approved],
    ] as const) {
      const store = await open(copy);
      await store.change('r3', (request) => changeOf(request, event));
      await store.change('r1', () => ({ event: { type: 'lapsed' }, session: 0 }));
      await store.close();
    }
    // Of the one the denial, of the other what came after its approval.
    const file = (of: MemoryDisk): readonly string[] =>
      of
        .list(memoryFolder)
        .filter((name) => name.startsWith('journal-'))
        .toSorted()
        .flatMap((name) => linesIn(of, inFolder(name)))
        .filter((line) => line !== '');
    const [before, after] = [file(one).slice(0, 7), file(other).slice(7)];
    expect(after).toHaveLength(1);
    put(disk, [...before, ...after]);
    await expect(open(disk)).rejects.toThrow(/line 8 does not follow the line before it/);
  });

  test('and every line written again in the form of version 0.1 is not proven, and not taken over where the folder had a key', async () => {
    const disk = await written();
    const forged = old([asked('r1'), ['r1', unkeyedApproved]]);
    disk.overwrite(first, forged.disk.bytes(first) ?? Buffer.alloc(0));
    await expect(open(disk)).rejects.toThrow(
      /line 1 carries no key, .*although this folder was written with one before/,
    );
    disk.remove(inFolder('people.keys'));
    // Without any trace of the key it is taken over, and sends nothing before a person has looked.
    expect((await open(disk)).freeze()).toMatchObject({
      by: 'the bot',
      why: expect.stringContaining('one request in it was approved') as unknown,
    });
  });

  test('is told from one that was written with another key', async () => {
    const disk = await written(keysFrom([Buffer.alloc(32, 'the other key ')]));
    await expect(open(disk)).rejects.toMatchObject({ code: 'otherKey' });
    await expect(open(disk)).rejects.toThrow(/was written with another key \(id [0-9a-f]{16}/);
    disk.remove(inFolder('people.keys'));
    await expect(open(disk)).rejects.toMatchObject({ code: 'otherKey' });
    expect(
      auditOf(createMemoryDisk(new Map([[first, disk.bytes(first) ?? Buffer.alloc(0)]])), memoryFolder)
        .otherKey,
    ).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('a new key', () => {
  const [older, newer] = [Buffer.alloc(32, 'older key '), Buffer.alloc(32, 'newer key ')];

  test('goes before the old one: what was written is read, what is written carries the new one, and nobody goes back', async () => {
    const disk = await written(keysFrom([older]));
    const both = keysFrom([newer, older]);
    const store = await open(disk, { keys: both });
    await store.change('r1', () => ({ event: { type: 'lapsed' }, session: 0 }));
    const before = picture(store);
    await store.close();
    expect(picture(await open(disk, { keys: both }))).toEqual(before);
    expect(auditOf(disk, memoryFolder, { keys: both }).wrong).toBeUndefined();
    // What the old key writes from here on is not of the bot.
    const back = await open(disk, { keys: keysFrom([older, newer]) });
    await back.add(askedOf('r9'));
    await expect(open(disk, { keys: both })).rejects.toThrow(/goes back to the older key/);
  });
});

describe('a journal of version 0.1', () => {
  test('is taken over once, with a line that says so, and nothing unkeyed comes behind it', async () => {
    const { disk, head } = old([asked('r1'), ['r1', olderEvent(denied)], asked('r2')]);
    const log = collectLog();
    const store = await open(disk, { log });
    expect(store.get('r2')).toMatchObject({
      stage: { state: 'awaitingApproval' },
      asked: { requester: responder },
    });
    expect(store.freeze()).toBeUndefined();
    expect(store.tookOver()).toBe(true);
    expect(store.health()).toMatchObject({ takenOver: { lines: 3 }, seq: 4 });
    expect(JSON.parse(linesIn(disk)[3] ?? '')).toMatchObject({
      v: 3,
      event: { type: 'takenOver', lines: 3, hash: head.hash },
    });
    expect(log.lines.find(({ event }) => event === 'journalTakenOver')).toMatchObject({
      fields: { lines: 3 },
    });
    await store.change('r2', () => ({ event: approved }));
    await store.close();
    const again = await open(disk);
    expect(again.tookOver()).toBe(false);
    expect(stateIn(again.get('r2'))).toBe('queued');
    await again.close();
    expect(auditOf(disk, memoryFolder)).toMatchObject({ unkeyed: 3 });
    expect(auditOf(disk, memoryFolder).wrong).toBeUndefined();
    // Cut down to what needs no key, and gone on from there.
    const down = copyOf(disk);
    put(down, [...linesIn(down).slice(0, 3), encodeUnkeyed(head, noon, 'r2', unkeyedApproved).text]);
    for (const name of ['journal-000000006.ndjson']) down.remove(inFolder(name));
    await expect(open(down)).rejects.toThrow();
    // A line with the key behind lines that nobody took over.
    const more = createMemoryDisk();
    put(more, [
      ...linesIn(disk).slice(0, 3),
      lineAfter(head, { at: noon, request: 'r2', event: approved }, peopleIn(more, memoryFolder)).text,
    ]);
    await expect(open(more)).rejects.toThrow(
      /line 4 follows 3 lines that carry no key, and does not say that they were taken over/,
    );
  });

  test('is read no deeper than this bot writes: anybody can make its hash', () => {
    const { disk } = old([
      asked('r1'),
      ['r1', { type: 'denied', more: JSON.parse(`${'['.repeat(99)}${']'.repeat(99)}`) as unknown } as never],
    ]);
    expect(auditOf(disk, memoryFolder).wrong).toMatchObject({
      line: 2,
      sentence: expect.stringContaining('is nested too deeply') as unknown,
    });
  });

  test('in which something was approved freezes, in the same line', async () => {
    const { disk } = old([asked('r1'), ['r1', unkeyedApproved], asked('r2')]);
    const store = await open(disk);
    expect(store.freeze()?.why).toMatch(
      /nothing proves that nobody changed it, and one request in it was approved/,
    );
    await store.close();
    expect((await open(disk)).freeze()).toBeDefined();
  });

  test('whose snapshot was forged is read from its lines: that of version 0.1 counts for nothing', async () => {
    const { disk, head } = old([asked('r1')]);
    const body = JSON.stringify({
      format: 3,
      head,
      takenAt: noon,
      submissions: [],
      links: [],
      requests: [],
    }).slice(0, -1);
    disk.overwrite(
      inFolder('snapshot.json'),
      Buffer.from(`${body},"sha256":"${hash('sha256', body, 'hex')}"}`),
    );
    const store = await open(disk);
    expect(store.open()).toHaveLength(1);
    // It holds in plain words what is sealed from here on.
    expect(disk.list(memoryFolder)).not.toContain('snapshot.json');
  });

  test('that was changed is refused as before', async () => {
    const { disk } = old([asked('r1'), ['r1', unkeyedApproved]]);
    put(disk, linesIn(disk).with(0, (linesIn(disk)[0] ?? '').replace('host-a', 'host-b')));
    await expect(open(disk)).rejects.toThrow(/line 1 was changed after it was written/);
  });
});
