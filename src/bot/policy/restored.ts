// What a record that was put back from an older copy cannot tell: whether a request went on in the lines that
// are lost.
import { endedAt } from '../../liveResponse/request/request.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import type { RequestStore } from '../../liveResponse/ports.ts';

/**
 * When the record was restored from a copy that knows the request and not its end (epoch ms); of several
 * times the last. Undefined where no line that is lost can be of it. Each restore counts for good: one that
 * came later knows no more of what the one before it lost.
 */
export function lostAt(request: Request, store: Pick<RequestStore, 'restores'>): number | undefined {
  return store.restores().findLast((at) => request.asked.at <= at && (endedAt(request) ?? Infinity) > at);
}
