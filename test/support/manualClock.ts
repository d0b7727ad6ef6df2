// A clock that stands still until a test moves it. Sleepers wake in the order they are due, and what they go
// on to do runs before the next one wakes.
import type { Clock } from '../../src/liveResponse/ports.ts';

export interface ManualClock extends Clock {
  /**
   * Moves time on by `ms`, waking whoever is due on the way; resolves when everything they went on to do has
   * come to rest.
   */
  advance(ms: number): Promise<void>;
  /**
   * When all has come to rest: moves time on to the next sleeper, by `ms` at most, and wakes it; resolves as
   * `advance` does.
   */
  step(ms: number): Promise<void>;
  /** Sets the wall clock by `ms`, as somebody at the machine may: no pause gets shorter or longer by it. */
  jump(ms: number): void;
  /**
   * The machine slept for `ms`: the wall clock went on, and the monotonic one too where `elapsed` says so
   * (systems differ in it). Nobody has woken yet.
   */
  suspend(ms: number, elapsed: boolean): void;
  /**
   * Resolves as `work` does; whenever all else has come to rest before, time moves on to the next sleeper.
   */
  during<T>(work: Promise<T>): Promise<T>;
  /** Lets promise chains run without moving time. */
  settle(): Promise<void>;
  /** Due times (epoch ms) of those asleep, soonest first. */
  sleepers(): readonly number[];
}

interface Sleeper {
  /** In elapsed time, which no jump touches. */
  readonly due: number;
  readonly wake: () => void;
}

/**
 * Turns of the event loop in which nothing of a test's own should be left waiting; a turn runs whole promise
 * chains and one round of callbacks.
 */
const turns = 4;

async function fewTurns(): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/**
 * @param settle resolves when all has come to rest: a few turns where nothing but promises runs, `quiet`
 * where there are real exchanges and files
 */
export function createManualClock(
  start = Date.UTC(2026, 0, 5, 9, 0, 0),
  settle: () => Promise<void> = fewTurns,
): ManualClock {
  let wall = start;
  let elapsed = 0;
  let asleep: readonly Sleeper[] = [];

  function soonest(until: number): Sleeper | undefined {
    return asleep.reduce<Sleeper | undefined>(
      (best, one) => (one.due <= until && (best === undefined || one.due < best.due) ? one : best),
      undefined,
    );
  }

  return {
    now: () => wall + elapsed,
    elapsed: () => elapsed,
    jump: (ms) => void (wall += ms),
    suspend: (ms, too) => {
      if (too) elapsed += ms;
      else wall += ms;
    },
    during: async (work) => {
      const state = { done: false };
      const ended = (): void => void (state.done = true);
      work.then(ended, ended);
      for (;;) {
        await settle();
        if (state.done) return work;
        const next = soonest(Infinity);
        if (next === undefined) continue;
        elapsed = Math.max(elapsed, next.due);
        next.wake();
      }
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const wake = (): void => {
          asleep = asleep.filter((one) => one !== sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { due: elapsed + Math.max(0, ms), wake };
        asleep = [...asleep, sleeper];
        signal?.addEventListener('abort', wake, { once: true });
      }),
    advance: async (ms) => {
      const until = elapsed + ms;
      await settle();
      for (let next = soonest(until); next !== undefined; next = soonest(until)) {
        elapsed = Math.max(elapsed, next.due);
        next.wake();
        await settle();
      }
      elapsed = until;
      await settle();
    },
    step: async (ms) => {
      const until = elapsed + ms;
      const next = soonest(until);
      elapsed = next === undefined ? until : Math.max(elapsed, next.due);
      next?.wake();
      await settle();
    },
    settle,
    sleepers: () => asleep.map((one) => wall + one.due).sort((a, b) => a - b),
  };
}
