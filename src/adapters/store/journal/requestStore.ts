// The request store over journal and snapshot: one change at a time, on disk before it is in memory, and
// memory that equals what a restart would read.
import type {
  Changed,
  Clock,
  Decision,
  Freeze,
  GlobalEvent,
  Log,
  RequestStore,
} from '../../../liveResponse/ports.ts';
import type { Change, Event } from '../../../liveResponse/request/events.ts';
import type { NewRequest, Request } from '../../../liveResponse/request/request.ts';
import { createClock } from '../../clock.ts';
import { commandFor } from '../../ownCommands.ts';
import { auditSteps } from '../audit/audit.ts';
import type { Disk } from './disk.ts';
import { diskWords, realDisk } from './disk.ts';
import { createProjection, evictable } from '../projection.ts';
import type { RecordState } from '../projection.ts';
import { openJournal } from './journal.ts';
import { JournalBroken } from './journalBroken.ts';
import type { Keys } from './keys.ts';
import { ownKeys } from './keys.ts';
import type { Head, Subject } from './line.ts';
import { decodeLine, noHead } from './line.ts';
import { lineAt, linesOf, segmentName, segmentsIn } from './segments.ts';
import { openPeople } from './people.ts';
import type { Vault } from './sealing.ts';
import { randomId } from './sealing.ts';
import type { Lock } from './lock.ts';
import { lockFolder } from './lock.ts';
import {
  createSnapshots,
  hasSnapshot,
  hasKeyedSnapshot,
  removeUnkeyedSnapshots,
  snapshotOf,
} from './snapshot.ts';

export interface StoreOptions {
  /** The data folder; made if need be, mode 0700. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk?: Disk;
  /**
   * With which everything is authenticated; absent: a key of its own in the folder, which stops accidents
   * only.
   */
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
  /** Takes the lock on the folder; tests without a real folder pass their own. */
  readonly lock?: (dir: string, log: Log) => Promise<Lock>;
  /** Journal lines between two snapshots. */
  readonly snapshotEvery?: number;
  /** Milliseconds after its end in which a request stays in memory; then it is in the journal only. */
  readonly keepMs?: number;
  /** At most so many ended requests stay in memory. */
  readonly keepMost?: number;
  /** By which the disk's speed is measured; the machine's own by default, because its disk knows no other. */
  readonly patience?: Pick<Clock, 'elapsed'>;
}

export interface StoreHealth {
  readonly seq: number;
  readonly hash: string;
  readonly requests: number;
  readonly open: number;
  readonly snapshotSeq: number;
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
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dir, log, disk = realDisk, lock = lockFolder } = options;
  disk.makeFolder(dir);
  const held = await lock(dir, log);
  try {
    return await openLocked({ ...options, disk }, held);
  } catch (error) {
    await held.release();
    throw error;
  }
}

async function openLocked(options: StoreOptions & { readonly disk: Disk }, held: Lock): Promise<Store> {
  const {
    dir,
    clock,
    log,
    disk,
    snapshotEvery = 1000,
    keepMs = 30 * day,
    keepMost = 10_000,
    patience = createClock(),
  } = options;
  const keys = options.keys ?? ownKeys(disk, dir);
  const anchors = (await options.anchors?.(keys)) ?? [];
  const people = openPeople({ disk, folder: dir, keys, log });
  const snapshots = createSnapshots({ disk, folder: dir, log, keys, people, yieldToEventLoop });
  await snapshots.read();
  const start = snapshots.data;
  const house = createProjection(start.house);
  let sinceSnapshot = 0;
  const journal = openJournal({
    disk,
    folder: dir,
    log,
    keys,
    people,
    after: start.head,
    mustExist: hasSnapshot(disk, dir),
    onEntry: (entry) => {
      house.apply(entry, house.preview(entry));
      sinceSnapshot += 1;
    },
  });
  let lost: readonly string[] = [];
  const tookOver = journal.head().key === undefined && journal.head().seq > 0;
  try {
    checkAnchor();
    checkPeople();
    if (tookOver) await takeOver();
  } catch (error) {
    journal.close();
    throw error;
  }
  // What version 0.1 wrote holds in plain words what is sealed from here on, and is never read again.
  removeUnkeyedSnapshots(disk, dir);
  // A restore of the file of keys would undo what was forgotten.
  people.destroy(house.record().forgotten);
  archive();
  log.info('storeOpened', {
    seq: journal.head().seq,
    snapshotSeq: start.head.seq,
    requests: house.requests().length,
    open: house.open().length,
  });

  const listeners = new Set<StoreListener>();
  let snapshotSeq = start.head.seq;
  let taking: Promise<void> | undefined;
  let deciding = false;
  /** Settles when the newest task of `serialized` has ended. */
  let last: Promise<void> = Promise.resolve();
  let closing = false;
  /** The memory of this process still holds what was forgotten: no snapshot of it may be taken. */
  let forgot = false;
  /** What the newest line took to become durable. Milliseconds. */
  let lineTook = 0;
  let broken: string | undefined;
  let audited = false;

  /**
   * A journal that is forged needs the key; one that is older than what somebody saw of it needs nothing but
   * a copy.
   */
  function checkAnchor(): void {
    const anchor = anchors.reduce((most, one) => (one.seq > most.seq ? one : most), noHead);
    if (anchor.seq === 0) return;
    const { seq } = journal.head();
    if (seq < anchor.seq)
      throw new NotAnchored(
        `${segmentWords(seq)}, but line ${anchor.seq} was anchored: lines ${seq + 1} to ${anchor.seq} are missing.`,
        journal.head(),
      );
    const here =
      anchor.seq === seq
        ? journal.head()
        : anchor.seq === start.head.seq
          ? start.head
          : lineAt(disk, dir, anchor.seq);
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
    // A snapshot of another journal with the same key would stand on lines that are not its own; what comes
    // after it was read from there.
    if (
      anchor.seq < start.head.seq &&
      followed(disk, dir, anchor, start.head.seq, keys)?.hash !== start.head.hash
    )
      throw new NotAnchored(
        `The snapshot stands at line ${start.head.seq}, which does not follow from line ${anchor.seq}, which was anchored: it is of another journal.`,
        journal.head(),
      );
  }

  /**
   * Without its key a person cannot be told from another, and the requester of something could approve it.
   */
  function checkPeople(): void {
    const forgotten = new Set(house.record().forgotten);
    lost = [
      ...new Set(
        house
          .open()
          .flatMap((request) => personsIn(request).filter((id) => randomId.test(id) && !forgotten.has(id))),
      ),
    ];
    if (lost.length > 0 && options.withoutLost !== true)
      throw new JournalBroken(
        'people.keys',
        0,
        `${people.found ? 'lacks' : 'is missing, and with it'} the key of ${lost.length === 1 ? 'a person' : 'persons'} (${lost.join(', ')}) in requests that are still open: put it back from its backup`,
      );
  }

  /**
   * Nothing proves what version 0.1 wrote: it becomes part of the record as it is, and what was approved in
   * it is not sent before a person looked.
   */
  async function takeOver(): Promise<void> {
    const { seq, hash } = journal.head();
    if (people.found || hasKeyedSnapshot(disk, dir)) {
      throw new JournalBroken(
        segmentName(1),
        1,
        `carries no key, and neither does any line up to number ${seq}, although this folder was written with one before: an older copy, or not the bot’s own. Restore the folder from its backup`,
      );
    }
    const approved = house.open().filter((request) => request.stage.state !== 'awaitingApproval').length;
    const line = journal.prepare(
      clock.now(),
      { request: null },
      { type: 'takenOver', lines: seq, hash, approved },
    );
    await journal.commit(line);
    house.apply(line.entry, undefined);
    log.warn('journalTakenOver', { lines: seq, head: `${seq}:${hash}`, frozen: approved > 0 });
  }

  function archive(): void {
    house.forget(evictable(house.requests(), clock.now(), keepMs, keepMost));
  }

  async function takeSnapshot(): Promise<void> {
    if (forgot) return;
    try {
      await serialized(() => {
        archive();
        journal.rotate();
        snapshots.data = snapshotOf(journal.head(), clock.now(), house.state());
        sinceSnapshot = 0;
      });
      await snapshots.write();
      snapshotSeq = snapshots.data.head.seq;
      log.info('snapshotTaken', { seq: snapshotSeq });
    } catch (error) {
      // Nothing is lost by it, the journal has everything: a start only takes longer. The next try comes with
      // the next thousand lines.
      sinceSnapshot = 0;
      log.warn('snapshotFailed', { why: diskWords(error) });
    }
  }

  /**
   * Runs a task after all that were asked for before it have ended: whoever called first is done first, and
   * nothing comes between what a decision saw and what it writes, however long the disk takes.
   */
  function serialized<T>(task: () => T | Promise<T>): Promise<T> {
    // Behind itself it would wait for ever, and before itself slip in between.
    if (deciding)
      return Promise.reject(new Error('the store was asked to change something from within a decision'));
    const done = last.then(task);
    last = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async function write(
    at: number,
    subject: Subject,
    event: Event | GlobalEvent,
  ): Promise<Request | undefined> {
    const line = journal.prepare(at, subject, event, ownerOf(subject, event));
    // Folded before it is written: an illegal move must leave no line, and a line must never fail to fold.
    const next = house.preview(line.entry);
    const began = patience.elapsed();
    await journal.commit(line);
    lineTook = patience.elapsed() - began;
    house.apply(line.entry, next);
    sinceSnapshot += 1;
    const { entry } = line;
    if (next !== undefined && entry.request !== null) queueMicrotask(() => tell(next, entry.event));
    if (sinceSnapshot >= snapshotEvery && taking === undefined && !closing) {
      taking = yieldToEventLoop()
        .then(takeSnapshot)
        .finally(() => {
          taking = undefined;
        });
    }
    return next;
  }

  /** Whose words an event holds where it names nobody: the requester's. */
  function ownerOf({ request }: Subject, event: Event | GlobalEvent): string | undefined {
    if (request === null) return undefined;
    const { asked } = (event.type === 'asked' ? event.request : house.get(request)) ?? {};
    return asked?.requester.id;
  }

  function tell(request: Request, event: Event): void {
    for (const listener of listeners) {
      try {
        listener(request, event);
      } catch (error) {
        log.error('storeListenerFailed', { request: request.id, change: event.type, error });
      }
    }
  }

  async function written(
    at: number,
    id: string,
    { event, session }: Change | { readonly event: Event; readonly session?: undefined },
  ): Promise<Request> {
    const next = await write(at, { request: id, session }, event);
    if (next === undefined) throw new Error(`"${event.type}" made nothing of request ${id}`);
    return next;
  }

  function decideOnce<No>(
    current: Request,
    now: number,
    decide: (request: Request, now: number) => Decision<No>,
  ): Decision<No> {
    deciding = true;
    try {
      return decide(current, now);
    } finally {
      deciding = false;
    }
  }

  async function auditOlder(): Promise<void> {
    try {
      const report = await paced(
        auditSteps({
          disk,
          folder: dir,
          keys,
          people,
          snapshot: start,
          onlyOlder: true,
          anchors: anchors.filter(({ seq }) => seq <= start.head.seq),
        }),
        () => closing,
      );
      if (report?.wrong === undefined) return;
      broken = report.wrong.sentence;
      log.error('auditBreak', {
        file: report.wrong.file,
        line: report.wrong.line,
        wrong: report.wrong.sentence,
      });
    } catch (error) {
      broken = `The older journal files could not be checked: ${diskWords(error)}`;
      log.error('auditFailed', { why: diskWords(error) });
    } finally {
      audited = true;
    }
  }
  const auditing =
    start.head.seq === 0
      ? yieldToEventLoop().then(() => {
          audited = true;
        })
      : auditOlder();

  return {
    add: <No = never>(
      made: NewRequest,
      objection?: () => No | undefined,
    ): Promise<{ readonly added: Request } | { readonly existing: Request } | { readonly no: No }> =>
      serialized(async () => {
        const existing = house.byOrigin(made.origin);
        if (existing !== undefined) return { existing };
        const no = objection?.();
        if (no !== undefined) return { no };
        journal.ready();
        return { added: await written(clock.now(), made.id, { event: { type: 'asked', request: made } }) };
      }),
    change: <No>(
      id: string,
      decide: (request: Request, now: number) => Decision<No>,
    ): Promise<Changed<No> | { readonly no: 'unknownRequest' }> =>
      serialized(async () => {
        const current = house.get(id);
        if (current === undefined) return { no: 'unknownRequest' as const };
        // Before the decision, so that none is made that could not be written anyway.
        journal.ready();
        const now = clock.now();
        const decision = decideOnce(current, now, decide);
        if ('no' in decision) return { no: decision.no };
        return { request: await written(now, id, decision) };
      }),
    note: (event: GlobalEvent) =>
      serialized(async () => {
        journal.ready();
        await write(clock.now(), { request: null }, event);
      }),
    get: (id) => house.get(id),
    byOrigin: (origin) => house.byOrigin(origin),
    open: () => house.open(),
    all: () => house.requests().toReversed(),
    freeze: (): Freeze | undefined => house.freeze(),
    announcedFreeze: (): Freeze | undefined => house.announcedFreeze(),
    restores: () => house.record().restores ?? [],
    lastPolicy: () => house.lastPolicy(),
    learned: () => house.learned(),
    trouble: () => journal.trouble(),
    recover: () => serialized(() => journal.recover()),
    submissionTimes: (since) => house.submissions().filter((time) => time >= since),
    linkTimes: (since) => house.links().filter((time) => time >= since),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    head: () => journal.head(),
    keys: () => keys,
    opener: () => people,
    tookOver: () => tookOver,
    record: () => house.record(),
    lost: () => lost,
    personsNamed: (word) => people.find(word),
    forget: (persons, by) =>
      serialized(async () => {
        journal.ready();
        // First the line: a key that was destroyed without one would be told as lost. A crash in between is
        // made good by the next start.
        await write(clock.now(), { request: null }, { type: 'forgotten', people: persons, by });
        forgot = true;
        people.destroy(persons);
      }),
    auditBreak: () => broken,
    audited: () => auditing,
    health: () => {
      const { seq, hash } = journal.head();
      const trouble = journal.trouble();
      const { takenOver } = house.record();
      return {
        seq,
        hash,
        requests: house.count(),
        open: house.open().length,
        snapshotSeq,
        linesSinceSnapshot: sinceSnapshot,
        ...(trouble === undefined ? {} : { trouble }),
        ...(broken === undefined ? {} : { auditBreak: broken }),
        ...(takenOver === undefined ? {} : { takenOver }),
        key: keys.current.id,
        audited,
      };
    },
    close: async () => {
      if (closing) return;
      closing = true;
      // What was asked for before is written first.
      await serialized(() => undefined);
      await Promise.all([taking, auditing]);
      // The journal has everything; a supervisor that loses its patience meanwhile would kill what is ending
      // well.
      if (lineTook > slowLine) log.warn('snapshotLeftOut', { lineTookMs: Math.round(lineTook) });
      else if (sinceSnapshot > 0 && journal.trouble() === undefined) await takeSnapshot();
      await serialized(() => journal.close());
      await held.release();
    },
  };
}

/** The journal does not hold what was anchored. */
export class NotAnchored extends Error {
  readonly code = 'notAnchored';
  constructor(what: string, head: Head) {
    super(
      `The journal was cut, rewound or exchanged. ${what} If somebody did that on purpose, such as by restoring a backup: ${commandFor('audit', `accept ${head.seq}:${head.hash}`)}, which lets the bot start frozen. Otherwise put back the newest copy of the data folder, and find out who did it.`,
    );
    this.name = 'NotAnchored';
  }
}

/**
 * The head after line `to`, each line from behind `from` on verified; undefined where one is missing or does
 * not follow.
 */
function followed(disk: Disk, folder: string, from: Head, to: number, keys: Keys): Head | undefined {
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

function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Drives a check batch by batch, letting the bot work in between; undefined when it was told to stop. */
async function paced<R>(steps: Generator<void, R>, stopped: () => boolean): Promise<R | undefined> {
  for (;;) {
    await yieldToEventLoop();
    if (stopped()) {
      steps.return(undefined as never);
      return undefined;
    }
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
