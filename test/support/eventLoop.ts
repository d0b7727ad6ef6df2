// Whether the event loop goes on while something is under way.
import { setImmediate as turn } from 'node:timers/promises';

/** What came of it, and how often the event loop turned meanwhile. */
export async function turnsDuring<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly turns: number }> {
  let over = false;
  const worked = work().finally(() => {
    over = true;
  });
  let turns = 0;
  for (; !over; turns += 1) await turn();
  return { value: await worked, turns };
}
