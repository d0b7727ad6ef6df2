// Lines of the journal: as they come, and with their hash and their authentication code made to fit, so that
// what comes behind those is reached.
import { createHmac, hash } from 'node:crypto';
import { decodeLine, noHead, openedEntry, openedLine } from '../../../src/adapters/store/journal/line.ts';
import type { Head } from '../../../src/adapters/store/journal/line.ts';
import { BrokenSeal } from '../../../src/adapters/store/journal/sealing.ts';
import { audit } from '../../../src/adapters/store/audit/audit.ts';
import { isRecord, parseJson } from '../../../src/liveResponse/text/json.ts';
import { createMemoryDisk, memoryFolder } from '../../support/store/memoryDisk.ts';
import { testKeys } from '../../support/store/testKeys.ts';
import type { Dice } from '../loop/dice.ts';
import { check, filled, jsonOf } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';
import { join } from 'node:path';

const { id, chain } = testKeys.current;
const head: Head = { seq: 4, hash: 'ab'.repeat(32), key: id };

const events: readonly unknown[] = [
  { type: 'asked', asked: { requester: { id: 'a', name: 'b' }, reason: 'x' } },
  { type: 'approved', by: { $: [0, 0, 1] } },
  { type: 'takenOver', lines: 4, hash: 'ab'.repeat(32) },
  { type: 'frozen', by: 'x', why: { $: [0, 1, 0] } },
];

const lines: readonly unknown[] = events.map((event, index) => ({
  v: 3,
  seq: 5,
  prev: head.hash,
  at: 1_764_000_000_000,
  request: index === 3 ? null : 'lr-7f3k2q',
  ...(index === 1 ? { session: 0 } : {}),
  event,
  boxes: [['p_0011223344556677', 'AAAA']],
  key: id,
}));

/** The line with a hash that fits: that of the key, or where it names none, that of version 0.1. */
function signed(value: unknown): Buffer {
  if (!isRecord(value)) return Buffer.from(JSON.stringify(value));
  const { hash: _old, ...rest } = value;
  const open = JSON.stringify(rest).slice(0, -1);
  const own =
    'key' in rest ? createHmac('sha256', chain).update(open).digest('hex') : hash('sha256', open, 'hex');
  return Buffer.from(`${open}${open === '{' ? '' : ','}"hash":"${own}"}`);
}

const opener = { open: (): string => '[{"id":"a","name":"b"},"text"]' };

function readLine(bytes: Buffer): unknown {
  const heads = [head, { seq: head.seq, hash: head.hash }];
  for (const before of heads) decodeLine(bytes, before, undefined);
  const results = heads.map((before) => decodeLine(bytes, before, testKeys));
  for (const read of results) {
    if ('wrong' in read) {
      check(read.wrong !== '' && read.wrong.length < 400, 'what is wrong is told without bounds');
      continue;
    }
    check(
      read.head.seq === head.seq + 1 && read.entry.seq === read.head.seq,
      'a line is taken for another one',
    );
    try {
      openedEntry(read.entry, read.boxes, opener);
    } catch (error) {
      // The code vouches for marks and boxes: one that does not fit was never written.
      if (!(error instanceof BrokenSeal)) throw error;
    }
  }
  return results;
}

/** As the audit reads a folder, with the key and without. */
function readFolder(line: Buffer): void {
  const disk = createMemoryDisk(
    new Map([[join(memoryFolder, 'journal-000001.ndjson'), Buffer.concat([line, Buffer.from('\n')])]]),
  );
  for (const keys of [{}, { keys: testKeys }])
    audit({ disk, folder: memoryFolder, anchors: [noHead], ...keys });
}

function deep(dice: Dice, bytes: number): Buffer {
  const unit = dice.pick(['[', '{"a":']);
  const times = Math.floor(bytes / (unit.length + 1));
  const event = `{"type":"x","a":${unit.repeat(times)}1${(unit === '[' ? ']' : '}').repeat(times)}}`;
  return Buffer.from(
    `{"v":3,"seq":5,"prev":"${head.hash}","at":1,"request":"lr-1","event":${event},"boxes":[["p","b"]],"key":"${id}","hash":"${'0'.repeat(64)}"}`,
  );
}

export const journalLines: Target = {
  name: 'journalLines',
  form: 'json',
  seeds: [...jsonOf(...lines), ...lines.map(signed)],
  words: [
    'v',
    'seq',
    'prev',
    'at',
    'request',
    'session',
    'event',
    'boxes',
    'key',
    'hash',
    '$',
    'type',
    'takenOver',
    head.hash,
    id,
    'p_0011223344556677',
  ],
  // Longer than any line of ours: a request of the longest texts has some 40 KB.
  most: 128 * 1024,
  large: (dice) =>
    dice.once(2)
      ? deep(dice, 120_000)
      : filled(120_000, dice.pick(['[', '{', '"a",', ' ', '\\u0000']), '{"seq":5,"event":["', '"]}'),
  run: (input) => {
    // Deeper lines are refused, or read by nobody who does not meet what comes of it.
    const value = parseJson(input.toString('utf8'))?.value;
    const read = [readLine(input)];
    if (value !== undefined) {
      const line = input.length % 2 === 0 ? signed(value) : input;
      read.push(readLine(line));
      openedLine(value, undefined);
    }
    if (input.length % 8 === 0) readFolder(input);
    return read;
  },
};
