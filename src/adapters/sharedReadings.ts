// Readings of a platform that many want at the same moment. Whoever decides gets one that began after asking;
// all who wait share the next one, so that of any crowd one reading is under way and one is to come. A
// failure is never remembered.
import type { Recency } from '../bot/ports.ts';
import type { Clock } from '../liveResponse/ports.ts';

export interface SharedReadings<T> {
  /**
   * `want` is one of the things that a reading of this key answers; those that are wanted together are read
   * together.
   */
  get(key: string, want: string, recency: Recency): Promise<T>;
  /** What was said of this key counts no longer, nor what is being asked at this moment. */
  forget(key: string): void;
}

export interface SharedReadingsOptions<T> {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** How long an answer is remembered for those who decide nothing. Milliseconds. */
  readonly life: number;
  /** Keys remembered; the oldest goes first. */
  readonly most: number;
  readonly read: (key: string, wants: ReadonlySet<string>) => Promise<T>;
}

interface Reading<T> {
  readonly wants: Set<string>;
  readonly value: Promise<T>;
}

interface Line<T> {
  last?: { readonly wants: ReadonlySet<string>; readonly began: number; readonly value: T };
  flying?: Reading<T> & { readonly began: number };
  next?: Reading<T>;
}

export function createSharedReadings<T>({
  clock,
  life,
  most,
  read,
}: SharedReadingsOptions<T>): SharedReadings<T> {
  const lines = new Map<string, Line<T>>();

  function lineOf(key: string): Line<T> {
    const line = lines.get(key) ?? {};
    lines.delete(key);
    lines.set(key, line);
    const [oldest] = lines.keys();
    if (lines.size > most && oldest !== undefined) lines.delete(oldest);
    return line;
  }

  function isYoung(began: number, recency: Recency): boolean {
    // One that is under way began before this question, however short a while ago.
    if (recency === true) return false;
    const age = clock.elapsed() - began;
    return recency === false ? age < life : age <= recency;
  }

  /**
   * Begins when the one under way has ended; else in a moment, so that what is asked together is read
   * together.
   */
  function plan(key: string, line: Line<T>): Reading<T> {
    const wants = new Set<string>();
    const ended = (): void => undefined;
    return {
      wants,
      value: Promise.resolve(line.flying?.value)
        .then(ended, ended)
        .then(() => begin(key, line, wants)),
    };
  }

  async function begin(key: string, line: Line<T>, wants: Set<string>): Promise<T> {
    delete line.next;
    const began = clock.elapsed();
    const value = read(key, wants);
    line.flying = { wants, began, value };
    try {
      const answer = await value;
      line.last = { wants, began, value: answer };
      return answer;
    } finally {
      delete line.flying;
    }
  }

  return {
    get(key, want, recency) {
      const line = lineOf(key);
      const { flying, last } = line;
      if (flying?.wants.has(want) === true && isYoung(flying.began, recency)) return flying.value;
      if (last?.wants.has(want) === true && isYoung(last.began, recency)) return Promise.resolve(last.value);
      line.next ??= plan(key, line);
      line.next.wants.add(want);
      return line.next.value;
    },
    forget: (key) => void lines.delete(key),
  };
}
