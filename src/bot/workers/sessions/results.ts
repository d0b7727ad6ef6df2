// Reads what completed commands left: script output for the excerpt, the first bytes of collected files, and
// the links of a finished card.
import { scriptCause } from '../../../../cards/messages/stepAdvice.ts';
import { stepStates } from '../../../liveResponse/action.ts';
import { DefenderError, StoreError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { ResultBytes } from '../../../liveResponse/ports.ts';
import { describeFile, sniffBytes } from '../../../liveResponse/results/collectedFile.ts';
import { maxTranscriptBytes, notTextOf, readTranscript } from '../../../liveResponse/results/transcript.ts';
import type { Transcript } from '../../../liveResponse/results/transcript.ts';
import type { PersonRef } from '../../../liveResponse/request/vote.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import type {
  CollectedFile,
  LinkFact,
  NotText,
  ResultTrouble,
  TextForm,
} from '../../../liveResponse/results/resultFacts.ts';
import type { Deps } from '../../deps.ts';
import type { Ages, SessionRef } from '../transition.ts';
import { changeSession, sessionsIn } from '../transition.ts';
import { cardPlacesOf } from '../reads/cardPlaces.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { NextWake, Turn } from '../worker.ts';

/** Pauses after a try to read a result that is not there yet, in milliseconds; the last repeats. */
const retryPauses = [
  3_000, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 120_000, 300_000, 600_000,
] as const;
const lastPause = retryPauses[retryPauses.length - 1] ?? 600_000;
/** After a journal that could not be written, or a bug. */
const brokenPause = 15_000;
/**
 * The "New link" button takes a link's place this long before it dies, so that nobody presses a dead one.
 * Milliseconds.
 */
export const retireBefore = 60_000;

/** A session whose results are fetched, by the action that Defender has for it. */
export interface ResultSource extends SessionRef {
  readonly actionId: string;
}

/** What may have left results. */
type Started = RequestSession<'running' | 'finished'>;

export interface Results {
  /** Marks a request as changed. */
  touch(id: string): void;
  pass(turn?: Turn): Promise<number | undefined>;
  /** The disk is well again: texts that could not be kept are read now. */
  recovered(): void;
  /** Reads one transcript now, for somebody who asked. @throws DefenderError */
  read(source: ResultSource, index: number): Promise<OutputRead>;
}

export interface OutputRead {
  readonly text: string;
  /** What lay there instead of a text. */
  readonly notText?: NotText;
  readonly form?: TextForm;
}

export function createResults(deps: Deps, ages: Ages): Results {
  const { store, defender, clock, log } = deps;
  const tries = new Map<string, Tries>();
  /** Files whose card was given its link at the finish; after that a person asks. */
  const offered = new Set<string>();
  /**
   * Requests that may have a result to be read or a link to be taken back: all of them once, then those that
   * changed or wait.
   */
  const touched = new Set(
    store
      .all()
      .map((request) => request.id)
      .reverse(),
  );
  /** Those with links that may die while others are read. */
  const linked = new Set(store.all().flatMap((request) => (hasLinks(request) ? [request.id] : [])));
  let sweptAt = -Infinity;
  /** Texts cannot be kept before this moment of elapsed time; nothing is read for them meanwhile. */
  let brokenUntil = -Infinity;

  async function pass(turn: Turn = byHand): Promise<number | undefined> {
    // A reading that cannot be written down would only cost a call.
    if (store.trouble() !== undefined) return brokenPause;
    const wakes = createNextWake(clock);
    // Latest change first.
    for (const id of [...touched].reverse()) {
      if (!turn.goOn()) return undefined;
      // Forgotten before it is looked at: whatever changes while it is looked at touches it again.
      touched.delete(id);
      if (await careFor(id, wakes, turn)) touched.add(id);
    }
    await sweep();
    return wakes.wait();
  }

  /**
   * Whether the request is to be looked at again though it does not change. One that is broken must not stop
   * the others.
   */
  async function careFor(id: string, wakes: NextWake, turn: Turn): Promise<boolean> {
    try {
      const sessions = sessionsIn(known(id), ['running', 'finished']);
      if (sessions.length === 0) return false;
      let more = false;
      for (const started of sessions)
        for (const index of missing(started)) {
          if (!turn.goOn()) return true;
          const again = await tryAt(started, index);
          if (again !== undefined) wakes.after(again);
          more ||= again !== undefined;
        }
      await retire(id);
      for (const finished of sessionsIn(known(id), ['finished'])) {
        if (!turn.goOn()) return more;
        const links = await keepLinks(finished, wakes);
        more ||= links;
      }
      return more;
    } catch (error) {
      log.error('resultsBroke', { request: id, error });
      wakes.after(brokenPause);
      return true;
    }
  }

  /** The request with this id, if there is one. */
  const known = (id: string): readonly Request[] => [id].flatMap((one) => store.get(one) ?? []);

  /** Completed commands whose result has not been seen yet, as far as it is still worth trying. */
  function missing({ request, session }: Started): readonly number[] {
    const { action, results } = session.stage.run;
    const { commands } = request.subject;
    const states = stepStates(action, commands.length);
    return commands.flatMap((command, index) => {
      if (command.type === 'PutFile') return []; // Has no result (learn.microsoft.com/defender-endpoint/api/run-live-response).
      if (states[index] !== 'completed') return [];
      if (
        results.excerpts.some((one) => one.index === index) ||
        results.files.some((one) => one.index === index)
      )
        return [];
      const trouble = results.troubles.find((one) => one.index === index);
      return trouble !== undefined && isFinal(trouble.code) ? [] : [index];
    });
  }

  /** Answers after how many milliseconds to try again; undefined when there is nothing more to try. */
  async function tryAt(started: Started, index: number): Promise<number | undefined> {
    const { request, session } = started;
    const key = `${request.id}:${index}`;
    const ended = session.stage.state === 'finished';
    const tried = tries.get(key);
    // What Defender did not hand out while the session ran says nothing of what it does afterwards: with the
    // end it begins again.
    const before = tried?.ended === ended ? tried : undefined;
    const script = request.subject.commands[index]?.type === 'RunScript';
    const wait = Math.max(before?.nextAt ?? -Infinity, script ? brokenUntil : -Infinity) - clock.elapsed();
    if (wait > 0) return wait;
    // A reading may take half a minute, and there may be many: links of other cards die in the meantime.
    for (const id of linked) await retire(id);
    try {
      const source = { ...started, actionId: session.stage.run.actionId };
      if (script) await read(source, index);
      else await sniff(source, index);
      tries.delete(key);
      return undefined;
    } catch (error) {
      if (error instanceof StoreError) {
        log.error('resultNotKept', { request: request.id, index, error });
        // The disk is at fault and not this result: nothing more is read until it has been tried again.
        brokenUntil = clock.elapsed() + brokenPause;
        return brokenPause;
      }
      const code = error instanceof DefenderError ? error.code : 'unavailable';
      const count = (before?.count ?? 0) + 1;
      // Only an answer of Defender counts towards giving up: while it is down, nobody knows what it keeps.
      const told = (before?.told ?? 0) + (outages.has(code) ? 0 : 1);
      const pause = retryPauses[count - 1] ?? lastPause;
      const retryAfter = error instanceof DefenderError ? (error.detail.retryAfterMs ?? 0) : brokenPause;
      const next = Math.max(pause, retryAfter);
      tries.set(key, { count, told, nextAt: clock.elapsed() + next, ended });
      if (error instanceof DefenderError)
        log.info('resultNotRead', {
          request: request.id,
          index,
          code,
          tries: count,
          target: error.detail.target,
        });
      else log.error('resultNotKept', { request: request.id, index, tries: count, error });
      const trouble = {
        code: ended && told > retryPauses.length ? 'gone' : code,
        tries: count,
        ...(error instanceof DefenderError ? { error: errorAnswer(error) } : {}),
      };
      return (await tellTrouble(started, index, trouble)) ? undefined : next;
    }
  }

  /** True when the trouble will not pass by itself, so that nothing more is tried. */
  async function tellTrouble(
    started: Started,
    index: number,
    found: Pick<ResultTrouble, 'code' | 'tries' | 'error'>,
  ): Promise<boolean> {
    // Both say that calls are scarce, and nothing of the result: no news where something is known of it
    // already.
    const own = found.code === 'paced' || found.code === 'throttled';
    const code = own ? 'throttled' : found.code;
    await changeSession(store, started, ['running', 'finished'], ({ session }, now) => {
      const before = session.stage.run.results.troubles.find((one) => one.index === index);
      return before?.code === code || (own && before !== undefined)
        ? undefined
        : {
            type: 'resultTrouble',
            trouble: {
              index,
              at: now,
              code,
              tries: found.tries,
              ...(found.error === undefined ? {} : { error: found.error }),
            },
          };
    });
    if (isFinal(code)) tries.delete(`${started.request.id}:${index}`);
    return isFinal(code);
  }

  async function read(source: ResultSource, index: number): Promise<OutputRead> {
    const link = await defender.link(source.actionId, index);
    const result = await defender.read(link.url, maxTranscriptBytes, { unpack: true });
    const transcript = readTranscript(result.bytes, result.cut);
    const text = [
      transcript.output,
      transcript.errors === '' ? '' : `--- script_errors ---\n${transcript.errors}`,
    ]
      .filter((part) => part !== '')
      .join('\n');
    const notText = notTextOf(
      result.bytes,
      transcript,
      result.packed === undefined ? result.size : result.bytes.length,
    );
    const form = formOf(result, transcript);
    const kept = await deps.outputs.put(source.request.id, index, text);
    await changeSession(store, source, ['running', 'finished'], ({ request }, now) => {
      const command = request.subject.commands[index];
      const cause = command === undefined ? undefined : scriptCause(command, transcript);
      return {
        type: 'excerptRead',
        excerpt: {
          index,
          at: now,
          length: kept.length,
          sha256: kept.sha256,
          errors: transcript.errors.trim() !== '',
          cut: result.cut,
          ...(notText === undefined ? {} : { notText }),
          ...form,
          ...(transcript.exitCode === undefined ? {} : { exitCode: transcript.exitCode }),
          ...(cause === undefined ? {} : { cause }),
        },
      };
    });
    return { text, ...(notText === undefined ? {} : { notText }), ...form };
  }

  async function sniff(source: ResultSource, index: number): Promise<void> {
    const link = await defender.link(source.actionId, index);
    const result = await defender.read(link.url, sniffBytes);
    await changeSession(store, source, ['running', 'finished'], (_current, now) => ({
      type: 'fileSeen',
      file: { index, at: now, ...describeFile(result) },
    }));
  }

  /** Takes back the links that are about to die. */
  async function retire(id: string): Promise<void> {
    if (!known(id).some(hasLinks)) linked.delete(id);
    for (const finished of sessionsIn(known(id), ['finished']))
      for (const link of finished.session.stage.run.results.links) {
        const { index } = link;
        if (liveFor(id, link) > 0) continue;
        deps.links.drop(id, index);
        await changeSession(store, finished, ['finished'], () => ({ type: 'linkRetired', index }));
      }
  }

  /**
   * Milliseconds until a link is taken back: by its own time, and by how long it was to live when it was
   * minted.
   */
  function liveFor(id: string, { index, at, expiresAt }: LinkFact): number {
    return (
      Math.min(expiresAt - clock.now(), expiresAt - at - ages.of(`${id} link ${index}`, at)) - retireBefore
    );
  }

  /**
   * Mints the links of a card that has just finished. Whether there are some that live, and are to be taken
   * back.
   */
  async function keepLinks(finished: RequestSession<'finished'>, wakes: NextWake): Promise<boolean> {
    const { request, session } = finished;
    const { actionId, results } = session.stage.run;
    for (const link of results.links) wakes.after(Math.max(0, liveFor(request.id, link)));
    for (const file of freshFiles(finished)) {
      try {
        await mintOnCard(deps, { ...finished, actionId }, file.index);
      } catch (error) {
        if (!(error instanceof DefenderError)) throw error;
        // The card has its "Get download link" button; nothing is lost.
        log.info('linkNotMinted', {
          request: request.id,
          index: file.index,
          code: error.code,
          target: error.detail.target,
        });
        await keepRefusal(deps, finished, file.index, error);
      }
      offered.add(`${request.id}:${file.index}`);
    }
    return results.links.length > 0;
  }

  /**
   * Files of a session that finished a moment ago and was never given a link by itself: one link, at the
   * finish, where cards may hold it.
   */
  function freshFiles({ request, session: { stage } }: RequestSession<'finished'>): readonly CollectedFile[] {
    const { files, links } = stage.run.results;
    if (ages.of(`${request.id} ended`, stage.endedAt) > offerWithin) return [];
    if (!cardPlacesOf(deps, request).some((place) => place.results === 'card')) return [];
    return files.filter(
      (file) =>
        !offered.has(`${request.id}:${file.index}`) && !links.some((link) => link.index === file.index),
    );
  }

  async function sweep(): Promise<void> {
    if (clock.elapsed() - sweptAt < sweepEvery) return;
    sweptAt = clock.elapsed();
    const removed = await deps.outputs.sweep(clock.now() - deps.settings.outputRetention);
    if (removed > 0) log.info('outputsSwept', { removed });
  }

  return {
    touch(id) {
      touched.add(id);
      if (known(id).some(hasLinks)) linked.add(id);
    },
    pass,
    recovered: () => void (brokenUntil = -Infinity),
    read,
  };
}

/** How the text came, for anyone who reads it: letters that were guessed are not certain. */
function formOf({ packed }: ResultBytes, { letters }: Transcript): { readonly form?: TextForm } {
  return packed === undefined && letters === undefined
    ? {}
    : { form: { ...(packed === undefined ? {} : { packed }), ...letters } };
}

function hasLinks(request: Request): boolean {
  return sessionsIn([request], ['finished']).some(
    ({ session }) => session.stage.run.results.links.length > 0,
  );
}

interface Tries {
  readonly count: number;
  /** Those of them that Defender answered with a no. */
  readonly told: number;
  /** In elapsed time. */
  readonly nextAt: number;
  /** Whether the session had ended by then. */
  readonly ended: boolean;
}

/** Codes that say something of the way to Defender, or of our own budget, and nothing of the result. */
const outages: ReadonlySet<string> = new Set(['unavailable', 'unauthorized', 'throttled', 'paced']);

/** A finish longer ago than this is history: its card keeps its button. */
const offerWithin = 15 * 60_000;
const sweepEvery = 3_600_000;

function isFinal(code: string): boolean {
  return code === 'gone' || code === 'untrusted' || code === 'refused';
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

/** Mints a link that may stand on a card, and writes down that it was. @throws DefenderError */
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
