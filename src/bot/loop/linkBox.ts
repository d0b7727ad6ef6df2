// Download links while they live. A link is a bearer secret, so it is kept in memory only and goes with the process.
import type { Link } from '../../liveResponse/ports.ts';

export interface LinkBox {
  put(requestId: string, index: number, link: Link): void;
  /** Links of a request that are still alive at `now`, by command index. */
  of(requestId: string, now: number): ReadonlyMap<number, string>;
  drop(requestId: string, index: number): void;
}

export function createLinkBox(): LinkBox {
  const links = new Map<string, Map<number, Link>>();
  return {
    put(requestId, index, link) {
      const mine = links.get(requestId) ?? new Map<number, Link>();
      links.set(requestId, mine.set(index, link));
    },
    of(requestId, now) {
      const alive = [...(links.get(requestId) ?? [])].filter(([, link]) => link.expiresAt > now);
      return new Map(alive.map(([index, link]) => [index, link.url]));
    },
    drop(requestId, index) {
      const mine = links.get(requestId);
      mine?.delete(index);
      if (mine?.size === 0) links.delete(requestId);
    },
  };
}
