// Who somebody is and which roles he or she has. One human is one person, whatever accounts speak for them; anything unclear is nobody.
import { hiddenCharacter } from '../../liveResponse/commands.ts';
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
}

/** The key under which the policy lists an account. Entra object ids are compared without case, as Entra does. */
export function accountKey(surface: string, id: string): string {
  return `${surface}:${surface === 'teams' ? id.toLowerCase() : id}`;
}

/** The one person that an account speaks for. */
export function identify(policy: Policy, account: Account): Person | Refusal {
  // Before the list: an account that turned into a guest or was deactivated loses everything at once, listed or not.
  if (account.trust !== 'member') return { refused: 'notMember', trust: account.trust };
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

/** The roles of a listed person. A group that cannot be read gives no role, and is told apart so that the refusal can say so. */
export async function rolesOf(policy: Policy, person: Person, groups: Groups, fresh = false): Promise<{ readonly roles: ReadonlySet<string>; readonly unread: readonly UnreadGroup[] }> {
  const roles = new Set<string>();
  const wanted: UnreadGroup[] = [];
  for (const [role, members] of policy.roles) {
    if (members.includes(person.id)) roles.add(role);
    else wanted.push(...members.filter(isGroup).map((group) => ({ role, group })));
  }
  const answers = new Map(await Promise.all([...new Set(wanted.map(({ group }) => group))].map(async (group) => [group, await asked(groups, group, person, fresh)] as const)));
  for (const { role, group } of wanted) if (answers.get(group) === 'yes') roles.add(role);
  return { roles, unread: wanted.filter(({ role, group }) => answers.get(group) === 'unread' && !roles.has(role)) };
}

async function asked(groups: Groups, group: string, person: Person, fresh: boolean): Promise<'yes' | 'no' | 'unread'> {
  try {
    return (await groups.includes(group, person, fresh)) ? 'yes' : 'no';
  } catch {
    // Whatever went wrong, it went wrong in the platform's directory: fail closed. The adapter has logged it.
    return 'unread';
  }
}

/** Who is acting, or why nobody may. `fresh`: groups are read now, whatever is remembered of them. */
export async function actorOf(policy: Policy, account: Account, groups: Groups, fresh = false): Promise<Actor | Refusal> {
  const person = identify(policy, account);
  if (isRefusal(person)) return person;
  return { person, account: accountKey(account.surface, account.id), ...(await rolesOf(policy, person, groups, fresh)) };
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
