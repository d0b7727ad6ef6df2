// The process of a simulated life: a line of JSON for each look, and one with what was wrong at the end. Wants to be
// started with --expose-gc. Arguments: hours, requests an hour, hours between two looks, a seed;
// `plant` as a fifth leaks something for each durable change.
import { setImmediate as turn } from 'node:timers/promises';
import { loadModules } from '../../simulate/life/modules.ts';
import { liveSimulated } from './life.ts';

const [hours = 72, asks = 4, every = 1, seed = 1] = process.argv.slice(2, 6).map(Number);
const planted = process.argv[6] === 'plant';

async function collect(): Promise<number> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('start it with --expose-gc');
  for (const _time of [1, 2]) {
    gc();
    // What is finalised is let go of in a turn of its own.
    await turn();
  }
  return process.memoryUsage().heapUsed;
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

await loadModules();
const bugs = await liveSimulated({ hours, asks, every, seed, collect, planted, seen: tell });
tell({ bugs });
