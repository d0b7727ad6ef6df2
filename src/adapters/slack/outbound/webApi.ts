// Client of Slack's Web API: every call is made once, within ten seconds, and never repeated by the SDK; a 429 stalls
// its own method alone. And the rates of writing: one message a second in each channel, urgent ones first.
import { LogLevel, WebClient } from '@slack/web-api';
import type { Logger, WebClientOptions } from '@slack/web-api';
import { SlidingWindow } from '../../../liveResponse/pacing/slidingWindow.ts';
import type { Urgency } from '../../../bot/ports.ts';
import type { Clock, Keeper, Log } from '../../../liveResponse/ports.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';
import { codeOf } from '../../clock.ts';
import { answerClass } from '../../outbound/answerClass.ts';
import type { AnswerClass, ChatCallKind, ObserveChatCall } from '../../outbound/answerClass.ts';
import { WaitingLine } from '../../outbound/waitingLine.ts';
import { wayOutTrouble } from '../../outbound/wayOut.ts';
import { callsAtOnce, callTimeout, postGap, tokenRetry, updatesPerMinute } from '../limits.ts';
import { failureOf, NoAnswer, SlackFailure } from './slackFailure.ts';

export type SlackFetch = NonNullable<WebClientOptions['fetch']>;

export type Fields = Readonly<Record<string, unknown>>;

export interface WebApi {
  /** @throws SlackFailure */
  call(method: string, args: Fields): Promise<Fields>;
  /** Milliseconds until this method may be called again, 0 being now. */
  stalledFor(method: string): number;
  /** Why Slack does not accept our token, while it does not. */
  tokenTrouble(): string | undefined;
  /** Why Slack counts as out of reach, after several calls in a row without an answer. */
  unreached(): string | undefined;
  /**
   * Asks Slack for a sign of life when there was none for a while: nobody may be there to see that it is
   * gone, or back.
   */
  readonly keeper: Keeper;
}

/** How Slack is reached, by every client alike. */
export interface Connection {
  readonly apiUrl: string;
  readonly logger: Logger;
  readonly fetch: SlackFetch;
  /** For each call, in milliseconds; `callTimeout` by default. */
  readonly timeout?: number | undefined;
}

export interface WebApiOptions extends Connection {
  readonly token: string;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly log: Log;
  /** For metrics: called once for each call that was made. */
  readonly observe?: ObserveChatCall | undefined;
}

/** Calls in a row without an answer after which Slack counts as out of reach; one may be lost on any day. */
const silentCalls = 3;
/**
 * Without an answer for so long, one call asks for a sign of life; after one without an answer, sooner.
 * Milliseconds.
 */
const lookEvery = 5 * 60_000;
const lookAgain = 5_000;

/**
 * Fresh objects each time: the SDK changes the options it is given, and what Socket Mode puts in must not
 * reach these clients.
 */
export function clientOptions(options: Connection): WebClientOptions {
  return {
    slackApiUrl: options.apiUrl,
    logger: options.logger,
    timeout: options.timeout ?? callTimeout,
    maxRequestConcurrency: callsAtOnce,
    // A repeated chat.postMessage is a second card: the SDK would repeat it up to ten times after a cut
    // connection.
    retryConfig: { retries: 0 },
    // The SDK's own waiting stops every call of the client, not only the throttled method.
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    fetch: options.fetch,
  };
}

export class SlackWebApi implements WebApi {
  readonly #options: WebApiOptions;
  readonly #client: WebClient;
  /**
   * Elapsed time at which each method may be called again: a wall clock that is set back must not stall it.
   */
  readonly #stalls = new Map<string, number>();
  #silence: { readonly calls: number; readonly since: number; readonly error: string } | undefined;
  #answeredAt = -Infinity;
  #lookedAt = -Infinity;
  #refusedToken: { readonly error: string; readonly retryAt: number } | undefined;
  readonly keeper: Keeper = { name: 'slack', trouble: () => this.#due(), recover: () => this.#look() };

  constructor(options: WebApiOptions) {
    this.#options = options;
    this.#client = new WebClient(options.token, clientOptions(options));
  }

  async call(method: string, args: Fields): Promise<Fields> {
    const wait = this.stalledFor(method);
    if (wait > 0) throw new SlackFailure('throttled', method, 'ratelimited', { retryAfterMs: wait });
    if (this.#refusedToken !== undefined) {
      if (this.#options.clock.elapsed() < this.#refusedToken.retryAt)
        throw new SlackFailure('token', method, this.#refusedToken.error);
      this.#refusedToken = { ...this.#refusedToken, retryAt: this.#options.clock.elapsed() + tokenRetry };
    }
    const began = this.#options.clock.elapsed();
    try {
      const answer = await this.#client.apiCall(method, { ...args });
      this.#seen(method, '2xx', began);
      this.#answered();
      if (this.#refusedToken !== undefined) this.#options.log.info('slackTokenAccepted', {});
      this.#refusedToken = undefined;
      return recordOf(answer);
    } catch (error) {
      const failure = this.#failed(method, error);
      this.#seen(method, classOf(failure), began);
      throw failure;
    }
  }

  stalledFor(method: string): number {
    return Math.max(0, (this.#stalls.get(method) ?? 0) - this.#options.clock.elapsed());
  }

  tokenTrouble(): string | undefined {
    return this.#refusedToken?.error;
  }

  unreached(): string | undefined {
    return this.#silence === undefined || this.#silence.calls < silentCalls
      ? undefined
      : `Slack has not answered the last ${this.#silence.calls} calls, since ${new Date(this.#silence.since).toISOString()}: ${this.#silence.error}. It is tried again by itself.`;
  }

  #seen(method: string, answer: AnswerClass, began: number): void {
    const { clock, observe } = this.#options;
    observe?.({ kind: kindsOf[method] ?? 'read', answer, ms: clock.elapsed() - began });
  }

  #answered(): void {
    this.#answeredAt = this.#options.clock.elapsed();
    if (this.#silence !== undefined && this.#silence.calls >= silentCalls)
      this.#options.log.info('slackReached', {});
    this.#silence = undefined;
  }

  #unanswered(error: string): void {
    this.#silence = {
      calls: (this.#silence?.calls ?? 0) + 1,
      since: this.#silence?.since ?? this.#options.clock.now(),
      error,
    };
    if (this.#silence.calls === silentCalls) this.#options.log.warn('slackUnreached', { error });
  }

  /** What a failed call says about Slack, remembered for the calls after it. */
  #failed(method: string, error: unknown): SlackFailure {
    const { clock, log } = this.#options;
    const failure = failureOf(method, error);
    const { kind, slackError, retryAfterMs } = failure;
    if (kind === 'unsent' || kind === 'lost') this.#unanswered(failure.way ?? slackError);
    else this.#answered();
    if (kind === 'throttled') {
      this.#stalls.set(method, clock.elapsed() + (retryAfterMs ?? 0));
      log.warn('slackThrottled', { method, retryAfterMs });
    }
    if (kind === 'token') {
      if (this.#refusedToken === undefined) log.error('slackTokenRefused', { method, error: slackError });
      this.#refusedToken = { error: slackError, retryAt: clock.elapsed() + tokenRetry };
    }
    return failure;
  }

  /** Whether a look is due, and why. */
  #due(): string | undefined {
    const now = this.#options.clock.elapsed();
    if (now - this.#lookedAt < lookAgain) return undefined;
    if (this.#silence !== undefined) return this.#silence.error;
    return now - this.#answeredAt < lookEvery ? undefined : 'nothing was heard of Slack for a while';
  }

  async #look(): Promise<boolean> {
    this.#lookedAt = this.#options.clock.elapsed();
    const before = this.unreached();
    try {
      await this.call('auth.test', {});
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
    }
    return before !== undefined && this.unreached() === undefined;
  }
}

/** What a method does, where it does not only read. */
const kindsOf: Readonly<Record<string, ChatCallKind>> = {
  'chat.postMessage': 'post',
  'chat.update': 'update',
  'chat.postEphemeral': 'private',
  'views.open': 'form',
  'views.update': 'form',
};

function classOf({ kind, slackError }: SlackFailure): AnswerClass {
  if (kind === 'throttled') return '429';
  if (kind === 'unsent') return 'notSent';
  if (kind !== 'lost') return '4xx';
  const status = /^http_(\d{3})$/.exec(slackError)?.[1];
  return status === undefined ? 'lost' : answerClass(Number(status));
}

/**
 * The fetch of every call to Slack: a call without an answer fails with a code, no matter how deep the HTTP
 * client buries the cause. `timeout` in milliseconds. `heard` gets the Date header of every answer.
 * `proxyFor` names the proxy by which a host is reached.
 */
export function slackFetch(
  fetchNow: SlackFetch,
  timeout: number = callTimeout,
  heard: (date: string | null) => void = () => undefined,
  proxyFor: (hostname: string) => string | undefined = () => undefined,
): SlackFetch {
  return async (url, init) => {
    try {
      // The SDK sets a signal of its own for Web API calls; what it forgets ends here.
      const signal = init?.signal ?? AbortSignal.timeout(timeout);
      const answer = await fetchNow(url, { ...init, signal });
      heard(answer.headers.get('date'));
      return answer;
    } catch (error) {
      const { hostname } = new URL(url instanceof Request ? url.url : url);
      const way = wayOutTrouble(error, hostname, proxyFor(hostname));
      throw new NoAnswer(way?.code ?? noAnswerCode(error), error, way);
    }
  };
}

/** The first code down the chain of causes; else `timeout` or `failed`. */
function noAnswerCode(error: unknown): string {
  let current: unknown = error;
  let name = 'failed';
  for (let depth = 0; depth < 6 && typeof current === 'object' && current !== null; depth += 1) {
    const code = codeOf(current);
    if (code !== '') return code;
    const { cause, name: called } = current as { readonly cause?: unknown; readonly name?: unknown };
    if (called === 'TimeoutError') name = 'timeout';
    current = cause;
  }
  return name;
}

/** Longer lines of the SDK are cut: its error texts may quote what it was sent. Characters. */
const longestLine = 500;

/**
 * The logger of Bolt and its clients, over our log. Their debug lines contain whole bodies, links and
 * response addresses, so nothing below "warn" is taken.
 */
export function boltLogger(log: Log): Logger {
  return new SdkLogger(log);
}

class SdkLogger implements Logger {
  readonly #log: Log;
  #name = 'slack';

  constructor(log: Log) {
    this.#log = log;
  }

  debug(): void {
    return undefined;
  }

  info(): void {
    return undefined;
  }

  warn(...parts: unknown[]): void {
    this.#log.warn('slackSdk', { name: this.#name, said: lineOf(parts) });
  }

  error(...parts: unknown[]): void {
    this.#log.error('slackSdk', { name: this.#name, said: lineOf(parts) });
  }

  setLevel(): void {
    return undefined;
  }

  /** Constant: the SDK asks for the level before it builds its debug lines. */
  getLevel(): LogLevel {
    return LogLevel.WARN;
  }

  setName(name: string): void {
    this.#name = name;
  }
}

function lineOf(parts: readonly unknown[]): string {
  return redacted(parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ')).slice(
    0,
    longestLine,
  );
}

/** Without tokens, response addresses, socket tickets and signed links. */
function redacted(text: string): string {
  return text
    .replace(/x(?:ox[a-z]|app)-[\w-]+/gi, '[token]')
    .replace(/(?:https?|wss?):\/\/[^\s"'<>]+/gi, '[address]')
    .replace(/\bsig=[^\s&"']+/gi, '[signature]');
}

export class WriteRates {
  readonly #clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly #stalledFor: (method: string) => number;
  readonly #stopped = new AbortController();
  /** Messages by channel; idle channels are dropped when there are many. */
  readonly #posts = new Map<string, SlidingWindow>();
  readonly #updates = new SlidingWindow([{ limit: updatesPerMinute, ms: 60_000 }]);
  readonly #line: WaitingLine;

  /**
   * `stalledFor` is how long a 429 holds a method back, so that a turn is given only when it can be used.
   */
  constructor(clock: Pick<Clock, 'elapsed' | 'sleep'>, stalledFor: (method: string) => number) {
    this.#clock = clock;
    this.#stalledFor = stalledFor;
    const pace = {
      wait: (now: number): number => Math.max(this.#updates.wait(now), stalledFor('chat.update')),
      took: (now: number): void => {
        this.#updates.add(now);
      },
    };
    this.#line = new WaitingLine(clock, pace, this.#stopped.signal);
  }

  /** Resolves when a message may be posted in this channel; false when stopped meanwhile. */
  async post(channel: string): Promise<boolean> {
    const now = this.#clock.elapsed();
    const posts = this.#posts;
    if (posts.size > 1_000) for (const [key, window] of posts) if (window.isIdle(now)) posts.delete(key);
    const window = posts.get(channel) ?? new SlidingWindow([{ limit: 1, ms: postGap }]);
    posts.set(channel, window);
    const mine = window.reserve(now + this.#stalledFor('chat.postMessage'));
    if (mine > now) await this.#clock.sleep(mine - now, this.#stopped.signal);
    return !this.#isStopped();
  }

  /**
   * Resolves when a card may be updated; false when stopped meanwhile. Urgent ones overtake the others that
   * wait.
   */
  update(urgent: Urgency): Promise<boolean> {
    return this.#line.turn(urgent);
  }

  /** How many updates wait for their turn. */
  waiting(): number {
    return this.#line.length;
  }

  stop(): void {
    this.#stopped.abort();
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }
}
