// Private answers in Teams, tried again like those of every chat. One that may have arrived is said again:
// seen twice it changes nothing, and not at all it leaves a person in the dark.
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { ChatError } from '../../../bot/ports.ts';
import { createAnswers } from '../../deliveries/answers.ts';
import type { TeamsChat } from './chat.ts';
import type { Outgoing } from './connector.ts';

/** Somebody who waits for an answer: where they spoke, and of what. */
export interface Asker {
  readonly place: string;
  readonly speaker: string;
  readonly thread?: string;
  /** By the clock that does not jump. */
  readonly since: number;
  /** Said before the answer to something that an earlier process left. */
  readonly preface?: string;
}

export interface PrivateReplies {
  /** Resolves when the person was told, or cannot be told any more: that is logged. @throws Stopping */
  bring(asker: Asker, message: Outgoing): Promise<void>;
  /** Answers that wait for another try are left to the next start. */
  stop(): void;
}

export function createPrivateReplies(
  chat: Pick<TeamsChat, 'tell'>,
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  log: Log,
): PrivateReplies {
  const answers = createAnswers('teams', clock, log);

  return {
    bring(asker, message) {
      const { place, speaker, thread, since } = asker;
      return answers.bring({
        since,
        who: { place },
        say: () => chat.tell(place, speaker, message, thread),
        failure(error) {
          if (!(error instanceof ChatError)) throw error;
          return { retryAfterMs: error.retryAfterMs, why: { code: error.code, error } };
        },
      });
    },
    stop: () => answers.stop(),
  };
}
