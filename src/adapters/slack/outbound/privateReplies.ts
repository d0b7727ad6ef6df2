// Private answers in Slack: to whom, through which ways, and what a refusal of Slack's means for the next
// try.
import type { SlackMessage } from '../../../../cards/renderers/blockTypes.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { createAnswers as createTries } from '../../deliveries/answers.ts';
import { failureOf } from './slackFailure.ts';
import type { Recipient, PrivateReplies } from './replyPrivately.ts';

/** Somebody who waits for an answer. */
export interface Asker extends Recipient {
  /** By the clock that does not jump. */
  readonly since: number;
  /** Said before the answer to something that is long ago. */
  readonly preface?: string;
  /** When it came in, epoch milliseconds, where an earlier process left it. */
  readonly cameIn?: number;
  /** To be called right before the bot is given it: from then on it may have been done. */
  readonly begin: () => void;
}

export interface PendingReplies {
  /** Resolves when the person was told, or cannot be told any more: that is logged. @throws Stopping */
  bring(asker: Asker, message: SlackMessage): Promise<void>;
  /** Answers that wait for another try are left to the next start. */
  stop(): void;
}

export function createPendingReplies(
  privateReplies: PrivateReplies,
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  log: Log,
): PendingReplies {
  const tries = createTries('slack', clock, log);

  return {
    bring: (asker, message) =>
      tries.bring({
        since: asker.since,
        who: { user: asker.user, channel: asker.channel },
        say: (attempt) => privateReplies.send(asker, message, attempt),
        failure(error) {
          const { method, slackError, retryAfterMs } = failureOf('chat.postEphemeral', error);
          return { retryAfterMs, why: { method, error: slackError } };
        },
      }),
    stop: () => tries.stop(),
  };
}
