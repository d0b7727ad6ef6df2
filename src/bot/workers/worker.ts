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

/** Why a sleep ends early. */
const nudged = 'nudged';

/** @param real the machine's own clock, where `clock` is that of a simulated tenant and runs faster */
export function startWorker(work: Work, clock: Clock, log: Log, real: Clock = clock): Worker {
  return new RunningWorker(work, clock, log, real);
}

class RunningWorker implements Worker {
  readonly #work: Work;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #real: Clock;
  readonly #done: Promise<void>;
  readonly #turn: Turn = { goOn: () => this.#goOn() };
  #stopping = false;
  #nudged = false;
  #ended = false;
  #running = true;
  #wait = new AbortController();
  /** The last sign of life, in the machine's elapsed time. */
  #sign: number;
  /** When the sleep ends, in elapsed time. */
  #due: number;
  #lastRun: number | undefined;
  #lastError: string | undefined;

  constructor(work: Work, clock: Clock, log: Log, real: Clock) {
    this.#work = work;
    this.#clock = clock;
    this.#log = log;
    this.#real = real;
    this.#sign = real.elapsed();
    this.#due = clock.elapsed();
    this.#done = this.#begin();
  }

  nudge(): void {
    this.#nudged = true;
    // A pass that is under way sees it at its end.
    if (this.#running) return;
    // With a reason of its own: without one an exception is made, with its stack, for each of many nudges.
    this.#wait.abort(nudged);
  }

  status(): WorkerStatus {
    const { name, purpose } = this.#work;
    const why = this.#stuck();
    const left = this.#due - this.#clock.elapsed();
    return {
      name,
      purpose,
      ...(this.#lastRun === undefined ? {} : { lastRun: this.#lastRun }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
      ...(this.#running ? {} : { nextRun: this.#clock.now() + Math.max(0, left) }),
      ...(why === undefined ? {} : { stuck: why }),
    };
  }

  excuse(): void {
    this.#sign = this.#real.elapsed();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wait.abort();
    await this.#done;
  }

  #goOn(): boolean {
    this.#sign = this.#real.elapsed();
    return !this.#stopping;
  }

  #begin(): Promise<void> {
    return this.#run()
      .catch((error: unknown) => this.#log.error('workerEnded', { worker: this.#work.name, error }))
      .finally(() => {
        this.#ended = true;
      });
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#nudged = false;
      this.#running = true;
      this.#sign = this.#real.elapsed();
      const next = await this.#once();
      // Both are set from outside while the pass was awaited.
      if (this.#isDue()) continue;
      // One that was never used serves again: making one costs more than most passes.
      if (this.#wait.signal.aborted) this.#wait = new AbortController();
      const sleep = Math.min(Math.max(0, next ?? longestSleep), longestSleep);
      this.#running = false;
      this.#sign = this.#real.elapsed();
      this.#due = this.#clock.elapsed() + sleep;
      await this.#clock.sleep(sleep, this.#wait.signal);
    }
  }

  async #once(): Promise<number | undefined> {
    const { name, pass } = this.#work;
    try {
      const next = await pass(this.#turn);
      this.#lastError = undefined;
      return next;
    } catch (error) {
      // A bug or a broken world; either way the other requests still need this loop.
      this.#log.error('passFailed', { worker: name, error });
      this.#lastError = error instanceof Error ? error.message : String(error);
      return afterError;
    } finally {
      this.#lastRun = this.#clock.now();
    }
  }

  #isDue(): boolean {
    return this.#nudged || this.#stopping;
  }

  #stuck(): string | undefined {
    if (this.#stopping) return undefined;
    if (this.#ended) return 'it has ended';
    const silent = this.#real.elapsed() - this.#sign;
    if (silent <= hangsAfter || (!this.#running && this.#clock.elapsed() - this.#due <= longestSleep))
      return undefined;
    return this.#running
      ? `a pass has hung for ${Math.floor(silent / 60_000)} minutes`
      : 'it does not wake up';
  }
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
  return new SoonestWake(clock);
}

class SoonestWake implements NextWake {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  #time = Infinity;
  #elapsed = Infinity;

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#clock = clock;
  }

  at(time: number): void {
    this.#time = Math.min(this.#time, time);
  }

  after(ms: number): void {
    this.#elapsed = Math.min(this.#elapsed, this.#clock.elapsed() + ms);
  }

  wait(): number | undefined {
    // Counted from the end of the pass, which may have been long.
    const wait = Math.min(this.#time - this.#clock.now(), this.#elapsed - this.#clock.elapsed());
    return wait === Infinity ? undefined : Math.max(0, wait);
  }
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
  return new WatchedClock(clock, log, events);
}

class WatchedClock implements ClockWatch {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #log: Log;
  readonly #events: ClockEvents;
  /** What both clocks showed at the last look: this one and `#elapsed`. */
  #wall: number;
  #elapsed: number;
  #jumps = 0;
  #last: { readonly by: number; readonly at: number; readonly seen: number } | undefined;

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>, log: Log, events: ClockEvents) {
    this.#clock = clock;
    this.#log = log;
    this.#events = events;
    this.#wall = clock.now();
    this.#elapsed = clock.elapsed();
  }

  pass(): Promise<number> {
    this.#look();
    return Promise.resolve(every);
  }

  jumps(): number {
    return this.#jumps;
  }

  trouble(): string | undefined {
    const last = this.#last;
    if (last === undefined || this.#clock.elapsed() - last.seen > toldFor) return undefined;
    const { by, at } = last;
    return `the machine's clock jumped ${by > 0 ? 'forward' : 'back'} by ${duration(Math.abs(by))} at ${stamp(at)}: it was set, or the machine was suspended`;
  }

  #look(): void {
    const passed = this.#clock.elapsed() - this.#elapsed;
    const by = this.#clock.now() - this.#wall - passed;
    this.#wall = this.#clock.now();
    this.#elapsed = this.#clock.elapsed();
    if (passed > every + stoodStill) this.#events.stoodStill();
    if (Math.abs(by) <= jumpFrom && passed <= every + stoodStill) return;
    if (Math.abs(by) > jumpFrom) {
      this.#jumps += 1;
      this.#last = { by, at: this.#wall, seen: this.#elapsed };
      this.#log.warn('clockJumped', { byMs: Math.round(by) });
    }
    this.#events.jumped();
  }
}
