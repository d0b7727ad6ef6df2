// The assistant where files and settings are there already: untouched to the byte, whole after any end.
import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, lstatSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readPolicy } from '../../src/adapters/config/policyFile.ts';
import { quick, secrets, setupWithSlack } from '../support/programs/setupAnswers.ts';

const stage = setupWithSlack();

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
    const ran = await stage.bench.run(args, { input: 'MicrosoftAppCertificatePath=/nowhere/teams.pem\n' });
    const again = await stage.bench.run(['--yes', '--no-check']);
    for (const { code, out } of [ran, again])
      expect([code, out.includes('MicrosoftAppPassword')]).toEqual([0, false]);
    expect(parseEnv(stage.bench.read('.env'))).not.toHaveProperty('MicrosoftAppPassword');
  });

  test('is untouched to the byte, whatever it holds, a link that leads nowhere included; the rest is written', async () => {
    const odd = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x41]);
    writeFileSync(join(stage.bench.folder, 'policy.yaml'), odd);
    symlinkSync('/nowhere/at/all', join(stage.bench.folder, 'slack-manifest.json'));
    mkdirSync(join(stage.bench.home, '.live-response-bot'), { recursive: true });
    writeFileSync(stage.bench.key, odd);
    const ran = await stage.bench.run([...quick, '--settings', '-'], { input: secrets(stage.slack) });
    expect(ran.code).toBe(0);
    expect(readFileSync(join(stage.bench.folder, 'policy.yaml'))).toEqual(odd);
    expect(readFileSync(stage.bench.key)).toEqual(odd);
    expect(lstatSync(join(stage.bench.folder, 'slack-manifest.json')).isSymbolicLink()).toBe(true);
    expect(ran.out.match(/^kept .* is there already: not a byte of it was changed\.$/gm)).toHaveLength(3);
    expect(parseEnv(stage.bench.read('.env'))).toMatchObject({ SLACK_APP_TOKEN: stage.slack.tokens.app });
  });

  test('after kill -9 at any file is whole or not there, and the next run goes on and removes the draft', async () => {
    // Killed at the first sign of the n-th change in the folder, so that each moment of writing is met.
    let killed = 0;
    for (let moment = 1; moment <= 9; moment += 1) {
      const child = stage.bench.start([
        ...quick,
        '--settings',
        '-',
        '--key',
        join(stage.bench.folder, 'journal.key'),
      ]);
      let seen = 0;
      const watcher = watch(stage.bench.folder, () => {
        seen += 1;
        if (seen === moment) child.kill('SIGKILL');
      });
      child.stdin?.end(secrets(stage.slack));
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (signal === 'SIGKILL') killed += 1;
      watcher.close();
      for (const name of readdirSync(stage.bench.folder).filter((one) => !one.startsWith('.lr-setup-'))) {
        if (name === '.env')
          expect(parseEnv(stage.bench.read('.env'))).toMatchObject({
            SLACK_BOT_TOKEN: stage.slack.tokens.bot,
            LR_DEFENDER: 'simulator',
            LR_LOG_LEVEL: 'error',
          });
        if (name === 'policy.yaml') expect(readPolicy(stage.bench.read(name))).toHaveProperty('policy');
        if (name === 'journal.key') expect(stage.bench.read(name)).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
        if (name === 'slack-manifest.json')
          expect(JSON.parse(stage.bench.read(name))).toHaveProperty('settings');
      }
    }
    expect(killed).toBeGreaterThan(0);
    writeFileSync(join(stage.bench.folder, '.lr-setup-999999999-0123456789ab'), 'half a secret');
    const ran = await stage.bench.run(
      [...quick, '--settings', '-', '--key', join(stage.bench.folder, 'journal.key')],
      {
        input: secrets(stage.slack),
      },
    );
    expect(ran.code).toBe(0);
    expect(stage.bench.files()).toEqual(['.env', 'journal.key', 'policy.yaml', 'slack-manifest.json']);
  });
});
