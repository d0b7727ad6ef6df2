// The end of a crash test: the evidence is judged, figures are printed, and one sentence with the exit code.
import { readFileSync } from 'node:fs';
import type { Chronicle } from './happenings.ts';
import { happenings } from './happenings.ts';
import { canariesFound, filesBelow } from './canaries.ts';
import type { Found } from './canaries.ts';
import { privatePlaces } from './people.ts';
import type { Played } from './servers/chatControl.ts';
import type { Stage } from './stage.ts';
import { outputCanary } from './tenant.ts';
import { verdictOf } from './verdict.ts';
import type { Evidence, Verdict } from './verdict.ts';

/** At most so many of a hundred requests may be left to a person; judged from so many requests on. */
export const mostHanded = 1;
export const enoughToJudge = 300;

/** How many of the sentences of one kind are printed. */
const mostTold = 20;

export interface Ended {
  readonly stage: Stage;
  readonly chronicle: Chronicle;
  readonly kills: number;
  readonly seed: number;
  /** Seconds until the last kill, and until the end. */
  readonly killed: number;
  readonly seconds: number;
}

/** Prints it all. Resolves with the exit code. */
export async function judged({ stage, chronicle, kills, seed, killed, seconds }: Ended): Promise<number> {
  const evidence = await stage.evidence();
  const verdict = verdictOf(evidence);
  const canaries = canariesFound({
    secrets: stage.given,
    privateOutputs: privateOutputs(evidence),
    files: [
      ...filesBelow(stage.data),
      { where: 'what the program said', text: readFileSync(stage.said, 'utf8') },
    ],
    log: evidence.log,
  });
  for (const [server, played] of Object.entries(await stage.played())) tellPlayed(server, played);
  tellHappenings(chronicle);
  const share = verdict.tried === 0 ? 0 : (100 * verdict.handed.length) / verdict.tried;
  print('');
  row('kills', kills);
  for (const [name, figure] of Object.entries(verdict.figures)) row(name, figure);
  for (const [name, figure] of Object.entries(canaries.seen)) row(name, figure);
  row('secrets searched for', Object.keys(stage.given).length);
  row('ms of a start, median', Math.round(chronicle.starts.toSorted((a, b) => a - b)[kills >> 1] ?? 0));
  row('seconds of kills', killed);
  row('seconds', seconds);
  const broken = brokenIn(verdict, chronicle, canaries, share);
  tellBroken(broken);
  print('');
  print(`${canaries.leaks.length} canary secrets found.`);
  const goals = goalsIn(verdict, canaries, share);
  const idle = verdict.figures['acknowledged'] ?? 0;
  if (idle < kills || evidence.submissions.length === 0) {
    print(
      `FAILED: too little was done to show anything (${idle} deeds acknowledged, ${evidence.submissions.length} sessions started): more kills, or a machine with less to do. ${goals} ${toRepeat({ kills, seed })}`,
    );
    return 1;
  }
  const well = Object.values(broken).every((all) => all.length === 0);
  print(
    well
      ? `${kills} kills in ${seconds} s, seed ${seed}: ${goals}`
      : `FAILED, ${goals} ${toRepeat({ kills, seed })}`,
  );
  return well ? 0 : 1;
}

/** What to type after a run in which something was found. */
export function toRepeat({ kills, seed }: Pick<Ended, 'kills' | 'seed'>): string {
  return `Repeat it: npm run crash-test -- --kills ${kills} --seed ${seed} --keep`;
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function row(name: string, figure: number | string): void {
  print(`${name.padEnd(48)}${String(figure).padStart(8)}`);
}

function tellPlayed(server: string, played: Played): void {
  print(`\nPlayed by ${server}:`);
  for (const [what, count] of Object.entries(played)) row(`  ${what}`, count);
}

function tellHappenings({ counts, skipped, longestStop }: Chronicle): void {
  print(`\nBesides the kills (${happenings.length} kinds):`);
  for (const [what, count] of counts) row(`  ${what}`, count);
  for (const [what, why] of skipped) row(`  ${what}`, `0  skipped: ${why}`);
  if (longestStop > 0) row('  longest stop in ms', Math.round(longestStop));
}

/** Canaries in the outputs of sessions that were asked for where results are private. */
function privateOutputs({ submissions, requests }: Evidence): ReadonlySet<string> {
  return new Set(
    submissions.flatMap(({ actionId, comment }) => {
      const place = requests.get(/^lr:(lr-[0-9a-z]+):/.exec(comment)?.[1] ?? '')?.asked.place ?? '';
      return privatePlaces.some((one) => place.endsWith(one)) ? [outputCanary(actionId)] : [];
    }),
  );
}

/** Sentences of all that may not be, by its kind. */
function brokenIn(
  { broken, handed, tried }: Verdict,
  { wrong }: Chronicle,
  { leaks }: Found,
  share: number,
): Readonly<Record<string, readonly string[]>> {
  const tooMany = tried >= enoughToJudge && share > mostHanded;
  return {
    lost: broken.lost,
    twice: broken.twice,
    unapproved: broken.unapproved,
    altered: broken.altered,
    'untrue cards': broken.untrue,
    'secrets found': leaks,
    'not well': wrong,
    'handed to a person': tooMany ? handed : [],
  };
}

export function tellBroken(broken: Readonly<Record<string, readonly string[]>>): void {
  for (const [name, all] of Object.entries(broken)) {
    if (all.length === 0) continue;
    print(`\n${name}:`);
    for (const sentence of all.slice(0, mostTold)) print(`  ${sentence}`);
    if (all.length > mostTold) print(`  and ${all.length - mostTold} more`);
  }
}

function goalsIn({ broken, handed, tried }: Verdict, { leaks }: Found, share: number): string {
  return `${broken.lost.length} lost, ${broken.twice.length} twice, ${broken.unapproved.length} unapproved, ${broken.altered.length} altered, ${broken.untrue.length} untrue cards, ${handed.length} of ${tried} requests (${share.toFixed(1)} %) handed to a person, ${leaks.length} canary secrets found.`;
}
