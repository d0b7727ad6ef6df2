// Places that take nothing of ours for now: asked again at growing intervals, by one call at a time, and at
// once at a sign of life.
import { surfaceKey } from '../../../liveResponse/request/surfaceKey.ts';
import type { Clock } from '../../../liveResponse/ports.ts';
import { nextPause } from './cardFailures.ts';

export interface ClosedPlace {
  readonly surface: string;
  readonly place: string;
  /** Epoch milliseconds of the first refusal. */
  readonly since: number;
  readonly why: string;
}

interface Where {
  readonly surface: string;
  readonly place: string;
}

/**
 * `probe`: the place is closed, and this call may ask whether it still is. `wait`: milliseconds until it is
 * asked again.
 */
export type Gate = 'open' | 'probe' | { readonly wait: number };

export interface ClosedPlaces {
  gate(where: Where): Gate;
  /** The call that asks has begun, or ended. */
  asking(where: Where, now: boolean): void;
  /** `asked`: the call went there to ask. `lively`: somebody waits for what it would have shown. */
  refused(where: Where, why: string, asked: boolean, lively: boolean): void;
  /** Something of ours was taken there. */
  opened(where: Where): void;
  /** Whether something of ours was taken there at or after that moment of elapsed time. */
  tookSince(where: Where, moment: number): boolean;
  /**
   * Forgets all others: where nothing is to be drawn any more nobody asks, so that nothing would ever take it
   * back.
   */
  only(wanted: (where: Where) => boolean): void;
  /** Answers whether the place counted as closed. */
  heard(where: Where): boolean;
  /** A place that was refused again after the first refusal: told to people, and in `list`. */
  confirmed(where: Where): ClosedPlace | undefined;
  list(): readonly ClosedPlace[];
}

interface State extends ClosedPlace {
  readonly count: number;
  /** Elapsed milliseconds. */
  readonly next: number;
  readonly asked: number;
  readonly lively: boolean;
  readonly asking: boolean;
}

const livelyPauses = [2_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000] as const;
/** Where only cards of requests that ended long ago are behind. */
const idlePauses = [...livelyPauses, 900_000, 3_600_000] as const;
/** Least time between two calls to a closed place, however much is heard from it. Milliseconds. */
const least = 2_000;

export function createClosedPlaces(clock: Pick<Clock, 'now' | 'elapsed'>): ClosedPlaces {
  const states = new Map<string, State>();
  const taken = new Map<string, number>();
  const keyOf = ({ surface, place }: Where): string => surfaceKey(surface, place);

  return {
    gate(where) {
      const state = states.get(keyOf(where));
      if (state === undefined) return 'open';
      const wait = state.next - clock.elapsed();
      // While one asks, the others come again when it has its answer.
      if (state.asking) return { wait: Math.max(wait, least) };
      return wait > 0 ? { wait } : 'probe';
    },
    asking(where, now) {
      const state = states.get(keyOf(where));
      if (state === undefined) return;
      const elapsed = clock.elapsed();
      // An answer that told nothing of the place, such as none at all: the next call keeps its distance too.
      const next =
        now || state.next > elapsed
          ? state.next
          : elapsed + nextPause(state.lively ? livelyPauses : idlePauses, state.count);
      states.set(keyOf(where), { ...state, asking: now, next, asked: now ? elapsed : state.asked });
    },
    refused(where, why, asked, lively) {
      const key = keyOf(where);
      const before = states.get(key);
      const elapsed = clock.elapsed();
      // Calls that were under way together are one refusal, not many.
      if (before !== undefined && !asked) return;
      const count = (before?.count ?? 0) + 1;
      states.set(key, {
        surface: where.surface,
        place: where.place,
        since: before?.since ?? clock.now(),
        why,
        count,
        lively,
        asking: before?.asking ?? false,
        asked: elapsed,
        next: elapsed + nextPause(lively ? livelyPauses : idlePauses, count),
      });
    },
    opened(where) {
      states.delete(keyOf(where));
      taken.set(keyOf(where), clock.elapsed());
    },
    tookSince: (where, moment) => (taken.get(keyOf(where)) ?? -Infinity) >= moment,
    only(wanted) {
      for (const [key, state] of states) if (!state.asking && !wanted(state)) states.delete(key);
    },
    heard(where) {
      const state = states.get(keyOf(where));
      if (state === undefined) return false;
      states.set(keyOf(where), { ...state, next: Math.max(clock.elapsed(), state.asked + least) });
      return true;
    },
    confirmed(where) {
      const state = states.get(keyOf(where));
      return state === undefined || state.count < 2 ? undefined : state;
    },
    list: () =>
      [...states.values()]
        .filter((one) => one.count > 1)
        .map(({ surface, place, since, why }) => ({ surface, place, since, why })),
  };
}
