// What a seed aims at: one transition, which its day makes likelier, and the kinds of faults and changes that are
// laid next to the moments at which it is due. Rare combinations are met by few days otherwise.
import { transitionNames } from '../checks/transitions.ts';
import { changeNames, faultNames } from './faults.ts';
import type { ChangeName, FaultName, PlannedFault } from './faults.ts';

export interface Aim {
  readonly transition: string;
  readonly kinds: readonly (FaultName | ChangeName)[];
}

/** Kinds that one seed aims at. */
const kindsOfSeed = 6;

/** In a row of seeds each combination comes up as often as any other. */
export function aimOf(seed: number): Aim {
  const rows = [...transitionNames];
  const columns = [...faultNames, ...changeNames];
  const first = Math.floor(seed / rows.length) * kindsOfSeed;
  return {
    transition: rows[seed % rows.length] ?? 'asked',
    kinds: Array.from(
      { length: kindsOfSeed },
      (_, index) => columns[(first + index) % columns.length],
    ).filter((kind) => kind !== undefined),
  };
}

type Likelier = Pick<PlannedFault, 'kind' | 'only' | 'often' | 'by'>;

/** Lists show every action by then. Milliseconds. */
export const longestStale = 20 * 60_000;

const lostAnswers: Likelier = { kind: 'resetAfter', only: 'run', often: 0.5 };
const lostPosts: Likelier = { kind: 'resetBefore', only: 'run', often: 0.75 };

/** Faults of single calls without which a transition hardly happens. A transition that is not here needs none. */
const likelier: Readonly<Record<string, readonly Likelier[]>> = {
  deferred: [{ kind: 'throttled', only: 'run', often: 0.5 }],
  // Put off again and again, until its approval has lapsed; for long each time, because each time costs.
  lapsed: [{ kind: 'throttled', only: 'run', often: 0.97, by: 8 * 60_000 }],
  lost: [lostAnswers],
  found: [lostAnswers],
  resubmitted: [lostPosts],
  abandoned: [lostPosts],
  foundLate: [
    { ...lostAnswers, often: 0.75 },
    { kind: 'staleList', only: 'list', often: 0.97, by: longestStale },
  ],
  actionMissing: [
    { kind: 'staleList', only: 'list', often: 0.97, by: longestStale },
    { kind: 'staleList', only: 'get', often: 0.95, by: longestStale },
  ],
};

/** Due only where sessions run for longer than a minute. */
const needTime: ReadonlySet<string> = new Set(['actionMissing', 'overdue', 'progressed', 'cancelAsked']);
const longScript = 8 * 60_000;

/** For how long scripts run on this day, where not as long as their device takes; milliseconds. */
export function scriptsTake({ transition }: Aim): number | undefined {
  return needTime.has(transition) ? longScript : undefined;
}

/** They last from the start until then (elapsed milliseconds). */
export function likelierFaults({ transition }: Aim, until: number): readonly PlannedFault[] {
  return (likelier[transition] ?? []).map((fault) => ({ ...fault, at: 0, ms: until }));
}
