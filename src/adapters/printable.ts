// Text from outside for a terminal, such as device names and errors: none of it may move the cursor or change
// the reading direction.

/** Control and format characters as `\u001b`; everything else as it is. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
