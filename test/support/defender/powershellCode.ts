// Windows PowerShell's text without comments and without what stands in strings, as far as our own script
// uses the language: enough to look at commands and brackets where no PowerShell is at hand. Code inside $( )
// of a string counts as code.

/** @throws Error when a comment, a string or a bracket does not end */
export function codeOf(script: string): string {
  let code = '';
  const open: string[] = [];
  const pairs: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
  for (let at = 0; at < script.length;) {
    const rest = script.slice(at);
    const inText = open.at(-1) === '"';
    const skipped = inText
      ? undefined
      : (/^(?:<#[\s\S]*?#>|#[^\n]*)/.exec(rest)?.[0] ??
        /^(?:@'\n[\s\S]*?\n'@|'(?:[^']|'')*')/.exec(rest)?.[0]);
    const character = script.charAt(at);
    if (skipped !== undefined) {
      code += skipped.endsWith("'") || skipped.endsWith("'@") ? "''" : '';
      at += skipped.length;
      continue;
    }
    if (!inText && (character === "'" || rest.startsWith('<#')))
      throw new Error(`something that begins here does not end: ${rest.slice(0, 60)}`);
    if (character === '"') {
      // Inside a double-quoted string until its end, or until $( opens code again.
      if (inText) open.pop();
      else open.push('"');
      code += '"';
      at += 1;
    } else if (inText) {
      if (rest.startsWith('$(')) {
        open.push('$(');
        code += '$(';
        at += 2;
      } else {
        at += character === '`' ? 2 : 1;
      }
    } else {
      if ('([{'.includes(character)) open.push(character);
      const wanted = pairs[character];
      if (wanted !== undefined) {
        const last = open.pop();
        if (last !== wanted && !(character === ')' && last === '$('))
          throw new Error(
            `"${character}" closes "${last ?? 'nothing'}": ${script.slice(Math.max(0, at - 60), at + 1)}`,
          );
      }
      code += character;
      at += 1;
    }
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(' ')}`);
  return code;
}
