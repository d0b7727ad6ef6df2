// What a card says of a session that waits at Defender for an offline device, and of the cancel that the
// policy asks for then.
import { hasBegun } from '../../src/liveResponse/action.ts';
import { parkedCancelPauseMs, parkedCancelTries } from '../../src/liveResponse/pacing/schedules.ts';
import type { Asker } from '../../src/liveResponse/request/vote.ts';
import type { Request, StageIn } from '../../src/liveResponse/request/request.ts';
import type { CancelAsked } from '../../src/liveResponse/request/session.ts';
import type { OfflineQueue } from '../../src/liveResponse/tenantLimits.ts';
import { oneLine } from '../clip.ts';
import type { StatusText } from './said.ts';
import { keptUntil } from './tenantLimits.ts';
import { duration, timeOf } from '../time.ts';

/** Who asked, as it stands in a sentence, or at its beginning. */
export function askerName(by: Asker, article: 'the' | 'The' = 'the'): string {
  return 'policy' in by ? `${article} policy (${by.policy})` : oneLine(by.name, 120);
}

/**
 * Status and lead while nothing has started; undefined when the device is not known to be parked, or has
 * woken. @param followed the bot reads it: without that it cancels nothing, since it could not know what it
 * stops
 */
export function parkedWords(
  request: Request,
  { run: { action, cancel, waitingForDevice: waiting } }: StageIn<'running'>,
  followed: boolean,
  queue?: OfflineQueue,
): StatusText | undefined {
  if (waiting === undefined || waiting.wokeAt !== undefined || hasBegun(action)) return undefined;
  const at = (ms: number): string => timeOf(ms, request.asked.at);
  const status = 'Parked, the device does not answer';
  // Without what is known of the tenant, by what was when it was waiting.
  const kept = (device: 'it' | 'the device'): string =>
    queue === undefined
      ? `Defender waits for ${device} until about ${at(waiting.until)}`
      : keptUntil(queue, device, waiting.since, request.asked.at);
  const due = waiting.cancelAt === undefined || cancel !== undefined ? undefined : at(waiting.cancelAt);
  if (!followed) {
    const onceRead =
      due === undefined ? '' : ` The policy’s cancel, due at ${due}, is sent only once it can be read again.`;
    return {
      status,
      tone: 'warning',
      lead: `at Defender since ${at(waiting.since)}, and nothing had started. ${kept('the device')}; if it wakes, this runs without another approval.${onceRead}`,
    };
  }
  return {
    status,
    tone: 'warning',
    lead:
      `Defender has had it since ${at(waiting.since)} and nothing has started: the device is taken to be offline. ` +
      `${kept('it')}. If it wakes before that, this runs without another approval.${due === undefined ? '' : ` The policy cancels it at ${due}.`}`,
  };
}

function triesUsedUp(cancel: CancelAsked | undefined): boolean {
  return cancel?.tries !== undefined && cancel.tries >= parkedCancelTries;
}

/** What became of the policy's cancel while the session still runs; undefined of a person's. */
export function policyCancelSentence(
  request: Request,
  { run: { cancel, waitingForDevice: waiting } }: StageIn<'running'>,
  followed: boolean,
): string | undefined {
  if (cancel?.tries === undefined) return undefined;
  const at = (ms: number): string => timeOf(ms, request.asked.at);
  const answer = {
    sent: 'not confirmed by Defender',
    failed: 'not confirmed by Defender',
    accepted: 'accepted',
    alreadyOver: 'answered with “already over”',
    noEffect: 'accepted without effect',
  }[cancel.answer];
  if (waiting?.wokeAt !== undefined)
    return `The policy’s cancel of ${at(cancel.at)} was ${answer}, and the device has woken; press Cancel if it should stop.`;
  return triesUsedUp(cancel)
    ? `The policy’s cancel was ${answer}, ${parkedCancelTries} times: the bot stops trying. Press Cancel, or cancel the action in the portal.`
    : `The policy’s cancel of ${at(cancel.at)} was ${answer} (try ${cancel.tries} of ${parkedCancelTries}); the next ${followed ? `is at ${at(cancel.at + parkedCancelPauseMs)}` : 'is sent only once the session can be read again'}.`;
}

/**
 * Said at the end of a session that the policy wanted cancelled, or that was cancelled while it was waiting.
 * Empty when neither is so.
 */
export function parkedEnding({ outcome, run }: StageIn<'finished'>): string {
  const { action, cancel, waitingForDevice: waiting } = run;
  if (waiting === undefined) return '';
  const begun = hasBegun(action);
  if (cancel?.tries !== undefined) {
    if (outcome === 'cancelled' && !begun)
      return `It had been parked for ${duration(cancel.at - waiting.since)}. “Ask again” prepares the same request for a fresh approval.`;
    if (begun) return 'The device woke before the policy’s cancel took effect; the rows show what ran.';
    return cancel.answer === 'accepted' ? '' : 'Defender had not confirmed the policy’s cancel.';
  }
  return begun ? '' : '“Ask again” prepares the same request for a fresh approval.';
}
