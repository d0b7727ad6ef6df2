// Quoted and forwarded text in Teams messages, which is not what the sender says: it is taken out before a
// line is read, in every form in which Teams delivers it.

/**
 * `<quoted messageId="..."/>` means a quoted message since 2026; older clients wrap its text in
 * `<blockquote>`. The names alone count, so that a form nobody has seen yet is a quote as well.
 */
const quoteTag = /<(\/?)(?:quote[a-z]*|blockquote|reply[a-z]*|forward[a-z]*|messagereference)\b([^<>]*)>/gi;
/** Clients wrap what was typed next to a block quote. */
const wrapper = /<\/?(?:p|div|span|br)(?:\s[^<>]*)?\/?>/gi;

/**
 * The text outside all quotes. Nothing that may be inside one is left: an opening without an end takes all
 * that follows, an end without an opening all before it.
 */
export function withoutQuotes(text: string): string {
  let kept = '';
  let depth = 0;
  let from = 0;
  for (const match of text.matchAll(quoteTag)) {
    if (depth === 0) kept += `${text.slice(from, match.index)} `;
    from = match.index + match[0].length;
    if (match[1] === '/') {
      if (depth === 0) kept = '';
      else depth -= 1;
    } else if (match[2]?.trimEnd().endsWith('/') !== true) depth += 1;
  }
  if (from === 0) return text;
  return (depth === 0 ? kept + text.slice(from) : kept).replace(wrapper, ' ');
}

/** Without the lines at the beginning that are marked as quoted with `>`. No command begins so. */
export function withoutQuotedLines(text: string): string {
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end).trim();
    if (line !== '' && !line.startsWith('>')) break;
    from = end < 0 ? text.length : end + 1;
  }
  return text.slice(from);
}

/**
 * Without a forwarded message, which Teams puts below what was typed and marks in the HTML alone. Spaces are
 * compared as one.
 */
export function withoutForwarded(text: string, forwarded: readonly string[]): string {
  const said = [...text.matchAll(/\S+/g)];
  let kept = said.length;
  for (const one of forwarded) {
    const words = one.split(/\s+/).filter((word) => word !== '');
    const at = kept - words.length;
    if (at >= 0 && words.every((word, index) => said[at + index]?.[0] === word)) kept = at;
  }
  return text.slice(0, said[kept]?.index ?? text.length);
}

/**
 * Without a quoted message, which Teams puts before what was typed, or behind it, and marks in the HTML
 * alone. The text is parted into words once, however many messages it quotes.
 */
export function withoutQuoted(text: string, quoted: readonly (readonly string[])[]): string {
  if (quoted.length === 0) return text;
  const said = [...text.matchAll(/\S+/g)];
  let from = 0;
  let to = said.length;
  for (const forms of quoted) {
    for (const one of forms) {
      const words = one.split(/\s+/).filter((word) => word !== '');
      const at = to - words.length;
      if (words.length === 0 || at < from) continue;
      if (words.every((word, index) => said[from + index]?.[0] === word)) from += words.length;
      else if (words.every((word, index) => said[at + index]?.[0] === word)) to = at;
      else continue;
      break;
    }
  }
  if (from === to && said.length > 0) return '';
  return text.slice(from === 0 ? 0 : said[from]?.index, to === said.length ? text.length : said[to]?.index);
}

/**
 * The texts of the messages that an HTML form of a message forwards or quotes, with its entities: of a quoted
 * one with its author's name, and without it. However long it is: what was not looked at would be taken for
 * typed.
 */
export function quotesIn(html: string): {
  readonly forwarded: readonly string[];
  readonly quoted: readonly (readonly string[])[];
} {
  const forwarded: string[] = [];
  const quoted: (readonly string[])[] = [];
  let depth = 0;
  let from: number | undefined;
  let isForward = false;
  for (const match of html.matchAll(quoteTag)) {
    if (match[1] === '/') {
      depth = Math.max(0, depth - 1);
      if (depth > 0 || from === undefined) continue;
      const inside = html.slice(from, match.index);
      if (isForward) forwarded.push(plainOf(inside));
      else quoted.push([plainOf(inside), plainOf(inside.replace(/<strong[^<>]*>[^<>]*<\/strong>/i, ' '))]);
      from = undefined;
    } else if (match[2]?.trimEnd().endsWith('/') !== true) {
      depth += 1;
      if (depth > 1) continue;
      from = match.index + match[0].length;
      isForward = /schema\.skype\.com\/Forward/i.test(match[2] ?? '');
    }
  }
  return { forwarded, quoted };
}

export function plainOf(html: string): string {
  return html.replace(/<[^<>]*>/g, ' ');
}
