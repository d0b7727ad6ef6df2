// Learning of the tenant's limits: what our own sessions show of its offline queue and of how many may run at
// once is written down, where it is news.
import type { Action } from '../../../liveResponse/action.ts';
import { waitsSince } from '../../../liveResponse/pacing/callRates.ts';
import { StoreError } from '../../../liveResponse/ports.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import {
  isNews,
  queueShownBy,
  queueShownByWaiting,
  sessionsShow,
} from '../../../liveResponse/tenantLimits.ts';
import type { Learned } from '../../../liveResponse/tenantLimits.ts';
import type { Deps } from '../../deps.ts';
import { sessionKey, sessionsIn } from '../transition.ts';
import type { Ages } from '../transition.ts';

/** After a journal that could not be written. Milliseconds. */
const retryPause = 30_000;

export interface TenantLearning {
  /** Defender has just shown this session of ours. */
  shown(running: RequestSession<'running'>, action: Action): void;
  /** One more session was accepted, or refused with 429, while so many of ours ran. */
  oneMore(running: number, how: 'accepted' | 'refused'): void;
  /** Marks a request as changed. */
  touch(id: string): void;
  /** Writes down what is news. Answers after how many milliseconds to come again. */
  pass(): Promise<number | undefined>;
}

/** @param news something is to be written down @param learned what the cards say has changed */
export function createTenantLearning(
  deps: Deps,
  ages: Ages,
  news: () => void,
  learned: () => void,
): TenantLearning {
  return new LearnedLimits(deps, ages, news, learned);
}

class LearnedLimits implements TenantLearning {
  readonly #deps: Deps;
  readonly #ages: Ages;
  readonly #news: () => void;
  readonly #learned: () => void;
  /** Requests with sessions that ended and were not looked at yet. */
  readonly #ended: Set<string>;
  #found: readonly Learned[] = [];

  constructor(deps: Deps, ages: Ages, news: () => void, learned: () => void) {
    this.#deps = deps;
    this.#ages = ages;
    this.#news = news;
    this.#learned = learned;
    // What ended under an earlier version, or while the process was down, counts as well.
    this.#ended = new Set(sessionsIn(deps.store.all(), ['finished']).map(({ request }) => request.id));
  }

  touch(id: string): void {
    this.#ended.add(id);
  }

  shown(running: RequestSession<'running'>, action: Action): void {
    const { clock, settings } = this.#deps;
    const { startedAt } = running.session.stage.run;
    // By the shortest of all measures: a clock that runs ahead must not make a wait longer than it was.
    const waited = Math.min(
      clock.now() - waitsSince({ action, startedAt }),
      this.#ages.of(`${sessionKey(running)} at Defender`, startedAt),
    );
    const ms = queueShownByWaiting(action, waited);
    if (ms === undefined) return;
    this.#find({ what: 'offlineQueue', tenant: settings.tenant, ms, how: 'stillWaiting', at: clock.now() });
  }

  oneMore(running: number, how: 'accepted' | 'refused'): void {
    const { clock, settings } = this.#deps;
    if (sessionsShow(running, how))
      this.#find({ what: 'sessions', tenant: settings.tenant, running, how, at: clock.now() });
  }

  #find(one: Learned): void {
    if (
      !isNews(this.#deps.store.learned(), one) ||
      this.#found.some((other) => other.what === one.what && !isNews([other], one))
    )
      return;
    this.#found = [...this.#found, one];
    this.#news();
  }

  async pass(): Promise<number | undefined> {
    this.#findTimedOut();
    while (this.#found[0] !== undefined) {
      if (!(await this.#note(this.#found[0]))) return retryPause;
      this.#found = this.#found.slice(1);
    }
    return undefined;
  }

  /** What the sessions that have ended since show. */
  #findTimedOut(): void {
    const { store, settings } = this.#deps;
    const { tenant } = settings;
    // Oldest first: the newest counts.
    const requests = [...this.#ended].flatMap((id) => store.get(id) ?? []);
    const sessions = sessionsIn(requests, ['finished']).filter(
      ({ request }) => request.asked.tenant === tenant,
    );
    this.#ended.clear();
    sessions.sort((a, b) => a.session.stage.endedAt - b.session.stage.endedAt);
    for (const { request, session } of sessions) {
      const ms = queueShownBy(request);
      if (ms !== undefined)
        this.#find({ what: 'offlineQueue', tenant, ms, how: 'timedOut', at: session.stage.endedAt });
    }
  }

  /** Writes down what is still news; false where the journal could not be written. */
  async #note(one: Learned): Promise<boolean> {
    const { store, log } = this.#deps;
    try {
      if (isNews(store.learned(), one)) {
        await store.note({ type: 'tenantLearned', learned: one });
        log.info('tenantLearned', { ...one });
        this.#learned();
      }
      return true;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warn('tenantNotLearned', { detail: error.message });
      return false;
    }
  }
}
