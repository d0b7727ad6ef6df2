// How a card begins: its status, tone and lead; and what ran, where an earlier attempt was found.
import { sessionOf, stageOf } from '../../src/liveResponse/request/request.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../../src/liveResponse/request/session.ts';
import type { Attempt } from '../../src/liveResponse/request/session.ts';
import { timeOf } from '../time.ts';
import type { Tone } from '../view.ts';

export interface StatusText {
  readonly status: string;
  readonly tone: Tone;
  readonly lead: string;
}

/**
 * The earlier attempt, where Defender's action has its tag: it was found when somebody had it sent again,
 * so nothing was sent under the present approval.
 */
export function ranEarlier(request: Request): Attempt | undefined {
  const stage = stageOf(request);
  const earlier = earlierAttempt(sessionOf(request));
  return earlier !== undefined &&
    (stage.state === 'running' || stage.state === 'finished') &&
    stage.run.action.comment.includes(earlier.tag)
    ? earlier
    : undefined;
}

/**
 * Of a request that was asked before the record was restored: an older copy cannot tell that nothing ran
 * since.
 */
export function afterRestore(request: Request, restoredAt: number): string {
  return `Whether it ran is not known: the record was restored at ${timeOf(restoredAt, request.asked.at)}, and what was written after that copy is lost. Look in the portal’s Action center and on the device first.`;
}
