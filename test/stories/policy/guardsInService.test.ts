// Guards that only the composed service shows: what a restart still counts, and what /readyz tells.
import { sessionIn, stateIn } from '../../support/requests/requests.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../../../src/app/compose.ts';
import type { Service } from '../../../src/app/compose.ts';
import type { ServiceOptions } from '../../../src/app/options.ts';
import { createFailingDisk } from '../../support/store/failingDisk.ts';
import { askAndApprove, member, place, serviceOptions } from '../../support/apps/composedService.ts';
import { createStoryChat } from '../../support/apps/storyChat.ts';
import { examplePolicy } from '../../support/apps/testApp.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';

describe('in the composed service', () => {
  let dir: string;
  let service: Service;
  afterEach(async () => {
    await service.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function open(more: Partial<ServiceOptions> = {}): Promise<void> {
    dir = mkdtempSync(join(tmpdir(), 'lr-guards-'));
    writeFileSync(join(dir, 'policy.yaml'), unhurried(examplePolicy));
    service = await startService(options(more));
  }

  const options = (more: Partial<ServiceOptions> = {}): ServiceOptions =>
    serviceOptions(dir, {
      chats: [createStoryChat()],
      rates: { submitsPerMinute: 1, callsPerMinute: 100, callsPerHour: 1500 },
      ...more,
    });

  function becomes<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const listener = (): void => {
        const found = look();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      const stop = service.store.subscribe(listener);
      listener();
    });
  }

  test('sessions started before a restart count against the minute after it', async () => {
    await open();
    const first = await askAndApprove(service, 'dump hosta notepad');
    await becomes(() => (stateIn(service.store.get(first)) === 'running' ? true : undefined));
    await service.stop();
    service = await startService(options());
    const second = await askAndApprove(service, 'dump hostb notepad');
    const came = await becomes(() => {
      const request = service.store.get(second);
      return stateIn(request) === 'queued'
        ? sessionIn(request, 'queued').stage.waitsFor
        : stateIn(request) === 'awaitingApproval'
          ? undefined
          : stateIn(request);
    });
    expect(came).toBe('slot');
  });

  test('/readyz is 503 and names the journal while it cannot be written', async () => {
    const disk = createFailingDisk();
    await open({ disk: disk.disk });
    const ready = async () => {
      const answer = await fetch(`${service.adminUrl}/readyz`);
      return {
        status: answer.status,
        journal: (
          (await answer.json()) as {
            readonly checks: readonly { readonly name: string; readonly ok: boolean }[];
          }
        ).checks.find(({ name }) => name === 'journal')?.ok,
      };
    };
    expect(await ready()).toEqual({ status: 200, journal: true });
    disk.code = 'ENOSPC';
    await service.bot.command({
      surface: 'console',
      account: member('responder1'),
      place,
      text: 'dump hosta notepad',
      deliveryId: 'full',
    });
    expect(await ready()).toEqual({ status: 503, journal: false });
    disk.code = undefined;
  });
});
