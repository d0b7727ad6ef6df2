// A log for lines that strangers can cause: the first of a kind in a minute is written, then one line that
// counts the others.
import type { Clock, Log } from '../liveResponse/ports.ts';

export interface Ration {
  /** Lines of one kind that are written within `everyMs`; the others are only counted. */
  readonly lines: number;
  readonly everyMs: number;
}

/** For each reason of a refusal. */
export const ration: Ration = { lines: 1, everyMs: 60_000 };

interface Window {
  readonly until: number;
  written: number;
  leftOut: number;
}

export class RationedLog {
  readonly #log: Log;
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #event: string;
  readonly #ration: Ration;
  readonly #windows = new Map<string, Window>();

  /** @param event the name of each line; the line with the count is `<event>LeftOut` */
  constructor(log: Log, clock: Pick<Clock, 'elapsed'>, event: string, limit: Ration = ration) {
    this.#log = log;
    this.#clock = clock;
    this.#event = event;
    this.#ration = limit;
  }

  /** Writes a warning. `kind` is a word of ours: what a stranger can choose must not make new kinds. */
  warn(kind: string, fields: Readonly<Record<string, unknown>>): void {
    const { lines, everyMs } = this.#ration;
    const now = this.#clock.elapsed();
    const known = this.#windows.get(kind);
    if (known !== undefined && now >= known.until) this.#end(kind, known);
    const window = this.#windows.get(kind) ?? { until: now + everyMs, written: 0, leftOut: 0 };
    this.#windows.set(kind, window);
    if (window.written < lines) {
      window.written += 1;
      this.#log.warn(this.#event, fields);
      return;
    }
    window.leftOut += 1;
    // The timer writes the count even when nobody calls again. It does not keep the process running.
    if (window.leftOut === 1) setTimeout(() => this.#end(kind, window), everyMs).unref();
  }

  #end(kind: string, window: Window): void {
    if (this.#windows.get(kind) !== window) return;
    this.#windows.delete(kind);
    if (window.leftOut > 0)
      this.#log.warn(`${this.#event}LeftOut`, {
        kind,
        leftOut: window.leftOut,
        withinMs: this.#ration.everyMs,
      });
  }
}
