// From a stored request to what a card shows in one place: gathers excerpts, live links and the queue place that the pure view needs.
import { cardView, titleOf } from '../../../cards/cardView.ts';
import { said } from '../../../cards/words.ts';
import type { CardView } from '../../../cards/view.ts';
import type { Request } from '../../liveResponse/request.ts';
import type { Deps } from '../deps.ts';
import type { CardPlace } from '../rules/places.ts';
import type { Submission } from './submission.ts';

export interface Views {
  of(request: Request, place: Pick<CardPlace, 'results' | 'notify'>): Promise<CardView>;
}

/** Outputs remembered whole, so that a card can count lines and show the end of a failed one; larger ones are read from disk again. */
const textsKept = 50;
const keptCharacters = 200_000;

export function createViews(deps: Deps, submission: Pick<Submission, 'place'>): Views {
  const texts = new Map<string, string>();

  async function textOf(request: Request, index: number, sha256: string): Promise<string | undefined> {
    const key = `${request.id}:${index}:${sha256}`;
    const kept = texts.get(key);
    if (kept !== undefined) return kept;
    const text = await deps.outputs.get(request.id, index);
    if (text === undefined || text.length > keptCharacters) return text;
    const oldest = texts.keys().next();
    if (texts.size >= textsKept && oldest.done !== true) texts.delete(oldest.value);
    texts.set(key, text);
    return text;
  }

  return {
    async of(request, place) {
      const outputs = new Map<number, string>();
      if (place.results === 'card' && 'results' in request) {
        for (const excerpt of request.results.excerpts) {
          const text = await textOf(request, excerpt.index, excerpt.sha256);
          if (text !== undefined) outputs.set(excerpt.index, text);
        }
      }
      const now = deps.clock.now();
      const queue = submission.place(request.id);
      const freeze = deps.store.freeze();
      return cardView(request, {
        now,
        results: place.results,
        simulated: deps.settings.simulated,
        outputs,
        urls: place.results === 'card' ? deps.links.of(request.id, now) : new Map(),
        command: deps.settings.command,
        ...(queue === undefined ? {} : { queue }),
        ...(freeze === undefined ? {} : { frozen: freeze.why }),
        ...(place.notify === undefined ? {} : { notify: place.notify }),
      });
    },
  };
}

const nothing: ReadonlyMap<number, string> = new Map();

/** Title, status and lead of a request outside a card: for lists and notes. */
export function wordsOf(deps: Pick<Deps, 'clock' | 'settings'>, request: Request): { readonly title: string; readonly status: string; readonly lead: string } {
  const { status, lead } = said(request, { now: deps.clock.now(), results: 'private', simulated: false, outputs: nothing, urls: nothing, command: deps.settings.command });
  return { title: titleOf(request), status, lead };
}
