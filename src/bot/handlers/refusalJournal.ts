// Refusals on their way into the journal. Anybody in a channel can press a button, so an account that keeps
// on pressing must not fill the disk.
import { surfaceKey } from '../../liveResponse/request/request.ts';
import type { Deps } from '../deps.ts';
import type { Account, Place } from '../ports.ts';
import type { Refusal } from '../policy/refusals/refusal.ts';
import { RecentMap } from '../../liveResponse/pacing/sharedReadings.ts';

/**
 * Refusals of one account that are written one by one within an hour. Our own figure: more than a person gets,
 * far fewer than a loop causes.
 */
export const refusalsPerHour = 60;
const hour = 3_600_000;
/** Accounts remembered at once; the oldest is forgotten, which lets it write again. */
const mostAccounts = 10_000;
/** Characters of what was typed or pressed that are kept. */
const maxSaid = 200;

export interface Speaker {
  readonly account: Account;
  readonly place: Place;
  /** The verb or the typed text, for the journal. */
  readonly said: string;
}

export interface Refusals {
  /**
   * Never throws: the refusal holds whether or not it could be written down, since it let nothing happen.
   */
  write(speaker: Speaker, refusal: Refusal, requestId: string | undefined): Promise<void>;
}

export function createRefusals(deps: Pick<Deps, 'store' | 'clock' | 'log' | 'onRefused'>): Refusals {
  return new JournaledRefusals(deps);
}

class JournaledRefusals implements Refusals {
  readonly #deps: Pick<Deps, 'store' | 'clock' | 'log' | 'onRefused'>;
  /** `until` is in elapsed time: a clock that is set back must not silence anybody for longer. */
  readonly #written = new RecentMap<string, { readonly until: number; readonly count: number }>(mostAccounts);

  constructor(deps: Pick<Deps, 'store' | 'clock' | 'log' | 'onRefused'>) {
    this.#deps = deps;
  }

  async write(
    { account, place, said }: Speaker,
    refusal: Refusal,
    requestId: string | undefined,
  ): Promise<void> {
    const { store, log, onRefused } = this.#deps;
    onRefused?.(refusal.refused);
    const by = surfaceKey(account.surface, account.id);
    const answer = this.#room(by);
    try {
      if (answer.room === 'none') return;
      if (answer.room === 'last') {
        log.warn('refusalsLeftOut', { by, until: answer.until });
        await store.note({ type: 'refusalsLeftOut', by, until: answer.until });
      } else if (requestId !== undefined && store.get(requestId) !== undefined) {
        await store.change(requestId, () => ({
          event: { type: 'pressRefused', by, verb: said.slice(0, maxSaid), reason: refusal.refused },
        }));
      } else {
        await store.note({
          type: 'commandRefused',
          by,
          place: surfaceKey(place.surface, place.id),
          reason: refusal.refused,
          text: said.slice(0, maxSaid),
        });
      }
    } catch (error) {
      log.error('refusalNotJournaled', { reason: refusal.refused, error });
    }
  }

  /**
   * What may still be written for this account: the refusal, the one line that says that more of them follow,
   * or nothing.
   */
  #room(by: string): { readonly room: 'whole' | 'none' } | { readonly room: 'last'; readonly until: number } {
    const { clock } = this.#deps;
    const now = clock.elapsed();
    const before = this.#written.get(by);
    const { until, count } =
      before === undefined || before.until <= now ? { until: now + hour, count: 0 } : before;
    this.#written.set(by, { until, count: count + 1 });
    if (count < refusalsPerHour) return { room: 'whole' };
    return count === refusalsPerHour ? { room: 'last', until: clock.now() + until - now } : { room: 'none' };
  }
}
