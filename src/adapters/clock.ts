// The real clock, and one that runs faster for demonstrations and long simulated stories.
import { setMaxListeners } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import type { Clock } from '../liveResponse/ports.ts';

/** Longer timers fire at once in Node; such a sleep is slept in pieces. */
const longestTimer = 2 ** 31 - 1;

async function sleepReal(ms: number, signal?: AbortSignal): Promise<void> {
  for (let left = Math.max(0, ms); ; left -= longestTimer) {
    if (await napped(Math.min(left, longestTimer), signal)) return;
    if (left <= longestTimer) return;
  }
}

/** One timer; true when the signal ended it. */
async function napped(ms: number, signal?: AbortSignal): Promise<boolean> {
  // Many may wait for one signal, such as cards for their turn at a chat: no leak, and no warning of one in
  // the log.
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

export interface ScaledClock extends Clock {
  /**
   * Milliseconds of this clock per real one; 0 stands still. Time goes on from where it is, and sleepers are
   * woken accordingly.
   */
  setSpeed(speed: number): void;
  speed(): number;
}

export interface ScaledClockOptions {
  readonly speed: number;
  /**
   * Where this clock begins, epoch ms: after a restart, no earlier than anything it has told before. Default:
   * the real time.
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

export function createScaledClock({ speed: first, epoch, under = steady }: ScaledClockOptions): ScaledClock {
  let speed = checked(first);
  let since = under.now();
  let told = epoch ?? since;
  let changed = new AbortController();

  const exact = (): number => told + (under.now() - since) * speed;

  return {
    // Whole milliseconds, as of every clock: floor never runs backwards where the exact time does not.
    now: () => Math.floor(exact()),
    // Told by a clock underneath that does not jump, so it does not either.
    elapsed: exact,
    speed: () => speed,
    setSpeed: (next) => {
      const wanted = checked(next);
      told = exact();
      since = under.now();
      speed = wanted;
      const before = changed;
      changed = new AbortController();
      before.abort();
    },
    sleep: async (ms, signal) => {
      const due = exact() + ms;
      while (signal?.aborted !== true) {
        const left = due - exact();
        if (left <= 0) return;
        const wake = signal === undefined ? changed.signal : AbortSignal.any([changed.signal, signal]);
        // Rounded up: a timer that ends a fraction early would have to be slept again.
        await under.sleep(speed === 0 ? longestTimer : Math.ceil(left / speed), wake);
      }
    },
  };
}

function checked(speed: number): number {
  if (!Number.isFinite(speed) || speed < 0) throw new RangeError(`a clock cannot run at speed ${speed}`);
  return speed;
}
