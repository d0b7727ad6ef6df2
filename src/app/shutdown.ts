// Ends the parts in the reverse order of opening, each within its time and all within one: what a supervisor
// kills loses more than what is left for the next start.
import type { Log } from '../liveResponse/ports.ts';

/** All of them together; a step that comes after this has only `leastTime`. Milliseconds of real time. */
const wholeTime = 14_000;
const leastTime = 250;

export interface Shutdown {
  /** `ms`: how long this part may take. */
  readonly onClose: (name: string, ms: number, close: () => Promise<unknown>) => void;
  /**
   * Never waits longer than it may. @throws AggregateError of what failed; what took too long is logged and
   * left behind
   */
  readonly all: () => Promise<void>;
}

export function createShutdown(log: Log): Shutdown {
  const steps: { readonly name: string; readonly ms: number; readonly close: () => Promise<unknown> }[] = [];
  return {
    onClose: (name, ms, close) => void steps.unshift({ name, ms, close }),
    async all() {
      const end = performance.now() + wholeTime;
      const failures: unknown[] = [];
      for (const { name, ms, close } of steps) {
        try {
          const time = Math.max(leastTime, Math.min(ms, end - performance.now()));
          if (!(await within(time, close())))
            log.warn('closedTooSlowly', { what: name, afterMs: Math.round(time) });
        } catch (error) {
          // One that fails must not keep the others open.
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed');
    },
  };
}

/** False when it did not end in time; then it goes on unheard. */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ms);
  });
  // Nobody waits for the loser of the race; its failure must not count as unhandled.
  work.catch(() => undefined);
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
