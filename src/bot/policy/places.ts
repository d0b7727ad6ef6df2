// Places of a policy: where a request may be asked for and where its cards go, how many may wait at once; and
// the policy of this moment, for all who hold it.
import type { RequestStore } from '../../liveResponse/ports.ts';
import { endedAt, splitSurfaceKey, stageOf, surfaceKey } from '../../liveResponse/request/request.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import type { Place } from '../ports.ts';
import type { PlaceRule, Policy, Tier } from './policy.ts';
import type { Refusal } from './refusals/refusal.ts';

/** A place that gets a card. */
export interface CardPlace {
  readonly surface: string;
  /** The platform's id, without the surface. */
  readonly place: string;
  readonly results: 'card' | 'private';
  /** Not everybody who reads there may see the reasons. */
  readonly reason?: 'private';
  /** Whom to mention when the card is posted. */
  readonly notify?: string;
}

export function placeKey(place: { readonly surface: string; readonly id: string }): string {
  return surfaceKey(place.surface, place.id);
}

export function ruleOf(policy: Policy, key: string): PlaceRule | undefined {
  return policy.places.find((rule) => rule.place === key);
}

/**
 * Whether more than help and whoami works here: in listed places, and in a conversation with the bot alone as
 * long as some place gets approval cards, since nobody else would see the request otherwise.
 */
export function mayUse(policy: Policy, place: Place): Refusal | undefined {
  const listed = ruleOf(policy, placeKey(place)) !== undefined;
  const allowed = listed || (place.direct && !place.external && policy.places.some((rule) => rule.approvals));
  return allowed ? undefined : { refused: 'placeNotAllowed', place: placeKey(place), direct: place.direct };
}

/**
 * External places never show results, whatever the file says. A conversation with the bot alone is private
 * too: there results are read on demand, which checks the reader's role.
 */
export function resultsMode(policy: Policy, place: Place): 'card' | 'private' {
  if (place.external || place.direct) return 'private';
  return ruleOf(policy, placeKey(place))?.results ?? 'private';
}

/**
 * Every place that gets a card of a request asked in `origin`: the origin first, then each approvals place,
 * none twice.
 */
export function placesFor(policy: Policy, origin: Place): readonly CardPlace[] {
  const key = placeKey(origin);
  const rule = ruleOf(policy, key);
  const notify = (one: PlaceRule | undefined): { readonly notify?: string } =>
    one?.approvals === true && one.notify !== undefined ? { notify: one.notify } : {};
  const first: readonly CardPlace[] =
    mayUse(policy, origin) === undefined
      ? [{ surface: origin.surface, place: origin.id, results: resultsMode(policy, origin), ...notify(rule) }]
      : [];
  const approvals = policy.places
    .filter((one) => one.approvals && one.place !== key)
    .map((one): CardPlace => {
      const [surface, place] = splitSurfaceKey(one.place);
      return { surface, place, results: one.results, ...notify(one) };
    });
  return [...first, ...approvals];
}

/** The bounds where the tier has none: more than anybody asks for on purpose, few enough to be read. */
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

/** Oldest first: those are most likely to be forgotten. */
function idsOf(requests: readonly Request[]): readonly string[] {
  return requests.toSorted((a, b) => a.asked.at - b.asked.at).map(({ id }) => id);
}

export interface CurrentPolicy {
  /** A reference to it sees the change; a value taken out of it does not. */
  readonly policy: Policy;
  /** The one in force at this moment. */
  now(): Policy;
  replace(next: Policy): void;
}

export function createCurrentPolicy(first: Policy): CurrentPolicy {
  return new ReplaceablePolicy(first);
}

class ReplaceablePolicy implements CurrentPolicy {
  readonly policy: Policy;
  #now: Policy;

  constructor(first: Policy) {
    this.#now = first;
    this.policy = partsOf(() => this.#now);
  }

  now(): Policy {
    return this.#now;
  }

  replace(next: Policy): void {
    this.#now = next;
  }
}

/** Every part, so that the compiler asks for each new one. */
function partsOf(now: () => Policy): { readonly [Part in keyof Required<Policy>]: Policy[Part] } {
  return {
    get people() {
      return now().people;
    },
    get roles() {
      return now().roles;
    },
    get recipes() {
      return now().recipes;
    },
    get raw() {
      return now().raw;
    },
    get devices() {
      return now().devices;
    },
    get tiers() {
      return now().tiers;
    },
    get places() {
      return now().places;
    },
    get results() {
      return now().results;
    },
    get freeze() {
      return now().freeze;
    },
  };
}

/**
 * When the record was restored from a copy that knows the request and not its end (epoch ms); of several
 * times the last. Undefined where no line that is lost can be of it. Each restore counts forever: a later
 * one does not bring back what the one before it lost.
 */
export function lostAt(request: Request, store: Pick<RequestStore, 'restores'>): number | undefined {
  return store.restores().findLast((at) => request.asked.at <= at && (endedAt(request) ?? Infinity) > at);
}
