// `npm run crash-test -- --kills 200`: bot, Defender, Slack and Teams as processes of their own, a tenth of
// all calls failing; people type and press, and the bot is killed with -9 again and again, mostly right after
// it has acknowledged something. Ends with exit code 1 where anything was lost, run twice, run unapproved or
// altered, where a card is untrue or a secret was found.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect, parseArgs } from 'node:util';
import type { Program } from '../support/programs/program.ts';
import { addressIn } from '../support/programs/program.ts';
import { calledWrongly, optionsOr, wholeNumber } from '../support/wrongOption.ts';
import { befall, Chronicle, happeningIn, libraryChangesBefore } from './happenings.ts';
import { People } from './people.ts';
import { between, randomFrom } from './random.ts';
import type { Random } from './random.ts';
import { deviceCount } from './tenant.ts';
import { Stage } from './stage.ts';
import type { Doors } from './stage.ts';
import { judged, print, tellBroken, toRepeat } from './report.ts';
import { verdictOf } from './verdict.ts';

const usage = `npm run crash-test -- [options]
  --kills N     how often the bot is killed (60)
  --seed N      the same people, moments, faults and transports as in an earlier run (by the clock)
  --keep        leaves the folder with journal and logs, and prints where it is
  --help        prints this
After a SIGINT to this process alone it kills no more, and judges what there is.
Timing differs from run to run, so a seed makes the same thing likely, not certain.
Ends with 0 where nothing was found, with 1 where something was, or where too little was done to tell, and with 2
where an option is wrong.`;

/**
 * After the last kill, how long nothing may get better before everything has come to its end. The bot changes
 * 45 cards a minute at most, as Slack asks: after very many kills the last card waits its turn. Milliseconds.
 */
const patience = 120_000;
/** However steadily it gets better. Milliseconds. */
const longest = 1_200_000;
/** More answers than can be missing: as long as cards are behind, these are not counted. */
const unansweredAtMost = 1_000_000;

/** Counts what happens, so that the next kill can wait for it. */
class Counter {
  #count = 0;
  #waiting: { readonly until: number; readonly go: () => void } | undefined;

  to(count: number): void {
    this.#count = count;
    if (this.#waiting !== undefined && count >= this.#waiting.until) this.#waiting.go();
  }

  add(): void {
    this.to(this.#count + 1);
  }

  /** Resolves after so many more; `patience` milliseconds at most. */
  async more(count: number, patience: number): Promise<void> {
    const reached = new Promise<void>((go) => (this.#waiting = { until: this.#count + count, go }));
    const end = new AbortController();
    await Promise.race([
      reached,
      pause(patience, undefined, { signal: end.signal }).catch((error: unknown) => {
        if (!end.signal.aborted) throw error;
      }),
    ]);
    end.abort();
  }
}

interface Counters {
  readonly acknowledged: Counter;
  readonly drawn: Counter;
}

/**
 * Resolves at the moment of the next kill: counted in what happened, not in time, so that on a busy machine
 * it comes as deep in the work.
 */
async function moment(random: Random, { acknowledged, drawn }: Counters): Promise<void> {
  const chance = random();
  if (chance < 0.1) return pause(between(random, 0, 300));
  if (chance < 0.4) await drawn.more(between(random, 1, 10), 6_000);
  else await acknowledged.more(between(random, 1, 20), 5_000);
  // An answer takes some hundred milliseconds: most kills come before it.
  await pause(between(random, 0, random() < 0.6 ? 30 : 500));
}

/** Four starts in five are through the lighter door: the other takes half a second longer. */
function doorsOf(random: Random): Doors {
  return { socket: random() < 0.5, teams: random() < 0.8 ? 'direct' : 'botbuilder' };
}

/**
 * With the people still there: until every request has ended, every card says so and everybody was answered.
 * Answers what has not come to its end in time.
 */
async function settle(stage: Stage): Promise<readonly string[]> {
  const began = performance.now();
  let better = began;
  let left = Infinity;
  let told = began;
  for (;;) {
    const { open, behind } = await stage.unsettled();
    const cards = open.length + behind.length;
    // Teams takes two messages a second in one place, and what was typed during many lives is answered in this.
    const unanswered = cards > 0 ? 0 : verdictOf(await stage.evidence()).broken.lost.length;
    const waited = performance.now() - began;
    const now = cards > 0 ? cards + unansweredAtMost : unanswered;
    if (now < left) better = performance.now();
    left = Math.min(left, now);
    if (now === 0 || performance.now() - better > patience || waited > longest)
      return open.map((request) => `${request.id} is still ${stageOf(request).state}`);
    if (performance.now() - told > 30_000) {
      told = performance.now();
      print(
        `after the last kill: ${open.length} requests go on, ${behind.length} cards are behind, ${unanswered} wait for an answer`,
      );
    }
    await pause(cards > 0 ? 1_000 : 4_000);
  }
}

interface Options {
  readonly kills: number;
  readonly seed: number;
  readonly keep: boolean;
}

/** The exit code where only help was asked for. @throws where an option is wrong */
function optionsGiven(): Options | { readonly exit: number } {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string' },
      seed: { type: 'string' },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    print(usage);
    return { exit: 0 };
  }
  return {
    kills: wholeNumber('kills', values.kills, 60),
    seed: wholeNumber('seed', values.seed, Date.now() % 1_000_000, 0),
    keep: values.keep === true,
  };
}

interface Run {
  readonly options: Options;
  readonly random: Random;
  readonly stage: Stage;
  readonly counters: Counters;
  readonly people: People;
  readonly chronicle: Chronicle;
  /** Throws where the people could not go on. */
  readonly check: () => void;
}

/** One start of the bot, what befalls it, and its end. */
async function live(run: Run, life: number, shift: number): Promise<void> {
  const { random, stage, people, counters, chronicle } = run;
  if (libraryChangesBefore(life, shift)) await stage.changeLibrary();
  const doors = doorsOf(random);
  const began = performance.now();
  const bot = await stage.start(doors);
  chronicle.starts.push(performance.now() - began);
  people.present(true);
  try {
    const happening = happeningIn(life, shift);
    if (happening !== undefined) {
      await moment(random, counters);
      if (await befall(happening, { stage, bot, doors, random, chronicle })) return;
    }
    await moment(random, counters);
    if (life % 10 === 0) await monitored(stage, bot);
    if (bot.child.exitCode !== null)
      chronicle.wrong.push(
        `it ended by itself with ${bot.child.exitCode}: ${bot.stderr().trim().slice(-500)}`,
      );
  } finally {
    await bot.kill('SIGKILL');
    people.present(false);
  }
}

/** What a monitor reads is kept, to be searched for secrets. */
async function monitored(stage: Stage, bot: Program): Promise<void> {
  const admin = await bot.adminUrl();
  for (const address of [`${addressIn(bot.firstLine)}/healthz`, `${admin}/readyz`, `${admin}/metrics`])
    stage.note(await (await fetch(address)).text());
}

async function crashTest(options: Options): Promise<number> {
  const { kills, seed } = options;
  print(`crash test: ${kills} kills, seed ${seed}`);
  const began = performance.now();
  const random = randomFrom(seed);
  const stage = new Stage(random);
  const counters: Counters = { acknowledged: new Counter(), drawn: new Counter() };
  let failure: Error | undefined;
  try {
    await stage.open();
    const people = new People({
      deliver: (deed) => stage.deliver(deed),
      look: () => stage.room('open'),
      random,
      devices: Array.from({ length: deviceCount }, (_, n) => `load${String(n + 1).padStart(3, '0')}`),
      acknowledged: () => counters.acknowledged.add(),
      drawn: (count) => counters.drawn.to(count),
      failed: (error) => (failure ??= new Error('the people could not go on', { cause: error })),
    });
    const check = (): void => {
      if (failure !== undefined) throw failure;
    };
    const run = { options, random, stage, counters, people, chronicle: new Chronicle(), check };
    return await played(run, began);
  } finally {
    await stage.close(options.keep);
    if (options.keep) print(`kept: ${stage.dir} (its folder data may be a disk of its own: umount it first)`);
  }
}

async function played(run: Run, began: number): Promise<number> {
  const { options, random, stage, people, chronicle } = run;
  const working = people.work();
  let bot: Program | undefined;
  try {
    const shift = between(random, 0, 30);
    const enough = new AbortController();
    process.once('SIGINT', () => enough.abort());
    let kills = 0;
    for (let life = 1; life <= options.kills && !enough.signal.aborted; life += 1) {
      await live(run, life, shift);
      run.check();
      kills = life;
      if (life % 50 === 0) print(`${life} kills, ${seconds(began)} s`);
    }
    people.windDown();
    await stage.calm();
    const killed = seconds(began);
    bot = await stage.start({ socket: false, teams: 'botbuilder' });
    people.present(true);
    const stuck = await settle(stage);
    people.stop();
    await working;
    run.check();
    await monitored(stage, bot);
    const code = await bot.kill('SIGTERM');
    if (code !== 0) chronicle.wrong.push(`the last process ended with ${String(code)}: ${bot.stderr()}`);
    const audit = await stage.audited();
    if (audit !== 0) chronicle.wrong.push(`audit -- verify ended with ${String(audit)}`);
    chronicle.wrong.push(...stuck);
    return await judged({ stage, chronicle, ...options, kills, killed, seconds: seconds(began) });
  } catch (error) {
    // What went wrong before may be why.
    tellBroken({ 'not well': chronicle.wrong });
    throw error;
  } finally {
    people.stop();
    await bot?.kill('SIGKILL');
  }
}

function seconds(began: number): number {
  return Math.round((performance.now() - began) / 1000);
}

const options = optionsOr(usage, optionsGiven) ?? { exit: calledWrongly };
process.exitCode =
  'exit' in options
    ? options.exit
    : await crashTest(options).catch((error: unknown) => {
        print(inspect(error));
        print(`FAILED: the crash test could not go on, and shows nothing. ${toRepeat(options)}`);
        return 1;
      });
