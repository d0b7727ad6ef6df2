// Every answer as a flag, but for secrets: those come from a file of settings, from standard input or from
// the environment, where no list of processes shows them.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { nearest } from '../bot/commands/nearest.ts';
import { readSecretFile, secretNames, smallFile } from '../adapters/config/secretFiles.ts';
import { knownNames } from '../adapters/config/settings.ts';
import { cloudNames } from '../adapters/defender/clouds.ts';
import { diskWords } from '../adapters/store/journal/disk.ts';
import { mostBytes, settingsIn, settingsText } from '../adapters/config/dotEnv.ts';
import {
  chatWords,
  checkDeviceGroup,
  checkFile,
  checkGuid,
  checkHost,
  checkName,
  checkPersonId,
  checkPlace,
  checkSecret,
  checkSlackMember,
  secretsFor,
  teamsTypes,
  tenantWords,
} from './answers.ts';
import type {
  Chat,
  ChatAnswers,
  Check,
  PersonAnswer,
  SecretAnswer,
  Tenant,
  TenantAnswers,
} from './answers.ts';
import { commandFor } from './commandLine.ts';

export const usage = `usage: ${commandFor('setup', undefined, '[options]')}
Asks what is needed to run the bot for real, one question at a time, and writes .env, the journal key, policy.yaml, the manifest of the Slack
app and the app package for Teams. Nothing that is there is overwritten; a second run goes on where the first one ended. Answers given here are not asked for.
  --chat CHAT           slack-socket, slack-http, teams, two of them with a comma, or none (the local console)
  --host NAME           public name of the bot, where slack-http or teams has to reach it: bot.example.com
  --teams-type TYPE     SingleTenant (the default) or UserAssignedMSI
  --teams-id GUID       application id of the bot’s registration          --teams-tenant GUID   its tenant
  --tenant TENANT       simulator, certificate, secret, managed-identity or workload-identity
  --tenant-id GUID      Entra tenant of Defender                          --client-id GUID      application id of the app registration
  --certificate FILE    PEM file with certificate and key                 --cloud NAME          ${cloudNames.join(', ')}
  --person "id=robin,name=Robin Real,roles=asks+approves,slack=U0123ABCD,teams=GUID"   once for each; ids of the chats may be left for later
  --place PLACE         where approvals are asked for: slack:C0123456, teams:19:...@thread.tacv2; may be left for later
  --device-group NAME   Defender’s device groups that may be reached; more than one by repeating it
  --slack-bot-token-file FILE, --slack-app-token-file FILE, --slack-signing-secret-file FILE, --teams-secret-file FILE, --client-secret-file FILE
                        a secret that stays in a file of its own, with nothing else in it. Secrets are also taken from the environment
                        (SLACK_BOT_TOKEN, or SLACK_BOT_TOKEN_FILE), and never from a flag, which everybody on the machine can read
  --settings FILE       NAME=value lines as in .env, "-" for standard input: secrets, and any other setting
  --folder DIR          where .env and policy.yaml go; here when left out
  --key FILE            the journal key; ~/.live-response-bot/journal.key when left out
  --yes                 no questions: what is not given is left for later, in a marked place
  --dry-run             shows what would be written, without secrets, and writes nothing
  --no-check            does not ask the doctor
Exit code: 0 the files are there and the doctor calls nothing broken, 1 it does or a file cannot be used, 2 called wrongly, 130 left with
Ctrl-C. What is left is printed in any case.
`;

export interface Given {
  readonly chat: Partial<ChatAnswers>;
  readonly tenant: Partial<TenantAnswers>;
  readonly people: readonly PersonAnswer[];
  readonly places: readonly string[];
  readonly devices: readonly string[];
  readonly secrets: ReadonlyMap<string, SecretAnswer>;
  /** Other settings of the file. */
  readonly more: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly key: string | undefined;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly check: boolean;
}

type Variables = Readonly<Record<string, string | undefined>>;

const single = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;
/** A secret's file, by the name of its setting. */
const secretFlags = {
  'slack-bot-token-file': single,
  'slack-app-token-file': single,
  'slack-signing-secret-file': single,
  'teams-secret-file': single,
  'client-secret-file': single,
} as const;
const secretFlagOf: Readonly<Record<string, keyof typeof secretFlags>> = {
  SLACK_BOT_TOKEN: 'slack-bot-token-file',
  SLACK_APP_TOKEN: 'slack-app-token-file',
  SLACK_SIGNING_SECRET: 'slack-signing-secret-file',
  MicrosoftAppPassword: 'teams-secret-file',
  AZURE_CLIENT_SECRET: 'client-secret-file',
};
const options = {
  chat: single,
  host: single,
  'teams-type': single,
  'teams-id': single,
  'teams-tenant': single,
  tenant: single,
  'tenant-id': single,
  'client-id': single,
  certificate: single,
  cloud: single,
  ...secretFlags,
  person: many,
  place: many,
  'device-group': many,
  settings: single,
  folder: single,
  key: single,
  yes: flag,
  'dry-run': flag,
  'no-check': flag,
  help: flag,
} as const;

/** Every problem at once; no sentence holds a secret. */
export function readFlags(
  args: readonly string[],
  environment: Variables,
): Given | { readonly problems: readonly string[] } | 'help' {
  const parsed = parsedOf(args);
  if ('problems' in parsed) return parsed;
  const { values } = parsed;
  if (values.help === true) return 'help';
  const problems: string[] = [];
  const checked = (name: string, text: string | undefined, check: Check): string | undefined => {
    const wrong = text === undefined ? undefined : check(text);
    if (wrong !== undefined) problems.push(`--${name} is "${String(text).slice(0, 100)}". ${wrong}`);
    return text?.trim();
  };
  const oneOf = <T extends string>(
    name: string,
    text: string | undefined,
    words: readonly T[],
  ): T | undefined => {
    const found = words.find((word) => word === text);
    if (text !== undefined && found === undefined)
      problems.push(
        `--${name} is "${text.slice(0, 100)}"; it must be one of ${words.join(', ')}.${meant(text, words)}`,
      );
    return found;
  };
  const chats = values.chat === undefined ? undefined : chatsOf(values.chat, problems);
  const host = checked('host', values.host, checkHost);
  const teamsType = oneOf('teams-type', values['teams-type'], teamsTypes);
  const teamsId = checked('teams-id', values['teams-id'], checkGuid);
  const teamsTenant = checked('teams-tenant', values['teams-tenant'], checkGuid);
  const tenant: Tenant | undefined = oneOf('tenant', values.tenant, tenantWords);
  const tenantId = checked('tenant-id', values['tenant-id'], checkGuid);
  const clientId = checked('client-id', values['client-id'], checkGuid);
  const certificate = checked('certificate', values.certificate, checkFile);
  const cloud = oneOf('cloud', values.cloud, cloudNames);
  const people = (values.person ?? []).flatMap((text) => personOf(text, problems) ?? []);
  people.forEach(({ id }, index) => {
    if (people.findIndex((one) => one.id === id) !== index)
      problems.push(`--person names the id ${id} twice.`);
  });
  const places = (values.place ?? []).map((place) => checked('place', place, checkPlace) ?? place);
  const devices = (values['device-group'] ?? []).map(
    (group) => checked('device-group', group, checkDeviceGroup) ?? group,
  );
  const folder = resolve(values.folder ?? '.');
  const key = checked('key', values.key, checkFile);
  const { secrets, more, named } = settingsOf(
    values.settings,
    (name) => (secretFlagOf[name] === undefined ? undefined : values[secretFlagOf[name]]),
    environment,
    problems,
  );
  // Where nobody is asked, what is not given is chosen too; a word that is no choice has been told already.
  const chosen = {
    chats: values.yes === true && values.chat === undefined ? [] : chats,
    tenant: values.yes === true && values.tenant === undefined ? 'simulator' : tenant,
    byName: values.tenant !== undefined,
  };
  problems.push(
    ...unused(chosen, {
      teams: { 'teams-type': teamsType, 'teams-id': teamsId, 'teams-tenant': teamsTenant },
      defender: { 'tenant-id': tenantId, 'client-id': clientId, certificate, cloud },
    }),
  );
  if (chosen.chats !== undefined && chosen.tenant !== undefined) {
    const needed = secretsFor(
      {
        ...given({ chats: chosen.chats, teamsType, teamsCertificate: more['MicrosoftAppCertificatePath'] }),
        chats: chosen.chats,
      },
      { tenant: chosen.tenant },
    );
    problems.push(
      ...named
        .filter((name) => !needed.includes(name))
        .map(
          (name) =>
            `${name} is given, and what was chosen does not use it. Choose what does (--chat, --teams-type, --tenant), or leave it out.`,
        ),
    );
  }
  if (problems.length > 0) return { problems };
  return {
    chat: {
      ...given({
        chats,
        host,
        teamsType,
        teamsId: teamsId?.toLowerCase(),
        teamsTenant: teamsTenant?.toLowerCase(),
      }),
    },
    tenant: {
      ...given({
        tenant,
        tenantId: tenantId?.toLowerCase(),
        clientId: clientId?.toLowerCase(),
        certificate: certificate === undefined ? undefined : resolve(certificate),
        cloud,
      }),
    },
    people,
    places,
    devices,
    secrets,
    more,
    folder,
    key: key === undefined ? undefined : resolve(key),
    yes: values.yes === true,
    dryRun: values['dry-run'] === true,
    check: values['no-check'] !== true,
  };
}

interface Chosen {
  /** Undefined: it will be asked for. */
  readonly chats: readonly Chat[] | undefined;
  readonly tenant: Tenant | undefined;
  /** The tenant was given, and does not only follow from nobody being asked. */
  readonly byName: boolean;
}

type Options = Readonly<Record<string, string | undefined>>;

/**
 * What was given and would count for nothing. Dropped in silence, it would leave a simulated tenant to people
 * who gave a real one.
 */
function unused(
  { chats, tenant, byName }: Chosen,
  { teams, defender }: { readonly teams: Options; readonly defender: Options },
): readonly string[] {
  const flags = (of: Options): readonly string[] =>
    Object.keys(of)
      .filter((name) => of[name] !== undefined)
      .map((name) => `--${name}`);
  const belong = (names: readonly string[]): string =>
    `${new Intl.ListFormat('en-GB').format(names)} ${names.length === 1 ? 'belongs' : 'belong'} to`;
  const [ofTeams, ofDefender] = [flags(teams), flags(defender)];
  const them = ofDefender.length === 1 ? 'it' : 'them';
  return [
    ...(chats === undefined || chats.includes('teams') || ofTeams.length === 0
      ? []
      : [
          `${belong(ofTeams)} Teams, and --chat does not hold teams. Add it there, or leave ${ofTeams.length === 1 ? 'it' : 'them'} out.`,
        ]),
    ...(tenant !== 'simulator' || ofDefender.length === 0
      ? []
      : [
          `${belong(ofDefender)} a real Defender, and ${byName ? `--tenant is simulator. Give another --tenant, or leave ${them} out.` : 'without --tenant the simulated one is written. Give --tenant as well: certificate, secret, managed-identity or workload-identity.'}`,
        ]),
    ...(tenant === undefined ||
    tenant === 'simulator' ||
    tenant === 'certificate' ||
    defender['certificate'] === undefined
      ? []
      : [
          `--certificate belongs to --tenant certificate, and --tenant is ${tenant}. Give the other --tenant, or leave it out.`,
        ]),
  ];
}

function parsedOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false, strict: true });
  } catch (error) {
    // Node's own sentence may quote what was typed, which may be a secret.
    const name = args
      .find(
        (arg) => arg.startsWith('-') && !Object.hasOwn(options, arg.replace(/^--/, '').replace(/=.*$/s, '')),
      )
      ?.replace(/=.*$/s, '');
    if (name !== undefined && /token|secret|password/i.test(name))
      return {
        problems: [
          `${name} is not taken: everybody on this machine sees the words of a command. Give a file with the secret in it (--help lists the options), or set it in the environment.`,
        ],
      };
    if (name !== undefined)
      return {
        problems: [
          `${name.slice(0, 60)} is no option.${meant(name.replace(/^--/, ''), Object.keys(options), '--')}`,
        ],
      };
    return {
      problems: [
        error instanceof Error && 'code' in error && error.code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE'
          ? error.message
          : 'There are words that belong to no option.',
      ],
    };
  }
}

function meant(word: string, words: readonly string[], before = ''): string {
  const [near] = nearest(word, words);
  return near === undefined ? '' : ` Did you mean ${before}${near}?`;
}

/** Without what is absent. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function chatsOf(text: string, problems: string[]): readonly Chat[] | undefined {
  if (text === 'none' || text === 'console') return [];
  const words = text.split(/[\s,+]+/);
  const chats = words.flatMap((word) => chatWords.find((one) => one === word) ?? []);
  if (chats.length !== words.length) {
    const wrong = words.find((word) => !chatWords.some((one) => one === word)) ?? '';
    problems.push(
      `--chat holds "${wrong.slice(0, 100)}"; it must be of ${chatWords.join(', ')}, or none.${meant(wrong, chatWords)}`,
    );
    return undefined;
  }
  if (chats.includes('slack-socket') && chats.includes('slack-http'))
    problems.push('--chat holds slack-socket and slack-http: Slack reaches the bot in one way. Remove one.');
  return [...new Set(chats)];
}

const personKeys = ['id', 'name', 'roles', 'slack', 'teams'];

/** `id=robin,name=Robin Real,roles=asks+approves,slack=U0123ABCD` */
function personOf(text: string, problems: string[]): PersonAnswer | undefined {
  const wrong = (why: string): PersonAnswer | undefined => {
    problems.push(`--person "${text.slice(0, 100)}": ${why}`);
    return undefined;
  };
  const fields = new Map(
    text
      .split(',')
      .map((part) => [part.split('=')[0]?.trim() ?? '', part.split('=').slice(1).join('=').trim()]),
  );
  const unknown = [...fields.keys()].find((key) => !personKeys.includes(key));
  if (unknown !== undefined)
    return wrong(
      `"${unknown}" is none of ${personKeys.join(', ')}; write id=robin,name=Robin Real,roles=asks+approves.`,
    );
  const [id, name, roles, slack, teams] = personKeys.map((key) => fields.get(key));
  const problem = [
    checkPersonId(id ?? ''),
    checkName(name ?? id ?? ''),
    slack === undefined ? undefined : checkSlackMember(slack),
    teams === undefined ? undefined : checkGuid(teams),
  ].find((one) => one !== undefined);
  if (id === undefined || problem !== undefined) return wrong(problem ?? 'the id is missing.');
  const words = (roles ?? '')
    .split('+')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const asks = words.includes('asks') || words.includes('responder');
  const approves = words.includes('approves') || words.includes('approver');
  if (
    words.some((word) => !['asks', 'approves', 'responder', 'approver'].includes(word)) ||
    !(asks || approves)
  )
    return wrong('roles is asks, approves or asks+approves.');
  return {
    id,
    name: name ?? id,
    asks,
    approves,
    ...(slack === undefined ? {} : { slack }),
    ...(teams === undefined ? {} : { teams: teams.toLowerCase() }),
  };
}

/** Settings that are answers, or follow from them; how each is given. */
const answers: Readonly<Record<string, string>> = {
  LR_POLICY: 'it lies in --folder',
  LR_DATA_DIR: 'it lies in --folder',
  LR_JOURNAL_KEY: 'it makes a key, or takes the file that --key names',
  LR_JOURNAL_KEY_FILE: 'give --key',
  LR_ENV_FILE: 'give --folder',
  MicrosoftAppType: 'give --teams-type',
  MicrosoftAppId: 'give --teams-id',
  MicrosoftAppTenantId: 'give --teams-tenant',
  LR_DEFENDER: 'give --tenant',
  AZURE_TENANT_ID: 'give --tenant-id',
  AZURE_CLIENT_ID: 'give --client-id',
  AZURE_CLIENT_CERTIFICATE_PATH: 'give --certificate',
  DEFENDER_AUTH: 'give --tenant',
  DEFENDER_CLOUD: 'give --cloud',
};

/** From the file of settings and the environment; a secret that has a file of its own stays there. */
function settingsOf(
  file: string | undefined,
  fileOf: (name: string) => string | undefined,
  environment: Variables,
  problems: string[],
): Pick<Given, 'secrets' | 'more'> & { readonly named: readonly string[] } {
  const lines = file === undefined ? {} : linesOf(file, problems);
  for (const [name, value] of Object.entries(lines)) {
    const own = value.trim() === '' ? undefined : answers[name];
    const library = value.trim() !== '' && name.startsWith('LIBRARY_');
    if (!knownNames.includes(name))
      problems.push(`--settings: ${name} is not a setting.${meant(name, knownNames)}`);
    else if (library)
      problems.push(
        `--settings holds ${name}, which the bot must never have. It belongs into a file of the library’s own (docs/library.md).`,
      );
    else if (own !== undefined)
      problems.push(
        `--settings holds ${name}, which the setup writes itself: ${own}. In both places, nobody could tell which counts.`,
      );
  }
  const secrets = new Map<string, SecretAnswer>();
  // What the environment holds may be another program's.
  const named = secretNames.filter(
    (name) =>
      !name.startsWith('LIBRARY_') &&
      [fileOf(name), lines[name], lines[`${name}_FILE`]].some((one) => (one ?? '').trim() !== ''),
  );
  for (const name of secretNames) {
    if (name.startsWith('LIBRARY_')) continue;
    const flagged = fileOf(name);
    const [value, named] = [name, `${name}_FILE`].map((one) => (lines[one] ?? environment[one] ?? '').trim());
    const path = flagged ?? named;
    if (value !== '' && path !== '') problems.push(`${name} and ${name}_FILE are both given. Remove one.`);
    else if (path !== undefined && path !== '') {
      const read = readSecretFile(path, `${name}_FILE`);
      const wrong = 'wrong' in read ? read.wrong : told(name, checkSecret(name)(read.text));
      if (wrong !== undefined) problems.push(wrong);
      else secrets.set(name, { file: resolve(path) });
    } else if (value !== undefined && value !== '') {
      const wrong = told(name, checkSecret(name)(value));
      if (wrong !== undefined) problems.push(wrong);
      else secrets.set(name, { value });
    }
  }
  const more = Object.fromEntries(
    Object.entries(lines).filter(
      ([name, value]) =>
        value.trim() !== '' && !secretNames.some((one) => name === one || name === `${one}_FILE`),
    ),
  );
  return { secrets, more, named };
}

function told(name: string, wrong: string | undefined): string | undefined {
  return wrong === undefined ? undefined : `${name}: ${wrong}`;
}

function linesOf(file: string, problems: string[]): Readonly<Record<string, string>> {
  const where = file === '-' ? 'on standard input' : resolve(file);
  const read = file === '-' ? standardInput() : smallFile(resolve(file), mostBytes);
  const text = 'wrong' in read ? undefined : settingsText(read.bytes);
  const why =
    'wrong' in read
      ? read.wrong
      : read.bytes.length > mostBytes
        ? 'it is too large for a file of settings'
        : text === undefined
          ? 'it is no UTF-8 text'
          : undefined;
  if (why !== undefined || text === undefined) {
    problems.push(`The file of settings ${where} (--settings) cannot be read: ${why ?? ''}.`);
    return {};
  }
  const { set, odd } = settingsIn(text);
  problems.push(...odd.map((one) => `The file of settings ${where} (--settings): ${one}`));
  return set;
}

function standardInput(): { readonly bytes: Buffer } | { readonly wrong: string } {
  try {
    return { bytes: readFileSync(0) };
  } catch (error) {
    return { wrong: diskWords(error) };
  }
}
