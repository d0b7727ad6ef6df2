// Client of Slack's Web API: every call is made once, within ten seconds, and never repeated by the SDK; a 429
// stalls its own method alone.
import { WebClient } from '@slack/web-api';
import type { Logger, WebClientOptions } from '@slack/web-api';
import type { Clock, Keeper, Log } from '../../../liveResponse/ports.ts';
import { failureOf, SlackFailure } from './slackFailure.ts';
import type { SlackFetch } from './slackFetch.ts';
import { callsAtOnce, callTimeout, tokenRetry } from '../limits.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';

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

export interface WebApiOptions {
  readonly token: string;
  readonly apiUrl: string;
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly log: Log;
  readonly logger: Logger;
  readonly fetch: SlackFetch;
  /** Milliseconds; `callTimeout` by default. */
  readonly timeout?: number;
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
export function clientOptions(
  options: Pick<WebApiOptions, 'apiUrl' | 'logger' | 'fetch' | 'timeout'>,
): WebClientOptions {
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
  /** Elapsed time at which each method may be called again: a wall clock that is set back must not stall it. */
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

  stalledFor(method: string): number {
    return Math.max(0, (this.#stalls.get(method) ?? 0) - this.#options.clock.elapsed());
  }

  tokenTrouble(): string | undefined {
    return this.#refusedToken?.error;
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

  unreached(): string | undefined {
    return this.#silence === undefined || this.#silence.calls < silentCalls
      ? undefined
      : `Slack has not answered the last ${this.#silence.calls} calls, since ${new Date(this.#silence.since).toISOString()}: ${this.#silence.error}. It is tried again by itself.`;
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

  async call(method: string, args: Fields): Promise<Fields> {
    const wait = this.stalledFor(method);
    if (wait > 0) throw new SlackFailure('throttled', method, 'ratelimited', { retryAfterMs: wait });
    if (this.#refusedToken !== undefined) {
      if (this.#options.clock.elapsed() < this.#refusedToken.retryAt)
        throw new SlackFailure('token', method, this.#refusedToken.error);
      this.#refusedToken = { ...this.#refusedToken, retryAt: this.#options.clock.elapsed() + tokenRetry };
    }
    try {
      const answer = await this.#client.apiCall(method, { ...args });
      this.#answered();
      if (this.#refusedToken !== undefined) this.#options.log.info('slackTokenAccepted', {});
      this.#refusedToken = undefined;
      return recordOf(answer);
    } catch (error) {
      const failure = failureOf(method, error);
      if (failure.kind === 'unsent' || failure.kind === 'lost')
        this.#unanswered(failure.way ?? failure.slackError);
      else this.#answered();
      if (failure.kind === 'throttled') {
        this.#stalls.set(method, this.#options.clock.elapsed() + (failure.retryAfterMs ?? 0));
        this.#options.log.warn('slackThrottled', { method, retryAfterMs: failure.retryAfterMs });
      }
      if (failure.kind === 'token') {
        if (this.#refusedToken === undefined)
          this.#options.log.error('slackTokenRefused', { method, error: failure.slackError });
        this.#refusedToken = {
          error: failure.slackError,
          retryAt: this.#options.clock.elapsed() + tokenRetry,
        };
      }
      throw failure;
    }
  }
}
