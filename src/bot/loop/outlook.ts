// Looks now and then whether Defender can be read while nothing runs that would show it: an outage is better known before the next approval.
import { rightSentence } from '../../../cards/rights.ts';
import { DefenderError, errorAnswer } from '../../liveResponse/ports.ts';
import type { Deps } from '../deps.ts';
import type { Following } from './following.ts';

/** Between two looks while all is well, and while it is not: twelve and 120 of 1,500 calls an hour. Milliseconds. */
const lookEvery = 5 * 60_000;
const lookAgain = 30_000;

/** What is known of the way to Defender. */
export type DefenderView = { readonly readable: true; readonly since: number | undefined } | { readonly readable: false; readonly since: number; readonly why: string };

export interface Outlook {
  pass(): Promise<number>;
  /** `since` is in epoch milliseconds: of the first reading, or of the first failure after the last one that worked. */
  defender(): DefenderView;
}

export function createOutlook({ store, defender, clock, log }: Pick<Deps, 'store' | 'defender' | 'clock' | 'log'>, following: Following): Outlook {
  let known: DefenderView = { readable: true, since: undefined };
  /** In elapsed time. A worker wakes every minute at least, which is no reason to ask. */
  let due = -Infinity;

  function learn(why: string | undefined): void {
    if (why === undefined) known = known.readable && known.since !== undefined ? known : { readable: true, since: clock.now() };
    else known = { readable: false, since: known.readable ? clock.now() : known.since, why };
  }

  /** Following reads all the time while something runs; its word is the newest. */
  function runs(): boolean {
    return store.open().some((request) => request.state === 'running');
  }

  async function look(): Promise<void> {
    try {
      await defender.reachable();
      learn(undefined);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      // Our own budget says nothing of Defender, and a 429 comes from a Defender that answers.
      if (error.code === 'paced' || error.code === 'throttled') return;
      learn(rightSentence(errorAnswer(error)) ?? error.message);
      log.warn('defenderNotReadable', { code: error.code, detail: error.message, target: error.detail.target });
    }
  }

  return {
    async pass() {
      const followed = runs() && following.readAt() !== undefined;
      if (followed) learn(following.trouble());
      else if (clock.elapsed() >= due) await look();
      else return due - clock.elapsed();
      const wait = known.readable ? lookEvery : lookAgain;
      due = clock.elapsed() + wait;
      return wait;
    },
    defender() {
      if (runs() && following.readAt() !== undefined) learn(following.trouble());
      return known;
    },
  };
}
