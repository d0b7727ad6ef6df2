// The environment to settings: one pure function, every problem at once, each with its next step. What may
// run with what is decided here.
import { Environment } from './environment.ts';
import { readAudiences, readAzure, readDefender, readResultHosts } from './defenderSettings.ts';
import type { AzureSettings, DefenderSettings } from './defenderSettings.ts';
import type { ChosenChat } from '../chatPlatform.ts';
import { anyChat, chatPlatforms } from '../chats.ts';
import { proxyFrom } from '../outbound/proxy.ts';
import type { Proxy } from '../outbound/proxy.ts';
import { commandFor } from '../ownCommands.ts';
import { makeKey, makeKeyText } from '../store/journal/keys.ts';
import { fileSettings } from './secretFiles.ts';
import { readRecord } from './recordSettings.ts';
import type { RecordSettings } from './recordSettings.ts';

/**
 * Rates and pauses; the defaults are Defender’s documented limits (docs/limits.md). Milliseconds where a name
 * says so.
 */
export interface Pacing {
  readonly submitsPerMinute: number;
  readonly callsPerMinute: number;
  readonly callsPerHour: number;
  readonly sessions: number;
  readonly pollMs: number;
  readonly parkedPollMs: number;
  /** How long Defender keeps a session for an offline device, where it is set. */
  readonly offlineQueueMs?: number;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Settings {
  readonly http: { readonly host: string; readonly port: number };
  /** The port with the reasons in words and the metrics; without a number, the one after the public port. */
  readonly admin: { readonly host: string; readonly port?: number } | 'off';
  readonly dataDir: string;
  readonly policyFile: string;
  readonly record: RecordSettings;
  readonly defender: DefenderSettings;
  /**
   * Credentials for Entra: those of Defender, or a separate set next to a Defender that needs none. Absent:
   * Entra groups cannot be read.
   */
  readonly azure?: AzureSettings;
  /** The chats that are set up. */
  readonly chats: readonly ChosenChat[];
  /** The local console is the chat. True exactly when no other chat is set up. */
  readonly console: boolean;
  readonly pacing: Pacing;
  /** How long script output is kept next to the journal, in milliseconds. */
  readonly retentionMs: number;
  /**
   * Hosts whose result links are read and given to people, besides those of Azure storage: endings that begin
   * with a dot, and whole names.
   */
  readonly resultHosts: readonly string[];
  /**
   * Audiences of tokens that the operator knows to be right, besides those the doctor knows. Only the doctor
   * uses them.
   */
  readonly audiences: readonly string[];
  readonly logLevel: LogLevel;
  readonly proxy?: Proxy;
}

export type ReadSettings = ({ readonly settings: Settings } | { readonly problems: readonly string[] }) & {
  readonly warnings: readonly string[];
};

/** Every name that is read, for the warning about misspelt names. */
export const knownNames: readonly string[] = [
  'PORT',
  'HOST',
  'LR_ADMIN_HOST',
  'LR_ADMIN_PORT',
  'LR_DATA_DIR',
  'LR_POLICY',
  'LR_ENV_FILE',
  'LR_DEFENDER',
  'LR_SPEED',
  'LR_SIMULATOR_PROFILE',
  'LR_LOG_LEVEL',
  'LR_RETENTION',
  'LR_SUBMITS_PER_MINUTE',
  'LR_CALLS_PER_MINUTE',
  'LR_CALLS_PER_HOUR',
  'LR_SESSIONS',
  'LR_POLL_MS',
  'LR_PARKED_POLL_MS',
  'LR_OFFLINE_QUEUE',
  'LR_RESULT_HOSTS',
  'LR_JOURNAL_KEY',
  'LR_JOURNAL_KEY_FILE',
  'LR_ANCHOR_FILE',
  'LR_ANCHOR_URL',
  'LR_ANCHOR_EVERY_LINES',
  'LR_ANCHOR_EVERY',
  'DEFENDER_CLOUD',
  'DEFENDER_API_URL',
  'DEFENDER_SCOPE',
  'DEFENDER_AUDIENCES',
  'DEFENDER_AUTH',
  'DEFENDER_UNSIGNED_SCRIPTS',
  'AZURE_TENANT_ID',
  'AZURE_CLIENT_ID',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'AZURE_FEDERATED_TOKEN_FILE',
  ...chatPlatforms.flatMap(({ settings }) => settings.names),
  'LIBRARY_CLIENT_ID',
  'LIBRARY_CLIENT_SECRET',
  'LIBRARY_CLIENT_CERTIFICATE_PATH',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  ...fileSettings,
];

/** Includes the command line that makes one. */
export const noJournalKey = `The journal has no key, and a real Defender is set up: anyone who may write the data folder could have anything run. As the bot’s user, make one, and set what this line prints:\n      ${makeKey}\n    Keep a copy of it, apart from the backups of the data folder. Any other file outside the data folder does as well, or LR_JOURNAL_KEY with what "${makeKeyText}" prints.`;

const libraryCredential = `LIBRARY_CLIENT_SECRET or LIBRARY_CLIENT_CERTIFICATE_PATH is set where the bot can read it. Who has that credential may replace every script that the bot has run, so it stays out of the bot: keep it in a file of its own, and give that to "${commandFor('library')}" with --credentials FILE.`;

const loopbackHosts = ['127.0.0.1', '::1', 'localhost'];

/**
 * Reads settings from environment variables. An empty value counts as absent. Never throws.
 * @param surface what is used where no chat is set up: the local console, or the terminal of src/acceptance,
 * which has its own rules for a real Defender
 */
export function readSettings(
  variables: Readonly<Record<string, string | undefined>>,
  surface: 'console' | 'terminal' = 'console',
): ReadSettings {
  const env = new Environment(variables);
  const host = env.text('HOST') ?? '127.0.0.1';
  const loopback = loopbackHosts.includes(host);
  const chosen = chatPlatforms.flatMap(({ settings: chat }) => chat.read(env, loopback) ?? []);
  // Chats that are set up wrongly are included: nothing may replace them.
  const chats = chatPlatforms.flatMap(({ name, settings: { meant } }) => (env.anyOf(...meant) ? [name] : []));
  const defender = readDefender(env, chats.length === 0);
  const azure =
    defender?.kind === 'tenant' && defender.auth.kind === 'azure'
      ? defender.auth.azure
      : chats.length > 0
        ? groupsOnly(env, defender)
        : undefined;

  checkCombination(env, { chats, loopback, host, defender, trustsAnybody: anybodyIn(chosen), surface });
  const proxy = proxyFrom(variables);
  const pacing = readPacing(env, defender?.kind === 'tenant' && defender.loopback);
  const port = env.whole('PORT', 3978, 0, 65_535);
  const record = readRecord(env);
  if (record.key === undefined && defender?.kind === 'tenant' && defender.auth.kind !== 'none')
    env.problem(noJournalKey);
  const settings = {
    record,
    http: { host, port },
    admin: readAdmin(env, { host, port }),
    dataDir: env.text('LR_DATA_DIR') ?? './data',
    policyFile: env.text('LR_POLICY') ?? './policy.yaml',
    chats: chosen,
    console: chats.length === 0,
    pacing,
    retentionMs: env.duration('LR_RETENTION', '30d'),
    resultHosts: readResultHosts(env),
    audiences: readAudiences(env),
    logLevel: env.choice('LR_LOG_LEVEL', logLevels, 'info'),
    ...(azure === undefined ? {} : { azure }),
    ...(proxy === undefined || 'wrong' in proxy ? {} : { proxy }),
  };
  if (proxy !== undefined && 'wrong' in proxy) env.problem(proxy.wrong);
  for (const [name, path] of [
    ['LR_DATA_DIR', settings.dataDir],
    ['LR_POLICY', settings.policyFile],
    ['LR_JOURNAL_KEY_FILE', record.key?.kind === 'file' ? record.key.path : ''],
    ['LR_ANCHOR_FILE', record.anchorFile ?? ''],
  ] as const) {
    // Otherwise a folder of that literal name would be created and used without a warning.
    if (/^~(?:[\\/]|$)|\$\{?[A-Za-z_]|^%[A-Za-z_]+%/.test(path))
      env.problem(`${name} is ${path}, and only a shell replaces what it begins with: write the whole path.`);
  }
  if (env.anyOf('LIBRARY_CLIENT_SECRET', 'LIBRARY_CLIENT_CERTIFICATE_PATH')) env.warn(libraryCredential);
  env.warnAboutUnknown(knownNames);
  if (env.problems.length > 0 || defender === undefined)
    return { problems: env.problems, warnings: env.warnings };
  return { settings: { ...settings, defender }, warnings: env.warnings };
}

function readAdmin(env: Environment, open: Settings['http']): Settings['admin'] {
  const host = env.text('LR_ADMIN_HOST') ?? '127.0.0.1';
  if (env.text('LR_ADMIN_PORT')?.toLowerCase() === 'off') return 'off';
  const port = env.text('LR_ADMIN_PORT') === undefined ? undefined : env.whole('LR_ADMIN_PORT', 0, 0, 65_535);
  if (port !== undefined && port !== 0 && port === open.port)
    env.problem(
      `LR_ADMIN_PORT is ${port}, as PORT is: what is for this machine alone needs a port of its own. Leave it out, or write "off".`,
    );
  if (!loopbackHosts.includes(host))
    env.warn(
      `LR_ADMIN_HOST is ${host}: anyone who reaches that address reads names, places and the reasons of failures there. Let only your monitoring reach it.`,
    );
  return { host, ...(port === undefined ? {} : { port }) };
}

/**
 * Entra groups can be read next to a Defender that needs no credentials. Half a set of credentials is a
 * problem.
 */
function groupsOnly(env: Environment, defender: DefenderSettings | undefined): AzureSettings | undefined {
  const asked = env.anyOf('AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH');
  return defender !== undefined && asked ? readAzure(env) : undefined;
}

interface Combination {
  readonly chats: readonly string[];
  readonly loopback: boolean;
  readonly host: string;
  readonly defender: DefenderSettings | undefined;
  /** The setting that switches off authentication in a chat; undefined where everybody is authenticated. */
  readonly trustsAnybody: string | undefined;
  readonly surface: 'console' | 'terminal';
}

function anybodyIn(chats: readonly ChosenChat[]): string | undefined {
  return chats.find(({ trustsAnybody }) => trustsAnybody !== undefined)?.trustsAnybody;
}

/** Checks which chat may be used with which Defender. */
function checkCombination(
  env: Environment,
  { chats, loopback, host, defender, trustsAnybody, surface }: Combination,
): void {
  const local = defender === undefined || defender.kind === 'simulator' || defender.loopback;
  if (chats.length === 0) {
    // The console lets one human play several people: nobody else may reach it, and nothing real may be
    // behind it.
    if (!loopback)
      env.problem(
        `HOST is ${host}, but without ${anyChat} the local console is the chat, and it lets one human play everybody. Remove HOST, or set up ${anyChat}.`,
      );
    if (!local && surface === 'console')
      env.problem(
        `A real Defender is set up without ${anyChat}. The local console lets one human play everybody, so it never runs with a real Defender: set up ${anyChat}, or remove the DEFENDER_ and AZURE_ settings.`,
      );
    return;
  }
  if (defender?.kind === 'simulator' && env.text('LR_DEFENDER') !== 'simulator') {
    env.problem(
      `${chats.join(' and ')} is set up, but no Defender. Set AZURE_TENANT_ID, AZURE_CLIENT_ID and a credential, or LR_DEFENDER=simulator if a simulated tenant is what you want.`,
    );
  }
  if (trustsAnybody !== undefined && !local)
    env.problem(
      `${trustsAnybody} accepts anybody as anybody, so it works with the simulator only. Remove it, or set LR_DEFENDER=simulator.`,
    );
}

/**
 * More than Defender’s documented rates only for a simulator on this machine: elsewhere every call beyond
 * them is answered with 429.
 */
function readPacing(env: Environment, local: boolean): Pacing {
  return {
    submitsPerMinute: env.whole('LR_SUBMITS_PER_MINUTE', 10, 1, local ? 1000 : 10),
    callsPerMinute: env.whole('LR_CALLS_PER_MINUTE', 100, 1, local ? 10_000 : 100),
    callsPerHour: env.whole('LR_CALLS_PER_HOUR', 1500, 1, local ? 100_000 : 1500),
    sessions: env.whole('LR_SESSIONS', 25, 1, 50),
    pollMs: env.whole('LR_POLL_MS', 2400, 100, 60_000),
    parkedPollMs: env.whole('LR_PARKED_POLL_MS', 30_000, 1000, 600_000),
    ...(env.text('LR_OFFLINE_QUEUE') === undefined
      ? {}
      : { offlineQueueMs: env.duration('LR_OFFLINE_QUEUE', '3d') }),
  };
}
