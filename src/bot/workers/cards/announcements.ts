// Notes and announcements next to cards: short notes below one, which notify people when a request ends or a
// device wakes, and in every approvals place the freeze, its end, and what another policy changes.
import { simulatedMark } from '../../../../cards/cardView.ts';
import { duration, stamp } from '../../../../cards/clip.ts';
import { frozenSentence } from '../../../../cards/messages/outage.ts';
import { afterRestore } from '../../../../cards/messages/waits.ts';
import { isTerminal } from '../../../liveResponse/action.ts';
import type { Freeze } from '../../../liveResponse/ports.ts';
import { isOpen, splitSurfaceKey, stageOf } from '../../../liveResponse/request/request.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { lostAt } from '../../policy/places.ts';
import { endingWords } from '../../policy/refusals/endedStatus.ts';
import { ChatError } from '../../ports.ts';
import type { ChatPort } from '../../ports.ts';
import { sessionsOf } from '../transition.ts';
import { wordsOf } from './cardViews.ts';
import { chatErrorCodeOf } from './closedPlaces.ts';

/** Pauses after a failure, in milliseconds; the last repeats. */
const retryPauses = [2_000, 5_000, 15_000, 60_000] as const;
const freezes = 'freeze';
/** After so long it is no news, and the cards have said it. Milliseconds. */
const giveUpAfter = 3_600_000;
/** What was not said is added to what is newer up to this; every chat takes it in one message. Characters. */
const longestText = 8_000;

export interface Saying {
  /** What is newer of a topic takes the place of what was not said yet. */
  readonly topic: string;
  readonly places: readonly string[];
  readonly text: string;
  /** Called when every place has it, or takes it no more. */
  readonly told?: () => Promise<void>;
  /** What was not said yet is said with it, because it is not in the newer text. */
  readonly each?: true;
}

interface Waiting {
  readonly topic: string;
  readonly place: string;
  readonly text: string;
  readonly from: number;
  readonly tries: number;
  readonly notBefore: number;
}

export class Announcements {
  readonly #deps: Pick<Deps, 'store' | 'chats' | 'policy' | 'clock' | 'log' | 'settings'>;
  readonly #again: () => void;
  readonly #chats: ReadonlyMap<string, ChatPort>;
  /**
   * A freeze at the machine while the bot was down, or one right before its end, is still to be announced
   * after the start.
   */
  #known: Freeze | undefined;
  #written: Freeze | undefined;
  #released: string | undefined;
  /** By topic and place. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #afterwards = new Map<string, () => Promise<void>>();
  /**
   * Not awaited by the pass: a chat that lets itself wait for must hold up neither the others nor the worker.
   */
  readonly #flights = new Map<string, Promise<void>>();

  /** @param again is called when a chat has answered */
  constructor(
    deps: Pick<Deps, 'store' | 'chats' | 'policy' | 'clock' | 'log' | 'settings'>,
    again: () => void,
  ) {
    this.#deps = deps;
    this.#again = again;
    this.#chats = new Map(deps.chats.map((chat) => [chat.surface, chat]));
    this.#known = deps.store.announcedFreeze();
    this.#written = this.#known;
  }

  /** Who released what was frozen, for the words. */
  releasedBy(name: string): void {
    this.#released = name;
  }

  /** Says something else once in each of these places. */
  say({ topic, places, text, told, each }: Saying): void {
    const before = [...this.#waiting].filter(([, job]) => job.topic === topic);
    for (const [key] of before) this.#waiting.delete(key);
    const untold = new Map(each === true ? before.map(([, job]) => [job.place, job.text]) : []);
    for (const place of new Set([...places, ...untold.keys()]))
      if (this.#chats.has(splitSurfaceKey(place)[0]))
        this.#put(topic, [place], withUntold(text, untold.get(place)));
    if (told === undefined) this.#afterwards.delete(topic);
    else this.#afterwards.set(topic, told);
    this.#again();
  }

  /** Answers after how many milliseconds to come again. */
  async pass(): Promise<number | undefined> {
    const { clock } = this.#deps;
    this.#notice();
    const idle = [...this.#waiting].filter(([key]) => !this.#flights.has(key));
    for (const [key, job] of idle) if (job.notBefore <= clock.elapsed()) this.#launch(key, job);
    await this.#write();
    await this.#finish();
    const next = idle.flatMap(([key, job]) => (this.#flights.has(key) ? [] : [job.notBefore]));
    return next.length === 0 ? undefined : Math.min(...next) - clock.elapsed();
  }

  /** Resolves when no announcement is under way. */
  async settled(): Promise<void> {
    while (this.#flights.size > 0) await Promise.all(this.#flights.values());
  }

  #places(): readonly string[] {
    return this.#deps.policy.places.flatMap(({ place, approvals }) =>
      approvals && this.#chats.has(splitSurfaceKey(place)[0]) ? [place] : [],
    );
  }

  /** The newest state takes the place of one that was not said yet. */
  #notice(): void {
    const { store, settings } = this.#deps;
    const now = store.freeze();
    if (now?.at === this.#known?.at) return;
    const text =
      now === undefined
        ? releasedWords(this.#known, this.#released)
        : `${frozenSentence(now, settings.command)} What already runs goes on.`;
    this.#known = now;
    this.#put(freezes, this.#places(), text);
  }

  #put(topic: string, where: readonly string[], text: string): void {
    const { clock, settings } = this.#deps;
    const marked = settings.simulated ? `${simulatedMark}: ${text}` : text;
    for (const place of where)
      this.#waiting.set(`${topic} ${place}`, {
        topic,
        place,
        text: marked,
        from: clock.elapsed(),
        tries: 0,
        notBefore: clock.elapsed(),
      });
  }

  #waits(topic: string): boolean {
    return [...this.#waiting.values()].some((job) => job.topic === topic);
  }

  /** Durable like the freeze. @throws StoreError */
  async #finish(): Promise<void> {
    for (const [topic, told] of this.#afterwards) {
      if (this.#waits(topic)) continue;
      await told();
      if (this.#afterwards.get(topic) === told) this.#afterwards.delete(topic);
    }
  }

  /**
   * Durable once it is said everywhere, or nowhere any more: else the next start says it again. @throws
   * StoreError
   */
  async #write(): Promise<void> {
    if (this.#waits(freezes) || this.#written === this.#known) return;
    const told = this.#known;
    await this.#deps.store.note({ type: 'freezeAnnounced', ...(told === undefined ? {} : { freeze: told }) });
    this.#written = told;
  }

  async #tell(key: string, job: Waiting): Promise<void> {
    const { clock, log } = this.#deps;
    const [surface, place] = splitSurfaceKey(job.place);
    try {
      await this.#chats.get(surface)?.announce(place, job.text);
      if (this.#waiting.get(key) === job) this.#waiting.delete(key);
    } catch (error) {
      if (this.#waiting.get(key) !== job) return;
      const code = chatErrorCodeOf(error);
      const over = code === 'rejected' || clock.elapsed() - job.from > giveUpAfter;
      log.warn(over ? 'notAnnounced' : 'announceFailed', {
        place: job.place,
        code,
        tries: job.tries + 1,
        error,
      });
      if (over) {
        this.#waiting.delete(key);
        return;
      }
      const pause = Math.max(
        retryPauses[job.tries] ?? retryPauses[retryPauses.length - 1] ?? 0,
        error instanceof ChatError ? (error.retryAfterMs ?? 0) : 0,
      );
      this.#waiting.set(key, { ...job, tries: job.tries + 1, notBefore: clock.elapsed() + pause });
    }
  }

  #launch(key: string, job: Waiting): void {
    const flight = this.#tell(key, job).finally(() => {
      this.#flights.delete(key);
      this.#again();
    });
    this.#flights.set(key, flight);
  }
}

function withUntold(text: string, earlier: string | undefined): string {
  if (earlier === undefined) return text;
  return text.length + earlier.length > longestText
    ? `${text} There were changes before this one that could not be told here; the journal holds each (policyChanged).`
    : `${text} Before that, and not told here yet: ${earlier}`;
}

function releasedWords(before: Freeze | undefined, by: string | undefined): string {
  const was =
    before === undefined
      ? ''
      : ` They had been frozen by ${before.by} since ${stamp(before.at)}: ${before.why}.`;
  return `Submissions are no longer frozen${by === undefined ? '' : `: ${by} released them`}.${was} Requests can be asked for and approved again, and approved ones go on.`;
}

/** Of the request, or of the session with that number. */
export type Notification =
  | { readonly what: 'end'; readonly text: string }
  | { readonly what: 'woke' | 'found'; readonly session: number; readonly text: string };

/**
 * The note that `place` (`surface:id`) has not had yet. Undefined while there is nothing to tell: open
 * requests, and those that their requester ended. A device that woke is reported while its session runs;
 * after that the end says more.
 */
export function pendingNotification(
  deps: Pick<Deps, 'clock' | 'settings' | 'store'>,
  request: Request,
  place: string,
): Notification | undefined {
  for (const one of sessionsOf([request])) {
    const told = deviceOnlineNotification(deps, one, place) ?? foundLateNotification(deps, one, place);
    if (told !== undefined) return told;
  }
  // What was found late says more than that it had been given up.
  const found = request.sessions.some(({ stage }) => stage.state === 'closed' && stage.found !== undefined);
  if (isOpen(request) || found || request.notified.includes(place)) return undefined;
  const stage = stageOf(request);
  if (stage.state === 'closed' && 'by' in stage.ending && stage.ending.by.id === request.asked.requester.id)
    return undefined;
  const { title, status } = wordsOf(deps, request);
  // A note is read on a lock screen: it says whose no it was.
  const whose =
    stage.state === 'closed' && stage.ending.kind === 'refused'
      ? endingWords(stage.ending).replace(/^refused/, '')
      : '';
  const restoredAt = stage.state === 'closed' ? lostAt(request, deps.store) : undefined;
  return {
    what: 'end',
    text: `${request.id}, ${title}: ${status}${whose}.${restoredAt === undefined ? '' : ` ${afterRestore(request, restoredAt)}`}`,
  };
}

/** What was given up ran after all: reported once it has ended, to the requester who ended it as well. */
function foundLateNotification(
  deps: Pick<Deps, 'clock' | 'settings'>,
  { request, session: { number, stage } }: RequestSession,
  place: string,
): Notification | undefined {
  if (stage.state !== 'closed' || stage.found === undefined) return undefined;
  const { action, notified } = stage.found;
  if (notified.includes(place) || !isTerminal(action.status)) return undefined;
  const { title, status } = wordsOf(deps, request);
  return { what: 'found', session: number, text: `${request.id}, ${title}: ${status}.` };
}

function deviceOnlineNotification(
  deps: Pick<Deps, 'clock' | 'settings'>,
  { request, session: { number, stage } }: RequestSession,
  place: string,
): Notification | undefined {
  const waiting = stage.state === 'running' ? stage.run.waitingForDevice : undefined;
  if (waiting?.wokeAt === undefined || waiting.notified.includes(place)) return undefined;
  const { title } = wordsOf(deps, request);
  return {
    what: 'woke',
    session: number,
    text: `${request.id}, ${title}: the device woke after ${duration(waiting.wokeAt - waiting.since)}, and the session has started.`,
  };
}
