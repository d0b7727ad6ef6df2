// Rules that follow from the table of verbs for chats and handlers: which verb a typed line has, how freshly
// a person must be known for it, and what is refused before anything else is looked at.
import type { AnyVerb } from '../../liveResponse/verbs.ts';
import { effectOf, isVerb, rowOf, tooLong } from '../../liveResponse/verbs.ts';
import type { Freshness } from '../policy/people/people.ts';
import type { Refusal } from '../policy/refusals/refusal.ts';
import { noRecipes } from './argumentReaders.ts';
import { forms, isCommandWord } from './forms.ts';
import { parse } from './grammar.ts';

/**
 * The verb of a typed line, for a chat that must know it before the bot reads the line. Read by the same
 * grammar, so that the bot and the chat never read one spelling as two verbs. A word that is not a command
 * can only be a recipe, or nothing.
 */
export function verbOfLine(text: string): AnyVerb {
  const parsed = parse(text, noRecipes);
  return 'problem' in parsed ? 'ask' : parsed.verb;
}

/**
 * Whether a line asks for what anyone may read anywhere, seen by its first word alone: a topic of help may be
 * a recipe, which a chat does not know.
 */
export function isForAnyone(text: string): boolean {
  const [first = '', ...more] = text.trim().split(/\s+/);
  const word = first.toLowerCase();
  if (word === '') return true;
  if (!isCommandWord(word) || !isVerb(word) || rowOf(word).may !== 'anyone') return false;
  return more.length === 0 || forms[word].usage !== word;
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
  return { refused: 'identityUnread', platform, undone: rowOf(verb).undone, pressed };
}

/** A text that does not fit whole where it is shown is refused: a cut reason says what nobody said. */
export function textRefusal(verb: AnyVerb, text: string | undefined): Refusal | undefined {
  const over = tooLong(verb, text);
  return over === undefined ? undefined : { refused: 'textTooLong', undone: rowOf(verb).undone, ...over };
}
