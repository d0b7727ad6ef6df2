// What befalls the bot besides kill -9: it is stopped for seconds, another one is started on its folder, its
// disk fills for seconds or is read-only when it starts, it is asked to end under load.
import { setTimeout as pause } from 'node:timers/promises';
import { addressIn, stopsWithin } from '../support/programs/program.ts';
import type { Program } from '../support/programs/program.ts';
import { between } from './random.ts';
import type { Random } from './random.ts';
import type { Doors, Stage } from './stage.ts';

export const happenings = ['stopped', 'second', 'full', 'readOnly', 'terminated'] as const;
export type Happening = (typeof happenings)[number];

/** One life of the bot in so many has each of them, and one a change of the library before it. */
const period = 30;
const at: Readonly<Record<number, Happening>> = {
  2: 'stopped',
  8: 'second',
  14: 'full',
  20: 'readOnly',
  26: 'terminated',
};

/** The same for the same seed. */
export function happeningIn(life: number, shift: number): Happening | undefined {
  return at[(life + shift) % period];
}

export function libraryChangesBefore(life: number, shift: number): boolean {
  return (life + shift) % period === 11;
}

/** What came of it, counted; and what went wrong. */
export class Chronicle {
  readonly counts = new Map<string, number>();
  readonly wrong: string[] = [];
  /** Why something could not be done at all, by what. */
  readonly skipped = new Map<string, string>();
  longestStop = 0;
  /** How long each start took, in milliseconds. */
  readonly starts: number[] = [];

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

export interface Life {
  readonly stage: Stage;
  readonly bot: Program;
  readonly doors: Doors;
  readonly random: Random;
  readonly chronicle: Chronicle;
}

/** Whether the bot has ended by it; else its life goes on until it is killed. */
export async function befall(happening: Happening, life: Life): Promise<boolean> {
  switch (happening) {
    case 'stopped':
      await stopped(life);
      return false;
    case 'second':
      await second(life);
      return false;
    case 'full':
      await diskFull(life);
      return false;
    case 'readOnly':
      return diskReadOnly(life);
    case 'terminated':
      await terminated(life);
      return true;
  }
}

async function stopped({ bot, random, chronicle }: Life): Promise<void> {
  bot.child.kill('SIGSTOP');
  await pause(between(random, 2_000, 6_000));
  bot.child.kill('SIGCONT');
  chronicle.add('stopped for seconds and continued');
}

/** It has to refuse, and to leave the first alone. */
async function second(life: Life): Promise<void> {
  const { bot, chronicle } = life;
  await mustRefuse(life, 'the folder of another process', new RegExp(String(bot.child.pid)));
  const health = await fetch(`${addressIn(bot.firstLine)}/healthz`).catch((error: unknown) => error);
  if (!(health instanceof Response) || !health.ok)
    chronicle.wrong.push(`the first process was disturbed by the second: ${String(health)}`);
  chronicle.add('second processes refused');
}

async function diskFull({ stage, random, chronicle }: Life): Promise<void> {
  const { disk } = stage;
  if (disk.missing !== undefined) {
    chronicle.skipped.set('disk full for seconds', `no mount here: ${disk.missing}`);
    return;
  }
  disk.fill();
  try {
    await pause(between(random, 1_500, 4_000));
    chronicle.add('disk full for seconds');
  } finally {
    disk.empty();
  }
}

/**
 * Killed, and started where nothing can be written: it refuses and says why. Under a process that has files
 * open for writing the kernel lets nobody turn a disk read-only by hand.
 */
async function diskReadOnly({ stage, bot, doors, random, chronicle }: Life): Promise<boolean> {
  const { disk } = stage;
  if (disk.missing !== undefined) {
    chronicle.skipped.set('disk read-only at a start', `no mount here: ${disk.missing}`);
    return false;
  }
  await bot.kill('SIGKILL');
  disk.readOnly();
  try {
    await mustRefuse({ stage, doors, chronicle }, 'a read-only disk', /read-only|EROFS/i);
    await pause(between(random, 500, 2_000));
    chronicle.add('disk read-only at a start');
  } finally {
    disk.writable();
  }
  return true;
}

/** A start has to end with 1, and to say why. */
async function mustRefuse(
  { stage, doors, chronicle }: Pick<Life, 'stage' | 'doors' | 'chronicle'>,
  what: string,
  why: RegExp,
): Promise<void> {
  try {
    const other = await stage.bot(doors);
    await other.kill('SIGKILL');
    chronicle.wrong.push(`it started on ${what}`);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (!/ended with 1 /.test(said) || !why.test(said))
      chronicle.wrong.push(`it did not refuse ${what} with exit code 1 and the reason: ${said}`);
  }
}

/** SIGTERM under load: it ends with 0, in the time that it has. */
async function terminated({ bot, chronicle }: Life): Promise<void> {
  const began = performance.now();
  const code = await Promise.race([bot.kill('SIGTERM'), pause(stopsWithin, 'late' as const, { ref: false })]);
  chronicle.longestStop = Math.max(chronicle.longestStop, performance.now() - began);
  if (code !== 0)
    chronicle.wrong.push(
      code === 'late'
        ? `it still ran ${stopsWithin} ms after SIGTERM`
        : `it ended with ${String(code)} after SIGTERM: ${bot.stderr().slice(-500)}`,
    );
  chronicle.add('asked to end under load');
}
