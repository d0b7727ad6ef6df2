// A simulated life in one process that is never restarted: so many requests an hour through both chats, decided,
// run and looked at, with something going wrong every few hours.
import type { RunningBot } from '../../simulate/life/bot.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { Chance } from '../../simulate/core/chance.ts';
import type { Owner } from '../../simulate/core/schedule.ts';
import type { Move } from '../../simulate/plan/plan.ts';
import { faultsOf, hour, movesOf } from './load.ts';
import { LongWorld } from './world.ts';

export interface SimulatedLife {
  readonly seed: number;
  readonly hours: number;
  /** Requests asked for in an hour; less than one: one each so many hours. */
  readonly asks: number;
  /** Hours between two looks. */
  readonly every: number;
  /** Collects garbage; what is then on the heap is held. */
  readonly collect: () => Promise<number>;
  /** Leaks something at each durable change: the proof that a leak would be found. */
  readonly planted: boolean;
  readonly seen: (look: Look) => void;
}

/** One look at the process. Memory and files in bytes. */
export interface Look {
  readonly hour: number;
  readonly heap: number;
  /** Sleeps and time limits that have not ended. */
  readonly timers: number;
  /** Asked for since the start, by the store's count of what it keeps and what has left it. */
  readonly asked: number;
  readonly kept: number;
  readonly open: number;
  /** Collections of the product that can grow, by name. */
  readonly entries: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, number>>;
}

const people: Owner = { name: 'people' };

/** Answers lines of the log that say that the program is wrong. */
export async function liveSimulated(life: SimulatedLife): Promise<readonly string[]> {
  const chance = new Chance(life.seed + 1_000_003);
  const world = new LongWorld(life.seed, faultsOf(chance, life.hours, 3));
  const bot = await world.startBot();
  let asked = 0;
  const leaked: string[][] = [];
  bot.store.subscribe((request, event) => {
    if (life.planted) leaked.push(Array.from({ length: 200 }, (_, n) => `${request.id} ${n}`));
    if (event.type === 'asked') asked += 1;
  });
  let number = 0;
  for (let count = 0; count < life.hours; count += 1) {
    const asks = asksIn(count, life.asks);
    const from = count * hour + 60_000;
    for (const move of movesOf(chance, number, asks))
      world.schedule.after(from + move.at - world.schedule.elapsed(), people, () => act(world, move));
    number += asks;
    await world.schedule.runUntil(from + hour);
    world.forget();
    if ((count + 1) % life.every === 0)
      life.seen({ ...lookAt(world, bot), hour: count + 1, asked, heap: await life.collect() });
  }
  return world.bugs;
}

/** So many in this hour that it is `perHour` on average. */
function asksIn(count: number, perHour: number): number {
  return Math.floor((count + 1) * perHour) - Math.floor(count * perHour);
}

function act({ actors }: LongWorld, move: Move): void {
  if (move.do === 'say') actors.say(move);
  else if (move.do === 'press') actors.press(move);
  else if (move.do === 'openLink') actors.openLink(move);
}

function lookAt(world: LongWorld, { store, loop }: RunningBot): Omit<Look, 'hour' | 'asked' | 'heap'> {
  return {
    timers: world.process.sleeping,
    kept: store.health().requests,
    open: store.open().filter((request) => stageOf(request).state !== 'unknown').length,
    entries: { ...Object.fromEntries(loop.remembered()), 'places closed': loop.cardSync.closed().length },
    files: world.files(),
  };
}
