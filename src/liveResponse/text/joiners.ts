// Characters that draw nothing by themselves and still belong to the text: what joins the parts of an emoji,
// the tags of a flag, and the joiners that some scripts are spelt with. Anywhere else they only hide
// something.

const emoji = /^\p{Extended_Pictographic}$/u;
const keycap = /^[0-9#*]$/;
const skinTone = /^\p{Emoji_Modifier}$/u;
/** Scripts in which a joiner between two letters is spelling (unicode.org/reports/tr31, 2.3). */
const joiningScript =
  /^[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}]$/u;
const flagTags = /^(?:[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]){1,6}\u{e007f}/u;

const nonJoiner = 0x200c;
const joiner = 0x200d;
const emojiStyle = 0xfe0f;
const blackFlag = 0x1f3f4;

/** Length, in UTF-16 units, of the joining characters at `at`; 0 where the character there joins nothing. */
export function joiningAt(text: string, at: number): number {
  const point = text.codePointAt(at) ?? 0;
  if (point < nonJoiner) return 0;
  const before = characterBefore(text, at);
  if (point === emojiStyle) return emoji.test(before) || keycap.test(before) ? 1 : 0;
  if (point === joiner || point === nonJoiner) {
    const after = String.fromCodePoint(text.codePointAt(at + 1) ?? 0);
    const parts = point === joiner && emoji.test(after) && endsEmoji(text, at, before);
    return parts || (joiningScript.test(before) && joiningScript.test(after)) ? 1 : 0;
  }
  if (point >= 0xe0030 && point <= 0xe007f && before.codePointAt(0) === blackFlag)
    return flagTags.exec(text.slice(at, at + 14))?.[0].length ?? 0;
  return 0;
}

/** Before a joiner comes an emoji, with its style or skin tone. */
function endsEmoji(text: string, at: number, before: string): boolean {
  if (emoji.test(before)) return true;
  return (
    (before === '\ufe0f' || skinTone.test(before)) && emoji.test(characterBefore(text, at - before.length))
  );
}

function characterBefore(text: string, at: number): string {
  if (at <= 0) return '';
  const last = text.charCodeAt(at - 1);
  const start = last >= 0xdc00 && last <= 0xdfff && at >= 2 ? at - 2 : at - 1;
  return text.slice(start, at);
}
