// Check of each cancel that the bot says Defender has accepted: the call has to have arrived.
import type { Event } from '../../../src/liveResponse/request/events.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { runOf } from '../../../src/liveResponse/request/retry.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import type { Arrival } from '../world/defenderSide.ts';
import type { Ledger } from './ledger.ts';

export function checkCancel(
  ledger: Ledger,
  event: Event,
  request: Request,
  arrivals: readonly Arrival[],
): void {
  if (event.type !== 'cancelAsked' || event.cancel.answer !== 'accepted') return;
  const action = runOf(stageOf(request))?.actionId ?? 'no action';
  const arrived = arrivals.some(
    ({ kind, path, status }) => kind === 'cancel' && status < 300 && path.includes(action),
  );
  if (!arrived)
    ledger.broken('cancel', `${request.id}: Defender is said to have accepted a cancel that never arrived`);
}
