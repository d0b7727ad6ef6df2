// Remembers what Slack said for a short while, asks once for those who ask at the same time, and never
// remembers a failure.
import type { Clock } from '../../../liveResponse/ports.ts';

export interface TtlCache<T> {
  /** `fresh`: no answer that was asked for before this moment will do. */
  get(key: string, fresh?: boolean): Promise<T>;
  /** What was said of this key counts no longer, nor what is being asked at this moment. */
  forget(key: string): void;
}

/** Keys remembered; the oldest goes first. */
const most = 2_000;

export function createTtlCache<T>(
  clock: Pick<Clock, 'elapsed'>,
  life: number,
  read: (key: string) => Promise<T>,
): TtlCache<T> {
  const kept = new Map<string, { readonly at: number; readonly value: Promise<T> }>();

  function ask(key: string): Promise<T> {
    const entry = { at: clock.elapsed(), value: read(key) };
    kept.delete(key);
    kept.set(key, entry);
    const oldest = kept.keys().next();
    if (kept.size > most && oldest.done !== true) kept.delete(oldest.value);
    entry.value.catch(() => {
      // Whoever waits gets the error; the next one asks again.
      if (kept.get(key) === entry) kept.delete(key);
    });
    return entry.value;
  }

  return {
    get(key, fresh = false) {
      const entry = kept.get(key);
      return entry === undefined || fresh || clock.elapsed() - entry.at >= life ? ask(key) : entry.value;
    },
    forget: (key) => void kept.delete(key),
  };
}
