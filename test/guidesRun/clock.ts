// `npm run clock`: the new user's clock. From an empty directory to the first story, and from `setup` to the first approved dump with Slack and
// Teams played. It prints what it measured and ends with 0 when both goals were met, 1 when one was not, 2 when it was called wrongly.
//   --checkout   by `npm ci` and `npm run demo` although there is a package
// A goal is of a whole machine: the load is printed with it, and no test asserts it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../support/root.ts';
import { read } from '../../src/demo/slack/fakeSlack.ts';
import { incidents } from '../support/slack/slackHouse.ts';
import { people, startCloud } from './cloud.ts';
import type { Cloud } from './cloud.ts';
import { clone, freePort, plainEnvironment } from './runner.ts';

/** The goals, seconds: an empty directory to the first story; `setup` to the first approved dump, answers included. */
const goals = { story: 60, dump: 300 } as const;
/** Milliseconds for any one step. */
const longest = 240_000;
/** Simulated seconds per real one; the device's own two and a half minutes are Defender's and no part of the goal. */
const speed = 40;
/** How long a person takes for an answer, seconds: to read the question, to paste what another window shows, to type one character. */
const person = { reads: 4, pastes: 8, types: 0.3 } as const;

/** What somebody answers to `setup`, and whether it is copied from somewhere. The two people of the fake workspace. */
const answers: readonly { readonly flag: string; readonly value: string; readonly pasted: boolean }[] = [
  { flag: 'chat', value: 'slack-socket,teams', pasted: false },
  { flag: 'host', value: 'bot.example.com', pasted: false },
  { flag: 'teams-id', value: people.teamsApp, pasted: true },
  { flag: 'teams-tenant', value: people.tenant, pasted: true },
  { flag: 'tenant', value: 'simulator', pasted: false },
  { flag: 'person', value: 'id=riley,name=Riley Responder,roles=asks,slack=U0RILEY1,teams=aaaaaaaa-0000-4000-8000-000000000001', pasted: true },
  { flag: 'person', value: 'id=avery,name=Avery Approver,roles=approves,slack=U0AVERY1,teams=bbbbbbbb-0000-4000-8000-000000000002', pasted: true },
  { flag: 'place', value: `slack:${incidents}`, pasted: true },
];

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Seconds that a person takes to give these answers, and the secrets by pasting. */
function answering(secrets: number): number {
  const given = answers.reduce((sum, { value, pasted }) => sum + person.reads + (pasted ? person.pastes : value.length * person.types), 0);
  return given + secrets * (person.reads + person.pastes);
}

interface Place {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A command of the product, as a reader of the guide types it. */
  readonly words: (word: string, rest: readonly string[]) => readonly string[];
}

const alive = new Set<ChildProcess>();

function start(words: readonly string[], { folder, environment }: Pick<Place, 'folder' | 'environment'>, more: Readonly<Record<string, string>> = {}): { readonly child: ChildProcess; readonly printed: () => string } {
  const child = spawn(words[0] ?? '', words.slice(1), { cwd: folder, env: { ...environment, ...more }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  alive.add(child);
  child.once('close', () => alive.delete(child));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (text += String(chunk)));
  return { child, printed: () => text };
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, name);
}

/** Runs to the end; throws what it printed when it does not end well. Milliseconds. */
async function timed(words: readonly string[], place: Pick<Place, 'folder' | 'environment'>, more: Readonly<Record<string, string>> = {}, input = ''): Promise<number> {
  const began = performance.now();
  const { child, printed } = start(words, place, more);
  child.stdin?.end(input);
  const late = setTimeout(() => { signal(child, 'SIGKILL'); }, longest);
  const code = await new Promise<number | null>((resolve, reject) => { child.once('close', resolve); child.once('error', reject); });
  clearTimeout(late);
  if (code !== 0) throw new Error(`${words.slice(0, 4).join(' ')} ended with ${String(code ?? child.signalCode)}:\n${printed().slice(-3_000)}`);
  return performance.now() - began;
}

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, why: () => string): Promise<T> {
  const end = performance.now() + longest;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`never seen: ${what}\n${why().slice(-3_000)}`);
    await pause(50);
  }
}

/** The first story: everything from the empty directory on. */
async function firstStory(work: string, checkout: boolean): Promise<{ readonly place: Place; readonly ms: number }> {
  mkdirSync(join(work, 'home'));
  const environment = plainEnvironment(join(work, 'home'));
  const clonedTo = join(work, 'clone');
  clone(root, clonedTo);
  const { bin } = JSON.parse(readFileSync(join(clonedTo, 'package.json'), 'utf8')) as { readonly bin?: unknown };
  if (bin === undefined || checkout) {
    const npm: Place = { folder: clonedTo, environment, words: (word, rest) => ['npm', 'run', word === 'start' ? 'serve' : word, ...(rest.length === 0 ? [] : ['--', ...rest])] };
    const installed = await timed(['npm', 'ci'], npm);
    say(`  ${seconds(installed).padStart(8)}  npm ci`);
    const told = await timed(['npm', 'run', 'demo'], npm);
    say(`  ${seconds(told).padStart(8)}  npm run demo, which builds first`);
    return { place: npm, ms: installed + told };
  }
  // Packing is the publisher's work, not the new user's.
  const folder = join(work, 'empty');
  mkdirSync(folder);
  await timed(['npm', 'pack', '--pack-destination', folder], { folder: root, environment });
  const file = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Error('npm pack made no file');
  const npx: Place = { folder, environment: { ...environment, npm_config_cache: join(work, 'cache') }, words: (word, rest) => ['npx', '--yes', `./${file}`, word, ...rest] };
  const told = await timed(npx.words('demo', []), npx);
  say(`  ${seconds(told).padStart(8)}  npx ./${file} demo, nothing cached`);
  return { place: npx, ms: told };
}

/** From `setup` to the card of an approved dump. */
async function firstDump(place: Place, cloud: Cloud): Promise<number> {
  const { slack } = cloud;
  const behind = { HTTPS_PROXY: cloud.proxy, NODE_EXTRA_CA_CERTS: cloud.authorities, npm_config_https_proxy: 'null', PORT: String(await freePort()), LR_ADMIN_PORT: String(await freePort()), LR_SPEED: String(speed), LR_LOG_LEVEL: 'warn' };
  const secrets = [`SLACK_BOT_TOKEN=${slack.tokens.bot}`, `SLACK_APP_TOKEN=${slack.tokens.app}`, `MicrosoftAppPassword=${people.secret}`];
  const flags = answers.flatMap(({ flag, value }) => [`--${flag}`, value]);
  const set = await timed(place.words('setup', [...flags, '--settings', '-', '--yes']), place, behind, `${secrets.join('\n')}\n`);
  say(`  ${seconds(set).padStart(8)}  setup, with its doctor`);

  const began = performance.now();
  const { child, printed } = start(place.words('start', []), place, behind);
  try {
    const admin = await until('the service', () => (child.exitCode === null ? /(http:\/\/\S+)\/readyz and /.exec(printed())?.[1] : Promise.reject(new Error(printed().slice(-3_000)))), printed);
    await until('a service that is ready', async () => {
      const answer = await fetch(`${admin}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      return answer?.status === 200 && ((await answer.json()) as { readonly status?: string }).status === 'ready' ? true : undefined;
    }, printed);
    const started = performance.now() - began;
    say(`  ${seconds(started).padStart(8)}  start, until it says that it is ready`);

    const riley = slack.person('U0RILEY1');
    const avery = slack.person('U0AVERY1');
    await riley.command(incidents, 'dump hosta OfficeClickToRun');
    const card = await slack.until('an approval card', () => slack.cards(incidents).at(-1));
    await avery.press(card, 'Approve');
    await slack.until('an approved card', () => (/Approved by/.test(read(card)) ? true : undefined));
    const approved = performance.now() - began - started;
    say(`  ${seconds(approved).padStart(8)}  asked by one person, approved by another`);
    await until('a finished card', () => (/Finished/.test(read(card)) ? true : undefined), () => read(card));
    const finished = performance.now() - began - started - approved;
    const answered = answering(secrets.length) * 1000;
    say(`  ${seconds(answered).padStart(8)}  a person answering: ${answers.length + secrets.length} answers, ${person.reads} s to read each, ${person.pastes} s to paste one, ${person.types} s a typed character (assumed)`);
    say(`  (then ${seconds(finished)} until the dump was finished, on a simulated device ${speed} times as fast as real ones: about ${seconds(finished * speed)} at their pace)`);
    return set + started + approved + answered;
  } finally {
    signal(child, 'SIGTERM');
  }
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg !== '--checkout');
  if (unknown !== undefined) {
    process.stderr.write(`${unknown} is no option: npm run clock -- [--checkout]\n`);
    process.exitCode = 2;
    return;
  }
  const work = mkdtempSync(join(tmpdir(), 'lr-clock-'));
  const cloud = await startCloud(work);
  let met = true;
  const told = (what: string, ms: number, goal: number): void => {
    const good = ms / 1000 < goal;
    met &&= good;
    say(`${good ? 'met   ' : 'MISSED'}  ${what}: ${seconds(ms)} (goal: under ${goal} s)\n`);
  };
  try {
    say(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1) ?? '?'}, Node ${process.version}\n`);
    const { place, ms } = await firstStory(work, args.includes('--checkout'));
    told('From an empty directory to the first story', ms, goals.story);
    told('From setup to the first approved dump, Slack and Teams played', await firstDump(place, cloud), goals.dump);
    say(`load ${loadavg()[0]?.toFixed(1) ?? '?'} at the end`);
  } catch (error) {
    met = false;
    say(`MISSED  ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    for (const child of alive) signal(child, 'SIGKILL');
    await cloud.close();
    rmSync(work, { recursive: true, force: true });
  }
  process.exitCode = met ? 0 : 1;
}

await main();
