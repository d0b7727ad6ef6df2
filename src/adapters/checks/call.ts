// One call for the doctor: a single attempt, bounded in time and size, told as an answer or as the reason why
// there is none.
import type { Http, HttpAnswer, HttpRequest } from '../outbound/http.ts';
import { HttpError, jsonOf } from '../outbound/http.ts';
import type { Clock } from '../../liveResponse/ports.ts';

/** Milliseconds for one call; a person waits in front of the terminal. */
export const callTimeoutMs = 15_000;
/** Bytes; the largest answer asked for is a page of the library. */
const maxBytes = 1024 * 1024;

export interface Called {
  readonly status: number;
  /** Parsed JSON; undefined when the body is none. */
  readonly body: { readonly value: unknown } | undefined;
  readonly headers: HttpAnswer['headers'];
  /** Our clock half way between asking and the end of the answer, epoch milliseconds. */
  readonly at: number;
}

/** A call without a whole answer. `sent` is false when certainly nothing left this machine. */
export interface Unanswered {
  readonly why: string;
  readonly sent: boolean;
}

export interface Caller {
  readonly http: Http;
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
