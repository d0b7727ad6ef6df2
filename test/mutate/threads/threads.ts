// Hands work to several worker threads: each takes the next piece when it has done one.
import type { WorkerThread } from './workerThread.ts';

export async function eachOnThreads<T>(
  items: readonly T[],
  threads: readonly WorkerThread[],
  work: (item: T, thread: WorkerThread) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    threads.map(async (thread) => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item, thread);
    }),
  );
}
