// Learns the limits of the tenant from what happens to our sessions, and writes down what is news, so that it
// holds after a restart: how long Defender keeps a session for an offline device, and whether it lets more
// than 25 run at once.
import { StoreError } from '../../../liveResponse/ports.ts';
import type { Action } from '../../../liveResponse/action.ts';
import { waitsSince } from '../../../liveResponse/pacing/schedules.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import type { Learned } from '../../../liveResponse/tenantLimits.ts';
import {
  isNews,
  queueShownBy,
  queueShownByWaiting,
  sessionsShow,
} from '../../../liveResponse/tenantLimits.ts';
import type { Deps } from '../../deps.ts';
import type { Ages } from '../ages.ts';
import { sessionsIn } from '../transition.ts';

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
  { store, clock, log, settings: { tenant } }: Deps,
  ages: Ages,
  news: () => void,
  learned: () => void,
): TenantLearning {
  // What ended under an earlier version, or while the process was down, counts as well.
  const ended = new Set(sessionsIn(store.all(), ['finished']).map(({ request }) => request.id));
  let found: readonly Learned[] = [];

  function find(one: Learned): void {
    if (
      !isNews(store.learned(), one) ||
      found.some((other) => other.what === one.what && !isNews([other], one))
    )
      return;
    found = [...found, one];
    news();
  }

  return {
    shown({ request, session }, action) {
      const { startedAt } = session.stage.run;
      // By the shortest of all measures: a clock that runs ahead must not make a wait longer than it was.
      const waited = Math.min(
        clock.now() - waitsSince({ action, startedAt }),
        ages.of(`${request.id} at Defender`, startedAt),
      );
      const ms = queueShownByWaiting(action, waited);
      if (ms !== undefined) find({ what: 'offlineQueue', tenant, ms, how: 'stillWaiting', at: clock.now() });
    },
    oneMore(running, how) {
      if (sessionsShow(running, how)) find({ what: 'sessions', tenant, running, how, at: clock.now() });
    },
    touch: (id) => void ended.add(id),
    async pass() {
      // Oldest first: the newest counts.
      const requests = [...ended].flatMap((id) => store.get(id) ?? []);
      const sessions = sessionsIn(requests, ['finished']).filter(
        ({ request }) => request.asked.tenant === tenant,
      );
      ended.clear();
      sessions.sort((a, b) => a.session.stage.endedAt - b.session.stage.endedAt);
      for (const { request, session } of sessions) {
        const ms = queueShownBy(request);
        if (ms !== undefined)
          find({ what: 'offlineQueue', tenant, ms, how: 'timedOut', at: session.stage.endedAt });
      }
      while (found[0] !== undefined) {
        const [one] = found;
        try {
          if (isNews(store.learned(), one)) {
            await store.note({ type: 'tenantLearned', learned: one });
            log.info('tenantLearned', { ...one });
            learned();
          }
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          log.warn('tenantNotLearned', { detail: error.message });
          return retryPause;
        }
        found = found.slice(1);
      }
      return undefined;
    },
  };
}
