// Kept results: the text of a script's output, if it is still the one that was read from Defender (its file
// lies in the data folder, the journal has its hash), and download links while they live. A link is a bearer
// secret, so it is kept in memory only and goes with the process.
import type { Clock, Hash, Link, Log, OutputStore } from '../../../liveResponse/ports.ts';
import { resultsOf, stageOf } from '../../../liveResponse/request/request.ts';
import type { Request } from '../../../liveResponse/request/request.ts';

/**
 * Undefined where it is gone, or is not what was read: then it is read from Defender once more, as long as
 * that has it.
 */
export async function keptOutput(
  { outputs, hash, log }: { readonly outputs: OutputStore; readonly hash: Hash; readonly log: Log },
  request: Request,
  index: number,
): Promise<string | undefined> {
  const excerpt = resultsOf(stageOf(request)).excerpts.findLast((one) => one.index === index);
  const text = await outputs.get(request.id, index);
  if (text === undefined || excerpt === undefined || hash.sha256(text) === excerpt.sha256) return text;
  log.error('outputChanged', {
    request: request.id,
    index,
    why: 'the kept text is not the one whose hash is in the journal',
  });
  return undefined;
}

export interface LinkBox {
  put(requestId: string, index: number, link: Link): void;
  /** Links of a request that are still alive at `now`, by command index. */
  of(requestId: string, now: number): ReadonlyMap<number, string>;
  drop(requestId: string, index: number): void;
  /** How many are in memory, dead ones that nobody has asked for since among them. */
  kept(): number;
}

interface Kept {
  readonly link: Link;
  /** In elapsed time. */
  readonly until: number;
}

export function createLinkBox(clock: Pick<Clock, 'now' | 'elapsed'>): LinkBox {
  return new LinksInMemory(clock);
}

class LinksInMemory implements LinkBox {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  /** By request and command index. */
  readonly #links = new Map<string, Map<number, Kept>>();

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#clock = clock;
  }

  put(requestId: string, index: number, link: Link): void {
    for (const [id, links] of this.#links)
      for (const [one, { until }] of links) if (until <= this.#clock.elapsed()) this.drop(id, one);
    const mine = this.#links.get(requestId) ?? new Map<number, Kept>();
    // How long it lives is known now; a clock that is set back later makes it no younger.
    const until = this.#clock.elapsed() + link.expiresAt - this.#clock.now();
    this.#links.set(requestId, mine.set(index, { link, until }));
  }

  of(requestId: string, now: number): ReadonlyMap<number, string> {
    const alive = [...(this.#links.get(requestId) ?? [])].filter(
      ([, { link, until }]) => link.expiresAt > now && until > this.#clock.elapsed(),
    );
    return new Map(alive.map(([index, { link }]) => [index, link.url]));
  }

  kept(): number {
    let count = 0;
    for (const links of this.#links.values()) count += links.size;
    return count;
  }

  drop(requestId: string, index: number): void {
    const mine = this.#links.get(requestId);
    mine?.delete(index);
    if (mine?.size === 0) this.#links.delete(requestId);
  }
}
