// Button presses in Teams: an invoke is answered while its client still waits, everything later is said
// privately.
import { ChatError } from '../../../bot/ports.ts';
import type { Bot, PressIn, Reply } from '../../../bot/ports.ts';
import { RecentMap } from '../../../liveResponse/pacing/sharedReadings.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import type { Deliveries, PersonRate } from '../../deliveries/deliveries.ts';
import { endingIn, notTakenSentence, tooFastSentence } from '../../deliveries/sentences.ts';
import type { Threads } from '../identity/threads.ts';
import { surface } from '../ids.ts';
import { refOf } from '../outbound/chat.ts';
import type { TeamsChat } from '../outbound/chat.ts';
import { intentOf } from '../outbound/teamsMessages.ts';
import type { Inbound } from './activity.ts';
import { pressAnswer, toast } from './invokeAnswers.ts';
import type { InvokeAnswer } from './invokeAnswers.ts';
import type { SpeakerIn } from './speakers.ts';
import { keyOf } from './turnReplies.ts';
import type { Asker, TurnReplies } from './turnReplies.ts';
import { readTeamsPress, teamsInputId } from '../../../../cards/press.ts';
import { asksForText } from '../../../liveResponse/verbs.ts';

/**
 * A press is answered within this; people see an error after some 5 to 15 s (msteams-docs#13460, #6461).
 * Milliseconds.
 */
export const pressAnsweredWithin = 3_500;
/** Answers of presses kept for the same delivery coming again. */
const answersKept = 1_000;

const olderCard =
  'This card is superseded: a newer card of this request is further down here. Nothing was done; press that one.';

export interface PressesOptions {
  readonly bot: Bot;
  readonly chat: Pick<TeamsChat, 'supersede'>;
  readonly deliveries: Deliveries;
  readonly threads: Threads;
  readonly rate: PersonRate;
  readonly replies: TurnReplies;
  readonly speakerIn: SpeakerIn;
  readonly clock: Clock;
  readonly log: Log;
  /** `/lr` */
  readonly command: string;
  /** The intent of the newest card of a request in a place, if there is one. */
  readonly newestIntent: (requestId: string, place: string) => string | undefined;
  /** Milliseconds; `pressAnsweredWithin` by default. */
  readonly pressLimit?: number;
}

interface Pressed {
  readonly answer: InvokeAnswer;
  /** What the answer says, for a person who did not get it. */
  readonly reply: Reply;
  /** What is said next to the answer to the invoke, and instead of it. */
  readonly extra?: Promise<void>;
  /** Nothing of it is kept that this answer could settle: it came before, or too fast after others. */
  readonly notKept?: true;
  /** Set once the person was answered later than the invoke could wait. */
  late?: Promise<void>;
}

/** One invoke on its way to an answer. */
interface Invoke {
  readonly message: Inbound;
  /** What the card's button carries. */
  readonly data: unknown;
  readonly key: string;
  readonly asker: Asker;
}

export class Presses {
  readonly #parts: PressesOptions;
  readonly #limit: number;
  /** By the key of the delivery, which Teams may send again. */
  readonly #answers = new RecentMap<string, Promise<Pressed>>(answersKept);

  constructor(options: PressesOptions) {
    this.#parts = options;
    this.#limit = options.pressLimit ?? pressAnsweredWithin;
  }

  /** Answers an invoke in time. What takes longer continues, and the person is answered privately. */
  async invoke(message: Inbound): Promise<InvokeAnswer> {
    const { action, trigger } = actionOf(message.value);
    // Clients refresh cards on their own; nobody pressed anything.
    if (trigger === 'automatic') return toast('Nothing was done.');
    const { replies, clock } = this.#parts;
    const key = keyOf(message);
    const asker = replies.askerOf(message);
    const work =
      this.#answers.get(key) ?? this.#remember(key, this.#keep({ message, data: action, key, asker }));
    const stop = new AbortController();
    const late = Symbol('late');
    const first = await Promise.race([work, clock.sleep(this.#limit, stop.signal).then(() => late)]);
    stop.abort();
    if (typeof first !== 'symbol') {
      replies.background(
        'press',
        (first.extra ?? Promise.resolve()).then(() => this.#settle(first, key)),
      );
      return first.answer;
    }
    replies.background(
      'late press',
      work.then((done) => this.#answerLate(done, asker).then(() => this.#settle(done, key))),
    );
    return toast('This takes a moment. The card follows, or I tell you privately what happened.');
  }

  /** A press that an earlier process left: its invoke is long over, so it is answered as a message. */
  async takeUp(message: Inbound, key: string, asker: Asker): Promise<void> {
    const data = actionOf(message.value).action;
    await this.#answerLate(await this.#decide({ message, data, key, asker }), asker);
    this.#parts.deliveries.done(key);
  }

  /** A press that came as a message with a value. */
  async replyTo(message: Inbound, key: string): Promise<Reply> {
    const press = pressOf(message.value);
    const speaker = await this.#parts.speakerIn(message, press?.verb ?? 'refresh', true);
    if ('unread' in speaker) return { kind: 'sentence', text: speaker.unread };
    if (press === undefined) return { kind: 'sentence', text: this.#foreignButton() };
    const pressing = { surface, ...speaker, ...press, deliveryId: key };
    return this.#isOlder(message, message.value, press)
      ? this.#superseded(message, pressing)
      : this.#submit(message, pressing);
  }

  #settle({ notKept }: Pressed, key: string): void {
    if (notKept !== true) this.#parts.deliveries.done(key);
  }

  #remember(key: string, work: Promise<Pressed>): Promise<Pressed> {
    this.#answers.set(key, work);
    return work;
  }

  /**
   * On disk before anything is done with it: an invoke that is answered late or not at all is taken up after
   * a crash.
   */
  async #keep(invoke: Invoke): Promise<Pressed> {
    // A press is answered each time: without an answer Teams says that something went wrong.
    if (this.#parts.rate.admit(invoke.key, invoke.asker.speaker) !== 'go')
      return { ...spoken(tooFastSentence), notKept: true };
    switch (await this.#parts.deliveries.keep(invoke.key, invoke.message)) {
      case 'first':
        return this.#decide(invoke);
      case 'repeated':
        return {
          answer: toast('This press has arrived before. The card shows what became of it.'),
          reply: { kind: 'nothing' },
          notKept: true,
        };
      case 'notTaken':
        return spoken(notTakenSentence('press'));
    }
  }

  /** Nobody reads that nothing was done while a later process could still do it. */
  async #decide(invoke: Invoke): Promise<Pressed> {
    const pressed = await this.#press(invoke);
    const ending = endingIn(pressOf(invoke.data)?.verb ?? 'refresh', pressed.reply);
    if (ending !== undefined) await this.#parts.deliveries.answerWith(invoke.key, ending);
    return pressed;
  }

  async #press({ message, data, key, asker }: Invoke): Promise<Pressed> {
    try {
      const read = pressOf(data);
      if (read === undefined) return spoken(this.#foreignButton());
      const speaker = await this.#parts.speakerIn(message, read.verb, true);
      if ('unread' in speaker) return spoken(speaker.unread);
      const pressing = { surface, account: speaker.account, place: speaker.place, ...read, deliveryId: key };
      if (this.#isOlder(message, data, read)) {
        const now = await this.#superseded(message, pressing);
        return now.kind === 'card'
          ? { ...spoken(olderCard), ...this.#alsoTell(asker, now) }
          : spoken(olderCard);
      }
      const reply = await this.#submit(message, pressing);
      const { answer, also } = pressAnswer(reply);
      return { answer, reply, ...(also === undefined ? {} : this.#alsoTell(asker, also)) };
    } catch (error) {
      return spoken(this.#parts.replies.broken(error));
    }
  }

  #alsoTell(asker: Asker, reply: Reply): Pick<Pressed, 'extra'> {
    const extra = this.#parts.replies.tell(asker, reply);
    this.#parts.replies.background('private answer', extra);
    return { extra };
  }

  /** A press may make a new request; its card is posted in the thread of the one that was pressed. */
  async #submit(message: Inbound, press: PressIn): Promise<Reply> {
    const { bot, deliveries, threads } = this.#parts;
    deliveries.begin(press.deliveryId);
    if (press.verb !== 'again') return bot.press(press);
    return threads.during(message.place, async () => {
      const reply = await bot.press(press);
      if (reply.kind === 'asked' && message.thread !== undefined)
        threads.learn(message.place, reply.requestId, message.thread);
      return reply;
    });
  }

  /**
   * Whether the press was on a card whose post was never answered, so that another was posted for the request
   * here. Private copies carry no intent.
   */
  #isOlder(message: Inbound, data: unknown, press: Read): boolean {
    const intent = intentOf(data);
    const newest = this.#parts.newestIntent(press.requestId, message.place);
    return intent !== undefined && newest !== undefined && intent !== newest;
  }

  /**
   * Nothing is done. The older card is rewritten, now that the press shows where it is; the answer is the
   * request as it is.
   */
  async #superseded(message: Inbound, press: PressIn): Promise<Reply> {
    if (message.replyToId !== undefined)
      this.#parts.replies.background(
        'superseded',
        this.#rewrite(message, message.replyToId, press.requestId),
      );
    const now = await this.#parts.bot.press({ ...press, verb: 'refresh' });
    return now.kind === 'card' ? { ...now, text: olderCard } : { kind: 'sentence', text: olderCard };
  }

  async #rewrite(message: Inbound, activity: string, requestId: string): Promise<void> {
    try {
      await this.#parts.chat.supersede(refOf(message.place, message.thread, activity), requestId);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      // The newer card is the true one whether or not the older can be rewritten; a press on it says so
      // again.
      this.#parts.log.warn('teamsCardNotSuperseded', { request: requestId, code: error.code });
    }
  }

  /**
   * To a person whose invoke was over before its answer: once, however often the press came. A card in an
   * answer is only the one that was pressed.
   */
  #answerLate(done: Pressed, asker: Asker): Promise<void> {
    done.late ??=
      done.extra ??
      (done.reply.kind === 'card' ? Promise.resolve() : this.#parts.replies.tell(asker, done.reply));
    return done.late;
  }

  #foreignButton(): string {
    return `This button is not one of this bot’s version. Type ${this.#parts.command} status for the request as it is now.`;
  }
}

function spoken(text: string): Pressed {
  return { answer: toast(text), reply: { kind: 'sentence', text } };
}

/**
 * What a card's button carries, and whether somebody pressed it (`manual`) or a client refreshed by itself
 * (`automatic`).
 */
export function actionOf(value: unknown): { readonly action: unknown; readonly trigger: unknown } {
  if (typeof value !== 'object' || value === null) return { action: undefined, trigger: undefined };
  const action = 'action' in value ? value.action : undefined;
  const data = typeof action === 'object' && action !== null && 'data' in action ? action.data : undefined;
  return { action: data, trigger: 'trigger' in value ? value.trigger : undefined };
}

/** A press as the card's data describe it. */
export type Read = Pick<PressIn, 'verb' | 'requestId' | 'revision' | 'fingerprint' | 'index' | 'input'>;

/**
 * Our card holds the field for the reason, so a denial without one is intended; clients may leave empty
 * fields out.
 */
export function pressOf(data: unknown): Read | undefined {
  const press = readTeamsPress(data);
  if (press === undefined) return undefined;
  const given = typeof data === 'object' && data !== null && teamsInputId in data;
  return press.input === undefined && (given || asksForText(press.verb)) ? { ...press, input: '' } : press;
}

/** Which button of which request, for a sentence. */
export function pressedOn(message: Inbound): string {
  const press = pressOf(message.type === 'invoke' ? actionOf(message.value).action : message.value);
  return press === undefined ? 'a button' : `${press.verb} ${press.requestId}`;
}
