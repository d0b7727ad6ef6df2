// How long things may take before the bot stops waiting and says so. Documented limits stand beside their
// page.
import type { Action } from '../../liveResponse/action.ts';
import type { Request, RequestSession } from '../../liveResponse/request/request.ts';
import type { OfflineQueue } from '../../liveResponse/tenantLimits.ts';
import { longestWait, offlineQueueOf } from '../../liveResponse/tenantLimits.ts';
import type { Deps } from '../deps.ts';

/**
 * RunScript is ended by Defender after 10 minutes
 * (learn.microsoft.com/defender-endpoint/api/run-live-response).
 */
const scriptLimit = 10 * 60_000;
/** Getting or putting a file: 30 minutes, as for the live response console's own commands. */
const fileLimit = 30 * 60_000;
/** What the service itself is given on top: waking the device, closing the session. */
const serviceMargin = 30 * 60_000;

/** Characters. Defender documents no limit for the Comment of an action, or of its cancel; this is ours. */
export const maxComment = 1000;

function workLimit({ subject }: Pick<Request, 'subject'>): number {
  return subject.commands.reduce(
    (sum, command) => sum + (command.type === 'RunScript' ? scriptLimit : fileLimit),
    serviceMargin,
  );
}

/** How long Defender keeps a session for an offline device in this tenant, as far as it is known now. */
export function queueOf({ store, settings }: Pick<Deps, 'store' | 'settings'>): OfflineQueue {
  return offlineQueueOf(settings.tenant, store.learned(), settings.offlineQueue);
}

/**
 * When a session started at `now` is given up at the latest: never before Defender may have given up waiting
 * for the device.
 */
export function deadlineFrom(request: Pick<Request, 'subject'>, now: number, queue: OfflineQueue): number {
  return now + longestWait(queue) + workLimit(request);
}

/**
 * When a running session becomes overdue: soon after its work began, much later while the device may still be
 * offline; later still where the tenant turns out to wait longer.
 */
export function deadlineAfter(
  { request, session: { stage } }: RequestSession<'running'>,
  action: Action,
  queue: OfflineQueue,
): number {
  const started = action.progress.flatMap((one) => (one.startedAt === undefined ? [] : [one.startedAt]));
  if (started.length === 0)
    return queue.known && queue.by === 'sessions'
      ? Math.max(stage.deadline, deadlineFrom(request, stage.run.startedAt, queue))
      : stage.deadline;
  return Math.min(stage.deadline, Math.min(...started) + workLimit(request));
}
