// Commands and presses from Slack, given to the bot: Slack is asked who the person is and where they are, and
// the answer goes to that person alone.
import { freshnessFor, identityUnread, isForAnyone, verbOfLine } from '../../../bot/commands/verbs.ts';
import { asksForText, effectOf } from '../../../liveResponse/verbs.ts';
import type { AnyVerb } from '../../../liveResponse/verbs.ts';
import type { Bot, CommandIn, Place, Reply } from '../../../bot/ports.ts';
import { stoppingWaits } from '../../../bot/policy/people/people.ts';
import { explain } from '../../../bot/policy/refusals/refusal.ts';
import type { Clock } from '../../../liveResponse/ports.ts';
import type { CardRef } from '../../../liveResponse/request/request.ts';
import { readSlackPress } from '../../../../cards/press.ts';
import type { Press } from '../../../../cards/press.ts';
import { clip } from '../../../../cards/clip.ts';
import { prefaced } from '../../deliveries/sentences.ts';
import { TookTooLong, within } from '../../clock.ts';
import type { PendingReplies, Asker } from '../outbound/privateReplies.ts';
import { addressOf, surface } from '../ids.ts';
import { isOfTwo } from '../identity/channels.ts';
import type { Channels } from '../identity/channels.ts';
import { SlackFailure } from '../outbound/slackFailure.ts';
import type { Modals } from './modals.ts';
import { answerMessage } from '../outbound/slackMessages.ts';
import type { Delivery, Mention, Pressed, SlashCommand, Submitted, Taking } from './payloads.ts';
import type { People } from '../identity/people.ts';
import type { StaleCards } from '../outbound/staleCards.ts';

export interface InboundParts {
  readonly people: People;
  readonly channels: Channels;
  readonly answers: PendingReplies;
  readonly modals: Modals;
  readonly staleCards: StaleCards;
  readonly bot: () => Bot;
  readonly clock: Pick<Clock, 'sleep'>;
  /** `/lr` */
  readonly command: string;
  /** Where the newest card of a request is in a channel. */
  readonly newestCard: (requestId: string, channel: string) => CardRef | undefined;
}

type Known = Omit<CommandIn, 'text'>;

export class Inbound {
  readonly #parts: InboundParts;

  constructor(parts: InboundParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when its person has an answer, or cannot get one any more.
   * @throws SlackFailure, Stopping, and anything that the bot throws
   */
  async work(taking: Taking, asker: Asker): Promise<void> {
    switch (taking.kind) {
      case 'command':
      case 'mention':
        return this.#onText(taking.read, asker);
      case 'form':
        return this.#onForm(taking.read, asker);
      case 'press': {
        const press = readSlackPress(taking.read.actionId, taking.read.value);
        return press === undefined || press === 'open'
          ? this.#olderVersion(asker)
          : this.#onPress(taking.read, press, asker);
      }
    }
  }

  #say(recipient: Asker, text: string): Promise<void> {
    return this.#answer(recipient, { kind: 'sentence', text });
  }

  async #answer(recipient: Asker, reply: Reply): Promise<void> {
    const message = answerMessage(prefaced(reply, recipient.preface));
    await recipient.ending(reply);
    if (message !== undefined) await this.#parts.answers.bring(recipient, message);
  }

  /**
   * Who and where, both from Slack itself. How fresh that must be, and how long it may take, depends on the
   * verb.
   */
  async #known(
    delivery: Delivery,
    verb: AnyVerb,
    pressed: boolean,
  ): Promise<Known | { readonly refusal: Reply }> {
    const [account, place] = await Promise.all([
      this.#parts.people.account(delivery.user, delivery.teams, freshnessFor(verb)),
      this.#placeOf(delivery.channel, verb),
    ]);
    if (account.trust === 'unknown' && effectOf(verb) !== 'stops')
      return {
        refusal: {
          kind: 'sentence',
          text: explain(identityUnread('Slack', verb, pressed), this.#parts.command),
        },
      };
    return { surface, account, place, deliveryId: delivery.id };
  }

  /**
   * Stopping does not wait for the channel either: unread it counts as shared, which hides results and lets a
   * listed place be one.
   */
  async #placeOf(channel: string, verb: AnyVerb): Promise<Place> {
    const place = this.#parts.channels.place(channel);
    if (effectOf(verb) !== 'stops') return place;
    try {
      return await within(this.#parts.clock, stoppingWaits, 'conversations.info', place);
    } catch (error) {
      if (!(error instanceof TookTooLong) && !(error instanceof SlackFailure)) throw error;
      // In a conversation of two stopping shows nothing, no matter who the other one is.
      return { surface, id: channel, direct: isOfTwo(channel), external: !isOfTwo(channel) };
    }
  }

  async #onText(read: SlashCommand | Mention, recipient: Asker): Promise<void> {
    const who = await this.#known(read, verbOfLine(read.text), false);
    if ('refusal' in who) return this.#answer(recipient, who.refusal);
    if (!isForAnyone(read.text) && (await this.#isWithoutUs(read, who.place))) {
      const line = `${this.#parts.command} ${clip(read.text, 300)}`;
      return this.#say(
        recipient,
        `Nothing was done: the bot is not part of this conversation, and cannot be invited into a direct message between people, so no card can be posted here. Type this in your own direct message with the bot, or in a channel it is in: ${line}`,
      );
    }
    recipient.begin();
    const reply = await this.#parts.bot().command({
      ...who,
      text: read.text,
      ...(recipient.cameIn === undefined ? {} : { cameIn: recipient.cameIn }),
    });
    await this.#answer(recipient, reply);
    // Slash commands work where the bot is not: then the card cannot be posted, and nobody else would say
    // so.
    if (reply.kind === 'asked' && reply.shown && !(await this.#parts.channels.get(read.channel)).member) {
      await this.#say(
        recipient,
        'The request is stored, but its card cannot be posted here: the bot is not in this channel. Invite it with /invite, or ask again in a channel where it is.',
      );
    }
  }

  /** People who talk among themselves: a slash command works there too, for the person who types it. */
  async #isWithoutUs(read: SlashCommand | Mention, place: Place): Promise<boolean> {
    if (read.channel.startsWith('D')) return !place.direct;
    const named = 'channelName' in read ? (read.channelName ?? '') : '';
    // Of more than two. An old private channel has the same first letter, and the bot can be invited there.
    if (!named.startsWith('mpdm-') && (!read.channel.startsWith('G') || named === 'privategroup'))
      return false;
    return !(await this.#parts.channels.get(read.channel)).member;
  }

  async #onPress(read: Pressed, press: Press, recipient: Asker): Promise<void> {
    const ref = this.#parts.newestCard(press.requestId, read.channel);
    const newest = ref === undefined ? undefined : addressOf(ref);
    if (read.card !== undefined && newest !== undefined && newest.ts !== read.card) {
      await this.#say(
        recipient,
        'This card is superseded: a newer card of this request is further down in this channel. Nothing was done; press that one.',
      );
      return this.#parts.staleCards.mark({ channel: read.channel, ts: read.card }, newest, press.requestId);
    }
    const asking = () => this.#pressed(read, press, recipient);
    if (asksForText(press.verb)) return this.#parts.modals.ask(read, recipient, asking);
    const reply = await asking();
    // Other verbs ask for nothing today; one that does one day still finds its modal.
    if (reply.kind === 'form') return this.#parts.modals.ask(read, recipient, () => Promise.resolve(reply));
    await this.#answer(recipient, reply);
  }

  async #pressed(read: Delivery, press: Omit<Press, 'input'>, asker: Asker, input?: string): Promise<Reply> {
    // `input` is passed on even when it is empty: the form was sent.
    const who = await this.#known(read, press.verb, true);
    if ('refusal' in who) return who.refusal;
    asker.begin();
    return this.#parts.bot().press({ ...who, ...press, ...(input === undefined ? {} : { input }) });
  }

  async #onForm(read: Submitted, recipient: Asker): Promise<void> {
    const { verb, requestId, revision, fingerprint } = read.origin;
    await this.#answer(
      recipient,
      await this.#pressed(read, { verb, requestId, revision, fingerprint }, recipient, read.input),
    );
  }

  #olderVersion(recipient: Asker): Promise<void> {
    return this.#say(
      recipient,
      `This card is from an older version of the bot. See the request as it is now with ${this.#parts.command} status and its id; the card's own buttons no longer work.`,
    );
  }
}
