// The folded state at one journal line, so that a start need not replay years. lowdb holds it, through an adapter that is safe to
// lose power in; durability never rests on it: whatever is wrong with a snapshot, the journal still has everything.
import { createHash, hash } from 'node:crypto';
import { join } from 'node:path';
import type { Adapter } from 'lowdb';
import { Low } from 'lowdb';
import type { Freeze, LastPolicy, Log } from '../../liveResponse/ports.ts';
import type { Request } from '../../liveResponse/request.ts';
import { moves } from '../../liveResponse/request.ts';
import type { Disk } from './disk.ts';
import { diskWords } from './disk.ts';
import type { HouseState } from './house.ts';
import { emptyHouse } from './house.ts';
import type { Head } from './line.ts';
import { noHead } from './line.ts';

/**
 * Raised when a field changes its meaning, or when the same journal folds into other requests than before: whoever finds another number
 * replays the journal. Kept, an older fold would be told as a snapshot that somebody changed. 2: how a session ended, what was adopted.
 * 3: an ended request keeps all that was asked, also what this version does not know.
 */
const format = 3;

export interface Snapshot {
  readonly format: typeof format;
  readonly head: Head;
  readonly takenAt: number;
  readonly house: HouseState;
}

const names = { newest: 'snapshot.json', previous: 'snapshot.previous.json', temporary: 'snapshot.json.tmp' } as const;
const hashKey = ',"sha256":"';

/** Requests per slice of text; some 2 ms of work each, between which the bot goes on answering. */
const sliceOf = 500;

export interface SnapshotAdapterOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly log: Log;
  /** Lets other work in between two slices. */
  readonly breathe: () => Promise<void>;
}

/** A lowdb adapter: whole file under another name, fsync, rename, fsync of the folder, one older generation kept. */
export function createSnapshotAdapter({ disk, folder, log, breathe }: SnapshotAdapterOptions): Adapter<Snapshot> {
  const path = { newest: join(folder, names.newest), previous: join(folder, names.previous), temporary: join(folder, names.temporary) };

  return {
    // lowdb would take any JSON, and its default data for a missing file. Here null means: no generation can be used, replay the journal.
    read: () => {
      disk.remove(path.temporary);
      return Promise.resolve(readSnapshot(disk, folder, log) ?? null);
    },
    write: async (snapshot) => {
      const file = disk.open(path.temporary, 'new');
      try {
        const sum = createHash('sha256');
        for (const slice of slicesOf(snapshot)) {
          const bytes = Buffer.from(slice);
          sum.update(bytes);
          file.append(bytes);
          await breathe();
        }
        file.append(Buffer.from(`${hashKey}${sum.digest('hex')}"}`));
        await file.flush();
        file.close();
        if (disk.list(folder).includes(names.newest)) disk.rename(path.newest, path.previous);
        disk.rename(path.temporary, path.newest);
        disk.syncFolder(folder);
      } catch (error) {
        abandon(disk, file, path.temporary, log);
        throw error;
      }
    },
  };
}

/** The lowdb database over that adapter; its data is the empty snapshot until something was read or written. */
export function createSnapshots(options: SnapshotAdapterOptions): Low<Snapshot> {
  return new Low(createSnapshotAdapter(options), { format, head: noHead, takenAt: 0, house: emptyHouse });
}

/** Whether any generation exists, usable or not: there must then be a journal too. */
export function hasSnapshot(disk: Disk, folder: string): boolean {
  return disk.list(folder).some((name) => name === names.newest || name === names.previous);
}

export function snapshotOf(head: Head, takenAt: number, house: HouseState): Snapshot {
  return { format, head, takenAt, house };
}

/** The newest generation that can be used; undefined when none is there or none can. Reads only: the audit does it beside a running bot. */
export function readSnapshot(disk: Disk, folder: string, log: Log): Snapshot | undefined {
  const there = disk.list(folder);
  for (const name of [names.newest, names.previous]) {
    if (!there.includes(name)) continue;
    const read = readOne(disk, join(folder, name));
    if ('snapshot' in read) return read.snapshot;
    log.warn('snapshotUnusable', { file: name, why: read.wrong });
  }
  return undefined;
}

/** Half a snapshot left on a full disk would keep it full. */
function abandon(disk: Disk, file: { close(): void }, path: string, log: Log): void {
  for (const task of [() => file.close(), () => disk.remove(path)]) {
    try {
      task();
    } catch (error) {
      log.warn('snapshotCleanupFailed', { why: diskWords(error) });
    }
  }
}

function* slicesOf({ head, takenAt, house }: Snapshot): Generator<string> {
  const { requests, ...rest } = house;
  yield `${JSON.stringify({ format, head, takenAt, ...rest }).slice(0, -1)},"requests":[`;
  for (let from = 0; from < requests.length; from += sliceOf) {
    const slice = requests.slice(from, from + sliceOf).map((request) => JSON.stringify(request));
    yield `${from === 0 ? '\n' : ',\n'}${slice.join(',\n')}`;
  }
  yield ']';
}

function readOne(disk: Disk, path: string): { readonly snapshot: Snapshot } | { readonly wrong: string } {
  let bytes: Buffer;
  try {
    const file = disk.open(path, 'read');
    try {
      const read = file.read(0, file.size());
      bytes = Buffer.from(read.buffer, read.byteOffset, read.length);
    } finally {
      file.close();
    }
  } catch (error) {
    return { wrong: diskWords(error) };
  }
  const tail = hashKey.length + 64 + 2;
  const body = bytes.subarray(0, -tail);
  if (bytes.subarray(-tail).toString('utf8') !== `${hashKey}${hash('sha256', body, 'hex')}"}`) return { wrong: 'its checksum does not fit: torn, or changed after it was written' };
  try {
    return fromJson(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    return { wrong: diskWords(error) };
  }
}

function fromJson(value: unknown): { readonly snapshot: Snapshot } | { readonly wrong: string } {
  if (!isRecord(value) || value['format'] !== format) return { wrong: 'it was written by another version' };
  const { head, takenAt, requests, submissions, links, freeze, announced, policy } = value;
  if (!isRecord(head) || !Number.isSafeInteger(head['seq']) || typeof head['hash'] !== 'string' || !/^[0-9a-f]{64}$/.test(head['hash'])) return { wrong: 'its head is not readable' };
  if (typeof takenAt !== 'number' || !isTimes(submissions) || !isTimes(links)) return { wrong: 'a time in it is not readable' };
  if (!Array.isArray(requests) || !requests.every(isRequest)) return { wrong: 'a request in it is not readable' };
  if (freeze !== undefined && !(isRecord(freeze) && typeof freeze['by'] === 'string')) return { wrong: 'its freeze is not readable' };
  if (announced !== undefined && !(isRecord(announced) && typeof announced['by'] === 'string')) return { wrong: 'the freeze announced last is not readable' };
  if (policy !== undefined && !(isRecord(policy) && typeof policy['sha256'] === 'string')) return { wrong: 'the policy it names is not readable' };
  const house = { requests: requests as readonly Request[], submissions, links, ...(freeze === undefined ? {} : { freeze: freeze as unknown as Freeze }), ...(announced === undefined ? {} : { announced: announced as unknown as Freeze }), ...(policy === undefined ? {} : { policy: policy as unknown as LastPolicy }) };
  return { snapshot: { format, head: { seq: head['seq'] as number, hash: head['hash'] }, takenAt, house } };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTimes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}

/** Not every field: the checksum vouches for those. What would make the first use fail, and what an empty or foreign file lacks. */
function isRequest(value: unknown): boolean {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['origin'] === 'string' && typeof value['state'] === 'string' && Object.hasOwn(moves, value['state']) && Array.isArray(value['cards']) && typeof value['revision'] === 'number';
}
