// How long ago something journaled happened, as no jump of the wall clock can stretch or shorten it: the
// journal knows wall time alone, so the first look takes that, and from then on the age grows with the time
// that really passes.
import type { Clock } from '../../liveResponse/ports.ts';
import { RecentMap } from '../../liveResponse/pacing/recentMap.ts';

export interface Ages {
  /**
   * Milliseconds since `at` (epoch milliseconds), never negative. `key` names what happened; another `at`
   * under it is another event.
   */
  of(key: string, at: number): number;
}

/** More than all open requests have; the oldest is forgotten and measured by the wall clock again. */
const mostKept = 50_000;

export function createAges(clock: Pick<Clock, 'now' | 'elapsed'>): Ages {
  const known = new RecentMap<string, { readonly at: number; readonly began: number }>(mostKept);
  return {
    of(key, at) {
      const before = known.get(key);
      if (before?.at === at) return clock.elapsed() - before.began;
      const age = Math.max(0, clock.now() - at);
      known.set(key, { at, began: clock.elapsed() - age });
      return age;
    },
  };
}
