// Keeps what the script library holds at hand, so that an ask costs no reading of it: recipes name its files,
// and the asker and the card are told what it holds of them. It is read afresh when a request is approved and
// when it is sent, whatever is at hand.
import { libraryNames } from '../../../liveResponse/request/content.ts';
import type { Deps } from '../../deps.ts';
import type { RecentLibrary } from '../reads/library.ts';
import { askMemory } from '../reads/library.ts';

const lookEvery = 60_000;
/** Read again while what is at hand still serves those who ask. Milliseconds. */
export const libraryRefresh = askMemory - lookEvery;
/**
 * A library that may not be read is looked at again after this; a right is granted by people. Milliseconds.
 */
const forbiddenPause = 5 * 60_000;

/** One pass; answers after how many milliseconds to come again. */
export function createLibraryCache(
  { policy, clock }: Pick<Deps, 'policy' | 'clock'>,
  recent: RecentLibrary,
): () => Promise<number> {
  let notBefore = -Infinity;
  return async () => {
    const named = [...policy.recipes.values()].some(({ commands }) => libraryNames(commands).length > 0);
    if (!named || clock.elapsed() < notBefore) return lookEvery;
    const reading = await recent(libraryRefresh);
    if ('notRead' in reading && reading.notRead === 'forbidden') notBefore = clock.elapsed() + forbiddenPause;
    return lookEvery;
  };
}
