// Write rates of Slack: one message a second in each channel, and so many card updates a minute in the
// workspace. Urgent ones go first.
import type { Clock } from '../../../liveResponse/ports.ts';
import { SlidingWindow } from '../../../liveResponse/pacing/slidingWindow.ts';
import { postGap, updatesPerMinute } from '../limits.ts';

interface Update {
  readonly urgent: boolean;
  readonly go: (turn: boolean) => void;
}

export class WriteRates {
  readonly #clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly #stalledFor: (method: string) => number;
  readonly #stopped = new AbortController();
  /** Messages by channel; idle channels are dropped when there are many. */
  readonly #posts = new Map<string, SlidingWindow>();
  readonly #updates = new SlidingWindow([{ limit: updatesPerMinute, ms: 60_000 }]);
  readonly #queue: Update[] = [];
  #serving = false;

  /**
   * `stalledFor` is how long a 429 holds a method back, so that a turn is given only when it can be used.
   */
  constructor(clock: Pick<Clock, 'elapsed' | 'sleep'>, stalledFor: (method: string) => number) {
    this.#clock = clock;
    this.#stalledFor = stalledFor;
  }

  /** Resolves when a message may be posted in this channel; false when stopped meanwhile. */
  async post(channel: string): Promise<boolean> {
    const now = this.#clock.elapsed();
    const posts = this.#posts;
    if (posts.size > 1_000) for (const [key, window] of posts) if (window.isIdle(now)) posts.delete(key);
    const window = posts.get(channel) ?? new SlidingWindow([{ limit: 1, ms: postGap }]);
    posts.set(channel, window);
    const mine = window.reserve(now + this.#stalledFor('chat.postMessage'));
    if (mine > now) await this.#clock.sleep(mine - now, this.#stopped.signal);
    return !this.#isStopped();
  }

  /**
   * Resolves when a card may be updated; false when stopped meanwhile. Urgent ones overtake the others that
   * wait.
   */
  update(urgent: boolean): Promise<boolean> {
    if (this.#isStopped()) return Promise.resolve(false);
    return new Promise<boolean>((resolve) => {
      this.#queue.push({ urgent, go: resolve });
      if (!this.#serving) void this.#serve();
    });
  }

  /** How many updates wait for their turn. */
  waiting(): number {
    return this.#queue.length;
  }

  stop(): void {
    this.#stopped.abort();
    if (!this.#serving) this.#refuseAll();
  }

  async #serve(): Promise<void> {
    const updates = this.#updates;
    this.#serving = true;
    while (this.#queue.length > 0 && !this.#isStopped()) {
      const now = this.#clock.elapsed();
      const wait = Math.max(updates.wait(now), this.#stalledFor('chat.update'));
      if (wait > 0) {
        await this.#clock.sleep(wait, this.#stopped.signal);
        continue;
      }
      const at = this.#queue.findIndex((one) => one.urgent);
      const [next] = this.#queue.splice(Math.max(0, at), 1);
      updates.add(now);
      next?.go(true);
    }
    this.#serving = false;
    if (this.#isStopped()) this.#refuseAll();
  }

  #refuseAll(): void {
    for (const one of this.#queue.splice(0)) one.go(false);
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }
}
