// Growth of running time with the input: n against 4n, about 4 where it is linear, 16 where it is quadratic
// Both sizes are warmed up and measured in turn, and the best of five of each is compared: of 200 runs on a
// machine with five busy programs no linear function was above 8, and no quadratic one below 10.

/** A ratio from here on is not linear. `n log n` stays at about 4.5. */
export const tooSteep = 8;

/** So long a batch of runs has to take where one is over sooner. Milliseconds; a hundred ticks of the clock. */
const measurable = 0.1;
/** n is doubled until one run takes this long: a quadratic function is not asked for more. Milliseconds. */
const plenty = 1;
const rounds = 5;
/** A linear function looks steep when the collector came between; a quadratic one is steep every time. */
const attempts = 5;

export interface Sizes {
  /**
   * 4n is at most this. By default small enough that neither a text nor an array of its parts is an object of
   * over 128 KB: those the engine maps afresh each time, and a linear function then takes three times as long
   * per character (measured: 4 ns up to 64,004 characters, 12 ns at 256,004; 17 ns and 63 ns where lines are
   * split off, at 8,192 and 16,384). What is quadratic shows at this size as well.
   */
  readonly most?: number;
}

/** How much longer `work` takes for an input of 4n than of n; the smallest ratio of some attempts. */
export function timeRatio<Input>(
  inputOf: (size: number) => Input,
  work: (input: Input) => unknown,
  { most = 12_000 }: Sizes = {},
): number {
  const longest = Math.floor(most / 4);
  let size = Math.min(256, longest);
  let once = quickest(inputOf(size), work, 1);
  while (size < longest && once < plenty) {
    size = Math.min(size * 2, longest);
    once = quickest(inputOf(size), work, 1);
  }
  const times = Math.max(1, Math.ceil(measurable / Math.max(once, measurable / 1_000)));
  const inputs = { small: inputOf(size), large: inputOf(size * 4) };
  let ratio = Infinity;
  for (let attempt = 0; attempt < attempts && ratio >= tooSteep; attempt += 1) {
    ratio = Math.min(ratio, bestOf(inputs, work, times));
  }
  return ratio;
}

/** Whether time grows with the input alone. */
export function isLinear<Input>(
  inputOf: (size: number) => Input,
  work: (input: Input) => unknown,
  sizes: Sizes = {},
): boolean {
  return timeRatio(inputOf, work, sizes) < tooSteep;
}

/** How many times as long `work` takes for one input as for another; the first ratio of three that is not steep. */
export function timesAsLong<Input>(input: Input, reference: Input, work: (input: Input) => unknown): number {
  let ratio = Infinity;
  for (let attempt = 0; attempt < 3 && ratio >= tooSteep; attempt += 1)
    ratio = Math.min(ratio, bestOf({ small: reference, large: input }, work, 1));
  return ratio;
}

function bestOf<Input>(
  { small, large }: { readonly small: Input; readonly large: Input },
  work: (input: Input) => unknown,
  times: number,
): number {
  timeOf(small, work, times);
  timeOf(large, work, times);
  const best = { small: Infinity, large: Infinity };
  for (let round = 0; round < rounds; round += 1) {
    // Cheap, and what it is too long makes a steep function look flat.
    best.small = Math.min(best.small, quickest(small, work, times));
    best.large = Math.min(best.large, timeOf(large, work, times));
  }
  return best.large / best.small;
}

/** The shortest of three. */
function quickest<Input>(input: Input, work: (input: Input) => unknown, times: number): number {
  return Math.min(timeOf(input, work, times), timeOf(input, work, times), timeOf(input, work, times));
}

/**
 * Milliseconds of processor time for so many runs. By the wall clock a run of some milliseconds would also
 * count what other programs did meanwhile, and a short one hardly ever does.
 */
function timeOf<Input>(input: Input, work: (input: Input) => unknown, times: number): number {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) work(input);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
