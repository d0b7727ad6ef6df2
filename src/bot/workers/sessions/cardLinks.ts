// The download links of finished cards: minted at the finish or when somebody asks, written down before a card
// shows them, and taken back before they die.
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { PersonRef } from '../../../liveResponse/request/vote.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import type { CollectedFile, LinkFact } from '../../../liveResponse/results/resultFacts.ts';
import type { Deps } from '../../deps.ts';
import type { Ages, SessionRef } from '../transition.ts';
import { changeSession, sessionKey, sessionsIn } from '../transition.ts';
import { cardPlacesOf } from '../reads/cardPlaces.ts';
import { memoryOf } from '../requestMemory.ts';
import type { NextWake } from '../worker.ts';

/**
 * The "New link" button takes a link's place this long before it dies, so that nobody presses a dead one.
 * Milliseconds.
 */
export const retireBefore = 60_000;
/** A finish longer ago than this is history: its card keeps its button. */
const offerWithin = 15 * 60_000;

/** A session whose results are fetched, by the action that Defender has for it. */
export interface ResultSource extends SessionRef {
  readonly actionId: string;
}

/** Codes that say something of the way to Defender, or of our own budget, and nothing of the result. */
export const outages: ReadonlySet<string> = new Set(['unavailable', 'unauthorized', 'throttled', 'paced']);

export class CardLinks {
  readonly #deps: Deps;
  readonly #ages: Ages;
  /** Files whose card was given its link at the finish; after that a person asks. */
  readonly #offered: Set<string>;
  /** Requests with links that may die while others are read. */
  readonly #linked: Set<string>;

  constructor(deps: Deps, ages: Ages) {
    this.#deps = deps;
    this.#ages = ages;
    const memory = memoryOf(deps);
    this.#offered = memory.set('links offered');
    this.#linked = memory.set('requests with links');
    // They drop themselves when they are dead.
    memory.add('links kept', { size: () => deps.links.kept(), forget: () => undefined });
    for (const request of deps.store.all()) if (hasLinks(request)) this.#linked.add(request.id);
  }

  /** Marks a request as changed. */
  touch(id: string): void {
    if (this.#known(id).some(hasLinks)) this.#linked.add(id);
  }

  /** Takes back the links of all requests that are about to die. */
  async retireAll(): Promise<void> {
    for (const id of this.#linked) await this.retire(id);
  }

  /** Takes back the links that are about to die. */
  async retire(id: string): Promise<void> {
    const { store, links } = this.#deps;
    if (!this.#known(id).some(hasLinks)) this.#linked.delete(id);
    for (const finished of sessionsIn(this.#known(id), ['finished']))
      for (const link of finished.session.stage.run.results.links) {
        const { index } = link;
        if (this.#liveFor(finished, link) > 0) continue;
        links.drop(id, index);
        await changeSession(store, finished, ['finished'], () => ({ type: 'linkRetired', index }));
      }
  }

  /**
   * Mints the links of a card that has just finished. Whether there are some that live, and are to be taken
   * back.
   */
  async keep(finished: RequestSession<'finished'>, wakes: NextWake): Promise<boolean> {
    const { request, session } = finished;
    const { actionId, results } = session.stage.run;
    for (const link of results.links) wakes.after(Math.max(0, this.#liveFor(finished, link)));
    for (const file of this.#freshFiles(finished)) {
      try {
        await mintOnCard(this.#deps, { ...finished, actionId }, file.index);
      } catch (error) {
        if (!(error instanceof DefenderError)) throw error;
        // The card has its "Get download link" button; nothing is lost.
        this.#deps.log.info('linkNotMinted', {
          request: request.id,
          index: file.index,
          code: error.code,
          target: error.detail.target,
        });
        await keepRefusal(this.#deps, finished, file.index, error);
      }
      this.#offered.add(`${sessionKey(finished)}:${file.index}`);
    }
    return results.links.length > 0;
  }

  /** The request with this id, if there is one. */
  #known(id: string): readonly Request[] {
    return [id].flatMap((one) => this.#deps.store.get(one) ?? []);
  }

  /**
   * Milliseconds until a link is taken back: by its own time, and by how long it was to live when it was
   * minted.
   */
  #liveFor(finished: SessionRef, { index, at, expiresAt }: LinkFact): number {
    const age = this.#ages.of(`${sessionKey(finished)} link ${index}`, at);
    return Math.min(expiresAt - this.#deps.clock.now(), expiresAt - at - age) - retireBefore;
  }

  /**
   * Files of a session that finished a moment ago and was never given a link by itself: one link, at the
   * finish, where cards may hold it.
   */
  #freshFiles(finished: RequestSession<'finished'>): readonly CollectedFile[] {
    const { stage } = finished.session;
    const { files, links } = stage.run.results;
    const key = sessionKey(finished);
    if (this.#ages.of(`${key} ended`, stage.endedAt) > offerWithin) return [];
    if (!cardPlacesOf(this.#deps, finished.request).some((place) => place.results === 'card')) return [];
    return files.filter(
      (file) =>
        !this.#offered.has(`${key}:${file.index}`) && !links.some((link) => link.index === file.index),
    );
  }
}

function hasLinks(request: Request): boolean {
  return sessionsIn([request], ['finished']).some(
    ({ session }) => session.stage.run.results.links.length > 0,
  );
}

/**
 * Defender's no to a link, with its correlation id, or our own to where it leads. Our own budget and an
 * outage say nothing of the link.
 */
export async function keepRefusal(
  { store }: Pick<Deps, 'store'>,
  source: SessionRef,
  index: number,
  error: DefenderError,
): Promise<void> {
  if (
    error.code !== 'untrusted' &&
    (error.detail.status === undefined || (outages.has(error.code) && error.code !== 'unauthorized'))
  )
    return;
  await changeSession(store, source, ['running', 'finished'], (_current, now) => ({
    type: 'linkRefused',
    trouble: { index, at: now, code: error.code, tries: 1, error: errorAnswer(error) },
  }));
}

/** Mints a link that may be on a card, and writes down that it was. @throws DefenderError */
export async function mintOnCard(
  deps: Deps,
  source: ResultSource,
  index: number,
  by?: PersonRef,
): Promise<void> {
  const { id } = source.request;
  const link = await deps.defender.link(source.actionId, index);
  // Before the change, which lets the cards be drawn at once; but no card may show a link that was not
  // written down.
  deps.links.put(id, index, link);
  let minted: RequestSession | undefined;
  try {
    minted = await changeSession(deps.store, source, ['running', 'finished'], (_current, now) => ({
      type: 'linkMinted',
      onCard: true,
      link: { index, at: now, expiresAt: link.expiresAt, ...(by === undefined ? {} : { by }) },
    }));
  } finally {
    if (minted === undefined) deps.links.drop(id, index);
  }
}
