// Private replies to the people behind activities, sent in the background, so that no turn waits for them.
// One that may have arrived is sent again: seen twice it changes nothing, while a person who gets none does
// not know what happened.
import { ChatError } from '../../../bot/ports.ts';
import type { Reply } from '../../../bot/ports.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { Answers, Stopping } from '../../deliveries/answers.ts';
import type { Left } from '../../deliveries/deliveries.ts';
import type { DeliveryKind } from '../../deliveries/sentences.ts';
import { decidedSentence, prefaced, takenUpSentence } from '../../deliveries/sentences.ts';
import { random } from '../../clock.ts';
import type { TeamsChat } from '../outbound/chat.ts';
import { replyMessage } from '../outbound/teamsMessages.ts';
import type { Inbound } from './activity.ts';
import { speakerOf } from './speakers.ts';

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

export interface TurnRepliesOptions {
  readonly chat: Pick<TeamsChat, 'tell'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class TurnReplies {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #chat: Pick<TeamsChat, 'tell'>;
  readonly #answers: Answers;
  readonly #underWay = new Set<Promise<void>>();

  constructor({ chat, clock, log }: TurnRepliesOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#chat = chat;
    this.#answers = new Answers({ chat: 'teams', clock, log });
  }

  /** Lets `work` continue after its turn. What fails is logged under `what`. */
  background(what: string, work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) => {
        // Left for the next start, which takes it up.
        if (!(error instanceof Stopping)) this.#log.error('teamsTurnFailed', { what, error });
      })
      .finally(() => this.#underWay.delete(watched));
    this.#underWay.add(watched);
  }

  /** Who waits for the answer to a message. @param left where an earlier process left the message behind */
  askerOf(message: Inbound, left?: Left): Asker {
    return {
      place: message.place,
      speaker: speakerOf(message),
      ...(message.thread === undefined ? {} : { thread: message.thread }),
      since: this.#clock.elapsed(),
      ...(left === undefined
        ? {}
        : { preface: prefaceOf(left)(kindOf(message), left.at, this.#clock.now()) }),
    };
  }

  /**
   * Resolves when the person has the reply, or cannot get it any more: that is logged.
   * @throws Stopping
   */
  async tell({ place, speaker, thread, since, preface }: Asker, reply: Reply): Promise<void> {
    const message = replyMessage(prefaced(reply, preface));
    if (message === undefined) return;
    await this.#answers.bring({
      since,
      who: { place },
      say: () => this.#chat.tell(place, speaker, message, thread),
      failure(error) {
        if (!(error instanceof ChatError)) throw error;
        return { retryAfterMs: error.retryAfterMs, why: { code: error.code, error } };
      },
    });
  }

  /** @throws Stopping */
  tellText(asker: Asker, text: string): Promise<void> {
    return this.tell(asker, { kind: 'sentence', text });
  }

  /** What the person reads of a bug. It is logged with its stack, under the reference that they read. */
  broken(error: unknown): string {
    const reference = random.hex(3);
    this.#log.error('bug', { reference, where: 'teams', error });
    return `Something broke in the bot (reference ${reference}), and this may not have been done: look at the card before you try again. Tell the people who run the bot the reference; the reason is in its log.`;
  }

  /** Answers that wait for another try wait no longer; the next start gives them. */
  stop(): void {
    this.#answers.stop();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}

/** Action.Submit, from clients in which Action.Execute does not work, arrives as a message with a value. */
export function hasValue(message: Inbound): boolean {
  return message.value !== undefined && message.value !== null;
}

function prefaceOf({ answer }: Left): typeof takenUpSentence {
  return answer === undefined ? takenUpSentence : decidedSentence;
}

export function kindOf(message: Inbound): DeliveryKind {
  return message.type === 'invoke' || hasValue(message) ? 'press' : 'command';
}

/** The key of one delivery: ids are unique within a conversation only. */
export function keyOf(message: Inbound): string {
  return `${message.place}|${message.id}`;
}
