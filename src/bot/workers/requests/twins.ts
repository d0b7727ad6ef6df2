// Finds the twins of a request without walking through all of them: by its device.
import { areTwins, twinMemory } from '../../../liveResponse/request/twins.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import { isOpen } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';

export interface TwinIndex {
  /** Takes a request in; again and again does no harm. */
  touch(id: string): void;
  /** Open ones, and those that ended within the hour, the newest first. */
  of(request: Request): readonly Request[];
}

export function createTwinIndex({ store, clock }: Pick<Deps, 'store' | 'clock'>): TwinIndex {
  const byDevice = new Map<string, Set<string>>();

  function touch(id: string): void {
    const request = store.get(id);
    if (request === undefined) return;
    const known = byDevice.get(request.targets[0].device.id);
    if (known === undefined) byDevice.set(request.targets[0].device.id, new Set([id]));
    else known.add(id);
  }
  for (const { id } of store.all()) touch(id);

  return {
    touch,
    of(request) {
      const known = byDevice.get(request.targets[0].device.id) ?? [];
      const twins: Request[] = [];
      for (const id of known) {
        const other = store.get(id);
        if (
          other !== undefined &&
          areTwins(other, request) &&
          (isOpen(other) || clock.now() - other.changedAt < twinMemory)
        )
          twins.push(other);
      }
      return twins.sort((a, b) => b.asked.at - a.asked.at);
    },
  };
}
