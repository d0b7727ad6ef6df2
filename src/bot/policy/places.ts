// Where a request may be asked for, where its cards go, and how much of a result each card may show.
import { splitSurfaceKey, surfaceKey } from '../../liveResponse/request/surfaceKey.ts';
import type { Policy, PlaceRule } from './policy.ts';
import type { Place } from '../ports.ts';
import type { Refusal } from './refusals/refusal.ts';

/** A place that gets a card. */
export interface CardPlace {
  readonly surface: string;
  /** The platform's id, without the surface. */
  readonly place: string;
  readonly results: 'card' | 'private';
  /** The reasons given are not for everybody who reads there. */
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
