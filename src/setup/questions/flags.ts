// Flags of the assistant: every answer is one, but for secrets. Those come from a file of settings, from
// standard input or from the environment, where no list of processes shows them.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cloudNames } from '../../adapters/defender/clouds.ts';
import {
  chatWords,
  checkDeviceGroup,
  checkFile,
  checkGuid,
  checkHost,
  checkName,
  checkPersonId,
  checkPlace,
  checkSlackMember,
  teamsTypes,
  tenantWords,
} from './answers.ts';
import type { Chat, ChatAnswers, Check, PersonAnswer, Tenant, TenantAnswers } from './answers.ts';
import { commandFor } from '../otherPrograms.ts';
import { meant, readSettings } from './settingsFile.ts';
import type { GivenSettings, Variables } from './settingsFile.ts';
import { unused, unusedSecrets } from './unusedFlags.ts';
import type { Options } from './unusedFlags.ts';

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
  readonly secrets: GivenSettings['secrets'];
  /** Other settings of the file. */
  readonly more: GivenSettings['more'];
  readonly folder: string;
  readonly key: string | undefined;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly check: boolean;
}

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
  const chat = chatGiven(values, problems);
  const tenant = tenantGiven(values, problems);
  const people = peopleGiven(values.person ?? [], problems);
  const places = (values.place ?? []).map((place) => checked(place, 'place', checkPlace, problems) ?? place);
  const devices = (values['device-group'] ?? []).map(
    (group) => checked(group, 'device-group', checkDeviceGroup, problems) ?? group,
  );
  const key = checked(values.key, 'key', checkFile, problems);
  const settings = readSettings(
    {
      file: values.settings,
      fileOf: (name) => (secretFlagOf[name] === undefined ? undefined : values[secretFlagOf[name]]),
      environment,
    },
    problems,
  );
  // Where nobody is asked, what is not given is chosen too; a word that is no choice was refused already.
  const chosen = {
    chats: values.yes === true && values.chat === undefined ? [] : chat.chats,
    tenant: values.yes === true && values.tenant === undefined ? 'simulator' : tenant.tenant,
    byName: values.tenant !== undefined,
  };
  problems.push(...unused(chosen, { teams: teamsOptions(chat), defender: defenderOptions(tenant) }));
  problems.push(...unusedSecrets(chosen, chat.teamsType, settings));
  if (problems.length > 0) return { problems };
  return {
    chat,
    tenant,
    people,
    places,
    devices,
    secrets: settings.secrets,
    more: settings.more,
    folder: resolve(values.folder ?? '.'),
    key: key === undefined ? undefined : resolve(key),
    yes: values.yes === true,
    dryRun: values['dry-run'] === true,
    check: values['no-check'] !== true,
  };
}

type Values = Exclude<ReturnType<typeof parsedOf>, { readonly problems: unknown }>['values'];

function checked(
  text: string | undefined,
  name: string,
  check: Check,
  problems: string[],
): string | undefined {
  const wrong = text === undefined ? undefined : check(text);
  if (wrong !== undefined) problems.push(`--${name} is "${String(text).slice(0, 100)}". ${wrong}`);
  return text?.trim();
}

function oneOf<T extends string>(
  text: string | undefined,
  name: string,
  words: readonly T[],
  problems: string[],
): T | undefined {
  const found = words.find((word) => word === text);
  if (text !== undefined && found === undefined)
    problems.push(
      `--${name} is "${text.slice(0, 100)}"; it must be one of ${words.join(', ')}.${meant(text, words)}`,
    );
  return found;
}

function chatGiven(values: Values, problems: string[]): Given['chat'] {
  const chats = values.chat === undefined ? undefined : chatsOf(values.chat, problems);
  const host = checked(values.host, 'host', checkHost, problems);
  const teamsType = oneOf(values['teams-type'], 'teams-type', teamsTypes, problems);
  const teamsId = checked(values['teams-id'], 'teams-id', checkGuid, problems)?.toLowerCase();
  const teamsTenant = checked(values['teams-tenant'], 'teams-tenant', checkGuid, problems)?.toLowerCase();
  return given({ chats, host, teamsType, teamsId, teamsTenant });
}

function tenantGiven(values: Values, problems: string[]): Given['tenant'] {
  const tenant: Tenant | undefined = oneOf(values.tenant, 'tenant', tenantWords, problems);
  const tenantId = checked(values['tenant-id'], 'tenant-id', checkGuid, problems)?.toLowerCase();
  const clientId = checked(values['client-id'], 'client-id', checkGuid, problems)?.toLowerCase();
  const certificate = checked(values.certificate, 'certificate', checkFile, problems);
  const cloud = oneOf(values.cloud, 'cloud', cloudNames, problems);
  return given({
    tenant,
    tenantId,
    clientId,
    certificate: certificate === undefined ? undefined : resolve(certificate),
    cloud,
  });
}

function peopleGiven(texts: readonly string[], problems: string[]): readonly PersonAnswer[] {
  const people = texts.flatMap((text) => personOf(text, problems) ?? []);
  people.forEach(({ id }, index) => {
    if (people.findIndex((one) => one.id === id) !== index)
      problems.push(`--person names the id ${id} twice.`);
  });
  return people;
}

const teamsOptions = ({ teamsType, teamsId, teamsTenant }: Given['chat']): Options => ({
  'teams-type': teamsType,
  'teams-id': teamsId,
  'teams-tenant': teamsTenant,
});

const defenderOptions = ({ tenantId, clientId, certificate, cloud }: Given['tenant']): Options => ({
  'tenant-id': tenantId,
  'client-id': clientId,
  certificate,
  cloud,
});

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
