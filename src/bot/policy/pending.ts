// How many requests may wait at once, of one person and for one device: a flood of cards is read by nobody,
// and an approver who clicks through one reads none.
import { stageOf } from '../../liveResponse/request/request.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import type { Tier } from './policy.ts';
import type { Refusal } from './refusals/refusal.ts';

/** Where the tier says nothing: more than anybody asks for on purpose, few enough to be read. */
export const defaultPending = { person: 20, device: 10 } as const;

/** Waits for a person or for its turn: nothing of it has been sent. */
function isPending(request: Request): boolean {
  const { state } = stageOf(request);
  return state === 'awaitingApproval' || state === 'queued';
}

/**
 * Why one more may not be asked for; undefined when it may. Requests of every tier count, against the bounds
 * of the tier that is asked for.
 * @param deviceId undefined while it is not known yet: then the person's alone are counted
 */
export function tooManyPending(
  open: readonly Request[],
  tier: Pick<Tier, 'name' | 'pending'>,
  personId: string,
  deviceId: string | undefined,
): Refusal | undefined {
  const { person, device } = tier.pending ?? defaultPending;
  const pending = open.filter(isPending);
  const own = pending.filter(({ asked }) => asked.requester.id === personId);
  if (own.length >= person)
    return {
      refused: 'tooManyPending',
      of: 'person',
      tier: tier.name,
      most: person,
      own: idsOf(own),
      others: 0,
    };
  const there =
    deviceId === undefined ? [] : pending.filter((request) => request.targets[0].device.id === deviceId);
  if (there.length < device) return undefined;
  const mine = there.filter(({ asked }) => asked.requester.id === personId);
  return {
    refused: 'tooManyPending',
    of: 'device',
    tier: tier.name,
    most: device,
    own: idsOf(mine),
    others: there.length - mine.length,
    device: there[0]?.targets[0].device.name ?? '',
  };
}

/** Oldest first: what was forgotten is most likely there. */
function idsOf(requests: readonly Request[]): readonly string[] {
  return requests.toSorted((a, b) => a.asked.at - b.asked.at).map(({ id }) => id);
}
