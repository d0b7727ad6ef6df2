// Opens one door to Teams as the bot would and tells, in milliseconds since it began, when that was done, and
// when all was loaded that a first signed call needs; then the processor time that took and the memory of the
// process.
import { createClock } from '../../src/adapters/clock.ts';
import type { TeamsSettings } from '../../src/adapters/teams/settings.ts';
import { createLog } from '../../src/adapters/log.ts';
import { Http } from '../../src/adapters/outbound/http.ts';
import { Secret } from '../../src/adapters/secret.ts';
import { openDoor } from '../../src/adapters/teams/doors.ts';

const id = '5f0c1d2e-0000-4000-8000-000000000000';
const settings: TeamsSettings = {
  type: 'SingleTenant',
  appId: id,
  tenantId: id,
  password: new Secret('x'),
  cloud: 'public',
  allowedTenants: [id],
  devNoAuth: false,
  door: process.argv[2] === 'direct' ? 'direct' : 'botbuilder',
};
const parts = { http: new Http(), clock: createClock(), log: createLog({ level: 'silent' }) };
const began = performance.now();
const before = process.cpuUsage();
await openDoor(settings, parts);
const open = performance.now() - began;
await import('@azure/msal-node');
const signed = performance.now() - began;
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  `${JSON.stringify({ open, signed, processor: (user + system) / 1_000, rss: process.memoryUsage.rss() })}\n`,
);
process.exit(0);
