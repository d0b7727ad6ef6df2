// A request that nobody approved in time ends by itself. Time only ever denies.
import type { Deps } from './deps.ts';
import { moveFrom } from './moving.ts';

export function createExpiry(deps: Pick<Deps, 'store' | 'clock'>): { pass(): Promise<number | undefined> } {
  return {
    async pass() {
      const wakes: number[] = [];
      for (const request of deps.store.open()) {
        if (request.state !== 'awaitingApproval') continue;
        if (request.terms.expiresAt > deps.clock.now()) wakes.push(request.terms.expiresAt);
        else await moveFrom(deps.store, request.id, ['awaitingApproval'], () => ({ type: 'expired' }));
      }
      return wakes.length === 0 ? undefined : Math.min(...wakes);
    },
  };
}
