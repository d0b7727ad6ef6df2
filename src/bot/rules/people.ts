// Who somebody is and which roles he or she has. One human is one person, whatever accounts speak for them; anything unclear is nobody.
import { hiddenCharacter } from '../../liveResponse/shown.ts';
import type { PersonRef } from '../../liveResponse/person.ts';
import type { Person, Policy } from './policy.ts';
import type { Account, Explained, Groups, Place } from '../ports.ts';
import type { Refusal } from './refusal.ts';
import { isRefusal } from './refusal.ts';

/** A group that should have been asked for a role and could not be read. */
export interface UnreadGroup {
  readonly role: string;
  readonly group: string;
}

/** A person acting through one account, with the roles held at this moment. */
export interface Actor {
  readonly person: Person;
  /** `surface:account` */
  readonly account: string;
  readonly roles: ReadonlySet<string>;
  readonly unread: readonly UnreadGroup[];
  /** Platforms that could not be asked, so that what they last said counted; absent when all answered. */
  readonly lastKnown?: readonly string[];
}

/**
 * `remembered`: an answer of the last minute will do. `now`: the platforms are asked, and what fails is a no. `nowOrLast`: they are asked,
 * but not waited for longer than a moment; then what they last said counts, because stopping must not wait for a directory.
 */
export type Freshness = 'remembered' | 'now' | 'nowOrLast';

/** How long a directory may take before somebody stops something without it. Milliseconds. */
export const stoppingWaits = 2_000;

/** The key under which the policy lists an account. Entra object ids are compared without case, as Entra does. */
export function accountKey(surface: string, id: string): string {
  return `${surface}:${surface === 'teams' ? id.toLowerCase() : id}`;
}

/** The one person that an account speaks for. */
export function identify(policy: Policy, account: Account, how: Freshness = 'remembered'): Person | Refusal {
  // Before the list: an account that turned into a guest or was deactivated loses everything at once, listed or not.
  if (account.trust === 'unknown') {
    // An administrator vouched for a listed account, and nobody ever said anything else of it.
    if (how !== 'nowOrLast') return { refused: 'identityUnread', platform: platformName(account.surface) };
  } else if (account.trust !== 'member') return { refused: 'notMember', trust: account.trust };
  const key = accountKey(account.surface, account.id);
  const people = policy.people.filter((person) => person.accounts.includes(key));
  const [person] = people;
  if (person === undefined) return { refused: 'unlisted', account: key };
  return people.length === 1 ? person : { refused: 'ambiguousPerson', account: key, people: people.map(({ id }) => id) };
}

/** A member of a role that is a group of a platform, not a person. */
export function isGroup(member: string): boolean {
  return member.includes(':');
}

interface Roles {
  readonly roles: ReadonlySet<string>;
  readonly unread: readonly UnreadGroup[];
  readonly lastKnown?: readonly string[];
}

/** The roles of a listed person. A group that cannot be read gives no role, and is told apart so that the refusal can say so. */
export async function rolesOf(policy: Policy, person: Person, groups: Groups, how: Freshness = 'remembered'): Promise<Roles> {
  const roles = new Set<string>();
  const wanted: UnreadGroup[] = [];
  for (const [role, members] of policy.roles) {
    if (members.includes(person.id)) roles.add(role);
    else wanted.push(...members.filter(isGroup).map((group) => ({ role, group })));
  }
  const answers = new Map(await Promise.all([...new Set(wanted.map(({ group }) => group))].map(async (group) => [group, await asked(groups, group, person, how)] as const)));
  for (const { role, group } of wanted) if (answers.get(group)?.said === 'yes') roles.add(role);
  // A no that was last known took nothing away, and gave nothing either.
  const lastKnown = [...answers].flatMap(([group, { said, last }]) => (last === true && said === 'yes' ? [platformName(group.slice(0, group.indexOf(':')))] : []));
  return { roles, unread: wanted.filter(({ role, group }) => answers.get(group)?.said === 'unread' && !roles.has(role)), ...(lastKnown.length === 0 ? {} : { lastKnown }) };
}

async function asked(groups: Groups, group: string, person: Person, how: Freshness): Promise<{ readonly said: 'yes' | 'no' | 'unread'; readonly last?: true }> {
  try {
    const fresh = how !== 'remembered';
    const yes = how === 'nowOrLast' ? await groups.includes(group, person, fresh, stoppingWaits) : await groups.includes(group, person, fresh);
    return { said: yes ? 'yes' : 'no' };
  } catch {
    // Whatever went wrong, it went wrong in the platform's directory: fail closed. The adapter has logged it.
    const last = how === 'nowOrLast' ? groups.lastKnown?.(group, person) : undefined;
    return last === undefined ? { said: 'unread' } : { said: last ? 'yes' : 'no', last: true };
  }
}

/** Who is acting, or why nobody may. */
export async function actorOf(policy: Policy, account: Account, groups: Groups, how: Freshness = 'remembered'): Promise<Actor | Refusal> {
  const person = identify(policy, account, how);
  if (isRefusal(person)) return person;
  const { roles, unread, lastKnown = [] } = await rolesOf(policy, person, groups, how);
  const silent = [...(account.trust === 'unknown' || account.lastKnown === true ? [platformName(account.surface)] : []), ...lastKnown];
  return { person, account: accountKey(account.surface, account.id), roles, unread, ...(silent.length === 0 ? {} : { lastKnown: [...new Set(silent)] }) };
}

const platformNames: ReadonlyMap<string, string> = new Map([
  ['slack', 'Slack'],
  ['teams', 'Teams'],
  ['entra', 'Microsoft Entra'],
]);

function platformName(surface: string): string {
  return platformNames.get(surface) ?? surface;
}

export function refOf(person: Person): PersonRef {
  return { id: person.id, name: person.name };
}

/** Every id of the account and the place, ready to paste into the policy; the person and roles when there are any. */
export function whoami(account: Account, place: Place, who: Actor | Refusal): Explained {
  const ids = [
    `account   ${accountKey(account.surface, account.id)}`,
    `place     ${place.direct ? 'a conversation with the bot alone' : `${place.surface}:${place.id}`}${place.external ? ' (shared with another organisation: results are private)' : ''}`,
    ...(account.details ?? []).map(([name, value]) => `${plain(name).padEnd(9)} ${plain(value)}`),
  ];
  if (!isRefusal(who)) {
    const roles = [...who.roles].join(', ');
    const unread = who.unread.map(({ role, group }) => `not read  ${group}, which may give the role ${role}`);
    return { text: `You are ${who.person.name} (${who.person.id}).`, block: [`roles     ${roles === '' ? 'none' : roles}`, ...unread, `accounts  ${who.person.accounts.join(', ')}`, ...ids].join('\n') };
  }
  if (who.refused === 'identityUnread') return { text: `${who.platform} could not say who you are just now. Ask again in a minute.`, block: ids.join('\n') };
  if (who.refused !== 'unlisted') return { text: 'You are not known here.', block: ids.join('\n') };
  const name = plain(account.name ?? 'Your Name');
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, 40).replaceAll(/^-|-$/g, '');
  const line = `- { id: ${slug === '' ? 'somebody' : slug}, name: ${JSON.stringify(name)}, ${account.surface}: ${JSON.stringify(account.id)} }`;
  return { text: 'You are not listed in the policy. An administrator pastes the last line under "people" and gives you a role.', block: [...ids, '', line].join('\n') };
}

/** Display names come from the chat and can hold anything. */
function plain(text: string): string {
  return Array.from(text.slice(0, 200))
    .filter((character) => hiddenCharacter(character) === undefined)
    .join('');
}
