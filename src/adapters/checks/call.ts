// Single calls of the doctor: one attempt, limited in time and size, that ends with an answer or with the
// reason why there is none.
import type { HttpClient, HttpAnswer, HttpRequest } from '../outbound/http.ts';
import { HttpError, jsonOf } from '../outbound/http.ts';
import type { Clock } from '../../liveResponse/ports.ts';

/** Milliseconds for one call; a person waits in front of the terminal. */
export const callTimeoutMs = 15_000;
/** Bytes; the largest expected answer is a page of the library. */
const maxBytes = 1024 * 1024;

export interface Called {
  readonly status: number;
  /** Parsed JSON; undefined when the body is none. */
  readonly body: { readonly value: unknown } | undefined;
  readonly headers: HttpAnswer['headers'];
  /** Our clock half way between sending and the end of the answer, epoch milliseconds. */
  readonly at: number;
}

/** A call without a whole answer. `sent` is false when certainly nothing left this machine. */
export interface Unanswered {
  readonly why: string;
  readonly sent: boolean;
}

export interface Caller {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** `callTimeoutMs` by default. */
  readonly timeoutMs?: number;
}

export async function call(
  { http, clock, timeoutMs = callTimeoutMs }: Caller,
  ask: Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>,
): Promise<Called | Unanswered> {
  const began = clock.now();
  try {
    const answer = await http.send({
      ...ask,
      maxBytes,
      timeoutMs,
      connection: ask.method === 'GET' ? 'kept' : 'fresh',
    });
    return {
      status: answer.status,
      body: jsonOf(answer),
      headers: answer.headers,
      at: (began + clock.now()) / 2,
    };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { why: error.message, sent: error.code !== 'notSent' };
  }
}

export function isAnswer(called: Called | Unanswered): called is Called {
  return 'status' in called;
}

/** A GET or POST below the address of Defender's API, with the token. */
export type CallDefender = (
  method: 'GET' | 'POST',
  path: string,
  body?: string,
) => Promise<Called | Unanswered>;

/**
 * What a platform knows: `told` is what the account has, of whatever type. `stopped` means that nothing more
 * can be asked, and says what to do.
 */
export type EmailAnswer =
  | { readonly told: readonly unknown[] }
  | {
      readonly stopped: 'unanswered' | 'notAllowed';
      readonly why: string;
      readonly next: string;
    };

/** A directory of e-mail addresses, which the doctor uses to find one human who is listed as two people. */
export interface EmailDirectory {
  /** As people know it. */
  readonly name: string;
  /** Whose accounts it knows. */
  readonly surface: string;
  ask(id: string, caller: Caller): Promise<EmailAnswer>;
}
