// The assistant where files and settings are there already: untouched to the byte, whole after any end.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, lstatSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readPolicy } from '../../src/adapters/config/policyFile.ts';
import { SetupBench } from '../support/programs/setupBench.ts';
import { startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace } from '../support/slack/slackTestApp.ts';
import { quick, secrets } from '../support/programs/setupAnswers.ts';

let bench: SetupBench;
let slack: FakeSlack;
beforeEach(async () => {
  bench = new SetupBench();
  slack = await startFakeSlack();
  seedWorkspace(slack);
});
afterEach(async () => {
  await slack.close();
  bench.close();
});

describe('what is there', () => {
  test('a certificate in place of the secret of Teams is seen, in settings given and in a .env found', async () => {
    const guid = '5f0c1d2e-0000-4000-8000-000000000000';
    const args = [
      '--yes',
      '--no-check',
      '--chat',
      'teams',
      '--teams-id',
      guid,
      '--teams-tenant',
      guid,
      '--settings',
      '-',
    ];
    const ran = await bench.run(args, { input: 'MicrosoftAppCertificatePath=/nowhere/teams.pem\n' });
    const again = await bench.run(['--yes', '--no-check']);
    for (const { code, out } of [ran, again])
      expect([code, out.includes('MicrosoftAppPassword')]).toEqual([0, false]);
    expect(parseEnv(bench.read('.env'))).not.toHaveProperty('MicrosoftAppPassword');
  });

  test('is untouched to the byte, whatever it holds, a link that leads nowhere included; the rest is written', async () => {
    const odd = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x41]);
    writeFileSync(join(bench.folder, 'policy.yaml'), odd);
    symlinkSync('/nowhere/at/all', join(bench.folder, 'slack-manifest.json'));
    mkdirSync(join(bench.home, '.live-response-bot'), { recursive: true });
    writeFileSync(bench.key, odd);
    const ran = await bench.run([...quick, '--settings', '-'], { input: secrets(slack) });
    expect(ran.code).toBe(0);
    expect(readFileSync(join(bench.folder, 'policy.yaml'))).toEqual(odd);
    expect(readFileSync(bench.key)).toEqual(odd);
    expect(lstatSync(join(bench.folder, 'slack-manifest.json')).isSymbolicLink()).toBe(true);
    expect(ran.out.match(/^kept .* is there already: not a byte of it was changed\.$/gm)).toHaveLength(3);
    expect(parseEnv(bench.read('.env'))).toMatchObject({ SLACK_APP_TOKEN: slack.tokens.app });
  });

  test('after kill -9 at any file is whole or not there, and the next run goes on and removes the draft', async () => {
    // Killed at the first sign of the n-th change in the folder, so that each moment of writing is met.
    let killed = 0;
    for (let moment = 1; moment <= 9; moment += 1) {
      const child = bench.start([...quick, '--settings', '-', '--key', join(bench.folder, 'journal.key')]);
      let seen = 0;
      const watcher = watch(bench.folder, () => {
        seen += 1;
        if (seen === moment) child.kill('SIGKILL');
      });
      child.stdin?.end(secrets(slack));
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (signal === 'SIGKILL') killed += 1;
      watcher.close();
      for (const name of readdirSync(bench.folder).filter((one) => !one.startsWith('.lr-setup-'))) {
        if (name === '.env')
          expect(parseEnv(bench.read('.env'))).toMatchObject({
            SLACK_BOT_TOKEN: slack.tokens.bot,
            LR_DEFENDER: 'simulator',
            LR_LOG_LEVEL: 'error',
          });
        if (name === 'policy.yaml') expect(readPolicy(bench.read(name))).toHaveProperty('policy');
        if (name === 'journal.key') expect(bench.read(name)).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
        if (name === 'slack-manifest.json') expect(JSON.parse(bench.read(name))).toHaveProperty('settings');
      }
    }
    expect(killed).toBeGreaterThan(0);
    writeFileSync(join(bench.folder, '.lr-setup-999999999-0123456789ab'), 'half a secret');
    const ran = await bench.run([...quick, '--settings', '-', '--key', join(bench.folder, 'journal.key')], {
      input: secrets(slack),
    });
    expect(ran.code).toBe(0);
    expect(bench.files()).toEqual(['.env', 'journal.key', 'policy.yaml', 'slack-manifest.json']);
  });
});
