// `npm run setup`: asks what is needed to run the bot for real, writes `.env`, the journal key, the policy,
// the manifest of the Slack app and the app package for Teams, has the doctor look at each step, and says
// what is left. It overwrites nothing. Exit code 0 when the files are there and the doctor calls nothing
// broken, 1 when it does or a file could not be written, 2 when it was called wrongly, 130 when it was left
// with Ctrl-C.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { smallFile } from '../adapters/config/secretFiles.ts';
import { appPackages, packagedFor } from '../adapters/teams/appPackage.ts';
import { isInside } from '../adapters/store/journal/keys.ts';
import { whyItFailed } from '../adapters/store/fileTrouble.ts';
import { packageFile } from '../adapters/packageFiles.ts';
import { checkFile, checkGuid, whyNoPair } from '../setup/answers.ts';
import type { ChatAnswers } from '../setup/answers.ts';
import { Left } from '../setup/asker.ts';
import type { Asker } from '../setup/asker.ts';
import { askDoctor } from '../setup/checking.ts';
import { shellWord, within } from '../adapters/ownCommands.ts';
import { commandFor } from '../setup/commandLine.ts';
import type { DoctorLine } from '../setup/checking.ts';
import { envText, hiddenEnvText } from '../setup/envText.ts';
import { readFlags, usage } from '../setup/flags.ts';
import type { Given } from '../setup/flags.ts';
import { foundIn } from '../setup/found.ts';
import { askChat, askCredential, askPolicy, askTenant, simulated } from '../setup/interview.ts';
import type { Look, Parts } from '../setup/interview.ts';
import { columnsOf, numbered, wrapped } from '../setup/layout.ts';
import { leftForLater, leftToDo } from '../setup/left.ts';
import type { TeamsApp } from '../setup/left.ts';
import { NoPolicy, laterMark, policyText } from '../setup/policyText.ts';
import { slackManifest } from '../setup/slackManifest.ts';
import { terminal } from '../setup/terminal.ts';
import { NotWritten, isThere, removeDrafts, writeNew } from '../setup/writing.ts';

const keyBytes = 32;
/** As other programs end that are interrupted. */
const interrupted = 130;

/** What was done so far, for a person who leaves in the middle. */
const done: string[] = [];
/** The same with the folders that were made for it, in the order in which a command can take them. */
const owned: string[] = [];
/** Ends the doctor with the assistant. */
const leaving = new AbortController();

function say(text = ''): void {
  process.stdout.write(`${wrapped(text, columnsOf(process.stdout)).join('\n')}\n`);
}

interface Work {
  readonly given: Given;
  readonly asker: Asker | undefined;
}

/** Writes one file, or says what would be written, or that it is there. */
function put(
  { given }: Work,
  path: string,
  mode: number,
  content: string | Uint8Array,
  shown = String(content),
): void {
  if (given.dryRun) {
    say(
      isThere(path)
        ? `${near(path)} is there already and stays as it is.\n`
        : `--- ${near(path)} (mode ${mode.toString(8)})\n${shown}`,
    );
    return;
  }
  const made = (folder: string): void => {
    owned.push(near(folder));
  };
  if (writeNew(path, content, mode, made) === 'there already') {
    say(`kept     ${near(path)} is there already: not a byte of it was changed.`);
    return;
  }
  done.push(near(path));
  owned.push(near(path));
  say(`written  ${near(path)} (mode ${mode.toString(8)})`);
}

/** The doctor, asked about one step with nothing but the answers so far. */
function lookWith({ given }: Work): Look {
  return async (area, { chat, tenant, secrets }) => {
    const settings = {
      tenant,
      secrets,
      keyFile: undefined,
      policyFile: join(given.folder, 'policy.yaml'),
      dataDir: join(given.folder, 'data'),
      more: fromFolder(given),
    };
    // A chat is looked at before the simulator; Defender before the chat that is set up, since nothing real
    // stands behind the console.
    const text = envText({
      ...settings,
      chat: { ...chat, chats: chat.chats.filter((one) => area === 'defender' || one.startsWith(area)) },
      tenant: area === 'defender' ? tenant : simulated,
    });
    const variables = {
      ...process.env,
      ...parseEnv(text),
      ...(area === 'defender' ? { LR_JOURNAL_KEY: randomBytes(keyBytes).toString('base64') } : {}),
      LR_ENV_FILE: 'off',
    };
    // The folder is made only with the first file in it.
    const lines = await askDoctor({
      variables,
      folder: isThere(given.folder) ? given.folder : resolve('.'),
      probe: area === 'defender',
      signal: leaving.signal,
    });
    if ('wrong' in lines) return [{ verdict: 'FAIL', check: area, found: lines.wrong }];
    return lines.filter(({ check }) => check.startsWith(`${area}.`) || check === 'settings.valid');
  };
}

/** With the certificate as the bot finds it from its own folder, wherever the doctor runs. */
function fromFolder({ more, folder }: Given): Given['more'] {
  const path = more['MicrosoftAppCertificatePath'];
  return path === undefined ? more : { ...more, MicrosoftAppCertificatePath: resolve(folder, path) };
}

async function work(parts: Work): Promise<number> {
  const { given, asker } = parts;
  const { folder } = given;
  const envPath = join(folder, '.env');
  const policyPath = join(folder, 'policy.yaml');
  if (!given.dryRun) removeDrafts(folder);
  const here = folder === resolve('.');
  const there = isThere(envPath);
  asker?.say(
    'This writes what the bot needs to run for real. In a list the arrow keys choose; Enter takes what is marked there, or what stands in [brackets]. "later" leaves a marked place to fill in. Ctrl-C leaves at any time.',
  );
  if (there)
    say(
      `${near(envPath)} is there already and stays as it is; what it says of chat and tenant is taken from it.`,
    );
  const found = there ? foundIn(envPath) : undefined;

  const asked = found === undefined ? await askChat(given, asker) : { ...given.chat, ...found.chat };
  if (!there && asked.chats.length === 0 && (given.tenant.tenant ?? 'simulator') !== 'simulator')
    throw new Refused(
      'A real Defender needs a chat: the local console lets one human play everybody. Give --chat, or --tenant simulator.',
    );
  // The console makes its own, and a `.env` that names none has another way.
  const ownKey =
    (asked.chats.length === 0 && given.key === undefined) ||
    (found !== undefined && found.keyFile === undefined);
  const named = found?.keyFile === undefined ? undefined : namedKey(found.keyFile, parts, envPath);
  if (found !== undefined && given.key !== undefined && given.key !== named)
    say(
      `--key ${given.key} does not count: ${near(envPath)} names ${named ?? 'no file of a key'} (LR_JOURNAL_KEY_FILE).`,
    );
  const keyPath = ownKey ? undefined : keyPlace(named ?? given.key ?? usualKey(), folder);
  const slack = asked.chats.find((one) => one !== 'teams');
  const manifestPath = slack === undefined ? undefined : join(folder, 'slack-manifest.json');
  // Before the tokens are asked for: there are none before the app is made from it.
  if (slack !== undefined && manifestPath !== undefined && (!there || slack === 'slack-socket')) {
    put(parts, manifestPath, 0o644, slackManifest(slack, asked.host));
    if (asker !== undefined && !there)
      asker.say(
        `Make the app now, if there is none: api.slack.com/apps, "Create New App", "From a manifest", paste what is in ${near(manifestPath)}, "Install to Workspace". Its tokens are asked for next.`,
      );
  }
  const look = given.check && !given.dryRun ? lookWith(parts) : undefined;
  let known: Parts = { chat: asked, tenant: simulated, secrets: found?.secrets ?? given.secrets };
  if (!there)
    for (const part of ['SLACK', 'Microsoft'] as const) known = await askCredential(part, known, asker, look);
  known = { ...known, tenant: found?.tenant ?? (await askTenant(given, asked, asker)) };
  if (!there) known = await askCredential('AZURE', known, asker, look);
  const { chat, tenant, secrets } = known;
  const policyThere = isThere(policyPath);
  const policy = policyThere
    ? undefined
    : policyText(
        readFileSync(packageFile('policy.example.yaml'), 'utf8'),
        await askPolicy(given, chat, tenant, asker),
        chat.chats,
      );

  // Everything is known: written in this order, so that whatever is missing after a kill is asked for again.
  if (keyPath !== undefined)
    put(parts, keyPath, 0o600, `${randomBytes(keyBytes).toString('base64')}\n`, '[secret]\n');
  if (policy === undefined)
    say(`kept     ${near(policyPath)} is there already: not a byte of it was changed.`);
  else put(parts, policyPath, 0o644, policy);
  if (there) say(`kept     ${near(envPath)} is there already: not a byte of it was changed.`);
  else {
    const text = envText({
      chat,
      tenant,
      secrets,
      keyFile: keyPath,
      policyFile: here ? './policy.yaml' : policyPath,
      dataDir: here ? './data' : join(folder, 'data'),
      more: given.more,
    });
    put(parts, envPath, 0o600, text, hiddenEnvText(text));
  }
  const teamsApp = putTeamsApp(parts, chat);
  if (given.dryRun) {
    say('Nothing was written.');
    return 0;
  }

  if (done.length > 0 && process.getuid?.() === 0) tellRoot();

  const lines = given.check ? await check(parts, envPath, known) : [];
  const red = lines.filter(({ verdict, check: name }) => verdict === 'FAIL' && name !== 'policy.places');
  const steps = leftToDo({
    chat,
    tenant,
    secrets,
    envFile: here ? undefined : envPath,
    envPath: near(envPath),
    policyPath: near(policyPath),
    slackManifest: manifestPath === undefined ? undefined : near(manifestPath),
    teamsApp,
    hostLater: manifestPath !== undefined && holds(manifestPath, 'REPLACE-ME'),
    idsLater: holds(policyPath, `# ${laterMark}`),
    lines,
    red: red.length > 0,
  });
  process.stdout.write(
    `\nWhat is left, in this order:\n${numbered(steps, columnsOf(process.stdout)).join('\n')}\n`,
  );
  if (!isThere(join('docs', 'setup.md')))
    process.stdout.write(`The guides (docs/...) and .env.example are in\n${packageFile()}\n`);
  return red.length > 0 ? 1 : 0;
}

/** What was given cannot be; the message is for people. */
class Refused extends Error {}

/** @throws Refused */
function keyPlace(path: string, folder: string): string {
  if (isInside(path, join(folder, 'data')))
    throw new Refused(
      `The journal key ${path} would lie in the data folder: anyone who may write the folder could then forge the journal. Name another place with --key.`,
    );
  return path;
}

/**
 * As the bot finds it, from its own folder. @throws Refused where the bot refuses it, since a folder of the
 * name "~" would be made
 */
function namedKey(written: string, { given }: Work, envPath: string): string {
  if (checkFile(written) !== undefined)
    throw new Refused(
      `${near(envPath)} names the journal key ${written}, which the bot does not take. Write the whole path there (LR_JOURNAL_KEY_FILE).`,
    );
  return resolve(given.folder, written);
}

/**
 * Never in the folder that the program is called in, where a home that is no whole path would lead. @throws
 * Refused
 */
function usualKey(): string {
  const home = homeOf();
  if (home === undefined || !isAbsolute(home))
    throw new Refused(
      'This user has no home folder for the journal key. Name a place with --key, such as /var/lib/live-response-bot-key/journal.key: outside of the data folder, and for the bot’s user alone.',
    );
  return join(home, '.live-response-bot', 'journal.key');
}

/** Undefined for a user that the system knows nothing of, as in a container. */
function homeOf(): string | undefined {
  try {
    return homedir();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('homedir')) throw error;
    return undefined;
  }
}

/** The command stands in a line of its own, so that it can be copied. */
function tellRoot(): void {
  say(
    'You are root, and these files and folders are root’s alone. For a bot that runs as another user, hand them over, the key to where that user can read it (LR_JOURNAL_KEY_FILE in .env):',
  );
  process.stdout.write(`  chown <user> ${owned.map(shellWord).join(' ')}\n`);
}

/**
 * Writes the app package for Teams, or finds out whether the one that is there is for this bot. Undefined
 * without an application id.
 */
function putTeamsApp(parts: Work, { chats, teamsId }: ChatAnswers): TeamsApp | undefined {
  const appId = teamsId?.trim().toLowerCase() ?? '';
  if (!chats.includes('teams') || checkGuid(appId) !== undefined) return undefined;
  const [{ name, bytes }] = appPackages({ appId });
  const path = join(parts.given.folder, 'teams-package', name);
  put(parts, path, 0o644, bytes, `the app package for Teams, of the application ${appId}\n`);
  const content = contentOf(path);
  return {
    path: near(path),
    fits: content === undefined ? parts.given.dryRun : packagedFor(content) === appId,
  };
}

/** Bytes of a file that is there already; more is none of ours. */
const mostRead = 4 * 1024 * 1024;

/**
 * Undefined for what is no file, cannot be read, or is too large to be ours: the doctor tells what it makes
 * of it.
 */
function contentOf(path: string): Buffer | undefined {
  const found = smallFile(path, mostRead);
  return 'wrong' in found || found.bytes.length > mostRead ? undefined : found.bytes;
}

/** As it is said: without the folder that the commands are typed in. */
function near(path: string): string {
  return within(path, resolve('.')) ?? path;
}

/** Whether a file says that something is left. */
function holds(path: string, words: string): boolean {
  return contentOf(path)?.includes(words) === true;
}

/** The whole report of what is now there: red and yellow lines, and how many are well. */
async function check(
  { given, asker }: Work,
  envPath: string,
  { chat, tenant, secrets }: Parts,
): Promise<readonly DoctorLine[]> {
  const ask = (): ReturnType<typeof askDoctor> =>
    askDoctor({
      variables: { ...process.env, LR_ENV_FILE: envPath },
      folder: given.folder,
      probe: tenant.tenant !== 'simulator',
      signal: leaving.signal,
    });
  const lines = await (asker === undefined
    ? ask()
    : asker.during('The doctor looks at everything', ask, () => 'Done.'));
  if ('wrong' in lines) {
    say(`\n${lines.wrong}`);
    return [{ verdict: 'FAIL', check: 'doctor', found: lines.wrong }];
  }
  say('\nThe doctor says:');
  for (const { verdict, check: name, found, next } of lines) {
    if (verdict !== 'FAIL' && verdict !== 'warn') continue;
    const columns = columnsOf(process.stdout);
    const hanging = (words: string, indent: string, first: string): string =>
      wrapped(words, columns === undefined ? undefined : columns - indent.length)
        .map((line, index) => `${index === 0 ? first : indent}${line}`)
        .join('\n');
    process.stdout.write(
      `${hanging(`${name}  ${found}`, '      ', `${verdict.padEnd(4)}  `)}\n${next === undefined ? '' : `${hanging(next, '         ', '      -> ')}\n`}`,
    );
  }
  const fine = lines.filter(({ verdict }) => verdict === 'ok').length;
  const told = lines.some(({ verdict }) => verdict === 'FAIL' || verdict === 'warn');
  say(told ? `${fine} more checks are ok.` : `All ${fine} checks are ok.`);
  const empty = leftForLater({ chat, tenant, secrets });
  if (empty.length > 0)
    say(
      `It could not look at what was left for later, ${empty.join(', ')}, nor at what needs it. Until then the bot is not the one you chose.`,
    );
  return lines;
}

/** What must be given where nobody can be asked. */
function whyNotAsked({ yes }: Given): string | undefined {
  if (yes || (process.stdin.isTTY && process.stdout.isTTY)) return undefined;
  return 'There is no terminal to ask in. Give the answers as options, and --yes to leave what is missing for later (--help lists them).';
}

function left(): number {
  const again = `Go on: ${commandFor('setup', undefined)}`;
  say(
    done.length === 0
      ? `\nLeft. Nothing was written, and what you typed is not kept. ${again}`
      : `\nLeft. Written, whole: ${done.join(', ')}. What else you typed is not kept. ${again}`,
  );
  return interrupted;
}

async function main(): Promise<number> {
  const given = readFlags(process.argv.slice(2), process.env);
  if (given === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  if ('problems' in given) {
    process.stderr.write(
      `${given.problems.map((problem) => `  - ${problem}`).join('\n')}\n\n${commandFor('setup', undefined, '--help')} lists the options.\n`,
    );
    return 2;
  }
  const pair = given.people.length === 0 ? undefined : whyNoPair(given.people);
  const wrong = pair ?? whyNotAsked(given);
  if (wrong !== undefined) {
    process.stderr.write(`${wrong}\n`);
    return 2;
  }
  process.on('SIGINT', () => {
    const code = left();
    leaving.abort();
    process.exit(code);
  });
  try {
    return await work({ given, asker: given.yes ? undefined : terminal });
  } catch (error) {
    if (error instanceof Left) return left();
    const why =
      error instanceof NoPolicy
        ? `What was answered makes no policy: ${error.message}`
        : error instanceof NotWritten || error instanceof Refused
          ? error.message
          : whyItFailed(error);
    process.stderr.write(
      `${why}\n${done.length === 0 ? 'Nothing was written.' : `Written, whole: ${done.join(', ')}.`} Then go on: ${commandFor('setup', undefined)}\n`,
    );
    return error instanceof NoPolicy || error instanceof Refused ? 2 : 1;
  }
}

process.exitCode = await main();
