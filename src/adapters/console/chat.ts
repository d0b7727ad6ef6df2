// The local chat: who said what in which place, and the newest view of every card. It lives only in memory
// and ends with the process; the store does not.
import type { CardView } from '../../../cards/view.ts';
import type { ChatPort } from '../../bot/ports.ts';
import { ChatError } from '../../bot/ports.ts';
import type { Clock } from '../../liveResponse/ports.ts';
import type { CardRef } from '../../liveResponse/request/request.ts';
import { surface } from './people.ts';

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

export interface ConsoleChatOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly places: () => readonly string[];
  /** When a request was made: it gives its card its place in the timeline after a restart. */
  readonly askedAt?: (requestId: string) => number | undefined;
}

/** Messages kept: a demonstration never needs more, and memory stays bounded. */
const kept = 500;

export class ConsoleChat implements ChatPort {
  readonly surface = surface;
  readonly ephemeralMessages = true;
  readonly #options: ConsoleChatOptions;
  readonly #messages = new Map<string, ConsoleMessage>();
  readonly #listeners = new Set<(message: ConsoleMessage) => void>();
  #seq = 0;

  constructor(options: ConsoleChatOptions) {
    this.#options = options;
  }

  /** `id` makes adding the same thing twice harmless. */
  add(message: NewMessage, id = this.#nextId()): ConsoleMessage {
    return this.#messages.get(id) ?? this.#put({ ...message, id, at: this.#options.clock.now() });
  }

  /** Oldest first. */
  messages(): readonly ConsoleMessage[] {
    return [...this.#messages.values()].sort((one, other) => one.at - other.at);
  }

  /** What changed after that number, in the order of the changes. */
  since(seq: number): readonly ConsoleMessage[] {
    return [...this.#messages.values()]
      .filter((message) => message.seq > seq)
      .sort((one, other) => one.seq - other.seq);
  }

  seq(): number {
    return this.#seq;
  }

  /** Calls the listener with every new or redrawn message. Returns a function that stops it. */
  listen(listener: (message: ConsoleMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  post(place: string, view: CardView, intent: string): Promise<CardRef> {
    if (!this.#options.places().includes(place))
      return Promise.reject(new ChatError('closed', `The console has no place "${place}".`));
    const id = `card-${intent}`;
    this.#put({ kind: 'card', id, place, at: this.#options.clock.now(), view, drawn: 1 });
    return Promise.resolve({ surface, place, id });
  }

  update(ref: CardRef, view: CardView): Promise<void> {
    const { clock, askedAt } = this.#options;
    const before = this.#messages.get(ref.id);
    // After a restart the card is not here yet: an update brings it back to its place.
    const drawn = before?.kind === 'card' ? before.drawn + 1 : 1;
    const at = before?.at ?? askedAt?.(view.requestId) ?? clock.now();
    this.#put({ kind: 'card', id: ref.id, place: ref.place, at, view, drawn });
    return Promise.resolve();
  }

  note(ref: CardRef, text: string, mention: readonly string[]): Promise<void> {
    this.add({ kind: 'note', place: ref.place, card: ref.id, text, mention });
    return Promise.resolve();
  }

  announce(place: string, text: string): Promise<void> {
    this.add({ kind: 'note', place, card: '', text, mention: [] });
    return Promise.resolve();
  }

  replyPrivately(place: string, account: string, text: string): Promise<void> {
    this.add({ kind: 'whisper', place, to: account, text });
    return Promise.resolve();
  }

  #nextId(): string {
    return `m${this.#seq + 1}`;
  }

  #put(message: Without<ConsoleMessage, 'seq'>): ConsoleMessage {
    this.#seq += 1;
    const counted: ConsoleMessage = { ...message, seq: this.#seq };
    this.#messages.set(counted.id, counted);
    for (const id of this.#messages.keys()) {
      if (this.#messages.size <= kept) break;
      this.#messages.delete(id);
    }
    for (const listener of this.#listeners) listener(counted);
    return counted;
  }
}
