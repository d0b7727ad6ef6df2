// Where the cards of a stored request stand, and what they may show there: the policy's places as far as their chat is connected, and wherever a card stands already.
import type { Request } from '../../liveResponse/request.ts';
import type { Deps } from '../deps.ts';
import { placesFor, splitKey } from './places.ts';
import type { CardPlace } from './places.ts';
import type { Place } from '../ports.ts';

export function placesOf({ policy, chats }: Pick<Deps, 'policy' | 'chats'>, request: Request): readonly CardPlace[] {
  const [surface, id] = splitKey(request.place);
  // Direct or shared, a private origin shows no results whatever the policy says; that is all the difference it makes here.
  const wanted = placesFor(policy, { surface, id, direct: request.placeIsPrivate, external: false });
  // A card in a place which the policy no longer names is kept true, but shows no results there.
  const standing = request.cards
    .filter((card) => !wanted.some((place) => place.surface === card.surface && place.place === card.place))
    .map((card): CardPlace => ({ surface: card.surface, place: card.place, results: 'private' }));
  const all = [...wanted, ...standing];
  return all.filter((place, at) => chats.some((chat) => chat.surface === place.surface) && all.findIndex((one) => same(one, place)) === at);
}

/** What a card of a request may show to somebody who speaks in `place`: nothing of results where the chat says that outsiders read along. */
export function resultsShownIn(deps: Pick<Deps, 'policy' | 'chats'>, request: Request, place: Place): CardPlace['results'] {
  const here = placesOf(deps, request).find((one) => one.surface === place.surface && one.place === place.id);
  return place.external ? 'private' : (here?.results ?? 'private');
}

function same(a: CardPlace, b: CardPlace): boolean {
  return a.surface === b.surface && a.place === b.place;
}
