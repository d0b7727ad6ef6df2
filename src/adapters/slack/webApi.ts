// The one door to Slack's Web API: every call once, within ten seconds, never repeated behind our back; a 429 stalls its own method alone.
import { WebClient } from '@slack/web-api';
import type { Logger, WebClientOptions } from '@slack/web-api';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { asRecord, failureOf, SlackFailure } from './errors.ts';
import type { SlackFetch } from './outgoing.ts';
import { callsAtOnce, callTimeout, tokenRetry } from './limits.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface WebApi {
  /** @throws SlackFailure */
  call(method: string, args: Fields): Promise<Fields>;
  /** Milliseconds until this method may be called again, 0 being now. */
  stalledFor(method: string): number;
  /** Why Slack does not accept our token, while it does not. */
  tokenTrouble(): string | undefined;
}

export interface WebApiOptions {
  readonly token: string;
  readonly apiUrl: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly logger: Logger;
  readonly fetch: SlackFetch;
  /** Milliseconds; `callTimeout` by default. */
  readonly timeout?: number;
}

/** Fresh objects each time: the SDK changes the options it is given, and what Socket Mode puts in must not reach these clients. */
export function clientOptions(options: Pick<WebApiOptions, 'apiUrl' | 'logger' | 'fetch' | 'timeout'>): WebClientOptions {
  return {
    slackApiUrl: options.apiUrl,
    logger: options.logger,
    timeout: options.timeout ?? callTimeout,
    maxRequestConcurrency: callsAtOnce,
    // A repeated chat.postMessage is a second card: the SDK would repeat it up to ten times after a cut connection.
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
  let refusedToken: { readonly error: string; readonly retryAt: number } | undefined;

  const stalledFor = (method: string): number => Math.max(0, (stalls.get(method) ?? 0) - clock.now());

  return {
    stalledFor,
    tokenTrouble: () => refusedToken?.error,
    async call(method, args) {
      const wait = stalledFor(method);
      if (wait > 0) throw new SlackFailure('throttled', method, 'ratelimited', { retryAfterMs: wait });
      if (refusedToken !== undefined) {
        if (clock.now() < refusedToken.retryAt) throw new SlackFailure('token', method, refusedToken.error);
        refusedToken = { ...refusedToken, retryAt: clock.now() + tokenRetry };
      }
      try {
        const answer = await client.apiCall(method, { ...args });
        if (refusedToken !== undefined) log.info('slackTokenAccepted', {});
        refusedToken = undefined;
        return asRecord(answer);
      } catch (error) {
        const failure = failureOf(method, error);
        if (failure.kind === 'throttled') {
          stalls.set(method, clock.now() + (failure.retryAfterMs ?? 0));
          log.warn('slackThrottled', { method, retryAfterMs: failure.retryAfterMs });
        }
        if (failure.kind === 'token') {
          if (refusedToken === undefined) log.error('slackTokenRefused', { method, error: failure.slackError });
          refusedToken = { error: failure.slackError, retryAt: clock.now() + tokenRetry };
        }
        throw failure;
      }
    },
  };
}
