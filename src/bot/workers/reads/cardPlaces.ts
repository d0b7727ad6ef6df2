// Places of the cards of a stored request, and what they may show there: the policy's places as far as their
// chat is connected, and wherever a card is already.
import { splitSurfaceKey, surfaceKey } from '../../../liveResponse/request/request.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { sessionsIn } from '../transition.ts';
import { isRestricted, reasonMayStand, resultsOf } from '../../policy/needToKnow.ts';
import type { ReadByOutsiders } from '../../policy/needToKnow.ts';
import { placesFor } from '../../policy/places.ts';
import type { CardPlace } from '../../policy/places.ts';
import type { Place } from '../../ports.ts';

type Needs = Pick<Deps, 'policy' | 'chats' | 'outsiders'>;

export function readBy({ outsiders }: Pick<Deps, 'outsiders'>): ReadByOutsiders {
  return (key) => outsiders?.known(key) === 'yes';
}

export function cardPlacesOf(deps: Needs, request: Request): readonly CardPlace[] {
  const { policy, chats } = deps;
  const [surface, id] = splitSurfaceKey(request.asked.place);
  const results = resultsOf(policy, request, readBy(deps));
  // Direct or shared, a private origin shows no results whatever the policy says; that is all the difference
  // it makes here.
  const wanted = placesFor(policy, {
    surface,
    id,
    direct: request.asked.placeIsPrivate,
    external: false,
  }).map((place) => withReason(deps, request, { ...place, results }));
  // A card in a place which the policy no longer names is kept true, but shows no results there.
  const standing = request.cards.map((card): CardPlace =>
    withReason(deps, request, { surface: card.surface, place: card.place, results: 'private' }),
  );
  // The first of a place counts.
  const all = [...wanted, ...standing];
  return all.filter(
    (place, at) =>
      chats.some((chat) => chat.surface === place.surface) && all.findIndex((one) => same(one, place)) === at,
  );
}

/** Whether something of its results may be known: Defender took a session of it, or may have. */
export function mayHaveResults(request: Request): boolean {
  return sessionsIn([request], ['running', 'finished', 'unknown']).length > 0;
}

function withReason(deps: Needs, request: Request, place: CardPlace): CardPlace {
  return reasonMayStand(deps.policy, request, surfaceKey(place.surface, place.place), readBy(deps))
    ? place
    : { ...place, reason: 'private' };
}

/**
 * What a card of a request may show to somebody who speaks in `place`: nothing of results where the chat says
 * that outsiders read along.
 */
export function resultsShownIn(deps: Needs, request: Request, place: Place): CardPlace['results'] {
  const here = cardPlacesOf(deps, request).find(
    (one) => one.surface === place.surface && one.place === place.id,
  );
  return place.external ? 'private' : (here?.results ?? 'private');
}

/**
 * Whether a card in a place may name another request: anybody may find that one, or its own card is there
 * too.
 */
export function mayBeNamedIn(
  deps: Needs,
  other: Request,
  place: Pick<CardPlace, 'surface' | 'place'>,
): boolean {
  return !isRestricted(deps.policy, other) || cardPlacesOf(deps, other).some((one) => same(one, place));
}

function same(a: Pick<CardPlace, 'surface' | 'place'>, b: Pick<CardPlace, 'surface' | 'place'>): boolean {
  return a.surface === b.surface && a.place === b.place;
}
