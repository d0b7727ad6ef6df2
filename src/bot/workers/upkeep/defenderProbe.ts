// Looks now and then whether Defender can be read while nothing runs that would show it: an outage is better
// known before the next approval, and its end before somebody believes that it lasts.
import { rightSentence } from '../../../../cards/messages/rights.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { Deps } from '../../deps.ts';
import type { DefenderWatch, Sight } from './defenderWatch.ts';
import type { Following } from '../sessions/following.ts';
import { sessionsIn } from '../transition.ts';

/**
 * Between two looks while all is well, and while it is not: twelve and 120 of 1,500 calls an hour.
 * Milliseconds.
 */
const lookEvery = 5 * 60_000;
const lookAgain = 30_000;

/** No device is called so; asking for it shows whether devices can be looked up at all. */
const nobodysName = 'lr-outlook-probe';

/** What is known of the way to Defender. */
export type DefenderView =
  | { readonly readable: true; readonly since: number | undefined }
  | { readonly readable: false; readonly since: number; readonly why: string };

export interface DefenderProbe {
  pass(): Promise<number>;
  /**
   * `since` is in epoch milliseconds: of the first reading, or of the first failure after the last one that
   * worked.
   */
  defender(): DefenderView;
}

export function createDefenderProbe(
  {
    store,
    defender,
    clock,
    log,
    watch,
  }: Pick<Deps, 'store' | 'defender' | 'clock' | 'log'> & { readonly watch: Pick<DefenderWatch, 'outages'> },
  following: Following,
): DefenderProbe {
  let known: DefenderView = { readable: true, since: undefined };
  /** In elapsed time. A worker wakes every minute at least, which is no reason to ask. */
  let due = -Infinity;
  /**
   * What is read only when somebody asks is asked for again by nobody, and would count as failing for good.
   */
  const readings: Partial<Readonly<Record<Sight, () => Promise<unknown>>>> = {
    search: () => defender.reachable(),
    machines: () => defender.findMachines(nobodysName),
    library: () => defender.library(),
  };
  /** When each of them that fails is looked at again, elapsed milliseconds. */
  const again = new Map<Sight, number>();

  function learn(why: string | undefined): void {
    if (why === undefined)
      known = known.readable && known.since !== undefined ? known : { readable: true, since: clock.now() };
    else known = { readable: false, since: known.readable ? clock.now() : known.since, why };
  }

  /** Following reads all the time while something runs; its word is the newest. */
  function runs(): boolean {
    return sessionsIn(store.open(), ['running']).length > 0;
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
      log.warn('defenderNotReadable', {
        code: error.code,
        detail: error.message,
        target: error.detail.target,
      });
    }
  }

  async function lookAround(): Promise<number> {
    const followed = runs() && following.readAt() !== undefined;
    if (followed) learn(following.trouble());
    else if (clock.elapsed() >= due) await look();
    else return due - clock.elapsed();
    const wait = known.readable ? lookEvery : lookAgain;
    due = clock.elapsed() + wait;
    return wait;
  }

  /** Looks again at what was last told as failing. Answers after how many milliseconds to come again. */
  async function lookAtFailing(): Promise<number> {
    const failing = watch.outages();
    for (const what of again.keys()) if (!failing.some((outage) => outage.what === what)) again.delete(what);
    for (const { what, error } of failing) {
      const read = readings[what];
      // That one is looked at as long as it is all that is known of Defender.
      if (read === undefined || (what === 'search' && !known.readable)) continue;
      const at = again.get(what) ?? clock.elapsed() + lookAgain;
      // A right that is missing is given by a person: no need to hurry, and calls are scarce.
      again.set(
        what,
        at > clock.elapsed() ? at : clock.elapsed() + (error.status === 403 ? lookEvery : lookAgain),
      );
      if (at > clock.elapsed()) continue;
      await read().catch((failed: unknown) => {
        if (!(failed instanceof DefenderError)) throw failed;
        log.info('defenderStillFailing', { what, code: failed.code });
      });
    }
    return Math.min(Infinity, ...again.values()) - clock.elapsed();
  }

  return {
    async pass() {
      const wait = await lookAround();
      return Math.max(0, Math.min(wait, await lookAtFailing()));
    },
    defender() {
      if (runs() && following.readAt() !== undefined) learn(following.trouble());
      return known;
    },
  };
}
