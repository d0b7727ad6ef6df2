// Asks that come faster than Defender may be asked wait in line, first come first served, and the asker
// learns of it when it takes long.
import type { CallRates, CallKind } from '../../../liveResponse/pacing/callRates.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { ChatError } from '../../ports.ts';
import type { ChatPort } from '../../ports.ts';

/** Longest wait of one ask; a chat takes its private answer for half an hour. Milliseconds. */
export const longestTurn = 20 * 60_000;
/** After this wait the asker gets a message. Milliseconds. */
const toldAfter = 5_000;
/**
 * Asks in line at once, of everybody and of one person: what waits here is in no list yet, and nobody can take
 * it back.
 */
const mostInLine = 200;
const mostOfOne = 40;
/** Pause between two looks for room, where nobody knows when there will be some. Milliseconds. */
const lookAgain = 1_000;

export interface Asker {
  readonly person: string;
  readonly surface: string;
  readonly place: string;
  /** Id of the account on that surface. */
  readonly account: string;
  /** The device as it was named. */
  readonly host: string;
}

export interface AskQueue {
  /**
   * The value of `read`, which is one call or two of that kind, once there is room for it. @throws
   * DefenderError, `paced` when the line is too long
   */
  take<T>(asker: Asker, read: () => Promise<T>): Promise<T>;
}

interface Parts {
  readonly callRates: CallRates;
  readonly chats: readonly ChatPort[];
  readonly clock: Clock;
  readonly log: Log;
}

type Tried<T> = { readonly value: T } | { readonly error: DefenderError };

export function createAskQueue(parts: Parts, kind: CallKind): AskQueue {
  return new LineOfAsks(parts, kind);
}

class LineOfAsks implements AskQueue {
  readonly #parts: Parts;
  readonly #kind: CallKind;
  readonly #line: Asker[] = [];
  #last: Promise<void> = Promise.resolve();
  /** Readings that may not have taken their call yet. */
  #inFlight = 0;

  constructor(parts: Parts, kind: CallKind) {
    this.#parts = parts;
    this.#kind = kind;
  }

  async take<T>(asker: Asker, read: () => Promise<T>): Promise<T> {
    const { clock } = this.#parts;
    const began = clock.elapsed();
    // While nobody waits, calls run at the same time.
    if (this.#line.length === 0) {
      const first = await this.#tried(read);
      if ('value' in first) return first.value;
    }
    const line = this.#line;
    if (
      line.length >= mostInLine ||
      line.filter(({ person }) => person === asker.person).length >= mostOfOne
    ) {
      throw new DefenderError(
        'paced',
        `our own limit for ${this.#kind} is used up, and ${line.length} requests wait for it already`,
        { call: this.#kind },
      );
    }
    line.push(asker);
    const before = this.#last;
    let done = (): void => undefined;
    this.#last = new Promise((resolve) => (done = resolve));
    const told = this.#tellLater(asker, () => line.indexOf(asker));
    try {
      await before;
      for (;;) {
        const next = await this.#tried(read);
        if ('value' in next) return next.value;
        const wait = Math.max(lookAgain, next.error.detail.retryAfterMs ?? lookAgain);
        if (clock.elapsed() - began + wait > longestTurn) throw next.error;
        await clock.sleep(wait);
      }
    } finally {
      told();
      line.splice(line.indexOf(asker), 1);
      done();
    }
  }

  /** As with the panel, the last tenth is for what was approved: it is read again before it is sent. */
  #spared(): boolean {
    const { callRates, clock } = this.#parts;
    return callRates
      .left(this.#kind, clock.elapsed())
      .some((rate) => rate.left - this.#inFlight <= rate.limit / 10);
  }

  async #tried<T>(read: () => Promise<T>): Promise<Tried<T>> {
    const { callRates, clock } = this.#parts;
    const kind = this.#kind;
    if (this.#spared())
      return {
        error: new DefenderError('paced', `our own limit for ${kind} is used up but for what was approved`, {
          call: kind,
          retryAfterMs: Math.max(lookAgain, callRates.waitFor(kind, clock.elapsed())),
        }),
      };
    this.#inFlight += 1;
    try {
      return { value: await read() };
    } catch (error) {
      if (error instanceof DefenderError && (error.code === 'paced' || error.code === 'throttled'))
        return { error };
      throw error;
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #tell(asker: Asker, place: () => number): Promise<void> {
    const { callRates, chats, clock, log } = this.#parts;
    const { limit, ms } = callRates
      .left(this.#kind, clock.elapsed())
      .reduce((scarce, rate) => (rate.left / rate.limit < scarce.left / scarce.limit ? rate : scarce));
    const before = place();
    const others =
      before === 0 ? 'it is next' : `${before} ${before === 1 ? 'request is' : 'requests are'} before it`;
    const text = `Your request for ${asker.host} waits for its turn: devices may be looked up ${limit} times ${ms === 60_000 ? 'a minute' : 'an hour'}, and ${others}. It goes on by itself; do not type it again.`;
    try {
      await chats
        .find(({ surface }) => surface === asker.surface)
        ?.replyPrivately(asker.place, asker.account, text);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      log.info('turnNotTold', { code: error.code });
    }
  }

  /** Tells the asker unless the wait is over before. */
  #tellLater(asker: Asker, place: () => number): () => void {
    const { clock, log } = this.#parts;
    const over = new AbortController();
    const telling = clock
      .sleep(toldAfter, over.signal)
      .then(() => (over.signal.aborted ? undefined : this.#tell(asker, place)));
    telling.catch((error: unknown) => {
      log.error('turnNotTold', { error });
    });
    return () => {
      over.abort();
    };
  }
}
