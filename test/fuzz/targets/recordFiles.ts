// The other files of the data folder: deliveries, keys of persons, snapshots; as they are, and with their
// authentication code made to fit.
import { createCipheriv, createHmac } from 'node:crypto';
import { join } from 'node:path';
import { Deliveries, signedLine } from '../../../src/adapters/deliveries/deliveries.ts';
import { JournalBroken, OtherKey } from '../../../src/adapters/store/journal/journalBroken.ts';
import { openPeople, peopleFile } from '../../../src/adapters/store/journal/people.ts';
import { readSnapshot } from '../../../src/adapters/store/journal/snapshot.ts';
import { createProjection } from '../../../src/adapters/store/projection.ts';
import { parseJson, isRecord } from '../../../src/liveResponse/text/json.ts';
import { createMemoryDisk, memoryFolder } from '../../support/store/memoryDisk.ts';
import { testKeys } from '../../support/store/testKeys.ts';
import { asked } from '../../support/requests/lifecycle.ts';
import { create } from '../../../src/liveResponse/request/fold.ts';
import { bytesOf, check, filled } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const file = 'slack-deliveries.jsonl';
const { current } = testKeys;
const quiet = { info: (): void => undefined, warn: (): void => undefined, error: (): void => undefined };
const clock = {
  now: (): number => 1_764_000_000_000,
  elapsed: (): number => 0,
  sleep: (): Promise<void> => Promise.resolve(),
};

/** As a person's key is wrapped, with a nonce that never changes. */
function sealed(key: Parameters<typeof createCipheriv>[1], context: string, text: Uint8Array): string {
  const sealing = createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
  sealing.setAAD(Buffer.from(context));
  return Buffer.concat([
    Buffer.alloc(12),
    sealing.update(text),
    sealing.final(),
    sealing.getAuthTag(),
  ]).toString('base64');
}

const person = 'p_0011223344556677';
const personKey = Buffer.alloc(32, 7);

function personLine(about: Uint8Array): string {
  return JSON.stringify({
    p: person,
    key: current.id,
    k: sealed(current.wrap, `person ${person}`, personKey),
    a: sealed(personKey, `about ${person}`, about),
  });
}

const snapshot = {
  format: 6,
  head: { seq: 5, hash: 'ab'.repeat(32), key: current.id },
  takenAt: 1_764_000_000_000,
  submissions: [1],
  links: [],
  record: {},
  global: { words: {}, boxes: [] },
  requests: [{ request: create(asked) }],
};

/** The text of a snapshot with a code that fits. */
function withCode(text: string): Buffer {
  const open = text.trimEnd().replace(/\}$/, '');
  const mac = createHmac('sha256', current.files).update('snapshot\0').update(open).digest('hex');
  return Buffer.from(`${open},"key":"${current.id}","hmac":"${mac}"}`);
}

async function readDeliveries(text: Buffer): Promise<unknown> {
  const lines = text.toString('utf8').split('\n');
  const fitting = lines.map((line) => {
    const value = parseJson(line)?.value;
    return isRecord(value) ? signedLine(testKeys, file, value) : line;
  });
  for (const one of [text, Buffer.from(fitting.join('\n'))]) {
    const disk = createMemoryDisk(new Map([[join(memoryFolder, file), one]]), { clock });
    const read = await Deliveries.open({
      disk,
      folder: memoryFolder,
      name: file,
      keys: testKeys,
      clock,
      log: quiet,
    });
    const left = read.left();
    check(
      left.now.concat(left.tooLate).every(({ key, at }) => typeof key === 'string' && typeof at === 'number'),
      'what is left has no key',
    );
    check(read.refused() <= lines.length, 'more lines are refused than there are');
    await read.close();
  }
  return undefined;
}

function readPeople(bytes: Buffer): unknown {
  const about = Buffer.from(personLine(bytes));
  for (const one of [bytes, about]) {
    try {
      openPeople({
        disk: createMemoryDisk(new Map([[join(memoryFolder, peopleFile), one]])),
        folder: memoryFolder,
        keys: testKeys,
      }).find('a');
    } catch (error) {
      if (!(error instanceof JournalBroken) && !(error instanceof OtherKey)) throw error;
    }
  }
  return undefined;
}

function readSnapshots(bytes: Buffer): unknown {
  for (const one of [bytes, withCode(bytes.toString('utf8'))]) {
    const disk = createMemoryDisk(new Map([[join(memoryFolder, 'snapshot.json'), one]]));
    const read = readSnapshot({
      disk,
      folder: memoryFolder,
      log: quiet,
      keys: testKeys,
      people: { open: () => '[]' },
    });
    if (read !== undefined) createProjection(read.state).requests();
  }
  return undefined;
}

const readers = [readDeliveries, readPeople, readSnapshots];

/** The first byte says which file it is. */
const of = (kind: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([0x30 + kind]), Buffer.from(text)]);

export const recordFiles: Target = {
  name: 'recordFiles',
  form: 'text',
  seeds: [
    of(
      0,
      '{"k":"a","at":1764000000000,"memo":{"kind":"command","read":{}},"begun":true}\n{"k":"a","at":1764000000001}\n{"k":"b","begun":true,"at":1}',
    ),
    of(1, '["responder1","console:riley","Riley"]'),
    of(1, personLine(Buffer.from('["a"]'))),
    of(2, JSON.stringify(snapshot)),
    ...bytesOf('0', '1', '2'),
  ],
  words: [
    'k',
    'at',
    'memo',
    'begun',
    'p',
    'a',
    'key',
    '"requests":',
    '"state":',
    '"sessions":[',
    'targets',
    'words',
    'boxes',
    '"$":[0,0,1]',
    'null',
    'head',
    current.id,
  ],
  // Read at the start, before anything listens.
  most: 64 * 1024,
  large: (dice) =>
    of(
      dice.below(3),
      filled(
        60_000,
        dice.pick(['{"k":"a","at":1}\n', '[', '\n', '{"a":', '"']),
        dice.pick(['', JSON.stringify(snapshot)]),
      ).toString(),
    ),
  run: (input) => (readers[(input[0] ?? 0) % 3] ?? readDeliveries)(input.subarray(1)),
};
