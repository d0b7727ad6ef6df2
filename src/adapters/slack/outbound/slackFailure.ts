// Failures of calls to Slack's Web API: their kinds, and whether the call may have happened all the same.
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from '@slack/web-api';
import { hadConnected } from '../../outbound/wayOut.ts';
import type { WayOut } from '../../outbound/wayOut.ts';
import { meaningOf } from './errorWords.ts';
import { defaultRetryAfter, longestRetryAfter } from '../limits.ts';
import { recordOf, textsOf } from '../../../liveResponse/text/json.ts';

/**
 * `refused`: Slack answered no, and nothing happened. `lost`: no answer to a call that may have happened.
 * `unsent`: it surely did not reach Slack. `throttled`: not taken, again after `retryAfterMs`.
 * `token`: our token is not accepted any more.
 */
export type FailureKind = 'refused' | 'lost' | 'unsent' | 'throttled' | 'token';

export class SlackFailure extends Error {
  readonly kind: FailureKind;
  readonly method: string;
  /** Slack's own word, such as `message_not_found`; for people and for branching. */
  readonly slackError: string;
  readonly retryAfterMs: number | undefined;
  /** What lies between the bot and Slack, with the next step, where that is the matter. */
  readonly way: string | undefined;
  /** What Slack says about blocks: sentences with JSON pointers. */
  readonly details: readonly string[];
  constructor(
    kind: FailureKind,
    method: string,
    slackError: string,
    more: {
      readonly retryAfterMs?: number;
      readonly details?: readonly string[];
      readonly way?: string;
      readonly cause?: unknown;
    } = {},
  ) {
    super(`Slack ${method}: ${slackError}`, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'SlackFailure';
    this.kind = kind;
    this.method = method;
    this.slackError = slackError;
    this.retryAfterMs = more.retryAfterMs;
    this.details = more.details ?? [];
    this.way = more.way;
  }
}

/**
 * A call that got no answer. `code` is the socket's own, such as ECONNREFUSED, `timeout`, or that of what
 * lies between, which `way` describes.
 */
export class NoAnswer extends Error {
  readonly code: string;
  readonly way: WayOut | undefined;
  constructor(code: string, cause: unknown, way?: WayOut) {
    super(`no answer (${code})`, { cause });
    this.name = 'NoAnswer';
    this.code = code;
    this.way = way;
  }
}

/** The connection was never made, so Slack never saw the call. */
const unmade = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export function failureOf(method: string, error: unknown): SlackFailure {
  if (error instanceof SlackFailure) return error;
  if (error instanceof WebAPIRateLimitedError) return throttled(method, error.retryAfter, error);
  if (error instanceof WebAPIPlatformError) return platformFailure(method, error);
  if (error instanceof WebAPIHTTPError)
    return new SlackFailure(kindOfStatus(error.statusCode), method, `http_${error.statusCode}`, {
      cause: error,
    });
  if (error instanceof WebAPIRequestError) {
    const { code, way } =
      error.original instanceof NoAnswer ? error.original : { code: 'no_answer', way: undefined };
    return new SlackFailure(
      way?.unsent === true || (way === undefined && unmade.has(code) && !hadConnected(error.original))
        ? 'unsent'
        : 'lost',
      method,
      code,
      { cause: error, ...(way === undefined ? {} : { way: way.words }) },
    );
  }
  // The SDK has no class for a 429 without a usable Retry-After.
  if (messageOf(error).startsWith('Retry header did not contain')) return throttled(method, undefined, error);
  return new SlackFailure('lost', method, 'no_answer', { cause: error });
}

/** An HTTP status without a word of Slack's is that of a server in between. */
function kindOfStatus(status: number): FailureKind {
  if (status === 401 || status === 407) return 'unsent';
  return status === 408 || status >= 500 || status < 400 ? 'lost' : 'refused';
}

function platformFailure(method: string, error: WebAPIPlatformError): SlackFailure {
  const said = recordOf(error.data);
  const word = typeof said['error'] === 'string' ? said['error'] : '';
  const metadata = recordOf(said['response_metadata']);
  const meaning = meaningOf(word);
  if (meaning === 'throttled')
    return throttled(
      method,
      typeof metadata['retryAfter'] === 'number' ? metadata['retryAfter'] : undefined,
      error,
    );
  // A body that is no JSON, such as a proxy's error page, becomes the SDK's `error`: it says nothing about
  // what happened.
  if (!/^[a-z][a-z0-9_]{1,80}$/.test(word))
    return new SlackFailure('lost', method, 'unreadable_answer', { cause: error });
  if (meaning === 'token') return new SlackFailure('token', method, word, { cause: error });
  const details = [...detailsIn(said['errors']), ...detailsIn(metadata['messages'])];
  return new SlackFailure(meaning === 'lost' ? 'lost' : 'refused', method, word, { details, cause: error });
}

function throttled(method: string, seconds: number | undefined, cause: unknown): SlackFailure {
  const ms =
    seconds === undefined || !Number.isFinite(seconds) || seconds < 0
      ? defaultRetryAfter
      : Math.min(longestRetryAfter, Math.max(1, seconds) * 1000);
  return new SlackFailure('throttled', method, 'ratelimited', { retryAfterMs: ms, cause });
}

function detailsIn(value: unknown): readonly string[] {
  return textsOf(value).map((one) => one.slice(0, 300));
}

/** Read by shape, as errors of another realm are no instances of ours. */
export function messageOf(error: unknown): string {
  const { message } = recordOf(error);
  return typeof message === 'string' ? message : String(error);
}
