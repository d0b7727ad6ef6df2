// Prose in a typed line: the reason of a request, of a denial, of a freeze. It never runs, so it may hold
// what people write: emoji of several parts, line breaks, any script. What could change how its neighbours
// are drawn is refused, what draws nothing is left out.
import { isHidden } from '../../liveResponse/text/visible.ts';
import { joiningAt } from '../../liveResponse/text/joiners.ts';

export const reasonOption = '--reason';

/**
 * Whether a text, without its dashes, is the name of our option and nothing more: at the end of a line, or
 * before a space.
 */
export function isReasonOption(text: string): boolean {
  return /^reason(?:\s|$)/i.test(text);
}

/**
 * Index of the first word of prose, our option counted as its first; the number of words where there is none.
 */
export function proseStart(words: readonly { readonly raw: string }[]): number {
  const verb = words[0]?.raw.toLowerCase();
  if (verb === 'freeze') return 1;
  if (verb === 'deny' || verb === 'cancel') return 2;
  const option = words.findIndex((word, index) => index > 0 && word.raw.toLowerCase() === reasonOption);
  return option < 0 ? words.length : option;
}

const lineBreaks = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
const oddSpaces = /[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
/** Controls, bidirectional embeddings, overrides and isolates, half a pair. */
const deceiving =
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The prose as it is kept, or where the character stands for which it is refused. */
export function tameProse(
  text: string,
): { readonly text: string; readonly repaired: readonly string[] } | { readonly hidden: number } {
  const bad = deceiving.exec(text);
  if (bad !== null) return { hidden: bad.index };
  const broken = text.replace(lineBreaks, '\n');
  const spaced = broken.replace(oddSpaces, ' ');
  const seen = withoutInvisible(spaced).trimStart();
  return {
    text: seen,
    repaired: [
      ...(spaced === text ? [] : ['odd spaces or line ends of the reason to plain ones']),
      ...(seen === spaced ? [] : ['characters of the reason that draw nothing, left out']),
    ],
  };
}

/** UTF-16 units on either side that tell whether a character joins anything: a flag has the most. */
const contextKept = 16;

function withoutInvisible(text: string): string {
  let out = '';
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const hidden = character !== '\n' && isHidden(character.codePointAt(0) ?? 0);
    // Judged on what is kept, so that a second reading finds nothing more to leave out.
    const before = hidden ? out.slice(-contextKept) : '';
    const joining = hidden ? joiningAt(before + text.slice(at, at + contextKept), before.length) : 0;
    if (!hidden || joining > 0) out += text.slice(at, at + Math.max(joining, character.length));
    at += Math.max(joining, character.length);
  }
  return out;
}
