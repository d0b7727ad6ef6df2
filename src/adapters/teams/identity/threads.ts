// Threads of Teams channels in which requests were asked, so that a card is posted in the thread of its
// request. The bot knows channels only: a policy names those.
import type { Clock } from '../../../liveResponse/ports.ts';
import { RecentMap } from '../../../liveResponse/pacing/sharedReadings.ts';

/** Longest wait of a card for the command that asked for it. Milliseconds. */
const longestWait = 3_000;
const mostKept = 2_000;

export class Threads {
  readonly #clock: Clock;
  readonly #asked = new RecentMap<string, string>(mostKept);
  readonly #running = new Map<string, Set<Promise<unknown>>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a command of a channel; its card may be posted before the answer names the request it made. */
  async during<T>(place: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(place) ?? new Set();
    this.#running.set(place, running);
    // Registered before it starts: its card may be posted from within.
    const promise = Promise.resolve().then(work);
    running.add(promise);
    try {
      return await promise;
    } finally {
      running.delete(promise);
      if (running.size === 0) this.#running.delete(place);
    }
  }

  learn(place: string, requestId: string, thread: string): void {
    this.#asked.set(`${place} ${requestId}`, thread);
  }

  async of(place: string, requestId: string): Promise<string | undefined> {
    const running = this.#running.get(place);
    if (running !== undefined && !this.#asked.has(`${place} ${requestId}`)) {
      const stop = new AbortController();
      await Promise.race([Promise.allSettled(running), this.#clock.sleep(longestWait, stop.signal)]);
      stop.abort();
    }
    return this.#asked.get(`${place} ${requestId}`);
  }
}
