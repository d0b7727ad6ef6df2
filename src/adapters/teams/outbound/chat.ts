// Teams as a ChatPort: cards posted and drawn again, notes that mention, and answers for one person alone.
import type { CardView } from '../../../../cards/view.ts';
import { ChatError } from '../../../bot/ports.ts';
import type { ChatPort } from '../../../bot/ports.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import type { CardRef } from '../../../liveResponse/request.ts';
import { splitThread } from '../inbound/activity.ts';
import { platformName, surface } from '../ids.ts';
import type { Connector, Outgoing, Target } from './connector.ts';
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
  readonly conversations: Conversations;
  readonly threads: Threads;
  readonly clock: Clock;
  readonly log: Log;
  /** For places no message has come from yet. */
  readonly serviceUrl: string;
  /** The command with its slash, for the one sentence of our own. */
  readonly command: string;
}

export interface TeamsChat extends ChatPort {
  /** Says something to one person alone; `place` and `thread` are where they spoke. */
  tell(place: string, objectId: string, message: Outgoing, thread?: string): Promise<void>;
  /** Rewrites a card that a newer one of the same request took the place of. */
  supersede(old: CardRef, requestId: string): Promise<void>;
}

/**
 * Targeted messages came to all of Teams in August 2026, not to every tenant on one day: a refusal is asked
 * about again. Milliseconds.
 */
const targetedRefusedFor = 3 * 24 * 3_600_000;
/** A place that takes nothing at all just now says nothing of targeted messages. Milliseconds. */
const targetedClosedFor = 600_000;

export function createChat(options: ChatOptions): TeamsChat {
  const { connector, conversations, threads, clock, log } = options;
  const updates = new CardUpdates<CardView>(clock);
  /** Cards of which Teams did not take the whole. */
  const bare = new Set<string>();

  function target(place: string, thread?: string): Target {
    const serviceUrl = conversations.place(place)?.serviceUrl ?? options.serviceUrl;
    return { serviceUrl, conversation: thread === undefined ? place : `${place};messageid=${thread}` };
  }

  async function post(place: string, view: CardView, intent: string): Promise<CardRef> {
    const thread = await threads.of(place, view.requestId);
    const drawn = await whole(view, newCardMessage(view, intent), (message) =>
      connector.post(target(place, thread), message),
    );
    const ref = refOf(place, thread, drawn.answer);
    shows(ref, drawn.whole);
    updates.posted(keyOf(ref));
    return ref;
  }

  async function update(ref: CardRef, view: CardView): Promise<void> {
    const { place: id, thread } = splitThread(ref.id);
    await updates.update(keyOf(ref), view, async (newest) => {
      const drawn = await whole(newest, cardMessage(newest), (message) =>
        connector.put(target(ref.place, thread), id, message),
      );
      shows(ref, drawn.whole);
    });
  }

  /**
   * What Teams will not take whole is drawn bare: nothing can be decided on that, and the deck comes again
   * with the whole.
   */
  async function whole<T>(
    view: CardView,
    message: Outgoing,
    send: (message: Outgoing) => Promise<T>,
  ): Promise<{ readonly answer: T; readonly whole: boolean }> {
    try {
      return { answer: await send(message), whole: true };
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'rejected') throw error;
      // Teams took nothing of it, so this is not a second post.
      log.error('teamsCardRefused', { request: view.requestId, error });
      return { answer: await send(bareMessage(view, options.command)), whole: false };
    }
  }

  /** Remembers which cards show less than they should. */
  function shows(ref: CardRef, all: boolean): void {
    if (all) bare.delete(keyOf(ref));
    else bare.add(keyOf(ref));
  }

  async function supersede(old: CardRef, requestId: string): Promise<void> {
    const { place: activity, thread } = splitThread(old.id);
    await connector.put(target(old.place, thread), activity, supersededMessage(requestId, options.command));
    log.info('teamsCardSuperseded', { request: requestId });
  }

  async function note(ref: CardRef, text: string, mention: readonly string[]): Promise<void> {
    const { place: id, thread } = splitThread(ref.id);
    // Below a card that begins a thread of its own, not as another post of the channel.
    const below =
      conversations.place(ref.place)?.kind === 'channel' || ref.place.includes('@thread.tacv2')
        ? (thread ?? id)
        : undefined;
    const mentions = mention.map((objectId) => {
      const person = conversations.person(objectId);
      const name = person?.name ?? 'Requester';
      return { id: person?.account ?? objectId, name, text: `<at>${xmlText(name)}</at>` };
    });
    const said = [...mentions.map((one) => one.text), xmlText(text)].join(' ');
    await connector.post(target(ref.place, below), { text: said, textFormat: 'xml', mentions });
  }

  /**
   * In the place itself, seen by that person alone, wherever Teams takes such messages; else in the chat
   * between the two; else in public only that there is an answer. What may have been taken is not said again
   * elsewhere.
   */
  async function tell(place: string, objectId: string, message: Outgoing, thread?: string): Promise<void> {
    const here = conversations.place(place);
    if (here?.kind === 'personal') {
      await connector.post(target(place), message);
      return;
    }
    const person = conversations.person(objectId);
    if (person === undefined) {
      log.warn('teamsPersonUnknown', { place });
      await hint(place, thread, undefined);
      return;
    }
    if ((here?.noTargetedUntil ?? 0) <= clock.now()) {
      try {
        await connector.post(target(place, thread), message, person.account);
        return;
      } catch (error) {
        if (!(error instanceof ChatError) || error.code === 'ambiguous') throw error;
        log.info('teamsTargetedFailed', { code: error.code });
        if (error.code === 'rejected') conversations.noTargeted(place, clock.now() + targetedRefusedFor);
        if (error.code === 'closed') conversations.noTargeted(place, clock.now() + targetedClosedFor);
      }
    }
    try {
      await directly(objectId, message);
    } catch (error) {
      if (!(error instanceof ChatError) || (error.code !== 'closed' && error.code !== 'rejected'))
        throw error;
      log.info('teamsDirectFailed', { code: error.code });
      await hint(place, thread, person);
    }
  }

  async function directly(objectId: string, message: Outgoing): Promise<void> {
    const person = conversations.person(objectId);
    if (person === undefined) throw new ChatError('closed', 'this person has never spoken to the bot');
    const { serviceUrl, bot, account, tenantId } = person;
    if (person.direct !== undefined) {
      try {
        await connector.post({ serviceUrl, conversation: person.direct }, message);
        return;
      } catch (error) {
        if (!(error instanceof ChatError) || error.code !== 'closed') throw error;
        // Uninstalled and installed again, it is another conversation.
        conversations.recordDirect(objectId, undefined);
      }
    }
    const direct = await connector.direct(serviceUrl, bot, account, tenantId ?? '');
    conversations.recordDirect(objectId, direct);
    await connector.post({ serviceUrl, conversation: direct }, message);
  }

  /** In public nothing is said twice: what may stand there already counts as said. */
  async function hint(
    place: string,
    thread: string | undefined,
    person: { readonly account: string; readonly name: string } | undefined,
  ): Promise<void> {
    try {
      await hinted(place, thread, person);
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'ambiguous') throw error;
      log.warn('teamsHintUnsure', { place, error });
    }
  }

  /** Says in public only that there is an answer, never what it is. */
  async function hinted(
    place: string,
    thread: string | undefined,
    person: { readonly account: string; readonly name: string } | undefined,
  ): Promise<void> {
    const text = `I have an answer that is for you alone. Add me as a personal app in Teams, then ask again here or in our chat: ${options.command} help`;
    if (person === undefined) {
      await connector.post(target(place, thread), textMessage(text));
      return;
    }
    const at = `<at>${xmlText(person.name)}</at>`;
    await connector.post(target(place, thread), {
      text: `${at} ${xmlText(text)}`,
      textFormat: 'xml',
      mentions: [{ id: person.account, name: person.name, text: at }],
    });
  }

  async function probe(place: string): Promise<void> {
    try {
      await connector.look(target(place));
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'closed') throw error;
      const unknown =
        conversations.place(place) === undefined ? ' No message of that place has reached the bot yet.' : '';
      throw new ChatError(
        'closed',
        `the bot is not in that conversation: add the app there, and mention it once.${unknown}`,
        { cause: error },
      );
    }
  }

  async function announce(place: string, text: string): Promise<void> {
    await connector.post(target(place), textMessage(text));
  }

  return {
    surface,
    name: platformName,
    post,
    update,
    showsLess: (ref) => bare.has(keyOf(ref)),
    note,
    announce,
    probe,
    tell,
    supersede,
    replyPrivately: (place, account, text) => tell(place, account, textMessage(text)),
  };
}

/** Where a card stands: its activity, and the thread it stands in. */
export function refOf(place: string, thread: string | undefined, activity: string): CardRef {
  return { surface, place, id: thread === undefined ? activity : `${activity};messageid=${thread}` };
}

function keyOf(ref: CardRef): string {
  return `${ref.place} ${ref.id}`;
}
