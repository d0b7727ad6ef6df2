// Teams as a ChatPort: cards posted and updated in place, notes that mention people, private replies.
import type { CardView } from '../../../../cards/view.ts';
import { ChatError } from '../../../bot/ports.ts';
import type { ChatPort, Drawing, Urgency } from '../../../bot/ports.ts';
import { RecentMap } from '../../../liveResponse/pacing/sharedReadings.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import type { CardRef } from '../../../liveResponse/request/request.ts';
import { splitThread } from '../inbound/activity.ts';
import { platformName, surface } from '../ids.ts';
import type { Connector, Outgoing, Target } from './connector.ts';
import type { ConversationLines } from './conversationLines.ts';
import {
  bareMessage,
  cardMessage,
  newCardMessage,
  supersededMessage,
  textMessage,
  xmlText,
} from './teamsMessages.ts';
import type { Conversations } from '../identity/conversations.ts';
import type { Threads } from '../identity/threads.ts';
import { CardUpdates } from './cardUpdates.ts';

export interface ChatOptions {
  readonly connector: Connector;
  readonly lines: ConversationLines;
  readonly conversations: Conversations;
  readonly threads: Threads;
  readonly clock: Clock;
  readonly log: Log;
  /** For places that no message has come from yet. */
  readonly serviceUrl: string;
  /** The command with its slash, for the one sentence of our own. */
  readonly command: string;
}

/**
 * Targeted messages came to all of Teams in August 2026, not to every tenant on one day: a refusal is asked
 * about again. Milliseconds.
 */
const targetedRefusedFor = 3 * 24 * 3_600_000;
/** A place that takes nothing at all just now says nothing of targeted messages. Milliseconds. */
const targetedClosedFor = 600_000;

/** Cards of which it is remembered that the chat did not take them as they are; the oldest are forgotten. */
const mostBare = 2_000;

export class TeamsChat implements ChatPort {
  readonly surface = surface;
  readonly name = platformName;
  readonly #options: ChatOptions;
  readonly #connector: Connector;
  readonly #conversations: Conversations;
  readonly #threads: Threads;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #updates: CardUpdates<CardView>;
  /** Cards that Teams took only in part. */
  readonly #bare = new RecentMap<string, true>(mostBare);

  constructor(options: ChatOptions) {
    this.#options = options;
    this.#connector = options.connector;
    this.#conversations = options.conversations;
    this.#threads = options.threads;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#updates = new CardUpdates<CardView>(options.clock);
  }

  async acquireSlot(drawing: Drawing, urgent: Urgency): Promise<void> {
    const { conversation } =
      drawing.kind === 'post'
        ? this.#target(drawing.place, await this.#threads.of(drawing.place, drawing.requestId))
        : this.#target(drawing.ref.place, splitThread(drawing.ref.id).thread);
    await this.#inLine(conversation, urgent);
  }

  async post(place: string, view: CardView, intent: string): Promise<CardRef> {
    const thread = await this.#threads.of(place, view.requestId);
    const drawn = await this.#whole(view, newCardMessage(view, intent), (message) =>
      this.#connector.post(this.#target(place, thread), message),
    );
    const ref = refOf(place, thread, drawn.answer);
    this.#shows(ref, drawn.whole);
    this.#updates.posted(keyOf(ref));
    return ref;
  }

  async update(ref: CardRef, view: CardView): Promise<void> {
    const { place: id, thread } = splitThread(ref.id);
    await this.#updates.update(keyOf(ref), view, async (newest) => {
      const drawn = await this.#whole(newest, cardMessage(newest), (message) =>
        this.#connector.put(this.#target(ref.place, thread), id, message),
      );
      this.#shows(ref, drawn.whole);
    });
  }

  async supersede(old: CardRef, requestId: string): Promise<void> {
    const { place: activity, thread } = splitThread(old.id);
    const target = this.#target(old.place, thread);
    await this.#inLine(target.conversation, false);
    await this.#connector.put(target, activity, supersededMessage(requestId, this.#options.command));
    this.#log.info('teamsCardSuperseded', { request: requestId });
  }

  async note(ref: CardRef, text: string, mention: readonly string[]): Promise<void> {
    const { place: id, thread } = splitThread(ref.id);
    // Below a card that begins a thread of its own, not as another post of the channel.
    const below =
      this.#conversations.place(ref.place)?.kind === 'channel' || ref.place.includes('@thread.tacv2')
        ? (thread ?? id)
        : undefined;
    const mentions = mention.map((objectId) => {
      const person = this.#conversations.person(objectId);
      const name = person?.name ?? 'Requester';
      return { id: person?.account ?? objectId, name, text: `<at>${xmlText(name)}</at>` };
    });
    const said = [...mentions.map((one) => one.text), xmlText(text)].join(' ');
    const target = this.#target(ref.place, below);
    // One for each end: its card is not drawn again before it is sent, and somebody waits for it.
    await this.#inLine(target.conversation, true);
    await this.#connector.post(target, { text: said, textFormat: 'xml', mentions });
  }

  /**
   * In the place itself, seen by that person alone, wherever Teams takes such messages; else in the chat
   * between the two; else in public only that there is an answer. What may have been taken is not said again
   * elsewhere.
   */
  async tell(place: string, objectId: string, message: Outgoing, thread?: string): Promise<void> {
    const here = this.#conversations.place(place);
    if (here?.kind === 'personal') {
      await this.#connector.post(this.#target(place), message);
      return;
    }
    const person = this.#conversations.person(objectId);
    if (person === undefined) {
      this.#log.warn('teamsPersonUnknown', { place });
      await this.#hint(place, thread, undefined);
      return;
    }
    if ((here?.noTargetedUntil ?? 0) <= this.#clock.now()) {
      try {
        await this.#connector.post(this.#target(place, thread), message, person.account);
        return;
      } catch (error) {
        if (!(error instanceof ChatError) || error.code === 'ambiguous') throw error;
        this.#log.info('teamsTargetedFailed', { code: error.code });
        if (error.code === 'rejected')
          this.#conversations.noTargeted(place, this.#clock.now() + targetedRefusedFor);
        if (error.code === 'closed')
          this.#conversations.noTargeted(place, this.#clock.now() + targetedClosedFor);
      }
    }
    try {
      await this.#directly(objectId, message);
    } catch (error) {
      if (!(error instanceof ChatError) || (error.code !== 'closed' && error.code !== 'rejected'))
        throw error;
      this.#log.info('teamsDirectFailed', { code: error.code });
      await this.#hint(place, thread, person);
    }
  }

  async probe(place: string): Promise<void> {
    try {
      await this.#connector.look(this.#target(place));
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'closed') throw error;
      const unknown =
        this.#conversations.place(place) === undefined
          ? ' No message of that place has reached the bot yet.'
          : '';
      throw new ChatError(
        'closed',
        `the bot is not in that conversation: add the app there, and mention it once.${unknown}`,
        { cause: error },
      );
    }
  }

  async announce(place: string, text: string): Promise<void> {
    await this.#inLine(this.#target(place).conversation, true);
    await this.#connector.post(this.#target(place), textMessage(text));
  }

  showsLess(ref: CardRef): boolean {
    return this.#bare.has(keyOf(ref));
  }

  replyPrivately(place: string, account: string, text: string): Promise<void> {
    return this.tell(place, account, textMessage(text));
  }

  async #inLine(conversation: string, urgent: Urgency): Promise<void> {
    if (!(await this.#options.lines.turn(conversation, urgent)))
      throw new ChatError('unavailable', 'The Teams adapter is stopping.');
  }

  #target(place: string, thread?: string): Target {
    const serviceUrl = this.#conversations.place(place)?.serviceUrl ?? this.#options.serviceUrl;
    return { serviceUrl, conversation: thread === undefined ? place : `${place};messageid=${thread}` };
  }

  /**
   * What Teams will not take whole is drawn bare: nothing can be decided on that, and card sync tries
   * the whole again.
   */
  async #whole<T>(
    view: CardView,
    message: Outgoing,
    send: (message: Outgoing) => Promise<T>,
  ): Promise<{ readonly answer: T; readonly whole: boolean }> {
    try {
      return { answer: await send(message), whole: true };
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'rejected') throw error;
      // Teams took nothing of it, so this is not a second post.
      this.#log.error('teamsCardRefused', { request: view.requestId, error });
      return { answer: await send(bareMessage(view, this.#options.command)), whole: false };
    }
  }

  /** Remembers which cards show less than they should. */
  #shows(ref: CardRef, all: boolean): void {
    if (all) this.#bare.delete(keyOf(ref));
    else this.#bare.set(keyOf(ref), true);
  }

  async #directly(objectId: string, message: Outgoing): Promise<void> {
    const person = this.#conversations.person(objectId);
    if (person === undefined) throw new ChatError('closed', 'this person has never spoken to the bot');
    const { serviceUrl, bot, account, tenantId } = person;
    if (person.direct !== undefined) {
      try {
        await this.#connector.post({ serviceUrl, conversation: person.direct }, message);
        return;
      } catch (error) {
        if (!(error instanceof ChatError) || error.code !== 'closed') throw error;
        // Uninstalled and installed again, it is another conversation.
        this.#conversations.recordDirect(objectId, undefined);
      }
    }
    const direct = await this.#connector.direct(serviceUrl, bot, account, tenantId ?? '');
    this.#conversations.recordDirect(objectId, direct);
    await this.#connector.post({ serviceUrl, conversation: direct }, message);
  }

  /** In public nothing is said twice: what may have been posted counts as said. */
  async #hint(
    place: string,
    thread: string | undefined,
    person: { readonly account: string; readonly name: string } | undefined,
  ): Promise<void> {
    try {
      await this.#hinted(place, thread, person);
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'ambiguous') throw error;
      this.#log.warn('teamsHintUnsure', { place, error });
    }
  }

  /** Says in public only that there is an answer, never what it is. */
  async #hinted(
    place: string,
    thread: string | undefined,
    person: { readonly account: string; readonly name: string } | undefined,
  ): Promise<void> {
    const text = `I have an answer that is for you alone. Add me as a personal app in Teams, then ask again here or in our chat: ${this.#options.command} help`;
    if (person === undefined) {
      await this.#connector.post(this.#target(place, thread), textMessage(text));
      return;
    }
    const at = `<at>${xmlText(person.name)}</at>`;
    await this.#connector.post(this.#target(place, thread), {
      text: `${at} ${xmlText(text)}`,
      textFormat: 'xml',
      mentions: [{ id: person.account, name: person.name, text: at }],
    });
  }
}

/** Where a card is: its activity, and the thread that the activity is in. */
export function refOf(place: string, thread: string | undefined, activity: string): CardRef {
  return { surface, place, id: thread === undefined ? activity : `${activity};messageid=${thread}` };
}

function keyOf(ref: CardRef): string {
  return `${ref.place} ${ref.id}`;
}
