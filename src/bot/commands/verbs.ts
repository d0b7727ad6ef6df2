// One table of everything that can be typed or pressed, with what it may bring about: by that every chat and
// the bot know how freshly a person must be known.
import type { Verb } from '../../../cards/view.ts';
import type { Freshness } from '../policy/people/people.ts';
import type { Recipe } from '../policy/policy.ts';
import type { Refusal } from '../policy/refusals/refusal.ts';
import { parse } from './grammar.ts';
import type { Parsed } from './grammar.ts';

/**
 * `runs`: lets something run. `stops`: only ever stops something. `asks`: makes a request, which runs nothing
 * until somebody else approves it. `tells`: changes nothing that runs.
 */
export type Effect = 'runs' | 'stops' | 'asks' | 'tells';

/** A verb of a button or of a typed line. */
export type AnyVerb = Verb | Parsed['verb'];

interface VerbRow {
  readonly effect: Effect;
  /** Completes "so nothing was ...". */
  readonly undone: string;
}

const tells: VerbRow = { effect: 'tells', undone: 'done' };

export const verbTable: Readonly<Record<AnyVerb, VerbRow>> = {
  // With the fingerprint or without: the line that approves is handed only to those who may type it.
  approve: { effect: 'runs', undone: 'approved' },
  resend: { effect: 'runs', undone: 'sent again' },
  again: { effect: 'runs', undone: 'asked for' },
  retry: { effect: 'runs', undone: 'asked for' },
  unfreeze: { effect: 'runs', undone: 'unfrozen' },
  // It ends the search for a request that may be running, and with that frees its device: whatever else is
  // approved there is sent.
  drop: { effect: 'runs', undone: 'dropped' },
  deny: { effect: 'stops', undone: 'denied' },
  withdraw: { effect: 'stops', undone: 'withdrawn' },
  cancel: { effect: 'stops', undone: 'cancelled' },
  freeze: { effect: 'stops', undone: 'frozen' },
  ask: { effect: 'asks', undone: 'asked for' },
  link: tells,
  output: tells,
  look: tells,
  refresh: tells,
  help: tells,
  whoami: tells,
  recipes: tells,
  scripts: tells,
  host: tells,
  status: tells,
  list: tells,
  quota: tells,
  // A word where an id belongs: only ever answered with what was meant.
  noId: tells,
};

export function effectOf(verb: AnyVerb): Effect {
  return verbTable[verb].effect;
}

const noRecipes: ReadonlyMap<string, Recipe> = new Map();

/**
 * The verb of a typed line, for a chat that must know it before the bot reads the line. Read by the same
 * grammar, so that no spelling decides for the bot and tells for the chat. What is no command of ours can
 * only be a recipe, or nothing.
 */
export function verbOfLine(text: string): AnyVerb {
  const parsed = parse(text, noRecipes);
  return 'problem' in parsed ? 'ask' : parsed.verb;
}

/** How freshly somebody must be known for it. */
export function freshnessFor(verb: AnyVerb): Freshness {
  switch (effectOf(verb)) {
    case 'runs':
      return 'now';
    case 'stops':
      return 'nowOrLast';
    case 'asks':
    case 'tells':
      return 'remembered';
  }
}

/** What is answered when a platform cannot say who wants it. */
export function identityUnread(
  platform: string,
  verb: AnyVerb,
  pressed: boolean,
): Extract<Refusal, { readonly refused: 'identityUnread' }> {
  return { refused: 'identityUnread', platform, undone: verbTable[verb].undone, pressed };
}
