// What else is known of a device next to its record: isolation as its actions tell it, its recent sessions,
// and devices that can be taken for it.
import type { Action } from '../action.ts';
import { isTerminal } from '../action.ts';
import type { Alike } from '../device/confusables.ts';
import type { LeftOut } from '../device/records.ts';

/**
 * Defender keeps no such property: the newest Isolate or Unisolate that succeeded decides (defender-api.md
 * 6).
 */
export interface Isolation {
  /** `notKnown`: none of the actions that could be read tells, and there are older ones. */
  readonly state: 'isolated' | 'notIsolated' | 'notKnown';
  /** Epoch milliseconds of the end of the action that decided it. */
  readonly since?: number;
  /** Asked for since then and not done yet. */
  readonly pending?: 'isolation' | 'release';
}

/**
 * A live response session in Defender's list, of whatever application; those opened in the portal are not in
 * it.
 */
export interface RecentSession {
  /** Epoch milliseconds; absent where Defender does not tell. */
  readonly at?: number;
  readonly status: string;
  /** Its commands in short. */
  readonly what: string;
  /** The person who asked for it here, else Defender's requestor: an application or a user. */
  readonly by: string;
  /** One of ours. */
  readonly requestId?: string;
}

/** Frozen when it was read. A part that could not be read is absent. */
export interface DeviceContext {
  readonly at: number;
  readonly isolation?: Isolation;
  /** Newest first, three at most. */
  readonly sessions?: readonly RecentSession[];
  /** `whole`: every device that could be one was compared. */
  readonly alike?: { readonly devices: readonly Alike[]; readonly more: number; readonly whole: boolean };
  /** Other records of its name that cannot take a session. */
  readonly leftOut?: { readonly records: readonly LeftOut[]; readonly more: number };
}

const isolating: ReadonlySet<string> = new Set(['Isolate', 'Unisolate']);

/** @param actions newest first; `whole` when the device has no others */
export function isolationOf(actions: readonly Action[], whole: boolean): Isolation {
  const relevant = actions.filter((action) => isolating.has(action.type));
  const decided = relevant.find((action) => action.status === 'Succeeded');
  // Only what came after it: an older one that never ended is not waited for any more.
  const after = decided === undefined ? relevant : relevant.slice(0, relevant.indexOf(decided));
  const open = after.find((action) => !isTerminal(action.status));
  const pending =
    open === undefined
      ? {}
      : { pending: open.type === 'Isolate' ? ('isolation' as const) : ('release' as const) };
  if (decided === undefined) return { state: whole ? 'notIsolated' : 'notKnown', ...pending };
  return {
    state: decided.type === 'Isolate' ? 'isolated' : 'notIsolated',
    ...(decided.updatedAt === undefined ? {} : { since: decided.updatedAt }),
    ...pending,
  };
}
