// The whole service on a disk in memory: nothing of its data folder goes around the disk port, so what the
// tests of this folder let a disk do can happen to every file.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customEndpoint } from '../../../../src/adapters/defender/clouds.ts';
import { slackChat } from '../../../../src/adapters/slack/platform.ts';
import { startService } from '../../../../src/app/compose.ts';
import type { Service } from '../../../../src/app/compose.ts';
import { startFakeSlack } from '../../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../../src/demo/slack/fakeSlack.ts';
import { incidents, seedWorkspace, slackPolicy } from '../../../../src/demo/slack/workspace.ts';
import { unhurried } from '../../../../src/demo/unhurried.ts';
import { startSimulator } from '../../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../../src/simulator/simulator.ts';
import { serviceOptions } from '../../../support/apps/composedService.ts';
import { stateIn } from '../../../support/requests/requests.ts';
import { createMemoryDisk } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';

let dir: string;
let slack: FakeSlack;
let defender: Simulator;
let service: Service;

const data = (): string => join(dir, 'data');

async function start(disk: MemoryDisk): Promise<void> {
  const { bot: botToken, signingSecret } = slack.tokens;
  service = await startService(
    serviceOptions(data(), {
      policyFile: join(dir, 'policy.yaml'),
      disk,
      defender: {
        kind: 'service',
        tenant: 'memory',
        endpoint: customEndpoint(defender.url),
        credentials: 'none',
        loopback: true,
      },
      platforms: [slackChat({ botToken, signingSecret, apiUrl: slack.apiUrl, allowedTeams: [] })],
    }),
  );
  slack.target = `${service.url}/slack/events`;
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lr-memory-'));
  writeFileSync(join(dir, 'policy.yaml'), unhurried(slackPolicy()));
  slack = await startFakeSlack();
  seedWorkspace(slack);
  defender = await startSimulator();
});
afterEach(async () => {
  await service.stop();
  await Promise.all([slack.close(), defender.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

test('a command from a chat is kept, asked and shown without a file on the machine, and outlives a power cut', async () => {
  const disk = createMemoryDisk();
  await start(disk);
  await slack.person('U0RILEY1').command(incidents, 'dump hosta OfficeClickToRun --reason "beacon at 02:40"');
  await slack.until('a card', () => slack.cards(incidents).at(-1));
  const [asked] = service.store.all();
  expect(stateIn(asked)).toBe('awaitingApproval');
  await service.stop();
  expect(existsSync(data())).toBe(false);
  expect(disk.list(data())).toEqual([
    'call-counts.ndjson',
    'journal-000000001.ndjson',
    expect.stringMatching(/^journal-\d+\.ndjson$/),
    'journal.key',
    'last-known.json',
    'people.keys',
    'slack-deliveries.ndjson',
    'slack-replay.txt',
    'snapshot.json',
  ]);
  await start(disk.crash(() => 0));
  expect(service.store.all().map(({ id }) => id)).toEqual([asked?.id]);
});
