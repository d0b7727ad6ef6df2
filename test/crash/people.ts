// The people of the crash test: each types and presses at a pace of his or her own by what stands in both
// chats, whatever happens to the process.
import { setTimeout as pause } from 'node:timers/promises';
import { incidents, privateRoom, slackPolicy } from '../../src/demo/slack/workspace.ts';
import { channel } from '../../src/demo/teams/stage.ts';
import type { Human as TeamsHuman } from '../../src/demo/teams/stage.ts';
import { manyPending } from '../support/requests/manyPending.ts';
import { unhurried } from '../../src/demo/unhurried.ts';
import { between, oneOf } from './random.ts';
import type { Random } from './random.ts';
import type { CardSeen, Chat, Deed, Room, Typed } from './servers/chatControl.ts';

/** Has an account in Slack and one in Teams. */
export interface Human {
  readonly id: string;
  readonly name: string;
  readonly account: string;
  readonly objectId: string;
}

const named = (names: readonly string[], role: string, letter: string): readonly Human[] =>
  names.map((name, n) => ({
    id: `${role}${n + 1}`,
    name,
    account: `U0${role.toUpperCase().slice(0, 5)}${n + 1}`,
    objectId: `${letter.repeat(8)}-0000-4000-8000-00000000000${n + 1}`,
  }));
/**
 * Several of each: the bot takes so much in a minute from one person, and says no more than once that it does
 * not.
 */
export const responders = named(
  ['Rae', 'Rio', 'Ray', 'Roy', 'Rux', 'Ria', 'Ren', 'Reo', 'Rob'],
  'asker',
  'a',
);
export const approvers = named(
  ['Ada', 'Ari', 'Amy', 'Ash', 'Ava', 'Ali', 'Ann', 'Art', 'Axl'],
  'approver',
  'b',
);
export const humans: readonly Human[] = [...responders, ...approvers];

export function inTeams({ id, name, objectId }: Human): TeamsHuman {
  return { id: `29:${id}`, name, objectId };
}

/** Where requests are asked, by chat; in the second place of Slack they are private. */
const places: Readonly<Record<Chat, readonly string[]>> = {
  slack: [incidents, incidents, incidents, privateRoom],
  teams: [channel],
};
export const privatePlaces: readonly string[] = [privateRoom];

/** In the reason of a private request. Nobody else than the requester and the approvers may read it. */
export function reasonCanary(account: string, count: number): string {
  return `canary-reason-${account}-${count}-`;
}

/**
 * The example policy with these people, and every device in it. Both chats have a place where every request
 * can be approved; what is asked in the private room has its reason and its results there alone.
 */
export function crashPolicy(): string {
  const names = (all: readonly Human[]): string => all.map(({ id }) => id).join(', ');
  const people = humans.map(
    ({ id, name, account, objectId }) =>
      `  - { id: ${id}, name: ${name}, slack: ${account}, teams: ${objectId} }`,
  );
  const roles = [`roles:`, `  responder: [${names(responders)}]`, `  approver: [${names(approvers)}]`];
  const rooms = [
    'places:',
    `  - { place: 'slack:${incidents}', approvals: true, notify: 'slack:S0APPROVE', results: card }`,
    `  - { place: 'teams:${channel}', approvals: true, results: card }`,
    `  - { place: 'slack:${privateRoom}', results: private, visibility: [requester, approvers] }`,
  ];
  return manyPending(unhurried(slackPolicy()))
    .replace(/^people:[\s\S]*?(?=^# Tiers)/m, `people:\n${people.join('\n')}\n${roles.join('\n')}\n`)
    .replace('groups: [Workstations, Servers]', "groups: ['*']")
    .replace(/^places:\n(?:[ #].*\n)+/m, `${rooms.join('\n')}\n`);
}

/** What one person does in a minute: below what the bot takes from one hand. */
const perMinute = 30;
/** Cards that wait for somebody, and asks whose card does not stand yet, before nobody asks for more. */
const enough = 12;

/** Somebody drops what cannot be found at Defender after so long; milliseconds. */
const patience = 18_000;

/** So long a request counts as one that waits for somebody; milliseconds. */
const freshFor = 12_000;
/**
 * So long an ask whose card does not stand yet counts; milliseconds. Both chats take 45 changed cards a minute,
 * however often the bot is killed: people who ask faster than that see no card at all in the end.
 */
const unseenFor = 120_000;
/** Before the same button of a card is pressed again; milliseconds. */
const pressPause = 1_500;

export interface PeopleOptions {
  /** Does it in the chat that it names. Resolves with whether it was acknowledged. */
  readonly deliver: (deed: Deed) => Promise<boolean>;
  /** What stands in both chats. */
  readonly look: () => Promise<Room>;
  readonly random: Random;
  /** Names of devices that can be asked for. */
  readonly devices: readonly string[];
  /** Called right after the bot has acknowledged something. */
  readonly acknowledged: () => void;
  /** Called again and again with how many messages have been written and changed. */
  readonly drawn: (count: number) => void;
  readonly failed: (error: unknown) => void;
}

export class People {
  readonly #options: PeopleOptions;
  #room: Room = { cards: [], forms: [], drawn: 0 };
  /** Requests that wait for somebody. */
  #waiting = 0;
  #present = false;
  #asking = true;
  #stopped = false;
  #count = 0;
  /** When somebody asked. */
  #asked: readonly number[] = [];
  /**
   * When each card was first seen as one that cannot be found at Defender: somebody drops it only after a
   * while.
   */
  readonly #unfound = new Map<string, number>();

  /** When each request was first seen. */
  readonly #seen = new Map<string, number>();
  /** When each button of each card was last pressed. */
  readonly #pressed = new Map<string, number>();

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** Whether there is a bot to talk to. */
  present(yes: boolean): void {
    this.#present = yes;
  }

  /** Asks no more, but goes on deciding until every request has ended. */
  windDown(): void {
    this.#asking = false;
  }

  stop(): void {
    this.#stopped = true;
  }

  async work(): Promise<void> {
    await Promise.all([
      this.#watching(),
      ...[...responders, ...approvers].map((human) => this.#living(human)),
    ]);
  }

  async #watching(): Promise<void> {
    while (!this.#stopped) {
      this.#room = await this.#options.look();
      this.#waiting = this.#fresh(new Set(this.#room.cards.map(({ request }) => request)));
      this.#options.drawn(this.#room.drawn);
      await pause(40);
    }
  }

  /**
   * How many were seen for the first time a moment ago. A card that nobody can draw any more keeps its buttons,
   * and may not keep people from asking.
   */
  #fresh(requests: ReadonlySet<string>): number {
    const now = performance.now();
    for (const request of requests) if (!this.#seen.has(request)) this.#seen.set(request, now);
    return [...requests].filter((request) => now - (this.#seen.get(request) ?? now) < freshFor).length;
  }

  /** Asks whose card does not stand yet: so many more than there were new cards. */
  #unseen(): number {
    const since = performance.now() - unseenFor;
    this.#asked = this.#asked.filter((at) => at > since);
    const seen = [...this.#seen.values()].filter((at) => at > since).length;
    return Math.max(0, this.#asked.length - seen);
  }

  async #living(human: Human): Promise<void> {
    const { random } = this.#options;
    let recent: readonly number[] = [];
    while (!this.#stopped) {
      await pause(between(random, 10, 200));
      recent = recent.filter((at) => at > performance.now() - 60_000);
      const deed = this.#present && recent.length < perMinute ? this.#next(human) : undefined;
      if (deed === undefined) continue;
      recent = [...recent, performance.now()];
      try {
        if (await this.#options.deliver(deed)) this.#options.acknowledged();
      } catch (error) {
        this.#options.failed(error);
        return;
      }
    }
  }

  #next(human: Human): Deed | undefined {
    const { random } = this.#options;
    const form = this.#room.forms.find(({ user }) => user === human.account);
    if (form !== undefined)
      return {
        key: this.#key(),
        person: human.account,
        chat: 'slack',
        kind: 'submit',
        input: random() < 0.5 ? 'not now' : '',
        request: form.request,
      };
    const asker = responders.includes(human);
    if (this.#asking && random() < 0.04)
      return this.#typed(human, oneOf(random, ['help', 'list', 'whoami', 'status lr-000000']) ?? 'help');
    if (asker && this.#asking && this.#waiting + this.#unseen() < enough && random() < 0.6)
      return this.#ask(human);
    const card = oneOf(random, this.#room.cards);
    return card === undefined ? undefined : this.#decision(human, asker, card);
  }

  #ask(human: Human): Deed {
    const { random, devices } = this.#options;
    this.#asked = [...this.#asked, performance.now()];
    const deed = this.#typed(human, `dump ${oneOf(random, devices) ?? ''} proc${this.#count + 1}`);
    if (!privatePlaces.includes(deed.channel)) return deed;
    return {
      ...deed,
      text: `${deed.text} --reason "${reasonCanary(human.account, this.#count)} seen at 02:40"`,
    };
  }

  #typed(human: Human, text: string): Typed {
    const { random } = this.#options;
    const chat = random() < 0.5 ? 'slack' : 'teams';
    return {
      key: this.#key(),
      chat,
      person: human.account,
      channel: oneOf(random, places[chat]) ?? incidents,
      kind: chat === 'slack' && random() < 0.25 ? 'mention' : 'command',
      text,
    };
  }

  #decision(human: Human, asker: boolean, card: CardSeen): Deed | undefined {
    const verb = this.#verb(asker, card);
    if (verb === undefined || this.#justPressed(card, verb)) return undefined;
    return {
      key: this.#key(),
      chat: card.chat,
      person: human.account,
      channel: card.channel,
      kind: 'press',
      ts: card.ts,
      verb,
      request: card.request,
    };
  }

  /** Nobody presses again at once what somebody has just pressed. */
  #justPressed(card: CardSeen, verb: string): boolean {
    const key = `${card.chat} ${card.ts} ${verb}`;
    const now = performance.now();
    if (now - (this.#pressed.get(key) ?? -Infinity) < pressPause) return true;
    this.#pressed.set(key, now);
    return false;
  }

  #verb(asker: boolean, card: CardSeen): string | undefined {
    const { random } = this.#options;
    const offers = (verb: string): boolean => card.buttons.some((id) => id.startsWith(`lr.${verb}.`));
    const chance = random();
    if (offers('approve')) {
      // Askers press it too, though they may not: a private refusal is an answer that must not get lost.
      if (asker) return chance < 0.05 ? 'withdraw' : chance < 0.08 ? 'approve' : undefined;
      return chance < 0.08 ? 'deny' : 'approve';
    }
    if (offers('look')) return this.#unfoundVerb(card, chance);
    if (offers('withdraw')) return asker && chance < 0.03 ? 'withdraw' : undefined;
    return offers('cancel') && chance < 0.02 ? 'cancel' : undefined;
  }

  /**
   * A request that may or may not have run keeps its device until somebody has decided. They wait until the
   * bot has looked for it where it is to be found, as its card advises.
   */
  #unfoundVerb(card: CardSeen, chance: number): string | undefined {
    const since = this.#unfound.get(card.request) ?? performance.now();
    this.#unfound.set(card.request, since);
    if (performance.now() - since < patience) return chance < 0.002 ? 'look' : undefined;
    return chance < 0.3 ? 'drop' : undefined;
  }

  #key(): string {
    this.#count += 1;
    return `deed${this.#count}`;
  }
}
