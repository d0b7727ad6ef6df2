// Shutdown of the running bot: its parts are closed in the reverse order of opening, each within its time and
// all within one. What a supervisor kills loses more than what is left for the next start.
import type { Log } from '../liveResponse/ports.ts';

/** All of them together; a step that comes after this has only `leastTime`. Milliseconds of real time. */
const wholeTime = 14_000;
const leastTime = 250;

interface Step {
  readonly name: string;
  readonly ms: number;
  readonly close: () => Promise<unknown>;
}

export class Shutdown {
  readonly #log: Log;
  readonly #steps: Step[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** `ms`: how long this part may take. */
  onClose(name: string, ms: number, close: () => Promise<unknown>): void {
    this.#steps.unshift({ name, ms, close });
  }

  /**
   * Never waits longer than it may. @throws AggregateError of what failed; what took too long is logged and
   * left behind
   */
  async all(): Promise<void> {
    const end = performance.now() + wholeTime;
    const failures: unknown[] = [];
    for (const { name, ms, close } of this.#steps) {
      try {
        const time = Math.max(leastTime, Math.min(ms, end - performance.now()));
        if (!(await within(time, close())))
          this.#log.warn('closedTooSlowly', { what: name, afterMs: Math.round(time) });
      } catch (error) {
        // One that fails must not keep the others open.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed');
  }
}

/** False when it did not end in time; it then continues, and nobody waits for it. */
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
