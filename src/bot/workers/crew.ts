// The running workers by name: nudged, asked how they are, excused and stopped together.
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { startWorker } from './worker.ts';
import type { Work, Worker, WorkerStatus } from './worker.ts';

export class Crew {
  readonly #clock: Clock;
  readonly #real: Clock;
  readonly #log: Log;
  readonly #workers = new Map<string, Worker>();

  /** @param real the machine's own clock, where `clock` is that of a simulated tenant and runs faster */
  constructor(clock: Clock, real: Clock, log: Log) {
    this.#clock = clock;
    this.#real = real;
    this.#log = log;
  }

  /** Starts one that keeps time with the tenant. */
  start(work: Work): void {
    this.#workers.set(work.name, startWorker(work, this.#clock, this.#log, this.#real));
  }

  /** Starts one that keeps time with the machine. */
  startByMachine(work: Work): void {
    this.#workers.set(work.name, startWorker(work, this.#real, this.#log));
  }

  nudge(...names: readonly string[]): void {
    for (const name of names) this.#workers.get(name)?.nudge();
  }

  nudgeAll(): void {
    for (const worker of this.#workers.values()) worker.nudge();
  }

  /** Nobody could run for a while, which is nobody's fault. */
  excuse(): void {
    for (const worker of this.#workers.values()) worker.excuse();
  }

  /** None before the start. */
  status(): readonly WorkerStatus[] {
    return [...this.#workers.values()].map((worker) => worker.status());
  }

  /** Lets the passes under way end. */
  async stop(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
  }
}
