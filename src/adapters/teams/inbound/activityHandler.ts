// What becomes of an activity: commands and presses to the bot, outside the turn; answers to the person, for
// as long as they take; installs to the references.
import { verbOfLine } from '../../../bot/commands/verbs.ts';
import { ChatError } from '../../../bot/ports.ts';
import type { Bot, PressIn, Reply } from '../../../bot/ports.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { Stopping } from '../../deliveries/answers.ts';
import type { Deliveries, Left } from '../../deliveries/deliveries.ts';
import { createPersonRate } from '../../deliveries/personRate.ts';
import {
  notTakenSentence,
  prefaced,
  takenUpSentence,
  tooFastSentence,
  tooLateSentence,
} from '../../deliveries/words.ts';
import type { DeliveryKind } from '../../deliveries/words.ts';
import { random } from '../../random.ts';
import type { Inbound } from './activity.ts';
import { pressAnswer, spoken, toast } from './invokeAnswers.ts';
import type { Pressed } from './invokeAnswers.ts';
import type { InvokeAnswer } from './invokeAnswers.ts';
import { surface } from '../ids.ts';
import { refOf } from '../outbound/chat.ts';
import type { TeamsChat } from '../outbound/chat.ts';
import { intentOf, replyMessage } from '../outbound/teamsMessages.ts';
import { actionOf, pressedOn, pressOf } from './pressData.ts';
import type { Read } from './pressData.ts';
import type { Conversations } from '../identity/conversations.ts';
import { createSpeakers, speakerOf } from './speakers.ts';
import { createPrivateReplies } from '../outbound/privateReplies.ts';
import type { Asker } from '../outbound/privateReplies.ts';
import { commandText } from './text.ts';
import type { Threads } from '../identity/threads.ts';
import type { Roster } from '../identity/roster.ts';
import { RecentMap } from '../../../liveResponse/pacing/recentMap.ts';

/**
 * A press is answered within this; people see an error after some 5 to 15 s (msteams-docs#13460, #6461).
 * Milliseconds.
 */
export const pressAnsweredWithin = 3_500;
/** Answers of presses kept for the same delivery coming again. */
const answersKept = 1_000;

const olderCard =
  'This card is superseded: a newer card of this request stands further down here. Nothing was done; press there.';

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
  /** The intent of the card that stands for a request in a place, if one does. */
  readonly newestIntent: (requestId: string, place: string) => string | undefined;
  /** Milliseconds; `pressAnsweredWithin` by default. */
  readonly pressLimit?: number;
}

export interface ActivityHandler {
  /** Resolves soon: with the answer to an invoke, or as soon as anything else is safely noted. */
  turn(message: Inbound): Promise<InvokeAnswer | undefined>;
  /** Takes up what a crash left unanswered; what is too old for that is told to its person. */
  resume(left: ReturnType<Deliveries['left']>): void;
  /** Answers that wait for another try wait no longer; the next start gives them. */
  stop(): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export function createActivityHandler(options: ActivityHandlerOptions): ActivityHandler {
  const { bot, chat, conversations, deliveries, threads, roster, clock, log } = options;
  const name = options.command.replace(/^\//, '');
  const pressLimit = options.pressLimit ?? pressAnsweredWithin;
  const underWay = new Set<Promise<void>>();
  const answers = new RecentMap<string, Promise<Pressed>>(answersKept);
  const telling = createPrivateReplies(chat, clock, log);
  const speakerIn = createSpeakers(options);
  const rate = createPersonRate(deliveries, clock);

  function background(what: string, work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) => {
        // Left for the next start, which takes it up.
        if (!(error instanceof Stopping)) log.error('teamsTurnFailed', { what, error });
      })
      .finally(() => underWay.delete(watched));
    underWay.add(watched);
  }

  async function turn(message: Inbound): Promise<InvokeAnswer | undefined> {
    // An event may tell where a place is reached from now on: that is learned first.
    const event = message.type === 'installationUpdate' || message.type === 'conversationUpdate';
    if (!event) heard(message);
    const answer = await taken(message);
    if (event) heard(message);
    return answer;
  }

  /** Any sign of life: what could not be written there is tried again. */
  function heard(message: Inbound): void {
    if (roster.homeTenant(message) && message.removal !== true)
      for (const place of placesOf(message)) bot.heard(surface, place);
  }

  /**
   * Where this shows that something can be written again: here, in a channel that it is about, and in all of
   * a team that is about as a whole.
   */
  function placesOf(message: Inbound): ReadonlySet<string> {
    const team =
      message.type === 'message' || message.type === 'invoke' || message.teamId === undefined
        ? []
        : conversations.inTeam(message.teamId);
    return new Set([message.place, ...(message.channelId === undefined ? [] : [message.channelId]), ...team]);
  }

  async function taken(message: Inbound): Promise<InvokeAnswer | undefined> {
    switch (message.type) {
      case 'invoke':
        return message.name === 'adaptiveCard/action'
          ? pressed(message)
          : toast('This bot does not know that action.');
      case 'message':
        await said(message);
        return undefined;
      case 'installationUpdate':
      case 'conversationUpdate':
        installed(message);
        return undefined;
      default:
        // Edits of a message come as messageUpdate: a command counts as it was sent.
        return undefined;
    }
  }

  function installed(message: Inbound): void {
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

  async function said(message: Inbound): Promise<void> {
    if (!roster.homeTenant(message)) {
      log.warn('teamsForeignTenant', { tenants: message.tenants });
      return;
    }
    if (message.from.id.startsWith('28:')) return;
    const isPress = message.value !== undefined && message.value !== null;
    if (!isPress && commandText(message, name) === undefined) return;
    const key = keyOf(message);
    const turn = rate.admit(key, speakerOf(message));
    if (turn !== 'go') {
      if (turn === 'tooFast') background('too fast', tellText(askerOf(message), tooFastSentence));
      return;
    }
    // On disk before it is acknowledged: Teams does not send it again after that.
    const kept = await deliveries.keep(key, message);
    if (kept === 'first') background('message', answered(message, key, askerOf(message)));
    if (kept === 'notTaken')
      background('not taken', tellText(askerOf(message), notTakenSentence(kindOf(message))));
  }

  function askerOf(message: Inbound, left?: Left): Asker {
    return {
      place: message.place,
      speaker: speakerOf(message),
      ...(message.thread === undefined ? {} : { thread: message.thread }),
      since: clock.elapsed(),
      ...(left === undefined ? {} : { preface: takenUpSentence(kindOf(message), left.at, clock.now()) }),
    };
  }

  /**
   * `cameIn`: when, where an earlier process left it. @throws Stopping: it stays kept, and the next start
   * does and answers it
   */
  async function answered(message: Inbound, key: string, asker: Asker, cameIn?: number): Promise<void> {
    await tell(asker, await foreseen(() => replyTo(message, key, cameIn)));
    deliveries.done(key);
  }

  async function foreseen(work: () => Promise<Reply>): Promise<Reply> {
    try {
      return await work();
    } catch (error) {
      return { kind: 'sentence', text: broken(error) };
    }
  }

  async function replyTo(message: Inbound, key: string, cameIn: number | undefined): Promise<Reply> {
    if (message.value !== undefined && message.value !== null) {
      // Action.Submit, from clients in which Action.Execute does not work, arrives as a message with a value.
      const press = pressOf(message.value);
      const speaker = await speakerIn(message, press?.verb ?? 'refresh', true);
      if ('unread' in speaker) return { kind: 'sentence', text: speaker.unread };
      if (press === undefined) return { kind: 'sentence', text: foreignButton() };
      const pressing = { surface, ...speaker, ...press, deliveryId: key };
      return isOlder(message, message.value, press)
        ? superseded(message, pressing)
        : pressedIn(message, pressing);
    }
    const text = commandText(message, name) ?? '';
    const speaker = await speakerIn(message, verbOfLine(text), false);
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

  async function pressed(message: Inbound): Promise<InvokeAnswer> {
    const { action, trigger } = actionOf(message.value);
    // Clients refresh cards on their own; nobody pressed anything.
    if (trigger === 'automatic') return toast('Nothing was done.');
    const key = keyOf(message);
    const asker = askerOf(message);
    const work = answers.get(key) ?? remember(key, keptPress(message, action, key, asker));
    const stop = new AbortController();
    const late = Symbol('late');
    const first = await Promise.race([work, clock.sleep(pressLimit, stop.signal).then(() => late)]);
    stop.abort();
    if (typeof first !== 'symbol') {
      background(
        'press',
        (first.extra ?? Promise.resolve()).then(() => settle(first, key)),
      );
      return first.answer;
    }
    background(
      'late press',
      work.then((done) => toldLate(done, asker).then(() => settle(done, key))),
    );
    return toast('This takes a moment. The card follows, or I tell you alone what became of it.');
  }

  function settle({ notKept }: Pressed, key: string): void {
    if (notKept !== true) deliveries.done(key);
  }

  function remember(key: string, work: Promise<Pressed>): Promise<Pressed> {
    answers.set(key, work);
    return work;
  }

  /**
   * On disk before anything is done with it: an invoke that is answered late or not at all is taken up after
   * a crash.
   */
  async function keptPress(message: Inbound, data: unknown, key: string, asker: Asker): Promise<Pressed> {
    // A press is answered each time: without an answer Teams says that something went wrong.
    if (rate.admit(key, asker.speaker) !== 'go') return { ...spoken(tooFastSentence), notKept: true };
    switch (await deliveries.keep(key, message)) {
      case 'first':
        return press(message, data, key, asker);
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

  async function press(message: Inbound, data: unknown, key: string, asker: Asker): Promise<Pressed> {
    try {
      const read = pressOf(data);
      if (read === undefined) return spoken(foreignButton());
      const speaker = await speakerIn(message, read.verb, true);
      if ('unread' in speaker) return spoken(speaker.unread);
      const pressing = { surface, account: speaker.account, place: speaker.place, ...read, deliveryId: key };
      if (isOlder(message, data, read)) {
        const now = await superseded(message, pressing);
        return now.kind === 'card' ? { ...spoken(olderCard), ...alsoTold(asker, now) } : spoken(olderCard);
      }
      const reply = await pressedIn(message, pressing);
      const { answer, also } = pressAnswer(reply);
      return { answer, reply, ...(also === undefined ? {} : alsoTold(asker, also)) };
    } catch (error) {
      return spoken(broken(error));
    }
  }

  function alsoTold(asker: Asker, reply: Reply): Pick<Pressed, 'extra'> {
    const extra = tell(asker, reply);
    background('private answer', extra);
    return { extra };
  }

  /** A press may ask for a new request; its card stands in the thread of the one that was pressed. */
  async function pressedIn(message: Inbound, press: PressIn): Promise<Reply> {
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
   * Whether the press was on a card whose post was never answered, and another stands for its request here.
   * Private copies carry no intent.
   */
  function isOlder(message: Inbound, data: unknown, press: Read): boolean {
    const intent = intentOf(data);
    const newest = options.newestIntent(press.requestId, message.place);
    return intent !== undefined && newest !== undefined && intent !== newest;
  }

  /**
   * Nothing is done. The older card is rewritten, now that the press tells where it stands; the answer is the
   * request as it is.
   */
  async function superseded(message: Inbound, press: PressIn): Promise<Reply> {
    if (message.replyToId !== undefined)
      background('superseded', rewritten(message, message.replyToId, press.requestId));
    const now = await bot.press({ ...press, verb: 'refresh' });
    return now.kind === 'card' ? { ...now, text: olderCard } : { kind: 'sentence', text: olderCard };
  }

  async function rewritten(message: Inbound, activity: string, requestId: string): Promise<void> {
    try {
      await chat.supersede(refOf(message.place, message.thread, activity), requestId);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      // The newer card is the true one whether or not the older can be rewritten; a press on it says so
      // again.
      log.warn('teamsCardNotSuperseded', { request: requestId, code: error.code });
    }
  }

  /**
   * To a person whose invoke was over before its answer: once, however often the press came. A card in an
   * answer is only the one that was pressed.
   */
  function toldLate(done: Pressed, asker: Asker): Promise<void> {
    done.late ??= done.extra ?? (done.reply.kind === 'card' ? Promise.resolve() : tell(asker, done.reply));
    return done.late;
  }

  function tellText(asker: Asker, text: string): Promise<void> {
    return tell(asker, { kind: 'sentence', text });
  }

  /** @throws Stopping */
  async function tell(asker: Asker, reply: Reply): Promise<void> {
    const message = replyMessage(prefaced(reply, asker.preface));
    if (message !== undefined) await telling.bring(asker, message);
  }

  /** `memo` was an Inbound when it was kept. Its invoke is long over: a press is answered as a message. */
  async function takenUp(left: Left): Promise<void> {
    const { key, at } = left;
    const message = left.memo as Inbound;
    const asker = askerOf(message, left);
    if (message.type !== 'invoke') return answered(message, key, asker, at);
    await toldLate(await press(message, actionOf(message.value).action, key, asker), asker);
    deliveries.done(key);
  }

  async function toldTooLate({ memo, key, at, begun }: Left): Promise<void> {
    const message = memo as Inbound;
    const kind = kindOf(message);
    const what =
      kind === 'press' ? pressedOn(message) : `${options.command} ${commandText(message, name) ?? ''}`;
    await tellText(askerOf(message), tooLateSentence(kind, what, { at, begun }, clock.now()));
    deliveries.done(key);
  }

  /** Logged with its stack, under a reference that the person is told. */
  function broken(error: unknown): string {
    const reference = random.hex(3);
    log.error('bug', { reference, where: 'teams', error });
    return `Something broke in the bot (reference ${reference}), and this may not have been done: look at the card before you try again. Tell the people who run the bot the reference; the reason is in its log.`;
  }

  function foreignButton(): string {
    return `This button is not one of this bot’s version. Type ${options.command} status for the request as it is now.`;
  }

  return {
    turn,
    resume(left) {
      for (const one of left.now) {
        log.info('teamsMessageTakenUp', {});
        background('message', takenUp(one));
      }
      for (const one of left.tooLate) {
        log.warn('teamsMessageTooOld', { at: one.at });
        background('too late', toldTooLate(one));
      }
    },
    stop: () => telling.stop(),
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

function kindOf(message: Inbound): DeliveryKind {
  return message.type === 'invoke' || (message.value !== undefined && message.value !== null)
    ? 'press'
    : 'command';
}

/** One delivery: ids are unique within a conversation only. */
function keyOf(message: Inbound): string {
  return `${message.place}|${message.id}`;
}
