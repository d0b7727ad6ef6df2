// What Teams makes of formatting in a message: tags. Typed angle brackets arrive as entities, so a tag is never something that was typed.

const lineTags = /<br\s*\/?>|<\/(?:p|div|pre|li|blockquote)>(?=\s*<)/gi;
const formattingTags = /<\/?(?:p|div|span|strong|b|em|i|u|s|del|strike|code|pre|blockquote|font|ul|ol|li|h[1-6])(?:\s[^<>]*)?\/?>/gi;

/** The text without code, bold and the like; a line break stays one, for the reader of commands to judge. */
export function withoutFormatting(text: string): string {
  return text.includes('<') ? text.replace(lineTags, '\n').replace(formattingTags, '') : text;
}
