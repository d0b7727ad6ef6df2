// Activity handler of Teams: gives commands and presses to the bot outside the turn, and records where it is
// installed.
import { verbOfLine } from '../../../bot/commands/verbs.ts';
import type { Bot, Reply } from '../../../bot/ports.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import type { AnyVerb } from '../../../liveResponse/verbs.ts';
import type { Deliveries, Left } from '../../deliveries/deliveries.ts';
import { PersonRate } from '../../deliveries/deliveries.ts';
import { endingIn, notTakenSentence, tooFastSentence, tooLateSentence } from '../../deliveries/sentences.ts';
import type { Inbound } from './activity.ts';
import { toast } from './invokeAnswers.ts';
import type { InvokeAnswer } from './invokeAnswers.ts';
import { surface } from '../ids.ts';
import type { TeamsChat } from '../outbound/chat.ts';
import { pressAnsweredWithin, pressedOn, Presses, pressOf } from './presses.ts';
import type { Conversations } from '../identity/conversations.ts';
import type { Roster } from '../identity/roster.ts';
import type { Threads } from '../identity/threads.ts';
import { createSpeakers, speakerOf } from './speakers.ts';
import type { SpeakerIn } from './speakers.ts';
import { commandText } from './text.ts';
import { hasValue, keyOf, kindOf, TurnReplies } from './turnReplies.ts';
import type { Asker } from './turnReplies.ts';

export interface ActivityHandlerOptions {
  readonly bot: Bot;
  readonly chat: TeamsChat;
  readonly conversations: Conversations;
  readonly deliveries: Deliveries;
  readonly threads: Threads;
  readonly roster: Roster;
  readonly clock: Clock;
  readonly log: Log;
  /** `/lr` */
  readonly command: string;
  /** The intent of the newest card of a request in a place, if there is one. */
  readonly newestIntent: (requestId: string, place: string) => string | undefined;
  /** Milliseconds; `pressAnsweredWithin` by default. */
  readonly pressLimit?: number;
}

export class ActivityHandler {
  readonly #parts: ActivityHandlerOptions;
  /** The command without its slash. */
  readonly #name: string;
  readonly #rate: PersonRate;
  readonly #replies: TurnReplies;
  readonly #speakerIn: SpeakerIn;
  readonly #presses: Presses;

  constructor(options: ActivityHandlerOptions) {
    this.#parts = options;
    this.#name = options.command.replace(/^\//, '');
    this.#rate = new PersonRate(options);
    this.#replies = new TurnReplies(options);
    this.#speakerIn = createSpeakers(options);
    this.#presses = new Presses({
      ...options,
      rate: this.#rate,
      replies: this.#replies,
      speakerIn: this.#speakerIn,
    });
  }

  /** Resolves soon: with the answer to an invoke, or as soon as anything else is safely noted. */
  async turn(message: Inbound): Promise<InvokeAnswer | undefined> {
    // An event may say where a place is reached from now on: that is recorded first.
    const event = message.type === 'installationUpdate' || message.type === 'conversationUpdate';
    if (!event) this.#heard(message);
    const answer = await this.#take(message);
    if (event) this.#heard(message);
    return answer;
  }

  /** Takes up what a crash left unanswered; a person whose delivery is too old for that is informed. */
  resume(left: ReturnType<Deliveries['left']>): void {
    for (const one of left.now) {
      this.#parts.log.info('teamsMessageTakenUp', {});
      this.#replies.background('message', this.#takeUp(one));
    }
    for (const one of left.tooLate) {
      this.#parts.log.warn('teamsMessageTooOld', { at: one.at });
      this.#replies.background('too late', this.#tellTooLate(one));
    }
    for (const one of left.decided) {
      this.#parts.log.info('teamsMessageDecided', { at: one.at });
      this.#replies.background('decided', this.#tellDecided(one));
    }
  }

  /** Answers that wait for another try wait no longer; the next start gives them. */
  stop(): void {
    this.#replies.stop();
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#replies.idle();
  }

  /** Any sign of life: what could not be written there is tried again. */
  #heard(message: Inbound): void {
    if (this.#parts.roster.homeTenant(message) && message.removal !== true)
      for (const place of this.#placesOf(message)) this.#parts.bot.heard(surface, place);
  }

  /**
   * Where this shows that something can be written again: here, in a channel that it is about, and in all of
   * a team that is about as a whole.
   */
  #placesOf(message: Inbound): ReadonlySet<string> {
    const team =
      message.type === 'message' || message.type === 'invoke' || message.teamId === undefined
        ? []
        : this.#parts.conversations.inTeam(message.teamId);
    return new Set([message.place, ...(message.channelId === undefined ? [] : [message.channelId]), ...team]);
  }

  async #take(message: Inbound): Promise<InvokeAnswer | undefined> {
    switch (message.type) {
      case 'invoke':
        return message.name === 'adaptiveCard/action'
          ? this.#presses.invoke(message)
          : toast('This bot does not know that action.');
      case 'message':
        await this.#takeMessage(message);
        return undefined;
      case 'installationUpdate':
      case 'conversationUpdate':
        this.#installed(message);
        return undefined;
      default:
        // Edits of a message come as messageUpdate: a command counts as it was sent.
        return undefined;
    }
  }

  #installed(message: Inbound): void {
    const { roster, conversations, log } = this.#parts;
    if (!roster.homeTenant(message)) return;
    if (message.type === 'installationUpdate' && message.action?.startsWith('remove') === true) {
      conversations.forget(message.place);
      if (message.kind === 'personal' && message.from.objectId !== undefined)
        conversations.recordDirect(message.from.objectId, undefined);
      log.info('teamsRemoved', { kind: message.kind });
    } else if (message.removal !== true) {
      conversations.record(message, false);
    }
  }

  async #takeMessage(message: Inbound): Promise<void> {
    const { roster, deliveries, log } = this.#parts;
    if (!roster.homeTenant(message)) {
      log.warn('teamsForeignTenant', { tenants: message.tenants });
      return;
    }
    if (message.from.id.startsWith('28:')) return;
    if (!hasValue(message) && commandText(message, this.#name) === undefined) return;
    const key = keyOf(message);
    const turn = this.#rate.admit(key, speakerOf(message));
    if (turn !== 'go') {
      if (turn === 'tooFast')
        this.#replies.background(
          'too fast',
          this.#replies.tellText(this.#replies.askerOf(message), tooFastSentence),
        );
      return;
    }
    // On disk before it is acknowledged: Teams does not send it again after that.
    const kept = await deliveries.keep(key, message);
    const asker = this.#replies.askerOf(message);
    if (kept === 'first') this.#replies.background('message', this.#answer(message, key, asker));
    if (kept === 'notTaken') {
      // Whoever writes for the first time could otherwise only be told in public that there is an answer.
      this.#parts.conversations.record(message, false);
      await this.#tellNotTaken(asker, notTakenSentence(kindOf(message)));
    }
  }

  /**
   * Acknowledged once the person knows, or when Teams waits no longer: a process that ends before has
   * acknowledged nothing that is not on disk, and Teams sends it again.
   */
  async #tellNotTaken(asker: Asker, text: string): Promise<void> {
    const { clock, pressLimit } = this.#parts;
    const told = this.#replies.tellText(asker, text);
    this.#replies.background('not taken', told);
    const stop = new AbortController();
    await Promise.race([told, clock.sleep(pressLimit ?? pressAnsweredWithin, stop.signal)]);
    stop.abort();
  }

  /**
   * @param cameIn when, where an earlier process left it
   * @throws Stopping: the delivery stays kept, and the next start does and answers it
   */
  async #answer(message: Inbound, key: string, asker: Asker, cameIn?: number): Promise<void> {
    const reply = await this.#replyOrBug(message, key, cameIn);
    const ending = endingIn(this.#verbOf(message), reply);
    if (ending !== undefined) await this.#parts.deliveries.answerWith(key, ending);
    await this.#replies.tell(asker, reply);
    this.#parts.deliveries.done(key);
  }

  #verbOf(message: Inbound): AnyVerb {
    return hasValue(message)
      ? (pressOf(message.value)?.verb ?? 'refresh')
      : verbOfLine(commandText(message, this.#name) ?? '');
  }

  async #replyOrBug(message: Inbound, key: string, cameIn: number | undefined): Promise<Reply> {
    try {
      return hasValue(message)
        ? await this.#presses.replyTo(message, key)
        : await this.#command(message, key, cameIn);
    } catch (error) {
      return { kind: 'sentence', text: this.#replies.broken(error) };
    }
  }

  async #command(message: Inbound, key: string, cameIn: number | undefined): Promise<Reply> {
    const { bot, deliveries, threads } = this.#parts;
    const text = commandText(message, this.#name) ?? '';
    const speaker = await this.#speakerIn(message, verbOfLine(text), false);
    if ('unread' in speaker) return { kind: 'sentence', text: speaker.unread };
    const { account, place } = speaker;
    return threads.during(message.place, async () => {
      deliveries.begin(key);
      const reply = await bot.command({
        surface,
        account,
        place,
        text,
        deliveryId: key,
        ...(cameIn === undefined ? {} : { cameIn }),
      });
      if (reply.kind === 'asked' && message.thread !== undefined)
        threads.learn(message.place, reply.requestId, message.thread);
      return reply;
    });
  }

  /** `memo` was an Inbound when it was kept. */
  async #takeUp(left: Left): Promise<void> {
    const { key, at } = left;
    const message = left.memo as Inbound;
    const asker = this.#replies.askerOf(message, left);
    if (message.type === 'invoke') return this.#presses.takeUp(message, key, asker);
    return this.#answer(message, key, asker, at);
  }

  /** An earlier process had decided it, and perhaps answered. */
  async #tellDecided(left: Left): Promise<void> {
    const { key, memo, answer } = left;
    if (answer !== undefined) {
      const asker = this.#replies.askerOf(memo as Inbound, left);
      await this.#replies.tellText(asker, answer);
    }
    this.#parts.deliveries.done(key);
  }

  async #tellTooLate({ memo, key, at, begun }: Left): Promise<void> {
    const { deliveries, clock, command } = this.#parts;
    const message = memo as Inbound;
    const kind = kindOf(message);
    const what =
      kind === 'press' ? pressedOn(message) : `${command} ${commandText(message, this.#name) ?? ''}`;
    const text = tooLateSentence(kind, what, { at, begun }, clock.now());
    await deliveries.answerWith(key, text);
    await this.#replies.tellText(this.#replies.askerOf(message), text);
    deliveries.done(key);
  }
}
