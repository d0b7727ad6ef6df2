// A simulated process: its clock, and whether it still runs. What it asked for before it was killed never comes
// back to it.
import { setMaxListeners } from 'node:events';
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

interface Watcher {
  readonly wake: () => void;
}

export class Process implements Owner {
  readonly name: string;
  readonly #schedule: Schedule;
  readonly #jumped: () => number;
  #alive = true;
  #watchers: readonly Watcher[] = [];
  readonly #idlers = new Map<number, Set<() => void>>();

  /** @param jumped by how many milliseconds the machine's clock was set so far */
  constructor(name: string, schedule: Schedule, jumped: () => number) {
    this.name = name;
    this.#schedule = schedule;
    this.#jumped = jumped;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** kill -9. */
  kill(): void {
    this.#alive = false;
    this.#watchers = [];
    this.#schedule.drop(this);
  }

  /** Bound to this process, whatever process comes after it. As in Node, no timer is shorter than a millisecond. */
  readonly clock: Clock = {
    now: () => Math.floor(this.#schedule.trueTime() + this.#jumped()),
    elapsed: () => this.#schedule.elapsed(),
    sleep: (ms, signal) =>
      ms >= idle ? this.#idle(ms, signal) : this.#sleep(Math.max(1, Math.ceil(ms)), signal),
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
    const watchers = this.#watchers;
    this.#watchers = [];
    this.#schedule.after(1_000, this, () => {
      for (const one of watchers) one.wake();
    });
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

  #idle(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#alive) return never();
    if (signal?.aborted === true) return Promise.resolve();
    if (signal !== undefined) setMaxListeners(0, signal);
    const due = Math.ceil((this.#schedule.elapsed() + ms) / together) * together;
    return new Promise((resolve) => {
      const wake = (): void => {
        sleepers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleepers = this.#idlers.get(due) ?? this.#idlersAt(due);
      sleepers.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  #idlersAt(due: number): Set<() => void> {
    const sleepers = new Set<() => void>();
    this.#idlers.set(due, sleepers);
    this.#schedule.after(due - this.#schedule.elapsed(), this, () => {
      this.#idlers.delete(due);
      for (const wake of [...sleepers]) wake();
    });
    return sleepers;
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#alive) return never();
    if (signal?.aborted === true) return Promise.resolve();
    if (signal !== undefined) setMaxListeners(0, signal);
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        signal?.removeEventListener('abort', wake);
        if (this.#alive) resolve();
      };
      const cancel = this.#schedule.after(ms, this, wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  #watch(signal?: AbortSignal): Promise<void> {
    if (!this.#alive) return never();
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const watcher: Watcher = {
        wake: () => {
          this.#watchers = this.#watchers.filter((one) => one !== watcher);
          signal?.removeEventListener('abort', watcher.wake);
          resolve();
        },
      };
      this.#watchers = [...this.#watchers, watcher];
      signal?.addEventListener('abort', watcher.wake, { once: true });
    });
  }
}
