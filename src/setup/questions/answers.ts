// Answers that the assistant needs, and checks of their shape: a wrong one is refused at once, before the
// platform says only "invalid".
import { isAbsolute, resolve } from 'node:path';
import { domainToASCII } from 'node:url';
import { isGuid } from '../../adapters/config/environment.ts';
import { hiddenCharacter } from '../../liveResponse/text/visible.ts';

export const chatWords = ['slack-socket', 'slack-http', 'teams'] as const;
export type Chat = (typeof chatWords)[number];
export const tenantWords = [
  'simulator',
  'certificate',
  'secret',
  'managed-identity',
  'workload-identity',
] as const;
export type Tenant = (typeof tenantWords)[number];
export const teamsTypes = ['SingleTenant', 'UserAssignedMSI'] as const;

export interface PersonAnswer {
  readonly id: string;
  readonly name: string;
  readonly asks: boolean;
  readonly approves: boolean;
  /** Absent: to be filled in once `/lr whoami` has printed it. */
  readonly slack?: string;
  readonly teams?: string;
}

/** A secret, or the file that it stays in. */
export type SecretAnswer = { readonly value: string } | { readonly file: string };

export interface ChatAnswers {
  /** Empty: the local console. */
  readonly chats: readonly Chat[];
  /** The public name of the bot, where a chat has to reach it. */
  readonly host?: string;
  readonly teamsType?: (typeof teamsTypes)[number];
  readonly teamsId?: string;
  readonly teamsTenant?: string;
  /** A PEM file in place of the secret; from settings alone, nobody is asked for it. */
  readonly teamsCertificate?: string;
}

export interface TenantAnswers {
  readonly tenant: Tenant;
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly certificate?: string;
  readonly cloud?: string;
}

export interface PolicyAnswers {
  readonly people: readonly PersonAnswer[];
  /** Places where approvals are asked for, as `slack:C0123456`. */
  readonly places: readonly string[];
  /** Device groups of Defender. */
  readonly devices: readonly string[];
}

export type SecretAnswers = ReadonlyMap<string, SecretAnswer>;

/** The sentence that is shown below an answer; undefined when it can be what was asked for. */
export type Check = (text: string) => string | undefined;

/** The policy takes none of them: a name that reads like another one is a trap. */
const unseen = (which: string): string =>
  `It holds a character that nobody can see (${which}), copied from a page. Type it.`;

const eMail = /^\S+@\S+\.\S+$/;

/**
 * What was pasted around an answer: it is named, since the answer itself may be right. @param text trimmed
 */
function pastedAround(text: string): string | undefined {
  if (/^["'`\u2018-\u201f\u00ab\u00bb]|["'`\u2018-\u201f\u00ab\u00bb]$/.test(text))
    return 'Leave out the quotes around it.';
  if (/^(?:export\s+)?[A-Za-z_]\w*=/.test(text))
    return 'The value alone, without the name and "=" before it.';
  // Blanks that do not break, and signs without width: web pages put them next to what is copied.
  if (/[\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]/.test(text))
    return 'It holds a character that nobody can see, copied from a page. Copy it again, or type it.';
  return undefined;
}

export const checkGuid: Check = (typed) => {
  const text = typed.trim();
  if (isGuid(text)) return undefined;
  if (/^[{(].*[)}]$/.test(text)) return 'Leave out the brackets around it.';
  if (eMail.test(text))
    return 'That is an e-mail address; the id is needed, a GUID such as 5f0c1d2e-0000-4000-8000-000000000000.';
  return pastedAround(text) ?? 'That is no GUID; one looks like 5f0c1d2e-0000-4000-8000-000000000000.';
};

export const checkHost: Check = (text) => {
  const host = text.trim();
  if (/[/:@?#\s]/.test(host)) return 'The name alone, without https://, port and path: bot.example.com';
  const ascii = /[^\x20-\x7e]/.test(host) ? domainToASCII(host) : '';
  if (ascii !== '') return `Write it as the network does: ${ascii}`;
  if (!/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$/i.test(host))
    return 'That is no full host name; one looks like bot.example.com.';
  return /^replace-me\.|(?:^|\.)localhost$/i.test(host)
    ? 'The chat has to reach it from outside: write the public name.'
    : undefined;
};

export const checkPersonId: Check = (text) =>
  /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text.trim())
    ? undefined
    : 'Small letters, digits, ".", "-" and "_", such as robin.';
export const checkName: Check = (text) => {
  const name = text.trim();
  if (eMail.test(name)) return 'That is an e-mail address; write the name, as it should stand on cards.';
  const hidden = hiddenCharacter(name);
  if (hidden !== undefined) return unseen(hidden);
  return name === '' || name.length > 80 || /\p{Cc}/u.test(name)
    ? 'A name of 1 to 80 characters.'
    : undefined;
};
export const checkSlackMember: Check = (typed) => {
  const text = typed.trim();
  if (/^[UW][A-Z0-9]{4,20}$/.test(text)) return undefined;
  if (/^<@\w+(?:\|[^>]*)?>$/.test(text)) return 'The id alone, without <@ and >.';
  const where = 'in Slack: the profile, "...", "Copy member ID".';
  if (eMail.test(text))
    return `That is an e-mail address; the member id is needed, such as U0123ABCD. It is ${where}`;
  return pastedAround(text) ?? `That is no member id; one looks like U0123ABCD. It is ${where}`;
};
export const checkDeviceGroup: Check = (text) => {
  const hidden = hiddenCharacter(text.trim());
  if (hidden !== undefined) return unseen(hidden);
  return text.trim() === '' || text.trim().length > 200 || (text.includes('*') && text.trim() !== '*')
    ? 'The name of a device group, as Defender shows it; "*" alone means every device.'
    : undefined;
};

export const checkPlace: Check = (text) => {
  const place = text.trim();
  if (/^slack:[CG][A-Z0-9]{4,20}$/.test(place) || /^teams:[0-9]{1,3}:[\x21-\x7e]{8,200}$/.test(place))
    return undefined;
  if (/^[CG][A-Z0-9]{4,20}$/.test(place)) return `With the name of the chat before it: slack:${place}`;
  if (/^19:\S+@thread\.\S+$/.test(place))
    return `With the name of the chat before it: teams:${place.slice(0, 200)}`;
  if (place.startsWith('#'))
    return 'That is the channel’s name; its id is needed. In Slack: the channel’s name, "About", at the bottom. Then slack:C0123456.';
  return (
    pastedAround(place) ??
    'A place is slack:C0123456 or teams:19:...@thread.tacv2; "/lr whoami" typed in the channel prints it.'
  );
};

export const checkFile: Check = (text) =>
  pastedAround(text.trim()) ??
  (/^~|^\$/.test(text.trim()) || !isAbsolute(resolve(text.trim())) || text.trim() === ''
    ? 'Write the whole path.'
    : undefined);

/** Per secret: what it looks like. None of these sentences holds what was typed. */
const secretChecks: Readonly<Record<string, Check>> = {
  SLACK_BOT_TOKEN: begins('xoxb-', 'the "Bot User OAuth Token" under "OAuth & Permissions"'),
  SLACK_APP_TOKEN: begins(
    'xapp-',
    'made under "Basic Information", "App-Level Tokens", with the scope connections:write',
  ),
  SLACK_SIGNING_SECRET: (text) => {
    const kind = slackKind(text);
    return kind === undefined
      ? undefined
      : `That is ${kind}; the signing secret stands under "Basic Information", "App Credentials".`;
  },
  AZURE_CLIENT_SECRET: valueNotId,
  MicrosoftAppPassword: valueNotId,
};

export function checkSecret(name: string): Check {
  return (text) => {
    const secret = text.trim();
    const around = pastedAround(secret);
    if (around !== undefined) return around;
    if (secret.length < 8) return 'That is too short to be it.';
    if (/\s/.test(secret)) return 'It holds a blank or a line end: something else was pasted with it.';
    if (eMail.test(secret)) return 'That is an e-mail address.';
    return secretChecks[name]?.(secret);
  };
}

function begins(how: string, where: string): Check {
  return (text) => {
    if (text.startsWith(how)) return undefined;
    const kind = slackKind(text);
    return `${kind === undefined ? '' : `That is ${kind}. `}The right one begins with ${how}: ${where}.`;
  };
}

/** By how Slack's tokens begin (docs.slack.dev/authentication/tokens). */
function slackKind(text: string): string | undefined {
  if (/^xoxe[.-]/.test(text)) return 'a token that ends after hours (token rotation)';
  if (text.startsWith('xoxb-')) return 'the bot token';
  if (text.startsWith('xoxp-')) return 'a person’s token';
  if (text.startsWith('xapp-')) return 'an app-level token';
  return /^xox[a-z]-/.test(text) ? 'a token of another kind' : undefined;
}

function valueNotId(text: string): string | undefined {
  return isGuid(text)
    ? 'That is the id of the secret; its value is needed, which the portal shows only once, right after it was made.'
    : undefined;
}

/** The secrets that a set of answers needs. */
export function secretsFor(
  { chats, teamsType, teamsCertificate }: ChatAnswers,
  { tenant }: TenantAnswers,
): readonly string[] {
  return [
    ...(chats.some((chat) => chat.startsWith('slack')) ? ['SLACK_BOT_TOKEN'] : []),
    ...(chats.includes('slack-socket') ? ['SLACK_APP_TOKEN'] : []),
    ...(chats.includes('slack-http') ? ['SLACK_SIGNING_SECRET'] : []),
    ...(chats.includes('teams') && teamsType !== 'UserAssignedMSI' && teamsCertificate === undefined
      ? ['MicrosoftAppPassword']
      : []),
    ...(tenant === 'secret' ? ['AZURE_CLIENT_SECRET'] : []),
  ];
}

/** Where a person finds each, for the question and for the line that is left empty. */
export const whereSecrets: Readonly<Record<string, string>> = {
  SLACK_BOT_TOKEN:
    'api.slack.com/apps, your app, "OAuth & Permissions", "Bot User OAuth Token" (xoxb-...), after "Install to Workspace"',
  SLACK_APP_TOKEN:
    'api.slack.com/apps, your app, "Basic Information", "App-Level Tokens", "Generate" with the scope connections:write (xapp-...)',
  SLACK_SIGNING_SECRET:
    'api.slack.com/apps, your app, "Basic Information", "App Credentials", "Signing Secret"',
  MicrosoftAppPassword:
    'Azure portal, your Azure Bot, "Configuration", "Manage Password"; or dev.teams.microsoft.com, your bot, "Client secrets": the value, not the id',
  AZURE_CLIENT_SECRET:
    'entra.microsoft.com, "App registrations", your app, "Certificates & secrets", "Client secrets": the value, not the id',
};

/** Whether somebody may ask and somebody else may approve; a sentence when not. */
export function whyNoPair(people: readonly PersonAnswer[]): string | undefined {
  const pair = people.some(
    (one) => one.asks && people.some((other) => other.id !== one.id && other.approves),
  );
  return pair
    ? undefined
    : 'Nobody approves their own request, so there must be one person who asks and another one who approves.';
}
