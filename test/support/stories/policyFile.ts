// Policies that a file changes to, in the stories on reading it again.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplePolicy } from '../apps/testApp.ts';

export const looser = examplePolicy.replace(
  'groups: [Workstations, Servers]',
  'groups: [Workstations, Servers, Kiosks]',
);
export const broken = examplePolicy.replace('freeze: [approver]', 'freeze: [approvr]');

/** The example policy as a file in a folder of its own. */
export function policyInFolder(): { readonly dir: string; readonly file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'lr-policy-'));
  const file = join(dir, 'policy.yaml');
  writeFileSync(file, examplePolicy);
  return { dir, file };
}

/** A policy as large houses have one: so many people with accounts in two chats, and so many recipes. */
export function largePolicy(people: number, recipes: number): string {
  const each = (count: number, one: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => one(at)).join('\n');
  const nameOf = (at: number): string => `person${at}`;
  return `people:
${each(
  people,
  (at) => `  - id: ${nameOf(at)}
    name: Given${at} Family${at * 7}
    slack: U${String(at).padStart(9, '0')}
    teams: 5f0c1d2e-0000-4000-8000-${String(at).padStart(12, '0')}`,
)}
roles:
  responder: [${Array.from({ length: people }, (_, at) => nameOf(at)).join(', ')}]
  approver: [${Array.from({ length: Math.ceil(people / 10) }, (_, at) => nameOf(at * 10)).join(', ')}]
approval:
  high: { request: responder, approve: approver, expireAfter: 30m, runWithin: 30m, reason: optional }
recipes:
${each(
  recipes,
  (at) => `  collect${at}:
    usage: collect${at} <host> <process>
    systems: [windows]
    description: Memory dump of one process of kind ${at}, collected as a zip.
    example: collect${at} hosta OfficeClickToRun
    args:
      process: { chars: A-Za-z0-9._-, max: 64 }
    commands:
      - { RunScript: minidump${at}.ps1, Args: '{process}' }
      - { GetFile: 'C:\\windows\\TEMP\\{process}.dmp.zip' }
    tier: high`,
)}
devices: { allow: { groups: ['*'] } }
places:
  - { place: 'slack:C0123456', approvals: true }
`;
}
