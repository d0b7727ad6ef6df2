// Where the cards of a request stand, and what may be shown there.
import type { Request } from '../liveResponse/request.ts';
import type { Policy, PlaceRule } from './policy.ts';

export interface CardPlace {
  readonly surface: string;
  readonly place: string;
  readonly results: 'card' | 'private';
  readonly notify?: string;
}

interface Context {
  readonly policy: Policy;
  readonly chats: readonly { readonly surface: string }[];
}

/** `slack:C0123` into its surface and the platform's own id, which may hold colons itself. */
export function splitPlace(place: string): { readonly surface: string; readonly id: string } {
  const colon = place.indexOf(':');
  return { surface: place.slice(0, colon), id: place.slice(colon + 1) };
}

/**
 * The place it was asked in and every approvals place, as far as their chat is connected. A card that stands in a place which the
 * policy no longer names is kept true, but shows no results there.
 */
export function placesOf(context: Context, request: Request): readonly CardPlace[] {
  const named = new Map<string, CardPlace>();
  const rules = new Map(context.policy.places.map((rule) => [rule.place, rule]));
  const wanted = [request.place, ...context.policy.places.filter((rule) => rule.approvals).map((rule) => rule.place), ...request.cards.map((card) => `${card.surface}:${card.place}`)];
  for (const place of wanted) {
    const { surface, id } = splitPlace(place);
    if (named.has(place) || !context.chats.some((chat) => chat.surface === surface)) continue;
    named.set(place, { surface, place: id, results: resultsIn(request, place, rules.get(place)), ...notifyOf(rules.get(place)) });
  }
  return [...named.values()];
}

function resultsIn(request: Request, place: string, rule: PlaceRule | undefined): 'card' | 'private' {
  if (place === request.place && request.placeIsPrivate) return 'private';
  return rule?.results ?? 'private';
}

function notifyOf(rule: PlaceRule | undefined): { readonly notify?: string } {
  return rule?.approvals === true && rule.notify !== undefined ? { notify: rule.notify } : {};
}
