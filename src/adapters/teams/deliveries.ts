// Remembers which deliveries have come in, also over a restart, and keeps a message until it has been answered: Teams sends an activity
// again when it believes it got lost, and we have acknowledged it before the work is done.
import { open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Keeper, Log } from '../../liveResponse/ports.ts';
import { isMissing, replaceFile } from './files.ts';

/** Repeats come within seconds to minutes (msteams-docs#6084, #8998); an hour is the least, six leave room. Milliseconds. */
export const remembered = 6 * 3_600_000;
/** A message left unanswered by a crash is taken up again if no older than this: later, nobody waits for it any more. Milliseconds. */
export const takenUp = 10 * 60_000;
/** Lines after which the file is rewritten. */
const linesKept = 5_000;

interface Line {
  readonly k: string;
  readonly at: number;
  /** The message to be answered, until it is. */
  readonly memo?: unknown;
}

export class Deliveries implements Keeper {
  readonly name = 'teams deliveries';
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #seen = new Map<string, Line>();
  #file: FileHandle | undefined;
  #lines = 0;
  #queue: Promise<void> = Promise.resolve();
  #trouble: string | undefined;

  private constructor(folder: string, clock: Clock, log: Log) {
    this.#path = join(folder, 'teams-deliveries.ndjson');
    this.#clock = clock;
    this.#log = log;
  }

  static async open(folder: string, clock: Clock, log: Log): Promise<Deliveries> {
    const deliveries = new Deliveries(folder, clock, log);
    await deliveries.#load();
    return deliveries;
  }

  /** True once per key. Resolves when the key is on disk, or cannot be: then this process alone remembers it. */
  async first(key: string, memo?: unknown): Promise<boolean> {
    const now = this.#clock.now();
    const known = this.#seen.get(key);
    if (known !== undefined && known.at > now - remembered) return false;
    const line = { k: key, at: now, ...(memo === undefined ? {} : { memo }) };
    this.#seen.delete(key);
    this.#seen.set(key, line);
    await this.#append(line);
    return true;
  }

  /** The message of this key has been answered. */
  async done(key: string): Promise<void> {
    const line = this.#seen.get(key);
    if (line?.memo === undefined) return;
    const answered = { k: line.k, at: line.at };
    this.#seen.set(key, answered);
    await this.#append(answered);
  }

  /** Messages that a crash left unanswered, oldest first. */
  unanswered(): readonly unknown[] {
    const since = this.#clock.now() - takenUp;
    return [...this.#seen.values()].flatMap((line) => (line.memo === undefined || line.at < since ? [] : [line.memo]));
  }

  /** Writes the whole file again: half a line may stand at its end, and what could not be written is in memory alone. */
  async recover(): Promise<boolean> {
    this.#queue = this.#queue.then(async () => {
      try {
        await this.#rewrite();
        this.#trouble = undefined;
      } catch (error) {
        this.#log.warn('teamsDeliveriesNotRewritten', { error });
      }
    });
    await this.#queue;
    return this.#trouble === undefined;
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #load(): Promise<void> {
    let text = '';
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    for (const one of text.split('\n')) {
      const line = lineOf(one);
      if (line !== undefined) {
        this.#seen.delete(line.k);
        this.#seen.set(line.k, line);
      }
    }
    await this.#rewrite();
  }

  #append(line: Line): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      try {
        await this.#write(line);
        this.#trouble = undefined;
      } catch (error) {
        // The store knows every request by its delivery as well: a second card cannot come of this.
        this.#trouble = 'deliveries cannot be written down';
        this.#log.error('teamsDeliveryNotWritten', { error });
      }
    });
    return this.#queue;
  }

  async #write(line: Line): Promise<void> {
    // After a failure the line before may be torn, and a file that could not be made anew is not open.
    if (this.#trouble !== undefined || this.#file === undefined || this.#lines >= linesKept) {
      await this.#rewrite();
      return;
    }
    await this.#file.write(`${JSON.stringify(line)}\n`);
    await this.#file.datasync();
    this.#lines += 1;
  }

  async #rewrite(): Promise<void> {
    const since = this.#clock.now() - remembered;
    for (const [key, line] of this.#seen) if (line.at <= since) this.#seen.delete(key);
    await this.#file?.close();
    this.#file = undefined;
    const lines = [...this.#seen.values()].map((line) => `${JSON.stringify(line)}\n`);
    await replaceFile(this.#path, lines.join(''));
    this.#file = await open(this.#path, 'a', 0o600);
    this.#lines = lines.length;
  }
}

/** A torn last line, as after a crash, is skipped. */
function lineOf(text: string): Line | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'k' in value && typeof value.k === 'string' && 'at' in value && typeof value.at === 'number' ? (value as Line) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
