// Slack as a ChatPort: cards posted once and updated in place, notes in their threads, private replies.
// Slack's error words become the few codes that card sync acts on.
import { blockKit } from '../../../../cards/renderers/blockKit.ts';
import { blockKitProblems } from '../../../../cards/renderers/blockKitProblems.ts';
import type { SlackMessage } from '../../../../cards/renderers/blockTypes.ts';
import type { CardView } from '../../../../cards/view.ts';
import { ChatError } from '../../../bot/ports.ts';
import type { ChatErrorCode, ChatPort, Drawing, Urgency } from '../../../bot/ports.ts';
import { RecentMap } from '../../../liveResponse/pacing/sharedReadings.ts';
import type { Log } from '../../../liveResponse/ports.ts';
import type { CardRef } from '../../../liveResponse/request/request.ts';
import type { Fields, WebApi, WriteRates } from './webApi.ts';
import { addressOf, cardId, platformName, surface } from '../ids.ts';
import type { Channels } from '../identity/channels.ts';
import { isOfTwo } from '../identity/channels.ts';
import { advice, meaningOf } from './errorWords.ts';
import type { Meaning } from './errorWords.ts';
import { failureOf } from './slackFailure.ts';
import type { SlackFailure } from './slackFailure.ts';
import { bareCard, literal, noteMessage, noUnfurl, sentenceMessage } from './slackMessages.ts';
import { metadataType } from './staleCards.ts';
import type { StaleCards } from './staleCards.ts';
import type { PrivateReplies } from './privateReplies.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';

export interface ChatParts {
  readonly api: WebApi;
  readonly budgets: WriteRates;
  readonly channels: Channels;
  readonly privateReplies: PrivateReplies;
  readonly staleCards: StaleCards;
  readonly log: Log;
  /** `/lr`, for the sentence that says what to type. */
  readonly command: string;
}

/** Cards of which it is remembered that the chat did not take them as they are; the oldest are forgotten. */
const mostBare = 2_000;

export class SlackChat implements ChatPort {
  readonly surface = surface;
  readonly name = platformName;
  readonly #parts: ChatParts;
  /**
   * Threads of cards that a workspace's rule has closed for editing: the next card of that request goes
   * there.
   */
  readonly #closed = new RecentMap<string, string>(mostBare);
  /** Cards that Slack took only in part. */
  readonly #bare = new RecentMap<string, true>(mostBare);

  constructor(parts: ChatParts) {
    this.#parts = parts;
  }

  async acquireSlot(drawing: Drawing, urgent: Urgency): Promise<void> {
    if (drawing.kind === 'post') return this.#toPost(drawing.place);
    if (!(await this.#parts.budgets.update(urgent))) throw stopping();
  }

  async external(place: string): Promise<boolean> {
    const { external, unread } = await this.#parts.channels.get(place);
    if (unread === true)
      throw new ChatError('unavailable', 'Slack did not tell whether outsiders read this channel.');
    return external;
  }

  async post(place: string, view: CardView, intent: string, again = false): Promise<CardRef> {
    const thread = this.#closed.get(keyOf(place, view.requestId));
    const where = {
      channel: place,
      metadata: { event_type: metadataType, event_payload: { request: view.requestId, intent } },
      ...(thread === undefined ? {} : { thread_ts: thread, reply_broadcast: true }),
    };
    const { answer, whole } = await this.#draw('chat.postMessage', where, view).catch((error: unknown) => {
      // That thread may be what Slack does not take: the next try is posted in the channel itself.
      this.#closed.delete(keyOf(place, view.requestId));
      throw chatError(failureOf('chat.postMessage', error), true);
    });
    const { channel, ts } = answer;
    if (typeof ts !== 'string')
      throw new ChatError('ambiguous', 'Slack accepted the card but returned no timestamp.');
    this.#closed.delete(keyOf(place, view.requestId));
    // Slack answers with the channel's own id; the place stays what the policy calls it.
    const ref = {
      surface,
      place,
      id: cardId(place, { channel: typeof channel === 'string' ? channel : place, ts }),
    };
    this.#shows(ref, whole);
    if (again) this.#parts.staleCards.sweep(ref, view.requestId);
    return ref;
  }

  async update(ref: CardRef, view: CardView): Promise<void> {
    const at = addressOf(ref);
    try {
      const { whole } = await this.#draw('chat.update', { ...at }, view);
      this.#shows(ref, whole);
    } catch (error) {
      const failure = failureOf('chat.update', error);
      if (failure.slackError === 'edit_window_closed')
        this.#closed.set(keyOf(ref.place, view.requestId), at.ts);
      throw chatError(failure, false);
    }
  }

  showsLess(ref: CardRef): boolean {
    return this.#bare.has(refKey(ref));
  }

  async supersede(old: CardRef, requestId: string, newest: CardRef): Promise<void> {
    const rewritten = this.#parts.staleCards.rewrite(addressOf(old), addressOf(newest), requestId);
    await asChatError('chat.update', rewritten, false);
  }

  async note(ref: CardRef, text: string, mention: readonly string[]): Promise<void> {
    await this.#toPost(ref.place);
    const { channel, ts } = addressOf(ref);
    const where = { channel, thread_ts: ts };
    await asChatError(
      'chat.postMessage',
      this.#send('chat.postMessage', where, noteMessage(text, mention)),
      true,
    );
  }

  async announce(place: string, text: string): Promise<void> {
    await this.#toPost(place);
    await asChatError(
      'chat.postMessage',
      this.#send('chat.postMessage', { channel: place }, noteMessage(text, [])),
      true,
    );
  }

  async probe(place: string): Promise<void> {
    // With the bot alone nobody can keep it out, and reading it would need a scope of its own.
    if (isOfTwo(place)) return;
    const reading = this.#parts.api.call('conversations.info', { channel: place });
    const info = await asChatError('conversations.info', reading, false);
    const channel = recordOf(info['channel']);
    if (channel['is_archived'] === true)
      throw new ChatError('closed', 'the channel is archived: unarchive it, or take it out of the policy');
    if (channel['is_member'] === false)
      throw new ChatError('closed', 'the bot is not in the channel: invite it with /invite');
  }

  async replyPrivately(place: string, account: string, text: string): Promise<void> {
    const reply = this.#parts.privateReplies.send(
      { channel: place, user: account },
      sentenceMessage({ text }),
    );
    await asChatError('chat.postEphemeral', reply, true);
  }

  async #toPost(place: string): Promise<void> {
    if (!(await this.#parts.budgets.post(place))) throw stopping();
  }

  async #draw(
    method: 'chat.postMessage' | 'chat.update',
    where: Fields,
    view: CardView,
  ): Promise<{ readonly answer: Fields; readonly whole: boolean }> {
    const whole = blockKit(view);
    const problems = blockKitProblems(whole.blocks);
    if (problems.length > 0) this.#parts.log.warn('slackCardProblems', { request: view.requestId, problems });
    try {
      return { answer: await this.#send(method, where, whole), whole: true };
    } catch (error) {
      const failure = failureOf(method, error);
      if (failure.kind !== 'refused' || meaningOf(failure.slackError) !== 'content') throw failure;
      // Slack took nothing of it, so this is not a second post. The card says that it is not whole, and
      // offers no decision.
      this.#parts.log.error('slackCardRefused', {
        request: view.requestId,
        error: failure.slackError,
        details: failure.details,
      });
      return { answer: await this.#send(method, where, bareCard(view, this.#parts.command)), whole: false };
    }
  }

  /** Remembers which cards show less than they should. */
  #shows(ref: CardRef, whole: boolean): void {
    if (whole) this.#bare.delete(refKey(ref));
    else this.#bare.set(refKey(ref), true);
  }

  #send(method: 'chat.postMessage' | 'chat.update', where: Fields, message: SlackMessage): Promise<Fields> {
    // chat.update has no unfurl arguments; text and blocks go along each time, because one without the other
    // removes or keeps the old half.
    return this.#parts.api.call(method, {
      ...where,
      ...message,
      ...literal,
      ...(method === 'chat.postMessage' ? noUnfurl : {}),
    });
  }
}

function stopping(): ChatError {
  return new ChatError('unavailable', 'The Slack adapter is stopping.');
}

const refKey = (ref: CardRef): string => `${ref.place} ${ref.id}`;
const keyOf = (place: string, requestId: string): string => `${place} ${requestId}`;

/** A failed call as a ChatError. `once`: it must not be repeated when it may have happened. */
async function asChatError<T>(method: string, call: Promise<T>, once: boolean): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw chatError(failureOf(method, error), once);
  }
}

export function chatError(failure: SlackFailure, once: boolean): ChatError {
  const text = advice[failure.slackError] ?? failure.message;
  return new ChatError(chatErrorCodeOf(failure, once), text, {
    cause: failure,
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  });
}

function chatErrorCodeOf(failure: SlackFailure, once: boolean): ChatErrorCode {
  switch (failure.kind) {
    case 'throttled':
      return 'throttled';
    case 'lost':
      return once ? 'ambiguous' : 'unavailable';
    case 'unsent':
    case 'token':
      return 'unavailable';
    case 'refused':
      return refusedCode(meaningOf(failure.slackError));
  }
}

function refusedCode(meaning: Meaning | undefined): ChatErrorCode {
  switch (meaning) {
    case 'gone':
    case 'closed':
      return meaning;
    case 'setup':
    case 'passing':
    case 'token':
    case 'throttled':
    case 'lost':
      return 'unavailable';
    // A word or an HTTP status that nobody has seen yet says no to this call, and nothing about the chat.
    case 'content':
    case undefined:
      return 'rejected';
  }
}
