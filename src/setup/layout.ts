// Lines of a terminal: broken between words, so that nothing is cut in the middle of one. What is piped or
// redirected stays in one line each.

/** Columns where nothing says how many there are. */
const usualColumns = 80;

/**
 * @param columns of the terminal; undefined: no line is broken @returns the lines, without an end; a word
 * that is longer than a line has a line of its own
 */
export function wrapped(text: string, columns: number | undefined): readonly string[] {
  return text.split('\n').flatMap((line) => (columns === undefined ? [line] : broken(line, columns)));
}

function broken(line: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let current: string | undefined;
  for (const word of line.split(' ')) {
    if (current === undefined) current = word;
    else if (current.length + 1 + word.length <= columns) current = `${current} ${word}`;
    else {
      lines.push(current);
      current = word;
    }
  }
  return [...lines, current ?? ''];
}

/** Prints a text, broken to the terminal's width. */
export function say(text = ''): void {
  process.stdout.write(`${wrapped(text, columnsOf(process.stdout)).join('\n')}\n`);
}

/** What a terminal holds in one line; undefined where the output is no terminal. */
export function columnsOf({
  isTTY,
  columns,
}: {
  readonly isTTY?: boolean;
  readonly columns?: number;
}): number | undefined {
  // A terminal that does not know its size says 0.
  return isTTY === true ? (columns === undefined || columns < 20 ? usualColumns : columns) : undefined;
}

/** One thing to do; the command is last and is never broken, so that it can be copied. */
export interface Step {
  readonly say: string;
  readonly run?: string;
}

/** As `  1. Start the bot: npm start`; a command for which there is no room has a line of its own. */
export function numbered(steps: readonly Step[], columns: number | undefined): readonly string[] {
  const indent = ' '.repeat(5);
  const room = columns === undefined ? undefined : columns - indent.length;
  return steps.flatMap(({ say, run }, index) => {
    const lines = [...wrapped(say, room)];
    const last = lines.at(-1) ?? '';
    if (run !== undefined && (room === undefined || last.length + 1 + run.length <= room))
      lines.splice(-1, 1, `${last} ${run}`);
    else if (run !== undefined) lines.push(run);
    return lines.map((line, at) =>
      at === 0 ? `${String(index + 1).padStart(3)}. ${line}` : `${indent}${line}`,
    );
  });
}
