// Health in every outage: what /healthz, /readyz and /metrics of a composed bot say while something is away, and that they
// take it back when it is there again. No outage asks for a restart but that of a worker that hangs.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createClock, ScaledClock } from '../../../src/adapters/clock.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { startService } from '../../../src/app/compose.ts';
import type { Service } from '../../../src/app/compose.ts';
import type { ServiceOptions } from '../../../src/app/options.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import type { Refusal } from '../../../src/demo/refusal.ts';
import type { Clock } from '../../../src/liveResponse/ports.ts';
import type { Fault } from '../../../src/simulator/faults.ts';
import { member, place, serviceOptions } from '../../support/apps/composedService.ts';
import { createStoryChat } from '../../support/apps/storyChat.ts';
import { examplePolicy } from '../../support/apps/testApp.ts';
import { ben, channel } from '../../support/chats/teamsHarness.ts';
import { createFailingDisk } from '../../support/store/failingDisk.ts';
import { testKeyText } from '../../support/store/testKeys.ts';
import { startBot, untilStanding } from './startedBot.ts';
import type { StartedBot } from './startedBot.ts';

const disk = createFailingDisk();
let bot: StartedBot;
beforeAll(async () => {
  bot = await startBot({ disk: disk.disk });
});
afterAll(() => bot.close());

const plant = (fault: Fault) => (): void =>
  bot.app.service.simulator?.tenant.faults.plant({ times: 'always', ...fault });
const clearFaults = (): void => bot.app.service.simulator?.tenant.faults.clear();

let deeds = 0;
/** A deed of Ben's that is journaled and announced in the approvals places of both chats. */
async function deed(): Promise<void> {
  deeds += 1;
  await bot.app.service.bot.command({
    surface: 'teams',
    account: { surface: 'teams', id: ben.objectId, trust: 'member' },
    place: { surface: 'teams', id: channel, direct: false, external: false },
    text: bot.app.service.store.freeze() === undefined ? 'freeze a drill' : 'unfreeze',
    deliveryId: `deed ${deeds}`,
  });
}

const cut: Refusal = { name: 'cut', kind: 'cut' };
const slackMethods = ['auth.test', 'users.info', 'conversations.info', 'chat.postMessage', 'chat.update'];

interface Outage {
  readonly name: string;
  /** The check of /readyz that says it. */
  readonly check: string;
  readonly why: RegExp;
  /** What /readyz answers meanwhile. */
  readonly ready: 200 | 503;
  /** Series that are 0 meanwhile, and 1 before and after. */
  readonly zero: readonly string[];
  /** Series of calls that count it. */
  readonly counted?: string;
  readonly breaks: () => Promise<void> | void;
  readonly heals: () => Promise<void> | void;
}

const defenderAway = {
  check: 'defender',
  ready: 200,
  zero: ['lr_defender_readable', 'lr_check_ok{check="defender"}'],
  heals: clearFaults,
} as const;
const diskAway = {
  check: 'journal',
  ready: 503,
  zero: ['lr_journal_writable', 'lr_ready', 'lr_check_ok{check="journal"}'],
  heals: () => void (disk.code = undefined),
} as const;

const outages: readonly Outage[] = [
  {
    ...defenderAway,
    name: 'Defender answers 503',
    why: /503/,
    counted: 'lr_defender_calls_total{kind="list",answer="5xx"}',
    breaks: plant({ what: 'status', on: 'list', status: 503 }),
  },
  {
    ...defenderAway,
    name: 'Defender cuts every connection',
    why: /list|no whole answer/i,
    counted: 'lr_defender_calls_total{kind="list",answer="lost"}',
    breaks: plant({ what: 'reset', on: 'list' }),
  },
  {
    ...defenderAway,
    name: 'Defender does not accept the token (401)',
    why: /401|sign|token/i,
    counted: 'lr_defender_calls_total{kind="list",answer="4xx"}',
    breaks: plant({ what: 'unauthorized', on: 'list' }),
  },
  {
    ...defenderAway,
    name: 'Defender refuses the right (403)',
    why: /Machine\.ReadWrite\.All/,
    counted: 'lr_defender_calls_total{kind="list",answer="4xx"}',
    breaks: plant({ what: 'status', on: 'list', status: 403 }),
  },
  {
    name: 'Slack cannot be reached',
    check: 'slack',
    why: /Slack has not answered/,
    counted: 'lr_chat_calls_total{chat="slack",kind="post",answer="lost"}',
    ready: 200,
    zero: ['lr_chat_up{chat="slack"}', 'lr_check_ok{check="slack"}'],
    async breaks() {
      for (const method of slackMethods) bot.slack.fault(method, { kind: 'cutBefore' }, 10_000);
      await deed();
    },
    heals: () => bot.slack.api.clearFaults(),
  },
  {
    name: 'Teams cannot be reached',
    check: 'teams connector',
    why: /Teams/,
    counted: 'lr_chat_calls_total{chat="teams",kind="post",answer="lost"}',
    ready: 200,
    zero: ['lr_chat_up{chat="teams"}', 'lr_check_ok{check="teams connector"}'],
    async breaks() {
      bot.app.connector.refuse = () => cut;
      await deed();
    },
    async heals() {
      bot.app.connector.refuse = undefined;
      await deed();
    },
  },
  {
    ...diskAway,
    name: 'the disk is full',
    why: /ENOSPC.*Nothing is approved or sent/s,
    async breaks() {
      disk.code = 'ENOSPC';
      await deed();
    },
  },
  {
    ...diskAway,
    name: 'the disk is read-only',
    why: /EROFS/,
    async breaks() {
      disk.code = 'EROFS';
      await deed();
    },
  },
  {
    name: 'the policy file is broken',
    check: 'policy',
    why: /the earlier policy stays in force: it has a mistake/,
    ready: 200,
    zero: ['lr_policy_usable', 'lr_check_ok{check="policy"}'],
    breaks() {
      changePolicy((text) => `${text}\nnonsense: [`);
    },
    heals() {
      changePolicy((text) => text.replace('\nnonsense: [', ''));
    },
  },
];

function changePolicy(how: (text: string) => string): void {
  const file = join(bot.app.folder, 'policy.yaml');
  writeFileSync(file, how(readFileSync(file, 'utf8')));
  bot.app.service.readAgain();
}

describe.each(outages)('while $name', ({ check, why, ready, zero, counted, breaks, heals }) => {
  test('the bot stays alive, says so, and takes it back when it is over', async () => {
    const { adminUrl, url } = bot.app;
    const before = await untilStanding(adminUrl, ({ status }) => status === 'ready');
    expect(zero.map((series) => [series, before.series.get(series)])).toEqual(
      zero.map((series) => [series, 1]),
    );
    await breaks();
    const away = await untilStanding(
      adminUrl,
      ({ wrong, series }) => wrong.has(check) && series.get(zero[0] ?? '') === 0,
    );
    expect(away.wrong.get(check)).toMatch(why);
    expect([away.health, away.ready, away.status]).toEqual([
      200,
      ready,
      ready === 503 ? 'not ready' : 'degraded',
    ]);
    expect(zero.map((series) => [series, away.series.get(series)])).toEqual(zero.map((one) => [one, 0]));
    expect(away.series.get('lr_ready')).toBe(ready === 503 ? 0 : 1);
    if (counted !== undefined)
      expect(away.series.get(counted)).toBeGreaterThan(before.series.get(counted) ?? 0);
    // Strangers learn one word of it, whatever is away.
    const stranger = await fetch(`${url}/readyz`);
    expect([stranger.status, Object.keys((await stranger.json()) as object)]).toEqual([ready, ['status']]);
    await heals();
    const after = await untilStanding(adminUrl, ({ status }) => status === 'ready');
    expect([after.health, after.ready]).toEqual([200, 200]);
    expect(zero.map((series) => [series, after.series.get(series)])).toEqual(zero.map((one) => [one, 1]));
    // A deed goes through again.
    const frozen = bot.app.service.store.freeze() !== undefined;
    await deed();
    expect(bot.app.service.store.freeze() !== undefined).toBe(!frozen);
  }, 120_000);
});

describe('a bot of its own', () => {
  let dir: string;
  let service: Service | undefined;
  afterEach(async () => {
    await service?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function start(more: Partial<ServiceOptions>): Promise<string | undefined> {
    dir = mkdtempSync(join(tmpdir(), 'lr-outage-'));
    writeFileSync(join(dir, 'policy.yaml'), unhurried(examplePolicy));
    service = await startService(
      serviceOptions(dir, { chats: [createStoryChat()], dataDir: join(dir, 'data'), ...more }),
    );
    return service.adminUrl;
  }

  test('whose anchors cannot be written goes on, says so, and takes it back', async () => {
    const away = mkdtempSync(join(tmpdir(), 'lr-anchors-'));
    const share = join(away, 'share');
    mkdirSync(share);
    try {
      const adminUrl = await start({
        record: {
          key: { kind: 'text', secret: new Secret(testKeyText) },
          anchorFile: join(share, 'anchors'),
          everyLines: 1,
          everyMs: 50,
        },
      });
      expect((await untilStanding(adminUrl, ({ status }) => status === 'ready')).wrong.size).toBe(0);
      renameSync(share, `${share}.away`);
      await service?.bot.command({
        surface: 'console',
        account: member('approver1'),
        place,
        text: 'freeze a drill',
        deliveryId: 'freeze',
      });
      const told = await untilStanding(adminUrl, ({ wrong }) => wrong.has('anchors'));
      expect([told.health, told.ready, told.status]).toEqual([200, 200, 'degraded']);
      expect(told.series.get('lr_anchors_writable')).toBe(0);
      renameSync(`${share}.away`, share);
      const back = await untilStanding(adminUrl, ({ status }) => status === 'ready');
      expect(back.series.get('lr_anchors_writable')).toBe(1);
    } finally {
      rmSync(away, { recursive: true, force: true });
    }
  }, 60_000);

  test('whose clock is set says so, counts it, and forgets it after ten minutes', async () => {
    const real = createClock();
    let [wall, passed] = [0, 0];
    const clock: Clock = {
      now: () => real.now() + wall + passed,
      elapsed: () => real.elapsed() + passed,
      sleep: (ms, signal) => real.sleep(ms, signal),
    };
    const adminUrl = await start({ clock });
    await untilStanding(adminUrl, ({ status }) => status === 'ready');
    wall = -3 * 3_600_000;
    const told = await untilStanding(adminUrl, ({ wrong }) => wrong.has('clock'));
    expect([told.health, told.ready, told.status]).toEqual([200, 200, 'degraded']);
    expect(told.wrong.get('clock')).toMatch(/jumped back by (?:3 h|2 h 59 min)/);
    expect(told.series.get('lr_clock_jumps_total')).toBe(1);
    passed = 11 * 60_000;
    const back = await untilStanding(adminUrl, ({ status }) => status === 'ready');
    expect(back.series.get('lr_clock_jumps_total')).toBe(1);
    expect(back.series.get('lr_check_ok{check="clock"}')).toBe(1);
  }, 60_000);

  test('one of whose workers hangs asks to be restarted, and no longer when it goes on', async () => {
    const adminUrl = await start({ clock: new ScaledClock({ speed: 60 }) });
    await untilStanding(adminUrl, ({ status }) => status === 'ready');
    const worker = 'lr_worker_alive{worker="outlook"}';
    // The look at Defender while nothing runs takes 18 s of the machine, which are 18 minutes by that clock; no pass may be
    // silent for five.
    service?.simulator?.tenant.faults.plant({ what: 'delay', on: 'list', ms: 18_000, times: 1 });
    const hangs = await untilStanding(adminUrl, ({ health }) => health === 503);
    expect([hangs.ready, hangs.status]).toEqual([200, 'degraded']);
    expect(hangs.wrong.get('workers')).toMatch(/outlook: a pass has hung/);
    expect(hangs.series.get(worker)).toBe(0);
    const back = await untilStanding(adminUrl, ({ health, status }) => health === 200 && status === 'ready');
    expect(back.series.get(worker)).toBe(1);
  }, 120_000);

  test('one of whose workers fails says so until a pass ends well', async () => {
    const adminUrl = await start({ clock: new ScaledClock({ speed: 60 }) });
    await untilStanding(adminUrl, ({ status }) => status === 'ready');
    const outlook = service?.loop.outlook;
    if (outlook === undefined) throw new Error('nothing was started');
    const pass = outlook.pass.bind(outlook);
    outlook.pass = () => Promise.reject(new Error('a bug'));
    const fails = await untilStanding(adminUrl, ({ status }) => status === 'degraded');
    expect([fails.health, fails.ready]).toEqual([200, 200]);
    expect([...fails.wrong]).toEqual([['workers', 'outlook: a bug']]);
    outlook.pass = pass;
    await untilStanding(adminUrl, ({ status }) => status === 'ready');
  }, 60_000);
});
