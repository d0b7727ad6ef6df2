// Writes on an ended request that it was tried again, and as what: read off the new request, so that no crash
// between the two loses it.
import { isOpen } from '../../../liveResponse/request/request.ts';
import { sequelOrigin } from '../../../liveResponse/request/twins.ts';
import type { Deps } from '../../deps.ts';
import { changeRequest } from '../transition.ts';

export function originOfRetry(id: string): string {
  return `${sequelOrigin}${id}`;
}

export function createRetryLinks({ store }: Pick<Deps, 'store'>): { pass(): Promise<undefined> } {
  return {
    async pass() {
      const told = new Set<string>();
      // Newest first: where a request was tried several times, the newest attempt is the one to look at.
      for (const { id, origin, asked } of store.all()) {
        const { continues, requester } = asked;
        if (continues === undefined) continue;
        for (const earlier of new Set([continues.id, origin.slice(sequelOrigin.length)])) {
          if (told.has(earlier)) continue;
          told.add(earlier);
          if (store.get(earlier)?.retriedAs?.id === id) continue;
          const as = { id, by: requester, ...(earlier === continues.id ? { from: continues.from } : {}) };
          await changeRequest(store, earlier, (current) =>
            isOpen(current) ? undefined : { type: 'retried', as },
          );
        }
      }
      return undefined;
    },
  };
}
