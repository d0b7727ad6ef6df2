// `npm run acceptance`: the main job once on a test device of the buyer's tenant, with two people, everything
// measured that could not be without one, and a redacted fixture to send home. Exit code 0 when the main job
// went through, 1 when not, 2 when it was called wrongly.
import { existsSync } from 'node:fs';
import { readSettings } from '../adapters/config/settings.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { findPolicy } from '../adapters/config/policySource.ts';
import { redact } from '../adapters/log.ts';
import { useProxy } from '../adapters/outbound/proxy.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import { whyItFailed } from '../adapters/store/fileTrouble.ts';
import { freezeInForce, pendingFreeze } from '../adapters/store/outputStore.ts';
import { FolderInUse, lockHolder } from '../adapters/store/journal/lock.ts';
import { isConfined, notConfined, runHosted } from '../acceptance/hosted.ts';
import { measuresOf } from '../acceptance/measures.ts';
import type { Measure } from '../acceptance/measures/finding.ts';
import { readOptions, usage } from '../acceptance/options.ts';
import type { Options } from '../acceptance/options.ts';
import type { Outcome } from '../acceptance/outcome.ts';
import { fixtureOf, struck, table, writeFixture } from '../acceptance/report.ts';
import { TappedHttp } from '../acceptance/tap.ts';
import { runWatched } from '../acceptance/watched.ts';
import { readDotEnv } from '../adapters/config/dotEnv.ts';
import { DefenderError } from '../liveResponse/ports.ts';
import { optionsFrom } from '../app/options.ts';
import { version } from '../app/compose.ts';
import { ConfigError } from '../adapters/config/environment.ts';

const wrong = 2;
/** Within this two signals are one. Milliseconds. */
const oneCtrlC = 1_000;
/** What does not close must not keep the program. Milliseconds. */
const endWithin = 2_000;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  if ('wrong' in options) return complain(`${options.wrong}\n\n${usage}`);
  const file = readDotEnv(process.env);
  if (file.wrong !== undefined) return complain(file.wrong);
  const read = readSettings(variablesFor(options), 'terminal');
  if ('problems' in read)
    return complain(
      `Something has to be set first:\n${read.problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  const { settings } = read;
  const real = settings.defender.kind === 'tenant' && settings.defender.auth.kind !== 'none';
  const unfit = await whyNot(options, settings, real);
  if (unfit !== undefined) return complain(unfit);
  if (settings.proxy !== undefined) await useProxy(settings.proxy, process.env);

  const { secrets } = optionsFrom(settings);
  const print = (text: string): void => void process.stdout.write(`${redact(text, secrets)}\n`);
  const stop = new AbortController();
  let stoppedAt = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) {
      // Asked a second time: at once, and nothing more is printed. npm may hand on the one that the terminal
      // sent already.
      if (performance.now() - stoppedAt > oneCtrlC) process.exit(1);
      return;
    }
    stoppedAt = performance.now();
    print(`${signal}: ending. No session is stopped by this.`);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const http = new TappedHttp(settings.proxy === undefined ? {} : { proxy: settings.proxy });
  try {
    if (file.said !== undefined) print(`Settings: ${file.said}.`);
    for (const warning of read.warnings) print(`warning: ${warning}`);
    const outcome = await (options.mode === 'watch' ? runWatched : runHosted)(options, settings, {
      http,
      print,
      stop: stop.signal,
      input: process.stdin,
      real,
    });
    return report(options, outcome, print);
  } catch (error) {
    if (error instanceof ConfigError) return complain(redact(error.message, secrets));
    if (error instanceof FolderInUse)
      return complain(`${error.message} While it runs, --watch looks on from outside.`);
    process.stderr.write(
      `The acceptance cannot go on: ${redact(error instanceof DefenderError ? `${error.message}${error.detail.apiMessage === undefined ? '' : ` (${error.detail.apiMessage})`}. ${commandFor('doctor')} says what is missing.` : whyItFailed(error), secrets)}\n`,
    );
    return 1;
  } finally {
    process.stdin.pause();
    await http.close();
  }
}

function report(options: Options, outcome: Outcome, print: (text: string) => void): number {
  const { seen, secrets } = outcome;
  print(`\nThe main job ${outcome.ok ? 'went through' : 'did NOT go through'}: ${outcome.how}`);
  if (seen.pairs.length === 0) {
    print('Nothing was measured, so no fixture is written.');
    return outcome.ok ? 0 : 1;
  }
  const measures: readonly Measure[] = measuresOf(seen)
    // Why something was not measured is ours to say: a person called Second must not strike words out of it.
    .map((one) => (one.verdict === 'unmeasured' ? one : { ...one, tenant: struck(one.tenant, secrets) }));
  print(`\n${table(measures)}`);
  const written = writeFixture(
    options.out,
    new Date().toISOString().slice(0, 10),
    fixtureOf({ version, mode: options.mode, ...outcome }, seen, measures),
  );
  print(
    `\nThe redacted fixture is ${written}, for its owner alone to read. Look through it before you send it home.`,
  );
  return outcome.ok ? 0 : 1;
}

/**
 * At the terminal no chat counts, whatever is set up for the bot; and its data folder and address are its
 * own.
 */
function variablesFor({ mode }: Options): Readonly<Record<string, string | undefined>> {
  // The lines of the log would come between those of the people.
  const all = {
    ...process.env,
    LR_LOG_LEVEL: (process.env['LR_LOG_LEVEL'] ?? '') === '' ? 'error' : process.env['LR_LOG_LEVEL'],
  };
  if (mode === 'chat') return all;
  const chats = /^(?:SLACK_|Microsoft(?:App)|TEAMS_|ChannelService$|LR_TEAMS_|HOST$|PORT$|LR_ADMIN_)/;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !chats.test(name)));
}

/** Why it may not be run so; before anything is started. */
async function whyNot(
  { mode, device }: Options,
  settings: Settings,
  real: boolean,
): Promise<string | undefined> {
  if (mode === 'chat' && settings.console)
    return '--chat needs a chat: set up Slack or Teams (docs/slack-setup.md, docs/teams-setup.md), or leave --chat out and sit at this terminal.';
  if (!real || mode === 'chat' || mode === 'watch') return undefined;
  if (mode === 'play')
    return '--play lets this program be two people, so it is for a simulated Defender alone. Before a real one two people ask and approve: leave --play out.';
  const held = await ofTheBot(settings.dataDir);
  if (held !== undefined) return held;
  const found = await findPolicy(optionsFrom(settings).policyFile);
  if ('policy' in found && !isConfined(found.policy, device)) return notConfined(device);
  if (!process.stdin.isTTY)
    return 'Before a real Defender two people type at this terminal, and the input is not a terminal: a program could be both of them. Run it in a terminal, or use --chat or --watch.';
  return undefined;
}

/** A run at the terminal has a journal of its own, and is held up by the bot's all the same. */
async function ofTheBot(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  const frozen = freezeInForce(realDisk, folder);
  if (frozen !== undefined || pendingFreeze(realDisk, folder) !== undefined)
    return `Submissions are frozen${frozen === undefined ? '' : ` since ${new Date(frozen.at).toISOString()}`}, by the journal of the bot in ${folder}: nothing is sent from here either. "unfreeze" in a chat releases it.`;
  const holder = await lockHolder(folder);
  return holder === undefined
    ? undefined
    : `The bot runs on this machine${holder === '' ? '' : ` (process ${holder})`}, with its people and its limits: use --watch and ask in its chat, or stop it first.`;
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return wrong;
}

process.exitCode = await main();
setTimeout(() => process.exit(), endWithin).unref();
