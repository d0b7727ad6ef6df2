// One human listed as two people, told by the e-mail addresses that Slack and Entra know: compared here,
// never kept, never shown whole, and never identity.
import type { TokenSource } from '../adapters/entra/credentials.ts';
import { TokenError } from '../adapters/entra/tokenError.ts';
import type { Person } from '../bot/policy/policy.ts';
import { field } from '../liveResponse/text/json.ts';
import type { SlackService } from '../adapters/slack/platform.ts';
import { call, isAnswer } from './call.ts';
import type { Called, Caller, Unanswered } from './call.ts';
import { ok, skip, warn } from './line.ts';
import type { Tell } from './line.ts';

export interface PeopleSubject {
  readonly people: readonly Person[];
  readonly slack: SlackService | undefined;
  /**
   * `tokens` is asked only where somebody has an account of Entra; undefined where no credential is set up.
   */
  readonly graph: { readonly origin: string; readonly tokens: () => TokenSource | undefined };
}

interface Address {
  readonly person: Person;
  readonly platform: 'Slack' | 'Entra';
  /** For comparing. */
  readonly address: string;
}

/** What came of asking a platform. */
interface Read {
  readonly addresses: readonly Address[];
  /** Accounts that were asked about. */
  readonly asked: number;
  readonly not?: { readonly why: string; readonly next: string };
}

const check = 'people.email';
/**
 * Accounts of each platform that are asked about: Slack takes a hundred such calls a minute, and the bot
 * needs some of them.
 */
const mostAsked = 60;
const emailScope = 'users:read.email';
const publicSlack = 'https://slack.com/api';

export async function examinePeople(
  { people, slack, graph }: PeopleSubject,
  caller: Caller,
  tell: Tell,
): Promise<void> {
  if (people.length < 2) return;
  const [inSlack, inEntra] = await Promise.all([
    slack === undefined ? nothing : readSlack(accountsOf(people, 'slack'), slack, caller),
    readEntra(accountsOf(people, 'teams'), graph, caller),
  ]);
  for (const { not } of [inSlack, inEntra]) if (not !== undefined) tell(skip(check, not.why, not.next));
  const addresses = [...inSlack.addresses, ...inEntra.addresses];
  const pairs = sameAddress(addresses);
  for (const [one, other] of pairs) {
    tell(
      warn(
        check,
        `${one.person.name} (${one.person.id}) and ${other.person.name} (${other.person.id}) have the same e-mail (${masked(one.address)}, at ${one.platform === other.platform ? one.platform : `${one.platform} and ${other.platform}`})`,
        'If they are one human, that human can approve what they asked for themselves: make it one entry with all accounts.',
      ),
    );
  }
  if (addresses.length > 0 && pairs.length === 0)
    tell(
      ok(
        check,
        `no two people have the same e-mail (${counted(inSlack, 'Slack')}${inSlack.asked > 0 && inEntra.asked > 0 ? ', ' : ''}${counted(inEntra, 'Entra')})`,
      ),
    );
}

const nothing: Read = { addresses: [], asked: 0 };

function counted({ addresses, asked }: Read, platform: string): string {
  return asked === 0 ? '' : `${platform}: ${addresses.length} of ${asked} accounts told one`;
}

interface Listed {
  readonly person: Person;
  readonly id: string;
}

function accountsOf(people: readonly Person[], surface: string): readonly Listed[] {
  return people.flatMap((person) =>
    person.accounts
      .filter((account) => account.startsWith(`${surface}:`))
      .map((account) => ({ person, id: account.slice(surface.length + 1) })),
  );
}

async function readSlack(
  listed: readonly Listed[],
  { apiUrl, botToken }: SlackService,
  caller: Caller,
): Promise<Read> {
  const addresses: Address[] = [];
  const asked = listed.slice(0, mostAsked);
  for (const { person, id } of asked) {
    const answer = await call(caller, {
      method: 'POST',
      url: new URL(`${(apiUrl ?? publicSlack).replace(/\/+$/, '')}/users.info`),
      headers: { authorization: `Bearer ${botToken}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ user: id }).toString(),
    });
    if (!isAnswer(answer))
      return {
        addresses,
        asked: asked.length,
        not: { why: `e-mails of Slack were not compared: ${answer.why}`, next: 'Fix slack.host first.' },
      };
    const held = (answer.headers.get('x-oauth-scopes') ?? '').split(',').map((scope) => scope.trim());
    if (!held.includes(emailScope))
      return {
        addresses: [],
        asked: 0,
        not: {
          why: `e-mails of Slack are not compared: the token has no ${emailScope}`,
          next: 'Nothing, unless you want it: add that scope under "OAuth & Permissions" for the time of the examination.',
        },
      };
    const address = addressOf(field(field(field(answer.body?.value, 'user'), 'profile'), 'email'));
    if (address !== undefined) addresses.push({ person, platform: 'Slack', address });
  }
  return { addresses, asked: asked.length, ...more(listed, 'Slack') };
}

async function readEntra(
  listed: readonly Listed[],
  { origin, tokens: made }: PeopleSubject['graph'],
  caller: Caller,
): Promise<Read> {
  const tokens = listed.length === 0 ? undefined : made();
  if (tokens === undefined) return nothing;
  const addresses: Address[] = [];
  const asked = listed.slice(0, mostAsked);
  for (const { person, id } of asked) {
    const answer = await askGraph(origin, id, tokens, caller);
    if (!isAnswer(answer))
      return {
        addresses,
        asked: asked.length,
        not: {
          why: `e-mails of Entra were not compared: ${answer.why}`,
          next: 'Run the doctor again; if it stays so, look at the way to Microsoft Graph.',
        },
      };
    if (answer.status === 401 || answer.status === 403)
      return {
        addresses: [],
        asked: 0,
        not: {
          why: `e-mails of Entra are not compared: Graph answers ${answer.status}`,
          next: 'Nothing, unless you want it: it needs the application permission User.Read.All of Microsoft Graph with admin consent.',
        },
      };
    if (answer.status !== 200) continue;
    const told = [
      addressOf(field(answer.body?.value, 'mail')),
      addressOf(field(answer.body?.value, 'userPrincipalName')),
    ];
    for (const address of new Set(told))
      if (address !== undefined) addresses.push({ person, platform: 'Entra', address });
  }
  return { addresses, asked: asked.length, ...more(listed, 'Entra') };
}

/** learn.microsoft.com/graph/api/user-get */
async function askGraph(
  origin: string,
  id: string,
  tokens: TokenSource,
  caller: Caller,
): Promise<Called | Unanswered> {
  try {
    const token = await tokens.getToken(`${origin}/.default`);
    return await call(caller, {
      method: 'GET',
      url: new URL(`/v1.0/users/${encodeURIComponent(id)}?$select=mail,userPrincipalName`, origin),
      headers: token === undefined ? {} : { authorization: `Bearer ${token.value.reveal()}` },
    });
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { why: error.message, sent: false };
  }
}

function more(listed: readonly Listed[], platform: string): Pick<Read, 'not'> {
  if (listed.length <= mostAsked) return {};
  return {
    not: {
      why: `only the first ${mostAsked} of ${listed.length} accounts of ${platform} were compared by e-mail`,
      next: 'Nothing: names are compared for all of them.',
    },
  };
}

/** Lower case, without what stands behind a plus; the address inside the name of a guest. */
function addressOf(told: unknown): string | undefined {
  if (typeof told !== 'string' || told.length > 320) return undefined;
  const guest = /^(.+)_([^_]+)#ext#@/i.exec(told);
  const [local = '', domain = '', ...rest] = (guest === null ? told : `${guest[1] ?? ''}@${guest[2] ?? ''}`)
    .trim()
    .toLowerCase()
    .split('@');
  const plain = local.replace(/\+.*$/, '');
  return plain === '' || domain === '' || rest.length > 0 ? undefined : `${plain}@${domain}`;
}

/** Each pair of people once, whatever number of addresses they share. */
function sameAddress(all: readonly Address[]): readonly (readonly [Address, Address])[] {
  const pairs = new Map<string, readonly [Address, Address]>();
  for (const [at, one] of all.entries()) {
    for (const other of all.slice(at + 1)) {
      if (one.address !== other.address || one.person.id === other.person.id) continue;
      const key = [one.person.id, other.person.id].toSorted().join(' ');
      if (!pairs.has(key)) pairs.set(key, [one, other]);
    }
  }
  return [...pairs.values()];
}

/** The first letter and the domain: enough to know which it is for whoever knows it. */
function masked(address: string): string {
  const at = address.indexOf('@');
  return `${address.slice(0, 1)}***${address.slice(at)}`;
}
