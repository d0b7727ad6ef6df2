// Background worker: runs a pass, waits until the pass wants to run again or somebody nudges it, and never dies of an
// error. It reports how it is. And two small passes: what could not be written is tried again, and a clock that is
// set or a machine that slept is seen.
import { duration, stamp } from '../../../cards/clip.ts';
import type { Clock, Keeper, Log } from '../../liveResponse/ports.ts';

/** What a pass may ask while it runs. */
export interface Turn {
  /**
   * Asked between two pieces of work, and so a sign of life: false when the process is asked to stop and the
   * rest is for the next start.
   */
  goOn(): boolean;
}

/** For passes that a test or another pass runs by itself. */
export const byHand: Turn = { goOn: () => true };

export type Pass = (turn: Turn) => Promise<number | undefined>;

export interface Work {
  readonly name: string;
  /** What it is for, as /readyz tells it. */
  readonly purpose: string;
  /** Answers after how many milliseconds it wants to run again, or undefined to wait for a nudge. */
  readonly pass: Pass;
}

export interface WorkerStatus {
  readonly name: string;
  readonly purpose: string;
  /** End of the last pass, epoch milliseconds. */
  readonly lastRun?: number;
  /** What the last pass threw, if it did. */
  readonly lastError?: string;
  /** When it runs again by itself, epoch milliseconds; absent while it runs. */
  readonly nextRun?: number;
  /** Why it no longer does its work; undefined while it does. */
  readonly stuck?: string;
}

export interface Worker {
  /** Cuts the wait short; a nudge during a pass makes another pass follow at once. */
  nudge(): void;
  status(): WorkerStatus;
  /** The machine stood still: what was silent meanwhile did not hang. */
  excuse(): void;
  /** Resolves when the pass under way has ended. */
  stop(): Promise<void>;
}

/**
 * A broken pass is tried again after this many milliseconds: soon enough for an incident, too slow to spin.
 */
const afterError = 1_000;
/** No worker sleeps longer: a forgotten nudge, or a clock that was set, costs a minute and not a request. */
export const longestSleep = 60_000;
/**
 * Without a sign of life for so long a pass hangs: no call to the outside may take as much. Milliseconds of
 * real time.
 */
export const hangsAfter = 5 * 60_000;

/** @param real the machine's own clock, where `clock` is that of a simulated tenant and runs faster */
export function startWorker(work: Work, clock: Clock, log: Log, real: Clock = clock): Worker {
  const { name, purpose, pass } = work;
  const state = { stopping: false, nudged: false, ended: false };
  let wait = new AbortController();
  let sign = real.elapsed();
  let running = true;
  let lastRun: number | undefined;
  let lastError: string | undefined;
  let due = clock.elapsed();

  const turn: Turn = {
    goOn() {
      sign = real.elapsed();
      return !state.stopping;
    },
  };

  async function once(): Promise<number | undefined> {
    try {
      const next = await pass(turn);
      lastError = undefined;
      return next;
    } catch (error) {
      // A bug or a broken world; either way the other requests still need this loop.
      log.error('passFailed', { worker: name, error });
      lastError = error instanceof Error ? error.message : String(error);
      return afterError;
    } finally {
      lastRun = clock.now();
    }
  }

  async function run(): Promise<void> {
    while (!state.stopping) {
      state.nudged = false;
      running = true;
      sign = real.elapsed();
      const next = await once();
      // Both are set from outside while the pass was awaited.
      if (isDue()) continue;
      wait = new AbortController();
      const sleep = Math.min(Math.max(0, next ?? longestSleep), longestSleep);
      running = false;
      sign = real.elapsed();
      due = clock.elapsed() + sleep;
      await clock.sleep(sleep, wait.signal);
    }
  }

  function stuck(): string | undefined {
    if (state.stopping) return undefined;
    if (state.ended) return 'it has ended';
    const silent = real.elapsed() - sign;
    if (silent <= hangsAfter || (!running && clock.elapsed() - due <= longestSleep)) return undefined;
    return running ? `a pass has hung for ${Math.floor(silent / 60_000)} minutes` : 'it does not wake up';
  }

  const isDue = (): boolean => state.nudged || state.stopping;
  const done = run()
    .catch((error: unknown) => log.error('workerEnded', { worker: name, error }))
    .finally(() => (state.ended = true));
  return {
    nudge() {
      state.nudged = true;
      wait.abort();
    },
    status() {
      const why = stuck();
      return {
        name,
        purpose,
        ...(lastRun === undefined ? {} : { lastRun }),
        ...(lastError === undefined ? {} : { lastError }),
        ...(running ? {} : { nextRun: clock.now() + Math.max(0, due - clock.elapsed()) }),
        ...(why === undefined ? {} : { stuck: why }),
      };
    },
    excuse: () => void (sign = real.elapsed()),
    async stop() {
      state.stopping = true;
      wait.abort();
      await done;
    },
  };
}

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

/** How often is looked, and so the longest that a disk which is well again goes unnoticed. Milliseconds. */
export const recoverEvery = 5_000;

/** @param recovered called when something is well again: what waited for it continues at once */
export function createRecovery(
  keepers: () => readonly Keeper[],
  log: Log,
  recovered: () => void,
): { pass(turn?: Turn): Promise<number> } {
  async function retry(keeper: Keeper): Promise<void> {
    try {
      if (keeper.trouble() === undefined || !(await keeper.recover())) return;
      log.info('recovered', { what: keeper.name });
      recovered();
    } catch (error) {
      log.error('recoveryFailed', { what: keeper.name, error });
    }
  }

  return {
    async pass(turn = byHand) {
      if (!turn.goOn()) return recoverEvery;
      // All at once: a chat that does not answer must not hold up the journal.
      await Promise.all(keepers().map(retry));
      return recoverEvery;
    },
  };
}

/** Between two looks, which is how late what has fallen due is noticed at most. Milliseconds. */
const every = 1_000;
/** Between two looks the two clocks part by less than this unless one was set. Milliseconds. */
const jumpFrom = 3_000;
/** A look that comes so much too late: the machine stood still, and everybody on it. Milliseconds. */
const stoodStill = 30_000;
/** How long a jump is shown. Milliseconds. */
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
