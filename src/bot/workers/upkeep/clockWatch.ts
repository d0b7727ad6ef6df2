// Sees when the wall clock is set or the machine slept: what is due by the time of day is looked at then, and
// the operator is told.
import { duration, stamp } from '../../../../cards/time.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';

/** Between two looks, which is how late what has fallen due is noticed at most. Milliseconds. */
const every = 1_000;
/** Between two looks the two clocks part by less than this unless one was set. Milliseconds. */
const jumpFrom = 3_000;
/** A look that comes so much too late: the machine stood still, and everybody on it. Milliseconds. */
const stoodStill = 30_000;
/** How long a jump is told. Milliseconds. */
const toldFor = 10 * 60_000;

export interface ClockWatch {
  pass(): Promise<number>;
  /** What the clock did within the last minutes; undefined when it behaved. */
  trouble(): string | undefined;
  /** Jumps since the start. */
  jumps(): number;
}

export interface ClockEvents {
  /** The time of day is another than one would think: everybody looks at what is due. */
  readonly jumped: () => void;
  /** Nobody could run for a while, which is nobody's fault. */
  readonly stoodStill: () => void;
}

/** @param clock the machine's own; that of a simulated tenant never jumps */
export function createClockWatch(
  clock: Pick<Clock, 'now' | 'elapsed'>,
  log: Log,
  events: ClockEvents,
): ClockWatch {
  let wall = clock.now();
  let elapsed = clock.elapsed();
  let jumps = 0;
  let last: { readonly by: number; readonly at: number; readonly seen: number } | undefined;

  function look(): void {
    const passed = clock.elapsed() - elapsed;
    const by = clock.now() - wall - passed;
    wall = clock.now();
    elapsed = clock.elapsed();
    if (passed > every + stoodStill) events.stoodStill();
    if (Math.abs(by) <= jumpFrom && passed <= every + stoodStill) return;
    if (Math.abs(by) > jumpFrom) {
      jumps += 1;
      last = { by, at: wall, seen: elapsed };
      log.warn('clockJumped', { byMs: Math.round(by) });
    }
    events.jumped();
  }

  return {
    pass() {
      look();
      return Promise.resolve(every);
    },
    jumps: () => jumps,
    trouble() {
      if (last === undefined || clock.elapsed() - last.seen > toldFor) return undefined;
      const { by, at } = last;
      return `the machine's clock jumped ${by > 0 ? 'forward' : 'back'} by ${duration(Math.abs(by))} at ${stamp(at)}: it was set, or the machine was suspended`;
    },
  };
}
