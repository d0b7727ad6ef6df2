// The policy file read again by the composed service, and who else could write it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policyFileWarnings } from '../../../src/adapters/config/policySource.ts';
import { startService } from '../../../src/app/compose.ts';
import { startProgram } from '../../support/programs/program.ts';
import { serviceOptions } from '../../support/apps/composedService.ts';
import { createStoryChat } from '../../support/apps/storyChat.ts';
import { broken, looser, policyInFolder } from '../../support/stories/policyFile.ts';

let dir: string;
let file: string;

beforeEach(() => {
  ({ dir, file } = policyInFolder());
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('who else could write the file', () => {
  const uid = process.getuid?.() ?? 0;

  test.each([
    [0o644, 0o700, 0],
    [0o664, 0o700, 1],
    [0o646, 0o700, 1],
    [0o644, 0o770, 1],
    [0o644, 0o777, 1],
    [0o644, 0o1777, 0],
    [0o666, 0o777, 2],
  ])('mode %o in a folder of mode %o: %i warnings', async (mode, folder, many) => {
    chmodSync(file, mode);
    chmodSync(dir, folder);
    expect(await policyFileWarnings(file)).toHaveLength(many);
  });

  test('another user than root and ours is told', async () => {
    chmodSync(dir, 0o700);
    const warnings = await policyFileWarnings(file, uid + 1);
    expect(warnings.length).toBe(uid === 0 ? 0 : 2);
    for (const warning of warnings) expect(warning).toContain(`belongs to another user (uid ${uid})`);
  });
});

describe('the composed service', () => {
  test('reads it again on request, degraded and ready while the file is broken', async () => {
    const chat = createStoryChat();
    let heard = (): void => undefined;
    const announce = chat.announce.bind(chat);
    Object.assign(chat, {
      announce: async (...said: Parameters<typeof announce>) => {
        await announce(...said);
        heard();
      },
    });
    const announced = (): Promise<void> => new Promise((resolve) => (heard = resolve));
    chmodSync(file, 0o666);
    const warnings: string[] = [];
    const options = serviceOptions(dir, {
      dataDir: join(dir, 'data'),
      chats: [chat],
      onWarning: (sentence) => void warnings.push(sentence),
    });
    const service = await startService(options);
    try {
      expect(warnings).toEqual([
        expect.stringContaining('can be written by everybody on this machine (mode 666)'),
      ]);
      writeFileSync(file, broken);
      let next = announced();
      service.readAgain();
      await next;
      const ready = await fetch(`${service.adminUrl ?? ''}/readyz`);
      expect(ready.status).toBe(200);
      expect(
        (
          (await ready.json()) as {
            readonly checks: readonly { readonly name: string; readonly ok: boolean }[];
          }
        ).checks.find(({ name }) => name === 'policy'),
      ).toMatchObject({ ok: false });
      writeFileSync(file, looser);
      next = announced();
      service.readAgain();
      await next;
      expect(service.policy.devices.allow.groups).toContain('Kiosks');
      expect(chat.announced.at(-1)?.text).toContain(
        'The policy was read again and is in force now. It WIDENS: devices in the group Kiosks are allowed.',
      );
    } finally {
      await service.stop();
    }
  });

  test('as a program hears SIGHUP, and does not die of it', async () => {
    const program = await startProgram('src/main.js', [], {
      PORT: '0',
      LR_DATA_DIR: join(dir, 'data'),
      LR_POLICY: file,
      LR_LOG_LEVEL: 'silent',
    });
    const url = /http:\S+/.exec(program.firstLine)?.[0] ?? '';
    const heard = new Promise<string>((resolve) =>
      program.child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.includes('SIGHUP')) resolve(chunk.toString('utf8'));
      }),
    );
    writeFileSync(file, looser);
    program.child.kill('SIGHUP');
    expect(await heard).toContain('SIGHUP: reading the policy again');
    expect((await fetch(`${url}healthz`)).status).toBe(200);
    expect(await program.kill('SIGTERM')).toBe(0);
  });
});
