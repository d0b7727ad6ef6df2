// The newest card of a request in a place, as the store knows it: the card that further presses belong to.
import type { Card } from '../liveResponse/request/request.ts';
import type { Store } from './store/journal/requestStore.ts';

/** Undefined where there is none: cards that were lost before they were posted do not count. */
export function newestCard(
  store: Store,
  surface: string,
  requestId: string,
  place: string,
): Card | undefined {
  return store
    .get(requestId)
    ?.cards.findLast(
      (card) =>
        card.surface === surface &&
        card.place === place &&
        (card.ref !== undefined || card.dead === undefined),
    );
}
