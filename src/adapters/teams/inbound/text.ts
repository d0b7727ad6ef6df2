// Command text of a Teams message: mentions of the bot, entities and auto-links are undone. Quotes, dashes
// and spaces are left to the grammar, which says what it repaired.
import type { Inbound } from './activity.ts';
import { withoutForwarded, withoutQuoted, withoutQuotedLines, withoutQuotes } from './quotes.ts';

/**
 * The text after the command's name, or undefined when the message is not for the bot. `name` is the
 * command without its slash. What it quotes or forwards is somebody else's and is left out. In a channel or
 * group chat only a mention or a native slash command is for the bot, even if Teams delivers every message.
 */
export function commandText(
  message: Pick<Inbound, 'text' | 'mentions' | 'bot' | 'kind' | 'targeted' | 'forwarded' | 'quoted'>,
  name: string,
): string | undefined {
  const { rest, mentioned } = withoutMentions(withoutQuotes(message.text), message);
  if (message.kind !== 'personal' && !message.targeted && !mentioned) return undefined;
  const said = withoutQuotedLines(decoded(withoutLinks(withoutFormatting(rest))));
  const own = withoutQuoted(
    withoutForwarded(said, (message.forwarded ?? []).map(decoded)),
    (message.quoted ?? []).map((forms) => forms.map(decoded)),
  );
  // `@Live Response, status`: no command begins so.
  return withoutName(trimmed(own).replace(/^[\s,:;&+]{1,20}/, ''), name, message.bot.name);
}

const mentionTag = /<at(?:\s[^<>]*)?>([^<>]*)<\/at>/gi;

/**
 * Every mention of the bot is removed, wherever it is and however often; those of others become their
 * names, but for the ones before the command, which are listed as well and are no part of it.
 */
function withoutMentions(
  text: string,
  message: Pick<Inbound, 'mentions' | 'bot' | 'kind'>,
): { readonly rest: string; readonly mentioned: boolean } {
  const ours = message.mentions.filter((mention) => mention.id === message.bot.id);
  const names = new Set(ours.map((mention) => folded(mention.text.replace(mentionTag, '$1'))));
  if (message.bot.name !== undefined) names.add(folded(message.bot.name));
  // Clients split the mention of a name with a space in it in two; each part alone then names the bot.
  const parts = new Set([...names].flatMap((one) => one.split(' ')));
  const others = new Set(
    message.mentions
      .filter((mention) => mention.id !== message.bot.id)
      .map((mention) => folded(mention.text.replace(mentionTag, '$1'))),
  );
  let found = ours.length > 0;
  let leading = 0;
  const rest = text.replace(mentionTag, (whole, inner: string, at: number) => {
    const named = folded(inner);
    const first = leading >= 0 && onlyBetween.test(decoded(withoutFormatting(text.slice(leading, at))));
    leading = first ? at + whole.length : -1;
    if (names.has(named) || (ours.length > 0 && parts.has(named) && !others.has(named))) {
      found = true;
      return ' ';
    }
    return first && message.kind !== 'personal' ? ' ' : inner;
  });
  return { rest, mentioned: found };
}

/** What may be between mentions. */
const onlyBetween = /^[\s,;:+&]*$/;

function folded(text: string): string {
  return decoded(text).replace(/\s+/g, ' ').trim().toLowerCase();
}

/**
 * `<a href="http://host">host</a>` and `[host](http://host)` become what was typed. A link whose text is
 * something else keeps both.
 */
function withoutLinks(text: string): string {
  return text
    .replace(/<a\s[^<>]*>([^<>]*)<\/a>/gi, '$1')
    .replace(
      /\[([^[\]()\s]{1,500})\]\((?:https?:\/\/|mailto:)?([^[\]()\s]{1,500}?)\/?(?: "[^"\n]{0,500}")?\)/gi,
      (whole, shown: string, target: string) => {
        const bare = shown.replace(/^https?:\/\//i, '').replace(/\/$/, '');
        return bare.toLowerCase() === target.toLowerCase() ? shown : whole;
      },
    );
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  ndash: '\u2013',
  mdash: '\u2014',
  lsquo: '\u2018',
  rsquo: '\u2019',
  ldquo: '\u201c',
  rdquo: '\u201d',
  hellip: '\u2026',
};

/** Entities, once: what was typed as `&amp;lt;` stays `&lt;`. */
function decoded(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp|[nm]dash|[lr][sd]quo|hellip));/gi,
    (whole, decimal?: string, hex?: string, word?: string) => {
      if (word !== undefined) return named[word.toLowerCase()] ?? whole;
      const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(decimal, 10);
      return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
        ? String.fromCodePoint(point)
        : whole;
    },
  );
}

/**
 * Line breaks and spaces at the ends; clients put them around mentions. Hidden characters stay: the grammar
 * refuses them.
 */
function trimmed(text: string): string {
  // Not by an expression: one anchored at the end alone begins again at every space of a long row of them.
  return text.trim();
}

/**
 * Takes `lr`, `/lr` and a slash command's `/Live Response lr` away once; without a name the whole text is the
 * command.
 */
function withoutName(text: string, name: string, botName: string | undefined): string {
  const afterBot = botName === undefined ? text : without(text, botName);
  return without(afterBot, name);
}

function without(text: string, word: string): string {
  const bare = text.startsWith('/') ? text.slice(1) : text;
  if (bare.slice(0, word.length).toLowerCase() !== word.toLowerCase()) return text;
  const next = bare.charAt(word.length);
  return next === '' || /\s/.test(next) ? trimmed(bare.slice(word.length)) : text;
}

// HTML tags are how Teams delivers formatting. Typed angle brackets arrive as entities, so a tag is never
// something that was typed.
const lineTags = /<br\s*\/?>|<\/(?:p|div|pre|li|blockquote)>(?=\s*<)/gi;
const formattingTags =
  /<\/?(?:p|div|span|strong|b|em|i|u|s|del|strike|code|pre|blockquote|font|ul|ol|li|h[1-6]|hr|table|tbody|thead|tr|td|th|codeblock|readonly|attachment|(?:custom)?emoji|img)(?:\s[^<>]*)?\/?>/gi;

/** The whole tag first: a tag that never ends is then looked at once, however many texts it seems to have. */
const emojiTags = /<(?:(?:custom)?emoji|img)\s([^<>]*)>/gi;
const alternative = /\balt="([^"<>]{0,60})"/i;

/** The alternative text of an emoji takes its place. */
function withoutEmoji(text: string): string {
  return text.replace(emojiTags, (whole, inside: string) => alternative.exec(inside)?.[1] ?? whole);
}

/** The text without code, bold and the like; a line break stays one, for the reader of commands to judge. */
export function withoutFormatting(text: string): string {
  return text.includes('<') ? withoutEmoji(text.replace(lineTags, '\n')).replace(formattingTags, '') : text;
}
