// Escaping of foreign text in a sentence of ours: what would not be drawn, or would change how its neighbours
// are drawn, becomes a box.
import { hiddenCharacter, isHidden } from '../../../liveResponse/text/visible.ts';
import { joiningAt } from '../../../liveResponse/text/joiners.ts';

const box = '\u25A1';

/** Each hidden character as one visible box; everything else as it is. */
export function escapeInvisible(text: string): string {
  return Array.from(text, (character) => (hiddenCharacter(character) === undefined ? character : box)).join(
    '',
  );
}

/** The same for a sentence: what joins the parts of an emoji stays, and a line break is a space. */
export function escapeInvisibleSentence(text: string): string {
  let out = '';
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const hidden = isHidden(character.codePointAt(0) ?? 0);
    const joining = hidden ? joiningAt(text, at) : 0;
    if (joining > 0) out += text.slice(at, at + joining);
    else out += !hidden ? character : character === '\n' ? ' ' : box;
    at += Math.max(joining, character.length);
  }
  return out;
}
