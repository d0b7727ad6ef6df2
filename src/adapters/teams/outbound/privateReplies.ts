// Private replies in Teams, tried again like those of every chat. One that may have arrived is sent again: seen
// twice it changes nothing, while a person who gets none does not know what happened.
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { ChatError } from '../../../bot/ports.ts';
import { Answers } from '../../deliveries/answers.ts';
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

export interface PrivateRepliesOptions {
  readonly chat: Pick<TeamsChat, 'tell'>;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly log: Log;
}

export class PrivateReplies {
  readonly #chat: Pick<TeamsChat, 'tell'>;
  readonly #answers: Answers;

  constructor({ chat, clock, log }: PrivateRepliesOptions) {
    this.#chat = chat;
    this.#answers = new Answers({ chat: 'teams', clock, log });
  }

  /**
   * Resolves when the person has the reply, or cannot get it any more: that is logged.
   * @throws Stopping
   */
  bring(asker: Asker, message: Outgoing): Promise<void> {
    const { place, speaker, thread, since } = asker;
    return this.#answers.bring({
      since,
      who: { place },
      say: () => this.#chat.tell(place, speaker, message, thread),
      failure(error) {
        if (!(error instanceof ChatError)) throw error;
        return { retryAfterMs: error.retryAfterMs, why: { code: error.code, error } };
      },
    });
  }

  /** Replies that wait for another try are left to the next start. */
  stop(): void {
    this.#answers.stop();
  }
}
