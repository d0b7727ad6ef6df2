// Typed text as Slack delivers it, turned back: links, mentions and entities become what the person saw while
// typing.

/** What an unescaped `<...>` can mean; the text between the brackets holds no further bracket. */
const token = /<([^<>]*)>/g;

/**
 * The text as it was typed. Links give their label (`<http://hosta.corp|hosta.corp>` is what became of
 * `hosta.corp`), mentions of people, groups and channels stay as they are, so that no name is ever taken for
 * a host. Then the three entities are decoded, once: decoding first would let a typed `&lt;` forge a link.
 */
export function typedText(text: string): string {
  return text
    .replace(token, (whole, inside: string) => unlinked(inside) ?? whole)
    .replace(/&(lt|gt|amp);/g, (_whole, name: string) => entities[name] ?? '');
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&' };

function unlinked(inside: string): string | undefined {
  // `@`, `#` and `!` begin mentions of people, channels and groups.
  if (inside === '' || '@#!'.includes(inside.charAt(0))) return undefined;
  const bar = inside.indexOf('|');
  const address = bar < 0 ? inside : inside.slice(0, bar);
  if (!/^[a-z][a-z0-9+.-]*:/i.test(address)) return undefined;
  return bar < 0 ? address.replace(/^mailto:/, '') : inside.slice(bar + 1);
}

/** The text after the first mention of the bot; undefined where it is not mentioned. */
export function afterMention(text: string, botUser: string): string | undefined {
  const found = new RegExp(`<@${botUser}(?:\\|[^<>]*)?>[\\s,:]*`).exec(text);
  return found === null ? undefined : text.slice(found.index + found[0].length);
}

/**
 * Slack leaves out nothing here: a form field given twice arrives as a list, and a hostile one as anything.
 */
export function asText(value: unknown): string {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' ? one : '';
}
