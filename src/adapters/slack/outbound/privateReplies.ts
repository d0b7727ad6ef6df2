// Private replies in Slack that wait to be delivered: to whom, and what a refusal by Slack means for the next
// try.
import type { SlackMessage } from '../../../../cards/renderers/blockTypes.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { Answers } from '../../deliveries/answers.ts';
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

export interface PendingRepliesOptions {
  readonly privateReplies: Pick<PrivateReplies, 'send'>;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly log: Log;
}

export class PendingReplies {
  readonly #privateReplies: Pick<PrivateReplies, 'send'>;
  readonly #answers: Answers;

  constructor({ privateReplies, clock, log }: PendingRepliesOptions) {
    this.#privateReplies = privateReplies;
    this.#answers = new Answers({ chat: 'slack', clock, log });
  }

  /**
   * Resolves when the person has the reply, or cannot get it any more: that is logged.
   * @throws Stopping
   */
  bring(asker: Asker, message: SlackMessage): Promise<void> {
    return this.#answers.bring({
      since: asker.since,
      who: { user: asker.user, channel: asker.channel },
      say: (attempt) => this.#privateReplies.send(asker, message, attempt),
      failure(error) {
        const { method, slackError, retryAfterMs } = failureOf('chat.postEphemeral', error);
        return { retryAfterMs, why: { method, error: slackError } };
      },
    });
  }

  /** Replies that wait for another try are left to the next start. */
  stop(): void {
    this.#answers.stop();
  }
}
