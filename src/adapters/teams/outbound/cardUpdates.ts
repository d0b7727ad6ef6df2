// Card updates in Teams, no more often than a channel takes without flickering: newest state only, and one
// call in flight for each card.
import type { Clock } from '../../../liveResponse/ports.ts';

/** Least time between two drawings of one card: a channel flickers below 2 to 3 s. Milliseconds. */
export const updateGap = 2_000;

interface Waiting<V> {
  view: V;
  readonly done: Promise<void>;
}

export class CardUpdates<V> {
  readonly #clock: Clock;
  readonly #last = new Map<string, number>();
  readonly #waiting = new Map<string, Waiting<V>>();
  readonly #flying = new Map<string, Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when `view`, or a newer one handed in meanwhile, has been drawn. */
  update(key: string, view: V, draw: (view: V) => Promise<void>): Promise<void> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.view = view;
      return waiting.done;
    }
    // Registered before it starts, so that what comes while it waits replaces its view.
    const next: { view: V; done: Promise<void> } = { view, done: Promise.resolve() };
    this.#waiting.set(key, next);
    next.done = this.#draw(key, next, draw);
    return next.done;
  }

  /** A card was drawn by being posted. */
  posted(key: string): void {
    this.#touch(key);
  }

  async #draw(key: string, next: Waiting<V>, draw: (view: V) => Promise<void>): Promise<void> {
    // A failure of the one before is its own caller's.
    await Promise.allSettled([this.#flying.get(key)]);
    const pause = (this.#last.get(key) ?? -Infinity) + updateGap - this.#clock.elapsed();
    if (pause > 0) await this.#clock.sleep(pause);
    this.#waiting.delete(key);
    const flight = draw(next.view);
    this.#flying.set(key, flight);
    try {
      await flight;
    } finally {
      if (this.#flying.get(key) === flight) this.#flying.delete(key);
      this.#touch(key);
    }
  }

  #touch(key: string): void {
    const now = this.#clock.elapsed();
    this.#last.set(key, now);
    if (this.#last.size > 5_000)
      for (const [one, at] of this.#last) if (at < now - updateGap) this.#last.delete(one);
  }
}
