// Signature check of Slack requests, before Bolt: whole body, strict headers, signature, age in both directions, and
// no request twice, also after a restart. With it the clock skew between Slack and this machine.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { join } from 'node:path';
import type { Express, Request, Response } from 'express';
import { timeOf } from '../../../../cards/clip.ts';
import type { Clock, Keeper, Log } from '../../../liveResponse/ports.ts';
import { isRecord, parseJson } from '../../../liveResponse/text/json.ts';
import type { Check } from '../../http/server.ts';
import { RationedLog } from '../../rationedLog.ts';
import { realDisk } from '../../store/journal/disk.ts';
import type { Disk } from '../../store/journal/disk.ts';
import { textIn } from '../../store/outputStore.ts';
import { eventsPath } from '../ids.ts';
import { bodyLimit, harmfulSkew, signatureMemory, signatureSkew, timeAskedEvery } from '../limits.ts';
import { messageOf } from '../outbound/slackFailure.ts';

export interface GuardOptions {
  readonly signingSecret: string;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly log: Log;
  readonly memory: ReplayMemory;
  /** Bolt's own listener; it verifies once more and then dispatches. */
  readonly next: RequestListener;
  readonly stopping: () => boolean;
  readonly time: Pick<SlackTime, 'refused' | 'taken'>;
}

/** Must be mounted before any body parser: the signature is over the bytes as they came. */
export function mountGuard(app: Express, options: GuardOptions): void {
  const refusals = new RationedLog(options.log, options.clock, 'slackRequestRefused');
  app.post(eventsPath, (request, response, next) => {
    // Express is lenient about case and a last slash, Bolt is not.
    if (request.path !== eventsPath) next();
    else take(request, response, options, refusals).catch(next);
  });
}

async function take(
  request: Request,
  response: Response,
  options: GuardOptions,
  refusals: RationedLog,
): Promise<void> {
  const refuse = (status: number, why: string): void => {
    refusals.warn(why, { why });
    response.status(status).end();
  };
  if (options.stopping()) {
    response.status(503).set('connection', 'close').end();
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    // The rest of a huge body is not read.
    response.set('connection', 'close');
    refuse(413, 'too large');
    return;
  }
  const type = request.headers['content-type'] ?? '';
  const form = /^application\/x-www-form-urlencoded(\s*;.*)?$/i.test(type);
  // Slack checks the certificate now and then without a signature; there is nothing to do but to answer.
  if (
    form &&
    request.headers['x-slack-signature'] === undefined &&
    /^ssl_check=1(&token=[\w-]*)?$/.test(body.toString('latin1'))
  ) {
    response.status(200).end();
    return;
  }
  const problem = problemOf(request, body, options);
  if (problem === tooOld || problem === fromTheFuture) options.time.refused();
  const signature = String(request.headers['x-slack-signature']).slice('v0='.length);
  // Only what is verified is remembered: otherwise anybody could fill the memory.
  const why = problem ?? (options.memory.admit(signature) ? undefined : 'replayed');
  if (why !== undefined) {
    refuse(401, why);
    return;
  }
  options.time.taken();
  // Bolt reads fields of any JSON, an object or not, and nobody awaits it.
  if (!isReadable(body.toString('utf8'), form)) {
    refuse(400, 'no JSON object');
    return;
  }
  // Bolt compares this header as a whole: a proxy that adds a charset would turn every request into 400.
  if (form) request.headers['content-type'] = 'application/x-www-form-urlencoded';
  Object.assign(request, { rawBody: body });
  options.next(request, response);
}

/**
 * Header forms are strict because Bolt's are not: `Number('0170...')` and `v0=<hash>=x` would pass there, as
 * replays in another form.
 */
function problemOf(
  request: IncomingMessage,
  body: Buffer,
  { signingSecret, clock }: GuardOptions,
): string | undefined {
  const timestamp = request.headers['x-slack-request-timestamp'];
  const signature = request.headers['x-slack-signature'];
  if (typeof timestamp !== 'string' || !/^[1-9]\d{8,10}$/.test(timestamp)) return 'timestamp';
  if (typeof signature !== 'string' || !/^v0=[0-9a-f]{64}$/.test(signature)) return 'signature form';
  const expected = createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature.slice('v0='.length), 'hex'))) return 'signature';
  const skew = Number(timestamp) * 1000 - clock.now();
  if (skew > signatureSkew) return fromTheFuture;
  return skew < -signatureSkew ? tooOld : undefined;
}

const tooOld = 'too old';
const fromTheFuture = 'from the future';

/** A JSON object no deeper than Slack's own, or a form whose payload, if it has one, is such an object. */
function isReadable(text: string, form: boolean): boolean {
  const json = form ? new URLSearchParams(text).get('payload') : text;
  const value = json === null ? undefined : parseJson(json)?.value;
  return json === null || isRecord(value);
}

/** The whole body; undefined when it is larger than anything Slack sends. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not destroyed on the way out: the 413 must still be written.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export interface SlackTimeOptions {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  /**
   * Whether requests come in by HTTP, and are judged by their time. In Socket Mode a wrong clock only shows
   * wrong times.
   */
  readonly signed: boolean;
  /** Makes a call to Slack, whose answer has the time in its header. */
  readonly ask: () => void;
}

/** Slack's time against ours, read from the Date header of Slack's answers. */
export class SlackTime {
  readonly #options: SlackTimeOptions;
  /** How far ours is ahead, in milliseconds. */
  #ahead: number | undefined;
  #refusals: { readonly since: number; readonly count: number } | undefined;
  #askedAt = -Infinity;

  constructor(options: SlackTimeOptions) {
    this.#options = options;
  }

  /** @param date the Date header of an answer of Slack, as it came in */
  heard(date: string | null): void {
    const slack = Date.parse(date ?? '');
    // The header has whole seconds, cut off: half a second is its expected rest.
    if (!Number.isNaN(slack)) this.#ahead = this.#options.clock.now() - (slack + 500);
  }

  /**
   * A request that Slack signed was refused for its time. Slack is asked for the time then, because no other
   * call may be made for hours.
   */
  refused(): void {
    const { clock, ask } = this.#options;
    const { since, count } = this.#refusals ?? { since: clock.now(), count: 0 };
    this.#refusals = { since, count: count + 1 };
    if (clock.elapsed() - this.#askedAt < timeAskedEvery) return;
    this.#askedAt = clock.elapsed();
    ask();
  }

  /** A request was taken: what was refused before is history. */
  taken(): void {
    this.#refusals = undefined;
  }

  check(): Check {
    const name = 'slackClock';
    const ahead = this.#ahead;
    // A good clock and old signatures: somebody sends again what was recorded, and that is refused as it
    // should be.
    if (ahead === undefined || Math.abs(ahead) < harmfulSkew) return { name, ok: true };
    const off = `This machine's clock is ${inWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} Slack's`;
    const todo = 'Set it, and keep it by NTP.';
    if (!this.#options.signed) return { name, ok: true, why: `${off}: times on cards are wrong. ${todo}` };
    const refusals = this.#refusals;
    const refusing =
      refusals === undefined
        ? `from ${signatureSkew / 60_000} minutes on Slack's requests are refused`
        : `Slack's requests are refused, ${refusals.count} since ${timeOf(refusals.since, this.#options.clock.now())} by this clock`;
    return { name, ok: false, why: `${off}: ${refusing}. ${todo}` };
  }
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}

/** Lines after which the file is written again without what is too old. */
const compactAfter = 5_000;
/** Half of a SHA-256 in hex: enough to be unique, useless to a reader of the file. */
const kept = 32;

export interface ReplayMemoryOptions {
  /** Where its file is kept. */
  readonly folder: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** The machine's own by default. */
  readonly disk?: Disk;
}

/** Only verified signatures may be given to it: others would let anybody fill the file. */
export class ReplayMemory implements Keeper {
  readonly name = 'slack replay memory';
  readonly #options: ReplayMemoryOptions;
  readonly #disk: Disk;
  readonly #file: string;
  /** Signature to when it was seen, epoch milliseconds. */
  readonly #seen = new Map<string, number>();
  #lines = 0;
  #trouble: string | undefined;

  /** Reads what an earlier process saw. */
  constructor(options: ReplayMemoryOptions) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#file = join(options.folder, 'slack-replay.txt');
    for (const line of (textIn(this.#disk, this.#file) ?? '').split('\n')) {
      const found = /^(\d{1,15}) ([0-9a-f]{32})$/.exec(line);
      if (found?.[1] !== undefined && found[2] !== undefined && this.#isFresh(Number(found[1])))
        this.#seen.set(found[2], Number(found[1]));
    }
    this.#compact();
  }

  /** False when this signature was seen before. Remembered on disk before it answers. */
  admit(signature: string): boolean {
    const key = signature.slice(0, kept);
    const at = this.#seen.get(key);
    if (at !== undefined && this.#isFresh(at)) return false;
    const now = this.#options.clock.now();
    this.#seen.set(key, now);
    // Written before the request is acted on; not fsynced, because it must outlive this process and not
    // this machine.
    // Behind half a line that a full disk left, the next one would be lost: the whole file then.
    if (this.#trouble !== undefined || this.#lines > compactAfter + this.#seen.size / 2) this.#compact();
    else this.#guard(() => this.#write(this.#file, 'append', `${now} ${key}\n`));
    this.#lines += 1;
    return true;
  }

  /** Why the file cannot be written, while it cannot. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  recover(): Promise<boolean> {
    // The whole file: what could not be written down meanwhile is in it.
    this.#compact();
    return Promise.resolve(this.#trouble === undefined);
  }

  #isFresh(at: number): boolean {
    return at > this.#options.clock.now() - signatureMemory;
  }

  #guard(write: () => void): void {
    try {
      write();
      this.#trouble = undefined;
    } catch (error) {
      // Until it can be written again, memory alone guards: the journal recognises a repeated request by
      // itself.
      if (this.#trouble === undefined) this.#options.log.error('slackReplayFileFailed', { error });
      this.#trouble = messageOf(error);
    }
  }

  #compact(): void {
    for (const [signature, at] of this.#seen) if (!this.#isFresh(at)) this.#seen.delete(signature);
    this.#guard(() => {
      const lines = [...this.#seen].map(([signature, at]) => `${at} ${signature}\n`);
      this.#write(`${this.#file}.new`, 'new', lines.join(''));
      this.#disk.rename(`${this.#file}.new`, this.#file);
    });
    this.#lines = this.#seen.size;
  }

  #write(path: string, mode: 'append' | 'new', text: string): void {
    const file = this.#disk.open(path, mode);
    try {
      file.append(Buffer.from(text));
    } finally {
      file.close();
    }
  }
}
