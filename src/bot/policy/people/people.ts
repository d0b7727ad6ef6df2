// People and their roles: who an account belongs to. One human is one person, whatever accounts speak for
// them; anything unclear is nobody.
import { splitSurfaceKey, surfaceKey } from '../../../liveResponse/request/request.ts';
import { hiddenCharacter } from '../../../liveResponse/text/visible.ts';
import type { PersonRef } from '../../../liveResponse/request/vote.ts';
import type { Person, Policy } from '../policy.ts';
import type { Recency } from '../../../liveResponse/pacing/sharedReadings.ts';
import type { Account, Explained, Groups, Place } from '../../ports.ts';
import type { Refusal } from '../refusals/refusal.ts';
import { isRefusal } from '../refusals/refusal.ts';
import { namesakes } from './sameHuman.ts';

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
  /** What the platforms said of the groups, for judging by a policy that changes meanwhile. */
  readonly read?: GroupReading;
  /** Platforms that could not be asked, so that what they last said counted; absent when all answered. */
  readonly lastKnown?: readonly string[];
}

/**
 * `remembered`: an answer of the last minute will do. `now`: the platforms are asked, and what fails is a no.
 * `nowOrLast`: they are asked, but not waited for longer than a moment; then what they last said counts,
 * because stopping must not wait for a directory. `recent`: an answer that is at most half a minute old, for
 * what runs now and was decided before.
 */
export type Freshness = 'remembered' | 'now' | 'nowOrLast' | 'recent';

/** The oldest reading of a group that something may be sent on. Milliseconds. */
export const sendingMayUse = 30_000;

export type GroupAnswer = 'yes' | 'no' | 'unread';

/** What the platforms said of one person, by group. It holds for these accounts and no others. */
export interface GroupReading {
  readonly accounts: readonly string[];
  readonly answers: ReadonlyMap<string, GroupAnswer>;
}

/** How long a directory may take before somebody stops something without it. Milliseconds. */
export const stoppingWaits = 2_000;

/** The one person that an account speaks for. */
export function identify(policy: Policy, account: Account, how: Freshness = 'remembered'): Person | Refusal {
  // Before the list: an account that turned into a guest or was deactivated loses everything at once, listed
  // or not.
  if (account.trust === 'unknown') {
    // An administrator vouched for a listed account, and nothing has ever contradicted that.
    if (how !== 'nowOrLast') return { refused: 'identityUnread', platform: platformOf(account) };
  } else if (account.trust !== 'member') return { refused: 'notMember', trust: account.trust };
  const key = surfaceKey(account.surface, account.id);
  const people = policy.people.filter((person) => person.accounts.includes(key));
  const [person] = people;
  if (person === undefined) return { refused: 'unlisted', account: key };
  return people.length === 1
    ? person
    : { refused: 'ambiguousPerson', account: key, people: people.map(({ id }) => id) };
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

/**
 * The roles of a listed person. A group that cannot be read gives no role, and is listed separately so that
 * the refusal can say so.
 */
export async function rolesOf(
  policy: Policy,
  person: Person,
  groups: Groups,
  how: Freshness = 'remembered',
): Promise<Roles> {
  const { reading, lastKnown } = await readGroups(policy, person, groups, how);
  return { ...rolesBy(policy, person, reading), ...(lastKnown.length === 0 ? {} : { lastKnown }) };
}

/**
 * Asks the platforms about every group that could give this person a role the policy does not give by itself.
 * Never rejects.
 */
export async function readGroups(
  policy: Policy,
  person: Person,
  groups: Groups,
  how: Freshness,
): Promise<{ readonly reading: GroupReading; readonly lastKnown: readonly string[] }> {
  const wanted = new Set(
    [...policy.roles.values()].flatMap((members) =>
      members.includes(person.id) ? [] : members.filter(isGroup),
    ),
  );
  const answers = await Promise.all(
    [...wanted].map(async (group) => [group, await asked(groups, group, person, how)] as const),
  );
  // A last known no neither took a role away nor gave one.
  const lastKnown = answers.flatMap(([group, { said, last }]) =>
    last === true && said === 'yes' ? [groups.platformOf?.(group) ?? splitSurfaceKey(group)[0]] : [],
  );
  return {
    reading: {
      accounts: person.accounts,
      answers: new Map(answers.map(([group, { said }]) => [group, said])),
    },
    lastKnown,
  };
}

/**
 * The roles that the policy as it is at this moment gives to a person of whom the platforms said this. Nothing is
 * known of a group that they were not asked about.
 */
export function rolesBy(
  policy: Policy,
  person: Person,
  reading: GroupReading | undefined,
): Pick<Roles, 'roles' | 'unread'> {
  const roles = new Set<string>();
  const unread: UnreadGroup[] = [];
  for (const role of policy.roles.keys()) {
    const held = holdsRole(policy, person, role, reading);
    if (held === 'yes') roles.add(role);
    else if (held !== 'no') unread.push(...held.unread.map((group) => ({ role, group })));
  }
  return { roles, unread };
}

/** Whether a person holds a role; the groups that would have to be read where that is not known. */
export function holdsRole(
  policy: Policy,
  person: Person,
  role: string,
  reading: GroupReading | undefined,
): 'yes' | 'no' | { readonly unread: readonly string[] } {
  const members = policy.roles.get(role) ?? [];
  if (members.includes(person.id)) return 'yes';
  // The platforms answered for the accounts listed at that time: a changed list is another question.
  const answers =
    reading !== undefined && sameAccounts(reading.accounts, person.accounts) ? reading.answers : undefined;
  const groups = members.filter(isGroup);
  if (groups.some((group) => answers?.get(group) === 'yes')) return 'yes';
  const unread = groups.filter((group) => (answers?.get(group) ?? 'unread') === 'unread');
  return unread.length === 0 ? 'no' : { unread };
}

function sameAccounts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((account) => b.includes(account));
}

function recencyOf(how: Freshness): Recency {
  if (how === 'recent') return sendingMayUse;
  return how !== 'remembered';
}

async function asked(
  groups: Groups,
  group: string,
  person: Person,
  how: Freshness,
): Promise<{ readonly said: GroupAnswer; readonly last?: true }> {
  try {
    const fresh = recencyOf(how);
    const yes =
      how === 'nowOrLast'
        ? await groups.includes(group, person, fresh, stoppingWaits)
        : await groups.includes(group, person, fresh);
    return { said: yes ? 'yes' : 'no' };
  } catch {
    // Whatever went wrong, it went wrong in the platform's directory: fail closed. The adapter has logged it.
    const last = how === 'nowOrLast' ? groups.lastKnown?.(group, person) : undefined;
    return last === undefined ? { said: 'unread' } : { said: last ? 'yes' : 'no', last: true };
  }
}

/** Who is acting, or why nobody may. */
export async function actorOf(
  policy: Policy,
  account: Account,
  groups: Groups,
  how: Freshness = 'remembered',
): Promise<Actor | Refusal> {
  const before = identify(policy, account, how);
  if (isRefusal(before)) return before;
  const { reading, lastKnown } = await readGroups(policy, before, groups, how);
  // The policy may have changed while the platforms were asked: the one of now counts.
  const person = identify(policy, account, how);
  if (isRefusal(person)) return person;
  const silent = [
    ...(account.trust === 'unknown' || account.lastKnown === true ? [platformOf(account)] : []),
    ...lastKnown,
  ];
  return {
    person,
    account: surfaceKey(account.surface, account.id),
    ...rolesBy(policy, person, reading),
    read: reading,
    ...(silent.length === 0 ? {} : { lastKnown: [...new Set(silent)] }),
  };
}

/**
 * The same actor by the policy as it is at this moment: between speaking and deciding it may have been read
 * again.
 */
export function actorNow<Who extends Actor>(policy: Policy, actor: Who): Who | Refusal {
  const person = ownerOf(policy, actor.account);
  if (person === undefined) return { refused: 'unlisted', account: actor.account };
  return { ...actor, person, ...rolesBy(policy, person, actor.read) };
}

/**
 * The one person to whom the policy gives an account; undefined where it is nobody's, or several people's.
 */
export function ownerOf(policy: Policy, account: string): Person | undefined {
  const owners = policy.people.filter((person) => person.accounts.includes(account));
  return owners.length === 1 ? owners[0] : undefined;
}

function platformOf({ platform, surface }: Account): string {
  return platform ?? surface;
}

export function refOf(person: Person): PersonRef {
  return { id: person.id, name: person.name };
}

/**
 * Every id of the account and the place, ready to paste into the policy; the person and roles when there are
 * any.
 */
export function whoami(
  account: Account,
  place: Place,
  who: Actor | Refusal,
  people: readonly Person[] = [],
): Explained {
  const ids = [
    `account   ${surfaceKey(account.surface, account.id)}`,
    `place     ${place.direct ? 'a conversation with the bot alone' : surfaceKey(place.surface, place.id)}${place.external ? ' (shared with another organisation: results are private)' : ''}`,
    ...(account.details ?? []).map(([name, value]) => `${plain(name).padEnd(9)} ${plain(value)}`),
  ];
  if (!isRefusal(who)) {
    const roles = [...who.roles].join(', ');
    const unread = who.unread.map(({ role, group }) => `not read  ${group}, which may give the role ${role}`);
    const alike = namesakes(people, who.person);
    return {
      text: `You are ${who.person.name} (${who.person.id}).${alike === undefined ? '' : ` ${alike}`}`,
      block: [
        `roles     ${roles === '' ? 'none' : roles}`,
        ...unread,
        `accounts  ${who.person.accounts.join(', ')}`,
        ...ids,
      ].join('\n'),
    };
  }
  if (who.refused === 'identityUnread')
    return {
      text: `${who.platform} could not say who you are just now. Ask again in a minute.`,
      block: ids.join('\n'),
    };
  if (who.refused !== 'unlisted') return { text: 'You are not known here.', block: ids.join('\n') };
  const name = plain(account.name ?? 'Your Name');
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-|-$/g, '');
  const line = `- { id: ${slug === '' ? 'somebody' : slug}, name: ${JSON.stringify(name)}, ${account.surface}: ${JSON.stringify(account.id)} }`;
  return {
    text: 'You are not listed in the policy. An administrator pastes the last line under "people" and gives you a role.',
    block: [...ids, '', line].join('\n'),
  };
}

/** Display names come from the chat and can hold anything. */
function plain(text: string): string {
  return Array.from(text.slice(0, 200))
    .filter((character) => hiddenCharacter(character) === undefined)
    .join('');
}
