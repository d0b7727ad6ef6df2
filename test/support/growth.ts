// How much longer something takes for four times the input: about 4 where it is linear, about 16 where it is
// quadratic. In processor time of this process, so that a busy machine changes nothing.

/** Below this a linear reader always is, whatever collecting garbage adds; a quadratic one never is. */
export const linear = 8;

/** Long enough to be measured by a clock of microseconds. */
const measurable = 2_000;
const rounds = 3;
/**
 * What is quadratic is so every time; what is linear only looks like it when the collector or a neighbour
 * came in between.
 */
const attempts = 12;

/**
 * The ratio, best of three. Lengths are doubled up to `most` / 4 (beyond 64,000 the collector, not the
 * reader, is what is measured) until one takes long enough: what is quadratic is found out before it takes
 * minutes.
 */
export function growth(
  textOf: (length: number) => string,
  work: (text: string) => unknown,
  most = 64_000,
): number {
  let length = Math.min(500, most / 4);
  while (length * 2 <= most / 4 && best(textOf(length), work, 1) < measurable) length *= 2;
  const small = textOf(length);
  const large = textOf(length * 4);
  const times = Math.max(1, Math.ceil(measurable / Math.max(1, best(small, work, 1))));
  let ratio = Infinity;
  for (let attempt = 0; attempt < attempts && ratio >= linear; attempt += 1)
    ratio = Math.min(ratio, best(large, work, times) / best(small, work, times));
  return ratio;
}

/** Microseconds for so many times, the shortest of three rounds. */
function best(text: string, work: (text: string) => unknown, times: number): number {
  return Math.min(...Array.from({ length: rounds }, () => taken(text, work, times)));
}

function taken(text: string, work: (text: string) => unknown, times: number): number {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) work(text);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
