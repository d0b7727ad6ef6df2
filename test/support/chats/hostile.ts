// What hostile output must not become on its way to a chat, in any string of anything that was sent.

/**
 * Controls but the line end, whatever Unicode says is not drawn (bidirectional and zero-width characters, byte
 * order marks, fillers, tags, selectors of another look), line and paragraph separators, lone surrogates.
 */
const undrawn = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]|\p{Cf}|\p{Cs}|\p{DI}/u;

const spelt = [
  'Arab',
  'Syrc',
  'Mong',
  'Deva',
  'Beng',
  'Guru',
  'Gujr',
  'Orya',
  'Taml',
  'Telu',
  'Knda',
  'Mlym',
  'Sinh',
]
  .map((script) => `\\p{scx=${script}}`)
  .join('');

/**
 * What belongs to what is drawn: the joints of one emoji, its style, the letters of a flag, and the joiners
 * that some scripts are spelt with.
 */
const belonging: readonly RegExp[] = [
  /\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{1,6}\u{e007f}/gu,
  /(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=\p{Extended_Pictographic})/gu,
  /(?<=[\p{Extended_Pictographic}0-9#*])\ufe0f/gu,
  new RegExp(`(?<=[${spelt}])[\\u200c\\u200d](?=[${spelt}])`, 'gu'),
];

function hidesSomething(text: string): boolean {
  return undrawn.test(text) && undrawn.test(belonging.reduce((left, one) => left.replace(one, ''), text));
}

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
  return strings.filter(hidesSomething).map((one) => one.slice(0, 80));
}
