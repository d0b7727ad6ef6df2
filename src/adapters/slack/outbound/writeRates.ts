// How fast we may write: one message a second in each channel, and so many card updates a minute in the
// workspace. Urgent ones go first.
import type { Clock } from '../../../liveResponse/ports.ts';
import { SlidingWindow } from '../../../liveResponse/pacing/slidingWindow.ts';
import { postGap, updatesPerMinute } from '../limits.ts';

export interface WriteRates {
  /** Resolves when a message may be posted in this channel; false when stopped meanwhile. */
  post(channel: string): Promise<boolean>;
  /**
   * Resolves when a card may be updated; false when stopped meanwhile. Urgent ones overtake the others that
   * wait.
   */
  update(urgent: boolean): Promise<boolean>;
  /** How many updates wait for their turn. */
  waiting(): number;
  stop(): void;
}

/**
 * `stalledFor` is how long a method is held back by a 429, so that a turn is given only when it can be used.
 */
export function createWriteRates(clock: Clock, stalledFor: (method: string) => number): WriteRates {
  const stopped = new AbortController();
  /** Messages by channel; idle channels are dropped when there are many. */
  const posts = new Map<string, SlidingWindow>();
  const updates = new SlidingWindow([{ limit: updatesPerMinute, ms: 60_000 }]);
  const queue: { readonly urgent: boolean; readonly go: (turn: boolean) => void }[] = [];
  let serving = false;

  async function serve(): Promise<void> {
    serving = true;
    while (queue.length > 0 && !stopped.signal.aborted) {
      const now = clock.elapsed();
      const wait = Math.max(updates.wait(now), stalledFor('chat.update'));
      if (wait > 0) {
        await clock.sleep(wait, stopped.signal);
        continue;
      }
      const at = queue.findIndex((one) => one.urgent);
      const [next] = queue.splice(Math.max(0, at), 1);
      updates.add(now);
      next?.go(true);
    }
    serving = false;
    if (stopped.signal.aborted) for (const one of queue.splice(0)) one.go(false);
  }

  return {
    async post(channel) {
      const now = clock.elapsed();
      if (posts.size > 1_000) for (const [key, window] of posts) if (window.isIdle(now)) posts.delete(key);
      const window = posts.get(channel) ?? new SlidingWindow([{ limit: 1, ms: postGap }]);
      posts.set(channel, window);
      const mine = window.reserve(now + stalledFor('chat.postMessage'));
      if (mine > now) await clock.sleep(mine - now, stopped.signal);
      return !stopped.signal.aborted;
    },
    update(urgent) {
      if (stopped.signal.aborted) return Promise.resolve(false);
      return new Promise<boolean>((resolve) => {
        queue.push({ urgent, go: resolve });
        if (!serving) void serve();
      });
    },
    waiting: () => queue.length,
    stop() {
      stopped.abort();
      if (!serving) for (const one of queue.splice(0)) one.go(false);
    },
  };
}
