// A small policy for tests, the same people as in policy.example.yaml. Built by hand, so that decisions are
// tested without the file's reader.
import type { Person, Policy, Recipe } from '../../src/bot/policy/policy.ts';

const minute = 60_000;

export const riley: Person = {
  id: 'responder1',
  name: 'Riley Responder',
  accounts: ['console:riley', 'slack:U0RILEY', 'teams:aaaa-1'],
};
export const avery: Person = {
  id: 'approver1',
  name: 'Avery Approver',
  accounts: ['console:avery', 'slack:U0AVERY'],
};
export const sam: Person = { id: 'responder2', name: 'Sam Second', accounts: ['console:sam', 'slack:U0SAM'] };
export const olly: Person = { id: 'onlooker', name: 'Olly Onlooker', accounts: ['console:olly'] };

export const dump: Recipe = {
  name: 'dump',
  usage: 'dump <host> <process>',
  description: 'Memory dump of one process, collected as a zip.',
  example: 'dump hosta OfficeClickToRun',
  args: [{ name: 'process', chars: 'A-Za-z0-9._-', max: 64 }],
  commands: [
    { type: 'RunScript', scriptName: 'minidump.ps1', args: '{process}' },
    { type: 'GetFile', path: 'C:\\windows\\TEMP\\{process}.dmp.zip' },
  ],
  tier: 'high',
};

export const recipes: ReadonlyMap<string, Recipe> = new Map([['dump', dump]]);

export const policy: Policy = {
  people: [riley, avery, sam, olly],
  roles: new Map([
    ['responder', ['responder1', 'responder2', 'slack:S0RESP']],
    ['approver', ['approver1', 'responder2', 'entra:group-1']],
    ['lead', ['approver1']],
  ]),
  recipes,
  raw: { RunScript: 'critical', GetFile: 'high' },
  devices: {
    allow: { groups: ['Workstations'], tags: ['lr-ok'], names: ['kiosk.branch.example'] },
    never: { groups: ['Domain Controllers'], tags: ['no-lr'], names: ['dc1'] },
  },
  tiers: [
    {
      name: 'critical',
      request: 'responder',
      approve: 'lead',
      expireAfter: 10 * minute,
      runWithin: 5 * minute,
      reason: 'required',
    },
    {
      name: 'high',
      request: 'responder',
      approve: 'approver',
      expireAfter: 30 * minute,
      runWithin: 30 * minute,
      reason: 'optional',
    },
  ],
  places: [
    { place: 'console:incidents', approvals: true, results: 'card', notify: 'console:avery' },
    { place: 'console:soc-private', approvals: false, results: 'private' },
    { place: 'slack:C0SOC', approvals: true, results: 'card', notify: 'slack:S0APPR' },
  ],
  results: { read: ['responder', 'approver'] },
  freeze: ['approver'],
};
