// The fetch of every call to Slack: a call without an answer fails with a code, however deep the HTTP client
// buries the cause.
import type { WebClientOptions } from '@slack/web-api';
import { wayOutTrouble } from '../../outbound/wayOut.ts';
import type { WayOut } from '../../outbound/wayOut.ts';
import { codeOf } from '../../systemErrors.ts';
import { callTimeout } from '../limits.ts';

export type SlackFetch = NonNullable<WebClientOptions['fetch']>;

/**
 * A call that got no answer. `code` is the socket's own, such as ECONNREFUSED, `timeout`, or that of what
 * lies between, which `way` tells.
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

/**
 * `timeout` in milliseconds. `heard` gets the Date header of every answer. `proxyFor` names the proxy by
 * which a host is reached.
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
      const answer = await fetchNow(url, { signal: AbortSignal.timeout(timeout), ...init });
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
