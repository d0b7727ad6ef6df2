// Questions of tests about requests.
import type { Request, State } from '../../src/liveResponse/request/request.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';

/** The state that the card of a request shows; undefined where there is no request. */
export function stateIn(request: Request | undefined): State | undefined {
  return request === undefined ? undefined : stageOf(request).state;
}
