// Redaction: removes output and links from the cards of a request permanently when the policy's `redactAfter`
// has passed, and when one of its places became private or shared with outsiders. Written down, so that no
// restart brings them back.
import { isOpen, resultsOf } from '../../../liveResponse/request/request.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import type { Ages } from '../transition.ts';
import { changeRequest } from '../transition.ts';
import { mayHaveResults, readBy } from '../reads/cardPlaces.ts';
import { becamePrivate, redactAfterOf, resultsOf as resultsShown } from '../../policy/needToKnow.ts';
import { memoryOf } from '../requestMemory.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { Turn } from '../worker.ts';

/**
 * How often the places of cards with results are asked whether outsiders read there, in addition to every
 * sign of it. Milliseconds.
 */
const askEvery = 5 * 60_000;
/**
 * Cards of requests that ended longer ago are not searched for reasons that became private: each costs a call
 * at every start. Milliseconds.
 */
const reasonsRedrawn = 30 * 86_400_000;
/** After a journal that could not be written, or a bug. */
const brokenPause = 15_000;

export interface Redaction {
  /** Marks a request as changed. */
  touch(id: string): void;
  /** Looks at all requests again: a place or the policy is not what it was. */
  recheck(): void;
  pass(turn?: Turn): Promise<number | undefined>;
}

/** `redraw` draws the cards of a request again though it did not change. */
export function createRedaction(deps: Deps, ages: Ages, redraw: (id: string) => void): Redaction {
  return new CardRedaction(deps, ages, redraw);
}

class CardRedaction implements Redaction {
  readonly #deps: Deps;
  readonly #ages: Ages;
  readonly #redraw: (id: string) => void;
  /** All of them once, then those that changed. */
  readonly #touched: Set<string>;
  /** When each is to be looked at again, in elapsed time. */
  readonly #due: Map<string, number>;
  #askedAt = -Infinity;
  /** Whose reasons were looked at since the start, or since places changed. */
  readonly #reasonsSeen: Set<string>;

  constructor(deps: Deps, ages: Ages, redraw: (id: string) => void) {
    this.#deps = deps;
    this.#ages = ages;
    this.#redraw = redraw;
    const memory = memoryOf(deps);
    this.#touched = memory.set('results to look at');
    this.#due = memory.map('results to be removed');
    this.#reasonsSeen = memory.set('reasons looked at');
    for (const { id } of deps.store.all()) this.#touched.add(id);
  }

  touch(id: string): void {
    this.#touched.add(id);
  }

  recheck(): void {
    this.#reasonsSeen.clear();
    for (const { id } of this.#deps.store.all()) this.#touched.add(id);
  }

  async pass(turn: Turn = byHand): Promise<number | undefined> {
    const { store, clock, log, chats } = this.#deps;
    if (store.trouble() !== undefined) return brokenPause;
    const wakes = createNextWake(clock);
    for (const [id, at] of this.#due) if (at <= clock.elapsed()) this.#touched.add(id);
    for (const id of [...this.#touched]) {
      if (!turn.goOn()) return undefined;
      this.#touched.delete(id);
      this.#due.delete(id);
      try {
        await this.#look(id);
      } catch (error) {
        log.error('notRedacted', { request: id, error });
        this.#due.set(id, clock.elapsed() + brokenPause);
      }
    }
    for (const at of this.#due.values()) wakes.after(at - clock.elapsed());
    if (chats.some((chat) => chat.external !== undefined)) {
      this.#askPlaces();
      wakes.after(this.#askedAt + askEvery - clock.elapsed());
    }
    return wakes.wait();
  }

  async #look(id: string): Promise<void> {
    const { store, clock } = this.#deps;
    const request = store.get(id);
    if (request !== undefined) this.#lookAtReasons(request);
    if (request === undefined || !hasResults(request) || request.redacted !== undefined) return;
    const wait = this.#waitFor(request);
    if (wait === undefined) return;
    if (wait.ms > 0) this.#due.set(id, clock.elapsed() + wait.ms);
    else
      await changeRequest(store, id, (current) =>
        hasResults(current) && current.redacted === undefined
          ? { type: 'redacted', cause: wait.cause }
          : undefined,
      );
  }

  /**
   * A card of an ended request is drawn no more by itself: its reasons would be there whatever the policy
   * says now.
   */
  #lookAtReasons(request: Request): void {
    if (isOpen(request) || this.#reasonsSeen.has(request.id)) return;
    this.#reasonsSeen.add(request.id);
    const { clock, policy } = this.#deps;
    if (
      clock.now() - request.changedAt < reasonsRedrawn &&
      becamePrivate(policy, request, readBy(this.#deps))
    )
      this.#redraw(request.id);
  }

  /** How long until its results leave the cards; undefined where they are on none, or forever. */
  #waitFor(request: Request): { readonly ms: number; readonly cause: 'time' | 'place' } | undefined {
    const { policy } = this.#deps;
    if (request.asked.placeIsPrivate || request.asked.privacy?.results === 'private') return undefined;
    if (resultsShown(policy, request, readBy(this.#deps)) === 'private')
      return shows(request) ? { ms: 0, cause: 'place' } : undefined;
    const after = redactAfterOf(policy, request);
    const from = quietSince(request);
    if (after === undefined || from === undefined) return undefined;
    return { ms: Math.max(0, after - this.#ages.of(`${request.id} redact`, from)), cause: 'time' };
  }

  #askPlaces(): void {
    const { outsiders, clock, policy } = this.#deps;
    if (outsiders === undefined || clock.elapsed() - this.#askedAt < askEvery) return;
    this.#askedAt = clock.elapsed();
    for (const { place } of policy.places) outsiders.askSoon(place);
  }
}

function hasResults(request: Request): boolean {
  return mayHaveResults(request) && request.subject.commands.some((command) => command.type !== 'PutFile');
}

/** When the last of its sessions ended or was lost from sight; undefined while one continues. */
function quietSince({ sessions }: Request): number | undefined {
  const times = sessions.map(({ stage }) =>
    stage.state === 'unknown' ? stage.since : 'endedAt' in stage ? stage.endedAt : Infinity,
  );
  const last = Math.max(...times);
  return last === Infinity ? undefined : last;
}

/** Something of it may be on a card now. */
function shows({ sessions }: Request): boolean {
  return sessions.some(({ stage }) => {
    const { links, excerpts } = resultsOf(stage);
    return links.length > 0 || excerpts.some((one) => one.length > 0);
  });
}
