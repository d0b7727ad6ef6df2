// What is said of the limits that differ between tenants: a range while nobody knows, and then how it is
// known.
import type { OfflineQueue, SessionLimit } from '../../src/liveResponse/tenantLimits.ts';
import { duration, stamp, timeOf } from '../time.ts';

/** Goes on after "an offline one is waited for". */
export function waitsFor(queue: OfflineQueue): string {
  return queue.known ? ` about ${duration(queue.ms)}` : ' 2 hours to 3 days, depending on the tenant';
}

/**
 * Until when a parked session is kept, without a full stop. @param shownDay a time whose date the reader
 * already sees
 */
export function keptUntil(
  queue: OfflineQueue,
  device: 'it' | 'the device',
  since: number,
  shownDay: number,
): string {
  const at = (ms: number): string => timeOf(since + ms, shownDay);
  if (!queue.known)
    return `Defender waits for ${device} 2 hours to 3 days, depending on the tenant (not known yet for this one): until about ${at(queue.from)} or about ${at(queue.to)}`;
  const shown =
    queue.by === 'setting'
      ? ''
      : ` (${duration(queue.ms)}, as ${queue.how === 'timedOut' ? 'an earlier session showed' : 'a session shows that was kept over 2 hours'})`;
  return `Defender waits for ${device} until about ${at(queue.ms)}${shown}`;
}

/** At the end of a session that timed out without having begun. */
export function learnedFrom(ms: number | undefined): string {
  return ms === undefined ? '' : ` So this tenant keeps such a session about ${duration(ms)}.`;
}

/** For anyone who asks how things stand. @param stated LR_OFFLINE_QUEUE is set */
export function offlineQueueWords(queue: OfflineQueue): string {
  if (!queue.known)
    return 'A session for an offline device is kept 2 hours to 3 days: 2 hours in newer tenants, 3 days in older ones. How long in this tenant is not known yet; the first session that times out shows it, and LR_OFFLINE_QUEUE=2h or 3d states it.';
  if (queue.by === 'setting')
    return `A session for an offline device is kept about ${duration(queue.ms)}, as LR_OFFLINE_QUEUE states.`;
  return queue.how === 'timedOut'
    ? `A session for an offline device is kept about ${duration(queue.ms)}, as one showed that timed out (learned at ${stamp(queue.at)}).`
    : `A session for an offline device is kept longer than 2 hours, so about ${duration(queue.ms)}, as one showed that still waited (learned at ${stamp(queue.at)}).`;
}

/** @param ours how many the bot itself runs at once: LR_SESSIONS */
export function sessionLimitWords(limit: SessionLimit, ours: number): string {
  const bot = `The bot runs ${ours} at once at most (LR_SESSIONS).`;
  if (!limit.known) {
    if (ours > limit.from)
      return `A tenant may run ${limit.from} or ${limit.to} sessions at once; LR_SESSIONS states more than ${limit.from}, and no session has shown it yet. ${bot}`;
    return `A tenant may run ${limit.from} or ${limit.to} sessions at once: ${limit.from} in older tenants, ${limit.to} in newer ones. Which holds here is not known. ${bot} LR_SESSIONS=${limit.to} states that it is ${limit.to}.`;
  }
  return limit.how === 'accepted'
    ? `This tenant may run ${limit.most} sessions at once: one more was accepted while ${limit.running} ran (learned at ${stamp(limit.at)}). ${bot}`
    : `This tenant seems to run ${limit.most} sessions at once: one more was refused while ${limit.running} ran (learned at ${stamp(limit.at)}). ${bot}`;
}
