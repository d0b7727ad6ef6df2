// A chat that remembers every card and message, and fails where a story says so.
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { CardView } from '../../../cards/view.ts';
import { ChatError } from '../../../src/bot/ports.ts';
import type { ChatPort } from '../../../src/bot/ports.ts';

export interface ShownCard {
  readonly place: string;
  readonly intent: string;
  view: CardView;
  /** Every state it has shown, as plain text. */
  readonly history: string[];
}

/** A chat that remembers what it was shown. `failNext` makes its next calls throw. */
export interface StoryChat extends ChatPort {
  readonly cards: Map<string, ShownCard>;
  readonly notes: { readonly card: string; readonly text: string; readonly mention: readonly string[] }[];
  readonly announced: { readonly place: string; readonly text: string }[];
  readonly whispers: { readonly place: string; readonly account: string; readonly text: string }[];
  readonly calls: string[];
  /** Asked before each call, named as in `calls`: what it answers is thrown. */
  refuse: (call: string) => ChatError | undefined;
  failNext(error: ChatError, calls?: number): void;
  heal(): void;
}

export function createStoryChat(surface = 'console'): StoryChat {
  const cards = new Map<string, ShownCard>();
  const notes: { readonly card: string; readonly text: string; readonly mention: readonly string[] }[] = [];
  const announced: { readonly place: string; readonly text: string }[] = [];
  const whispers: { readonly place: string; readonly account: string; readonly text: string }[] = [];
  const calls: string[] = [];
  const failures: ChatError[] = [];
  let posted = 0;
  const called = (call: string): void => {
    calls.push(call);
    const failure = failures.shift() ?? chat.refuse(call);
    if (failure !== undefined) throw failure;
  };
  const chat: StoryChat = {
    surface,
    cards,
    notes,
    announced,
    whispers,
    calls,
    refuse: () => undefined,
    heal: () => void failures.splice(0),
    failNext: (error, times = 1) => void failures.push(...Array.from({ length: times }, () => error)),
    async post(place, view, intent) {
      await Promise.resolve();
      called(`post ${place}`);
      posted += 1;
      const id = `${place}#${posted}`;
      cards.set(id, { place, intent, view, history: [plainText(view)] });
      return { surface, place, id };
    },
    async update(ref, view) {
      await Promise.resolve();
      called(`update ${ref.id}`);
      const card = cards.get(ref.id);
      if (card === undefined) throw new ChatError('gone', 'message_not_found');
      card.view = view;
      card.history.push(plainText(view));
    },
    async note(ref, text, mention) {
      await Promise.resolve();
      called(`note ${ref.id}`);
      notes.push({ card: ref.id, text, mention });
    },
    async announce(place, text) {
      await Promise.resolve();
      called(`announce ${place}`);
      announced.push({ place, text });
    },
    async supersede(old) {
      await Promise.resolve();
      called(`supersede ${old.id}`);
      if (!cards.delete(old.id)) throw new ChatError('gone', 'message_not_found');
    },
    async replyPrivately(place, account, text) {
      await Promise.resolve();
      called('whisper');
      whispers.push({ place, account, text });
    },
  };
  return chat;
}
