// The fetch that everything to Slack goes through: what failed below it is told by a code, however deep the HTTP client buries it.
import type { WebClientOptions } from '@slack/web-api';
import { callTimeout } from './limits.ts';

export type SlackFetch = NonNullable<WebClientOptions['fetch']>;

/** A call that got no answer. `code` is the socket's own, such as ECONNREFUSED, or `timeout`. */
export class NoAnswer extends Error {
  readonly code: string;
  constructor(code: string, cause: unknown) {
    super(`no answer (${code})`, { cause });
    this.name = 'NoAnswer';
    this.code = code;
  }
}

/** `timeout` in milliseconds. `heard` gets the Date header of every answer. */
export function outgoing(fetchNow: SlackFetch, timeout: number = callTimeout, heard: (date: string | null) => void = () => undefined): SlackFetch {
  return async (url, init) => {
    try {
      // The SDK sets a signal of its own for Web API calls; what it forgets ends here.
      const answer = await fetchNow(url, { signal: AbortSignal.timeout(timeout), ...init });
      heard(answer.headers.get('date'));
      return answer;
    } catch (error) {
      throw new NoAnswer(codeOf(error), error);
    }
  };
}

/** Read by shape: errors of Node's own client are of another realm than ours wherever code runs in a context of its own. */
function codeOf(error: unknown): string {
  let current: unknown = error;
  let name = 'failed';
  for (let depth = 0; depth < 6 && typeof current === 'object' && current !== null; depth += 1) {
    const { code, cause, name: called } = current as { readonly code?: unknown; readonly cause?: unknown; readonly name?: unknown };
    if (typeof code === 'string') return code;
    if (called === 'TimeoutError') name = 'timeout';
    current = cause;
  }
  return name;
}
