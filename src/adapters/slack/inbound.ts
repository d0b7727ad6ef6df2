// What people type and press, from Bolt to the bot and back. Everything is acknowledged before anything else is done with it.
import type { App } from '@slack/bolt';
import { effectOf, freshnessFor, identityUnread, verbOfLine } from '../../bot/language/verbs.ts';
import type { AnyVerb } from '../../bot/language/verbs.ts';
import type { Bot, CommandIn, Place, Reply } from '../../bot/ports.ts';
import { stoppingWaits } from '../../bot/rules/people.ts';
import { explain } from '../../bot/rules/refusal.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import type { CardAddress } from './cardAddress.ts';
import type { Channels } from './channels.ts';
import { failureOf, messageOf, SlackFailure } from './errors.ts';
import type { Modals } from './modals.ts';
import { answerMessage, sentenceMessage } from './messages.ts';
import type { Delivery, Pressed, SlashCommand, Submitted } from './payloads.ts';
import { readCommand, readMention, readPress, readSubmission } from './payloads.ts';
import { isDirect } from './channels.ts';
import { surface } from './people.ts';
import type { People } from './people.ts';
import { readSlackPress } from '../../../cards/press.ts';
import type { Press } from '../../../cards/press.ts';
import type { Superseding } from './superseding.ts';
import { createTurnstile } from './turnstile.ts';
import { TookTooLong, within } from '../within.ts';
import type { Hearer, Whispering } from './whispering.ts';

export interface InboundParts {
  readonly people: People;
  readonly channels: Channels;
  readonly whispering: Whispering;
  readonly modals: Modals;
  readonly superseding: Superseding;
  readonly bot: () => Bot;
  readonly clock: Pick<Clock, 'now' | 'elapsed' | 'sleep'>;
  readonly log: Log;
  /** `/lr` */
  readonly command: string;
  readonly botUser: string;
  /** Where the newest card of a request stands in a channel. */
  readonly newestCard: (requestId: string, channel: string) => CardAddress | undefined;
}

type Known = Omit<CommandIn, 'text'>;

export interface Inbound {
  /** Resolves when nothing is being answered. */
  settled(): Promise<void>;
}

export function listen(app: App, parts: InboundParts): Inbound {
  const { log, command } = parts;
  const turnstile = createTurnstile(parts.clock);
  const flights = new Set<Promise<void>>();

  // One listener each: Bolt runs all that match at the same time, so overlapping ones would answer twice.
  app.command(/[\s\S]*/, async ({ ack, body }) => {
    const read = readCommand(body);
    if (read !== undefined && read.command !== command) {
      return acked(() => ack(`This bot answers to ${command}. Whoever runs it set SLACK_COMMAND to that; ${read.command} is only in the app's manifest.`));
    }
    await acked(() => ack());
    if (read !== undefined) await answering(read, (hearer) => onText(read, hearer));
  });
  app.event('app_mention', async ({ body }) => {
    const read = readMention(body, parts.botUser);
    if (read !== undefined) await answering(read, (hearer) => onText(read, hearer));
  });
  app.action(/[\s\S]*/, async ({ ack, body, payload }) => {
    await acked(() => ack());
    const read = readPress(body, payload);
    if (read === undefined) return;
    const press = readSlackPress(read.actionId, read.value);
    // A button with an address sends a press too; unacknowledged it would show a warning sign.
    if (press === 'open') return;
    await answering(read, (hearer) => (press === undefined ? olderVersion(hearer) : onPress(read, press, hearer)));
  });
  app.view(/[\s\S]*/, async ({ ack, body }) => {
    // Empty: the modal closes, and what comes of it stands on the card or is told to the person.
    await acked(() => ack());
    const read = readSubmission(body);
    if (read !== undefined) await answering(read, (hearer) => onForm(read, hearer));
  });
  app.shortcut(/[\s\S]*/, ({ ack }) => acked(() => ack()));
  app.error((error) => {
    log.error('slackListenerFailed', { error });
    return Promise.resolve();
  });

  /** An acknowledgement that got lost with its socket must not stop the work: the person pressed, and Slack may deliver it again. */
  async function acked(ack: () => Promise<void>): Promise<void> {
    try {
      await ack();
    } catch (error) {
      log.warn('slackAckLost', { error: messageOf(error) });
    }
  }

  async function answering(delivery: Delivery, work: (hearer: Hearer) => Promise<void>): Promise<void> {
    const flight = answerOnce(delivery, work);
    flights.add(flight);
    await flight.finally(() => flights.delete(flight));
  }

  async function answerOnce(delivery: Delivery, work: (hearer: Hearer) => Promise<void>): Promise<void> {
    const hearer = hearerOf(delivery, parts.clock.now());
    try {
      switch (turnstile.enter(delivery.id, delivery.user)) {
        case 'go':
          await work(hearer);
          return;
        case 'repeated':
          log.info('slackDeliveryRepeated', { delivery: delivery.id });
          return;
        case 'tooFast':
          await say(hearer, 'That was a lot in one minute. Nothing more is taken from you for a moment; wait a little and press or type again.');
          return;
        case 'tooFastSaid':
          return;
      }
    } catch (error) {
      await told(hearer, error);
    }
  }

  /** What went wrong, to the person, as far as anything can be told. */
  async function told(hearer: Hearer, error: unknown): Promise<void> {
    const failed = error instanceof SlackFailure;
    if (failed) log.warn('slackAnswerFailed', { method: error.method, error: error.slackError });
    else log.error('bug', { where: 'slack', error });
    try {
      await say(hearer, failed ? `Slack did not answer the bot (${error.slackError}), so this was not done. Try again in a moment.` : 'Something broke in the bot. Whoever runs it finds the reason in its log.');
    } catch (again) {
      log.warn('slackNotTold', { error: failureOf('chat.postEphemeral', again).slackError });
    }
  }

  function say(hearer: Hearer, text: string): Promise<void> {
    return parts.whispering.say(hearer, sentenceMessage({ text }));
  }

  async function answer(hearer: Hearer, reply: Reply): Promise<void> {
    const message = answerMessage(reply);
    if (message !== undefined) await parts.whispering.say(hearer, message);
  }

  /** Who and where, both from Slack itself. How freshly, and how long that may take, is told by what it would bring about. */
  async function known(delivery: Delivery, verb: AnyVerb, pressed: boolean): Promise<Known | { readonly refusal: Reply }> {
    const [account, place] = await Promise.all([parts.people.account(delivery.user, delivery.teams, freshnessFor(verb)), placeOf(delivery.channel, verb)]);
    if (account.trust === 'unknown' && effectOf(verb) !== 'stops') return { refusal: { kind: 'sentence', text: explain(identityUnread('Slack', verb, pressed), command) } };
    return { surface, account, place, deliveryId: delivery.id };
  }

  /** Stopping does not wait for the channel either: unread it counts as shared, which hides results and lets a listed place be one. */
  async function placeOf(channel: string, verb: AnyVerb): Promise<Place> {
    const place = parts.channels.place(channel);
    if (effectOf(verb) !== 'stops') return place;
    try {
      return await within(parts.clock, stoppingWaits, 'conversations.info', place);
    } catch (error) {
      if (!(error instanceof TookTooLong)) throw error;
      return { surface, id: channel, direct: isDirect(channel), external: true };
    }
  }

  async function onText(read: Delivery & Pick<SlashCommand, 'text'>, hearer: Hearer): Promise<void> {
    const who = await known(read, verbOfLine(read.text), false);
    const reply = 'refusal' in who ? who.refusal : await parts.bot().command({ ...who, text: read.text });
    await answer(hearer, reply);
    // Slash commands work where the bot is not: then the card cannot be posted, and nobody else would say why.
    if (reply.kind === 'asked' && reply.shown && !(await parts.channels.get(read.channel)).member) {
      await say(hearer, 'The request is stored, but its card cannot stand here: the bot is not in this channel. Invite it with /invite, or ask again in a channel where it is.');
    }
  }

  async function onPress(read: Pressed, press: Press, hearer: Hearer): Promise<void> {
    const newest = parts.newestCard(press.requestId, read.channel);
    if (read.card !== undefined && newest !== undefined && newest.ts !== read.card) {
      await say(hearer, 'This card is superseded: a newer card of this request stands further down in this channel. Nothing was done; press there.');
      return parts.superseding.mark({ channel: read.channel, ts: read.card }, newest, press.requestId);
    }
    const asking = () => pressed(read, press);
    if (press.verb === 'deny') return parts.modals.ask(read, hearer, asking);
    const reply = await asking();
    // Other verbs ask for nothing today; one that does one day still finds its modal.
    if (reply.kind === 'form') return parts.modals.ask(read, hearer, () => Promise.resolve(reply));
    await answer(hearer, reply);
  }

  async function pressed(read: Delivery, press: Omit<Press, 'input'>, input?: string): Promise<Reply> {
    // `input` is passed on even when it is empty: the form was sent.
    const who = await known(read, press.verb, true);
    if ('refusal' in who) return who.refusal;
    return parts.bot().press({ ...who, ...press, ...(input === undefined ? {} : { input }) });
  }

  async function onForm(read: Submitted, hearer: Hearer): Promise<void> {
    const { verb, requestId, revision, fingerprint } = read.origin;
    await answer(hearer, await pressed(read, { verb, requestId, revision, fingerprint }, read.input));
  }

  function olderVersion(hearer: Hearer): Promise<void> {
    return say(hearer, `This card is from an older version of the bot. See the request as it is now with ${command} status and its id; the card's own buttons no longer work.`);
  }

  return {
    async settled() {
      while (flights.size > 0) await Promise.allSettled(flights);
    },
  };
}

function hearerOf(delivery: Delivery, now: number): Hearer {
  const { channel, user, thread, responseUrl } = delivery;
  return {
    channel,
    user,
    ...(thread === undefined ? {} : { thread }),
    ...(responseUrl === undefined ? {} : { address: { url: responseUrl, at: now, uses: 0 } }),
  };
}
