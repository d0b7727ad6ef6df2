// Check of every place that the policy names, at start and when a chat connects later: where the bot cannot
// write, nobody would see a request, and nobody would know.
import { splitSurfaceKey } from '../liveResponse/request/surfaceKey.ts';
import { ChatError } from '../bot/ports.ts';
import type { ChatPort } from '../bot/ports.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { Log } from '../liveResponse/ports.ts';

export interface Unreached {
  readonly place: string;
  readonly approvals: boolean;
  readonly why: string;
}

/**
 * One cheap reading for each place whose chat can tell, one after the other. Never rejects: what could not be
 * asked is logged as that.
 */
export async function unreachedPlaces(
  policy: Pick<Policy, 'places'>,
  chats: readonly ChatPort[],
  log: Log,
  stopped: AbortSignal,
): Promise<readonly Unreached[]> {
  const unreached: Unreached[] = [];
  for (const { place, approvals } of policy.places) {
    const [surface, id] = splitSurfaceKey(place);
    const chat = chats.find((one) => one.surface === surface);
    if (chat?.probe === undefined) continue;
    if (stopped.aborted) break;
    try {
      await chat.probe(id);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof ChatError && error.code === 'closed') unreached.push({ place, approvals, why });
      log.warn(
        error instanceof ChatError && error.code === 'closed' ? 'placeNotReached' : 'placeNotLookedAt',
        { place, approvals, why },
      );
    }
  }
  return unreached;
}

export class PlacesCheck {
  readonly #policy: Pick<Policy, 'places'>;
  readonly #log: Log;
  readonly #warn: (sentence: string) => void;
  readonly #stopped = new AbortController();
  readonly #warned = new Set<string>();

  constructor(policy: Pick<Policy, 'places'>, log: Log, warn: (sentence: string) => void) {
    this.#policy = policy;
    this.#log = log;
    this.#warn = warn;
  }

  /**
   * Looks at the places of these chats and warns of each that the bot cannot write in, once. Never rejects.
   */
  async look(chats: readonly ChatPort[]): Promise<void> {
    for (const one of await unreachedPlaces(this.#policy, chats, this.#log, this.#stopped.signal)) {
      if (!this.#warned.has(one.place)) this.#warn(unreachedSentence(one));
      this.#warned.add(one.place);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }
}

/** For the person who starts the bot. */
export function unreachedSentence({ place, approvals, why }: Unreached): string {
  return `warning: the bot cannot write in ${place} (${why})${approvals ? '; nobody there sees a request that waits for approval' : ''}.`;
}
