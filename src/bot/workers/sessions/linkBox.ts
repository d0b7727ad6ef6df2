// Download links while they live. A link is a bearer secret, so it is kept in memory only and goes with the
// process.
import type { Clock, Link } from '../../../liveResponse/ports.ts';

export interface LinkBox {
  put(requestId: string, index: number, link: Link): void;
  /** Links of a request that are still alive at `now`, by command index. */
  of(requestId: string, now: number): ReadonlyMap<number, string>;
  drop(requestId: string, index: number): void;
}

interface Kept {
  readonly link: Link;
  /** In elapsed time. */
  readonly until: number;
}

export function createLinkBox(clock: Pick<Clock, 'now' | 'elapsed'>): LinkBox {
  const links = new Map<string, Map<number, Kept>>();
  return {
    put(requestId, index, link) {
      const mine = links.get(requestId) ?? new Map<number, Kept>();
      // How long it lives is known now; a clock that is set back later makes it no younger.
      links.set(requestId, mine.set(index, { link, until: clock.elapsed() + link.expiresAt - clock.now() }));
    },
    of(requestId, now) {
      const alive = [...(links.get(requestId) ?? [])].filter(
        ([, { link, until }]) => link.expiresAt > now && until > clock.elapsed(),
      );
      return new Map(alive.map(([index, { link }]) => [index, link.url]));
    },
    drop(requestId, index) {
      const mine = links.get(requestId);
      mine?.delete(index);
      if (mine?.size === 0) links.delete(requestId);
    },
  };
}
