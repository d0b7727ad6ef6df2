// The conversation's edges: what a chat hands in, what it gets back, and what the bot asks of a chat and of
// the directory.
import type { CardView, Verb } from '../../cards/view.ts';
import type { CardRef } from '../liveResponse/request/request.ts';
import type { Person } from './policy/policy.ts';
import type { Recency } from '../liveResponse/pacing/sharedReadings.ts';

/**
 * How far a chat vouches for an account. Only `member` may do more than read help. `unknown`: the platform
 * could not be asked; what only stops something is then open to everybody the policy lists, and
 * nothing else is.
 */
export type Trust =
  'member' | 'guest' | 'external' | 'bot' | 'anonymous' | 'foreignTenant' | 'deactivated' | 'unknown';

export interface Account {
  readonly surface: string;
  /** The platform's name as people know it; absent: the surface. */
  readonly platform?: string;
  /** The platform's stable id, never a name. */
  readonly id: string;
  readonly trust: Trust;
  /**
   * The platform could not be asked just now: `trust` is what it last said. Only for what stops something.
   */
  readonly lastKnown?: true;
  /** For display in refusals and `whoami` only. */
  readonly name?: string;
  /** Further ids `whoami` prints, such as a tenant. */
  readonly details?: readonly (readonly [string, string])[];
}

export interface Place {
  readonly surface: string;
  readonly id: string;
  /** A one-to-one conversation with the bot. */
  readonly direct: boolean;
  /** Shared with another organisation: results are always private there. */
  readonly external: boolean;
}

export interface CommandIn {
  readonly surface: string;
  readonly account: Account;
  readonly place: Place;
  /** What came after the command's name; entities and auto-links already undone by the adapter. */
  readonly text: string;
  /** Unique per delivery; a redelivery has the same. */
  readonly deliveryId: string;
  /**
   * When it came in, if an earlier process left it (epoch milliseconds): much may have been decided since.
   */
  readonly cameIn?: number;
}

export interface PressIn {
  readonly surface: string;
  readonly account: Account;
  readonly place: Place;
  readonly verb: Verb;
  readonly requestId: string;
  readonly revision: number;
  readonly fingerprint: string;
  readonly index?: number;
  /** A text given with the press, such as the reason of a denial. */
  readonly input?: string;
  readonly deliveryId: string;
}

/** A text asked for in a form; submitting it is a press with `input`. */
export interface Form {
  readonly verb: Verb;
  readonly requestId: string;
  readonly revision: number;
  readonly fingerprint: string;
  readonly title: string;
  readonly label: string;
  readonly optional: boolean;
  readonly max: number;
  readonly submit: string;
}

/**
 * Answers go to the person alone; what everybody sees is on the cards. All texts are plain: adapters escape
 * them.
 */
export type Reply =
  | { readonly kind: 'nothing' }
  /**
   * Stored, and on its card or about to be. `text` is said only where no card shows it; `note` to the asker
   * alone, wherever the card is.
   */
  | {
      readonly kind: 'asked';
      readonly requestId: string;
      readonly text: string;
      readonly shown: boolean;
      readonly note?: string;
    }
  /** `block` is preformatted text below the sentence, shown literally. `link` is a bearer secret. */
  | {
      readonly kind: 'sentence';
      readonly text: string;
      readonly block?: string;
      readonly link?: { readonly label: string; readonly url: string };
    }
  | { readonly kind: 'card'; readonly text: string; readonly view: CardView }
  | { readonly kind: 'form'; readonly form: Form };

/** What is said privately about a stored request; undefined where its card says everything. */
export function saidOfAsked(reply: Extract<Reply, { readonly kind: 'asked' }>): string | undefined {
  if (reply.shown) return reply.note;
  return reply.note === undefined ? reply.text : `${reply.text} ${reply.note}`;
}

/**
 * `gone`: the card or message no longer exists (post again). `closed`: the place takes nothing of ours now;
 * it may again, so no place is given up. `throttled`: again after `retryAfterMs`. `ambiguous`: a post that
 * may have happened. `unavailable`: nothing happened, try later. `rejected`: the chat answered no to this
 * call, and not because of the place; it may take the same later, or a new card instead.
 */
export type ChatErrorCode = 'gone' | 'closed' | 'throttled' | 'ambiguous' | 'unavailable' | 'rejected';

export class ChatError extends Error {
  readonly code: ChatErrorCode;
  readonly retryAfterMs: number | undefined;
  constructor(
    code: ChatErrorCode,
    message: string,
    options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ChatError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A card to be drawn: a new one of a request in a place, or one that is there. */
export type Drawing =
  | { readonly kind: 'post'; readonly place: string; readonly requestId: string }
  | { readonly kind: 'update'; readonly ref: CardRef };

/** Whether a drawing overtakes others; asked again at every turn where it may become so while it waits. */
export type Urgency = boolean | (() => boolean);

/** One chat platform. Methods throw ChatError. */
export interface ChatPort {
  readonly surface: string;
  /** As people know it; absent: the surface. */
  readonly name?: string;
  /** Its messages do not outlive the process: every card is drawn again at start. */
  readonly ephemeralMessages?: boolean;
  /**
   * Resolves when this chat may take one more drawing of that kind in that place. What waits is drawn only
   * after it, so that the newest state is what goes out; urgent ones overtake.
   */
  acquireSlot?(drawing: Drawing, urgent: Urgency): Promise<void>;
  /**
   * Whether outsiders can read this place now: results are private there, whatever the policy says. @throws
   * ChatError when the chat cannot say: they are private until it can
   */
  external?(place: string): Promise<boolean>;
  /**
   * Posts a card and answers where it is. Called at most once per `intent`. `again`: it is not known whether
   * this place has an earlier card of this request; where it can be found, it is made to say that a newer one
   * took its place.
   */
  post(place: string, view: CardView, intent: string, again?: boolean): Promise<CardRef>;
  /** Draws the whole card again; safe to repeat. */
  update(ref: CardRef, view: CardView): Promise<void>;
  /**
   * True while the card there shows less than its newest view, because the chat did not take the whole of it.
   */
  showsLess?(ref: CardRef): boolean;
  /**
   * Has an older card of a request say that `newest` took its place; safe to repeat. Absent where no card is
   * ever left behind.
   */
  supersede?(old: CardRef, requestId: string, newest: CardRef): Promise<void>;
  /** A short public note that notifies, below a card. `mention` holds account ids of this surface. */
  note(ref: CardRef, text: string, mention: readonly string[]): Promise<void>;
  /** A short public message of its own in a place, below no card: a freeze, and its end. */
  announce(place: string, text: string): Promise<void>;
  /**
   * One cheap read: resolves when the bot can write in this place, throws `closed` with the reason when it
   * cannot. Absent where a chat cannot know.
   */
  probe?(place: string): Promise<void>;
  /** To one person alone. */
  replyPrivately(place: string, account: string, text: string): Promise<void>;
}

/**
 * Membership of a platform's groups, each named by its prefix, a colon and its id there; fails closed by
 * throwing.
 */
export interface Groups {
  /** Before a decision it is always `fresh`. `within`: milliseconds after which no answer is one. */
  includes(group: string, person: Person, fresh?: Recency, within?: number): Promise<boolean>;
  /** What the platform last answered, whenever that was; undefined where it never did. */
  lastKnown?(group: string, person: Person): boolean | undefined;
  /** The name of the platform that has this group, as people know it; absent: the group's prefix. */
  platformOf?(group: string): string | undefined;
}

/**
 * What the platforms last said of accounts and groups, kept over restarts. It counts only for what stops
 * something, while they cannot be asked.
 */
export interface LastKnown {
  get(question: string): string | undefined;
  set(question: string, answer: string): void;
}

/** What the bot offers to every chat, the console and the loop. */
export interface Bot {
  command(input: CommandIn): Promise<Reply>;
  press(input: PressIn): Promise<Reply>;
  /**
   * Anything at all came from a place (a message, a press, an invite, a rename, an unarchived channel): what
   * could not be written there is tried again at once.
   */
  heard(surface: string, place: string): void;
}

/**
 * An answer: a sentence or two with the next step, and a preformatted block that points at the word.
 */
export interface Explained {
  readonly text: string;
  readonly block?: string;
}
