// When something is asked again: the gap between two polls, the times of a search for a lost answer, and from
// when a session counts as waiting for its device.
import { createdAtOr } from '../action.ts';
import { callsPerHour } from './callRates.ts';

const minute = 60_000;
const hour = 3_600_000;

/** 1,500 calls an hour are one every 2.4 s, for as long as anything runs. */
export const pollGapMs = hour / callsPerHour;
/**
 * While only devices that do not answer are waited for: 120 calls an hour in total, however many there are.
 */
export const parkedGapMs = 30_000;
/**
 * When an action is looked for, in milliseconds after its answer was lost. A list may lag behind what was
 * created.
 */
export const searchSchedule = [2_000, 5_000, 15_000, 60_000, 180_000, 300_000] as const;
/**
 * When an attempt is looked for whose request was given up, in milliseconds after that; a list that lags
 * shows it by then. Ours.
 */
export const lateSearchSchedule = [
  5_000,
  15_000,
  minute,
  3 * minute,
  6 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  6 * hour,
] as const;
export const lateSearchMs = 6 * hour;
/** Searches after which a person is asked. */
export const maxSearchAttempts = searchSchedule.length;

/**
 * Online devices start within 2 to 3 minutes (defender-api.md 9.1); still Pending after this, a device is
 * taken to be offline.
 */
export const parkedAfterMs = 10 * minute;

/** A cancel that the policy asks for and that does not end the session is asked for again this often ... */
export const parkedCancelPauseMs = 5 * minute;
/** ... and so many times in all; after that it is a person's turn. Both are ours. */
export const parkedCancelTries = 6;

/**
 * Milliseconds to leave between two polls; undefined when there is nothing to poll for. `fresh`: something
 * was submitted since the last poll.
 */
export function pollGap(
  sessions: { readonly active: number; readonly parked: number; readonly fresh: boolean },
  gaps: { readonly active: number; readonly parked: number } = { active: pollGapMs, parked: parkedGapMs },
): number | undefined {
  if (sessions.fresh) return 0;
  if (sessions.active > 0) return gaps.active;
  return sessions.parked > 0 ? gaps.parked : undefined;
}

/** Since when a session waits, in epoch milliseconds: by Defender's word, else since it was sent or found. */
export function waitsSince({
  action,
  startedAt,
}: {
  readonly action: { readonly createdAt?: number };
  readonly startedAt: number;
}): number {
  return createdAtOr(action, startedAt);
}

/** Whether a session waits for an offline device: Pending for long, with nothing started. */
export function isParked(
  session: {
    readonly action: { readonly status: string; readonly createdAt?: number };
    readonly startedAt: number;
  },
  now: number,
): boolean {
  return session.action.status === 'Pending' && now - waitsSince(session) > parkedAfterMs;
}
