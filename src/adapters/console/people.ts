// Who can be played and where one can speak: the policy's people and places on the console's surface.
import { idsOn } from '../../liveResponse/request/surfaceKey.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { isRestricted, mayFind } from '../../bot/policy/needToKnow.ts';
import type { Account, Place } from '../../bot/ports.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import { surface } from './ids.ts';

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

/** Roles by group are not told: the console has no directory that could be asked. */
export function peopleOf(policy: Policy): readonly ConsolePerson[] {
  return policy.people.flatMap(({ id, name, accounts }) => {
    const roles = [...policy.roles].flatMap(([role, members]) => (members.includes(id) ? [role] : []));
    return idsOn(surface, accounts).map((account) => ({ account, id, name, roles }));
  });
}

/** Console accounts of those who find a request; undefined where everybody with a role does. */
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

/** Any account name may be tried, so that a stranger's refusal can be seen too. */
export function accountOf(policy: Policy, as: unknown): Account | undefined {
  if (typeof as !== 'string' || !/^[\w.-]{1,64}$/.test(as)) return undefined;
  const person = peopleOf(policy).find((one) => one.account === as);
  return { surface, id: as, trust: 'member', ...(person === undefined ? {} : { name: person.name }) };
}

export function placeOf(policy: Policy, place: unknown): Place | undefined {
  if (typeof place !== 'string' || !placesOf(policy).some((one) => one.id === place)) return undefined;
  return { surface, id: place, direct: false, external: false };
}
