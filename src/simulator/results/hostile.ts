// Hostile script output: what a script on a compromised device may print to attack anything that shows its
// output in a chat, such as mentions, links, markup, control characters and sheer size.

const longLineLength = 10_000;
const hostileBytes = 5 * 1024 * 1024;

/** One attempt a line; each appears in the output as it is written here. */
export const hostileLines: readonly string[] = [
  'Attention <!channel> <!here> <!everyone> <@U123> <#C123> <!subteam^S123>',
  '<at>x</at> <at id="0">Everyone</at> @channel @everyone',
  '<https://evil|https://portal.example> [Approve here](https://evil) <https://evil>',
  '![pixel](https://evil/pixel.png) <img src="https://evil/pixel.png"> <script>alert(1)</script>',
  '``` end of the block ``` *bold* _italic_ ~struck~ `code` > quote &lt;!channel&gt; &amp;',
  '```',
  '# Approved by everybody',
  // Right-to-left override and its kin: "exe.fdp" drawn as "pdf.exe".
  'bidi \u202Etxt.exe\u202C \u2066isolated\u2069 \u200Bzero\u200Dwidth\uFEFF \u2028line\u2029paragraph',
  'nul [\u0000] bell [\u0007] escape [\u001B[31mred\u001B[0m] backspace [\b\b\b] C1 [\u009B31m]',
  'emoji \u{1F525}\u{1F525}\u{1F525}\u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}\u{1F3F4}\u200D\u2620\uFE0F :fire: :tada: '.repeat(
    8,
  ),
  // One letter under a tower of combining marks.
  `zalgo Z${'\u0341\u0352\u0316'.repeat(60)}`,
  'x'.repeat(longLineLength),
];

/**
 * The whole output: the lines above at the beginning and, because some show the end, there too; 5 MB between
 * them.
 */
export function hostileOutput(): string {
  const lines = `${hostileLines.join('\r\n')}\r\n`;
  const filler = '<!channel> a line of a long listing with a ``` in it\n';
  return lines + filler.repeat(Math.ceil(hostileBytes / filler.length)) + lines;
}
