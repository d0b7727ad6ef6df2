// Private answers in Teams: tried again like those of every chat. One that may have arrived is not said twice; its person is told that instead.
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { ChatError } from '../../bot/ports.ts';
import { createAnswers } from '../deliveries/answers.ts';
import { unsureSentence } from '../deliveries/words.ts';
import type { DeliveryKind } from '../deliveries/words.ts';
import type { TeamsChat } from './chat.ts';
import type { Outgoing } from './connector.ts';
import { textMessage } from './messages.ts';

/** Somebody who waits for an answer: where they spoke, and of what. */
export interface Asker {
  readonly place: string;
  readonly speaker: string;
  readonly thread?: string;
  /** By the clock that does not jump. */
  readonly since: number;
  readonly kind: DeliveryKind;
  /** Which one, such as the line as it was typed. */
  readonly what: string;
  /** When it came in, epoch milliseconds. */
  readonly at: number;
  /** Said before the answer to something that an earlier process left. */
  readonly preface?: string;
  /** Called when the answer may have arrived, so that nobody gives it again. */
  settled(): void;
}

export interface Telling {
  /** Resolves when the person was told, or cannot be told any more: that is logged. @throws Stopping */
  bring(asker: Asker, message: Outgoing): Promise<void>;
  /** Whoever waits for another try waits no longer. */
  stop(): void;
}

export function createTelling(chat: Pick<TeamsChat, 'tell'>, clock: Clock, log: Log): Telling {
  const answers = createAnswers('teams', clock, log);

  return {
    bring(asker, message) {
      const { place, speaker, thread, kind, what, at } = asker;
      let next = message;
      return answers.bring({
        since: asker.since,
        who: { place },
        say: () => chat.tell(place, speaker, next, thread),
        failure(error) {
          if (!(error instanceof ChatError)) throw error;
          if (error.code === 'ambiguous') {
            asker.settled();
            next = textMessage(unsureSentence(kind, what, at, clock.now()));
          }
          return { retryAfterMs: error.retryAfterMs, why: { code: error.code, error } };
        },
      });
    },
    stop: () => answers.stop(),
  };
}
