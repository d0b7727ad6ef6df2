// A request that nobody approved in time ends by itself: time only ever denies.
import type { Deps } from '../../deps.ts';
import type { Ages } from '../ages.ts';
import { changeRequest } from '../transition.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { Turn } from '../worker.ts';

export function createExpiry(
  { store, clock }: Pick<Deps, 'store' | 'clock'>,
  ages: Ages,
): { pass(turn?: Turn): Promise<number | undefined> } {
  return {
    async pass(turn = byHand) {
      const wakes = createNextWake(clock);
      for (const request of store.open()) {
        if (request.stage.state !== 'awaitingApproval') continue;
        if (!turn.goOn()) break;
        const { expiresAt } = request.asked.terms;
        // By the time on the card, and no later than it was meant: a clock that is set back must not keep an
        // old question open.
        const left = expiresAt - request.asked.at - ages.of(`${request.id} asked`, request.asked.at);
        if (expiresAt <= clock.now() || left <= 0) {
          await changeRequest(store, request.id, ({ stage }) =>
            stage.state === 'awaitingApproval' ? { type: 'expired' } : undefined,
          );
          continue;
        }
        wakes.at(expiresAt);
        wakes.after(left);
      }
      return wakes.wait();
    },
  };
}
