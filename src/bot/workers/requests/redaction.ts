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
  const { store, clock, log, outsiders } = deps;
  /** All of them once, then those that changed. */
  const touched = new Set(store.all().map((request) => request.id));
  /** When each is to be looked at again, in elapsed time. */
  const due = new Map<string, number>();
  let askedAt = -Infinity;
  /** Whose reasons were looked at since the start, or since places changed. */
  const reasonsSeen = new Set<string>();

  async function pass(turn: Turn = byHand): Promise<number | undefined> {
    if (store.trouble() !== undefined) return brokenPause;
    const wakes = createNextWake(clock);
    for (const [id, at] of due) if (at <= clock.elapsed()) touched.add(id);
    for (const id of [...touched]) {
      if (!turn.goOn()) return undefined;
      touched.delete(id);
      due.delete(id);
      try {
        await look(id);
      } catch (error) {
        log.error('notRedacted', { request: id, error });
        due.set(id, clock.elapsed() + brokenPause);
      }
    }
    for (const at of due.values()) wakes.after(at - clock.elapsed());
    if (deps.chats.some((chat) => chat.external !== undefined)) {
      askPlaces();
      wakes.after(askedAt + askEvery - clock.elapsed());
    }
    return wakes.wait();
  }

  async function look(id: string): Promise<void> {
    const request = store.get(id);
    if (request !== undefined) lookAtReasons(request);
    if (request === undefined || !hasResults(request) || request.redacted !== undefined) return;
    const wait = waitFor(request);
    if (wait === undefined) return;
    if (wait.ms > 0) due.set(id, clock.elapsed() + wait.ms);
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
  function lookAtReasons(request: Request): void {
    if (isOpen(request) || reasonsSeen.has(request.id)) return;
    reasonsSeen.add(request.id);
    if (clock.now() - request.changedAt < reasonsRedrawn && becamePrivate(deps.policy, request, readBy(deps)))
      redraw(request.id);
  }

  /** How long until its results leave the cards; undefined where they are on none, or forever. */
  function waitFor(request: Request): { readonly ms: number; readonly cause: 'time' | 'place' } | undefined {
    if (request.asked.placeIsPrivate || request.asked.privacy?.results === 'private') return undefined;
    if (resultsShown(deps.policy, request, readBy(deps)) === 'private')
      return shows(request) ? { ms: 0, cause: 'place' } : undefined;
    const after = redactAfterOf(deps.policy, request);
    const from = quietSince(request);
    if (after === undefined || from === undefined) return undefined;
    return { ms: Math.max(0, after - ages.of(`${request.id} redact`, from)), cause: 'time' };
  }

  function askPlaces(): void {
    if (outsiders === undefined || clock.elapsed() - askedAt < askEvery) return;
    askedAt = clock.elapsed();
    for (const { place } of deps.policy.places) outsiders.askSoon(place);
  }

  function recheck(): void {
    reasonsSeen.clear();
    for (const { id } of store.all()) touched.add(id);
  }

  return { touch: (id) => void touched.add(id), recheck, pass };
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
