// What a failed call to the connector means for us: whether it may have happened, whether to try again, and when. The table is shown in docs/chat-failures.md.
import type { ChatErrorCode } from '../../bot/ports.ts';

export interface Failure {
  readonly code: ChatErrorCode;
  readonly message: string;
  /** Milliseconds, where Teams named a pause. */
  readonly retryAfterMs?: number;
  /** Set when the fault is in our set-up or in the way to Microsoft, for /readyz. */
  readonly ours?: string;
}

interface Meaning {
  readonly code: ChatErrorCode;
  /** Of an update, where that differs: a card is not there, but its place may be. */
  readonly update?: ChatErrorCode;
}

/** Teams' own words, whatever the status: a place, not a message, that is no more or never was ours (msteams-docs: bots/how-to/conversations/send-proactive-messages.md). */
export const placeWords: Readonly<Record<string, string>> = {
  BotNotInConversationRoster: 'the app is not in this conversation. Add it there again.',
  ConversationNotFound: 'the app does not know this conversation. Add it there again, or correct the id in the policy.',
  ThreadNotFound: 'this conversation is not there any more.',
  ConversationBlockedByUser: 'this person has blocked the app.',
  MessageWritesBlocked: 'the app is blocked here, or was removed.',
  ForbiddenOperationException: 'a policy keeps the app from writing here.',
  BotDisabledByAdmin: 'an administrator has disabled the app.',
};

export const statuses: Readonly<Record<number, Meaning>> = {
  400: { code: 'rejected' },
  401: { code: 'unavailable' },
  403: { code: 'closed' },
  404: { code: 'closed', update: 'gone' },
  407: { code: 'unavailable' },
  // Neither this nor a 5xx says that the message was not taken before it was said (openclaw/openclaw#121116).
  408: { code: 'ambiguous' },
  409: { code: 'rejected' },
  410: { code: 'closed', update: 'gone' },
  412: { code: 'throttled' },
  413: { code: 'rejected' },
  429: { code: 'throttled' },
};

/** Failures before a byte of the request left. */
const notSent = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN']);
/** Longest Retry-After obeyed; longer ones are a broken server. Milliseconds. */
const longestPause = 600_000;

/** `what` names the call: `post`, `update`, … */
export function failureOf(error: unknown, what: string, now: number): Failure {
  const { name, code, status, retryAfter } = read(error);
  if (status === undefined) return withoutAnswer(name, code, what);
  const place = code === undefined ? undefined : placeWords[code];
  const said = `Teams answered ${what} with ${status}${code === undefined ? '' : ` ${code.slice(0, 60)}`}`;
  const message = place === undefined ? said : `Teams: ${place} (${status} ${code ?? ''})`;
  if (place !== undefined && status >= 400 && status < 500) return { code: 'closed', message };
  const meaning = meaningOf(status, what);
  if (meaning === 'throttled') {
    const pause = pauseOf(retryAfter, now);
    return { code: meaning, message, ...(pause === undefined ? {} : { retryAfterMs: pause }) };
  }
  if (status === 401) return { code: meaning, message, ours: 'Teams refused our token (401): check MicrosoftAppId, its secret and its tenant' };
  return { code: meaning, message };
}

function meaningOf(status: number, what: string): ChatErrorCode {
  const known = statuses[status];
  if (known !== undefined) return what === 'update' ? (known.update ?? known.code) : known.code;
  // Done, but with an answer that cannot be read. Redirects are not followed.
  return status < 300 || status >= 500 ? 'ambiguous' : 'rejected';
}

function withoutAnswer(name: string, code: string | undefined, what: string): Failure {
  if (name === 'AbortError') return { code: 'ambiguous', message: `${what}: Teams did not answer in time`, ours: 'Teams did not answer in time' };
  if (code !== undefined && notSent.has(code)) return { code: 'unavailable', message: `${what}: Teams cannot be reached (${code})`, ours: `Teams cannot be reached (${code})` };
  if (name === 'RestError') return { code: 'ambiguous', message: `${what}: the connection to Teams broke (${code ?? 'no code'})`, ours: 'the connection to Teams broke' };
  // Signing comes before sending; MSAL's messages repeat requests, so only the kind is told.
  return { code: 'unavailable', message: `${what}: no token for Teams (${name})`, ours: `no token for Teams could be had (${name}): check MicrosoftAppId, its secret and its tenant` };
}

function read(error: unknown): { readonly name: string; readonly code: string | undefined; readonly status: number | undefined; readonly retryAfter: string | undefined } {
  if (typeof error !== 'object' || error === null) return { name: 'unknown', code: undefined, status: undefined, retryAfter: undefined };
  const { name, code, statusCode, response } = error as { readonly name?: unknown; readonly code?: unknown; readonly statusCode?: unknown; readonly response?: { readonly headers?: { get?(name: string): unknown } } };
  const retryAfter = response?.headers?.get?.('retry-after');
  return {
    name: typeof name === 'string' ? name : 'unknown',
    code: typeof code === 'string' ? code : undefined,
    status: typeof statusCode === 'number' ? statusCode : undefined,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  };
}

/** Retry-After in seconds or as a date. */
function pauseOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const ms = /^\d{1,6}(\.\d+)?$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, longestPause) : undefined;
}
