// The comment of a POST runliveresponse, and Defender's answer to it: whether the action it names is ours, and what
// a failure means.
import { clip, oneLine } from '../../../../cards/clip.ts';
import type { Action } from '../../../liveResponse/action.ts';
import { errorAnswer } from '../../../liveResponse/ports.ts';
import type { DefenderError } from '../../../liveResponse/ports.ts';
import type { SessionTransition } from '../../../liveResponse/request/events.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import type { Attempt, Session, WaitCause } from '../../../liveResponse/request/session.ts';
import { maxComment } from '../transition.ts';
import { busyPause, outageOf, throttledPause, unavailablePause } from './admission.ts';

/**
 * The tag first, so that it survives any cut; then the people, since to Defender the requestor is only our
 * application.
 */
export function commentOf(
  { request: { asked, subject }, session: { grant } }: RequestSession,
  attempt: Attempt,
): string {
  const approver = grant.votes[0].by.name;
  const reason = asked.reason === undefined ? '' : ` | reason: ${oneLine(asked.reason, maxComment)}`;
  return clip(
    `${attempt.tag} | requested by ${asked.requester.name} | approved by ${approver} | ${subject.fingerprint}${reason}`,
    maxComment,
  );
}

/**
 * Whether the action in the answer was started by this session. `foreign`: Defender sometimes answers with
 * the action that already runs on the device, and ours was not started. `unclear`:
 * something of ours arrived, and nobody knows what.
 * @param known the action is already that of a session of ours
 */
export function whoseAction(
  action: Action,
  session: Pick<Session, 'attempts'>,
  known: boolean,
): 'ours' | 'foreign' | 'unclear' {
  if ((known && !isOurs(action, session)) || isForeign(action, session)) return 'foreign';
  // Our tag on the action of another request, or nothing that could be read from it.
  return known || !isOurs(action, session) ? 'unclear' : 'ours';
}

/** The tag of any of our attempts: Defender may answer with an earlier one that arrived after all. */
function isOurs(action: Action, { attempts }: Pick<Session, 'attempts'>): boolean {
  return attempts.some((attempt) => action.comment.includes(attempt.tag));
}

/**
 * Words that are not ours. No comment at all, or one cut inside our tag, may be our own action: sent again,
 * it would run twice.
 */
function isForeign(action: Action, session: Pick<Session, 'attempts'>): boolean {
  const comment = action.comment.trim();
  return !isOurs(action, session) && !session.attempts.some((attempt) => attempt.tag.startsWith(comment));
}

/**
 * What becomes of a session whose POST failed at `now`. Only a definite answer that nothing ran leads back to
 * the queue or to the end. @param throttled learns from a 429 and says what it is about
 */
export function afterFailure(
  error: DefenderError,
  now: number,
  throttled: () => WaitCause,
): SessionTransition {
  const { code, detail } = error;
  const deferred = (cause: WaitCause, pause: number) =>
    ({
      type: 'deferred',
      cause,
      notBefore: now + (detail.retryAfterMs ?? pause),
      ...(code === 'paced' ? {} : { error: errorAnswer(error) }),
    }) as const;
  switch (code) {
    case 'busy':
      return deferred('deviceBusy', busyPause);
    case 'throttled':
      return deferred(throttled(), throttledPause);
    case 'paced':
      return deferred('slot', 1_000);
    case 'unavailable':
    case 'unauthorized': // Our own credentials are broken: the approval need not be wasted on that.
      return deferred(outageOf(error), unavailablePause);
    case 'refused':
    case 'notFound':
      return refusal(error);
    default:
      return { type: 'lost', error: errorAnswer(error) };
  }
}

/** Defender's no to a session, as the event that ends it. */
export function refusal(error: DefenderError): SessionTransition {
  const { apiCode, apiMessage, target, call, status } = error.detail;
  return {
    type: 'refused',
    code: apiCode ?? error.code,
    ...(apiMessage === undefined ? {} : { detail: apiMessage }),
    ...(target === undefined ? {} : { target }),
    ...(call === undefined ? {} : { call }),
    ...(status === undefined ? {} : { status }),
  };
}
