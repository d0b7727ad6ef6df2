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
import { createStoryChat } from '../../support/apps/storyChat.ts';
import { examplePolicy } from '../../support/apps/testApp.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import { bindingOf } from '../../../src/liveResponse/commands.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('in the composed service', () => {
  let dir: string;
  let service: Service;
  afterEach(async () => {
    await service.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const place = { surface: 'console', id: 'incidents', direct: false, external: false } as const;
  const member = (id: string) => ({ surface: 'console', id, trust: 'member' }) as const;

  async function open(more: Partial<ServiceOptions> = {}): Promise<void> {
    dir = mkdtempSync(join(tmpdir(), 'lr-guards-'));
    writeFileSync(join(dir, 'policy.yaml'), unhurried(examplePolicy));
    service = await startService(options(more));
  }

  function options(more: Partial<ServiceOptions>): ServiceOptions {
    return {
      host: '127.0.0.1',
      port: 0,
      dataDir: dir,
      policyFile: join(dir, 'policy.yaml'),
      command: '/lr',
      logLevel: 'silent',
      secrets: [],
      console: false,
      chats: [createStoryChat()],
      defender: { kind: 'simulator', speed: 1 },
      rates: { submitsPerMinute: 1, callsPerMinute: 100, callsPerHour: 1500 },
      sessions: 25,
      pollGap: 2_400,
      parkedGap: 30_000,
      offlineQueue: 72 * hour,
      outputRetention: 720 * hour,
      ...more,
    };
  }

  async function approved(text: string): Promise<string> {
    const asked = await service.bot.command({
      surface: 'console',
      account: member('responder1'),
      place,
      text,
      deliveryId: text,
    });
    if (asked.kind !== 'asked') throw new Error(JSON.stringify(asked));
    const request = service.store.get(asked.requestId);
    if (request === undefined) throw new Error(`${asked.requestId} is not stored`);
    await service.bot.press({
      surface: 'console',
      account: member('approver1'),
      place,
      verb: 'approve',
      requestId: asked.requestId,
      revision: request.revision,
      fingerprint: bindingOf(request.subject.digest),
      deliveryId: `${text} yes`,
    });
    return asked.requestId;
  }

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
    const first = await approved('dump hosta notepad');
    await becomes(() => (stateIn(service.store.get(first)) === 'running' ? true : undefined));
    await service.stop();
    service = await startService(options({}));
    const second = await approved('dump hostb notepad');
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
