// The table of verbs: everything people can type or press, who may, what it may bring about, and which text
// belongs to it. Cards, chats, the command language and the handlers read it, and keep no list of their own.

/**
 * `runs`: lets something run. `stops`: only ever stops something. `asks`: makes a request, which runs nothing
 * until somebody else approves it. `tells`: changes nothing that runs.
 */
export type Effect = 'runs' | 'stops' | 'asks' | 'tells';

/**
 * Who may: the name of the decision in bot/policy/decisions.ts that is asked (`approve` is `mayApprove`).
 * `anyone` needs no place in the policy; `listed` needs that and no more.
 */
export type Permission =
  | 'anyone'
  | 'listed'
  | 'see'
  | 'readResults'
  | 'request'
  | 'approve'
  | 'deny'
  | 'withdraw'
  | 'cancel'
  | 'resend'
  | 'drop'
  | 'freeze'
  | 'unfreeze';

/**
 * Longest text of a person, in UTF-16 units: it is shown whole on every card, and Defender's comment has room
 * for it. Ours: about six lines of a card.
 */
export const maxReason = 500;

/** What is said of the text, where a form asks for it. */
export type TextLabel = 'whyDenied';

export interface VerbText {
  /** UTF-16 units. A longer text is refused, never cut. */
  readonly max: number;
  /** Whether nothing is done without it. */
  readonly needed: boolean;
  /** A button asks for it, with these words; without a label it is only taken where it is given. */
  readonly label?: TextLabel;
}

export interface VerbRow {
  readonly typed: boolean;
  /** May be on a button of a card. */
  readonly pressed: boolean;
  readonly effect: Effect;
  readonly may: Permission;
  /** Completes "so nothing was ...". */
  readonly undone: string;
  readonly text?: VerbText;
}

const taken = { max: maxReason, needed: false } as const;
const asked = { ...taken, label: 'whyDenied' } as const;
const needed = { max: maxReason, needed: true } as const;
const typed = { typed: true, pressed: false } as const;
const pressed = { typed: false, pressed: true } as const;
const both = { typed: true, pressed: true } as const;
const tells = { effect: 'tells', undone: 'done' } as const;

export const verbTable = {
  // With the fingerprint or without: the line that approves is shown only to those who may type it.
  approve: { ...both, effect: 'runs', may: 'approve', undone: 'approved' },
  deny: { ...both, effect: 'stops', may: 'deny', undone: 'denied', text: asked },
  withdraw: { ...pressed, effect: 'stops', may: 'withdraw', undone: 'withdrawn', text: taken },
  cancel: { ...both, effect: 'stops', may: 'cancel', undone: 'cancelled', text: taken },
  link: { ...both, ...tells, may: 'readResults' },
  output: { ...both, ...tells, may: 'readResults' },
  look: { ...pressed, ...tells, may: 'see' },
  resend: { ...pressed, effect: 'runs', may: 'resend', undone: 'sent again' },
  // It ends the search for a request that may be running, and with that frees its device: whatever else is
  // approved there is sent.
  drop: { ...pressed, effect: 'runs', may: 'drop', undone: 'dropped', text: taken },
  // These two only ask, like `ask`, but may bring the same script to a device a second time: who asks is
  // known as freshly as for what runs.
  again: { ...pressed, effect: 'runs', may: 'request', undone: 'asked for' },
  retry: { ...typed, effect: 'runs', may: 'request', undone: 'asked for', text: taken },
  refresh: { ...pressed, ...tells, may: 'see' },
  ask: { ...typed, effect: 'asks', may: 'request', undone: 'asked for', text: taken },
  freeze: { ...typed, effect: 'stops', may: 'freeze', undone: 'frozen', text: needed },
  unfreeze: { ...typed, effect: 'runs', may: 'unfreeze', undone: 'unfrozen' },
  help: { ...typed, ...tells, may: 'anyone' },
  whoami: { ...typed, ...tells, may: 'anyone' },
  status: { ...typed, ...tells, may: 'see' },
  list: { ...typed, ...tells, may: 'see' },
  recipes: { ...typed, ...tells, may: 'see' },
  scripts: { ...typed, ...tells, may: 'see' },
  host: { ...typed, ...tells, may: 'see' },
  quota: { ...typed, ...tells, may: 'see' },
  // A word where an id belongs: only ever answered with what was meant.
  noId: { ...typed, ...tells, may: 'listed' },
} as const satisfies Readonly<Record<string, VerbRow>>;

type Table = typeof verbTable;

export type AnyVerb = keyof Table;
/** The verbs of typed lines. */
export type TypedVerb = { [V in AnyVerb]: Table[V]['typed'] extends true ? V : never }[AnyVerb];
/** The verbs that a button can have. */
export type PressedVerb = { [V in AnyVerb]: Table[V]['pressed'] extends true ? V : never }[AnyVerb];

const rows: Readonly<Record<AnyVerb, VerbRow>> = verbTable;

export function rowOf(verb: AnyVerb): VerbRow {
  return rows[verb];
}

export function effectOf(verb: AnyVerb): Effect {
  return rows[verb].effect;
}

/** A verb that a button can have, read from outside; undefined for everything else. */
export function pressedVerb(word: unknown): PressedVerb | undefined {
  return typeof word === 'string' && isPressed(word) ? word : undefined;
}

function isPressed(word: string): word is PressedVerb {
  return isVerb(word) && rows[word].pressed;
}

export function isVerb(word: string): word is AnyVerb {
  return Object.hasOwn(rows, word);
}

/** Whether a press of this verb without a text is answered by a form that asks for one. */
export function asksForText(verb: AnyVerb): boolean {
  return rows[verb].text?.label !== undefined;
}

/** How much too long a text for this verb is, spaces at its ends not counted; undefined for one that fits. */
export function tooLong(
  verb: AnyVerb,
  text: string | undefined,
): { readonly length: number; readonly max: number } | undefined {
  const max = rows[verb].text?.max;
  const length = text?.trim().length ?? 0;
  return max === undefined || length <= max ? undefined : { length, max };
}
