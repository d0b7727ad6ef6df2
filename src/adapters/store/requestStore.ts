// The request store over journal and snapshot: one change at a time, on disk before it is in memory, and memory that equals what a restart would read.
import type { Changed, Clock, Decision, Freeze, HouseEvent, Log, RequestStore } from '../../liveResponse/ports.ts';
import type { Asked, Event, Request } from '../../liveResponse/request.ts';
import { createClock } from '../clock.ts';
import { auditSteps } from './audit.ts';
import type { Disk } from './disk.ts';
import { diskWords, realDisk } from './disk.ts';
import { createHouse, overlong } from './house.ts';
import { openJournal } from './journal.ts';
import type { Lock } from './lock.ts';
import { lockFolder } from './lock.ts';
import { createSnapshots, hasSnapshot, snapshotOf } from './snapshot.ts';

export interface StoreOptions {
  /** The data folder; made if need be, mode 0700. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk?: Disk;
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
  /** False until the older journal files were checked after the start. */
  readonly audited: boolean;
}

export type StoreListener = (request: Request, event: Event) => void;

export interface Store extends RequestStore {
  /** Takes a last snapshot, unless the disk is slow, and gives the folder back. */
  close(): Promise<void>;
  health(): StoreHealth;
  /** While in trouble: tries whether writing works again, without writing a line. For the loop, which stops asking the store to change. */
  recover(): Promise<boolean>;
  /** Times (epoch ms, oldest first) at or after `since` of claims, each of which may have become a POST. Reaches back two hours. */
  submissionTimes(since: number): readonly number[];
  /** The same for minted links. */
  linkTimes(since: number): readonly number[];
  /** `listener` is called after each durable change of a request, in order, never within the change. Answers how to stop. */
  subscribe(listener: StoreListener): () => void;
  /** What the check of the older journal files found wrong, in words; undefined while it runs or when all is well. */
  auditBreak(): string | undefined;
  /** Resolves when that check has ended. */
  audited(): Promise<void>;
}

const day = 24 * 60 * 60 * 1000;
/** A line that takes longer to become durable: on such a disk the last snapshot is left out, since it waits for the disk several times. Milliseconds. */
const slowLine = 500;

/** @throws FolderInUse, JournalBroken, or the system's error */
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
  const { dir, clock, log, disk, snapshotEvery = 1000, keepMs = 30 * day, keepMost = 10_000, patience = createClock() } = options;
  const snapshots = createSnapshots({ disk, folder: dir, log, breathe });
  await snapshots.read();
  const start = snapshots.data;
  const house = createHouse(start.house);
  let sinceSnapshot = 0;
  const journal = openJournal({
    disk,
    folder: dir,
    log,
    after: start.head,
    mustExist: hasSnapshot(disk, dir),
    onEntry: (entry) => {
      house.accept(entry, house.foresee(entry));
      sinceSnapshot += 1;
    },
  });
  archive();
  log.info('storeOpened', { seq: journal.head().seq, snapshotSeq: start.head.seq, requests: house.requests().length, open: house.open().length });

  const listeners = new Set<StoreListener>();
  let snapshotSeq = start.head.seq;
  let taking: Promise<void> | undefined;
  let deciding = false;
  /** Settles when the newest task of `inTurn` has ended. */
  let last: Promise<void> = Promise.resolve();
  let closing = false;
  /** What the newest line took to become durable. Milliseconds. */
  let lineTook = 0;
  let broken: string | undefined;
  let audited = false;

  function archive(): void {
    house.forget(overlong(house.requests(), clock.now(), keepMs, keepMost));
  }

  async function takeSnapshot(): Promise<void> {
    try {
      await inTurn(() => {
        archive();
        journal.rotate();
        snapshots.data = snapshotOf(journal.head(), clock.now(), house.state());
        sinceSnapshot = 0;
      });
      await snapshots.write();
      snapshotSeq = snapshots.data.head.seq;
      log.info('snapshotTaken', { seq: snapshotSeq });
    } catch (error) {
      // Nothing is lost by it, the journal has everything: a start only takes longer. The next try comes with the next thousand lines.
      sinceSnapshot = 0;
      log.warn('snapshotFailed', { why: diskWords(error) });
    }
  }

  /**
   * Runs a task after all that were asked for before it have ended: whoever called first is done first, and nothing comes between what a
   * decision saw and what it writes, however long the disk takes.
   */
  function inTurn<T>(task: () => T | Promise<T>): Promise<T> {
    // Behind itself it would wait for ever, and before itself slip in between.
    if (deciding) return Promise.reject(new Error('the store was asked to change something from within a decision'));
    const done = last.then(task);
    last = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async function write(at: number, id: string | null, event: Event | HouseEvent): Promise<Request | undefined> {
    const line = journal.prepare(at, id, event);
    // Folded before it is written: an illegal move must leave no line, and a line must never fail to fold.
    const next = house.foresee(line.entry);
    const began = patience.elapsed();
    await journal.commit(line);
    lineTook = patience.elapsed() - began;
    house.accept(line.entry, next);
    sinceSnapshot += 1;
    const { entry } = line;
    if (next !== undefined && entry.request !== null) queueMicrotask(() => tell(next, entry.event));
    if (sinceSnapshot >= snapshotEvery && taking === undefined && !closing) {
      taking = breathe()
        .then(takeSnapshot)
        .finally(() => {
          taking = undefined;
        });
    }
    return next;
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

  async function written(at: number, id: string, event: Event): Promise<Request> {
    const next = await write(at, id, event);
    if (next === undefined) throw new Error(`"${event.type}" made nothing of request ${id}`);
    return next;
  }

  function decideOnce<No>(current: Request, now: number, decide: (request: Request, now: number) => Decision<No>): Decision<No> {
    deciding = true;
    try {
      return decide(current, now);
    } finally {
      deciding = false;
    }
  }

  async function auditOlder(): Promise<void> {
    try {
      const report = await paced(auditSteps({ disk, folder: dir, snapshot: start, onlyOlder: true }), () => closing);
      if (report?.wrong === undefined) return;
      broken = report.wrong.sentence;
      log.error('auditBreak', { file: report.wrong.file, line: report.wrong.line, wrong: report.wrong.sentence });
    } catch (error) {
      broken = `The older journal files could not be checked: ${diskWords(error)}`;
      log.error('auditFailed', { why: diskWords(error) });
    } finally {
      audited = true;
    }
  }
  const auditing = start.head.seq === 0 ? breathe().then(() => { audited = true; }) : auditOlder();

  return {
    add: <No = never>(asked: Asked, objection?: () => No | undefined): Promise<{ readonly added: Request } | { readonly existing: Request } | { readonly no: No }> =>
      inTurn(async () => {
        const existing = house.byOrigin(asked.origin);
        if (existing !== undefined) return { existing };
        const no = objection?.();
        if (no !== undefined) return { no };
        journal.ready();
        return { added: await written(clock.now(), asked.id, { type: 'asked', asked }) };
      }),
    change: <No>(id: string, decide: (request: Request, now: number) => Decision<No>): Promise<Changed<No> | { readonly no: 'unknownRequest' }> =>
      inTurn(async () => {
        const current = house.get(id);
        if (current === undefined) return { no: 'unknownRequest' as const };
        // Before the decision, so that none is made that could not be written anyway.
        journal.ready();
        const now = clock.now();
        const decision = decideOnce(current, now, decide);
        if ('no' in decision) return { no: decision.no };
        return { request: await written(now, id, decision.event) };
      }),
    note: (event: HouseEvent) =>
      inTurn(async () => {
        journal.ready();
        await write(clock.now(), null, event);
      }),
    get: (id) => house.get(id),
    byOrigin: (origin) => house.byOrigin(origin),
    open: () => house.open(),
    all: () => house.requests().toReversed(),
    freeze: (): Freeze | undefined => house.freeze(),
    announcedFreeze: (): Freeze | undefined => house.announcedFreeze(),
    lastPolicy: () => house.lastPolicy(),
    trouble: () => journal.trouble(),
    recover: () => inTurn(() => journal.recover()),
    submissionTimes: (since) => house.submissions().filter((time) => time >= since),
    linkTimes: (since) => house.links().filter((time) => time >= since),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    auditBreak: () => broken,
    audited: () => auditing,
    health: () => {
      const { seq, hash } = journal.head();
      const trouble = journal.trouble();
      return {
        seq,
        hash,
        requests: house.count(),
        open: house.open().length,
        snapshotSeq,
        linesSinceSnapshot: sinceSnapshot,
        ...(trouble === undefined ? {} : { trouble }),
        ...(broken === undefined ? {} : { auditBreak: broken }),
        audited,
      };
    },
    close: async () => {
      if (closing) return;
      closing = true;
      // What was asked for before is written first.
      await inTurn(() => undefined);
      await Promise.all([taking, auditing]);
      // The journal has everything; a supervisor that loses its patience meanwhile would kill what is ending well.
      if (lineTook > slowLine) log.warn('snapshotLeftOut', { lineTookMs: Math.round(lineTook) });
      else if (sinceSnapshot > 0 && journal.trouble() === undefined) await takeSnapshot();
      await inTurn(() => journal.close());
      await held.release();
    },
  };
}

function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Drives a check batch by batch, letting the bot work in between; undefined when it was told to stop. */
async function paced<R>(steps: Generator<void, R>, stopped: () => boolean): Promise<R | undefined> {
  for (;;) {
    await breathe();
    if (stopped()) {
      steps.return(undefined as never);
      return undefined;
    }
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
