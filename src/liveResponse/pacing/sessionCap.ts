// How many live response sessions may run at once: the documented number, lowered by what a 429 teaches and
// restored step by step.

/**
 * Running sessions: 25 in the pages of 2021 to 2025, 50 in today's (…/api/run-live-response, Limitations 2).
 * The smaller one is safe in every tenant.
 */
export const sessionsAtOnce = 25;

/**
 * How many sessions may run at once. Too many sessions and too many calls answer the same 429, so the cap is
 * learned: a 429 to a submission that our own count says was within the rate lowers it to the number then
 * running, and it comes back by one every `capRestoreMs`. With fewer than `minSessionsForCapLearning` running
 * the 429 says nothing about sessions (another tool used the rate up).
 */
export interface SessionCap {
  readonly ceiling: number;
  readonly cap: number;
  /** When `cap` was learned, in elapsed time. */
  readonly since: number;
}

export const capRestoreMs = 2 * 60_000;
export const minSessionsForCapLearning = 5;

export function sessionCap(ceiling: number = sessionsAtOnce): SessionCap {
  return { ceiling, cap: ceiling, since: 0 };
}

/** Sessions allowed at `now`. */
export function capAt(state: SessionCap, now: number): number {
  const restored = Math.max(0, Math.floor((now - state.since) / capRestoreMs));
  return Math.min(state.ceiling, state.cap + restored);
}

/**
 * The cap after a 429 to a submission, `running` sessions of ours being known at that moment (the refused one
 * not counted).
 */
export function afterThrottle(state: SessionCap, running: number, now: number): SessionCap {
  if (running < minSessionsForCapLearning) return state;
  return { ...state, cap: Math.min(capAt(state, now), running), since: now };
}
