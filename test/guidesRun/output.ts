// What a command printed, held against what a guide shows of it.

/**
 * The first line of a guide's output that does not come, in order; digits stand for any digits, dots and
 * <...> for anything.
 */
export function firstMissing(lines: readonly string[], output: string): string | undefined {
  const printed = output.split('\n');
  let from = 0;
  for (const line of lines) {
    if (/^\s*(?:\.\.\.|…)\s*$/.test(line)) continue;
    const shape = line
      .trim()
      .split(/(\d+|\.\.\.|…|<[^<>]+>)/)
      .map((part, index) =>
        index % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : /^\d/.test(part) ? '\\d+' : '.*',
      )
      .join('');
    const found = printed.findIndex(
      (one, index) => index >= from && new RegExp(`^\\s*${shape}\\s*$`).test(one),
    );
    if (found === -1) return line.trim();
    from = found + 1;
  }
  return undefined;
}

/** The end of what was printed, and lines before it that say what is wrong. */
export function tail(text: string): string {
  const lines = text.trim().split('\n');
  return lines
    .filter((line, index) => index >= lines.length - 15 || /FAIL|error/i.test(line))
    .map((line) => `      ${line.slice(0, 300)}`)
    .join('\n');
}
