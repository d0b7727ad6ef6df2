// The journal is the database: an append-only, hash-chained file of lines, each on disk before anything is
// said or done because of it. Only the fdatasync of a line does not block: it takes a quarter of a
// millisecond, or many seconds on a disk in trouble, and the chats want to be answered meanwhile. Callers
// take turns (requestStore), so that nothing comes between a decision and its line.
import { join } from 'node:path';
import type { GlobalEvent, Log } from '../../../liveResponse/ports.ts';
import { StoreError } from '../../../liveResponse/ports.ts';
import type { Event } from '../../../liveResponse/request/events.ts';
import type { Disk, DiskFile } from './disk.ts';
import { diskWords } from './disk.ts';
import type { Entry, Head, Subject } from './line.ts';
import type { Keys } from './keys.ts';
import { decodeLine, encodeLine, lineFormat, openedEntry, sealedEvent } from './line.ts';
import { JournalBroken, OtherKey } from './journalBroken.ts';
import type { People } from './people.ts';
import type { RawLine, Segment } from './segments.ts';
import { linesOf, segmentName, segmentsIn } from './segments.ts';

/** A line that is ready to be written, and the entry exactly as a restart will read it. */
export interface Prepared {
  readonly entry: Entry;
  readonly bytes: Buffer;
  readonly head: Head;
}

export interface Journal {
  head(): Head;
  /** Makes sure that writing can be tried: after a failure it reopens, checks and cuts. @throws StoreError */
  ready(): void;
  /**
   * `owner`: whose personal data the event holds where it names nobody. @throws StoreError when the key of a
   * person met for the first time cannot be kept
   */
  prepare(at: number, subject: Subject, event: Event | GlobalEvent, owner?: string): Prepared;
  /**
   * On disk when it resolves; nothing else may be asked of the journal before. @throws StoreError, after
   * which the line is not part of the journal
   */
  commit(line: Prepared): Promise<void>;
  /**
   * Continues in a new file, so that a snapshot taken now is followed by that file alone. @throws StoreError
   */
  rotate(): void;
  trouble(): string | undefined;
  /**
   * Tries, while in trouble, whether the disk takes writes again, without writing a line. True when all is
   * well.
   */
  recover(): boolean;
  close(): void;
}

/** Room for some ordinary lines: a disk with less left would fail again at once. */
const probeBytes = 64 * 1024;

/** The open file, and what of it is acknowledged. */
interface OpenSegment {
  readonly path: string;
  readonly file: DiskFile | undefined;
  /** Bytes up to and with the last acknowledged line. */
  readonly size: number;
  /** Start of that line and the head before it; absent while the file holds no line. */
  readonly last?: { readonly offset: number; readonly before: Head };
}

export interface JournalOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly log: Log;
  readonly keys: Keys;
  readonly people: People;
  /** Where the snapshot ends; only what comes after is read. */
  readonly after: Head;
  /** A journal must be there already: something else in the folder says that there was one. */
  readonly mustExist: boolean;
  /** Called for each verified entry. What it throws names the line in a JournalBroken. */
  readonly onEntry: (entry: Entry) => void;
}

/** Reads, verifies and cuts what is there, and opens it for writing. @throws JournalBroken */
export function openJournal(options: JournalOptions): Journal {
  return new OpenJournal(options);
}

class OpenJournal implements Journal {
  readonly #options: JournalOptions;
  #head: Head;
  #place: OpenSegment;
  #trouble: string | undefined;
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    const found = readAll(options);
    this.#head = found.head;
    this.#place = found.place;
  }

  head(): Head {
    return this.#head;
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  ready(): void {
    if (this.#closed) throw new StoreError('the store is closed');
    if (this.#place.file !== undefined) return;
    try {
      this.#reopen();
    } catch (error) {
      this.#trouble = `The journal cannot be opened: ${diskWords(error)}.`;
      throw new StoreError(this.#trouble, error);
    }
    this.#options.log.info('journalReopened', { seq: this.#head.seq });
  }

  prepare(at: number, subject: Subject, event: Event | GlobalEvent, owner = ''): Prepared {
    const { keys, people, log } = this.#options;
    const head = this.#head;
    // Folded is what was written, not what was meant: a value that JSON changes would otherwise differ
    // after a restart.
    const written = JSON.parse(JSON.stringify(event)) as Event;
    if (head.key === undefined && head.seq > 0 && event.type !== 'takenOver')
      throw new Error('lines of version 0.1 have to be taken over first');
    const sealed = sealedEvent(written, owner, head.seq + 1, people);
    try {
      people.flush();
    } catch (error) {
      this.#trouble = `The journal cannot be written: ${diskWords(error)}.`;
      log.error('personKeyNotWritten', { seq: head.seq + 1, why: diskWords(error) });
      // The next change looks first whether the disk is well again.
      this.#drop();
      throw new StoreError(this.#trouble, error);
    }
    const line = encodeLine(head, { at, ...subject, ...sealed }, keys);
    return {
      entry: { seq: line.head.seq, at, format: lineFormat, ...subject, event: written } as Entry,
      bytes: Buffer.from(`${line.text}\n`),
      head: line.head,
    };
  }

  async commit(line: Prepared): Promise<void> {
    const { log } = this.#options;
    this.ready();
    const { file } = this.#place;
    if (file === undefined) throw new StoreError('the journal is not open');
    if (line.head.seq !== this.#head.seq + 1)
      throw new Error(
        `journal line ${line.head.seq} was prepared for another place than ${this.#head.seq + 1}`,
      );
    try {
      file.append(line.bytes);
      await file.flush();
    } catch (error) {
      this.#trouble = `The journal cannot be written: ${diskWords(error)}.`;
      log.error('journalWriteFailed', { seq: line.head.seq, why: diskWords(error) });
      // After a failed fsync the system may have thrown the bytes away and call the next fsync a success:
      // never again this handle.
      this.#drop();
      this.#quietly(() => this.#reopen());
      throw new StoreError(this.#trouble, error);
    }
    this.#place = {
      ...this.#place,
      size: this.#place.size + line.bytes.length,
      last: { offset: this.#place.size, before: this.#head },
    };
    this.#head = line.head;
    if (this.#trouble !== undefined) log.info('journalWritesAgain', { seq: this.#head.seq });
    this.#trouble = undefined;
  }

  rotate(): void {
    const { disk, folder } = this.#options;
    this.ready();
    if (this.#place.size === 0) return;
    const path = join(folder, segmentName(this.#head.seq + 1));
    try {
      const file = createSegment(disk, folder, path);
      this.#drop();
      this.#place = { path, file, size: 0 };
    } catch (error) {
      throw new StoreError(`A new journal file cannot be made: ${diskWords(error)}.`, error);
    }
  }

  recover(): boolean {
    const { disk, folder, log } = this.#options;
    if (this.#trouble === undefined) return true;
    const path = join(folder, 'probe.tmp');
    try {
      this.ready();
      const file = disk.open(path, 'new');
      try {
        file.append(Buffer.alloc(probeBytes, 'x'));
        file.sync();
      } finally {
        file.close();
        disk.remove(path);
      }
      this.#trouble = undefined;
      log.info('journalWritesAgain', { seq: this.#head.seq });
      return true;
    } catch (error) {
      this.#trouble =
        error instanceof StoreError ? error.message : `The journal cannot be written: ${diskWords(error)}.`;
      return false;
    }
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #reopen(): void {
    const { disk, keys } = this.#options;
    const place = this.#place;
    const file = disk.open(place.path, 'append');
    try {
      const size = file.size();
      if (size < place.size)
        throw new Error(
          `the journal file is shorter than what was written to it (${size} of ${place.size} bytes)`,
        );
      if (place.last !== undefined) {
        const bytes = Buffer.from(file.read(place.last.offset, place.size - place.last.offset - 1));
        const check = decodeLine(bytes, place.last.before, keys);
        if ('wrong' in check || check.head.hash !== this.#head.hash)
          throw new Error('the last acknowledged line of the journal can no longer be read back');
      }
      // What follows was never acknowledged: left there, a later start would take it for a decision, though
      // someone has read that it failed.
      if (size > place.size) file.truncate(place.size);
      file.sync();
    } catch (error) {
      this.#quietly(() => file.close());
      throw error;
    }
    this.#place = { ...place, file };
  }

  #drop(): void {
    const { file } = this.#place;
    this.#place = { ...this.#place, file: undefined };
    if (file !== undefined) this.#quietly(() => file.close());
  }

  #quietly(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#options.log.warn('journalCleanupFailed', { why: diskWords(error) });
    }
  }
}

/** An empty journal file whose name survives a power cut. */
function createSegment(disk: Disk, folder: string, path: string): DiskFile {
  const file = disk.open(path, 'append');
  try {
    file.sync();
    disk.syncFolder(folder);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

function readAll({ disk, folder, log, keys, people, after, mustExist, onEntry }: JournalOptions): {
  readonly head: Head;
  readonly place: OpenSegment;
} {
  const wanted = segmentName(after.seq + 1);
  const segments = segmentsIn(disk, folder, after.seq + 1);
  const older = mustExist || after.seq > 0 || segments.length > 0;
  // The file after a snapshot is made before the snapshot: when it is missing, acknowledged lines are.
  if (older && !segments.some((segment) => segment.name === wanted))
    throw new JournalBroken(wanted, 1, 'is missing: the file was removed or renamed');
  let head = after;
  let place: OpenSegment = { path: join(folder, wanted), file: undefined, size: 0 };
  const filled = segments.filter((segment) => segment.size > 0);
  for (const [index, segment] of filled.entries()) {
    if (segment.first !== head.seq + 1)
      throw new JournalBroken(
        segment.name,
        1,
        `has number ${segment.first} where ${head.seq + 1} belongs: a journal file was removed or renamed`,
      );
    ({ head, place } = readSegment(
      { disk, segment, keys, people, onEntry },
      head,
      index === filled.length - 1 ? log : undefined,
    ));
  }
  for (const segment of segments) {
    if (segment.size > 0) continue;
    // Left by a rotation that failed half-way; the lines it was made for are in the file before.
    if (segment.first === head.seq + 1) place = { path: segment.path, file: undefined, size: 0 };
    else disk.remove(segment.path);
  }
  const file = place.size === 0 ? createSegment(disk, folder, place.path) : disk.open(place.path, 'append');
  if (file.size() > place.size) file.truncate(place.size);
  // Also when nothing was cut: after a crash of the process alone, lines may have been read that are only in
  // the system's memory.
  file.sync();
  return { head, place: { ...place, file } };
}

interface Reading extends Pick<JournalOptions, 'disk' | 'keys' | 'people' | 'onEntry'> {
  readonly segment: Segment;
}

/** `log` is given for the last file, the only one whose last line may be torn. */
function readSegment(
  { disk, segment, keys, people, onEntry }: Reading,
  from: Head,
  log: Log | undefined,
): { readonly head: Head; readonly place: OpenSegment } {
  let head = from;
  let place: OpenSegment = { path: segment.path, file: undefined, size: 0 };
  let number = 0;
  for (const batch of linesOf(disk, segment.path)) {
    for (const line of batch) {
      number += 1;
      const check = decodeLine(line.bytes, head, keys);
      if (!line.ended || 'wrong' in check) {
        if (log !== undefined && isTorn(line, segment) && !hasOtherEnd(line, head, keys)) {
          log.warn('journalTornLineCut', {
            file: segment.name,
            line: number,
            seq: head.seq + 1,
            bytes: segment.size - line.offset,
          });
          return { head, place };
        }
        if ('otherKey' in check) throw new OtherKey(segment.name, number, check.otherKey, keys.current.id);
        throw new JournalBroken(
          segment.name,
          number,
          'wrong' in check ? check.wrong : 'has no end, although another file follows',
        );
      }
      try {
        onEntry(openedEntry(check.entry, check.boxes, people));
      } catch (error) {
        throw new JournalBroken(segment.name, number, `cannot be followed: ${diskWords(error)}`);
      }
      place = {
        ...place,
        size: line.offset + line.bytes.length + 1,
        last: { offset: line.offset, before: head },
      };
      head = check.head;
    }
  }
  return { head, place };
}

/**
 * A last line that a power cut left half-written: without its end, or with sectors that never arrived, which
 * read as zeros. A single zero within a sector is damage: cut, it would take an acknowledged line along.
 */
function isTorn(line: RawLine, segment: Segment): boolean {
  const end = line.offset + line.bytes.length;
  if (line.ended && end + 1 !== segment.size) return false;
  let zeros = 0;
  for (let at = line.bytes.indexOf(0); at >= 0; at = line.bytes.indexOf(0, at)) {
    while (line.bytes[at] === 0) at += 1;
    const reached = line.offset + at;
    if (reached % sectorBytes !== 0 && (line.ended || reached !== end)) return false;
    zeros += 1;
  }
  return !line.ended || zeros > 0;
}

/** No disk writes less at once. */
const sectorBytes = 512;

/**
 * The last line is whole, but for the byte that ends it: that was changed. A power cut leaves nothing there,
 * or a zero.
 */
function hasOtherEnd({ bytes, ended }: RawLine, head: Head, keys: Keys): boolean {
  return !ended && bytes.at(-1) !== 0 && !('wrong' in decodeLine(bytes.subarray(0, -1), head, keys));
}
