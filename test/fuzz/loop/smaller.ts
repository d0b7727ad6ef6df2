// The smallest input that still fails in the same way: parts are left out, larger ones first.

/** Whether an input still fails as the first one did. */
type Fails = (input: Buffer) => Promise<boolean>;

/** Delta debugging over bytes, with at most so many tries. */
export async function smallest(input: Buffer, fails: Fails, tries: number): Promise<Buffer> {
  let best = input;
  let left = tries;
  for (
    let size = Math.ceil(best.length / 2);
    size >= 1 && left > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best.length && left > 0;) {
      const shorter = Buffer.concat([best.subarray(0, from), best.subarray(from + size)]);
      left -= 1;
      if (await fails(shorter)) best = shorter;
      else from += size;
    }
  }
  return best;
}
