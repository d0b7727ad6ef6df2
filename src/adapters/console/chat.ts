// The local chat's memory: who said what in which place, and the newest view of every card. It forgets with
// the process; the store does not.
import type { CardView } from '../../../cards/view.ts';
import type { ChatPort } from '../../bot/ports.ts';
import { ChatError } from '../../bot/ports.ts';
import type { Clock } from '../../liveResponse/ports.ts';
import type { CardRef } from '../../liveResponse/request/request.ts';
import { surface } from './ids.ts';

/**
 * `seq` counts changes of the whole chat: a message that is drawn again gets a new one, and keeps its `id`
 * and `at`.
 */
export type ConsoleMessage = {
  readonly id: string;
  readonly seq: number;
  readonly place: string;
  readonly at: number;
} & (
  | { readonly kind: 'card'; readonly view: CardView; readonly drawn: number }
  | { readonly kind: 'said'; readonly by: string; readonly text: string }
  | {
      readonly kind: 'note';
      readonly card: string;
      readonly text: string;
      readonly mention: readonly string[];
    }
  /** Seen by one person alone. `request` is the card that was pressed, if any. */
  | {
      readonly kind: 'whisper';
      readonly to: string;
      readonly text: string;
      readonly request?: string;
      readonly block?: string;
      readonly link?: { readonly label: string; readonly url: string };
      readonly view?: CardView;
    }
);

/** `Omit` that keeps a union a union. */
type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;
export type NewMessage = Without<ConsoleMessage, 'id' | 'at' | 'seq'>;

export interface ConsoleChat extends ChatPort {
  /** `id` makes adding the same thing twice harmless. */
  add(message: NewMessage, id?: string): ConsoleMessage;
  /** Oldest first. */
  messages(): readonly ConsoleMessage[];
  /** What changed after that number, in the order of the changes. */
  since(seq: number): readonly ConsoleMessage[];
  seq(): number;
  /** Called with every new or redrawn message; answers how to stop. */
  listen(listener: (message: ConsoleMessage) => void): () => void;
}

export interface ConsoleChatOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly places: () => readonly string[];
  /** When a request was asked for: where its card belongs in the timeline after a restart. */
  readonly askedAt?: (requestId: string) => number | undefined;
}

/** Messages kept; a demonstration never needs more, and memory stays bounded. */
const kept = 500;

export function createConsoleChat({
  clock,
  places,
  askedAt = () => undefined,
}: ConsoleChatOptions): ConsoleChat {
  const messages = new Map<string, ConsoleMessage>();
  const listeners = new Set<(message: ConsoleMessage) => void>();
  let seq = 0;

  function put(message: Without<ConsoleMessage, 'seq'>): ConsoleMessage {
    seq += 1;
    const counted: ConsoleMessage = { ...message, seq };
    messages.set(counted.id, counted);
    for (const id of messages.keys()) {
      if (messages.size <= kept) break;
      messages.delete(id);
    }
    for (const listener of listeners) listener(counted);
    return counted;
  }

  return {
    surface,
    ephemeralMessages: true,
    add: (message, id = `m${seq + 1}`) => messages.get(id) ?? put({ ...message, id, at: clock.now() }),
    messages: () => [...messages.values()].sort((one, other) => one.at - other.at),
    since: (from) =>
      [...messages.values()]
        .filter((message) => message.seq > from)
        .sort((one, other) => one.seq - other.seq),
    seq: () => seq,
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    post(place, view, intent) {
      if (!places().includes(place))
        return Promise.reject(new ChatError('closed', `The console has no place "${place}".`));
      const id = `card-${intent}`;
      put({ kind: 'card', id, place, at: clock.now(), view, drawn: 1 });
      return Promise.resolve({ surface, place, id });
    },
    update(ref: CardRef, view) {
      const before = messages.get(ref.id);
      // After a restart the card is not here yet: an update brings it back where it stood.
      const drawn = before?.kind === 'card' ? before.drawn + 1 : 1;
      put({
        kind: 'card',
        id: ref.id,
        place: ref.place,
        at: before?.at ?? askedAt(view.requestId) ?? clock.now(),
        view,
        drawn,
      });
      return Promise.resolve();
    },
    note(ref, text, mention) {
      const id = `m${seq + 1}`;
      put({ kind: 'note', id, at: clock.now(), place: ref.place, card: ref.id, text, mention });
      return Promise.resolve();
    },
    announce(place, text) {
      put({ kind: 'note', id: `m${seq + 1}`, at: clock.now(), place, card: '', text, mention: [] });
      return Promise.resolve();
    },
    replyPrivately(place, account, text) {
      put({ kind: 'whisper', id: `m${seq + 1}`, at: clock.now(), place, to: account, text });
      return Promise.resolve();
    },
  };
}
