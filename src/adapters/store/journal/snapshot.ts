// The folded state at one journal line, so that a start need not replay years. lowdb holds it, through an
// adapter that is safe to lose power in; durability never rests on it: whatever is wrong with a snapshot, the
// journal still has everything.
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { Adapter } from 'lowdb';
import { Low } from 'lowdb';
import type { Freeze, LastPolicy, Log } from '../../../liveResponse/ports.ts';
import { requestTransitions } from '../../../liveResponse/request/events.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Learned } from '../../../liveResponse/tenantLimits.ts';
import type { Disk } from './disk.ts';
import { diskWords } from './disk.ts';
import type { ProjectedState } from '../projection.ts';
import { emptyProjection } from '../projection.ts';
import type { Head } from './line.ts';
import { noHead } from './line.ts';
import type { Keys } from './keys.ts';
import { sameMac } from './keys.ts';
import type { People } from './people.ts';
import type { Boxes, Vault } from './sealing.ts';
import { seal, unseal } from './sealing.ts';
import { isRecord, listOf } from '../../../liveResponse/text/json.ts';

/**
 * Raised when a field changes its meaning, or when the same journal folds into other requests than before: a
 * start that finds another number replays the journal. Kept, an older fold would be reported as a snapshot
 * that somebody changed. 2: how a session ended, what was adopted. 3: an ended request keeps all that was
 * asked, also what this version does not know. 4: authenticated with the key of the record, what is personal
 * sealed per person; one without the key is never read. 5: every restore that was accepted; one of 4 may keep
 * none, or the last only. 6: a request separate from its sessions.
 */
const format = 6;

export interface Snapshot {
  readonly format: typeof format;
  readonly head: Head;
  readonly takenAt: number;
  readonly state: ProjectedState;
}

const names = {
  newest: 'snapshot.json',
  previous: 'snapshot.previous.json',
  temporary: 'snapshot.json.tmp',
} as const;
const keyKey = ',"key":"';
const macKey = '","hmac":"';
/** `,"key":"<16>","hmac":"<64>"}` */
const tailLength = keyKey.length + 16 + macKey.length + 64 + 2;
/** Hashed in front of the bytes, so that no other file's code fits a snapshot. */
const purpose = 'snapshot\0';

/** Requests per slice of text; some milliseconds of work each, between which the bot keeps answering. */
const sliceOf = 100;

export interface SnapshotAdapterOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly log: Log;
  readonly keys: Keys;
  readonly people: People;
}

/**
 * A lowdb adapter: whole file under another name, fsync, rename, fsync of the folder, one older generation
 * kept.
 */
export function createSnapshotAdapter({
  disk,
  folder,
  log,
  keys,
  people,
}: SnapshotAdapterOptions): Adapter<Snapshot> {
  const path = {
    newest: join(folder, names.newest),
    previous: join(folder, names.previous),
    temporary: join(folder, names.temporary),
  };

  return {
    // lowdb would take any JSON, and its default data for a missing file. Here null means: no generation can
    // be used, replay the journal.
    read: () => {
      disk.remove(path.temporary);
      return Promise.resolve(readSnapshot({ disk, folder, log, keys, people }) ?? null);
    },
    write: async (snapshot) => {
      const file = disk.open(path.temporary, 'new');
      try {
        const { id, files } = keys.current;
        const sum = createHmac('sha256', files).update(purpose);
        for (const slice of slicesOf(snapshot, people)) {
          // The key of somebody who is sealed for the first time (a name that only the folded state holds)
          // before what is sealed with it.
          people.flush();
          const bytes = Buffer.from(slice);
          sum.update(bytes);
          file.append(bytes);
          await disk.letOthersWork();
        }
        file.append(Buffer.from(`${keyKey}${id}${macKey}${sum.digest('hex')}"}`));
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

/**
 * The lowdb database over that adapter; its data is the empty snapshot until something was read or written.
 */
export function createSnapshots(options: SnapshotAdapterOptions): Low<Snapshot> {
  return new Low(createSnapshotAdapter(options), {
    format,
    head: noHead,
    takenAt: 0,
    state: emptyProjection,
  });
}

/** Whether any generation exists, usable or not: there must then be a journal too. */
export function hasSnapshot(disk: Disk, folder: string): boolean {
  return disk.list(folder).some((name) => name === names.newest || name === names.previous);
}

function isKeyed(disk: Disk, path: string): boolean {
  const file = disk.open(path, 'read');
  try {
    return Buffer.from(file.read(Math.max(0, file.size() - tailLength), tailLength)).includes(macKey);
  } finally {
    file.close();
  }
}

function generations(disk: Disk, folder: string): readonly string[] {
  const there = disk.list(folder);
  return [names.newest, names.previous]
    .filter((name) => there.includes(name))
    .map((name) => join(folder, name));
}

/** Whether any generation was written with a key, by anybody: then the journal was too. */
export function hasKeyedSnapshot(disk: Disk, folder: string): boolean {
  return generations(disk, folder).some((path) => isKeyed(disk, path));
}

/** Those that version 0.1 wrote: the journal has everything. */
export function removeUnkeyedSnapshots(disk: Disk, folder: string): void {
  remove(
    disk,
    folder,
    generations(disk, folder).filter((path) => !isKeyed(disk, path)),
  );
}

/** All of them: the next start reads the whole journal. */
export function removeSnapshots(disk: Disk, folder: string): void {
  remove(disk, folder, generations(disk, folder));
}

function remove(disk: Disk, folder: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  for (const path of paths) disk.remove(path);
  disk.syncFolder(folder);
}

export function snapshotOf(head: Head, takenAt: number, state: ProjectedState): Snapshot {
  return { format, head, takenAt, state };
}

/**
 * The newest generation that can be used; undefined when none is there or none can. Reads only: the audit
 * does it while a bot is running.
 */
export function readSnapshot({
  disk,
  folder,
  log,
  keys,
  people,
}: Pick<SnapshotAdapterOptions, 'disk' | 'folder' | 'log' | 'keys'> & {
  readonly people: Pick<Vault, 'open'>;
}): Snapshot | undefined {
  const there = disk.list(folder);
  for (const name of [names.newest, names.previous]) {
    if (!there.includes(name)) continue;
    const read = readOne(disk, join(folder, name), keys, people);
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

/** What a request's boxes are bound to. */
const contextOf = (id: string): string => `snapshot ${id}`;

function* slicesOf({ head, takenAt, state }: Snapshot, people: People): Generator<string> {
  const { requests, freeze, announced, ...rest } = state;
  const { value: words, boxes } = seal(
    { freeze, announced },
    { owner: '', context: contextOf(''), vault: people },
  );
  yield `${JSON.stringify({ format, head, takenAt, ...rest, global: { words, boxes } }).slice(0, -1)},"requests":[`;
  for (let from = 0; from < requests.length; from += sliceOf) {
    const slice = requests.slice(from, from + sliceOf).map((request) => {
      const { value, boxes } = seal(request, {
        owner: request.asked.requester.id,
        context: contextOf(request.id),
        vault: people,
      });
      return JSON.stringify({ request: value, ...(boxes.length === 0 ? {} : { boxes }) });
    });
    yield `${from === 0 ? '\n' : ',\n'}${slice.join(',\n')}`;
  }
  yield ']';
}

function bytesOf(disk: Disk, path: string): Buffer {
  const file = disk.open(path, 'read');
  try {
    const read = file.read(0, file.size());
    return Buffer.from(read.buffer, read.byteOffset, read.length);
  } finally {
    file.close();
  }
}

function readOne(
  disk: Disk,
  path: string,
  keys: Keys,
  people: Pick<Vault, 'open'>,
): { readonly snapshot: Snapshot } | { readonly wrong: string } {
  let bytes: Buffer;
  try {
    bytes = bytesOf(disk, path);
  } catch (error) {
    return { wrong: diskWords(error) };
  }
  const tail = bytes.subarray(-tailLength).toString('utf8');
  const [, id = '', mac = ''] = /^,"key":"([0-9a-f]{16})","hmac":"([0-9a-f]{64})"\}$/.exec(tail) ?? [];
  if (id === '')
    return {
      wrong: /"sha256":"[0-9a-f]{64}"\}$/.test(tail)
        ? 'version 0.1 wrote it, without a key'
        : 'it has no end: torn',
    };
  const key = keys.byId(id);
  if (key === undefined) return { wrong: `it was written with another key (id ${id})` };
  if (
    !sameMac(
      createHmac('sha256', key.files).update(purpose).update(bytes.subarray(0, -tailLength)).digest('hex'),
      mac,
    )
  )
    return { wrong: 'its authentication code does not fit: torn, or changed after it was written' };
  try {
    return fromJson(JSON.parse(bytes.toString('utf8')), people);
  } catch (error) {
    return { wrong: diskWords(error) };
  }
}

/** Of a snapshot as this version writes it. */
const parts: ReadonlySet<string> = new Set([
  'format',
  'head',
  'takenAt',
  'requests',
  'submissions',
  'links',
  'record',
  'policy',
  'learned',
  'global',
  'key',
  'hmac',
]);
const recordParts: ReadonlySet<string> = new Set([
  'takenOver',
  'restores',
  'holds',
  'forgotten',
] satisfies readonly (keyof ProjectedState['record'])[]);

function fromJson(
  value: unknown,
  people: Pick<Vault, 'open'>,
): { readonly snapshot: Snapshot } | { readonly wrong: string } {
  if (!isRecord(value) || value['format'] !== format) return { wrong: 'it was written by another version' };
  const strange = strangePart(value);
  if (strange !== undefined)
    return { wrong: `it holds "${strange.slice(0, 40)}", which this version does not know` };
  const { head, takenAt, requests: sealed, submissions, links, record, policy, learned, global } = value;
  if (!isHead(head)) return { wrong: 'its head is not readable' };
  if (
    typeof takenAt !== 'number' ||
    !isTimes(submissions) ||
    !isTimes(links) ||
    !isRecordState(record) ||
    !isRecord(global)
  )
    return { wrong: 'a part of it is not readable' };
  const requests = openedRequests(sealed, people);
  if (requests === undefined) return { wrong: 'a request in it is not readable' };
  const { freeze, announced } = unseal(global['words'], boxesOf(global), contextOf(''), people) as Readonly<
    Record<string, unknown>
  >;
  if (freeze !== undefined && !isFreeze(freeze)) return { wrong: 'its freeze is not readable' };
  if (announced !== undefined && !isFreeze(announced))
    return { wrong: 'the freeze announced last is not readable' };
  if (policy !== undefined && !isPolicy(policy)) return { wrong: 'the policy it names is not readable' };
  if (learned !== undefined && !isLearned(learned)) return { wrong: 'what it has learned is not readable' };
  const state: ProjectedState = {
    requests,
    submissions,
    links,
    record,
    ...(freeze === undefined ? {} : { freeze }),
    ...(announced === undefined ? {} : { announced }),
    ...(policy === undefined ? {} : { policy }),
    ...(learned === undefined ? {} : { learned }),
  };
  const { seq, hash, key } = head;
  return { snapshot: { format, head: { seq, hash, key }, takenAt, state } };
}

/**
 * A part that this version does not know. What a newer version keeps in it could be what stops something: the
 * journal is read then, which names what this version cannot follow.
 */
function strangePart(value: Readonly<Record<string, unknown>>): string | undefined {
  const { record } = value;
  return (
    Object.keys(value).find((name) => !parts.has(name)) ??
    (isRecord(record) ? Object.keys(record).find((name) => !recordParts.has(name)) : undefined)
  );
}

function openedRequests(sealed: unknown, people: Pick<Vault, 'open'>): readonly Request[] | undefined {
  if (!Array.isArray(sealed)) return undefined;
  const requests = (sealed as readonly unknown[]).map((one) =>
    isRecord(one) && isRecord(one['request'])
      ? unseal(one['request'], boxesOf(one), contextOf(String(one['request']['id'])), people)
      : undefined,
  );
  return requests.every(isRequest) ? requests : undefined;
}

function boxesOf(one: Readonly<Record<string, unknown>>): Boxes {
  return (one['boxes'] ?? []) as Boxes;
}

function isTimes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}

// Of each part not every field is looked at: the authentication code vouches for those. Looked at is what
// would make the first use fail, and what an empty or foreign file lacks.

function isHead(value: unknown): value is Required<Head> {
  return (
    isRecord(value) &&
    Number.isSafeInteger(value['seq']) &&
    typeof value['hash'] === 'string' &&
    /^[0-9a-f]{64}$/.test(value['hash']) &&
    typeof value['key'] === 'string'
  );
}

function isRecordState(value: unknown): value is ProjectedState['record'] {
  return isRecord(value);
}

function isFreeze(value: unknown): value is Freeze {
  return isRecord(value) && typeof value['by'] === 'string';
}

function isPolicy(value: unknown): value is LastPolicy {
  return isRecord(value) && typeof value['sha256'] === 'string';
}

function isLearned(value: unknown): value is readonly Learned[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) => isRecord(one) && typeof one['what'] === 'string' && typeof one['tenant'] === 'string',
    )
  );
}

function isRequest(value: unknown): value is Request {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    typeof value['origin'] === 'string' &&
    isRecord(value['asked']) &&
    isRecord(value['subject']) &&
    // More of them only a newer version asks for; the journal then says so.
    listOf(value['targets']).length === 1 &&
    isRecord(value['stage']) &&
    Object.hasOwn(requestTransitions, String(value['stage']['state'])) &&
    Array.isArray(value['sessions']) &&
    Array.isArray(value['cards']) &&
    typeof value['revision'] === 'number'
  );
}
