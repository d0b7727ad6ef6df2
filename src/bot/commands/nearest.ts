// Suggestions for a misspelt word: the known words a slip or two away.

const longest = 40;

/** Known words within a small edit distance of `word`, nearest first, three at most. */
export function nearest(word: string, known: Iterable<string>): readonly string[] {
  const wanted = word.toLowerCase();
  if (wanted === '' || wanted.length > longest) return [];
  const bound = wanted.length <= 3 ? 1 : wanted.length >= 12 ? 3 : 2;
  return [...known]
    .map((candidate) => ({ candidate, away: distance(wanted, candidate.toLowerCase(), bound) }))
    .filter(({ away }) => away <= bound)
    .sort((a, b) => a.away - b.away || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * Edits (insert, delete, replace, swap neighbours) from `a` to `b`; anything above `bound` may be told as
 * `bound + 1`.
 */
function distance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1;
  let before: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a.charAt(row - 1) === b.charAt(column - 1);
      const swapped =
        row > 1 &&
        column > 1 &&
        a.charAt(row - 1) === b.charAt(column - 2) &&
        a.charAt(row - 2) === b.charAt(column - 1);
      current.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[column - 2] ?? 0) + 1 : bound + 1,
        ),
      );
    }
    before = above;
    above = current;
  }
  return above[b.length] ?? bound + 1;
}
