// Private answers that arrive: tried again with growing pauses while Slack would still take them, and left for the next start when this one stops.
import type { SlackMessage } from '../../../cards/blockTypes.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { failureOf } from './errors.ts';
import { answerPauses, answerWithin } from './limits.ts';
import type { Hearer, Whispering } from './whispering.ts';

/** Somebody who waits for an answer. */
export interface Asker extends Hearer {
  /** By the clock that does not jump. */
  readonly since: number;
  /** Said before the answer to something that is long ago. */
  readonly preface?: string;
  /** When it came in, epoch milliseconds, where an earlier process left it. */
  readonly cameIn?: number;
  /** To be called right before the bot is given it: from then on it may have been done. */
  readonly begin: () => void;
}

export interface Answers {
  /** Resolves when the person was told, or cannot be told any more: that is logged. @throws Stopping */
  bring(asker: Asker, message: SlackMessage): Promise<void>;
  /** Whoever waits for another try waits no longer. */
  stop(): void;
}

/** The bot stops before the person could be told. */
export class Stopping extends Error {
  constructor() {
    super('the bot stops');
    this.name = 'Stopping';
  }
}

export function createAnswers(whispering: Whispering, clock: Pick<Clock, 'elapsed' | 'sleep'>, log: Log): Answers {
  const stopped = new AbortController();

  return {
    async bring(asker, message) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          await whispering.say(asker, message, attempt);
          return;
        } catch (error) {
          const failure = failureOf('chat.postEphemeral', error);
          const pause = Math.max(answerPauses[attempt] ?? answerPauses.at(-1) ?? 0, failure.retryAfterMs ?? 0);
          if (clock.elapsed() + pause - asker.since > answerWithin) {
            log.error('slackNotTold', { user: asker.user, channel: asker.channel, attempts: attempt + 1, error: failure.slackError });
            return;
          }
          log.warn('slackAnswerLate', { method: failure.method, error: failure.slackError, againInMs: pause });
          await clock.sleep(pause, stopped.signal);
          if (stopped.signal.aborted) throw new Stopping();
        }
      }
    },
    stop: () => stopped.abort(),
  };
}
