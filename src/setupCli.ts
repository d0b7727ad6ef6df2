// `npm run setup`: asks what is needed to run the bot for real, writes `.env`, the journal key, the policy and the manifest of the Slack app,
// has the doctor look at each step, and says what is left. It overwrites nothing. Exit code 0 when everything is in place, 1 when the doctor
// calls something broken, 2 when it was called wrongly, 130 when it was left with Ctrl-C.
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { isInside } from './adapters/store/keys.ts';
import { whyItFailed } from './adapters/store/fileTrouble.ts';
import { packageFile } from './adapters/packageFiles.ts';
import { whyNoPair } from './setup/answers.ts';
import type { SecretAnswers } from './setup/answers.ts';
import { Left } from './setup/asker.ts';
import type { Asker } from './setup/asker.ts';
import { commandFor } from './setup/commandLine.ts';
import { askDoctor } from './setup/checking.ts';
import type { DoctorLine } from './setup/checking.ts';
import { envText, hiddenEnvText } from './setup/envText.ts';
import { readFlags, usage } from './setup/flags.ts';
import type { Given } from './setup/flags.ts';
import { foundIn } from './setup/found.ts';
import { askChat, askPolicy, askSecrets, askTenant } from './setup/interview.ts';
import type { Look } from './setup/interview.ts';
import { leftToDo } from './setup/left.ts';
import { NoPolicy, laterMark, policyText } from './setup/policyText.ts';
import { slackManifest } from './setup/slackManifest.ts';
import { terminal } from './setup/terminal.ts';
import { isThere, removeDrafts, writeNew } from './setup/writing.ts';

const keyBytes = 32;
/** As other programs end that are interrupted. */
const interrupted = 130;

/** What was done so far, for whoever leaves in the middle. */
const done: string[] = [];

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

interface Work {
  readonly given: Given;
  readonly asker: Asker | undefined;
}

/** Writes one file, or says what would be written, or that it is there. */
function put({ given }: Work, path: string, mode: number, text: string, shown = text): void {
  if (given.dryRun) {
    say(isThere(path) ? `${path} is there already and stays as it is.\n` : `--- ${path} (mode ${mode.toString(8)})\n${shown}`);
    return;
  }
  if (writeNew(path, text, mode) === 'there already') {
    say(`kept     ${path} is there already: not a byte of it was changed.`);
    return;
  }
  done.push(path);
  say(`written  ${path} (mode ${mode.toString(8)})`);
}

/** The doctor, asked about one step with nothing but the answers so far. */
function lookWith({ given }: Work): Look {
  return async (area, { chat, tenant, secrets }) => {
    const parts = { tenant, secrets, keyFile: undefined, policyFile: join(given.folder, 'policy.yaml'), dataDir: join(given.folder, 'data'), more: given.more };
    // A chat is looked at before the simulator; Defender before the chat that is set up, since nothing real stands behind the console.
    const text = envText({ ...parts, chat: { ...chat, chats: chat.chats.filter((one) => area === 'defender' || one.startsWith(area)) }, tenant: area === 'defender' ? tenant : { tenant: 'simulator' } });
    const lines = await askDoctor({ ...process.env, ...parseEnv(text), ...(area === 'defender' ? { LR_JOURNAL_KEY: randomBytes(keyBytes).toString('base64') } : {}), LR_ENV_FILE: 'off' }, given.folder);
    if ('wrong' in lines) return [{ verdict: 'FAIL', check: area, found: lines.wrong }];
    return lines.filter(({ check }) => check.startsWith(`${area}.`) || check === 'settings.valid');
  };
}

async function work(parts: Work): Promise<number> {
  const { given, asker } = parts;
  const { folder } = given;
  const envPath = join(folder, '.env');
  const policyPath = join(folder, 'policy.yaml');
  if (!given.dryRun) removeDrafts(folder);
  const here = folder === resolve('.');
  const there = isThere(envPath);
  if (there) say(`${envPath} is there already and stays as it is; what it says of chat and tenant is taken from it.`);
  const found = there ? foundIn(envPath) : undefined;

  const chat = found?.chat ?? (await askChat(given, asker));
  const slack = chat.chats.find((one) => one !== 'teams');
  const manifestPath = slack === undefined ? undefined : join(folder, 'slack-manifest.json');
  // Before the tokens are asked for: there are none before the app is made from it.
  if (slack !== undefined && manifestPath !== undefined && (!there || slack === 'slack-socket')) {
    put(parts, manifestPath, 0o644, slackManifest(slack, chat.host));
    if (asker !== undefined && !there) asker.say(`Make the app now, if there is none: api.slack.com/apps, "Create New App", "From a manifest", paste ${manifestPath}, "Install to Workspace".`);
  }
  const look = given.check && !given.dryRun ? lookWith(parts) : undefined;
  let secrets: SecretAnswers = found?.secrets ?? given.secrets;
  if (!there) for (const part of ['SLACK', 'Microsoft'] as const) secrets = await askSecrets(part, { chat, tenant: { tenant: 'simulator' } }, secrets, asker, look);
  const tenant = found?.tenant ?? (await askTenant(given, chat, asker));
  if (!there) secrets = await askSecrets('AZURE', { chat, tenant }, secrets, asker, look);
  const policyThere = isThere(policyPath);
  const policy = policyThere ? undefined : policyText(readFileSync(packageFile('policy.example.yaml'), 'utf8'), await askPolicy(given, chat, tenant, asker), chat.chats);

  // Everything is known: written in this order, so that whatever is missing after a kill is asked for again.
  const console = chat.chats.length === 0;
  const keyPath = given.key ?? found?.keyFile ?? join(homedir(), '.live-response-bot', 'journal.key');
  const wantsKey = !console || given.key !== undefined;
  if (wantsKey && !(there && found?.keyFile === undefined)) {
    if (isInside(keyPath, join(folder, 'data'))) throw new NoPolicy(`The journal key ${keyPath} would lie in the data folder: anyone who may write the folder could then forge the journal. Name another place with --key.`);
    put(parts, keyPath, 0o600, `${randomBytes(keyBytes).toString('base64')}\n`, '[secret]\n');
  }
  if (policy === undefined) say(`kept     ${policyPath} is there already: not a byte of it was changed.`);
  else put(parts, policyPath, 0o644, policy);
  if (there) say(`kept     ${envPath} is there already: not a byte of it was changed.`);
  else {
    const text = envText({ chat, tenant, secrets, keyFile: wantsKey ? keyPath : undefined, policyFile: here ? './policy.yaml' : policyPath, dataDir: here ? './data' : join(folder, 'data'), more: given.more });
    put(parts, envPath, 0o600, text, hiddenEnvText(text, secrets));
  }
  if (given.dryRun) {
    say('Nothing was written.');
    return 0;
  }

  const lines = given.check ? await check(parts, envPath) : [];
  const red = lines.filter(({ verdict, check: name }) => verdict === 'FAIL' && name !== 'policy.places');
  const steps = leftToDo({ chat, tenant, secrets, envFile: here ? undefined : envPath, envPath, policyPath, slackManifest: manifestPath, hostLater: manifestPath !== undefined && holds(manifestPath, 'REPLACE-ME'), idsLater: holds(policyPath, `# ${laterMark}`), red: red.length > 0 });
  say(`\nWhat is left, in this order:\n${steps.map((step, index) => `  ${index + 1}. ${step}`).join('\n')}`);
  return red.length > 0 ? 1 : 0;
}

/** Whether a file says that something is left; one that is no file, or cannot be read, is the doctor's to tell. */
function holds(path: string, words: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path, 'utf8').includes(words);
}

/** The whole report of what is now there: red and yellow lines, and how many are well. */
async function check({ given, asker }: Work, envPath: string): Promise<readonly DoctorLine[]> {
  const ask = (): ReturnType<typeof askDoctor> => askDoctor({ ...process.env, LR_ENV_FILE: envPath }, given.folder);
  const lines = await (asker === undefined ? ask() : asker.during('The doctor looks at everything', ask));
  if ('wrong' in lines) {
    say(`\n${lines.wrong}`);
    return [{ verdict: 'FAIL', check: 'doctor', found: lines.wrong }];
  }
  say('\nThe doctor:');
  for (const { verdict, check: name, found, next } of lines) {
    if (verdict === 'FAIL' || verdict === 'warn') say(`${verdict.padEnd(4)}  ${name}  ${found}${next === undefined ? '' : `\n      -> ${next}`}`);
  }
  say(`${lines.filter(({ verdict }) => verdict === 'ok').length} more are ok.`);
  return lines;
}

/** What must be given where nobody can be asked. */
function whyNotAsked({ yes }: Given): string | undefined {
  if (yes || (process.stdin.isTTY && process.stdout.isTTY)) return undefined;
  return 'There is no terminal to ask in. Give the answers as options, and --yes to leave what is missing for later (--help lists them).';
}

function left(): number {
  say(done.length === 0 ? '\nLeft. Nothing was written.' : `\nLeft. Written, whole: ${done.join(', ')}. The next run goes on from there.`);
  return interrupted;
}

async function main(): Promise<number> {
  const given = readFlags(process.argv.slice(2), process.env);
  if (given === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  if ('problems' in given) {
    process.stderr.write(`${given.problems.map((problem) => `  - ${problem}`).join('\n')}\n\n${commandFor('setup', undefined, '--help')} lists the options.\n`);
    return 2;
  }
  const pair = given.people.length === 0 ? undefined : whyNoPair(given.people);
  const wrong = pair ?? whyNotAsked(given);
  if (wrong !== undefined) {
    process.stderr.write(`${wrong}\n`);
    return 2;
  }
  process.on('SIGINT', () => {
    process.exit(left());
  });
  try {
    return await work({ given, asker: given.yes ? undefined : terminal });
  } catch (error) {
    if (error instanceof Left) return left();
    process.stderr.write(`${error instanceof NoPolicy ? `What was answered makes no policy: ${error.message}` : whyItFailed(error)}\n`);
    return error instanceof NoPolicy ? 2 : 1;
  }
}

process.exitCode = await main();
