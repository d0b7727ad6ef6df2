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

export function createAskQueue({ callRates, chats, clock, log }: Parts, kind: CallKind): AskQueue {
  const line: Asker[] = [];
  let last: Promise<void> = Promise.resolve();
  /** Readings that may not have taken their call yet. */
  let inFlight = 0;

  /** As with the panel, the last tenth is for what was approved: it is read again before it is sent. */
  function spared(): boolean {
    return callRates.left(kind, clock.elapsed()).some((rate) => rate.left - inFlight <= rate.limit / 10);
  }

  async function tried<T>(read: () => Promise<T>): Promise<Tried<T>> {
    if (spared())
      return {
        error: new DefenderError('paced', `our own limit for ${kind} is used up but for what was approved`, {
          call: kind,
          retryAfterMs: Math.max(lookAgain, callRates.waitFor(kind, clock.elapsed())),
        }),
      };
    inFlight += 1;
    try {
      return { value: await read() };
    } catch (error) {
      if (error instanceof DefenderError && (error.code === 'paced' || error.code === 'throttled'))
        return { error };
      throw error;
    } finally {
      inFlight -= 1;
    }
  }

  async function tell(asker: Asker, place: () => number): Promise<void> {
    const { limit, ms } = callRates
      .left(kind, clock.elapsed())
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
  function tellLater(asker: Asker, place: () => number): () => void {
    const over = new AbortController();
    const telling = clock
      .sleep(toldAfter, over.signal)
      .then(() => (over.signal.aborted ? undefined : tell(asker, place)));
    telling.catch((error: unknown) => {
      log.error('turnNotTold', { error });
    });
    return () => {
      over.abort();
    };
  }

  return {
    async take(asker, read) {
      const began = clock.elapsed();
      // While nobody waits, calls run at the same time.
      if (line.length === 0) {
        const first = await tried(read);
        if ('value' in first) return first.value;
      }
      if (
        line.length >= mostInLine ||
        line.filter(({ person }) => person === asker.person).length >= mostOfOne
      ) {
        throw new DefenderError(
          'paced',
          `our own limit for ${kind} is used up, and ${line.length} requests wait for it already`,
          { call: kind },
        );
      }
      line.push(asker);
      const before = last;
      let done = (): void => undefined;
      last = new Promise((resolve) => (done = resolve));
      const told = tellLater(asker, () => line.indexOf(asker));
      try {
        await before;
        for (;;) {
          const next = await tried(read);
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
    },
  };
}
