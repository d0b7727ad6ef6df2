// `npm run library -- diff | push`: compares the tenant's live response library with the scripts that come
// with the program and those that the recipes name, and uploads what differs. Run by hand with a credential
// of its own: nothing of it is part of the bot, which cannot upload. Exit code 0 when the library is as it
// should be, 1 when something differs (still), 2 when it was called wrongly, 3 when it cannot look.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createClock } from '../adapters/clock.ts';
import { findPolicy } from '../adapters/config/policySource.ts';
import { showProblems } from '../adapters/config/yamlFile.ts';
import type { Policy } from '../bot/policy/policy.ts';
import { EntraTokens, noCredentials } from '../adapters/entra/credentials.ts';
import type { TokenSource } from '../adapters/entra/credentials.ts';
import { TokenError } from '../adapters/entra/tokenError.ts';
import { Http } from '../adapters/outbound/http.ts';
import type { HttpClient } from '../adapters/outbound/http.ts';
import { printable } from '../adapters/printable.ts';
import { proxyFrom, useProxy } from '../adapters/outbound/proxy.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { packageFile } from '../adapters/packageFiles.ts';
import { readDotEnv } from '../adapters/config/dotEnv.ts';
import { agrees, compared } from '../library/comparison.ts';
import type { Comparison, Standing } from '../library/comparison.ts';
import { liveLibrary, NoLook } from '../library/liveLibrary.ts';
import { localFiles, NoFolder } from '../library/localFiles.ts';
import type { LocalFiles } from '../library/localFiles.ts';
import { planned, push } from '../library/push.ts';
import type { Planned, ReplaceAsked } from '../library/push.ts';
import { BadState, PushedFiles } from '../library/pushed.ts';
import { readLibrarySettings, tokenSays } from '../library/settings.ts';
import type { LibrarySettings } from '../library/settings.ts';
import { about, short, shortDigits, shown } from '../library/shown.ts';

const usage = `usage: ${commandFor('library', 'diff')} [NAME...] [options]    say what differs; nothing is changed
       ${commandFor('library', 'push')} [NAME...] [options]    upload what is missing or was pushed from here before
  --scripts DIR          folder with copies that count before the shipped ones (signed ones: --scripts ./signed)
  --policy FILE          LR_POLICY or ./policy.yaml when not given; "none" compares the shipped scripts alone
  --state FILE           what was pushed from here; library.lock.json next to the policy when not given
  --credentials FILE     a file with LIBRARY_CLIENT_ID and LIBRARY_CLIENT_SECRET or LIBRARY_CLIENT_CERTIFICATE_PATH
  --developer            sign in as the person who ran "az login" here
push only:
  --replace NAME --if-sha SHA    replace also what somebody else changed, if its SHA-256 begins with that (12 digits at least)
  --yes                  do not ask before uploading
Tenant and cloud are those of the bot's settings (AZURE_TENANT_ID, DEFENDER_CLOUD, DEFENDER_API_URL); its credential is never used.
Exit code: 0 the library is as it should be, 1 something differs, 2 called wrongly, 3 cannot look.`;

/** A connection that does not close must not keep the program. Milliseconds. */
const endWithin = 2_000;

interface Arguments {
  readonly verb: 'diff' | 'push';
  readonly names: readonly string[];
  readonly scripts?: string;
  readonly policy?: string;
  readonly state?: string;
  readonly credentials?: string;
  readonly developer: boolean;
  readonly replace: readonly ReplaceAsked[];
  readonly yes: boolean;
}

/** The sentence that says what is wrong with the call. */
function readArguments(given: readonly string[]): Arguments | string | undefined {
  const options = {
    scripts: { type: 'string' },
    policy: { type: 'string' },
    state: { type: 'string' },
    credentials: { type: 'string' },
    developer: { type: 'boolean' },
    replace: { type: 'string', multiple: true },
    'if-sha': { type: 'string', multiple: true },
    yes: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  let read;
  try {
    read = parseArgs({ args: [...given], options, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = read;
  if (values.help === true) return undefined;
  const [verb, ...names] = positionals;
  if (verb !== 'diff' && verb !== 'push')
    return verb === undefined ? 'Say diff or push.' : `"${verb}" is neither diff nor push.`;
  const replaceNames = values.replace ?? [];
  const shas = values['if-sha'] ?? [];
  if (verb === 'diff' && (replaceNames.length > 0 || shas.length > 0 || values.yes === true))
    return 'diff changes nothing: --replace, --if-sha and --yes belong to push.';
  if (replaceNames.length !== shas.length)
    return 'Each --replace NAME needs its --if-sha SHA: the content that was seen, so that nothing else is replaced.';
  const wrong = shas.find((sha) => !new RegExp(`^[0-9a-f]{${shortDigits},64}$`, 'i').test(sha));
  if (wrong !== undefined)
    return `--if-sha ${wrong} is not the beginning of a SHA-256: ${shortDigits} to 64 hex digits, as diff shows them.`;
  return {
    verb,
    names,
    ...(values.scripts === undefined ? {} : { scripts: values.scripts }),
    ...(values.policy === undefined ? {} : { policy: values.policy }),
    ...(values.state === undefined ? {} : { state: values.state }),
    ...(values.credentials === undefined ? {} : { credentials: values.credentials }),
    developer: values.developer === true,
    replace: replaceNames.map((name, at) => ({ name, sha: (shas[at] ?? '').toLowerCase() })),
    yes: values.yes === true,
  };
}

/**
 * To be typed again behind a line that is shown: without --scripts another file would be uploaded than the
 * one that was compared.
 */
function optionsOf({ scripts, policy, state, credentials, developer }: Arguments): string {
  const quoted = (text: string): string => (/^[\w./:@~-]+$/.test(text) ? text : `"${text}"`);
  const given = Object.entries({ scripts, policy, state, credentials }).flatMap(([name, value]) =>
    value === undefined ? [] : [` --${name} ${quoted(value)}`],
  );
  return `${given.join('')}${developer ? ' --developer' : ''}`;
}

/** Says what keeps the program from doing what it was asked, and answers the exit code. */
class Stop extends Error {
  readonly code: 2 | 3;
  constructor(code: 2 | 3, message: string) {
    super(message);
    this.code = code;
  }
}

function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

function warn(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** The recipes, and where the state file lies when nobody says. */
async function readPolicy(
  { policy: given }: Arguments,
  variables: NodeJS.ProcessEnv,
): Promise<{ readonly policy?: Policy; readonly folder: string }> {
  if (given === 'none') return { folder: '.' };
  const set = given ?? variables['LR_POLICY']?.trim();
  const file = set === undefined || set === '' ? './policy.yaml' : set;
  if ((set === undefined || set === '') && !existsSync(file)) {
    warn(
      'There is no ./policy.yaml: the shipped scripts alone are compared. Name the policy with --policy FILE, so that what its recipes need is looked at too.',
    );
    return { folder: '.' };
  }
  const found = await findPolicy(file);
  if ('unread' in found)
    throw new Stop(
      2,
      `The policy ${file} cannot be read: ${found.unread}. Name another one with --policy FILE, or "--policy none" for the shipped scripts alone.`,
    );
  if ('problems' in found)
    throw new Stop(
      2,
      `${showProblems(file, found.problems)}\nThe policy cannot be used, so nobody knows which scripts its recipes need. Correct it first.`,
    );
  return { policy: found.policy, folder: dirname(file) };
}

function settingsOf({ credentials, developer }: Arguments): LibrarySettings {
  const file = readDotEnv(process.env);
  for (const one of [file.wrong, ...(file.odd ?? [])]) if (one !== undefined) warn(one);
  const variables: Record<string, string | undefined> = { ...process.env };
  if (credentials !== undefined) {
    const own: Record<string, string | undefined> = { LR_ENV_FILE: credentials };
    const read = readDotEnv(own);
    if (read.wrong !== undefined || read.said === undefined)
      throw new Stop(2, read.wrong ?? `${credentials} was not read.`);
    for (const one of read.odd ?? []) warn(one);
    for (const [name, value] of Object.entries(own)) if (name.startsWith('LIBRARY_')) variables[name] = value;
  }
  const read = readLibrarySettings(variables, developer);
  if ('problems' in read) throw new Stop(2, read.problems.join('\n'));
  for (const warning of read.warnings) warn(warning);
  return read.settings;
}

/** @throws Stop */
async function tokensOf(
  { credentials, endpoint, botClientId }: LibrarySettings,
  http: HttpClient,
): Promise<TokenSource> {
  if (credentials === 'none') return noCredentials(endpoint.apiUrl);
  const tokens = new EntraTokens({ credentials, authority: endpoint.authority, way: http });
  try {
    const token = await tokens.getToken(endpoint.scope);
    const { appId, manages } = token === undefined ? {} : tokenSays(token.value.reveal());
    if (botClientId !== undefined && appId === botClientId && manages === true) {
      warn(
        `The bot’s own application (${botClientId}) has Library.Manage: who gets hold of its credential can replace every script that is approved. Give the library an app registration of its own and, if the bot can do without listing scripts, take Library.Manage from it.`,
      );
    }
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new Stop(
      3,
      `There is no token for the library: ${error.message.replaceAll('AZURE_CLIENT_', 'LIBRARY_CLIENT_')}.`,
    );
  }
  return tokens;
}

function only(names: readonly string[], here: LocalFiles): LocalFiles {
  if (names.length === 0) return here;
  const known = [...here.files, ...here.without].map(({ name }) => name);
  for (const name of names) {
    if (known.some((one) => one.toLowerCase() === name.toLowerCase())) continue;
    throw new Stop(
      2,
      `${name} is neither a shipped script nor a file that a recipe names. Those are: ${known.join(', ')}.`,
    );
  }
  const asked = ({ name }: { readonly name: string }): boolean =>
    names.some((one) => one.toLowerCase() === name.toLowerCase());
  return { ...here, files: here.files.filter(asked), without: here.without.filter(asked) };
}

/** A line from the person at the terminal; undefined at the end of the input. */
async function answer(question: string): Promise<string | undefined> {
  process.stdout.write(question);
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    lines.close();
    process.stdin.destroy();
  }
}

async function confirmed(
  uploads: readonly Planned[],
  { yes }: Arguments,
  { endpoint, tenant }: LibrarySettings,
): Promise<boolean> {
  say('');
  say(`To be uploaded to ${endpoint.apiUrl} (tenant ${tenant}):`);
  for (const { local, over } of uploads)
    say(
      `  ${local.name}  ${short(local.sha256)}  ${over === undefined ? 'new' : `REPLACES ${short(over.sha256)}, ${about(over)}`}`,
    );
  say(
    'A changed script voids every approval that waits for it: its card shows the new hash, and it is approved again.',
  );
  if (yes) return true;
  const said = await answer('Upload? Type yes: ');
  if (said?.trim().toLowerCase() === 'yes') return true;
  say('');
  say(
    said === undefined
      ? 'Nothing was uploaded: nobody answered. Add --yes where nobody sits in front of it.'
      : 'Nothing was uploaded.',
  );
  return false;
}

/** Content equal to ours was changed by no one: it may be replaced when the upload continues. */
function noteSame(same: readonly Standing[], pushed: PushedFiles, now: number): void {
  for (const one of same) {
    if (one.kind !== 'same') continue;
    try {
      pushed.note(one.local.name, {
        sha256: one.local.sha256,
        at: new Date(now).toISOString(),
        ...(one.local.signed ? { signed: true } : {}),
      });
    } catch (error) {
      if (!(error instanceof BadState)) throw error;
      warn(error.message);
      return;
    }
  }
}

async function run(given: Arguments): Promise<number> {
  const settings = settingsOf(given);
  const { policy, folder } = await readPolicy(given, process.env);
  const here = only(
    given.names,
    localFiles({
      shipped: packageFile('manifest', 'defender'),
      ...(given.scripts === undefined ? {} : { scripts: given.scripts }),
      ...(policy === undefined ? {} : { policy }),
    }),
  );
  const pushed = new PushedFiles(given.state ?? join(folder, 'library.lock.json'), settings.tenant);
  const found = proxyFrom(process.env);
  if (found !== undefined && 'wrong' in found) throw new Stop(2, found.wrong);
  if (found !== undefined) await useProxy(found, process.env);
  const http = new Http(found === undefined ? {} : { proxy: found });
  try {
    const clock = createClock();
    const library = liveLibrary({
      http,
      tokens: await tokensOf(settings, http),
      clock,
      endpoint: settings.endpoint,
      tell: warn,
    });
    const comparison: Comparison = compared(here, await library.list(), (name) => pushed.get(name));
    // Of a part, "not ours" would be said of files that are.
    for (const line of shown(
      { ...comparison, others: given.names.length === 0 ? comparison.others : [] },
      policy !== undefined,
      optionsOf(given),
    ))
      say(line);
    for (const name of here.unnamed)
      warn(
        `${join(given.scripts ?? '', name)} is neither a shipped script nor in a recipe, so it is not compared.`,
      );
    if (given.verb === 'diff') return agrees(comparison) ? 0 : 1;
    const { uploads, refused } = planned(comparison, given.replace);
    for (const sentence of refused) warn(sentence);
    const same = comparison.standings.filter(
      (one) =>
        one.kind === 'same' &&
        (pushed.get(one.local.name)?.sha256 !== one.local.sha256 ||
          (pushed.get(one.local.name)?.signed === true) !== one.local.signed),
    );
    if (uploads.length > 0) pushed.checkWritable();
    noteSame(same, pushed, clock.now());
    if (uploads.length === 0) {
      say('');
      say('Nothing was uploaded.');
      return agrees(comparison) && refused.length === 0 ? 0 : 1;
    }
    if (!(await confirmed(uploads, given, settings))) return 1;
    const all = await push(uploads, { library, pushed, clock, tell: say });
    const left = comparison.standings.some(
      (one) =>
        ((one.kind === 'foreign' || one.kind === 'signedThere') &&
          !uploads.some(({ local }) => local === one.local)) ||
        one.kind === 'doubled' ||
        (one.kind === 'without' && (one.file.why !== undefined || one.live === undefined)),
    );
    return all && !left && refused.length === 0 ? 0 : 1;
  } finally {
    await http.close();
  }
}

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (given === undefined || typeof given === 'string') {
    if (given !== undefined) warn(given);
    (given === undefined ? process.stdout : process.stderr).write(`${usage}\n`);
    return given === undefined ? 0 : 2;
  }
  try {
    return await run(given);
  } catch (error) {
    if (error instanceof Stop) {
      // Several problems are several lines.
      for (const line of error.message.split('\n')) warn(line);
      return error.code;
    }
    if (!(error instanceof NoLook || error instanceof BadState || error instanceof NoFolder)) throw error;
    warn(error.message);
    return error instanceof NoFolder ? 2 : 3;
  }
}

process.exitCode = await main();
setTimeout(() => process.exit(), endWithin).unref();
