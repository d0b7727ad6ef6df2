// HTML tags in Teams messages, which is how Teams delivers formatting. Typed angle brackets arrive as
// entities, so a tag is never something that was typed.

const lineTags = /<br\s*\/?>|<\/(?:p|div|pre|li|blockquote)>(?=\s*<)/gi;
const formattingTags =
  /<\/?(?:p|div|span|strong|b|em|i|u|s|del|strike|code|pre|blockquote|font|ul|ol|li|h[1-6]|hr|table|tbody|thead|tr|td|th|codeblock|readonly|attachment|(?:custom)?emoji|img)(?:\s[^<>]*)?\/?>/gi;

/** The alternative text of an emoji takes its place. */
const emojiTags = /<(?:(?:custom)?emoji|img)\s[^<>]*?\balt="([^"<>]{0,60})"[^<>]*>/gi;

/** The text without code, bold and the like; a line break stays one, for the reader of commands to judge. */
export function withoutFormatting(text: string): string {
  return text.includes('<')
    ? text.replace(lineTags, '\n').replace(emojiTags, '$1').replace(formattingTags, '')
    : text;
}
