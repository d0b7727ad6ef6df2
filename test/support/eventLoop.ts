// Whether the event loop goes on while something is under way, and whether another thread does it.
import { createHook } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';

/** What came of it, and how often the event loop turned meanwhile. */
export async function turnsDuring<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly turns: number }> {
  const state = { over: false };
  const worked = work().finally(() => {
    state.over = true;
  });
  let turns = 0;
  for (; !state.over; turns += 1) await turn();
  return { value: await worked, turns };
}

/** What came of it, and how many threads were started for it. */
export async function threadsDuring<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly threads: number }> {
  let threads = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'WORKER') threads += 1;
    },
  }).enable();
  try {
    const value = await work();
    return { value, threads };
  } finally {
    hook.disable();
  }
}
