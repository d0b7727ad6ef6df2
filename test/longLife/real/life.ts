// A long life of the real thing: the built program as one process that is never killed, with Defender, Slack and Teams
// as processes of their own, a tenth of whose calls fail, and people who work at a steady pace.
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { People } from '../../crash/people.ts';
import { randomFrom } from '../../crash/random.ts';
import { Stage } from '../../crash/stage.ts';
import type { Doors } from '../../crash/stage.ts';
import { deviceCount } from '../../crash/tenant.ts';
import type { Program } from '../../support/programs/program.ts';
import { filesIn, openFiles, sampleOf } from './sample.ts';
import type { Sample } from './sample.ts';

/**
 * Between two deeds of anybody, in milliseconds: about five requests a minute, each with a card in both chats. More
 * is more than one conversation of Teams takes for hours (`lineLimits`): cards would be behind for that reason alone.
 */
const pace = 5_000;
/** Between two looks at what stands in the chats, in milliseconds. */
const looksEvery = 1_000;
const minute = 60_000;
/** A collection of garbage that was asked for is over after so long. Milliseconds. */
const collected = 1_500;

export interface RealLife {
  readonly minutes: number;
  readonly seed: number;
  readonly doors: Doors;
  /** Told each minute. */
  readonly seen: (sample: Sample) => void;
}

/** Lets one through each `pace` milliseconds. */
class Turnstile {
  #next = 0;

  async turn(): Promise<void> {
    const now = performance.now();
    this.#next = Math.max(now, this.#next + pace);
    await pause(this.#next - now);
  }
}

/** Answers what was wrong besides what the samples show. */
export async function liveReal({ minutes, seed, doors, seen }: RealLife): Promise<readonly string[]> {
  const random = randomFrom(seed);
  const stage = new Stage(random);
  let failure: unknown;
  try {
    await stage.open();
    await stage.calm();
    stage.settings({ NODE_OPTIONS: `--import ${fileURLToPath(new URL('collector.js', import.meta.url))}` });
    const bot = await stage.start(doors);
    const turnstile = new Turnstile();
    const people = new People({
      async deliver(deed) {
        await turnstile.turn();
        return stage.deliver(deed);
      },
      async look() {
        await pause(looksEvery);
        // As if they had just come in: they ask for more where few cards wait.
        people.present(true);
        return stage.room('open');
      },
      random,
      devices: Array.from({ length: deviceCount }, (_, n) => `load${String(n + 1).padStart(3, '0')}`),
      acknowledged: () => undefined,
      drawn: () => undefined,
      failed: (error) => (failure ??= error),
    });
    const working = people.work();
    let missed: readonly string[];
    try {
      missed = await watch(stage, bot, minutes, (sample) => {
        if (failure !== undefined) throw new Error('the people could not go on', { cause: failure });
        seen(sample);
      });
    } finally {
      people.stop();
      await working;
    }
    const code = await bot.kill('SIGTERM');
    return [
      ...missed,
      ...(code === 0 ? [] : [`it ended with ${String(code)} when it was asked to: ${bot.stderr()}`]),
    ];
  } finally {
    await stage.close(false);
  }
}

async function watch(
  stage: Stage,
  bot: Program,
  minutes: number,
  seen: (sample: Sample) => void,
): Promise<readonly string[]> {
  const missed: string[] = [];
  const admin = await bot.adminUrl();
  const { pid } = bot.child;
  if (pid === undefined) throw new Error('the program has no process id');
  const began = performance.now();
  for (let count = 1; count <= minutes; count += 1) {
    await pause(Math.max(0, began + count * minute - collected - performance.now()));
    bot.child.kill('SIGUSR2');
    await pause(collected);
    if (bot.child.exitCode !== null)
      throw new Error(`it ended by itself with ${bot.child.exitCode}: ${inWords(bot.stderr())}`);
    const answer = await fetch(`${admin}/metrics`);
    const text = await answer.text();
    if (!answer.ok) missed.push(`minute ${count}: /metrics answered ${answer.status}: ${text.slice(0, 300)}`);
    else seen(sampleOf(count, text, openFiles(pid), filesIn(stage.data)));
  }
  return missed;
}

/** What a program says to people, without the lines of its log. */
function inWords(said: string): string {
  const lines = said.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  return lines.join(' ').slice(-1_000);
}
