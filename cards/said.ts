// How a card begins: its status, tone and lead; and the one question that every "nothing was run" depends on.
import type { Attempt, Request } from '../src/liveResponse/request.ts';
import type { Tone } from './view.ts';

export interface Said {
  readonly status: string;
  readonly tone: Tone;
  readonly lead: string;
}

/**
 * The first attempt made under an older approval than the present one: its answer was lost, so it may have run.
 * Attempts under the present approval that led back to the queue were answered by Defender, and ran nothing.
 */
export function earlierAttempt(request: Request): Attempt | undefined {
  if (!('attempts' in request) || request.approval === undefined) return undefined;
  const approvedAt = request.approval.at;
  return request.attempts.find((attempt) => attempt.at < approvedAt);
}

/** The earlier attempt, where Defender's action bears its tag: it was found when somebody had it sent again, so nothing was sent under the present approval. */
export function ranEarlier(request: Request): Attempt | undefined {
  const earlier = earlierAttempt(request);
  return earlier !== undefined && 'action' in request && request.action.comment.includes(earlier.tag) ? earlier : undefined;
}
