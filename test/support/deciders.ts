// Who decides about requests in the tests of policy: people with their roles, and where and how they ask.
import type { Actor } from '../../src/bot/policy/people/people.ts';
import type { Person } from '../../src/bot/policy/policy.ts';
import type { Place } from '../../src/bot/ports.ts';
import { avery, olly, riley, sam } from './policy.ts';
import { askedAt } from './requests/requests.ts';

export const minute = 60_000;
export const incidents: Place = { surface: 'console', id: 'incidents', direct: false, external: false };
export const elsewhere: Place = { surface: 'slack', id: 'C0RANDOM', direct: false, external: false };
export const freeze = { by: 'Avery Approver', why: 'odd approvals', at: askedAt };

export function actor(person: Person, ...roles: readonly string[]): Actor {
  return { person, account: person.accounts[0] ?? '', roles: new Set(roles), unread: [] };
}
export const rileyActs = actor(riley, 'responder');
export const averyActs = actor(avery, 'approver', 'lead');
export const samActs = actor(sam, 'responder', 'approver');
export const ollyActs = actor(olly);
export const soon = askedAt + minute;
