// The request store over journal and snapshot: one change at a time, on disk before it is in memory, and
// memory that equals what a restart would read.
import type { Low } from 'lowdb';
import type {
  Changed,
  Clock,
  Decision,
  Freeze,
  GlobalEvent,
  LastPolicy,
  Log,
  RequestStore,
} from '../../../liveResponse/ports.ts';
import type { Change, Event } from '../../../liveResponse/request/events.ts';
import type { NewRequest, Request } from '../../../liveResponse/request/request.ts';
import type { Learned } from '../../../liveResponse/tenantLimits.ts';
import { OlderFilesCheck } from '../audit/olderFiles.ts';
import { ChangeQueue } from '../changeQueue.ts';
import type { Projection, RecordState } from '../projection.ts';
import { evictable } from '../projection.ts';
import type { Disk } from './disk.ts';
import { diskWords, realDisk } from './disk.ts';
import type { Journal } from './journal.ts';
import type { Keys } from './keys.ts';
import type { Head, Subject } from './line.ts';
import type { Lock } from './lock.ts';
import type { OpenedFolder, OpeningOptions } from './opening.ts';
import { openFolder } from './opening.ts';
import type { Vault } from './sealing.ts';
import type { Snapshot } from './snapshot.ts';
import { snapshotOf } from './snapshot.ts';

export interface StoreOptions extends OpeningOptions {
  /** Journal lines between two snapshots. */
  readonly snapshotEvery?: number;
  /** Milliseconds after its end in which a request stays in memory; then it is in the journal only. */
  readonly keepMs?: number;
  /** At most so many ended requests stay in memory. */
  readonly keepMost?: number;
}

export interface StoreHealth {
  readonly seq: number;
  readonly hash: string;
  readonly requests: number;
  readonly open: number;
  readonly snapshotSeq: number;
  /** Epoch milliseconds; 0 where none was taken yet. */
  readonly snapshotAt: number;
  readonly linesSinceSnapshot: number;
  readonly trouble?: string;
  readonly auditBreak?: string;
  /** Lines of version 0.1 that were taken over, if any, and since when (epoch milliseconds). */
  readonly takenOver?: RecordState['takenOver'];
  readonly key: string;
  /** False until the older journal files were checked after the start. */
  readonly audited: boolean;
}

export type StoreListener = (request: Request, event: Event) => void;

export interface Store extends RequestStore {
  /** The newest line's number and hash, to be noted down elsewhere. */
  head(): Head;
  keys(): Keys;
  /** Opens what is personal in a journal line. */
  opener(): Pick<Vault, 'open'>;
  /** This start took over a folder of version 0.1: its other files may carry no key either. */
  tookOver(): boolean;
  record(): RecordState;
  /** Random ids of persons in open requests whose keys were lost; only where it was opened without them. */
  lost(): readonly string[];
  /** Random ids of everybody known by this id, account or name. */
  personsNamed(word: string): readonly string[];
  /**
   * Destroys the keys of persons (random ids) and journals it. What is in the memory of this process is not
   * changed: open the store again.
   */
  forget(persons: readonly string[], by: string): Promise<void>;
  /** Takes a last snapshot, unless the disk is slow, and gives the folder back. */
  close(): Promise<void>;
  health(): StoreHealth;
  /**
   * While in trouble: tries whether writing works again, without writing a line. For the loop, which stops
   * asking the store to change.
   */
  recover(): Promise<boolean>;
  /**
   * Times (epoch ms, oldest first) at or after `since` of claims, each of which may have become a POST.
   * Reaches back two hours.
   */
  submissionTimes(since: number): readonly number[];
  /** The same for minted links. */
  linkTimes(since: number): readonly number[];
  /**
   * `listener` is called after each durable change of a request, in order, never within the change. Answers
   * how to stop.
   */
  subscribe(listener: StoreListener): () => void;
  /**
   * What the check of the older journal files found wrong, in words; undefined while it runs or when all is
   * well.
   */
  auditBreak(): string | undefined;
  /** Resolves when that check has ended. */
  audited(): Promise<void>;
}

const day = 24 * 60 * 60 * 1000;
/**
 * A line that takes longer to become durable: on such a disk the last snapshot is left out, since it waits
 * for the disk several times. Milliseconds.
 */
const slowLine = 500;

/** @throws FolderInUse, JournalBroken, OtherKey, NotAnchored, KeyFileError, or the system's error */
export async function openStore(given: StoreOptions): Promise<Store> {
  const { dir, log, disk = realDisk } = given;
  const options = { ...given, disk };
  disk.makeFolder(dir);
  const held = await disk.lock(dir, log);
  try {
    return new JournalStore(options, await openFolder(options), held);
  } catch (error) {
    await held.release();
    throw error;
  }
}

class JournalStore implements Store {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #disk: Disk;
  readonly #snapshotEvery: number;
  readonly #keepMs: number;
  readonly #keepMost: number;
  readonly #held: Lock;
  readonly #opened: OpenedFolder;
  readonly #snapshots: Low<Snapshot>;
  readonly #journal: Journal;
  readonly #projection: Projection;
  readonly #check: OlderFilesCheck;
  readonly #queue = new ChangeQueue();
  readonly #listeners = new Set<StoreListener>();
  #snapshot: { readonly seq: number; readonly at: number };
  #sinceSnapshot: number;
  #taking: Promise<void> | undefined;
  #closing = false;
  /** The memory of this process still holds what was forgotten: no snapshot of it may be taken. */
  #forgot = false;
  /** What the newest line took to become durable. Milliseconds. */
  #lineTook = 0;

  constructor(options: StoreOptions & { readonly disk: Disk }, opened: OpenedFolder, held: Lock) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#disk = options.disk;
    this.#snapshotEvery = options.snapshotEvery ?? 1000;
    this.#keepMs = options.keepMs ?? 30 * day;
    this.#keepMost = options.keepMost ?? 10_000;
    this.#held = held;
    this.#opened = opened;
    this.#snapshots = opened.snapshots;
    this.#journal = opened.journal;
    this.#projection = opened.projection;
    this.#sinceSnapshot = opened.linesRead;
    const start = opened.snapshots.data;
    this.#snapshot = { seq: start.head.seq, at: start.takenAt };
    this.#archive();
    this.#log.info('storeOpened', {
      seq: this.#journal.head().seq,
      snapshotSeq: start.head.seq,
      requests: this.#projection.requests().length,
      open: this.#projection.open().length,
    });
    const older = {
      disk: options.disk,
      folder: options.dir,
      keys: opened.keys,
      people: opened.people,
      snapshot: start,
      onlyOlder: true,
      anchors: opened.anchors.filter(({ seq }) => seq <= start.head.seq),
    };
    this.#check = new OlderFilesCheck(options.log, options.disk, start.head.seq === 0 ? undefined : older);
  }

  add<No = never>(
    made: NewRequest,
    objection?: () => No | undefined,
  ): Promise<{ readonly added: Request } | { readonly existing: Request } | { readonly no: No }> {
    return this.#queue.run(async () => {
      const existing = this.#projection.byOrigin(made.origin);
      if (existing !== undefined) return { existing };
      const no = objection?.();
      if (no !== undefined) return { no };
      this.#journal.ready();
      const added = await this.#written(this.#clock.now(), made.id, {
        event: { type: 'asked', request: made },
      });
      return { added };
    });
  }

  change<No>(
    id: string,
    decide: (request: Request, now: number) => Decision<No>,
  ): Promise<Changed<No> | { readonly no: 'unknownRequest' }> {
    return this.#queue.run(async () => {
      const current = this.#projection.get(id);
      if (current === undefined) return { no: 'unknownRequest' as const };
      // Before the decision, so that none is made that could not be written anyway.
      this.#journal.ready();
      const now = this.#clock.now();
      const decision = this.#queue.decide(() => decide(current, now));
      if ('no' in decision) return { no: decision.no };
      return { request: await this.#written(now, id, decision) };
    });
  }

  note(event: GlobalEvent): Promise<void> {
    return this.#queue.run(async () => {
      this.#journal.ready();
      await this.#write(this.#clock.now(), { request: null }, event);
    });
  }

  forget(persons: readonly string[], by: string): Promise<void> {
    return this.#queue.run(async () => {
      this.#journal.ready();
      // The line comes first: a key that was destroyed without one would be reported as lost. After a crash
      // in between, the next start destroys it.
      await this.#write(this.#clock.now(), { request: null }, { type: 'forgotten', people: persons, by });
      this.#forgot = true;
      this.#opened.people.destroy(persons);
    });
  }

  get(id: string): Request | undefined {
    return this.#projection.get(id);
  }

  byOrigin(origin: string): Request | undefined {
    return this.#projection.byOrigin(origin);
  }

  open(): readonly Request[] {
    return this.#projection.open();
  }

  all(): readonly Request[] {
    return this.#projection.requests().toReversed();
  }

  freeze(): Freeze | undefined {
    return this.#projection.freeze();
  }

  announcedFreeze(): Freeze | undefined {
    return this.#projection.announcedFreeze();
  }

  restores(): readonly number[] {
    return this.#projection.record().restores ?? [];
  }

  lastPolicy(): LastPolicy | undefined {
    return this.#projection.lastPolicy();
  }

  learned(): readonly Learned[] {
    return this.#projection.learned();
  }

  trouble(): string | undefined {
    return this.#journal.trouble();
  }

  recover(): Promise<boolean> {
    return this.#queue.run(() => this.#journal.recover());
  }

  submissionTimes(since: number): readonly number[] {
    return this.#projection.submissions().filter((time) => time >= since);
  }

  linkTimes(since: number): readonly number[] {
    return this.#projection.links().filter((time) => time >= since);
  }

  subscribe(listener: StoreListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  head(): Head {
    return this.#journal.head();
  }

  keys(): Keys {
    return this.#opened.keys;
  }

  opener(): Pick<Vault, 'open'> {
    return this.#opened.people;
  }

  tookOver(): boolean {
    return this.#opened.tookOver;
  }

  record(): RecordState {
    return this.#projection.record();
  }

  lost(): readonly string[] {
    return this.#opened.lost;
  }

  personsNamed(word: string): readonly string[] {
    return this.#opened.people.find(word);
  }

  auditBreak(): string | undefined {
    return this.#check.broken;
  }

  audited(): Promise<void> {
    return this.#check.done;
  }

  health(): StoreHealth {
    const { seq, hash } = this.#journal.head();
    const trouble = this.#journal.trouble();
    const { broken } = this.#check;
    const { takenOver } = this.#projection.record();
    return {
      seq,
      hash,
      requests: this.#projection.count(),
      open: this.#projection.open().length,
      snapshotSeq: this.#snapshot.seq,
      snapshotAt: this.#snapshot.at,
      linesSinceSnapshot: this.#sinceSnapshot,
      ...(trouble === undefined ? {} : { trouble }),
      ...(broken === undefined ? {} : { auditBreak: broken }),
      ...(takenOver === undefined ? {} : { takenOver }),
      key: this.#opened.keys.current.id,
      audited: this.#check.isDone,
    };
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#check.stop();
    // Changes that were asked for earlier are written first.
    await this.#queue.run(() => undefined);
    await Promise.all([this.#taking, this.#check.done]);
    // The journal has everything; a supervisor whose patience runs out meanwhile would kill a process that is
    // ending well.
    if (this.#lineTook > slowLine)
      this.#log.warn('snapshotLeftOut', { lineTookMs: Math.round(this.#lineTook) });
    else if (this.#sinceSnapshot > 0 && this.#journal.trouble() === undefined) await this.#takeSnapshot();
    await this.#queue.run(() => this.#journal.close());
    await this.#held.release();
  }

  #archive(): void {
    const requests = this.#projection.requests();
    this.#projection.forget(evictable(requests, this.#clock.now(), this.#keepMs, this.#keepMost));
  }

  async #takeSnapshot(): Promise<void> {
    if (this.#forgot) return;
    try {
      await this.#queue.run(() => {
        this.#archive();
        this.#journal.rotate();
        this.#snapshots.data = snapshotOf(this.#journal.head(), this.#clock.now(), this.#projection.state());
        this.#sinceSnapshot = 0;
      });
      await this.#snapshots.write();
      const { head, takenAt } = this.#snapshots.data;
      this.#snapshot = { seq: head.seq, at: takenAt };
      this.#log.info('snapshotTaken', { seq: head.seq });
    } catch (error) {
      // Nothing is lost by it, the journal has everything: a start only takes longer. The next try comes with
      // the next thousand lines.
      this.#sinceSnapshot = 0;
      this.#log.warn('snapshotFailed', { why: diskWords(error) });
    }
  }

  async #write(at: number, subject: Subject, event: Event | GlobalEvent): Promise<Request | undefined> {
    const line = this.#journal.prepare(at, subject, event, this.#ownerOf(subject, event));
    // Folded before it is written: an illegal move must leave no line, and a line must never fail to fold.
    const next = this.#projection.preview(line.entry);
    const began = this.#disk.clock.elapsed();
    await this.#journal.commit(line);
    this.#lineTook = this.#disk.clock.elapsed() - began;
    this.#projection.apply(line.entry, next);
    this.#sinceSnapshot += 1;
    const { entry } = line;
    if (next !== undefined && entry.request !== null) queueMicrotask(() => this.#publish(next, entry.event));
    if (this.#sinceSnapshot >= this.#snapshotEvery && this.#taking === undefined && !this.#closing) {
      this.#taking = this.#disk
        .letOthersWork()
        .then(() => this.#takeSnapshot())
        .finally(() => {
          this.#taking = undefined;
        });
    }
    return next;
  }

  /** Whose words an event holds where it names nobody: the requester's. */
  #ownerOf({ request }: Subject, event: Event | GlobalEvent): string | undefined {
    if (request === null) return undefined;
    const { asked } = (event.type === 'asked' ? event.request : this.#projection.get(request)) ?? {};
    return asked?.requester.id;
  }

  #publish(request: Request, event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(request, event);
      } catch (error) {
        this.#log.error('storeListenerFailed', { request: request.id, change: event.type, error });
      }
    }
  }

  async #written(
    at: number,
    id: string,
    { event, session }: Change | { readonly event: Event; readonly session?: undefined },
  ): Promise<Request> {
    const next = await this.#write(at, { request: id, session }, event);
    if (next === undefined) throw new Error(`"${event.type}" made nothing of request ${id}`);
    return next;
  }
}
