// One whole story, as its two people live it: they type and press, read what they are told, and try again
// when they are told to.
import { stateIn } from '../requests.ts';
import type { ChatCall, Refusal } from '../../../src/demo/refusal.ts';
import type { SeenCard, Stage, Who } from './stage.ts';

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

export async function tell(
  stage: Stage,
  ending: Ending,
  expected: Course | undefined,
  trouble?: Trouble,
): Promise<Course> {
  const { clock, chat } = stage;
  const calls: string[] = [];
  const counts = new Map<string, number>();
  const patience = longest + (trouble?.lasting ?? 0);
  const state: { began?: number; processAt?: number; dead: boolean } = { dead: false };

  chat.refuse((call: ChatCall) => {
    const name = `${call.method} ${call.about}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    calls.push(nameOf(call, count));
    if (state.dead) return { name: 'killed', kind: 'cut' };
    if (trouble === undefined) return undefined;
    if (state.began !== undefined)
      return clock.elapsed() < state.began + (trouble.lasting ?? -1) ? trouble.refusal : undefined;
    if (nameOf(call, count) !== trouble.at) return undefined;
    state.began = clock.elapsed();
    if (trouble.process !== undefined) state.processAt = state.began + (trouble.lasting ?? 0) / 2;
    if (trouble.lasting === undefined) killed();
    return trouble.refusal;
  });

  const isDue = (): boolean => state.processAt !== undefined && clock.elapsed() >= state.processAt;

  function killed(): void {
    if (trouble?.process !== 'killed') return;
    state.dead = true;
    stage.kill();
  }

  /** Ends the process where that is due, and starts it again. */
  async function reborn(): Promise<void> {
    if (!isDue()) return;
    delete state.processAt;
    if (trouble?.process === 'stopped') return stage.restart();
    if (!state.dead) killed();
    await stage.revive(() => {
      state.dead = false;
    });
  }

  async function until<T>(what: () => string, look: () => T | undefined, ms: number): Promise<T> {
    const end = clock.elapsed() + ms;
    for (;;) {
      const seen = (): { readonly value?: T } | undefined => {
        const value = isDue() ? undefined : look();
        return value === undefined ? undefined : { value };
      };
      const { value } = await clock.until(
        what,
        () => (isDue() ? {} : seen()),
        Math.max(0, end - clock.elapsed()),
      );
      if (value !== undefined) return value;
      await reborn();
    }
  }

  /**
   * Somebody does something, and again whenever told that it was not done. Who is told nothing repeats
   * nothing, whatever became of the process and however long the chat was down: what was acknowledged is
   * durable, and answered in the end.
   */
  async function persist(
    who: Who,
    what: string,
    act: () => Promise<unknown>,
    done: () => boolean,
  ): Promise<void> {
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const before = chat.told(who).length;
      const asked = chat.form?.open() ?? false;
      await clock.during(asked && chat.form !== undefined ? chat.form.submit() : act());
      await until(
        () => what,
        () =>
          done() || chat.told(who).length > before || (!asked && chat.form?.open()) === true
            ? 'answered'
            : undefined,
        patience,
      );
      if (done()) return;
      if (!asked && chat.form?.open() === true) continue;
      // Whoever sees that the chat is down does not press every minute.
      await clock.advance(isDown() ? 4 * minute : minute);
      await reborn();
      if (done()) return;
    }
    throw new Error(`${what}: not done after all; told: ${chat.told(who).join(' | ')}`);
  }

  function isDown(): boolean {
    return (
      state.began !== undefined &&
      trouble?.lasting !== undefined &&
      clock.elapsed() < state.began + trouble.lasting + 10 * minute
    );
  }

  const newest = (place: string): SeenCard | undefined => chat.cards(place).at(-1);
  const request = (): string => stateIn(stage.requests().at(0)) ?? 'none';

  await persist(
    'requester',
    'to ask',
    () => chat.say(line),
    () => request() !== 'none',
  );
  await until(
    () => `a card to approve on: ${newest(chat.places[1])?.text ?? 'none'}`,
    () =>
      newest(chat.places[1])?.text.includes('Waiting for approval') === true &&
      newest(chat.places[1])?.live === true
        ? true
        : undefined,
    patience,
  );
  await persist(
    'approver',
    `to be ${ending}`,
    () => chat.press(ending === 'approved' ? 'approve' : 'deny'),
    () => request() !== 'awaitingApproval',
  );

  // Links are never written down: a start takes them off, or the next minting brings them.
  const compared = (card: string): string => (trouble?.process === undefined ? card : withoutLinks(card));
  const wanted = Object.fromEntries(
    Object.entries(expected?.cards ?? {}).map(([place, card]) => [place, compared(card)]),
  );
  const shown = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      chat.places.map((place) => [place, compared(plainly(newest(place)?.text ?? 'no card'))]),
    );
  const isTrue = (): boolean =>
    expected === undefined
      ? chat.places.every((place) => /expires|Denied/.test(newest(place)?.text ?? ''))
      : same(shown(), wanted);
  const isUnknown = (): boolean =>
    trouble?.process === 'killed' &&
    request() === 'unknown' &&
    chat.places.every((place) => newest(place)?.text.includes('Not known whether it ran') === true);
  await until(
    () => `the last cards\n${expected === undefined ? '' : difference(shown(), wanted)}`,
    () => (isTrue() ? true : undefined),
    patience,
  ).catch((error: unknown) => {
    if (!isUnknown()) throw error;
  });
  const minutes = (clock.elapsed() - (state.began ?? 0) - (trouble?.lasting ?? 0)) / minute;
  // What still stands in a queue, or was taken for lost, must not undo it.
  await clock.advance(minute);
  await reborn();
  const older = (): readonly SeenCard[] => chat.places.flatMap((place) => chat.cards(place).slice(0, -1));
  // A card whose post was never answered is found by the first press on it where the platform tells of it in
  // no other way.
  if (older().some((card) => card.live)) {
    for (const place of chat.places) await clock.during(chat.pressOlder(place));
    await clock.advance(minute / 2);
  }
  const open = older().filter(
    (card) => card.live || !(card.text.includes('superseded') || /Finished|Denied/.test(card.text)),
  );
  if (open.length > 0) throw new Error(`an older card reads as if it were true:\n${open[0]?.text ?? ''}`);
  if (expected !== undefined && !isUnknown() && !same(shown(), wanted))
    throw new Error(`the cards did not stay true\n${difference(shown(), wanted)}`);
  const ran = stage.simulator.tenant.submissions.map((one) => JSON.stringify(one.commands));
  return { calls, cards: shown(), ran, asked: stage.requests().length, unknown: isUnknown(), minutes };
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
