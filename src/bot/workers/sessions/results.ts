// Results of completed commands: script output for the excerpt, and the first bytes of collected files.
import { scriptCause } from '../../../../cards/messages/stepAdvice.ts';
import { stepStates } from '../../../liveResponse/action.ts';
import { DefenderError, StoreError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { ResultBytes } from '../../../liveResponse/ports.ts';
import { describeFile, sniffBytes } from '../../../liveResponse/results/collectedFile.ts';
import { maxTranscriptBytes, notTextOf, readTranscript } from '../../../liveResponse/results/transcript.ts';
import type { Transcript } from '../../../liveResponse/results/transcript.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import type { NotText, ResultTrouble, TextForm } from '../../../liveResponse/results/resultFacts.ts';
import type { Deps } from '../../deps.ts';
import type { Ages } from '../transition.ts';
import { changeSession, sessionKey, sessionsIn } from '../transition.ts';
import { memoryOf } from '../requestMemory.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { NextWake, Turn } from '../worker.ts';
import { CardLinks, outages } from './cardLinks.ts';
import type { ResultSource } from './cardLinks.ts';

/** Pauses after a try to read a result that is not there yet, in milliseconds; the last repeats. */
const retryPauses = [
  3_000, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 120_000, 300_000, 600_000,
] as const;
const lastPause = retryPauses[retryPauses.length - 1] ?? 600_000;
/** After a journal that could not be written, or a bug. */
const brokenPause = 15_000;
const sweepEvery = 3_600_000;

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
  return new ResultReading(deps, new CardLinks(deps, ages));
}

class ResultReading implements Results {
  readonly #deps: Deps;
  readonly #links: CardLinks;
  /** By session and index. */
  readonly #tries: Map<string, Tries>;
  /**
   * Requests that may have a result to be read or a link to be taken back: all of them once, then those that
   * changed or wait.
   */
  readonly #touched: Set<string>;
  #sweptAt = -Infinity;
  /** Texts cannot be kept before this moment of elapsed time; nothing is read for them meanwhile. */
  #brokenUntil = -Infinity;

  constructor(deps: Deps, links: CardLinks) {
    this.#deps = deps;
    this.#links = links;
    this.#tries = memoryOf(deps).map('results tried');
    this.#touched = memoryOf(deps).set('results to read');
    for (const { id } of deps.store.all().toReversed()) this.#touched.add(id);
  }

  touch(id: string): void {
    this.#touched.add(id);
    this.#links.touch(id);
  }

  recovered(): void {
    this.#brokenUntil = -Infinity;
  }

  async pass(turn: Turn = byHand): Promise<number | undefined> {
    // A reading that cannot be written down would only cost a call.
    if (this.#deps.store.trouble() !== undefined) return brokenPause;
    const wakes = createNextWake(this.#deps.clock);
    // Latest change first.
    for (const id of [...this.#touched].reverse()) {
      if (!turn.goOn()) return undefined;
      // Forgotten before it is looked at: whatever changes while it is looked at touches it again.
      this.#touched.delete(id);
      if (await this.#careFor(id, wakes, turn)) this.#touched.add(id);
    }
    await this.#sweep();
    return wakes.wait();
  }

  /**
   * Whether the request is to be looked at again though it does not change. One that is broken must not stop
   * the others.
   */
  async #careFor(id: string, wakes: NextWake, turn: Turn): Promise<boolean> {
    try {
      const sessions = sessionsIn(this.#known(id), ['running', 'finished']);
      if (sessions.length === 0) return false;
      let more = false;
      for (const started of sessions)
        for (const index of this.#missing(started)) {
          if (!turn.goOn()) return true;
          const again = await this.#tryAt(started, index);
          if (again !== undefined) wakes.after(again);
          more ||= again !== undefined;
        }
      await this.#links.retire(id);
      for (const finished of sessionsIn(this.#known(id), ['finished'])) {
        if (!turn.goOn()) return more;
        const links = await this.#links.keep(finished, wakes);
        more ||= links;
      }
      return more;
    } catch (error) {
      this.#deps.log.error('resultsBroke', { request: id, error });
      wakes.after(brokenPause);
      return true;
    }
  }

  /** The request with this id, if there is one. */
  #known(id: string): readonly Request[] {
    return [id].flatMap((one) => this.#deps.store.get(one) ?? []);
  }

  /** Completed commands whose result has not been seen yet, as far as it is still worth trying. */
  #missing({ request, session }: Started): readonly number[] {
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
  async #tryAt(started: Started, index: number): Promise<number | undefined> {
    const { request, session } = started;
    const key = `${sessionKey(started)}:${index}`;
    const ended = session.stage.state === 'finished';
    const tried = this.#tries.get(key);
    // What Defender did not hand out while the session ran says nothing of what it does afterwards: with the
    // end it begins again.
    const before = tried?.ended === ended ? tried : undefined;
    const script = request.subject.commands[index]?.type === 'RunScript';
    const wait =
      Math.max(before?.nextAt ?? -Infinity, script ? this.#brokenUntil : -Infinity) -
      this.#deps.clock.elapsed();
    if (wait > 0) return wait;
    // A reading may take half a minute, and there may be many: links of other cards die in the meantime.
    await this.#links.retireAll();
    try {
      const source = { ...started, actionId: session.stage.run.actionId };
      if (script) await this.read(source, index);
      else await this.#sniff(source, index);
      this.#tries.delete(key);
      return undefined;
    } catch (error) {
      if (error instanceof StoreError) {
        this.#deps.log.error('resultNotKept', { request: request.id, index, error });
        // The disk is at fault and not this result: nothing more is read until it has been tried again.
        this.#brokenUntil = this.#deps.clock.elapsed() + brokenPause;
        return brokenPause;
      }
      const code = error instanceof DefenderError ? error.code : 'unavailable';
      const count = (before?.count ?? 0) + 1;
      // Only an answer of Defender counts towards giving up: while it is down, nobody knows what it keeps.
      const told = (before?.told ?? 0) + (outages.has(code) ? 0 : 1);
      const pause = retryPauses[count - 1] ?? lastPause;
      const retryAfter = error instanceof DefenderError ? (error.detail.retryAfterMs ?? 0) : brokenPause;
      const next = Math.max(pause, retryAfter);
      this.#tries.set(key, { count, told, nextAt: this.#deps.clock.elapsed() + next, ended });
      if (error instanceof DefenderError)
        this.#deps.log.info('resultNotRead', {
          request: request.id,
          index,
          code,
          tries: count,
          target: error.detail.target,
        });
      else this.#deps.log.error('resultNotKept', { request: request.id, index, tries: count, error });
      const trouble = {
        code: ended && told > retryPauses.length ? 'gone' : code,
        tries: count,
        ...(error instanceof DefenderError ? { error: errorAnswer(error) } : {}),
      };
      return (await this.#tellTrouble(started, index, trouble)) ? undefined : next;
    }
  }

  /** True when the trouble will not pass by itself, so that nothing more is tried. */
  async #tellTrouble(
    started: Started,
    index: number,
    found: Pick<ResultTrouble, 'code' | 'tries' | 'error'>,
  ): Promise<boolean> {
    // Both say that calls are scarce, and nothing of the result: no news where something is known of it
    // already.
    const own = found.code === 'paced' || found.code === 'throttled';
    const code = own ? 'throttled' : found.code;
    await changeSession(this.#deps.store, started, ['running', 'finished'], ({ session }, now) => {
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
    if (isFinal(code)) this.#tries.delete(`${sessionKey(started)}:${index}`);
    return isFinal(code);
  }

  async read(source: ResultSource, index: number): Promise<OutputRead> {
    const link = await this.#deps.defender.link(source.actionId, index);
    const result = await this.#deps.defender.read(link.url, maxTranscriptBytes, { unpack: true });
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
    const kept = await this.#deps.outputs.put(source.request.id, index, text);
    await changeSession(this.#deps.store, source, ['running', 'finished'], ({ request }, now) => {
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

  async #sniff(source: ResultSource, index: number): Promise<void> {
    const link = await this.#deps.defender.link(source.actionId, index);
    const result = await this.#deps.defender.read(link.url, sniffBytes);
    await changeSession(this.#deps.store, source, ['running', 'finished'], (_current, now) => ({
      type: 'fileSeen',
      file: { index, at: now, ...describeFile(result) },
    }));
  }

  async #sweep(): Promise<void> {
    if (this.#deps.clock.elapsed() - this.#sweptAt < sweepEvery) return;
    this.#sweptAt = this.#deps.clock.elapsed();
    const removed = await this.#deps.outputs.sweep(
      this.#deps.clock.now() - this.#deps.settings.outputRetention,
    );
    if (removed > 0) this.#deps.log.info('outputsSwept', { removed });
  }
}

/** How the text came, for anyone who reads it: letters that were guessed are not certain. */
function formOf({ packed }: ResultBytes, { letters }: Transcript): { readonly form?: TextForm } {
  return packed === undefined && letters === undefined
    ? {}
    : { form: { ...(packed === undefined ? {} : { packed }), ...letters } };
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

function isFinal(code: string): boolean {
  return code === 'gone' || code === 'untrusted' || code === 'refused';
}
