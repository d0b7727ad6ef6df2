// `npm run crash-test -- --kills 200`: bot, Defender and Slack as processes of their own; people type and
// press, and the bot is killed with -9 again and again, mostly right after it has acknowledged something.
// Ends with exit code 1 where anything was lost, run twice, run unapproved, or a card is untrue.
import { isOpen, stageOf } from '../../src/liveResponse/request/request.ts';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect, parseArgs } from 'node:util';
import { addressIn, startProgram } from '../support/programs/program.ts';
import type { Program } from '../support/programs/program.ts';
import { createJournalWatch } from './journalWatch.ts';
import { liftLimits } from './limits.ts';
import { crashPolicy, People } from './people.ts';
import { between, randomFrom } from './random.ts';
import type { Random } from './random.ts';
import { slackControl } from './slackControl.ts';
import type { LogLine, SlackControl } from './slackControl.ts';
import { verdictOf } from './verdict.ts';
import type { Evidence, JournalLine, Submission } from './verdict.ts';
import { journalLines } from '../support/store/journal.ts';

const usage = `npm run crash-test -- [options]
  --kills N     how often the bot is killed (60)
  --seed N      the same people, moments and transports as in an earlier run
  --keep        leave the folder with journal and logs
Timing differs from run to run, so a seed makes the same thing likely, not certain.`;

/** Devices to choose from: few enough that some are busy. */
const deviceCount = 200;
/**
 * After the last kill, how long nothing may get better before everything has come to its end. The bot changes
 * 45 cards a minute at most, as Slack asks: after very many kills the last card waits its turn. Milliseconds.
 */
const patience = 120_000;
/** However steadily it gets better. Milliseconds. */
const longest = 1_200_000;
/** After the last start, how long somebody waits for an answer before it counts as lost. Milliseconds. */
const answerPatience = 30_000;

interface Stage {
  readonly dir: string;
  readonly data: string;
  readonly simulatorUrl: string;
  readonly slack: SlackControl;
  start(socket: boolean): Promise<Program>;
  close(): Promise<void>;
}

async function openStage(): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'lr-crash-test-'));
  const data = join(dir, 'data');
  writeFileSync(join(dir, 'policy.yaml'), crashPolicy());
  writeFileSync(join(dir, 'slack.ndjson'), '');
  const simulator = await startProgram('src/cli/simulator.js', [
    '--port',
    '0',
    '--speed',
    '60',
    '--devices',
    String(deviceCount),
    '--latency',
    '20',
    '--lose-answers',
    '0.1',
    '--data',
    join(dir, 'tenant'),
    '--sessions',
    '50',
  ]);
  const { url: simulatorUrl } = JSON.parse(simulator.firstLine) as { readonly url: string };
  await liftLimits(simulatorUrl);
  const slackProgram = await startProgram('test/crash/slackProcess.js', [join(dir, 'slack.ndjson')]);
  const { api, control, tokens } = JSON.parse(slackProgram.firstLine) as {
    readonly api: string;
    readonly control: string;
    readonly tokens: { readonly bot: string; readonly app: string; readonly signingSecret: string };
  };
  const slack = slackControl(control);
  return {
    dir,
    data,
    simulatorUrl,
    slack,
    async start(socket) {
      const program = await startProgram('src/main.js', [], {
        PORT: '0',
        LR_DATA_DIR: data,
        LR_POLICY: join(dir, 'policy.yaml'),
        LR_LOG_LEVEL: 'warn',
        SLACK_BOT_TOKEN: tokens.bot,
        ...(socket ? { SLACK_APP_TOKEN: tokens.app } : { SLACK_SIGNING_SECRET: tokens.signingSecret }),
        SLACK_API_URL: api,
        DEFENDER_API_URL: simulatorUrl,
        DEFENDER_AUTH: 'none',
        LR_SUBMITS_PER_MINUTE: '1000',
        LR_CALLS_PER_MINUTE: '10000',
        LR_CALLS_PER_HOUR: '100000',
        LR_POLL_MS: '300',
      });
      await slack.target(socket ? undefined : addressIn(program.firstLine));
      return program;
    },
    async close() {
      await slackProgram.kill('SIGKILL');
      await simulator.kill('SIGKILL');
    },
  };
}

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
    await Promise.race([reached, pause(patience)]);
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
  if (chance < 0.4) await drawn.more(between(random, 1, 6), 6_000);
  else await acknowledged.more(between(random, 1, 10), 4_000);
  // An answer takes some hundred milliseconds: most kills come before it.
  await pause(between(random, 0, random() < 0.6 ? 30 : 500));
}

function linesOf(dir: string): readonly JournalLine[] {
  return journalLines(dir) as readonly JournalLine[];
}

async function evidenceOf(stage: Stage): Promise<Evidence> {
  const journal = createJournalWatch(stage.data);
  journal.read();
  const submissions = (
    (await (await fetch(`${stage.simulatorUrl}/simulator/submissions`)).json()) as {
      readonly value: readonly Submission[];
    }
  ).value;
  const log = readFileSync(join(stage.dir, 'slack.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
  return {
    log,
    journal: linesOf(stage.data),
    requests: journal.requests,
    submissions,
    cards: (await stage.slack.room('all')).cards,
  };
}

/**
 * With the people still there: until every request has ended, every card says so and everybody was answered.
 * Answers what has not come to its end in time.
 */
async function settle(stage: Stage): Promise<readonly string[]> {
  const began = performance.now();
  let better = began;
  let left = Infinity;
  for (;;) {
    const evidence = await evidenceOf(stage);
    const open = [...evidence.requests.values()].filter(isOpen);
    const { lost, untrue } = verdictOf(evidence).broken;
    const waited = performance.now() - began;
    const done = open.length === 0 && untrue.length === 0 && (lost.length === 0 || waited > answerPatience);
    if (open.length + untrue.length < left) better = performance.now();
    left = Math.min(left, open.length + untrue.length);
    if (done || performance.now() - better > patience || waited > longest)
      return open.map((request) => `${request.id} is still ${stageOf(request).state}`);
    await pause(1_000);
  }
}

/** Undefined where only help was asked for. */
function optionsGiven():
  { readonly kills: number; readonly seed: number; readonly keep: boolean } | undefined {
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
    return undefined;
  }
  const kills = Number(values.kills ?? 60);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed))
    throw new RangeError(`--kills and --seed are whole numbers.\n${usage}`);
  return { kills, seed, keep: values.keep === true };
}

async function main(): Promise<number> {
  const options = optionsGiven();
  if (options === undefined) return 0;
  const { kills, seed } = options;
  print(`crash test: ${kills} kills, seed ${seed}`);
  const began = performance.now();
  const random = randomFrom(seed);
  const stage = await openStage();
  const counters: Counters = { acknowledged: new Counter(), drawn: new Counter() };
  let failure: Error | undefined;
  const people = new People({
    slack: stage.slack,
    random,
    devices: Array.from({ length: deviceCount }, (_, n) => `load${String(n + 1).padStart(3, '0')}`),
    acknowledged: () => counters.acknowledged.add(),
    drawn: (count) => counters.drawn.to(count),
    failed: (error) => (failure ??= new Error('the people could not go on', { cause: error })),
  });
  const working = people.work();
  let bot: Program | undefined;
  try {
    for (let kill = 1; kill <= kills && failure === undefined; kill += 1) {
      bot = await stage.start(random() < 0.5);
      people.present(true);
      await moment(random, counters);
      await bot.kill('SIGKILL');
      people.present(false);
      if (kill % 50 === 0) print(`${kill} kills, ${seconds(began)} s`);
    }
    people.windDown();
    bot = await stage.start(false);
    people.present(true);
    const stuck = await settle(stage);
    people.stop();
    await working;
    if (failure !== undefined) throw failure;
    const code = await bot.kill('SIGTERM');
    const audited = await startProgram('src/cli/audit.js', ['verify', '--data', stage.data]);
    const auditCode = await audited.ended;
    const { figures, broken } = verdictOf(await evidenceOf(stage));
    const also = [
      ...stuck,
      ...(code === 0 ? [] : [`the last process ended with ${String(code)}: ${bot.stderr()}`]),
      ...(auditCode === 0 ? [] : [`audit -- verify ended with ${String(auditCode)}`]),
    ];
    return told(
      { kills, ...figures, ...counts(broken), seconds: seconds(began) },
      { ...broken, 'not well at the end': also },
      `npm run crash-test -- --kills ${kills} --seed ${seed} --keep`,
    );
  } finally {
    people.stop();
    await bot?.kill('SIGKILL');
    await stage.close();
    if (options.keep) print(`kept: ${stage.dir}`);
    else rmSync(stage.dir, { recursive: true, force: true });
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function seconds(began: number): number {
  return Math.round((performance.now() - began) / 1000);
}

function counts(broken: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(broken).map(([name, all]) => [name === 'untrue' ? 'untrue cards' : name, all.length]),
  );
}

/** How many of the sentences of one kind are printed. */
const mostTold = 20;

/** Prints it all; the exit code. */
function told(
  figures: Readonly<Record<string, number>>,
  broken: Readonly<Record<string, readonly string[]>>,
  again: string,
): number {
  for (const [name, figure] of Object.entries(figures))
    print(`${name.padEnd(24)}${String(figure).padStart(6)}`);
  const wrong = Object.entries(broken).filter(([, all]) => all.length > 0);
  for (const [name, all] of wrong) {
    print(`\n${name}:`);
    for (const sentence of all.slice(0, mostTold)) print(`  ${sentence}`);
    if (all.length > mostTold) print(`  and ${all.length - mostTold} more`);
  }
  // Nothing can be lost where nothing was done.
  const idle =
    (figures['acknowledged'] ?? 0) < (figures['kills'] ?? 0) || (figures['submissions'] ?? 0) === 0;
  if (idle) print('\nToo little was done to show anything.');
  print(
    wrong.length === 0 && !idle
      ? '\nNothing lost, nothing twice, nothing unapproved, no card untrue.'
      : `\nTo repeat it: ${again}`,
  );
  return wrong.length === 0 && !idle ? 0 : 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    print(inspect(error));
    process.exitCode = 1;
  },
);
