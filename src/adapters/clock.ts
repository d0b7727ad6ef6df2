// Clocks of this machine (the real one, one that runs faster, a time limit for anything awaited), SHA-256
// and random bytes, and system error codes read by shape, because an error may belong to another realm.
import { hash as digest, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import type { Clock, Hash, Random } from '../liveResponse/ports.ts';

/** Longer timers fire at once in Node; a longer sleep is made of several. */
const longestTimer = 2 ** 31 - 1;

async function sleepReal(ms: number, signal?: AbortSignal): Promise<void> {
  for (let left = Math.max(0, ms); ; left -= longestTimer) {
    if (await napped(Math.min(left, longestTimer), signal)) return;
    if (left <= longestTimer) return;
  }
}

/** One timer; true when the signal ended it. */
async function napped(ms: number, signal?: AbortSignal): Promise<boolean> {
  // Many may wait for one signal, such as cards for their turn at a chat. That is not a leak, so Node must
  // not warn of one in the log.
  if (signal !== undefined) setMaxListeners(0, signal);
  try {
    await after(ms, undefined, signal === undefined ? {} : { signal });
    return false;
  } catch (error) {
    if (signal?.aborted === true) return true;
    throw error;
  }
}

/** Wall-clock time. */
export function createClock(): Clock {
  return { now: () => Date.now(), elapsed: () => performance.now(), sleep: sleepReal };
}

export interface ScaledClockOptions {
  readonly speed: number;
  /**
   * Where this clock begins, epoch ms: after a restart, no earlier than any time it has shown before. The
   * real time by default.
   */
  readonly epoch?: number;
  /** The clock underneath. By default one that no change of the machine's wall clock touches. */
  readonly under?: Clock;
}

const steady: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  elapsed: () => performance.now(),
  sleep: sleepReal,
};

export class ScaledClock implements Clock {
  readonly #under: Clock;
  #speed: number;
  /** When the speed last changed, by the clock underneath. */
  #since: number;
  /** What this clock showed at that moment. */
  #shownThen: number;
  #changed = new AbortController();

  constructor({ speed, epoch, under = steady }: ScaledClockOptions) {
    this.#under = under;
    this.#speed = checked(speed);
    this.#since = under.now();
    this.#shownThen = epoch ?? this.#since;
  }

  /** Whole milliseconds, as every clock gives: `floor` never runs backwards where the exact time does not. */
  now(): number {
    return Math.floor(this.elapsed());
  }

  /** The clock underneath does not jump, so this time does not either. */
  elapsed(): number {
    return this.#shownThen + (this.#under.now() - this.#since) * this.#speed;
  }

  /** Milliseconds of this clock per real one; 0 stops it. */
  speed(): number {
    return this.#speed;
  }

  /** Time continues from where it is, and sleepers are woken accordingly. */
  setSpeed(next: number): void {
    const wanted = checked(next);
    this.#shownThen = this.elapsed();
    this.#since = this.#under.now();
    this.#speed = wanted;
    const before = this.#changed;
    this.#changed = new AbortController();
    before.abort();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const due = this.elapsed() + ms;
    while (signal?.aborted !== true) {
      const left = due - this.elapsed();
      if (left <= 0) return;
      const changed = this.#changed.signal;
      const wake = signal === undefined ? changed : AbortSignal.any([changed, signal]);
      // Rounded up: after a timer that ends a fraction early, another sleep would be needed.
      await this.#under.sleep(this.#speed === 0 ? longestTimer : Math.ceil(left / this.#speed), wake);
    }
  }
}

function checked(speed: number): number {
  if (!Number.isFinite(speed) || speed < 0) throw new RangeError(`a clock cannot run at speed ${speed}`);
  return speed;
}

/** Why the time limit of something that ended needs no timer any more. */
const done = 'done';

/** Thrown by `within` when the time is up. */
export class TookTooLong extends Error {
  readonly code = 'tookTooLong';
  constructor(what: string, ms: number) {
    super(`${what} took longer than ${ms} ms`);
    this.name = 'TookTooLong';
  }
}

/**
 * Limits how long something is awaited. A result or an error that comes later is ignored.
 * @throws TookTooLong, or what the work throws
 */
export async function within<T>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  what: string,
  work: Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  try {
    return await Promise.race([
      work,
      clock.sleep(ms, stop.signal).then(() => {
        throw new TookTooLong(what, ms);
      }),
    ]);
  } finally {
    // With a reason of its own: without one an exception is made, with its stack, for each time limit.
    stop.abort(done);
  }
}

export const hash: Hash = { sha256: (text) => digest('sha256', text, 'hex') };

export const random: Random = { hex: (bytes) => randomBytes(bytes).toString('hex') };

/** The system's code of an error; empty when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Whether a file or folder does not exist. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/**
 * The code of a connection that failed; empty when there is none. Where several addresses were tried (an
 * AggregateError), the first attempt counts.
 */
export function networkCodeOf(error: unknown): string {
  const own = codeOf(error);
  if (own !== '' || typeof error !== 'object' || error === null || !('errors' in error)) return own;
  return Array.isArray(error.errors) ? networkCodeOf(error.errors[0]) : '';
}
