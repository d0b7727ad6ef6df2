// Log lines that strangers can cause, rationed: the first of a kind in a minute, then one line that counts
// the others.
import type { Clock, Log } from '../liveResponse/ports.ts';

export interface RationedLog {
  /** A warning of one kind. `kind` is a word of ours: what a stranger can choose must not make new kinds. */
  warn(kind: string, fields: Readonly<Record<string, unknown>>): void;
}

export interface Ration {
  /** Of one kind, within `everyMs`; of the others only the number is kept. */
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

/** @param event under which each is written; the line with the number is `<event>LeftOut` */
export function createRationedLog(
  log: Log,
  clock: Pick<Clock, 'elapsed'>,
  event: string,
  { lines, everyMs }: Ration = ration,
): RationedLog {
  const windows = new Map<string, Window>();

  function end(kind: string, window: Window): void {
    if (windows.get(kind) !== window) return;
    windows.delete(kind);
    if (window.leftOut > 0) log.warn(`${event}LeftOut`, { kind, leftOut: window.leftOut, withinMs: everyMs });
  }

  return {
    warn(kind, fields) {
      const now = clock.elapsed();
      const known = windows.get(kind);
      if (known !== undefined && now >= known.until) end(kind, known);
      const window = windows.get(kind) ?? { until: now + everyMs, written: 0, leftOut: 0 };
      windows.set(kind, window);
      if (window.written < lines) {
        window.written += 1;
        log.warn(event, fields);
        return;
      }
      window.leftOut += 1;
      // Told also where nobody knocks any more; it holds no process open.
      if (window.leftOut === 1) setTimeout(end, everyMs, kind, window).unref();
    },
  };
}
