// Deliveries of a chat: which ones came in, also before a restart, each kept until its person has an answer; and how
// many one person may make.
import { SlidingWindow } from '../../liveResponse/pacing/slidingWindow.ts';
import type { Clock, Keeper, Log } from '../../liveResponse/ports.ts';
import { parseJson, recordOf } from '../../liveResponse/text/json.ts';
import type { Disk } from '../store/journal/disk.ts';
import { macOf, sameMac } from '../store/journal/keys.ts';
import type { Keys } from '../store/journal/keys.ts';
import { Ledger } from './ledger.ts';

/**
 * Repeats come within seconds to an hour (msteams-docs#6084, #8998; docs.slack.dev/apis/events-api); six
 * hours leave room. Milliseconds.
 */
export const remembered = 6 * 3_600_000;
/**
 * A delivery that a crash left unanswered is continued if it is no older than this. After that, its person is
 * only informed. Milliseconds.
 */
export const takenUp = 10 * 60_000;
/** A clock that is kept right is not set back further than this. Milliseconds. */
const clockError = 60_000;
/** What is not durable by then is refused; Slack waits three seconds, Teams five. Milliseconds. */
export const keptWithin = 2_000;

/**
 * `notTaken`: it could not be written in time, now or when it came first, and never runs. `repeated`: it has come
 * before, and the first one is answered.
 */
export type Kept = 'first' | 'repeated' | 'notTaken';

export interface Left {
  readonly key: string;
  /** When it came in, epoch milliseconds. */
  readonly at: number;
  readonly memo: unknown;
  /** The bot had received it before the process ended, so it may have been done. */
  readonly begun: boolean;
  /** What its person was told, or was about to be told: that was the end of it, and nothing of it is done any more. */
  readonly answer?: string;
}

/** Deliveries that nobody has had an answer to yet. */
export interface Unanswered {
  readonly count: number;
  /** When the oldest of them came in, epoch milliseconds; undefined where there is none. */
  readonly since?: number;
}

interface Seen {
  readonly at: number;
  /** The delivery, until its person is answered. */
  readonly memo?: unknown;
  readonly begun?: boolean;
  readonly answer?: string;
  /** It was not taken. The answer that says so may be lost, and then only a repeat can bring it. */
  readonly lost?: true;
  /** Set while it is being written. */
  readonly verdict?: Promise<boolean>;
}

export interface DeliveriesOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** The file's name in the data folder. */
  readonly name: string;
  /**
   * The keys that authenticate each line: anyone who could add a line here could make it seem that somebody
   * pressed anything, at the next start.
   */
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Log;
}

export class Deliveries implements Keeper {
  readonly name: string;
  readonly #clock: Clock;
  /** Measures the two seconds: the disk follows no other clock. */
  readonly #patience: Pick<Clock, 'sleep'>;
  readonly #seen = new Map<string, Seen>();
  /** Those of them without an answer, in the order of arrival: when each came in. */
  readonly #unanswered = new Map<string, number>();
  readonly #ledger: Ledger;
  readonly #keys: Keys;
  readonly #log: Log;
  #refused = 0;
  #left: readonly Left[] = [];
  #sweepAt = sweptAfter;

  private constructor(options: DeliveriesOptions) {
    this.name = options.name;
    this.#clock = options.clock;
    this.#keys = options.keys;
    this.#log = options.log;
    this.#patience = options.disk.clock;
    this.#ledger = new Ledger({ ...options, content: () => this.#content() });
  }

  /** @throws when the file cannot be read or written */
  static async open(options: DeliveriesOptions): Promise<Deliveries> {
    const deliveries = new Deliveries(options);
    await deliveries.#load();
    return deliveries;
  }

  /**
   * `first` once per key, as soon as key and memo are durable. Until `done`, a crash makes the next process
   * continue the memo; it must be JSON and contain no secret.
   */
  async keep(key: string, memo: unknown): Promise<Kept> {
    const known = this.#known(key);
    if (known !== undefined) {
      // If this one were acknowledged before the first is durable, both could be lost.
      const durable = (await known.verdict) ?? known.lost !== true;
      return durable ? 'repeated' : 'notTaken';
    }
    const at = this.#clock.now();
    const verdict = this.#durable(this.#line(key, { at, memo }), this.#line(key, { at, lost: true }));
    this.#remember(key, { at, verdict });
    if (!(await verdict)) {
      this.#remember(key, { at, lost: true });
      return 'notTaken';
    }
    this.#remember(key, { at, memo });
    return 'first';
  }

  /** Whether a delivery of this key has come in. */
  has(key: string): boolean {
    return this.#known(key) !== undefined;
  }

  /** Remembers a key that gets no answer, in this process alone. */
  ignore(key: string): void {
    if (!this.has(key)) this.#remember(key, { at: this.#clock.now() });
  }

  /** From now on it may have been done. */
  begin(key: string): void {
    const seen = this.#seen.get(key);
    if (seen?.memo === undefined || seen.begun === true) return;
    this.#remember(key, { ...seen, begun: true });
    this.#ledger.mark(this.#signed({ k: key, at: seen.at, begun: true }));
  }

  /**
   * `text` is the end of it: from now on no process does anything with it, which a person who reads "this was not
   * done" relies on. Resolves as soon as that is durable, or after `keptWithin`; the answer follows.
   */
  async answerWith(key: string, text: string): Promise<void> {
    const seen = this.#seen.get(key);
    if (seen?.memo === undefined || seen.answer !== undefined) return;
    this.#remember(key, { ...seen, answer: text });
    await this.#durable(this.#line(key, { ...seen, answer: text }), this.#line(key, seen));
  }

  /** The person of this key has been answered. */
  done(key: string): void {
    const seen = this.#seen.get(key);
    if (seen?.memo === undefined) return;
    this.#remember(key, { at: seen.at });
    // Not synced: after a power cut between here and the next delivery we would answer twice, but waiting
    // would delay every answer.
    this.#ledger.mark(this.#line(key, { at: seen.at }));
  }

  /**
   * What an earlier process left unanswered, oldest first: to be done now, too old for that, or decided, so that
   * only the answer is missing. Each is returned once.
   */
  left(): Record<'now' | 'tooLate' | 'decided', readonly Left[]> {
    const now = this.#clock.now();
    // What came in later than now did so before the clock was set back: nobody knows how long ago.
    const isFresh = ({ at }: Left): boolean => at >= now - takenUp && at <= now + clockError;
    const open = this.#left.filter(({ answer }) => answer === undefined);
    const decided = this.#left.filter(({ answer }) => answer !== undefined);
    this.#left = [];
    return { now: open.filter(isFresh), tooLate: open.filter((one) => !isFresh(one)), decided };
  }

  unanswered(): Unanswered {
    const [since] = this.#unanswered.values();
    return { count: this.#unanswered.size, ...(since === undefined ? {} : { since }) };
  }

  /** The number of lines that this bot did not write: none of them was used. */
  refused(): number {
    return this.#refused;
  }

  trouble(): string | undefined {
    const why = this.#ledger.trouble();
    return why === undefined
      ? undefined
      : `what people type and press cannot be written down, so it is not taken: ${why}`;
  }

  /** `trouble` itself tries the disk again, at most every few seconds. */
  recover(): Promise<boolean> {
    return Promise.resolve(this.trouble() === undefined);
  }

  /** A disk that hangs delays the end no longer than it delays an acknowledgement. */
  async close(): Promise<void> {
    const over = new AbortController();
    await Promise.race([this.#ledger.close(), this.#patience.sleep(keptWithin, over.signal)]);
    over.abort();
  }

  /** Whether the line was on disk within `keptWithin`; otherwise `undo` is what counts. */
  async #durable(line: string, undo: string): Promise<boolean> {
    const putting = this.#ledger.put(line, undo);
    const over = new AbortController();
    const late = this.#patience.sleep(keptWithin, over.signal).then(() => {
      if (!over.signal.aborted) putting.giveUp();
    });
    const kept = await putting.kept;
    over.abort();
    await late;
    return kept;
  }

  #known(key: string): Seen | undefined {
    const seen = this.#seen.get(key);
    return seen === undefined || (seen.memo === undefined && seen.at <= this.#clock.now() - remembered)
      ? undefined
      : seen;
  }

  /** At the end of the map, so that its order is the order of arrival. */
  #remember(key: string, seen: Seen): void {
    if (!this.#seen.has(key) && this.#seen.size >= this.#sweepAt) this.#forget();
    this.#seen.set(key, seen);
    if (seen.memo === undefined) this.#unanswered.delete(key);
    else this.#unanswered.set(key, seen.at);
  }

  #forget(): void {
    const since = this.#clock.now() - remembered;
    for (const [key, seen] of this.#seen)
      if (seen.memo === undefined && seen.verdict === undefined && seen.at <= since) this.#seen.delete(key);
    this.#sweepAt = this.#seen.size + sweptAfter;
  }

  #signed(line: object): string {
    return signedLine(this.#keys, this.name, line);
  }

  #line(k: string, { at, memo, begun = false, answer, lost }: Omit<Seen, 'verdict'>): string {
    return this.#signed(
      memo === undefined
        ? { k, at, ...(lost === undefined ? {} : { lost }) }
        : { k, at, memo, ...(begun ? { begun } : {}), ...(answer === undefined ? {} : { answer }) },
    );
  }

  #isOurs(text: string): boolean {
    const [, open = '', id = '', mac = ''] =
      /^(.*),"key":"([0-9a-f]{16})","mac":"([0-9a-f]{64})"\}$/s.exec(text) ?? [];
    const key = this.#keys.byId(id);
    return key !== undefined && sameMac(macOf(key, this.name, open), mac);
  }

  /**
   * What a crash can leave of a line that was never acknowledged: sectors that never arrived, which read as
   * zeros, or its beginning at the end of the file.
   */
  #isTorn(text: string, last: boolean): boolean {
    return text === '' || text.includes('\0') || (last && !this.#isOurs(text.slice(0, -1)));
  }

  async #load(): Promise<void> {
    const lines = this.#ledger.read();
    for (const [index, text] of lines.entries()) {
      const line = readLine(text);
      if (line === undefined) {
        if (!this.#isTorn(text, index === lines.length - 1)) this.#refused += 1;
        continue;
      }
      // What version 0.1 wrote is not ours either: its person types or presses again.
      if (!this.#isOurs(text)) {
        this.#refused += 1;
        continue;
      }
      const before = this.#seen.get(line.k);
      const memo = line.memo ?? (line.begun ? before?.memo : undefined);
      const { at, begun, answer, lost } = line;
      this.#seen.set(
        line.k,
        memo === undefined
          ? { at, ...(lost === undefined ? {} : { lost }) }
          : { at, memo, begun, ...(answer === undefined ? {} : { answer }) },
      );
    }
    this.#left = [...this.#seen]
      .flatMap(([key, { at, memo, begun = false, answer }]) =>
        memo === undefined ? [] : [{ key, at, memo, begun, ...(answer === undefined ? {} : { answer }) }],
      )
      .sort((one, other) => one.at - other.at);
    for (const { key, at } of this.#left) this.#unanswered.set(key, at);
    if (this.#refused > 0)
      this.#log.error('deliveriesRefused', {
        file: this.name,
        lines: this.#refused,
        why: 'they do not carry this bot\u2019s key: version 0.1 wrote them, somebody else did, or they were changed. Nothing of them is done.',
      });
    await this.#ledger.compact();
  }

  /** What is being written now is written after it. */
  #content(): readonly string[] {
    this.#forget();
    return [...this.#seen].flatMap(([key, seen]) =>
      seen.verdict === undefined ? [this.#line(key, seen)] : [],
    );
  }
}

/** New keys in memory before the old ones are removed. */
const sweptAfter = 5_000;

/** The line, followed by the proof that this bot wrote it into the file of this name. */
export function signedLine({ current }: Keys, name: string, line: object): string {
  const open = JSON.stringify(line).slice(0, -1);
  return `${open},"key":"${current.id}","mac":"${macOf(current, name, open)}"}`;
}

/** Undefined for what is not whole. */
function readLine(
  text: string,
): (Omit<Left, 'key' | 'memo'> & { k: string; memo?: unknown; lost?: true }) | undefined {
  if (text === '') return undefined;
  const value = recordOf(parseJson(text)?.value);
  const { k, at, begun, answer } = value;
  if (typeof k !== 'string' || typeof at !== 'number') return undefined;
  return {
    k,
    at,
    begun: begun === true,
    ...('memo' in value ? { memo: value['memo'] } : {}),
    ...(typeof answer === 'string' ? { answer } : {}),
    ...(value['lost'] === true ? { lost: true } : {}),
  };
}

/**
 * Our own limit on what one account may press and type in a minute before it must wait: no hand needs
 * more.
 */
export const turnsPerMinute = 40;

/** `tooFast` is answered once a minute and account; after that it is `tooFastSaid`. */
export type Turn = 'go' | 'tooFast' | 'tooFastSaid';

const minute = 60_000;
/** Idle accounts are removed when there are more than this many. */
const most = 5_000;

export interface PersonRateOptions {
  readonly deliveries: Pick<Deliveries, 'has' | 'ignore'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

export class PersonRate {
  readonly #options: PersonRateOptions;
  readonly #accounts = new Map<string, { readonly window: SlidingWindow; saidAt: number }>();

  constructor(options: PersonRateOptions) {
    this.#options = options;
  }

  /**
   * Whether a delivery is accepted now. A repeated delivery counts once. A refused one is remembered, so that
   * the repeats that the platform sends are not accepted either.
   */
  admit(delivery: string, account: string): Turn {
    const { deliveries } = this.#options;
    const turn = deliveries.has(delivery) ? 'go' : this.#check(account);
    if (turn !== 'go') deliveries.ignore(delivery);
    return turn;
  }

  #check(account: string): Turn {
    const now = this.#options.clock.elapsed();
    if (this.#accounts.size > most)
      for (const [id, { window }] of this.#accounts) if (window.isIdle(now)) this.#accounts.delete(id);
    const known = this.#accounts.get(account) ?? {
      window: new SlidingWindow([{ limit: turnsPerMinute, ms: minute }]),
      saidAt: -Infinity,
    };
    this.#accounts.set(account, known);
    if (known.window.take(now)) return 'go';
    if (known.saidAt > now - minute) return 'tooFastSaid';
    known.saidAt = now;
    return 'tooFast';
  }
}
