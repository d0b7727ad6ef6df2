// A bound on how long something is waited for. What comes later is nobody's: it is neither used nor an
// unhandled error.
import type { Clock } from '../liveResponse/ports.ts';

export class TookTooLong extends Error {
  readonly code = 'tookTooLong';
  constructor(what: string, ms: number) {
    super(`${what} took longer than ${ms} ms`);
    this.name = 'TookTooLong';
  }
}

/** @throws TookTooLong, or what the work throws */
export async function within<T>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  what: string,
  work: Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  try {
    return await Promise.race([
      work,
      clock.sleep(ms, stop.signal).then(() => {
        throw new TookTooLong(what, ms);
      }),
    ]);
  } finally {
    stop.abort();
  }
}
