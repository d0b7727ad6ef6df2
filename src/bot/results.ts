// Reads what completed commands left: script output for the excerpt, the first bytes of collected files, and the links of a finished card.
import { stepState } from '../liveResponse/action.ts';
import { DefenderError } from '../liveResponse/ports.ts';
import { describeFile, sniffBytes } from '../liveResponse/result.ts';
import { maxTranscriptBytes, readTranscript } from '../liveResponse/transcript.ts';
import type { CollectedFile, InState, PersonRef } from '../liveResponse/request.ts';
import type { Deps } from './deps.ts';
import { isIn, moveFrom } from './moving.ts';
import { placesOf } from './cardPlaces.ts';

/** Pauses between tries to read a result that is not there yet, in milliseconds: the documented order of seconds first, then patience. */
const retrySchedule = [0, 3_000, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 120_000, 300_000, 600_000] as const;
/** The "New link" button takes a link's place this long before it dies, so that nobody presses a dead one. Milliseconds. */
export const retireBefore = 60_000;

type WithResults = InState<'running' | 'finished'>;

export interface Results {
  pass(): Promise<number | undefined>;
  /** Reads one transcript now, for somebody who asked. @throws DefenderError */
  read(request: WithResults, index: number): Promise<string>;
}

export function createResults(deps: Deps): Results {
  const { store, defender, clock, log } = deps;
  const tries = new Map<string, { readonly count: number; readonly nextAt: number }>();
  /** Files whose card was given its link at the finish; after that a person asks. */
  const offered = new Set<string>();
  let sweptAt = 0;

  async function pass(): Promise<number | undefined> {
    const wakes: number[] = [];
    for (const request of store.all()) {
      if (!isIn(request, ['running', 'finished'])) continue;
      for (const index of missing(request)) {
        const key = `${request.id}:${index}`;
        const due = tries.get(key)?.nextAt ?? 0;
        if (due > clock.now()) wakes.push(due);
        else wakes.push(...(await attempt(request, index, key)));
      }
      if (request.state === 'finished') wakes.push(...(await keepLinks(request)));
    }
    await sweep();
    return wakes.length === 0 ? undefined : Math.min(...wakes);
  }

  /** Completed commands whose result has not been seen yet, as far as it is still worth trying. */
  function missing(request: WithResults): readonly number[] {
    const ended = request.state === 'finished';
    return request.commands.flatMap((command, index) => {
      if (command.type === 'PutFile') return []; // Has no result (learn.microsoft.com/defender-endpoint/api/run-live-response).
      if (stepState(request.action.progress[index], ended) !== 'completed') return [];
      if (request.results.excerpts.some((one) => one.index === index) || request.results.files.some((one) => one.index === index)) return [];
      const trouble = request.results.troubles.find((one) => one.index === index);
      return trouble !== undefined && isFinal(trouble.code) ? [] : [index];
    });
  }

  async function attempt(request: WithResults, index: number, key: string): Promise<readonly number[]> {
    const count = (tries.get(key)?.count ?? 0) + 1;
    try {
      if (request.commands[index]?.type === 'RunScript') await read(request, index);
      else await sniff(request, index);
      tries.delete(key);
      return [];
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      const pause = retrySchedule[count];
      const over = pause === undefined;
      const code = over ? 'gone' : error.code === 'paced' || error.code === 'throttled' ? 'notReady' : error.code;
      log.info('resultNotRead', { request: request.id, index, code: error.code, tries: count, target: error.detail.target });
      await moveFrom(store, request.id, ['running', 'finished'], (current, now) => {
        const known = current.results.troubles.find((one) => one.index === index);
        return known?.code === code ? undefined : { type: 'resultTrouble', trouble: { index, at: now, code, tries: count } };
      });
      if (over || isFinal(code)) {
        tries.delete(key);
        return [];
      }
      const nextAt = clock.now() + Math.max(pause, error.detail.retryAfterMs ?? 0);
      tries.set(key, { count, nextAt });
      return [nextAt];
    }
  }

  async function read(request: WithResults, index: number): Promise<string> {
    const link = await defender.link(request.actionId, index);
    const result = await defender.read(link.url, maxTranscriptBytes);
    const transcript = readTranscript(result.bytes, result.cut);
    const text = [transcript.output, transcript.errors === '' ? '' : `--- script_errors ---\n${transcript.errors}`].filter((part) => part !== '').join('\n');
    const kept = await deps.outputs.put(request.id, index, text);
    await moveFrom(store, request.id, ['running', 'finished'], (_current, now) => ({
      type: 'excerptRead',
      excerpt: {
        index,
        at: now,
        length: kept.length,
        sha256: kept.sha256,
        errors: transcript.errors.trim() !== '',
        cut: result.cut,
        ...(transcript.exitCode === undefined ? {} : { exitCode: transcript.exitCode }),
      },
    }));
    return text;
  }

  async function sniff(request: WithResults, index: number): Promise<void> {
    const link = await defender.link(request.actionId, index);
    const result = await defender.read(link.url, sniffBytes);
    await moveFrom(store, request.id, ['running', 'finished'], (_current, now) => ({ type: 'fileSeen', file: { index, at: now, ...describeFile(result) } }));
  }

  /** Mints the links of a card that has just finished, and takes back those about to die. Answers when to come again. */
  async function keepLinks(request: InState<'finished'>): Promise<readonly number[]> {
    const wakes: number[] = [];
    for (const link of request.results.links) {
      const retireAt = link.expiresAt - retireBefore;
      if (retireAt > clock.now()) {
        wakes.push(retireAt);
        continue;
      }
      deps.links.drop(request.id, link.index);
      await moveFrom(store, request.id, ['finished'], () => ({ type: 'linkRetired', index: link.index }));
    }
    for (const file of freshFiles(request)) {
      try {
        await mintOnCard(deps, request, file.index);
      } catch (error) {
        if (!(error instanceof DefenderError)) throw error;
        // The card has its "Get download link" button; nothing is lost.
        log.info('linkNotMinted', { request: request.id, index: file.index, code: error.code });
      }
      offered.add(`${request.id}:${file.index}`);
    }
    return wakes;
  }

  /** Files of a request that finished a moment ago and was never given a link by itself: one link, at the finish, where cards may hold it. */
  function freshFiles(request: InState<'finished'>): readonly CollectedFile[] {
    if (clock.now() - request.endedAt > offerWithin) return [];
    if (!placesOf(deps, request).some((place) => place.results === 'card')) return [];
    return request.results.files.filter((file) => !offered.has(`${request.id}:${file.index}`) && !request.results.links.some((link) => link.index === file.index));
  }

  async function sweep(): Promise<void> {
    const now = clock.now();
    if (now - sweptAt < sweepEvery) return;
    sweptAt = now;
    const removed = await deps.outputs.sweep(now - deps.settings.outputRetention);
    if (removed > 0) log.info('outputsSwept', { removed });
  }

  return { pass, read };
}

/** A finish longer ago than this is history: its card keeps its button. */
const offerWithin = 15 * 60_000;
const sweepEvery = 3_600_000;

function isFinal(code: string): boolean {
  return code === 'gone' || code === 'untrusted' || code === 'refused';
}

/** Mints a link that may stand on a card, and writes down that it was. @throws DefenderError */
export async function mintOnCard(deps: Deps, request: WithResults, index: number, by?: PersonRef): Promise<void> {
  const link = await deps.defender.link(request.actionId, index);
  deps.links.put(request.id, index, link);
  const minted = await moveFrom(deps.store, request.id, ['running', 'finished'], (_current, now) => ({
    type: 'linkMinted',
    onCard: true,
    link: { index, at: now, expiresAt: link.expiresAt, ...(by === undefined ? {} : { by }) },
  }));
  if (minted === undefined) deps.links.drop(request.id, index);
}
