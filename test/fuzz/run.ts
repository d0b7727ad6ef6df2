// `npm run fuzz`: hostile input for every reader, guided by which edges of our code it reaches.
import { register } from 'node:module';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Campaign } from './loop/campaign.ts';
import type { Found } from './loop/campaign.ts';
import { Edges } from './loop/edges.ts';
import { fixturesFolder, readFixture, targetOf, writeFixture } from './loop/fixtures.ts';
import { JudgeProcess } from './loop/judgeProcess.ts';
import { failureOf, judgeRepeated, signatureOf } from './loop/judging.ts';
import type { Target } from './loop/target.ts';
import { smallest } from './loop/smaller.ts';
import { calledWrongly, optionsOr } from '../support/wrongOption.ts';
import { readOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { targetNamed } from './targets.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Targets take turns of so many milliseconds, so that each is reached in a short run. */
const turn = 1_000;
/** Of the time of a turn, about so much goes to large inputs. */
const largeShare = 0.2;
/** In a run by cases a turn is so many small ones after a large one: none of it depends on a clock. */
const casesPerTurn = 200;
/** Attempts to make an input smaller. Each of a slow one takes as long as it is slow, nine times. */
const triesFor = { slow: 4, grew: 4, threw: 600, wrong: 600, polluted: 100 } as const;

async function replay(path: string): Promise<number> {
  const target = await targetNamed(targetOf(path));
  const { failure, ms, growth } = await judgeRepeated(target, readFixture(path));
  await target.close?.();
  say(
    failure === undefined
      ? `well: ${ms.toFixed(1)} ms, ${Math.round(growth / 1024)} KB stayed`
      : `${failure.fault}: ${failure.why}`,
  );
  return failure === undefined ? 0 : 1;
}

/** Whether the input fails in the same way. */
async function failsAlike(
  target: Target,
  found: Found,
  input: Buffer,
  judges: JudgeProcess,
): Promise<boolean> {
  if (found.fault !== 'threw' && found.fault !== 'wrong') {
    const { failure } = await judges.judge(target.name, input, found.fault === 'grew');
    return failure?.fault === found.fault;
  }
  try {
    await target.run(input);
    return false;
  } catch (error) {
    return signatureOf(failureOf(error)) === signatureOf(found);
  }
}

async function report(campaign: Campaign, judges: JudgeProcess, folder: string): Promise<void> {
  for (const found of campaign.found) {
    const input = await smallest(
      found.input,
      (one) => failsAlike(campaign.target, found, one, judges),
      triesFor[found.fault],
    );
    const path = writeFixture(folder, campaign.target.name, { ...found, input });
    say(`FAIL ${campaign.target.name}: ${found.fault}: ${found.why}`);
    say(`     to run it again: npm run fuzz -- --replay ${path}`);
  }
}

/** A turn by cases: as many each time, however long they take. */
async function turnByCases(campaign: Campaign, cases: number): Promise<void> {
  await campaign.large();
  await campaign.run({ cases: Math.min(casesPerTurn, cases - campaign.cases), ms: Infinity });
}

async function turnByTime(campaign: Campaign, left: number): Promise<void> {
  const begun = performance.now();
  let large = 0;
  do {
    await campaign.large();
    large = performance.now() - begun;
  } while (large < Math.min(turn, left) * largeShare && !campaign.isSlow);
  // Also where one large input took the whole turn, as on a busy machine.
  await campaign.run({ cases: Infinity, ms: Math.min(turn, left) * (1 - largeShare) });
}

async function fuzz(options: Options): Promise<number> {
  const edges = new Edges();
  edges.install();
  register('./loop/loadHook.js', import.meta.url, {
    data: ['../../src/', '../../cards/', './planted/'].map((folder) => new URL(folder, import.meta.url).href),
  });
  const judges = new JudgeProcess();
  const campaigns: Campaign[] = [];
  for (const name of options.targets) {
    const target = await targetNamed(name);
    const repeatable = Number.isFinite(options.cases);
    const campaign = new Campaign({ target, repeatable, seed: options.seed, edges, judge: judges });
    await campaign.begin();
    campaigns.push(campaign);
  }
  const until = performance.now() + options.seconds * 1_000;
  const isDone = (one: Campaign): boolean => one.cases >= options.cases || one.isOver;
  for (let round = 0; performance.now() < until && !campaigns.every(isDone); round += 1) {
    for (const [index, campaign] of campaigns.entries()) {
      if (isDone(campaign)) continue;
      if (Number.isFinite(options.cases)) await turnByCases(campaign, options.cases);
      const ms = (until - performance.now()) / (round === 0 ? campaigns.length - index : 1);
      if (!Number.isFinite(options.cases) && ms > 0) await turnByTime(campaign, ms);
    }
  }
  const failures = campaigns.reduce((sum, { found }) => sum + found.length, 0);
  for (const one of campaigns) {
    say(
      `${one.target.name.padEnd(18)}${String(one.cases).padStart(9)} cases (${one.largeCases} large)${String(one.edges).padStart(6)} edges${String(one.corpus).padStart(6)} kept  ${Math.round(((one.cases - one.largeCases) / Math.max(1, one.spent)) * 1000)}/s  slowest ${one.slowest.toFixed(1)} ms, ${Math.round(one.growth / 1024)} KB stayed`,
    );
    await report(one, judges, options.fixtures === undefined ? fixturesFolder : resolve(options.fixtures));
  }
  judges.close();
  for (const { target } of campaigns) await target.close?.();
  const total = (count: (one: Campaign) => number): number =>
    campaigns.reduce((sum, one) => sum + count(one), 0);
  say(
    `fuzz: ${campaigns.length} targets, ${total((one) => one.cases)} cases, ${total((one) => one.edges)} edges, ${failures} failures, seed ${options.seed}`,
  );
  return failures === 0 ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const options = optionsOr(usage, () => readOptions(args, Date.now()));
  if (options === undefined) return calledWrongly;
  if (options.help) {
    say(usage);
    return 0;
  }
  return options.replay === undefined ? fuzz(options) : replay(resolve(options.replay));
}

process.exitCode = await main(process.argv.slice(2));
