// The steps of opening a data folder: snapshot and journal are read, then checked against the anchors, the
// keys of persons and what version 0.1 left behind.
import type { Low } from 'lowdb';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Projection } from '../projection.ts';
import { createProjection } from '../projection.ts';
import type { Disk } from './disk.ts';
import { openJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { JournalBroken, NotAnchored } from './journalBroken.ts';
import type { Keys } from './keys.ts';
import { ownKeys } from './keys.ts';
import type { Head } from './line.ts';
import { decodeLine, noHead } from './line.ts';
import type { People } from './people.ts';
import { openPeople } from './people.ts';
import { randomId } from './sealing.ts';
import { lineAt, linesOf, segmentName, segmentsIn } from './segments.ts';
import type { Snapshot } from './snapshot.ts';
import { createSnapshots, hasKeyedSnapshot, hasSnapshot, removeUnkeyedSnapshots } from './snapshot.ts';

export interface OpeningOptions {
  /** The data folder; made if it is missing, mode 0700. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk?: Disk;
  /** Authenticate everything; absent: a key of its own in the folder, which stops accidents only. */
  readonly keys?: Keys;
  /**
   * Heads that were noted down elsewhere: a journal that does not reach the newest, or went another way, is
   * refused.
   */
  readonly anchors?: (keys: Keys) => Promise<readonly Head[]>;
  /**
   * Persons in open requests whose keys are lost do not keep it from opening: somebody accepted the folder as
   * it is.
   */
  readonly withoutLost?: boolean;
}

export interface OpenedFolder {
  readonly keys: Keys;
  readonly anchors: readonly Head[];
  readonly people: People;
  readonly snapshots: Low<Snapshot>;
  readonly journal: Journal;
  readonly projection: Projection;
  /** Lines that were read after the snapshot. */
  readonly linesRead: number;
  /** Random ids of persons in open requests whose keys were lost. */
  readonly lost: readonly string[];
  /** The journal was of version 0.1 until now. */
  readonly tookOver: boolean;
}

type Folder = Pick<OpenedFolder, 'keys' | 'people' | 'journal' | 'projection'> &
  Pick<OpeningOptions, 'dir' | 'clock' | 'log'> & { readonly disk: Disk };

/** @throws JournalBroken, OtherKey, NotAnchored, KeyFileError, or the system's error */
export async function openFolder(options: OpeningOptions & { readonly disk: Disk }): Promise<OpenedFolder> {
  const { dir, clock, log, disk } = options;
  const keys = options.keys ?? ownKeys(disk, dir);
  const anchors = (await options.anchors?.(keys)) ?? [];
  const people = openPeople({ disk, folder: dir, keys, log });
  const snapshots = createSnapshots({ disk, folder: dir, log, keys, people });
  await snapshots.read();
  const start = snapshots.data;
  const projection = createProjection(start.state);
  let linesRead = 0;
  const journal = openJournal({
    disk,
    folder: dir,
    log,
    keys,
    people,
    after: start.head,
    mustExist: hasSnapshot(disk, dir) || people.found,
    onEntry: (entry) => {
      projection.apply(entry, projection.preview(entry));
      linesRead += 1;
    },
  });
  const folder: Folder = { dir, clock, log, disk, keys, people, journal, projection };
  const tookOver = journal.head().key === undefined && journal.head().seq > 0;
  const lost = lostPersons(folder);
  try {
    checkAnchors(folder, anchors, start.head);
    if (lost.length > 0 && options.withoutLost !== true) throw personsLost(lost, people.found);
    if (tookOver) await takeOver(folder);
  } catch (error) {
    journal.close();
    throw error;
  }
  // Snapshots of version 0.1 hold in plain words what is sealed from now on, and are never read again.
  removeUnkeyedSnapshots(disk, dir);
  // A restore of the file of keys would undo what was forgotten.
  people.destroy(projection.record().forgotten);
  return { keys, anchors, people, snapshots, journal, projection, linesRead, lost, tookOver };
}

/**
 * A journal that is forged needs the key; one that is older than what somebody saw of it needs nothing but a
 * copy. `start`: where the snapshot ends.
 */
function checkAnchors({ disk, dir, keys, journal }: Folder, anchors: readonly Head[], start: Head): void {
  const anchor = anchors.reduce((most, one) => (one.seq > most.seq ? one : most), noHead);
  if (anchor.seq === 0) return;
  const { seq } = journal.head();
  if (seq < anchor.seq)
    throw new NotAnchored(
      `${segmentWords(seq)}, but line ${anchor.seq} was anchored: lines ${seq + 1} to ${anchor.seq} are missing.`,
      journal.head(),
    );
  const here =
    anchor.seq === seq ? journal.head() : anchor.seq === start.seq ? start : lineAt(disk, dir, anchor.seq);
  if (here === undefined)
    throw new NotAnchored(
      `Line ${anchor.seq}, which was anchored, is not in the journal files any more.`,
      journal.head(),
    );
  if (here.hash !== anchor.hash)
    throw new NotAnchored(
      `Line ${anchor.seq} of the journal is another one than was anchored: at or before it the journal went another way, as an older copy does that was written on.`,
      journal.head(),
    );
  // A snapshot of another journal with the same key would rest on lines that are not its own; what comes
  // after it was read from there.
  if (anchor.seq < start.seq && followed({ disk, folder: dir, keys }, anchor, start.seq)?.hash !== start.hash)
    throw new NotAnchored(
      `The snapshot stands at line ${start.seq}, which does not follow from line ${anchor.seq}, which was anchored: it is of another journal.`,
      journal.head(),
    );
}

/** Persons in open requests whose keys are gone, though nobody had them forgotten. */
function lostPersons({ projection }: Folder): readonly string[] {
  const forgotten = new Set(projection.record().forgotten);
  const persons = projection.open().flatMap(personsIn);
  return [...new Set(persons.filter((id) => randomId.test(id) && !forgotten.has(id)))];
}

/**
 * Without their keys two persons cannot be distinguished, and the requester of something could approve it.
 */
function personsLost(lost: readonly string[], isFileFound: boolean): JournalBroken {
  return new JournalBroken(
    'people.keys',
    0,
    `${isFileFound ? 'lacks' : 'is missing, and with it'} the key of ${lost.length === 1 ? 'a person' : 'persons'} (${lost.join(', ')}) in requests that are still open: put it back from its backup`,
  );
}

/**
 * Nothing proves what version 0.1 wrote: it becomes part of the record as it is, and what was approved in it
 * is not sent before a person looked.
 */
async function takeOver({ disk, dir, clock, log, people, journal, projection }: Folder): Promise<void> {
  const { seq, hash } = journal.head();
  if (people.found || hasKeyedSnapshot(disk, dir)) {
    throw new JournalBroken(
      segmentName(1),
      1,
      `carries no key, and neither does any line up to number ${seq}, although this folder was written with one before: an older copy, or not the bot’s own. Restore the folder from its backup`,
    );
  }
  const approved = projection.open().filter((request) => request.stage.state !== 'awaitingApproval').length;
  const line = journal.prepare(
    clock.now(),
    { request: null },
    { type: 'takenOver', lines: seq, hash, approved },
  );
  await journal.commit(line);
  projection.apply(line.entry, undefined);
  log.warn('journalTakenOver', { lines: seq, head: `${seq}:${hash}`, frozen: approved > 0 });
}

/**
 * The head after line `to`, each line from behind `from` on verified; undefined where one is missing or does
 * not follow.
 */
function followed(
  { disk, folder, keys }: { readonly disk: Disk; readonly folder: string; readonly keys: Keys },
  from: Head,
  to: number,
): Head | undefined {
  let head: Head | undefined;
  for (const segment of segmentsIn(disk, folder)) {
    let number = segment.first - 1;
    for (const batch of linesOf(disk, segment.path)) {
      for (const { bytes } of batch) {
        number += 1;
        if (number < from.seq) continue;
        if (number === from.seq) {
          head = { ...from, ...keyIn(bytes) };
          continue;
        }
        const check: ReturnType<typeof decodeLine> | undefined =
          head === undefined ? undefined : decodeLine(bytes, head, keys);
        if (check === undefined || 'wrong' in check) return undefined;
        ({ head } = check);
        if (number === to) return head;
      }
    }
  }
  return undefined;
}

/** The id of the key that a line names at its end. */
function keyIn(line: Buffer): Pick<Head, 'key'> {
  const key = /"key":"([0-9a-f]{16})","hash":"[0-9a-f]{64}"\}$/.exec(
    line.subarray(-120).toString('utf8'),
  )?.[1];
  return key === undefined ? {} : { key };
}

function segmentWords(seq: number): string {
  return seq === 0 ? 'The journal is empty' : `The journal ends at line ${seq}`;
}

function personsIn(request: Request): readonly string[] {
  return [request.asked.requester.id, ...request.votes.map(({ by }) => by.id)];
}
