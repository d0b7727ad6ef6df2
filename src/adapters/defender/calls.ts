// Calls to Defender: token, slot, exchange, and the error code for what happened. GETs may be repeated once.
// A POST never is, except after a 401, which proves that nothing was run.
import type { CallRates, CallKind } from '../../liveResponse/pacing/callRates.ts';
import { maxPenaltyMs } from '../../liveResponse/pacing/callRates.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { DefenderError } from '../../liveResponse/ports.ts';
import type { Token, TokenSource } from '../entra/credentials.ts';
import { TokenError } from '../entra/tokenError.ts';
import type { HttpClient, HttpAnswer, HttpRequest } from '../outbound/http.ts';
import { answerClass } from '../outbound/answerClass.ts';
import type { AnswerClass, SeenCall } from '../outbound/answerClass.ts';
import { HttpError, jsonOf, retryAfterMs } from '../outbound/http.ts';
import type { Endpoint } from './clouds.ts';
import { keyOf, nextPage, readError, readPage } from './wire.ts';
import type { Collected, WireError } from './wire.ts';
import { bodyOf, codeOf, isPage, shownParts } from './refusals.ts';

export interface DefenderParts {
  readonly http: HttpClient;
  readonly tokens: TokenSource;
  readonly budgets: CallRates;
  readonly clock: Clock;
  readonly log: Log;
  readonly endpoint: Endpoint;
  /** Hosts besides those of Azure storage: endings that begin with a dot, and whole names. */
  readonly resultHosts?: readonly string[];
  /** Origins besides the storage hosts that results may come from: the simulator's. */
  readonly resultOrigins?: readonly string[];
  /** Defender is itself on this machine, so its results may be too, on any port. */
  readonly resultsOnLoopback?: boolean;
  /** Milliseconds until the end of an answer. */
  readonly timeouts?: { readonly get: number; readonly post: number; readonly extra?: number };
  /** For metrics: called once for each exchange with Defender. */
  readonly observe?: (call: SeenCall<CallKind>) => void;
}

/** `extra`: reads that only add details to a card, while a person waits for it. */
const defaultTimeouts = { get: 20_000, post: 60_000, extra: 6_000 } as const;

/** Milliseconds. Shorter waits are slept through; longer ones are reported to the caller as `paced`. */
export const longestPauseMs = 2000;
/** Milliseconds between a failed GET and its only repeat. */
const repeatAfterMs = 250;
/**
 * Milliseconds of waiting after a 429 without a usable Retry-After; the same as clients in the field use.
 */
export const defaultRetryAfterMs = 60_000;
/** API answers are far smaller, since a page of 10,000 actions is never requested. */
const maxAnswerBytes = 4 * 1024 * 1024;

export class Calls {
  readonly #parts: DefenderParts;
  #renewing: Promise<Token | undefined> | undefined;

  constructor(parts: DefenderParts) {
    this.#parts = parts;
  }

  /**
   * The JSON answer to a GET. It is repeated once after a network failure or a 5xx.
   * @throws DefenderError
   */
  async get(kind: CallKind, path: string, timeout: Timeout = 'get'): Promise<unknown> {
    return await this.#read(kind, this.#url(path), timeout);
  }

  async #read(kind: CallKind, url: URL, timeout: Timeout): Promise<unknown> {
    const ask: Ask = { kind, method: 'GET', url, timeout };
    try {
      return await this.#call(ask);
    } catch (error) {
      if (
        !(error instanceof DefenderError) ||
        error.code !== 'unavailable' ||
        error.detail.cause instanceof TokenError
      )
        throw error;
      const pause = Math.max(repeatAfterMs, error.detail.retryAfterMs ?? 0);
      // To the server, the repeat is a call like any other, so it is made only if the budget has room for it.
      if (pause > longestPauseMs) throw error;
      await this.#parts.clock.sleep(pause);
      if (this.#parts.budgets.waitFor(kind, this.#parts.clock.elapsed()) > 0) throw error;
      return await this.#call(ask);
    }
  }

  /**
   * The JSON answer to a POST, which is sent once.
   * @throws DefenderError
   */
  async post(kind: 'submit' | 'cancel', path: string, body: string): Promise<unknown> {
    return await this.#call({ kind, method: 'POST', url: this.#url(path), body, timeout: 'post' });
  }

  /**
   * One page of a collection, and whether it is the whole collection.
   * @throws DefenderError
   */
  async page(kind: CallKind, path: string, timeout: Timeout): Promise<Collected> {
    const { items, next } = await this.#page(kind, this.#url(path), timeout);
    return { items, whole: next === undefined };
  }

  /**
   * The items of a collection. Next links are followed on our own origin, up to `maxPages` pages, and no
   * further once `enough` holds. What was read is returned even where the rest cannot be read; `whole` says
   * whether it is everything.
   * @throws DefenderError when the first page cannot be read
   */
  async pages(
    kind: CallKind,
    path: string,
    { maxPages, timeout = 'get', enough = () => false }: Paging,
  ): Promise<Collected> {
    let url = this.#url(path);
    const asked = new Set<string>();
    const items = new Map<string, unknown>();
    for (let page = 1; ; page += 1) {
      asked.add(url.href);
      const read =
        page === 1 ? await this.#page(kind, url, timeout) : await this.#laterPage(kind, url, timeout);
      if ('stopped' in read) return this.#partly(kind, items, read.stopped);
      const before = items.size;
      for (const item of read.items) if (!items.has(keyOf(item))) items.set(keyOf(item), item);
      if (read.next === undefined) return { items: [...items.values()], whole: true };
      if (enough([...items.values()])) return { items: [...items.values()], whole: false };
      const next = nextPage(read.next, url, new URL(this.#parts.endpoint.apiUrl));
      if (next === undefined)
        return this.#partly(kind, items, 'its next link does not lead to a page of the same collection');
      if (asked.has(next.href) || (read.items.length > 0 && items.size === before))
        return this.#partly(kind, items, 'its next link leads back to what was read');
      if (page >= maxPages) return this.#partly(kind, items, `it has more than ${maxPages} pages`);
      url = next;
    }
  }

  async #page(
    kind: CallKind,
    url: URL,
    timeout: Timeout,
  ): Promise<{ readonly items: readonly unknown[]; readonly next: string | undefined }> {
    const { items, next } = readPage(await this.#read(kind, url, timeout));
    if (items === undefined)
      throw new DefenderError('unreadable', `the answer to ${kind} is not a collection`, { call: kind });
    return { items, next };
  }

  async #laterPage(
    kind: CallKind,
    url: URL,
    timeout: Timeout,
  ): Promise<
    { readonly items: readonly unknown[]; readonly next: string | undefined } | { readonly stopped: string }
  > {
    try {
      return await this.#page(kind, url, timeout);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      return { stopped: `a later page could not be read: ${error.message}` };
    }
  }

  #partly(kind: CallKind, items: ReadonlyMap<string, unknown>, why: string): Collected {
    this.#parts.log.warn('defender.partlyRead', { kind, items: items.size, why });
    return { items: [...items.values()], whole: false };
  }

  #url(path: string): URL {
    return new URL(`${this.#parts.endpoint.apiUrl}${path}`);
  }

  async #call(ask: Ask): Promise<unknown> {
    try {
      return await this.#exchange(ask);
    } catch (error) {
      if (error instanceof DefenderError) {
        const { status, apiCode, target, retryAfterMs: retryAfter } = error.detail;
        this.#parts.log.info('defender.failed', {
          kind: ask.kind,
          code: error.code,
          status,
          apiCode,
          target,
          retryAfterMs: retryAfter,
        });
      }
      throw error;
    }
  }

  async #exchange(ask: Ask): Promise<unknown> {
    // The token comes first: its time-out must not lie between taking a slot and using it.
    const token = await this.#token(ask.kind, false);
    let answer = await this.#send(ask, token);
    if (answer.status === 401 && token !== undefined)
      answer = await this.#send(ask, await this.#anotherThan(ask.kind, token));
    if (answer.status < 200 || answer.status > 299)
      throw this.#refusal(ask, answer.status, readError(bodyOf(answer)), answer);
    const json = jsonOf(answer);
    if (json === undefined)
      throw new DefenderError(
        ask.kind === 'submit' ? 'ambiguous' : 'unreadable',
        `the answer to ${ask.kind} is not JSON`,
        { call: ask.kind, status: answer.status },
      );
    return json.value;
  }

  async #send(ask: Ask, token: Token | undefined): Promise<HttpAnswer> {
    const timeouts = { ...defaultTimeouts, ...this.#parts.timeouts };
    await this.#slot(ask.kind);
    const request: HttpRequest = {
      method: ask.method,
      url: ask.url,
      maxBytes: maxAnswerBytes,
      timeoutMs: timeouts[ask.timeout],
      unpack: true,
      connection: ask.method === 'GET' ? 'kept' : 'fresh',
      headers: {
        accept: 'application/json',
        // A proxy may pack the answer anyway; then it is unpacked within the same limit.
        'accept-encoding': 'identity',
        ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token.value.reveal()}` }),
      },
      ...(ask.body === undefined ? {} : { body: ask.body }),
    };
    const began = this.#parts.clock.elapsed();
    try {
      const answer = await this.#parts.http.send(request);
      this.#seen(ask.kind, answerClass(answer.status), began);
      return answer;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#seen(ask.kind, withoutAnswer(error), began);
      throw this.#broken(ask, error);
    }
  }

  #seen(kind: CallKind, answer: AnswerClass, began: number): void {
    const { clock, observe } = this.#parts;
    observe?.({ kind, answer, ms: clock.elapsed() - began });
  }

  /**
   * Takes a slot, sleeping through short waits.
   * @throws DefenderError `paced`
   */
  async #slot(kind: CallKind): Promise<void> {
    const { budgets, clock } = this.#parts;
    let patience = longestPauseMs;
    while (!budgets.take(kind, clock.elapsed())) {
      const wait = Math.ceil(budgets.waitFor(kind, clock.elapsed()));
      if (wait > patience) {
        throw new DefenderError(
          'paced',
          `our own limit for ${kind} is used up for ${Math.ceil(wait / 1000)} s`,
          { call: kind, retryAfterMs: wait },
        );
      }
      patience -= wait;
      await clock.sleep(wait);
    }
  }

  /**
   * A token after a 401. Another call with the same 401 may have renewed it already; then that token is used,
   * because Entra ID counts each renewal as a sign-in and throttles many of them.
   */
  async #anotherThan(call: CallKind, refused: Token): Promise<Token | undefined> {
    const held = this.#renewing === undefined ? await this.#token(call, false) : undefined;
    return held !== undefined && held.value.reveal() !== refused.value.reveal()
      ? held
      : await this.#token(call, true);
  }

  async #token(call: CallKind, renew: boolean): Promise<Token | undefined> {
    try {
      if (!renew) return await this.#parts.tokens.getToken(this.#parts.endpoint.scope);
      // Many calls may have the same expired token at once; one renewal serves them all.
      this.#renewing ??= this.#parts.tokens
        .getToken(this.#parts.endpoint.scope, true)
        .finally(() => (this.#renewing = undefined));
      return await this.#renewing;
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw new DefenderError(error.code === 'refused' ? 'unauthorized' : 'unavailable', error.message, {
        call,
        cause: error,
      });
    }
  }

  /** The error of an answer that is not complete. Where its head arrived, the status still counts. */
  #broken(ask: Ask, error: HttpError): DefenderError {
    if (error.status !== undefined && error.status >= 400) return this.#refusal(ask, error.status, {});
    const detail = {
      call: ask.kind,
      cause: error,
      ...(error.status === undefined ? {} : { status: error.status }),
    };
    if (error.code === 'notSent') return new DefenderError('unavailable', error.message, detail);
    if (ask.kind === 'submit')
      return new DefenderError(
        'ambiguous',
        `it is not known whether the submission arrived: ${error.message}`,
        detail,
      );
    return new DefenderError(
      error.code === 'ambiguous' ? 'unavailable' : 'unreadable',
      error.message,
      detail,
    );
  }

  /**
   * Decided by status and `error.code`. The message decides only whether a device is busy, because some
   * answers say it nowhere else.
   */
  #refusal(ask: Ask, status: number, said: WireError, answer?: HttpAnswer): DefenderError {
    const { budgets, clock } = this.#parts;
    const code = codeOf(ask.kind, status, answer !== undefined && isPage(answer) ? undefined : said);
    let retryAfter = answer === undefined ? undefined : retryAfterMs(answer, clock.now());
    if (code === 'throttled') {
      retryAfter = Math.min(maxPenaltyMs, Math.max(1000, retryAfter ?? defaultRetryAfterMs));
      budgets.backOff(ask.kind, clock.elapsed() + retryAfter);
    }
    const message = `Defender answered ${status}${said.apiCode === undefined ? '' : ` ${said.apiCode}`} to ${ask.kind}`;
    return new DefenderError(code, message, {
      call: ask.kind,
      status,
      ...shownParts(said),
      ...(retryAfter === undefined ? {} : { retryAfterMs: Math.min(maxPenaltyMs, retryAfter) }),
    });
  }
}

/** Where the head of an answer arrived, its status counts, as it does for the caller. */
function withoutAnswer({ status, code }: HttpError): AnswerClass {
  if (status !== undefined && status >= 400) return answerClass(status);
  return code === 'notSent' ? 'notSent' : 'lost';
}

export interface Paging {
  readonly maxPages: number;
  readonly timeout?: Timeout;
  /** No further page is requested once this is true of what was read so far; the rest is not needed. */
  readonly enough?: (items: readonly unknown[]) => boolean;
}

type Timeout = keyof typeof defaultTimeouts;

interface Ask {
  readonly timeout: Timeout;
  readonly kind: CallKind;
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly body?: string;
}
