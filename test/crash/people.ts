// The people of the crash test: each types and presses at a pace of his or her own by what stands in Slack,
// whatever happens to the process.
import { setTimeout as pause } from 'node:timers/promises';
import { incidents, slackPolicy } from '../support/slack/slackTestApp.ts';
import { manyPending } from '../support/requests/manyPending.ts';
import { unhurried } from '../../src/demo/unhurried.ts';
import { between, oneOf } from './random.ts';
import type { Random } from './random.ts';
import type { CardSeen, Deed, Room, SlackControl, Typed } from './slackControl.ts';

export interface Human {
  readonly id: string;
  readonly name: string;
  readonly account: string;
}

/**
 * Several of each: the bot takes so much in a minute from one person, and says no more than once that it does
 * not.
 */
export const responders: readonly Human[] = ['Rae', 'Rio', 'Ray', 'Roy', 'Rux'].map((name, n) => ({
  id: `asker${n + 1}`,
  name,
  account: `U0ASKER${n + 1}`,
}));
export const approvers: readonly Human[] = ['Ada', 'Ari', 'Amy', 'Ash', 'Ava'].map((name, n) => ({
  id: `approver${n + 1}`,
  name,
  account: `U0APPRO${n + 1}`,
}));

/** The example policy with these people, and every device in it. */
export function crashPolicy(): string {
  const names = (all: readonly Human[]): string => all.map(({ id }) => id).join(', ');
  const people = [...responders, ...approvers].map(
    ({ id, name, account }) => `  - { id: ${id}, name: ${name}, slack: ${account} }`,
  );
  const roles = [`roles:`, `  responder: [${names(responders)}]`, `  approver: [${names(approvers)}]`];
  return manyPending(unhurried(slackPolicy()))
    .replace(/^people:[\s\S]*?(?=^# Tiers)/m, `people:\n${people.join('\n')}\n${roles.join('\n')}\n`)
    .replace('groups: [Workstations, Servers]', "groups: ['*']");
}

/** What one person does in a minute: below what the bot takes from one hand. */
const perMinute = 30;
/** Cards that wait for somebody, and asks whose card does not stand yet, before nobody asks for more. */
const enough = 9;

export interface PeopleOptions {
  readonly slack: SlackControl;
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
  #present = false;
  #asking = true;
  #stopped = false;
  #count = 0;
  /** Asks that were acknowledged since the room was last seen to hold fewer cards than there may be. */
  #asked = 0;
  /**
   * When each card was first seen as one that cannot be found at Defender: somebody drops it only after a
   * while.
   */
  readonly #unfound = new Map<string, number>();

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** Whether there is a bot to talk to. */
  present(yes: boolean): void {
    this.#present = yes;
    this.#asked = 0;
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
      this.#room = await this.#options.slack.room('open');
      this.#options.drawn(this.#room.drawn);
      await pause(20);
    }
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
        if (await this.#options.slack.deliver(deed)) this.#options.acknowledged();
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
        kind: 'submit',
        input: random() < 0.5 ? 'not now' : '',
        request: form.request,
      };
    const asker = responders.includes(human);
    if (this.#asking && random() < 0.12)
      return this.#typed(human, oneOf(random, ['help', 'list', 'whoami', 'status lr-000000']) ?? 'help');
    if (asker && this.#asking && this.#room.cards.length + this.#asked < enough && random() < 0.6)
      return this.#ask(human);
    const card = oneOf(random, this.#room.cards);
    return card === undefined ? undefined : this.#decision(human, asker, card);
  }

  #ask(human: Human): Deed {
    const { random, devices } = this.#options;
    this.#asked += 1;
    const deed = this.#typed(human, `dump ${oneOf(random, devices) ?? ''} proc${this.#count + 1}`);
    return random() < 0.25 ? { ...deed, kind: 'mention' } : deed;
  }

  #typed(human: Human, text: string): Typed {
    return { key: this.#key(), person: human.account, channel: incidents, kind: 'command', text };
  }

  #decision(human: Human, asker: boolean, card: CardSeen): Deed | undefined {
    const verb = this.#verb(asker, card);
    if (verb === undefined) return undefined;
    return {
      key: this.#key(),
      person: human.account,
      channel: card.channel,
      kind: 'press',
      ts: card.ts,
      verb,
      request: card.request,
    };
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

  /** A request that may or may not have run keeps its device until somebody has decided. */
  #unfoundVerb(card: CardSeen, chance: number): string | undefined {
    const since = this.#unfound.get(card.request) ?? performance.now();
    this.#unfound.set(card.request, since);
    if (performance.now() - since < 4_000) return chance < 0.05 ? 'look' : undefined;
    return chance < 0.3 ? 'drop' : undefined;
  }

  #key(): string {
    this.#count += 1;
    return `deed${this.#count}`;
  }
}
