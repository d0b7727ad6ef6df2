// Readings of many actions with few calls: one list call for all of them, and single calls only for what a
// list does not return. Single calls never use up the rate limit; an action that cannot be read this time is
// answered from the last reading.
import { isKnownStatus, isTerminal } from '../../liveResponse/action.ts';
import type { Action } from '../../liveResponse/action.ts';
import { DefenderError } from '../../liveResponse/ports.ts';
import type { Calls, DefenderParts } from './calls.ts';
import { readAction } from './wire.ts';
import { RecentMap } from '../../liveResponse/pacing/sharedReadings.ts';

/** Ids in one `id in (…)` filter: about 2 KB of URL. */
export const idsPerList = 50;
/** How long lists are not tried after the service refused one. */
export const listRestMs = 10 * 60_000;
/**
 * Single reads in one round while more than half of the rate limit is left; otherwise one, which a poll every
 * 2.4 s can keep up all day.
 */
const readsPerRound = 4;
const maxRemembered = 1000;

interface Reading {
  readonly action: Action;
  /** In elapsed time, like every pause here. */
  readonly at: number;
}

export class Readings {
  readonly #calls: Calls;
  readonly #parts: DefenderParts;
  readonly #last = new RecentMap<string, Reading>(maxRemembered);
  readonly #strange = new Set<string>();
  #noListsBefore = -Infinity;

  constructor(calls: Calls, parts: DefenderParts) {
    this.#calls = calls;
    this.#parts = parts;
  }

  /** See `DefenderApi.actions`. */
  async all(ids: readonly string[]): Promise<readonly Action[]> {
    const wanted = [...new Set(ids)];
    const found = new Map<string, Action>();
    for (let from = 0; from < wanted.length; from += idsPerList) {
      const chunk = wanted.slice(from, from + idsPerList);
      for (const action of await this.#listed(chunk)) found.set(action.id.toLowerCase(), action);
    }
    const missing = wanted.filter((id) => !found.has(id.toLowerCase()));
    for (const action of await this.#single(missing)) found.set(action.id.toLowerCase(), action);
    // By the id that was requested: a list may return it in other letter case, and callers look for their
    // own.
    return wanted.flatMap((id) => {
      const action = found.get(id.toLowerCase());
      return action === undefined ? [] : [{ ...action, id }];
    });
  }

  /** One action; undefined when Defender does not know it. */
  async one(id: string): Promise<Action | undefined> {
    try {
      const action = readAction(
        await this.#calls.get('get', `/api/machineactions/${encodeURIComponent(id)}`),
      );
      if (action === undefined) throw new DefenderError('unreadable', 'the answer holds no action');
      return this.heard(action);
    } catch (error) {
      if (!(error instanceof DefenderError) || error.code !== 'notFound') throw error;
      this.#last.delete(id.toLowerCase());
      return undefined;
    }
  }

  /** Remembers a reading from any source, and warns once about each unknown status. */
  heard(action: Action): Action {
    this.#last.set(action.id.toLowerCase(), { action, at: this.#parts.clock.elapsed() });
    if (!isKnownStatus(action.status) && !this.#strange.has(action.status) && this.#strange.size < 100) {
      this.#strange.add(action.status);
      this.#parts.log.warn('defender.unknownStatus', { status: action.status.slice(0, 100), id: action.id });
    }
    return action;
  }

  async #listed(ids: readonly string[]): Promise<readonly Action[]> {
    if (this.#parts.clock.elapsed() < this.#noListsBefore) return [];
    // No filter on status: the change to a final one must be seen.
    const filter = `id in (${ids.map(quoted).join(',')})`;
    try {
      const asked = new Set(ids.map((id) => id.toLowerCase()));
      const { items } = await this.#calls.pages(
        'list',
        `/api/machineactions?$filter=${encodeURIComponent(filter)}&$top=${idsPerList}`,
        { maxPages: 2, enough: (read) => holdsAll(read, asked) },
      );
      const actions = items.map(readAction).filter((action) => action !== undefined);
      return actions
        .filter((action) => asked.has(action.id.toLowerCase()))
        .map((action) => this.heard(action));
    } catch (error) {
      if (!(error instanceof DefenderError) || error.detail.status !== 400) throw error;
      this.#noListsBefore = this.#parts.clock.elapsed() + listRestMs;
      this.#parts.log.warn('defender.listRefused', {
        apiCode: error.detail.apiCode,
        target: error.detail.target,
      });
      return [];
    }
  }

  /**
   * First the actions that were never read. They must be read or the whole call fails, because a missing
   * action would mean "unknown to Defender". Then the oldest readings, as many as the rate limit allows.
   */
  async #single(ids: readonly string[]): Promise<readonly Action[]> {
    if (ids.length === 0) return [];
    const last = (id: string) => this.#last.get(id.toLowerCase());
    const unread = ids.filter((id) => last(id) === undefined);
    const goingOn = ids.filter((id) => {
      const reading = last(id);
      return reading !== undefined && !isTerminal(reading.action.status);
    });
    const stale = goingOn.sort((a, b) => (last(a)?.at ?? 0) - (last(b)?.at ?? 0));
    const roomy = this.#parts.budgets
      .left('get', this.#parts.clock.elapsed())
      .every((rate) => rate.left > rate.limit / 2);
    const known = ids.map(last).filter((reading) => reading !== undefined);
    const actions = new Map(known.map((reading) => [reading.action.id.toLowerCase(), reading.action]));
    const again = stale.slice(0, roomy ? readsPerRound : 1);
    for (const id of [...unread, ...again]) {
      try {
        const action = await this.one(id);
        if (action === undefined) actions.delete(id.toLowerCase());
        else actions.set(id.toLowerCase(), action);
      } catch (error) {
        // What we know about this one is a little old, and still an answer. Any other error is not.
        if (!(error instanceof DefenderError) || error.code !== 'paced' || last(id) === undefined)
          throw error;
      }
    }
    return [...actions.values()];
  }
}

/** Whether every wanted id is among the items: then a next link could bring nothing that was requested. */
function holdsAll(items: readonly unknown[], wanted: ReadonlySet<string>): boolean {
  const there = new Set(items.map((item) => readAction(item)?.id.toLowerCase()));
  return [...wanted].every((id) => there.has(id));
}

/** An OData string literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
