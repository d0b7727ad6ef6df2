// Story of refusals, as its two people live it: they type and press, read what they are told, and try again
// when they are told to.
import { stateIn } from '../requests/requests.ts';
import type { ChatCall, Refusal } from '../../../src/demo/refusal.ts';
import type { ChatSide, SeenCard, Stage, StageClock, Who } from './stage.ts';

export type Ending = 'approved' | 'denied';

/** What goes wrong in a story. */
export interface Trouble {
  /** The call it begins with, as `nameOf` tells it. */
  readonly at: string;
  readonly refusal: Refusal;
  /** Milliseconds in which every call meets the same; otherwise only that one does. */
  readonly lasting?: number;
  /** What becomes of the process: at that call, or in the middle of what lasts. */
  readonly process?: 'stopped' | 'killed';
}

/** What is left of a story. */
export interface Course {
  /** Every call to the chat, in order. */
  readonly calls: readonly string[];
  /** The newest card of each place, as people read it. */
  readonly cards: Readonly<Record<string, string>>;
  /** Sessions that ran, each as its commands. */
  readonly ran: readonly string[];
  /** Requests that are stored. */
  readonly asked: number;
  /**
   * Killed right before the call to Defender went out: every card says that it is not known whether it ran,
   * and asks for a decision.
   */
  readonly unknown: boolean;
  /** Minutes from the end of the trouble to the last true card. */
  readonly minutes: number;
}

const minute = 60_000;
/**
 * Longest time from the end of the trouble until all cards are true: a place is asked again every few minutes
 * at least.
 */
const longest = 15 * minute;
const line = 'dump hosta OfficeClickToRun --reason "beacon at 02:40"';

/** Plays the story. Without what is expected the cards need only have come to their end. */
export function tell(
  stage: Stage,
  ending: Ending,
  expected: Course | undefined,
  trouble?: Trouble,
): Promise<Course> {
  return new Story(stage, expected, trouble).tell(ending);
}

class Story {
  readonly #stage: Stage;
  readonly #chat: ChatSide;
  readonly #clock: StageClock;
  readonly #trouble: Trouble | undefined;
  readonly #calls: string[] = [];
  readonly #counts = new Map<string, number>();
  /** Milliseconds after which somebody who waits gives up. */
  readonly #patience: number;
  readonly #expected: Readonly<Record<string, string>> | undefined;
  #began: number | undefined;
  /** When the process is to end. */
  #processAt: number | undefined;
  #dead = false;

  constructor(stage: Stage, expected: Course | undefined, trouble: Trouble | undefined) {
    this.#stage = stage;
    this.#chat = stage.chat;
    this.#clock = stage.clock;
    this.#trouble = trouble;
    this.#patience = longest + (trouble?.lasting ?? 0);
    this.#expected =
      expected === undefined
        ? undefined
        : Object.fromEntries(
            Object.entries(expected.cards).map(([place, card]) => [place, this.#compared(card)]),
          );
  }

  async tell(ending: Ending): Promise<Course> {
    const chat = this.#chat;
    chat.refuse((call) => this.#refuse(call));
    await this.#persist(
      'requester',
      'to ask',
      () => chat.say(line),
      () => this.#state() !== 'none',
    );
    await this.#until(
      () => `a card to approve on: ${this.#newest(chat.places[1])?.text ?? 'none'}`,
      () => {
        const card = this.#newest(chat.places[1]);
        return card?.text.includes('Waiting for approval') === true && card.live ? true : undefined;
      },
    );
    await this.#persist(
      'approver',
      `to be ${ending}`,
      () => chat.press(ending === 'approved' ? 'approve' : 'deny'),
      () => this.#state() !== 'awaitingApproval',
    );
    const minutes = await this.#lastCards();
    await this.#olderCards();
    if (!this.#isUnknown() && this.#expected !== undefined && !same(this.#shown(), this.#expected))
      throw new Error(`the cards did not stay true\n${this.#differs()}`);
    return {
      calls: this.#calls,
      cards: this.#shown(),
      ran: this.#stage.simulator.tenant.submissions.map((one) => JSON.stringify(one.commands)),
      asked: this.#stage.requests().length,
      unknown: this.#isUnknown(),
      minutes,
    };
  }

  /** What the chat answers to a call, where something goes wrong with it. */
  #refuse(call: ChatCall): Refusal | undefined {
    const trouble = this.#trouble;
    const about = `${call.method} ${call.about}`;
    const count = (this.#counts.get(about) ?? 0) + 1;
    this.#counts.set(about, count);
    const name = nameOf(call, count);
    this.#calls.push(name);
    if (this.#dead) return { name: 'killed', kind: 'cut' };
    if (trouble === undefined) return undefined;
    if (this.#began !== undefined)
      return this.#clock.elapsed() < this.#began + (trouble.lasting ?? -1) ? trouble.refusal : undefined;
    if (name !== trouble.at) return undefined;
    this.#began = this.#clock.elapsed();
    if (trouble.process !== undefined) this.#processAt = this.#began + (trouble.lasting ?? 0) / 2;
    if (trouble.lasting === undefined) this.#killed();
    return trouble.refusal;
  }

  #isDue(): boolean {
    return this.#processAt !== undefined && this.#clock.elapsed() >= this.#processAt;
  }

  #killed(): void {
    if (this.#trouble?.process !== 'killed') return;
    this.#dead = true;
    this.#stage.kill();
  }

  /** Ends the process where that is due, and starts it again. */
  async #reborn(): Promise<void> {
    if (!this.#isDue()) return;
    this.#processAt = undefined;
    if (this.#trouble?.process === 'stopped') return this.#stage.restart();
    if (!this.#dead) this.#killed();
    await this.#stage.revive(() => {
      this.#dead = false;
    });
  }

  async #until<T>(what: () => string, look: () => T | undefined): Promise<T> {
    const end = this.#clock.elapsed() + this.#patience;
    for (;;) {
      const seen = (): { readonly value?: T } | undefined => {
        const value = look();
        return value === undefined ? undefined : { value };
      };
      const { value } = await this.#clock.until(
        what,
        () => (this.#isDue() ? {} : seen()),
        Math.max(0, end - this.#clock.elapsed()),
      );
      if (value !== undefined) return value;
      await this.#reborn();
    }
  }

  /**
   * Somebody does something, and repeats it only when told that it was not done. A person who is told nothing
   * repeats nothing, whether the process ended or the chat was down: what was acknowledged is durable, and
   * answered in the end.
   */
  async #persist(who: Who, what: string, act: () => Promise<unknown>, done: () => boolean): Promise<void> {
    const chat = this.#chat;
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const before = chat.told(who).length;
      const asked = chat.form?.open() ?? false;
      await this.#clock.during(asked && chat.form !== undefined ? chat.form.submit() : act());
      await this.#until(
        () => what,
        () =>
          done() || chat.told(who).length > before || (!asked && chat.form?.open()) === true
            ? 'answered'
            : undefined,
      );
      if (done()) return;
      if (!asked && chat.form?.open() === true) continue;
      // A person who sees that the chat is down does not press every minute.
      await this.#clock.advance(this.#isDown() ? 4 * minute : minute);
      await this.#reborn();
      if (done()) return;
    }
    throw new Error(`${what}: not done after all; told: ${chat.told(who).join(' | ')}`);
  }

  #isDown(): boolean {
    return (
      this.#began !== undefined &&
      this.#trouble?.lasting !== undefined &&
      this.#clock.elapsed() < this.#began + this.#trouble.lasting + 10 * minute
    );
  }

  /** Waits for the last true cards. Resolves with the minutes that they took from the end of the trouble. */
  async #lastCards(): Promise<number> {
    await this.#until(
      () => `the last cards\n${this.#differs()}`,
      () => (this.#isTrue() ? true : undefined),
    ).catch((error: unknown) => {
      if (!this.#isUnknown()) throw error;
    });
    const minutes = (this.#clock.elapsed() - (this.#began ?? 0) - (this.#trouble?.lasting ?? 0)) / minute;
    // What is still in a queue, or was taken for lost, must not undo it.
    await this.#clock.advance(minute);
    await this.#reborn();
    return minutes;
  }

  async #olderCards(): Promise<void> {
    const chat = this.#chat;
    const older = (): readonly SeenCard[] => chat.places.flatMap((place) => chat.cards(place).slice(0, -1));
    // A card whose post was never answered is found by the first press on it where the platform tells of it
    // in no other way.
    if (older().some((card) => card.live)) {
      for (const place of chat.places) await this.#clock.during(chat.pressOlder(place));
      await this.#clock.advance(minute / 2);
    }
    const open = older().filter(
      (card) => card.live || !(card.text.includes('superseded') || /Finished|Denied/.test(card.text)),
    );
    if (open.length > 0) throw new Error(`an older card reads as if it were true:\n${open[0]?.text ?? ''}`);
  }

  #isTrue(): boolean {
    return this.#expected === undefined
      ? this.#chat.places.every((place) => /expires|Denied/.test(this.#newest(place)?.text ?? ''))
      : same(this.#shown(), this.#expected);
  }

  #isUnknown(): boolean {
    return (
      this.#trouble?.process === 'killed' &&
      this.#state() === 'unknown' &&
      this.#chat.places.every(
        (place) => this.#newest(place)?.text.includes('Not known whether it ran') === true,
      )
    );
  }

  #state(): string {
    return stateIn(this.#stage.requests().at(0)) ?? 'none';
  }

  #newest(place: string): SeenCard | undefined {
    return this.#chat.cards(place).at(-1);
  }

  /** The newest card of each place, in the form in which two tellings are compared. */
  #shown(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#chat.places.map((place) => [
        place,
        this.#compared(plainly(this.#newest(place)?.text ?? 'no card')),
      ]),
    );
  }

  #differs(): string {
    return this.#expected === undefined ? '' : difference(this.#shown(), this.#expected);
  }

  /** Links are never written down: a start takes them off, or the next minting brings them. */
  #compared(card: string): string {
    return this.#trouble?.process === undefined ? card : withoutLinks(card);
  }
}

function nameOf(call: ChatCall, count: number): string {
  return `${call.method} ${call.about} ${count}`;
}

function same(cards: Readonly<Record<string, string>>, expected: Readonly<Record<string, string>>): boolean {
  return JSON.stringify(cards) === JSON.stringify(expected);
}

function withoutLinks(card: string): string {
  return card
    .replaceAll(/ Get the file with the button below[^\n]*| a new link can be made[^\n]*/g, '')
    .split('\n')
    .map((line) => line.replace('[Download] ', ''))
    .filter((line) => !/^Download|expires|download link|New link|The link/i.test(line))
    .join('\n');
}

/** The first line of each card that is not as it should be. */
function difference(
  cards: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, string>>,
): string {
  return Object.entries(expected)
    .flatMap(([place, card]) => {
      const now = (cards[place] ?? '').split('\n');
      const at = card.split('\n').findIndex((text, index) => text !== now[index]);
      return at < 0 ? [] : [`${place}: "${now[at] ?? ''}" instead of "${card.split('\n')[at] ?? ''}"`];
    })
    .join('\n');
}

/** Without what differs between two tellings of one story: ids, times, how long something took, addresses. */
function plainly(text: string): string {
  return text
    .replaceAll(/lr-[a-z0-9]{6}/g, 'lr-ID')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, 'GUID')
    .replaceAll(/https?:\/\/\S+/g, 'URL')
    .replaceAll(/\d{4}-\d\d-\d\d/g, 'DAY')
    .replaceAll(/\d\d:\d\d(:\d\d)?/g, 'TIME')
    .replaceAll(/\d+ (ms|s|min|h|seconds?|minutes?|hours?)\b/g, 'SPAN');
}
