// A loop that runs a pass, waits until the pass wants to run again or somebody nudges it, and never dies of an error.
import type { Clock, Log } from '../../liveResponse/ports.ts';

export interface Worker {
  /** Cuts the wait short; a nudge during a pass makes another pass follow at once. */
  nudge(): void;
  /** Resolves when the pass under way has ended. */
  stop(): Promise<void>;
}

/** A broken pass is tried again after this many milliseconds: soon enough for an incident, too slow to spin. */
const afterError = 1000;

/** `pass` answers the time (epoch milliseconds) at which it wants to run again, or undefined to wait for a nudge. */
export function startWorker(name: string, pass: () => Promise<number | undefined>, clock: Clock, log: Log): Worker {
  const state = { stopping: false, nudged: false };
  let wait = new AbortController();

  async function run(): Promise<void> {
    while (!state.stopping) {
      state.nudged = false;
      let next: number | undefined;
      try {
        next = await pass();
      } catch (error) {
        // A bug or a broken world; either way the other requests still need this loop.
        log.error('passFailed', { worker: name, error });
        next = clock.now() + afterError;
      }
      // Both are set from outside while the pass was awaited.
      if (isDue()) continue;
      wait = new AbortController();
      await clock.sleep(next === undefined ? idle : Math.max(0, next - clock.now()), wait.signal);
    }
  }

  const isDue = (): boolean => state.nudged || state.stopping;
  const running = run();
  return {
    nudge() {
      state.nudged = true;
      wait.abort();
    },
    async stop() {
      state.stopping = true;
      wait.abort();
      await running;
    },
  };
}

/** With nothing to do a worker still looks once a minute, so that a forgotten nudge costs a minute and not a request. */
const idle = 60_000;
