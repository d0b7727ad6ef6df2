// Failures of calls to the connector: whether the call may have happened, whether to try again, and when. The
// table is shown in docs/chat-failures.md.
import type { ChatErrorCode } from '../../../bot/ports.ts';
import type { Fault } from '../protocol.ts';

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

/**
 * Teams' own words, whatever the status: a place, not a message, that is no more or never was ours
 * (msteams-docs: bots/how-to/conversations/send-proactive-messages.md).
 */
export const placeWords: Readonly<Record<string, string>> = {
  BotNotInConversationRoster: 'the app is not in this conversation. Add it there again.',
  ConversationNotFound:
    'the app does not know this conversation. Add it there again, or correct the id in the policy.',
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

/** Longest Retry-After obeyed; longer ones are a broken server. Milliseconds. */
const longestPause = 600_000;

/** `what` names the call: `post`, `update`, … */
export function failureOf(fault: Fault, what: string, now: number): Failure {
  if (fault.kind !== 'answered') return withoutAnswer(fault, what);
  const { code, status, retryAfter } = fault;
  const place = code === undefined ? undefined : placeWords[code];
  const said = `Teams answered ${what} with ${status}${code === undefined ? '' : ` ${code.slice(0, 60)}`}`;
  const message = place === undefined ? said : `Teams: ${place} (${status} ${code ?? ''})`;
  if (place !== undefined && status >= 400 && status < 500) return { code: 'closed', message };
  const meaning = meaningOf(status, what);
  if (meaning === 'throttled') {
    const pause = pauseOf(retryAfter, now);
    return { code: meaning, message, ...(pause === undefined ? {} : { retryAfterMs: pause }) };
  }
  if (status === 401)
    return {
      code: meaning,
      message,
      ours: 'Teams refused our token (401): check MicrosoftAppId, its secret and its tenant',
    };
  return { code: meaning, message };
}

function meaningOf(status: number, what: string): ChatErrorCode {
  const known = statuses[status];
  if (known !== undefined) return what === 'update' ? (known.update ?? known.code) : known.code;
  // Done, but with an answer that cannot be read. Redirects are not followed.
  return status < 300 || status >= 500 ? 'ambiguous' : 'rejected';
}

function withoutAnswer(fault: Exclude<Fault, { readonly kind: 'answered' }>, what: string): Failure {
  switch (fault.kind) {
    case 'late':
      return {
        code: 'ambiguous',
        message: `${what}: Teams did not answer in time`,
        ours: 'Teams did not answer in time',
      };
    case 'notSent':
      return {
        code: 'unavailable',
        message: `${what}: Teams cannot be reached (${fault.code})`,
        ours: `Teams cannot be reached (${fault.code})`,
      };
    case 'broken':
      return {
        code: 'ambiguous',
        message: `${what}: the connection to Teams broke (${fault.code ?? 'no code'})`,
        ours: 'the connection to Teams broke',
      };
    case 'noToken':
      return {
        code: 'unavailable',
        message: `${what}: no token for Teams (${fault.why})`,
        ours: `no token for Teams could be had (${fault.why}): check MicrosoftAppId, its secret or certificate, and its tenant; the doctor says what is wrong`,
      };
    case 'impossible':
      return { code: 'rejected', message: `${what}: ${fault.why}` };
  }
}

/** Retry-After in seconds or as a date. */
function pauseOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const ms = /^\d{1,6}(\.\d+)?$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, longestPause) : undefined;
}
