// The one door to Slack's Web API: every call once, within ten seconds, never repeated behind our back; a 429
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

export function createWebApi(options: WebApiOptions): WebApi {
  const { clock, log } = options;
  const client = new WebClient(options.token, clientOptions(options));
  const stalls = new Map<string, number>();
  /** Times are elapsed: a wall clock that is set back must not keep a method stalled. */
  let silence: { readonly calls: number; readonly since: number; readonly error: string } | undefined;
  let answeredAt = -Infinity;
  let lookedAt = -Infinity;
  let refusedToken: { readonly error: string; readonly retryAt: number } | undefined;

  const stalledFor = (method: string): number => Math.max(0, (stalls.get(method) ?? 0) - clock.elapsed());

  function answered(): void {
    answeredAt = clock.elapsed();
    if (silence !== undefined && silence.calls >= silentCalls) log.info('slackReached', {});
    silence = undefined;
  }

  function unanswered(error: string): void {
    silence = { calls: (silence?.calls ?? 0) + 1, since: silence?.since ?? clock.now(), error };
    if (silence.calls === silentCalls) log.warn('slackUnreached', { error });
  }

  function unreached(): string | undefined {
    return silence === undefined || silence.calls < silentCalls
      ? undefined
      : `Slack has not answered the last ${silence.calls} calls, since ${new Date(silence.since).toISOString()}: ${silence.error}. It is tried again by itself.`;
  }

  /** Whether a look is due, and why. */
  function due(): string | undefined {
    const now = clock.elapsed();
    if (now - lookedAt < lookAgain) return undefined;
    if (silence !== undefined) return silence.error;
    return now - answeredAt < lookEvery ? undefined : 'nothing was heard of Slack for a while';
  }

  async function look(): Promise<boolean> {
    lookedAt = clock.elapsed();
    const before = unreached();
    try {
      await call('auth.test', {});
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
    }
    return before !== undefined && unreached() === undefined;
  }

  async function call(method: string, args: Fields): Promise<Fields> {
    const wait = stalledFor(method);
    if (wait > 0) throw new SlackFailure('throttled', method, 'ratelimited', { retryAfterMs: wait });
    if (refusedToken !== undefined) {
      if (clock.elapsed() < refusedToken.retryAt) throw new SlackFailure('token', method, refusedToken.error);
      refusedToken = { ...refusedToken, retryAt: clock.elapsed() + tokenRetry };
    }
    try {
      const answer = await client.apiCall(method, { ...args });
      answered();
      if (refusedToken !== undefined) log.info('slackTokenAccepted', {});
      refusedToken = undefined;
      return recordOf(answer);
    } catch (error) {
      const failure = failureOf(method, error);
      if (failure.kind === 'unsent' || failure.kind === 'lost') unanswered(failure.way ?? failure.slackError);
      else answered();
      if (failure.kind === 'throttled') {
        stalls.set(method, clock.elapsed() + (failure.retryAfterMs ?? 0));
        log.warn('slackThrottled', { method, retryAfterMs: failure.retryAfterMs });
      }
      if (failure.kind === 'token') {
        if (refusedToken === undefined) log.error('slackTokenRefused', { method, error: failure.slackError });
        refusedToken = { error: failure.slackError, retryAt: clock.elapsed() + tokenRetry };
      }
      throw failure;
    }
  }

  return {
    stalledFor,
    tokenTrouble: () => refusedToken?.error,
    unreached,
    keeper: { name: 'slack', trouble: due, recover: look },
    call,
  };
}
