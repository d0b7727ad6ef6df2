// When a pass wants to run again: the soonest of what it came across, some of it a time of day, most of it a
// pause.
import type { Clock } from '../../liveResponse/ports.ts';

export interface NextWake {
  /** At a time of day, in epoch milliseconds. */
  at(time: number): void;
  /** When so much time has passed, however the wall clock is set meanwhile. Milliseconds. */
  after(ms: number): void;
  /** Milliseconds until the soonest of them; undefined when there is none. */
  wait(): number | undefined;
}

export function createNextWake(clock: Pick<Clock, 'now' | 'elapsed'>): NextWake {
  let time = Infinity;
  let elapsed = Infinity;
  return {
    at: (next) => void (time = Math.min(time, next)),
    after: (ms) => void (elapsed = Math.min(elapsed, clock.elapsed() + ms)),
    wait() {
      // Counted from the end of the pass, which may have been long.
      const wait = Math.min(time - clock.now(), elapsed - clock.elapsed());
      return wait === Infinity ? undefined : Math.max(0, wait);
    },
  };
}
