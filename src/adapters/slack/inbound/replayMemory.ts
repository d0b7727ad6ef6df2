// Replay memory of Slack: signatures already seen, kept in a small file so that a request recorded before a
// restart cannot be sent again after it.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Keeper, Log } from '../../../liveResponse/ports.ts';
import { messageOf } from '../outbound/slackFailure.ts';
import { signatureMemory } from '../limits.ts';
import { isMissing } from '../../systemErrors.ts';

/** Lines after which the file is written again without what is too old. */
const compactAfter = 5_000;
/** Half of a SHA-256 in hex: enough to be unique, useless to a reader of the file. */
const kept = 32;

export interface ReplayMemoryOptions {
  /** Where its file is kept. */
  readonly folder: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** Only verified signatures may be given to it: others would let anybody fill the file. */
export class ReplayMemory implements Keeper {
  readonly name = 'slack replay memory';
  readonly #options: ReplayMemoryOptions;
  readonly #file: string;
  /** Signature to when it was seen, epoch milliseconds. */
  readonly #seen = new Map<string, number>();
  #lines = 0;
  #trouble: string | undefined;

  /** Reads what an earlier process saw. */
  constructor(options: ReplayMemoryOptions) {
    this.#options = options;
    this.#file = join(options.folder, 'slack-replay.txt');
    for (const line of readOr(this.#file).split('\n')) {
      const found = /^(\d{1,15}) ([0-9a-f]{32})$/.exec(line);
      if (found?.[1] !== undefined && found[2] !== undefined && this.#isFresh(Number(found[1])))
        this.#seen.set(found[2], Number(found[1]));
    }
    this.#compact();
  }

  /** False when this signature was seen before. Remembered on disk before it answers. */
  admit(signature: string): boolean {
    const key = signature.slice(0, kept);
    const at = this.#seen.get(key);
    if (at !== undefined && this.#isFresh(at)) return false;
    const now = this.#options.clock.now();
    this.#seen.set(key, now);
    // Written before the request is acted on; not fsynced, because it must outlive this process and not
    // this machine.
    this.#guard(() => {
      appendFileSync(this.#file, `${now} ${key}\n`, { mode: 0o600 });
    });
    this.#lines += 1;
    if (this.#lines > compactAfter + this.#seen.size / 2) this.#compact();
    return true;
  }

  /** Why the file cannot be written, while it cannot. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  recover(): Promise<boolean> {
    // The whole file: what could not be written down meanwhile is in it.
    this.#compact();
    return Promise.resolve(this.#trouble === undefined);
  }

  #isFresh(at: number): boolean {
    return at > this.#options.clock.now() - signatureMemory;
  }

  #guard(write: () => void): void {
    try {
      write();
      this.#trouble = undefined;
    } catch (error) {
      // Until it can be written again, memory alone guards: the journal recognises a repeated request by
      // itself.
      if (this.#trouble === undefined) this.#options.log.error('slackReplayFileFailed', { error });
      this.#trouble = messageOf(error);
    }
  }

  #compact(): void {
    for (const [signature, at] of this.#seen) if (!this.#isFresh(at)) this.#seen.delete(signature);
    this.#guard(() => {
      mkdirSync(this.#options.folder, { recursive: true });
      const lines = [...this.#seen].map(([signature, at]) => `${at} ${signature}\n`);
      writeFileSync(`${this.#file}.new`, lines.join(''), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    });
    this.#lines = this.#seen.size;
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}
