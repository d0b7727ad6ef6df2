// Which places outsiders read, as their chats told last: what one place may not show stands on no card of the
// request, so the others must know.
import { splitSurfaceKey } from '../../../liveResponse/request/surfaceKey.ts';
import type { Log } from '../../../liveResponse/ports.ts';
import type { ChatPort, Place } from '../../ports.ts';
import { ChatError } from '../../ports.ts';
import { placeKey } from '../../policy/places.ts';

export interface SharedPlaces {
  /** What was told last of a place (`surface:id`); undefined while nothing was. */
  known(key: string): 'yes' | 'no' | undefined;
  /** Asks its chat now. `unread` where that cannot tell. */
  ask(key: string): Promise<'yes' | 'no' | 'unread'>;
  /** The same without anybody who waits: one chat must not hold up another. */
  askSoon(key: string): void;
  /** Somebody speaks there, in a place that its chat takes for shared or not. */
  heard(place: Place): void;
  /** Calls back when a place turns out to be read by outsiders. */
  onShared(listener: () => void): void;
}

export function createSharedPlaces({
  chats,
  log,
}: {
  readonly chats: readonly ChatPort[];
  readonly log: Log;
}): SharedPlaces {
  const told = new Map<string, 'yes' | 'no'>();
  const asking = new Set<string>();
  const listeners: (() => void)[] = [];

  function learn(key: string, answer: 'yes' | 'no'): void {
    const news = told.get(key) !== answer;
    told.set(key, answer);
    if (news && answer === 'yes') for (const listener of listeners) listener();
  }

  async function ask(key: string): Promise<'yes' | 'no' | 'unread'> {
    const [surface, place] = splitSurfaceKey(key);
    const chat = chats.find((one) => one.surface === surface);
    if (chat?.external === undefined) return told.get(key) ?? 'no';
    try {
      const answer = (await chat.external(place)) ? 'yes' : 'no';
      learn(key, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return 'unread';
    }
  }

  function askSoon(key: string): void {
    if (asking.has(key)) return;
    asking.add(key);
    void ask(key)
      .catch((error: unknown) => log.error('placeNotAsked', { place: key, error }))
      .finally(() => asking.delete(key));
  }

  return {
    known: (key) => told.get(key),
    ask,
    askSoon,
    heard(place) {
      const key = placeKey(place);
      // Where the chat can be asked, what a message tells may only mean that it could not be read.
      if (chats.some((chat) => chat.surface === place.surface && chat.external !== undefined)) askSoon(key);
      else if (place.external) learn(key, 'yes');
    },
    onShared: (listener) => void listeners.push(listener),
  };
}
