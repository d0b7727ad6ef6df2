// Two limits that differ between tenants and that no API tells: how long Defender keeps a session for a
// device that is offline, and how many sessions may run at once. What is stated by a setting, what was
// learned from sessions, and the range until either is so.
import type { Action } from './action.ts';
import { hasBegun } from './action.ts';
import { sessionsAtOnce } from './pacing/callRates.ts';
import type { Request } from './request/request.ts';
import { stageOf } from './request/request.ts';

const minute = 60_000;
const hour = 60 * minute;

/**
 * "If the machine is not available, the action is queued for up to" 2 hours, in the page of 2025-12-31; 3
 * days before (…/api/run-live-response).
 */
export const shortQueueMs = 2 * hour;
export const longQueueMs = 72 * hour;
/** In today's page; `sessionsAtOnce` in the older ones. */
export const newSessionsAtOnce = 50;

/**
 * Defender sweeps its queue now and then, and tells the end by the minute: a session that ended so much off a
 * known length shows that one. Ours.
 */
const early = 10 * minute;
const lengths = [
  { ms: shortQueueMs, late: 45 * minute },
  { ms: longQueueMs, late: 4 * hour },
] as const;
/**
 * A session that still waits so long after the shorter length shows that it is not that one. Ours: more than
 * any sweep or clock is off.
 */
export const stillWaitingMs = shortQueueMs + 45 * minute;

/**
 * What sessions have shown of a tenant, newest of each kind. `at` in epoch milliseconds, the rest in
 * milliseconds.
 */
export type Learned =
  | {
      readonly what: 'offlineQueue';
      readonly tenant: string;
      readonly ms: number;
      readonly how: 'timedOut' | 'stillWaiting';
      readonly at: number;
    }
  /** `running`: sessions of this bot that ran when one more was accepted, or refused with 429. */
  | {
      readonly what: 'sessions';
      readonly tenant: string;
      readonly running: number;
      readonly how: 'accepted' | 'refused';
      readonly at: number;
    };

export type OfflineQueue =
  | { readonly known: true; readonly ms: number; readonly by: 'setting' }
  | {
      readonly known: true;
      readonly ms: number;
      readonly by: 'sessions';
      readonly how: 'timedOut' | 'stillWaiting';
      readonly at: number;
    }
  | { readonly known: false; readonly from: number; readonly to: number };

const range: OfflineQueue = { known: false, from: shortQueueMs, to: longQueueMs };

/** @param stated LR_OFFLINE_QUEUE in milliseconds, where somebody set it */
export function offlineQueueOf(tenant: string, learned: readonly Learned[], stated?: number): OfflineQueue {
  const shown = learned.find((one) => one.what === 'offlineQueue' && one.tenant === tenant);
  if (shown?.what === 'offlineQueue' && (stated === undefined || differ(shown.ms, stated)))
    return { known: true, ms: shown.ms, by: 'sessions', how: shown.how, at: shown.at };
  return stated === undefined ? range : { known: true, ms: stated, by: 'setting' };
}

/**
 * Whether sessions have shown something else than what is stated. Lengths in between are nobody's mistake:
 * the queue is swept now and then.
 */
export function differ(shown: number, stated: number): boolean {
  return shown > 1.5 * stated || stated > 1.5 * shown;
}

/** The longest that Defender may keep a session: so long nobody may say that it is overdue. */
export function longestWait(queue: OfflineQueue): number {
  return queue.known ? queue.ms : queue.to;
}

/**
 * Of a session that has ended without having begun: the length of the queue that this shows. Undefined where
 * it shows none.
 */
export function queueShownBy(request: Request): number | undefined {
  const stage = stageOf(request);
  if (
    stage.state !== 'finished' ||
    stage.opened === true ||
    (stage.outcome !== 'timedOut' && stage.outcome !== 'failed') ||
    stage.run.cancel !== undefined
  )
    return undefined;
  return queueShownByAction(stage.run.action);
}

/**
 * By Defender's own times alone: ours count whatever the clock was set by, and a length that was learned
 * wrongly makes every later card wrong.
 */
export function queueShownByAction(
  action: Pick<Action, 'status' | 'progress' | 'createdAt' | 'updatedAt' | 'cancelledBy'>,
): number | undefined {
  if (
    hasBegun(action) ||
    action.cancelledBy !== undefined ||
    (action.status !== 'TimeOut' && action.status !== 'Failed')
  )
    return undefined;
  const { createdAt, updatedAt } = action;
  if (createdAt === undefined || updatedAt === undefined || createdAt <= 0) return undefined;
  const span = updatedAt - createdAt;
  return lengths.find(({ ms, late }) => span >= ms - early && span <= ms + late)?.ms;
}

/**
 * Of a session that Defender has just shown as waiting: undefined while either length may be. @param waited
 * by our own clock, in milliseconds
 */
export function queueShownByWaiting(
  action: Pick<Action, 'status' | 'progress'>,
  waited: number,
): number | undefined {
  return action.status === 'Pending' && !hasBegun(action) && waited >= stillWaitingMs
    ? longQueueMs
    : undefined;
}

export type SessionLimit =
  | {
      readonly known: true;
      readonly most: number;
      readonly how: 'accepted' | 'refused';
      readonly running: number;
      readonly at: number;
    }
  | { readonly known: false; readonly from: number; readonly to: number };

export function sessionLimitOf(tenant: string, learned: readonly Learned[]): SessionLimit {
  const shown = learned.find((one) => one.what === 'sessions' && one.tenant === tenant);
  if (shown?.what !== 'sessions') return { known: false, from: sessionsAtOnce, to: newSessionsAtOnce };
  return {
    known: true,
    most: shown.how === 'accepted' ? newSessionsAtOnce : shown.running,
    how: shown.how,
    running: shown.running,
    at: shown.at,
  };
}

/**
 * What one more session shows, `running` being how many of ours ran: accepted beyond the smaller limit, it is
 * the larger; refused at the smaller one or between the two, it is most likely as many as ran. Fewer say
 * nothing, since other tools of the tenant have sessions too.
 */
export function sessionsShow(running: number, how: 'accepted' | 'refused'): boolean {
  return how === 'accepted'
    ? running > sessionsAtOnce
    : running >= sessionsAtOnce && running < newSessionsAtOnce;
}

/** With `next`, in place of what was learned of the same before. */
export function learnedWith(learned: readonly Learned[], next: Learned): readonly Learned[] {
  return [...learned.filter((one) => one.what !== next.what || one.tenant !== next.tenant), next];
}

/** Whether `next` says something that is not known by sessions already. */
export function isNews(learned: readonly Learned[], next: Learned): boolean {
  const before = learned.find((one) => one.what === next.what && one.tenant === next.tenant);
  if (before?.what === 'offlineQueue' && next.what === 'offlineQueue')
    return next.ms !== before.ms && next.at > before.at;
  if (before?.what === 'sessions' && next.what === 'sessions')
    return next.how !== before.how && next.at > before.at;
  return true;
}
