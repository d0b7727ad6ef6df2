// A simulated process: its clock, and whether it still runs. What it asked for before it was killed never comes
// back to it.
import { setMaxListeners } from 'node:events';
import { longestSleep, recoverEvery } from '../../../src/bot/workers/worker.ts';
import type { Clock } from '../../../src/liveResponse/ports.ts';
import type { Owner, Schedule } from './schedule.ts';

/** Never settles: the answer to somebody who is dead. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/**
 * Idle workers sleep this long or longer. Those that are due within the same few seconds wake together: a day of
 * nothing but idle minutes would cost more than all that happens in it. Milliseconds.
 */
const idle = 30_000;
const together = 5_000;

type Wake = () => void;

/** What is asleep until a signal ends it: one listener for all of them, because each costs more than a sleep. */
const sleepers = new WeakMap<AbortSignal, Set<Wake>>();

function sleepersOf(signal: AbortSignal): Set<Wake> {
  const known = sleepers.get(signal);
  if (known !== undefined) return known;
  const all = new Set<Wake>();
  sleepers.set(signal, all);
  setMaxListeners(0, signal);
  signal.addEventListener(
    'abort',
    () => {
      for (const wake of [...all]) wake();
    },
    { once: true },
  );
  return all;
}

export class Process implements Owner {
  readonly name: string;
  readonly #schedule: Schedule;
  readonly #jumped: () => number;
  #alive = true;
  readonly #watchers = new Set<Wake>();
  readonly #idlers = new Map<number, Set<Wake>>();
  /** Of the look that goes to sleep next: whether it would see something now. */
  #sees: (() => boolean) | undefined;

  /** @param jumped by how many milliseconds the machine's clock was set so far */
  constructor(name: string, schedule: Schedule, jumped: () => number) {
    this.name = name;
    this.#schedule = schedule;
    this.#jumped = jumped;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Sleeps that have not ended: those of workers that are idle, and shorter ones. */
  get sleeping(): number {
    const idle = [...this.#idlers.values()].reduce((count, sleepers) => count + sleepers.size, 0);
    return idle - this.#idlers.size + this.#schedule.waiting(this);
  }

  /** kill -9. */
  kill(): void {
    this.#alive = false;
    this.#watchers.clear();
    this.#schedule.drop(this);
  }

  /** Bound to this process, whatever process comes after it. As in Node, no timer is shorter than a millisecond. */
  readonly clock: Clock = {
    now: () => Math.floor(this.#schedule.trueTime() + this.#jumped()),
    elapsed: () => this.#schedule.elapsed(),
    sleep: (ms, signal) => this.#sleep(ms, signal),
  };

  /**
   * The clock of the worker that looks each second whether time jumped: a look that would see nothing is left out, because
   * a day has 86,400 of them.
   */
  readonly watched: Clock = {
    ...this.clock,
    sleep: (ms, signal) => (ms > 1_000 ? this.clock.sleep(ms, signal) : this.#watch(signal)),
  };

  /** The clock was set: the worker that watches it sees that within a second. */
  clockSet(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    this.#schedule.after(1_000, this, () => {
      for (const wake of watchers) wake();
    });
  }

  /**
   * Said by the look for what is to be tried again, when it found nothing: until there is something, its next
   * looks are left out, but for one in a minute.
   */
  sawNothing(sees: () => boolean): void {
    this.#sees = sees;
  }

  /** Runs later, unless the process is dead by then. */
  later<T>(ms: number, work: () => T): Promise<T> {
    if (!this.#alive) return never();
    return new Promise((resolve, reject) => {
      this.#schedule.after(ms, this, () => {
        try {
          resolve(work());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const whole = Math.max(1, Math.ceil(ms));
    const sees = whole === recoverEvery ? this.#sees : undefined;
    if (sees !== undefined) {
      this.#sees = undefined;
      return this.#slept(signal, (wake) => this.#look(sees, wake));
    }
    return this.#slept(signal, (wake) =>
      whole >= idle ? this.#idle(whole, wake) : this.#schedule.after(whole, this, wake),
    );
  }

  /** @param begin arranges for the usual end of the sleep, and answers how to cancel that */
  #slept(signal: AbortSignal | undefined, begin: (wake: Wake) => Wake): Promise<void> {
    if (!this.#alive) return never();
    if (signal?.aborted === true) return Promise.resolve();
    const all = signal === undefined ? undefined : sleepersOf(signal);
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        all?.delete(wake);
        if (this.#alive) resolve();
      };
      const cancel = begin(wake);
      all?.add(wake);
    });
  }

  #idle(ms: number, wake: Wake): Wake {
    const due = Math.ceil((this.#schedule.elapsed() + ms) / together) * together;
    const all = this.#idlers.get(due) ?? this.#idlersAt(due);
    all.add(wake);
    return () => void all.delete(wake);
  }

  #idlersAt(due: number): Set<Wake> {
    const all = new Set<Wake>();
    this.#idlers.set(due, all);
    this.#schedule.after(due - this.#schedule.elapsed(), this, () => {
      this.#idlers.delete(due);
      for (const wake of [...all]) wake();
    });
    return all;
  }

  #look(sees: () => boolean, wake: Wake): Wake {
    const until = this.#schedule.elapsed() + longestSleep;
    return this.#schedule.when(recoverEvery, this, () => sees() || this.#schedule.elapsed() >= until, wake);
  }

  #watch(signal?: AbortSignal): Promise<void> {
    return this.#slept(signal, (wake) => {
      this.#watchers.add(wake);
      return () => void this.#watchers.delete(wake);
    });
  }
}
