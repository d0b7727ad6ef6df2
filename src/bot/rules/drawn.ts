// Makes foreign text safe to stand in a sentence of ours: what would not be drawn, or would change how its neighbours are drawn, becomes a box.
import { hiddenCharacter } from '../../liveResponse/commands.ts';

/** Each hidden character as one visible box; everything else as it is. */
export function drawn(text: string): string {
  return Array.from(text, (character) => (hiddenCharacter(character) === undefined ? character : '\u25A1')).join('');
}
