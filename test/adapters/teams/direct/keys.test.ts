// The keys of the channel as somebody outside meets them: strangers with tokens of unknown keys, and a host
// of the keys that is down.
import '../../../support/chats/direct.ts';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { failedGap } from '../../../../src/adapters/teams/direct/channelKeys.ts';
import { startAdmin } from '../../../../src/adapters/http/admin.ts';
import type { Clock } from '../../../../src/liveResponse/ports.ts';
import {
  ana,
  directOf,
  keepingLog,
  leapingClock,
  TeamsHarness,
} from '../../../support/chats/teamsHarness.ts';

let bench: TeamsHarness;
let clock: Clock;
const log = keepingLog();
beforeEach(async () => {
  clock = leapingClock();
  bench = new TeamsHarness();
  log.lines.length = 0;
  await bench.start({ clock, log });
  await bench.teams.selfTest(bench.url);
});
afterEach(() => bench.stop());

const deliver = (options: Parameters<TeamsHarness['deliver']>[1] = {}) =>
  bench.deliver(bench.message(ana, directOf(ana), 'lr help'), options);
async function readyz(): Promise<string> {
  const admin = await startAdmin({
    host: '127.0.0.1',
    port: 0,
    log,
    clock,
    healthy: () => [],
    ready: () => bench.teams.checks(),
    metrics: () => Promise.resolve({ type: 'text/plain', body: '' }),
  });
  try {
    return await (await fetch(`${admin.url}/readyz`)).text();
  } finally {
    await admin.stop();
  }
}

it('three hundred strangers with tokens of unknown keys are refused for one look at the published ones', async () => {
  expect((await deliver()).status).toBe(200);
  for (let round = 0; round < 6; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => deliver({ header: { kid: `strange${round * 50 + n}` } })),
    );
    expect(answers.map(({ status, text }) => `${status}${text}`)).toEqual(answers.map(() => '401'));
  }
  expect(bench.keys.asked).toBe(2);
  expect(log.lines.filter((line) => line.includes('unknown key'))).toHaveLength(1);
  expect((await deliver()).status).toBe(200);
});

it('strangers who come before any message of Teams cost one look as well', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => deliver({ header: { kid: `strange${n}` } })),
  );
  expect(new Set(answers.map((one) => one.status))).toEqual(new Set([401]));
  expect(bench.keys.asked).toBe(2);
});

it('a token longer than any of the channel’s asks for no keys', async () => {
  expect((await deliver({ claims: { padding: 'a'.repeat(6_500) } })).status).toBe(401);
  expect(bench.keys.asked).toBe(0);
});

it('while the host of the keys is down messages wait at Teams, /readyz and the log say why, and it recovers without a restart', async () => {
  expect(await readyz()).not.toContain('could not be had');
  bench.keys.down = 'error';
  for (let n = 0; n < 30; n += 1) expect(await deliver()).toMatchObject({ status: 503, text: '' });
  expect(bench.keys.asked).toBe(1);
  expect(bench.teams.checks().find((check) => check.name === 'teams keys')).toMatchObject({
    ok: false,
    why: expect.stringMatching(
      /^the keys that messages of Teams are checked with could not be had from 127\.0\.0\.1:\d+: it answered 500$/,
    ),
  });
  expect(await readyz()).toContain('could not be had');
  expect(log.lines.filter((line) => line.startsWith('teamsKeysNotFetched'))).toHaveLength(1);
  bench.keys.down = undefined;
  await clock.sleep(failedGap);
  expect((await deliver()).status).toBe(200);
  expect(await readyz()).not.toContain('could not be had');
});
