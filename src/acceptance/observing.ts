// Observer of one session, from outside: it looks at the session while it runs, and at what it left. It only
// reads, through the product's own bounded client and at a rate of its own, so that neither a bot nor its
// people are held up. It submits nothing, cancels nothing, and repeats no call.
import { gunzipSync, constants } from 'node:zlib';
import type { Calls } from '../adapters/defender/calls.ts';
import { quoted } from '../adapters/defender/readings.ts';
import { readAction } from '../adapters/defender/wire.ts';
import type { HttpClient } from '../adapters/outbound/http.ts';
import { HttpError } from '../adapters/outbound/http.ts';
import { checkedLink } from '../adapters/outbound/resultLink.ts';
import type { ResultRules } from '../adapters/outbound/resultLink.ts';
import { field } from '../liveResponse/text/json.ts';
import type { CallKind } from '../liveResponse/pacing/callRates.ts';
import type { Clock } from '../liveResponse/ports.ts';
import { DefenderError } from '../liveResponse/ports.ts';
import { maxTranscriptBytes } from '../liveResponse/results/transcript.ts';
import { commandsOf, indexOf, shapeOf, statusOf, typeOf, wordOf } from './rawAction.ts';

/** One moment, seen twice: the action's row in the list, and the action alone, asked for together. */
export interface Pair {
  /** By the tenant's clock, epoch milliseconds. */
  readonly at: number;
  readonly row?: unknown;
  readonly single?: unknown;
}

/** How a reading was answered: `ok`, or the status and code of the refusal. */
export interface Answered {
  readonly ok: boolean;
  readonly status?: number;
  readonly code?: string;
}

/**
 * `next`: a later command had not ended. `settling`: all had, the action had not. `ended`: it had. `none`:
 * there is no such index.
 */
export type Phase = 'next' | 'settling' | 'ended' | 'none';

export interface LinkTry extends Answered {
  readonly index: number;
  readonly phase: Phase;
  readonly at: number;
  /** A bearer secret. */
  readonly url?: string;
}

export interface ResultRead {
  readonly index: number;
  readonly type: string;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** What was read of it: of a script all, of a file the beginning. */
  readonly bytes: Uint8Array;
  readonly cut: boolean;
  /** What the beginning of a packed file holds. */
  readonly inside?: Uint8Array;
  /** How a second reading of the first 16 bytes alone was answered. */
  readonly range: { readonly status: number; readonly bytes: number };
}

/** One question asked afterwards, by its name in `measures/`. */
export interface Probe extends Answered {
  readonly name: ProbeName;
  readonly items?: readonly unknown[];
}
export type ProbeName = 'or' | 'orderby' | 'upperName' | 'lowerName' | 'library' | 'unknownAction';

export interface Observed {
  readonly device: string;
  readonly pairs: readonly Pair[];
  /** Whether `id in (…)` was taken. */
  readonly idIn?: Answered;
  readonly links: readonly LinkTry[];
  readonly results: readonly ResultRead[];
  readonly probes: readonly Probe[];
  /** Readings that failed, as "list 429". */
  readonly failed: readonly string[];
  /** The last word of the action, where it was a final one. */
  readonly ended?: string;
  /** Milliseconds between two looks: no moment is known more exactly. */
  readonly gap: number;
}

export interface Looking {
  readonly calls: Calls;
  readonly http: HttpClient;
  readonly rules: ResultRules;
  readonly clock: Clock;
  readonly gap: number;
  /** Milliseconds of the tenant's clock. */
  readonly patience: number;
  readonly stop: AbortSignal;
  readonly device: { readonly id: string; readonly name: string };
  /** Called with each state of the action once, in our own words. */
  readonly tell: (sentence: string) => void;
}

const finalWords: readonly string[] = ['succeeded', 'failed', 'timeout', 'cancelled', 'canceled'];
/**
 * Between two questions for a link that is not there yet; "not ready" is no error, and a call all the same.
 * Milliseconds.
 */
const linkPause = 3_000;
const maxLinkTries = 12;
/** Enough of a file for its format, and for that of what it is packed around. */
const fileBytes = 64 * 1024;
const resultTimeoutMs = 60_000;

export class Observer {
  readonly #looking: Looking;
  readonly #pairs: Pair[] = [];
  readonly #links: LinkTry[] = [];
  readonly #results: ResultRead[] = [];
  readonly #probes: Probe[] = [];
  readonly #failed: string[] = [];
  #idIn: Answered | undefined;
  #ended: string | undefined;
  #said = '';

  constructor(looking: Looking) {
    this.#looking = looking;
  }

  /** What has been seen so far. */
  seen(): Observed {
    const { gap, device } = this.#looking;
    return {
      device: device.name,
      gap,
      pairs: this.#pairs,
      links: this.#links,
      results: this.#results,
      probes: this.#probes,
      failed: this.#failed,
      ...(this.#idIn === undefined ? {} : { idIn: this.#idIn }),
      ...(this.#ended === undefined ? {} : { ended: this.#ended }),
    };
  }

  /** The status the action showed last. */
  word(): string | undefined {
    return statusOf(this.#pairs.findLast((pair) => pair.single !== undefined)?.single);
  }

  /** Follows the action until it has ended, patience has, or somebody stopped it. */
  async follow(id: string): Promise<void> {
    const { clock, patience, stop, gap } = this.#looking;
    const until = clock.elapsed() + patience;
    while (!stop.aborted && clock.elapsed() < until) {
      const pair = await this.#look(id);
      this.#tell(pair.single ?? pair.row);
      const word = statusOf(pair.single);
      if (word !== undefined && finalWords.includes(word.toLowerCase())) {
        this.#ended = word;
        // Once more: the list may know it later than the action does.
        let row = pair.row;
        for (let again = 0; again < 5 && shapeOf(row) !== shapeOf(pair.single); again += 1) {
          await clock.sleep(gap, stop);
          ({ row } = await this.#look(id));
        }
        return;
      }
      await this.#tryLinks(id, pair.single);
      await clock.sleep(gap, stop);
    }
  }

  /** After the end: results, and the questions that only a tenant can answer. */
  async examine(id: string): Promise<void> {
    const single = this.#pairs.findLast((pair) => pair.single !== undefined)?.single;
    const commands = commandsOf(single);
    for (const [position, command] of commands.entries()) {
      if (this.#looking.stop.aborted) return;
      const type = typeOf(command);
      if (statusOf(command, 'commandStatus')?.toLowerCase() !== 'completed' || type === 'PutFile') continue;
      const index = indexOf(command, position);
      const link = await this.#linkAtLast(id, index);
      if (link?.url !== undefined) await this.#read(link.url, index, type);
    }
    await this.#link(id, commands.length + 7, 'none');
    await this.#ask(id);
  }

  async #look(id: string): Promise<Pair> {
    const [row, single] = await Promise.all([
      this.#row(id),
      this.#value('get', `/api/machineactions/${encodeURIComponent(id)}`),
    ]);
    const pair = {
      at: this.#looking.clock.now(),
      ...(row === undefined ? {} : { row }),
      ...(single === undefined ? {} : { single }),
    };
    this.#pairs.push(pair);
    return pair;
  }

  async #row(id: string): Promise<unknown> {
    const { calls, device } = this.#looking;
    if (this.#idIn?.ok !== false) {
      try {
        const rows = await rowsOf(calls, `id in (${quoted(id)})`);
        this.#idIn = { ok: true };
        return mine(rows, id);
      } catch (error) {
        if (!(error instanceof DefenderError)) throw error;
        if (error.detail.status !== 400) {
          this.#fail('list', error);
          return undefined;
        }
        this.#idIn = refusalOf(error);
      }
    }
    try {
      return mine(await rowsOf(calls, `machineId eq ${quoted(device.id)}`), id);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      this.#fail('list', error);
      return undefined;
    }
  }

  async #value(kind: CallKind, path: string): Promise<unknown> {
    try {
      return await this.#looking.calls.get(kind, path);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      this.#fail(kind, error);
      return undefined;
    }
  }

  #fail(kind: CallKind, error: DefenderError): void {
    this.#failed.push(`${kind} ${error.detail.status ?? error.code}`);
  }

  /** Results of commands that are done while others are not: whether they can be had is written nowhere. */
  async #tryLinks(id: string, single: unknown): Promise<void> {
    const commands = commandsOf(single);
    const over = (command: unknown): boolean =>
      ['completed', 'failed'].includes(statusOf(command, 'commandStatus')?.toLowerCase() ?? '');
    for (const [position, command] of commands.entries()) {
      if (statusOf(command, 'commandStatus')?.toLowerCase() !== 'completed' || typeOf(command) === 'PutFile')
        continue;
      const index = indexOf(command, position);
      const phase: Phase = commands.every(over) ? 'settling' : 'next';
      const tries = this.#links.filter((one) => one.index === index && one.phase === phase);
      const last = tries.at(-1);
      if (
        last?.ok === true ||
        tries.length >= maxLinkTries ||
        (last !== undefined && this.#looking.clock.now() - last.at < linkPause)
      )
        continue;
      await this.#link(id, index, phase);
    }
  }

  async #linkAtLast(id: string, index: number): Promise<LinkTry | undefined> {
    const { clock, stop } = this.#looking;
    for (let tries = 0; tries < maxLinkTries && !stop.aborted; tries += 1) {
      if (tries > 0) await clock.sleep(linkPause, stop);
      const found = await this.#link(id, index, 'ended');
      if (found.ok) {
        // Another one, to see whether it is another.
        await this.#link(id, index, 'ended');
        return found;
      }
    }
    return undefined;
  }

  async #link(id: string, index: number, phase: Phase): Promise<LinkTry> {
    const { calls, clock } = this.#looking;
    const one = { index, phase, at: clock.now() };
    let tried: LinkTry;
    try {
      const value = field(
        await calls.get(
          'link',
          `/api/machineactions/${encodeURIComponent(id)}/GetLiveResponseResultDownloadLink(index=${index})`,
        ),
        'value',
      );
      tried = { ...one, ok: true, ...(typeof value === 'string' ? { url: value } : {}) };
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      tried = { ...one, ...refusalOf(error) };
    }
    this.#links.push(tried);
    return tried;
  }

  async #read(link: string, index: number, type: string): Promise<void> {
    const { http, rules } = this.#looking;
    const script = type === 'RunScript';
    try {
      const { url, configured } = checkedLink(link, rules);
      const ask = {
        method: 'GET',
        url,
        cut: true,
        timeoutMs: resultTimeoutMs,
        connection: configured ? 'fresh' : 'public',
      } as const;
      const whole = await http.send({ ...ask, maxBytes: script ? maxTranscriptBytes : fileBytes });
      const part = await http.send({ ...ask, maxBytes: fileBytes, headers: { range: 'bytes=0-15' } });
      const inside = unpacked(whole.bytes);
      this.#results.push({
        index,
        type,
        status: whole.status,
        headers: whole.headers,
        bytes: whole.bytes,
        cut: whole.cut,
        range: { status: part.status, bytes: part.bytes.length },
        ...(inside === undefined ? {} : { inside }),
      });
    } catch (error) {
      if (!(error instanceof DefenderError || error instanceof HttpError)) throw error;
      this.#failed.push(`result ${error.code}`);
    }
  }

  async #ask(id: string): Promise<void> {
    const { calls, device, stop } = this.#looking;
    const actions = (filter: string, more = ''): string =>
      `/api/machineactions?$filter=${encodeURIComponent(filter)}&$top=2${more}`;
    const machines = (name: string): string =>
      `/api/machines?$filter=${encodeURIComponent(`computerDnsName eq ${quoted(name)}`)}&$top=5`;
    const questions: readonly (readonly [ProbeName, CallKind, string])[] = [
      [
        'or',
        'list',
        actions(
          `machineId eq ${quoted(device.id)} and (status eq 'Pending' or status eq 'InProgress' or status eq 'Succeeded')`,
        ),
      ],
      [
        'orderby',
        'list',
        actions(
          `machineId eq ${quoted(device.id)}`,
          `&$orderby=${encodeURIComponent('creationDateTimeUtc desc')}`,
        ),
      ],
      ['lowerName', 'machines', machines(device.name.toLowerCase())],
      ['upperName', 'machines', machines(device.name.toUpperCase())],
      ['library', 'library', '/api/libraryfiles'],
      // Of the right shape and nobody's.
      ['unknownAction', 'get', `/api/machineactions/${id.replace(/[^-]/g, '0')}`],
    ];
    for (const [name, kind, path] of questions) {
      if (stop.aborted) return;
      try {
        const items = field(await calls.get(kind, path), 'value');
        this.#probes.push({ name, ok: true, ...(Array.isArray(items) ? { items } : {}) });
      } catch (error) {
        if (!(error instanceof DefenderError)) throw error;
        this.#probes.push({ name, ...refusalOf(error) });
      }
    }
  }

  #tell(raw: unknown): void {
    const action = readAction(raw);
    if (action === undefined) return;
    const sentence = [
      `Defender: ${wordOf(action.status)}`,
      ...action.progress.map((one) => `index ${one.index} ${wordOf(one.status)}`),
    ].join(', ');
    if (sentence === this.#said) return;
    this.#said = sentence;
    this.#looking.tell(sentence);
  }
}

async function rowsOf(calls: Calls, filter: string): Promise<readonly unknown[]> {
  const rows = field(
    await calls.get('list', `/api/machineactions?$filter=${encodeURIComponent(filter)}&$top=50`),
    'value',
  );
  return Array.isArray(rows) ? (rows as readonly unknown[]) : [];
}

function mine(rows: readonly unknown[], id: string): unknown {
  return rows.find((row) => statusOf(row, 'id')?.toLowerCase() === id.toLowerCase());
}

function refusalOf(error: DefenderError): Answered {
  const { status, apiCode } = error.detail;
  return {
    ok: false,
    ...(status === undefined ? {} : { status }),
    ...(apiCode === undefined ? { code: error.code } : { code: apiCode }),
  };
}

/** The beginning of what is packed; undefined where it is not gzip, or broken. */
function unpacked(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined;
  try {
    // Cut anywhere, and never more than a little of what may be enormous.
    return gunzipSync(bytes.subarray(0, 4096), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: 8 * 1024 * 1024,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return undefined;
  }
}
