// How many calls of each kind were made to Defender in the last hour, kept in the data folder: Microsoft counts
// on when a process ends, so its successor must not begin at nothing. A line says how many were made since the
// line before it: a file that is replaced whole needs its folder synced each time, which blocks.
import { join } from 'node:path';
import { callKinds, callsPerHour } from '../../liveResponse/pacing/callRates.ts';
import type { CallKind } from '../../liveResponse/pacing/callRates.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { field, recordOf } from '../../liveResponse/text/json.ts';
import type { Disk } from './journal/disk.ts';
import { diskWords } from './journal/disk.ts';
import { parsedJson, replaceFile, textIn } from './outputStore.ts';

/** The file, in the data folder. */
export const callCountsFile = 'call-counts.ndjson';
/** It is written so often at most, in milliseconds of the disk's clock. Ours. */
export const countsWrittenEvery = 3_000;

const minute = 60_000;
const hour = 60 * minute;
/** Lines after which it is written again without what is older than an hour. */
const mostLines = 4_000;
/** No line speaks of more calls: more than anybody can make within a minute. */
const mostInOne = 10_000;
/** Wall clock and elapsed time drift apart by less than this, unless somebody set the clock. Milliseconds. */
const drift = 500;
const header = `${JSON.stringify({ format: 1 })}\n`;

type Counts = ReadonlyMap<CallKind, number>;

/** Calls that were made at `at` or shortly before it. */
interface Made {
  /** In elapsed time. */
  readonly at: number;
  readonly counts: Counts;
  /** Nobody counted them: a process may have made so many after its last line. */
  readonly assumed: boolean;
}

export interface CallCountsOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The documented rate, or a smaller one that was set. */
  readonly callsPerMinute: number;
}

export class CallCounts {
  readonly #options: CallCountsOptions;
  readonly #path: string;
  readonly #stopped = new AbortController();
  /** Oldest first. */
  #made: Made[] = [];
  #since = new Map<CallKind, number>();
  #writing: Promise<void> | undefined;
  /** What is on disk cannot be appended to. */
  #whole = true;
  #lines = 0;
  /** How far the wall clock was ahead of elapsed time when the file was last written whole. */
  #ahead = 0;
  #until = 0;
  /** Why it could not be written; the log has that already. */
  #said: string | undefined;

  /** Reads what earlier processes did. Nothing of it ever fails: without the file, no call is known. */
  constructor(options: CallCountsOptions) {
    this.#options = options;
    this.#path = join(options.folder, callCountsFile);
    try {
      this.#load();
    } catch (error) {
      options.log.warn('callCountsNotRead', { file: callCountsFile, error });
    }
  }

  /** When the last line of earlier processes was written, epoch milliseconds; 0 where there is none. */
  get until(): number {
    return this.#until;
  }

  /** A call of this kind is sent now. */
  made(kind: CallKind): void {
    this.#since.set(kind, (this.#since.get(kind) ?? 0) + 1);
    if (!this.#stopped.signal.aborted)
      this.#writing ??= this.#keep().finally(() => (this.#writing = undefined));
  }

  /** When calls of the last hour were made, in elapsed time; as many as the limit of an hour, the newest. */
  times(kind: CallKind): readonly number[] {
    const times: number[] = [];
    for (const { at, counts } of this.#made.toReversed())
      for (let left = counts.get(kind) ?? 0; left > 0 && times.length < callsPerHour; left -= 1)
        times.push(at);
    return times;
  }

  /** Writes down what is left. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#writing;
    if (this.#isBehind()) await this.#write();
  }

  #isBehind(): boolean {
    return this.#since.size > 0 || this.#said !== undefined;
  }

  async #keep(): Promise<void> {
    const { disk } = this.#options;
    // The call that is counted here goes out first.
    await disk.letOthersWork();
    while (this.#isBehind() && !this.#stopped.signal.aborted) {
      await this.#write();
      await disk.clock.sleep(countsWrittenEvery, this.#stopped.signal);
    }
  }

  async #write(): Promise<void> {
    const { clock, log } = this.#options;
    const at = clock.elapsed();
    const newest: Made = { at, counts: this.#since, assumed: false };
    if (newest.counts.size > 0) this.#made.push(newest);
    this.#since = new Map();
    this.#made = this.#made.filter((one) => one.at > at - hour);
    try {
      if (this.#whole || this.#lines >= mostLines || this.#wasSet()) await this.#replace();
      else await this.#append(lineOf(newest, this.#ahead));
      if (this.#said !== undefined) log.info('callCountsWrittenAgain', { file: callCountsFile });
      this.#said = undefined;
    } catch (error) {
      // Half a line may be there, and what it said is to be written with the next.
      this.#whole = true;
      const why = diskWords(error);
      if (this.#said === undefined) log.error('callCountsNotWritten', { file: callCountsFile, why });
      this.#said = why;
    }
  }

  /** Since the file was written whole, the wall clock was set: its times are told again by the new one. */
  #wasSet(): boolean {
    return Math.abs(this.#aheadNow() - this.#ahead) > drift;
  }

  #aheadNow(): number {
    const { clock } = this.#options;
    return clock.now() - clock.elapsed();
  }

  async #replace(): Promise<void> {
    const { disk, folder } = this.#options;
    const ahead = this.#aheadNow();
    const lines = this.#made.map((one) => lineOf(one, ahead));
    await replaceFile(disk, this.#path, `${header}${lines.join('')}`);
    // Only where it is written whole, so that a power cut does not bring back the one before it.
    disk.syncFolder(folder);
    this.#whole = false;
    this.#lines = lines.length;
    this.#ahead = ahead;
  }

  async #append(line: string): Promise<void> {
    const file = this.#options.disk.open(this.#path, 'append');
    try {
      file.append(Buffer.from(line));
      await file.flush();
    } finally {
      file.close();
    }
    this.#lines += 1;
  }

  #load(): void {
    const { disk, clock, log } = this.#options;
    const text = textIn(disk, this.#path);
    const found = text === undefined ? undefined : linesIn(text);
    if (found === undefined) {
      const why = text === undefined ? 'there is no such file' : 'it is no file of this version';
      log[text === undefined ? 'info' : 'warn']('callCountsUnknown', { file: callCountsFile, why });
      return;
    }
    const { lines, unread } = found;
    if (unread > 0) log.warn('callCountsUnread', { file: callCountsFile, lines: unread });
    const [now, elapsed] = [clock.now(), clock.elapsed()];
    this.#until = Math.min(now, Math.max(0, ...lines.map(({ at }) => at)));
    this.#made = lines
      .map((line) => ({ ...line, at: elapsed - Math.max(0, now - line.at) }))
      .filter(({ at }) => at > elapsed - hour)
      .sort((one, other) => one.at - other.at);
    this.#assume(elapsed);
  }

  /**
   * The process before this one may have made calls after its last line: as many as the rate allows between two
   * lines, of each kind it had called. A minute's worth of them at most, or a process that cannot start and is
   * started again and again would use up the hour.
   */
  #assume(now: number): void {
    const { callsPerMinute } = this.#options;
    const most = Math.ceil((callsPerMinute * countsWrittenEvery) / minute);
    const counts = new Map<CallKind, number>();
    for (const kind of callKinds) {
      const called = this.#made.filter((one) => one.counts.has(kind));
      const assumed = called.reduce((sum, one) => sum + (one.assumed ? (one.counts.get(kind) ?? 0) : 0), 0);
      const more = Math.min(most, callsPerMinute - assumed);
      if (called.length > 0 && more > 0) counts.set(kind, more);
    }
    if (counts.size > 0) this.#made.push({ at: now, counts, assumed: true });
  }
}

/** As `Made`, but in epoch milliseconds. */
type Line = Made;

function lineOf({ at, counts, assumed }: Made, ahead: number): string {
  // Kinds are plain words. After an hour of calls there are thousands of lines, and all are written again at times.
  let line = `{"at":${Math.round(at + ahead)}`;
  for (const [kind, count] of counts) line += `,"${kind}":${count}`;
  return `${line}${assumed ? ',"assumed":true' : ''}}\n`;
}

/** Undefined where the file is not one of ours. Half a last line is one that a crash cut off, and counts not. */
function linesIn(text: string): { readonly lines: readonly Line[]; readonly unread: number } | undefined {
  if (!text.startsWith(header)) return undefined;
  const all = text.slice(header.length, text.lastIndexOf('\n') + 1).split('\n');
  const read = all.slice(0, -1).map(readLine);
  const lines = read.filter((line) => line !== undefined);
  return { lines, unread: read.length - lines.length };
}

function readLine(text: string): Line | undefined {
  const value = recordOf(parsedJson(text));
  const at = field(value, 'at');
  if (typeof at !== 'number') return undefined;
  const counts = new Map<CallKind, number>();
  for (const kind of callKinds) {
    const count = value[kind] ?? 0;
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > mostInOne)
      return undefined;
    if (count > 0) counts.set(kind, count);
  }
  return { at, counts, assumed: value['assumed'] === true };
}
