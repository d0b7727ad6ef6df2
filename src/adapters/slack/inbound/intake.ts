// Intake of Slack deliveries: each is written down before it is acknowledged, done once, and its answer tried
// for as long as it takes. Bolt's receivers verify and acknowledge. Its listeners are not used, because Bolt
// acknowledges events before any of them runs.
import { App } from '@slack/bolt';
import type { AppOptions, ReceiverEvent } from '@slack/bolt';
import { readSlackPress } from '../../../../cards/press.ts';
import { verbOfLine } from '../../../bot/commands/verbs.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import type { AnyVerb } from '../../../liveResponse/verbs.ts';
import { Stopping } from '../../deliveries/answers.ts';
import type { Deliveries, Left } from '../../deliveries/deliveries.ts';
import type { DeliveryKind } from '../../deliveries/sentences.ts';
import { PersonRate } from '../../deliveries/deliveries.ts';
import {
  decidedSentence,
  endingIn,
  notTakenSentence,
  takenUpSentence,
  tooFastSentence,
  tooLateSentence,
} from '../../deliveries/sentences.ts';
import { random } from '../../clock.ts';
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
  /** Events that no person's command is in: about channels and memberships. */
  readonly happened: (event: unknown) => void;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly log: Log;
  /** `/lr` */
  readonly command: string;
  readonly botUser: string;
}

/** Bolt's App as the receivers want one. */
export class BoltProcessor extends App {
  readonly #intake: Intake;
  constructor(options: AppOptions, intake: Intake) {
    super(options);
    this.#intake = intake;
  }
  override processEvent(event: ReceiverEvent): Promise<void> {
    return this.#intake.take(event);
  }
}

export class Intake {
  readonly #parts: IntakeParts;
  readonly #rate: PersonRate;
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#rate = new PersonRate(parts);
  }

  /** Never rejects. Resolves when it is acknowledged. */
  async take(event: ReceiverEvent): Promise<void> {
    const flight = this.#take(event);
    this.#background(flight.catch(() => undefined));
    try {
      await flight;
    } catch (error) {
      this.#parts.log.error('bug', { reference: random.hex(3), where: 'slackIntake', error });
      await this.#acknowledge(() => event.ack());
    }
  }

  /** Takes up what a crash left unanswered; a person whose delivery is too old for that is informed. */
  resume(left: ReturnType<Deliveries['left']>): void {
    for (const one of left.now) this.#background(this.#takeUp(one));
    for (const one of left.tooLate) this.#background(this.#tellTooLate(one));
    for (const one of left.decided) this.#background(this.#tellDecided(one));
  }

  /** Resolves when nothing is being answered. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #take(event: ReceiverEvent): Promise<void> {
    const taking = readTaking(event.body, this.#parts.botUser);
    if (taking === undefined) {
      await this.#acknowledge(() => event.ack());
      this.#parts.happened(event.body['event']);
      return;
    }
    if (taking.kind === 'command' && taking.read.command !== this.#parts.command) {
      return this.#acknowledge(() =>
        event.ack(
          `This bot answers to ${this.#parts.command}. SLACK_COMMAND is set to that; ${taking.read.command} is only in the app's manifest.`,
        ),
      );
    }
    // A button with an address sends a press too; unacknowledged it would show a warning sign.
    if (taking.kind === 'press' && readSlackPress(taking.read.actionId, taking.read.value) === 'open')
      return this.#acknowledge(() => event.ack());
    const over = taking.kind === 'form' ? textRefusal(taking.read.origin.verb, taking.read.input) : undefined;
    // The form stays open with what was typed in it.
    if (over !== undefined) return this.#acknowledge(() => event.ack(inForm(explain(over))));
    await this.#admit(taking, event);
    this.#parts.heard(taking.read.channel);
  }

  async #admit(taking: Taking, event: ReceiverEvent): Promise<void> {
    const { id, user } = taking.read;
    const asker = this.#askerOf(taking);
    const turn = this.#rate.admit(id, user);
    if (turn !== 'go') {
      await this.#acknowledge(() => event.ack());
      if (turn === 'tooFast') this.#background(this.#say(asker, tooFastSentence));
      return;
    }
    switch (await this.#parts.deliveries.keep(id, memoOf(taking))) {
      case 'first':
        // Empty for a form: the modal closes, and its result is on the card or said to the person.
        await this.#acknowledge(() => event.ack());
        this.#background(this.#answer(taking, asker));
        return;
      case 'repeated':
        this.#parts.log.info('slackDeliveryRepeated', { delivery: id });
        return this.#acknowledge(() => event.ack());
      case 'notTaken':
        this.#parts.log.error('slackDeliveryNotTaken', { delivery: id, kind: taking.kind });
        return this.#refuse(taking, event, asker);
    }
  }

  /** Said in the acknowledgement itself where it can carry words. */
  async #refuse(taking: Taking, event: ReceiverEvent, asker: Asker): Promise<void> {
    const text = notTakenSentence(kindOf(taking));
    if (taking.kind === 'command') return this.#acknowledge(() => event.ack(text));
    if (taking.kind === 'form') return this.#acknowledge(() => event.ack(inForm(text)));
    await this.#acknowledge(() => event.ack());
    this.#background(this.#say(asker, text));
  }

  /**
   * An acknowledgement that got lost with its socket must not stop the work: the person pressed, and Slack
   * may deliver it again.
   */
  async #acknowledge(ack: () => Promise<void>): Promise<void> {
    try {
      await ack();
    } catch (error) {
      this.#parts.log.warn('slackAckLost', { error: messageOf(error) });
    }
  }

  async #answer(taking: Taking, asker: Asker): Promise<void> {
    try {
      await this.#parts.inbound.work(taking, asker);
    } catch (error) {
      // Not done: the next start takes it up.
      if (error instanceof Stopping) return;
      await this.#tellFailure(asker, error);
    }
    this.#parts.deliveries.done(taking.read.id);
  }

  /** What went wrong, to the person, as far as anything is known. */
  #tellFailure(asker: Asker, error: unknown): Promise<void> {
    if (error instanceof SlackFailure) {
      this.#parts.log.warn('slackAnswerFailed', { method: error.method, error: error.slackError });
      return this.#end(asker, notDone(error));
    }
    const reference = random.hex(3);
    this.#parts.log.error('bug', { reference, where: 'slack', error });
    return this.#end(
      asker,
      `Something broke in the bot (reference ${reference}), and this may not have been done: look at the card before you try again. Tell the people who run the bot the reference; the reason is in its log.`,
    );
  }

  /** Once it is durable that this is all that comes of it. */
  async #end(asker: Asker, text: string): Promise<void> {
    await asker.ending({ kind: 'sentence', text });
    await this.#say(asker, text);
  }

  #say(asker: Asker, text: string): Promise<void> {
    return this.#parts.answers.bring(asker, sentenceMessage({ text }));
  }

  /**
   * `memo` was a Taking when it was kept. Its response_url is gone, and so is permission to open a form,
   * which lasts three seconds.
   */
  async #takeUp({ memo, key, at }: Left): Promise<void> {
    const taking = readMemo(memo);
    if (taking === undefined) {
      this.#parts.deliveries.done(key);
      return;
    }
    this.#parts.log.info('slackDeliveryTakenUp', { delivery: key, kind: taking.kind });
    await this.#answer(taking, {
      ...this.#askerOf(taking),
      preface: takenUpSentence(kindOf(taking), at, this.#parts.clock.now()),
      cameIn: at,
    });
  }

  async #tellTooLate({ memo, key, at, begun }: Left): Promise<void> {
    const taking = readMemo(memo);
    if (taking === undefined) {
      this.#parts.deliveries.done(key);
      return;
    }
    this.#parts.log.warn('slackDeliveryTooLate', { delivery: key, kind: taking.kind, at });
    await this.#end(
      this.#askerOf(taking),
      tooLateSentence(
        kindOf(taking),
        meant(taking, this.#parts.command),
        { at, begun },
        this.#parts.clock.now(),
      ),
    );
    this.#parts.deliveries.done(key);
  }

  /** An earlier process had decided it, and perhaps answered. */
  async #tellDecided({ memo, key, at, answer }: Left): Promise<void> {
    const taking = readMemo(memo);
    if (taking !== undefined && answer !== undefined) {
      this.#parts.log.info('slackDeliveryDecided', { delivery: key, kind: taking.kind });
      const preface = decidedSentence(kindOf(taking), at, this.#parts.clock.now());
      await this.#say(this.#askerOf(taking), `${preface} ${answer}`);
    }
    this.#parts.deliveries.done(key);
  }

  #background(work: Promise<void>): void {
    const flight = work
      .catch((error: unknown) => {
        if (!(error instanceof Stopping))
          this.#parts.log.error('bug', { reference: random.hex(3), where: 'slackAnswer', error });
      })
      .finally(() => this.#underWay.delete(flight));
    this.#underWay.add(flight);
  }

  #askerOf(taking: Taking): Asker {
    const { id, channel, user, thread, responseUrl }: Delivery = taking.read;
    const { deliveries } = this.#parts;
    const since = this.#parts.clock.elapsed();
    return {
      channel,
      user,
      since,
      begin: () => deliveries.begin(id),
      async ending(reply) {
        const ending = endingIn(verbOf(taking), reply);
        if (ending !== undefined) await deliveries.answerWith(id, ending);
      },
      ...(thread === undefined ? {} : { thread }),
      ...(responseUrl === undefined ? {} : { address: { url: responseUrl, at: since, uses: 0 } }),
    };
  }
}

function verbOf(taking: Taking): AnyVerb {
  switch (taking.kind) {
    case 'command':
    case 'mention':
      return verbOfLine(taking.read.text);
    case 'form':
      return taking.read.origin.verb;
    case 'press': {
      const press = readSlackPress(taking.read.actionId, taking.read.value);
      return press === undefined || press === 'open' ? 'refresh' : press.verb;
    }
  }
}

/** Shown below the field of a form, which stays open with what was typed in it. */
function inForm(text: string): {
  readonly response_action: 'errors';
  readonly errors: Readonly<Record<string, string>>;
} {
  return { response_action: 'errors', errors: { [formBlock]: text } };
}

/** Says whether trying again can help: a refusal that will be the same next time is no missing answer. */
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
