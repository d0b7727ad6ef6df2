// The people and places of the local console: how a policy writes them, who can be played, and where one can
// write.
import type { SurfaceIds } from '../chatPlatform.ts';
import { idsOn } from '../../liveResponse/request/request.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { isRestricted, mayFind } from '../../bot/policy/needToKnow.ts';
import type { Account, Place } from '../../bot/ports.ts';
import type { Request } from '../../liveResponse/request/request.ts';

export interface ConsolePerson {
  readonly account: string;
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
}

export interface ConsolePlace {
  readonly id: string;
  readonly approvals: boolean;
  readonly results: 'card' | 'private';
}

/** Roles given by groups are left out: the console has no directory to ask. */
export function peopleOf(policy: Policy): readonly ConsolePerson[] {
  return policy.people.flatMap(({ id, name, accounts }) => {
    const roles = [...policy.roles].flatMap(([role, members]) => (members.includes(id) ? [role] : []));
    return idsOn(surface, accounts).map((account) => ({ account, id, name, roles }));
  });
}

/** Console accounts of the people who can find a request; undefined where everybody with a role can. */
export function findersOf(policy: Policy, request: Request): readonly string[] | undefined {
  if (!isRestricted(policy, request)) return undefined;
  return peopleOf(policy).flatMap(({ account, roles, ...person }) =>
    mayFind(policy, { person: { ...person, accounts: [] }, roles: new Set(roles) }, request) ? [account] : [],
  );
}

export function placesOf(policy: Policy): readonly ConsolePlace[] {
  return policy.places.flatMap(({ place, approvals, results }) =>
    idsOn(surface, [place]).map((id) => ({ id, approvals, results })),
  );
}

/** Any account name may be tried, so that the refusal of a stranger can be seen too. */
export function accountOf(policy: Policy, as: unknown): Account | undefined {
  if (typeof as !== 'string' || !/^[\w.-]{1,64}$/.test(as)) return undefined;
  const person = peopleOf(policy).find((one) => one.account === as);
  return { surface, id: as, trust: 'member', ...(person === undefined ? {} : { name: person.name }) };
}

export function placeOf(policy: Policy, place: unknown): Place | undefined {
  if (typeof place !== 'string' || !placesOf(policy).some((one) => one.id === place)) return undefined;
  return { surface, id: place, direct: false, external: false };
}

export const surface = 'console';

/** Ids of people, and of the console's accounts and places. */
export const simpleId = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const simpleWords = 'small letters, digits, ".", "-" and "_"';

export const consoleIds: SurfaceIds = {
  account: { pattern: simpleId, most: 64, words: simpleWords },
  place: { pattern: simpleId, words: 'console:incidents' },
  notify: { pattern: simpleId, words: 'console:<name>' },
};
