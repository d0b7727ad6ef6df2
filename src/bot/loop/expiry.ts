// A request that nobody approved in time ends by itself: time only ever denies. The same watch tries a journal in trouble again.
import type { Deps } from '../deps.ts';
import { moveFrom } from './moving.ts';

/** How often a journal that cannot be written is tried again; until then nothing is approved or sent. Milliseconds. */
const recoverEvery = 5_000;

export function createExpiry({ store, clock, log }: Pick<Deps, 'store' | 'clock' | 'log'>): { pass(): Promise<number | undefined> } {
  return {
    async pass() {
      if (store.trouble() !== undefined) {
        if (!(await store.recover())) return clock.now() + recoverEvery;
        log.info('journalRecovered');
      }
      const wakes: number[] = [];
      for (const request of store.open()) {
        if (request.state !== 'awaitingApproval') continue;
        if (request.terms.expiresAt > clock.now()) wakes.push(request.terms.expiresAt);
        else await moveFrom(store, request.id, ['awaitingApproval'], () => ({ type: 'expired' }));
      }
      return wakes.length === 0 ? undefined : Math.min(...wakes);
    },
  };
}
