// Shared readings of other systems, with one memory: callers at the same moment share one reading
// (coalescing), and what was read is used for a while where nothing is decided. A failure is never
// remembered. And the bounded map.
import type { Clock } from '../ports.ts';

/**
 * How new an answer must be. `true`: its reading began after this question, no matter who else shares it; a number:
 * it began at most so many milliseconds ago; `false`: what is remembered will do.
 */
export type Recency = boolean | number;

/** What is asked about: its key, or a record with one and what else the reading needs. */
export type Question = string | { readonly key: string };

export interface Wanted<T> {
  /** `false` where it is left out. */
  readonly recency?: Recency | undefined;
  /** One of the things that a reading of this key answers; what is wanted together is read together. */
  readonly want?: string;
  /** Whether a remembered answer will do; a reading that is under way, or made for this question, always does. */
  readonly enough?: ((answer: T) => boolean) | undefined;
}

export interface SharedReadingsOptions<Q extends Question, T> {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** How long an answer is remembered, in milliseconds since its reading began. */
  readonly life: number;
  /** Keys remembered; the one asked about longest ago goes first. */
  readonly most: number;
  /** One call of the other system. What it throws goes to everybody who waits for it. */
  readonly read: (question: Q, wants: ReadonlySet<string>) => Promise<T>;
  /** Answers that are remembered; any other one wipes out what was remembered before it. By default all. */
  readonly keep?: (answer: T) => boolean;
}

interface Reading<T> {
  readonly wants: Set<string>;
  readonly value: Promise<T>;
}

/** Of one key: of any crowd one reading is under way and one is to come. */
interface Line<T> {
  last?: { readonly wants: ReadonlySet<string>; readonly began: number; readonly value: T };
  underWay?: Reading<T> & { readonly began: number };
  next?: Reading<T>;
}

export class SharedReadings<Q extends Question, T> {
  readonly #options: SharedReadingsOptions<Q, T>;
  readonly #lines: RecentMap<string, Line<T>>;

  constructor(options: SharedReadingsOptions<Q, T>) {
    this.#options = options;
    this.#lines = new RecentMap(options.most);
  }

  /** Rejects with what the reading threw. */
  get(question: Q, { recency = false, want = '', enough = () => true }: Wanted<T> = {}): Promise<T> {
    const line = this.#lineOf(keyOf(question));
    const { underWay, last } = line;
    if (underWay?.wants.has(want) === true && this.#isYoung(underWay.began, recency)) return underWay.value;
    if (last?.wants.has(want) === true && this.#isYoung(last.began, recency) && enough(last.value))
      return Promise.resolve(last.value);
    line.next ??= this.#plan(question, line);
    line.next.wants.add(want);
    return line.next.value;
  }

  /** What was read of this key counts no longer, nor what is being read at this moment. */
  forget(question: Q): void {
    this.#lines.delete(keyOf(question));
  }

  #lineOf(key: string): Line<T> {
    const line = this.#lines.get(key) ?? {};
    this.#lines.set(key, line);
    return line;
  }

  #isYoung(began: number, recency: Recency): boolean {
    // One that is under way began before this question, however short a while ago.
    if (recency === true) return false;
    const age = this.#options.clock.elapsed() - began;
    return recency === false ? age < this.#options.life : age <= recency;
  }

  /**
   * Begins when the one under way has ended; else in a moment, so that what is asked together is read
   * together.
   */
  #plan(question: Q, line: Line<T>): Reading<T> {
    const wants = new Set<string>();
    const ended = (): void => undefined;
    return {
      wants,
      value: Promise.resolve(line.underWay?.value)
        .then(ended, ended)
        .then(() => this.#begin(question, line, wants)),
    };
  }

  async #begin(question: Q, line: Line<T>, wants: Set<string>): Promise<T> {
    delete line.next;
    const { clock, read, keep = () => true } = this.#options;
    const began = clock.elapsed();
    const value = read(question, wants);
    line.underWay = { wants, began, value };
    try {
      const answer = await value;
      if (keep(answer)) line.last = { wants, began, value: answer };
      else delete line.last;
      return answer;
    } finally {
      delete line.underWay;
    }
  }
}

function keyOf(question: Question): string {
  return typeof question === 'string' ? question : question.key;
}

/** As a Map, but that setting a key again makes it the newest. Reading a key changes nothing. */
export class RecentMap<K, V> extends Map<K, V> {
  readonly #most: number;

  /** @throws RangeError when `most` is not a whole number of at least 1 */
  constructor(most: number) {
    if (!Number.isInteger(most) || most < 1) throw new RangeError(`a map cannot hold ${most} entries`);
    super();
    this.#most = most;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#most) for (const oldest of this.keys()) return this.#without(oldest);
    return this;
  }

  #without(key: K): this {
    this.delete(key);
    return this;
  }
}
