// The composed service with its workers running by themselves, at high simulated speed: what a tick by hand
// cannot show.
import { outcomeOf, stateIn } from '../support/requests/requests.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../../src/app/compose.ts';
import type { Service } from '../../src/app/compose.ts';
import type { ServiceOptions } from '../../src/app/options.ts';
import { askAndApprove, member, place, serviceOptions } from '../support/apps/composedService.ts';
import { createStoryChat } from '../support/apps/storyChat.ts';
import { examplePolicy } from '../support/apps/testApp.ts';
import type { StoryChat } from '../support/apps/storyChat.ts';
import { unhurried } from '../../src/demo/unhurried.ts';

let dir: string;
let service: Service;
let chat: StoryChat;

const options = (): ServiceOptions =>
  serviceOptions(dir, { chats: [chat], defender: { kind: 'simulator', speed: 200 } });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lr-service-'));
  chat = createStoryChat();
  writeFileSync(join(dir, 'policy.yaml'), unhurried(examplePolicy));
  service = await startService(options());
});
afterEach(async () => {
  await service.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Resolves with the first change after which the request is so. */
function becomes(id: string, state: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (stateIn(service.store.get(id)) !== state) return;
      stop();
      resolve();
    };
    const stop = service.store.subscribe(look);
    look();
  });
}

describe('the service', () => {
  test('carries an approved request to its end without being driven', async () => {
    const id = await askAndApprove(service, 'dump hosta notepad');
    await becomes(id, 'finished');
    expect(outcomeOf(service.store.get(id))).toBe('succeeded');
  });

  test('follows a session that was found again, though nothing else runs', async () => {
    service.simulator?.tenant.faults.plant({ what: 'loseAnswer', on: 'run', times: 1 });
    const id = await askAndApprove(service, 'dump hosta notepad');
    await becomes(id, 'unknown');
    await becomes(id, 'finished');
    expect(service.simulator?.tenant.submissions).toHaveLength(1);
  });

  test('goes on after a stop and start in the middle, with simulated time never running backwards', async () => {
    const id = await askAndApprove(service, 'dump hosta notepad');
    await becomes(id, 'running');
    const before = service.clock.now();
    await service.stop();
    service = await startService(options());
    expect(service.clock.now()).toBeGreaterThanOrEqual(before);
    await becomes(id, 'finished');
    expect(service.simulator?.tenant.submissions).toHaveLength(1);
  });

  test('answers a readiness question with every part by name, and says why when one is not well', async () => {
    const ready = async () =>
      (await fetch(`${service.adminUrl}/readyz`)).json() as Promise<{
        status: string;
        checks: { name: string; ok: boolean; why?: string }[];
      }>;
    expect((await ready()).status).toBe('ready');
    service.simulator?.tenant.faults.plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    const id = await askAndApprove(service, 'dump hosta notepad');
    await becomes(id, 'running');
    await service.bot.command({
      surface: 'console',
      account: member('approver1'),
      place,
      text: 'freeze odd approvals',
      deliveryId: 'freeze',
    });
    expect((await ready()).checks.find((check) => check.name === 'submissions')).toMatchObject({
      ok: true,
      why: expect.stringMatching(/frozen by Avery Approver: odd approvals/),
    });
    let answer = await ready();
    while (answer.status === 'ready') answer = await ready();
    expect(answer.checks.find((check) => check.name === 'defender')).toMatchObject({
      ok: false,
      why: expect.stringMatching(/503|list/i),
    });
  });

  test.each([
    [
      'running sessions cannot be followed',
      'list',
      'running',
      /may not follow running sessions \(403\).*Machine\.ReadWrite\.All with admin consent/,
    ],
    [
      'approved requests wait',
      'run',
      'queued',
      /^approved requests wait, because Defender does not let the bot in: .*Machine\.LiveResponse with admin consent/,
    ],
  ] as const)('names the right that is missing where %s', async (_name, on, state, why) => {
    const check = async () =>
      (
        (await (await fetch(`${service.adminUrl}/readyz`)).json()) as {
          checks: { name: string; ok: boolean; why?: string }[];
        }
      ).checks.find((one) => one.name === 'defender');
    service.simulator?.tenant.faults.plant(
      on === 'list'
        ? { what: 'status', on, status: 403, times: 'always' }
        : { what: 'unauthorized', on, times: 'always' },
    );
    const id = await askAndApprove(service, 'dump hosta notepad');
    if (state === 'running') await becomes(id, state);
    let answer = await check();
    while (answer?.ok !== false) answer = await check();
    expect(answer.why).toMatch(why);
  });
});
