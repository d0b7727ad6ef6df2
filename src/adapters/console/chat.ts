// The local chat's memory: who said what in which place, and the newest view of every card. It forgets with the process; the store does not.
import type { CardView } from '../../../cards/view.ts';
import type { ChatPort } from '../../bot/ports.ts';
import { ChatError } from '../../bot/ports.ts';
import type { Clock } from '../../liveResponse/ports.ts';
import type { CardRef } from '../../liveResponse/request.ts';

export const surface = 'console';

export type ConsoleMessage = { readonly id: string; readonly place: string; readonly at: number } & (
  | { readonly kind: 'card'; readonly view: CardView; readonly drawn: number }
  | { readonly kind: 'said'; readonly by: string; readonly text: string }
  | { readonly kind: 'note'; readonly card: string; readonly text: string; readonly mention: readonly string[] }
  /** Seen by one person alone. */
  | { readonly kind: 'whisper'; readonly to: string; readonly text: string; readonly block?: string; readonly link?: { readonly label: string; readonly url: string }; readonly view?: CardView }
);

/** `Omit` that keeps a union a union. */
type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;
export type NewMessage = Without<ConsoleMessage, 'id' | 'at'>;

export interface ConsoleChat extends ChatPort {
  add(message: NewMessage): ConsoleMessage;
  messages(): readonly ConsoleMessage[];
  /** Called with every new or redrawn message; answers how to stop. */
  listen(listener: (message: ConsoleMessage) => void): () => void;
}

/** Messages kept; a demonstration never needs more, and memory stays bounded. */
const kept = 500;

export function createConsoleChat(clock: Pick<Clock, 'now'>, places: readonly string[]): ConsoleChat {
  const messages = new Map<string, ConsoleMessage>();
  const listeners = new Set<(message: ConsoleMessage) => void>();
  let count = 0;

  function put(message: ConsoleMessage): ConsoleMessage {
    messages.set(message.id, message);
    for (const id of messages.keys()) {
      if (messages.size <= kept) break;
      messages.delete(id);
    }
    for (const listener of listeners) listener(message);
    return message;
  }
  function add(message: NewMessage): ConsoleMessage {
    count += 1;
    return put({ ...message, id: `m${count}`, at: clock.now() });
  }

  return {
    surface,
    volatile: true,
    add,
    messages: () => [...messages.values()],
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    post(place, view, intent) {
      if (!places.includes(place)) return Promise.reject(new ChatError('dead', `The console has no place "${place}".`));
      const id = `card-${intent}`;
      put({ kind: 'card', id, place, at: clock.now(), view, drawn: 1 });
      return Promise.resolve({ surface, place, id });
    },
    update(ref: CardRef, view) {
      const before = messages.get(ref.id);
      // After a restart the card is not here yet: an update brings it back where it stood.
      const drawn = before?.kind === 'card' ? before.drawn + 1 : 1;
      put({ kind: 'card', id: ref.id, place: ref.place, at: before?.at ?? clock.now(), view, drawn });
      return Promise.resolve();
    },
    note(ref, text, mention) {
      add({ kind: 'note', place: ref.place, card: ref.id, text, mention });
      return Promise.resolve();
    },
    whisper(place, account, text) {
      add({ kind: 'whisper', place, to: account, text });
      return Promise.resolve();
    },
  };
}
