// What could not be written is tried again until it can: by itself and soon, since nobody may be there to
// type the next command.
import type { Keeper, Log } from '../../liveResponse/ports.ts';
import type { Turn } from './worker.ts';
import { byHand } from './worker.ts';

/** How often is looked, and so the longest that a disk which is well again goes unnoticed. Milliseconds. */
export const recoverEvery = 5_000;

/** @param recovered called when something is well again: what waited for it goes on at once */
export function createRecovery(
  keepers: () => readonly Keeper[],
  log: Log,
  recovered: () => void,
): { pass(turn?: Turn): Promise<number> } {
  async function retry(keeper: Keeper): Promise<void> {
    try {
      if (keeper.trouble() === undefined || !(await keeper.recover())) return;
      log.info('recovered', { what: keeper.name });
      recovered();
    } catch (error) {
      log.error('recoveryFailed', { what: keeper.name, error });
    }
  }

  return {
    async pass(turn = byHand) {
      if (!turn.goOn()) return recoverEvery;
      // All at once: a chat that does not answer must not hold up the journal.
      await Promise.all(keepers().map(retry));
      return recoverEvery;
    },
  };
}
