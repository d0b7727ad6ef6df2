// What hostile output must not become on its way to a chat, in any string of anything that was sent.

/**
 * Controls but the line end, bidirectional and zero-width characters, byte order marks, line and paragraph
 * separators, lone surrogates.
 */
const undrawn =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** What joins the parts of one emoji is drawn as that emoji. */
const emojiJoiner =
  /(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=\p{Extended_Pictographic})/gu;

/** What a block can hold that Slack draws as something else than the text it was given. */
export const live = new Set([
  'user',
  'usergroup',
  'broadcast',
  'channel',
  'team',
  'link',
  'date',
  'color',
  'image',
  'markdown',
  'video',
  'file',
]);

export interface Node {
  readonly [key: string]: unknown;
}

/** Every object inside, itself included. */
export function nodesIn(value: unknown): readonly Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  if (typeof value !== 'object' || value === null) return [];
  return [value as Node, ...Object.values(value).flatMap(nodesIn)];
}

/** Strings inside that hold what no reader can see. */
export function undrawnIn(value: unknown): readonly string[] {
  const strings =
    typeof value === 'string'
      ? [value]
      : nodesIn(value)
          .flatMap((node) =>
            Object.values(node).flatMap((one: unknown): readonly unknown[] =>
              Array.isArray(one) ? one : [one],
            ),
          )
          .filter((one) => typeof one === 'string');
  return strings.filter((one) => undrawn.test(one.replace(emojiJoiner, ''))).map((one) => one.slice(0, 80));
}
