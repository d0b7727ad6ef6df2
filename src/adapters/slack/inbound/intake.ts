// Where everything that people do in Slack comes in: written down before it is acknowledged, done once, and
// answered for as long as it takes. Bolt's receivers verify and acknowledge. Its listeners are not used,
// because Bolt acknowledges events before any of them runs.
import { App } from '@slack/bolt';
import type { AppOptions, ReceiverEvent } from '@slack/bolt';
import { readSlackPress } from '../../../../cards/press.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { Stopping } from '../../deliveries/answers.ts';
import type { Deliveries, Left } from '../../deliveries/deliveries.ts';
import { createPersonRate } from '../../deliveries/personRate.ts';
import {
  notTakenSentence,
  takenUpSentence,
  tooFastSentence,
  tooLateSentence,
} from '../../deliveries/words.ts';
import type { DeliveryKind } from '../../deliveries/words.ts';
import { random } from '../../random.ts';
import { textRefusal } from '../../../bot/commands/verbs.ts';
import { explain } from '../../../bot/policy/refusals/refusal.ts';
import type { PendingReplies, Asker } from '../outbound/privateReplies.ts';
import { messageOf, SlackFailure } from '../outbound/slackFailure.ts';
import { advice, meaningOf } from '../outbound/errorWords.ts';
import type { Inbound } from './inbound.ts';
import { formBlock, sentenceMessage } from '../outbound/slackMessages.ts';
import { memoOf, readMemo, readTaking } from './payloads.ts';
import type { Delivery, Taking } from './payloads.ts';

export interface IntakeParts {
  readonly deliveries: Deliveries;
  readonly inbound: Inbound;
  readonly answers: PendingReplies;
  /** Something came from a channel. */
  readonly heard: (channel: string) => void;
  /** What is no person's deed: events about channels and memberships. */
  readonly happened: (event: unknown) => void;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly log: Log;
  /** `/lr` */
  readonly command: string;
  readonly botUser: string;
}

export interface Intake {
  /** Never rejects. Resolves when it is acknowledged. */
  take(event: ReceiverEvent): Promise<void>;
  /** Takes up what a crash left unanswered; what is too old for that is told to its person. */
  resume(left: ReturnType<Deliveries['left']>): void;
  /** Resolves when nothing is being answered. */
  settled(): Promise<void>;
}

/** Bolt's App as the receivers want one. */
export class BoltProcessor extends App {
  readonly #intake: () => Intake;
  constructor(options: AppOptions, intake: () => Intake) {
    super(options);
    this.#intake = intake;
  }
  override processEvent(event: ReceiverEvent): Promise<void> {
    return this.#intake().take(event);
  }
}

export function createIntake(parts: IntakeParts): Intake {
  const { deliveries, inbound, answers, clock, log, command } = parts;
  const rate = createPersonRate(deliveries, clock);
  const flights = new Set<Promise<void>>();

  async function taken(event: ReceiverEvent): Promise<void> {
    const taking = readTaking(event.body, parts.botUser);
    if (taking === undefined) {
      await acked(() => event.ack());
      parts.happened(event.body['event']);
      return;
    }
    if (taking.kind === 'command' && taking.read.command !== command) {
      return acked(() =>
        event.ack(
          `This bot answers to ${command}. SLACK_COMMAND is set to that; ${taking.read.command} is only in the app's manifest.`,
        ),
      );
    }
    // A button with an address sends a press too; unacknowledged it would show a warning sign.
    if (taking.kind === 'press' && readSlackPress(taking.read.actionId, taking.read.value) === 'open')
      return acked(() => event.ack());
    const over = taking.kind === 'form' ? textRefusal(taking.read.origin.verb, taking.read.input) : undefined;
    // The form stays open with what was typed in it.
    if (over !== undefined) return acked(() => event.ack(inForm(explain(over))));
    await admitted(taking, event);
    parts.heard(taking.read.channel);
  }

  async function admitted(taking: Taking, event: ReceiverEvent): Promise<void> {
    const { id, user } = taking.read;
    const asker = askerOf(taking.read);
    const turn = rate.admit(id, user);
    if (turn !== 'go') {
      await acked(() => event.ack());
      if (turn === 'tooFast') fly(say(asker, tooFastSentence));
      return;
    }
    switch (await deliveries.keep(id, memoOf(taking))) {
      case 'first':
        // Empty for a form: the modal closes, and what comes of it stands on the card or is told to the
        // person.
        await acked(() => event.ack());
        fly(answered(taking, asker));
        return;
      case 'repeated':
        log.info('slackDeliveryRepeated', { delivery: id });
        return acked(() => event.ack());
      case 'notTaken':
        log.error('slackDeliveryNotTaken', { delivery: id, kind: taking.kind });
        return refused(taking, event, asker);
    }
  }

  /** Said in the acknowledgement itself where it can carry words. */
  async function refused(taking: Taking, event: ReceiverEvent, asker: Asker): Promise<void> {
    const text = notTakenSentence(kindOf(taking));
    if (taking.kind === 'command') return acked(() => event.ack(text));
    if (taking.kind === 'form') return acked(() => event.ack(inForm(text)));
    await acked(() => event.ack());
    fly(say(asker, text));
  }

  /**
   * An acknowledgement that got lost with its socket must not stop the work: the person pressed, and Slack
   * may deliver it again.
   */
  async function acked(ack: () => Promise<void>): Promise<void> {
    try {
      await ack();
    } catch (error) {
      log.warn('slackAckLost', { error: messageOf(error) });
    }
  }

  async function answered(taking: Taking, asker: Asker): Promise<void> {
    try {
      await inbound.work(taking, asker);
    } catch (error) {
      // Not done: the next start takes it up.
      if (error instanceof Stopping) return;
      await told(asker, error);
    }
    deliveries.done(taking.read.id);
  }

  /** What went wrong, to the person, as far as anything can be told. */
  function told(asker: Asker, error: unknown): Promise<void> {
    if (error instanceof SlackFailure) {
      log.warn('slackAnswerFailed', { method: error.method, error: error.slackError });
      return say(asker, notDone(error));
    }
    const reference = random.hex(3);
    log.error('bug', { reference, where: 'slack', error });
    return say(
      asker,
      `Something broke in the bot (reference ${reference}), and this may not have been done: look at the card before you try again. Tell the people who run the bot the reference; the reason is in its log.`,
    );
  }

  function say(asker: Asker, text: string): Promise<void> {
    return answers.bring(asker, sentenceMessage({ text }));
  }

  /**
   * `memo` was a Taking when it was kept. Its response_url is gone, and so is the three seconds' leave to
   * open a form.
   */
  async function takenUp({ memo, key, at }: Left): Promise<void> {
    const taking = readMemo(memo);
    if (taking === undefined) {
      deliveries.done(key);
      return;
    }
    log.info('slackDeliveryTakenUp', { delivery: key, kind: taking.kind });
    await answered(taking, {
      ...askerOf(taking.read),
      preface: takenUpSentence(kindOf(taking), at, clock.now()),
      cameIn: at,
    });
  }

  async function tooLate({ memo, key, at, begun }: Left): Promise<void> {
    const taking = readMemo(memo);
    if (taking === undefined) {
      deliveries.done(key);
      return;
    }
    log.warn('slackDeliveryTooLate', { delivery: key, kind: taking.kind, at });
    await say(
      askerOf(taking.read),
      tooLateSentence(kindOf(taking), meant(taking, command), { at, begun }, clock.now()),
    );
    deliveries.done(key);
  }

  function fly(work: Promise<void>): void {
    const flight = work
      .catch((error: unknown) => {
        if (!(error instanceof Stopping))
          log.error('bug', { reference: random.hex(3), where: 'slackAnswer', error });
      })
      .finally(() => flights.delete(flight));
    flights.add(flight);
  }

  function askerOf({ id, channel, user, thread, responseUrl }: Delivery): Asker {
    const since = clock.elapsed();
    return {
      channel,
      user,
      since,
      begin: () => deliveries.begin(id),
      ...(thread === undefined ? {} : { thread }),
      ...(responseUrl === undefined ? {} : { address: { url: responseUrl, at: since, uses: 0 } }),
    };
  }

  return {
    async take(event) {
      const flight = taken(event);
      fly(flight.catch(() => undefined));
      try {
        await flight;
      } catch (error) {
        log.error('bug', { reference: random.hex(3), where: 'slackIntake', error });
        await acked(() => event.ack());
      }
    },
    resume(left) {
      for (const one of left.now) fly(takenUp(one));
      for (const one of left.tooLate) fly(tooLate(one));
    },
    async settled() {
      while (flights.size > 0) await Promise.all(flights);
    },
  };
}

/** Shown below the field of a form, which stays open with what was typed in it. */
function inForm(text: string): {
  readonly response_action: 'errors';
  readonly errors: Readonly<Record<string, string>>;
} {
  return { response_action: 'errors', errors: { [formBlock]: text } };
}

/** An answer that will be the same the next time is not told as none. */
function notDone({ kind, slackError, method }: SlackFailure): string {
  const tell = 'Trying again will not help; tell the people who run the bot';
  if (kind === 'token')
    return `Slack does not accept the bot's token (${slackError}), so this was not done. ${tell}.`;
  if (kind !== 'refused')
    return `Slack did not answer the bot (${slackError}), so this was not done. Try again in a moment.`;
  if (meaningOf(slackError) === 'setup')
    return `Slack refused ${method} to the bot (${slackError}), so this was not done. ${tell}: ${advice[slackError] ?? 'its app has to be set up otherwise.'}`;
  return `Slack refused ${method} to the bot (${slackError}), so this was not done. Try again in a moment; if that lasts, tell the people who run the bot.`;
}

function kindOf({ kind }: Taking): DeliveryKind {
  return kind === 'mention' ? 'command' : kind;
}

/** Which one is meant, for a sentence. */
function meant(taking: Taking, command: string): string {
  switch (taking.kind) {
    case 'command':
    case 'mention':
      return `${command} ${taking.read.text}`;
    case 'form':
      return `${taking.read.origin.verb} ${taking.read.origin.requestId}`;
    case 'press': {
      const press = readSlackPress(taking.read.actionId, taking.read.value);
      return press === undefined || press === 'open' ? 'a button' : `${press.verb} ${press.requestId}`;
    }
  }
}
