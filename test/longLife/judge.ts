// Judgements over a long life: the slope of what should stay, whether something came to rest, and whether it is within
// its documented bound.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Least squares, in y for each x. 0 where nothing can be said: fewer than two different x. */
export function slopeOf(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread;
}

/**
 * The lowest of each window of that width: what the heap holds right after a collection, whatever was made and
 * dropped in between.
 */
export function lowestOf(points: readonly Point[], width: number): readonly Point[] {
  const windows = new Map<number, Point>();
  for (const point of points) {
    const window = Math.floor(point.x / width);
    const before = windows.get(window);
    if (before === undefined || point.y < before.y) windows.set(window, point);
  }
  return [...windows.values()].sort((one, other) => one.x - other.x);
}

/** @param most in y for each x */
export function growing(what: string, points: readonly Point[], most: number): readonly string[] {
  const slope = slopeOf(points);
  return slope > most ? [`${what} grows by ${told(slope)}, and may by ${told(most)}`] : [];
}

/**
 * Whether it came to rest: the typical value of the last third is not above that of the first third by more than a
 * part of it and so many. Peaks do not count, a level that rises does.
 */
export function rising(
  what: string,
  values: readonly number[],
  { part, more }: { readonly part: number; readonly more: number },
): readonly string[] {
  const third = Math.floor(values.length / 3);
  if (third === 0) return [];
  const [first, last] = [medianOf(values.slice(0, third)), medianOf(values.slice(-third))];
  return last > first * (1 + part) + more
    ? [`${what} does not come to rest: ${told(first)} at first, ${told(last)} at the end`]
    : [];
}

export function above(what: string, value: number, most: number): readonly string[] {
  return value > most ? [`${what} is ${told(value)}, and may be ${told(most)}`] : [];
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function told(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : value.toFixed(2);
}

/** How a file of the data folder may grow. Sizes in bytes. */
export interface FileBound {
  readonly name: RegExp;
  /** In words, as docs/limits.md has it. */
  readonly says: string;
  /** All files of that name together. `requests`: asked for so far; `kept`: of them in memory. */
  readonly most: (counts: { readonly requests: number; readonly kept: number }) => number;
}

/** What is above its bound, and what has none. */
export function filesOver(
  files: Readonly<Record<string, number>>,
  counts: { readonly requests: number; readonly kept: number },
  bounds: readonly FileBound[],
): readonly string[] {
  const sums = new Map<FileBound, number>();
  const wrong: string[] = [];
  for (const [name, size] of Object.entries(files)) {
    const bound = bounds.find((one) => one.name.test(name));
    if (bound === undefined) wrong.push(`${name}: no bound of this file is documented`);
    else sums.set(bound, (sums.get(bound) ?? 0) + size);
  }
  for (const [bound, sum] of sums) wrong.push(...above(`${bound.says}, in bytes,`, sum, bound.most(counts)));
  return wrong;
}
