// People, places and policies of a simulated day: the example policy's recipes and commands with people who
// have accounts in both chats.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import type { FoundPolicy } from '../../../src/adapters/config/policySource.ts';
import { hash } from '../../../src/adapters/clock.ts';
import type { Human } from '../../../src/demo/teams/stage.ts';
import { root } from '../../support/root.ts';
import { teamsChannel, teamsGroup } from '../world/teamsSide.ts';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly slack: string;
  readonly teams: Human;
}

function person(id: string, name: string, number: number): Person {
  return {
    id,
    name,
    slack: `U0${name.toUpperCase().padEnd(6, '0')}`,
    teams: { id: `29:${id}`, objectId: `aaaaaaaa-0000-0000-0000-00000000000${number}`, name },
  };
}

export const people = {
  rae: person('rae', 'Rae', 1),
  rio: person('rio', 'Rio', 2),
  sam: person('sam', 'Sam', 3),
  ada: person('ada', 'Ada', 4),
  amy: person('amy', 'Amy', 5),
  ola: person('ola', 'Ola', 6),
} as const;
export type PersonName = keyof typeof people;
export const personNames = Object.keys(people) as readonly PersonName[];

export const slackIncidents = 'C0INCIDENT';
export const slackRoom = 'C0PRIVATE1';
/** Its members are approvers; Ada is one by the list as well. */
export const approverGroup = 'S0APPROVE';
export const groupMembers = ['amy', 'ada'] as const satisfies readonly PersonName[];

const example = readFileSync(join(root, 'policy.example.yaml'), 'utf8');
const recipes = /^recipes:\n[\s\S]*?(?=^# Devices)/m.exec(example)?.[0] ?? '';

interface Variant {
  readonly says: string;
  readonly roles?: string;
  readonly high?: string;
  readonly never?: string;
  readonly results?: 'card' | 'private';
  readonly more?: string;
  readonly recipes?: (text: string) => string;
}

const usual = 'responder: [rae, rio, sam], approver: [ada, sam, slack:S0APPROVE]';
const high = 'expireAfter: 30m, runWithin: 30m, reason: optional, cancelParkedAfter: 40m';

/** Policies that a day changes between, by what is different in them. */
export const variants = {
  usual: { says: 'as it begins' },
  fewerApprovers: {
    says: 'Ada approves no longer',
    roles: 'responder: [rae, rio, sam], approver: [sam, slack:S0APPROVE]',
  },
  fewerResponders: {
    says: 'Rio asks no longer',
    roles: 'responder: [rae, sam], approver: [ada, sam, slack:S0APPROVE]',
  },
  shorter: {
    says: 'less time to approve and to run',
    high: 'expireAfter: 5m, runWithin: 5m, reason: optional, cancelParkedAfter: 10m',
  },
  lessDevices: {
    says: 'servers are out of scope',
    never: 'groups: [Domain Controllers, Servers], tags: [no-lr, pilot], names: []',
  },
  hidden: { says: 'results are private everywhere', results: 'private' },
  redacted: { says: 'output leaves the cards after 20 minutes', more: ', redactAfter: 20m' },
  otherRecipe: {
    says: 'the dump collects another file',
    recipes: (text: string) => text.replace('{process}.dmp.zip', '{process}.zip'),
  },
} as const satisfies Readonly<Record<string, Variant>>;
export type VariantName = keyof typeof variants;
export const variantNames = Object.keys(variants) as readonly VariantName[];

export function policyText(name: VariantName): string {
  const variant: Variant = variants[name];
  const results = variant.results ?? 'card';
  const listed = Object.values(people).map(
    ({ id, name: called, slack, teams }) =>
      `  - { id: ${id}, name: ${called} Example, slack: ${slack}, teams: ${teams.objectId} }`,
  );
  return [
    'people:',
    ...listed,
    `roles: { ${variant.roles ?? usual} }`,
    'approval:',
    `  high: { pending: { person: 200, device: 50 }, request: responder, approve: approver, ${variant.high ?? high}${variant.more ?? ''} }`,
    `  standard: { request: responder, approve: approver, expireAfter: 2h, runWithin: 1h, reason: optional${variant.more ?? ''} }`,
    (variant.recipes ?? ((text: string) => text))(recipes),
    'devices:',
    '  allow: { groups: [Workstations, Servers], tags: [], names: [] }',
    `  never: { ${variant.never ?? 'groups: [Domain Controllers], tags: [no-lr], names: []'} }`,
    'places:',
    `  - { place: 'slack:${slackIncidents}', approvals: true, notify: 'slack:${approverGroup}', results: ${results} }`,
    `  - { place: 'slack:${slackRoom}', results: private, visibility: [requester, approvers] }`,
    `  - { place: 'teams:${teamsGroup}', approvals: false, results: ${results} }`,
    `  - { place: 'teams:${teamsChannel}', approvals: true, results: ${results} }`,
    'results: { read: [responder, approver] }',
    'freeze: [approver]',
    '',
  ].join('\n');
}

const found = new Map<VariantName, Extract<FoundPolicy, { readonly policy: unknown }>>();

/** The same value each time: a file that did not change is not read again. */
export function policyOf(name: VariantName): Extract<FoundPolicy, { readonly policy: unknown }> {
  const known = found.get(name);
  if (known !== undefined) return known;
  const text = policyText(name);
  const read = readPolicy(text);
  if ('problems' in read) throw new Error(`${name}: ${JSON.stringify(read.problems)}`);
  const made = { policy: read.policy, sha256: hash.sha256(text), warnings: read.warnings };
  found.set(name, made);
  return made;
}
