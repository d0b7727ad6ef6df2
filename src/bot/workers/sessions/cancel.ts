// The cancel call itself, for anyone who asks for it: a person, or the policy for a parked device.
import { oneLine } from '../../../../cards/clip.ts';
import type { ErrorAnswer } from '../../../liveResponse/request/errorAnswer.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { Deps } from '../../deps.ts';
import { maxComment } from '../transition.ts';

export interface CancelAnswer {
  readonly answer: 'accepted' | 'alreadyOver' | 'failed';
  /** How it refused, where it did. */
  readonly error?: ErrorAnswer;
}

/**
 * What Defender said to it; a failed call is an answer too. `why` becomes the action's cancellation comment.
 */
export async function cancelAtDefender(
  { defender, log }: Pick<Deps, 'defender' | 'log'>,
  actionId: string,
  why: string,
): Promise<CancelAnswer> {
  try {
    await defender.cancel(actionId, oneLine(why, maxComment));
    return { answer: 'accepted' };
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    log.warn('cancelAnswered', {
      code: error.code,
      status: error.detail.status,
      apiCode: error.detail.apiCode,
      target: error.detail.target,
    });
    // A cancel that comes too late is a 400; a 403 says only that we may not.
    return {
      answer: error.detail.status === 400 || error.code === 'notFound' ? 'alreadyOver' : 'failed',
      error: errorAnswer(error),
    };
  }
}
