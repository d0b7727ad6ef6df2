// What the assistant says of Teams and of Defender, with Microsoft's hosts under their real names behind a
// proxy: MSAL, TLS and the doctor are the real ones, and each of the mistakes that people make has its own
// sentence and its own next step.
import { describe, expect, test } from '@jest/globals';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { registered } from '../support/entra/microsoftCloud.ts';
import { setupWithMicrosoft } from '../support/programs/setupCloud.ts';
import type { Ran } from '../support/programs/setupBench.ts';
import { base, other, ports } from '../support/programs/microsoftAnswers.ts';

const stage = setupWithMicrosoft();

const run = (args: readonly string[], secrets: string): Promise<Ran> =>
  stage.bench.run([...base, ...args, '--settings', '-'], {
    input: `${ports}${secrets}`,
    environment: stage.cloud.environment,
  });
const red = (out: string): readonly string[] =>
  [...out.matchAll(/^FAIL {2}(\S+) /gm)].map(([, check]) => check ?? '');
const leftIn = (out: string): readonly string[] =>
  [...(out.split('What is left, in this order:\n')[1] ?? '').matchAll(/^ +\d+\. (.*)$/gm)].map(
    ([, step]) => step ?? '',
  );

describe('Teams', () => {
  const teams = (tenant: string, secret: string): Promise<Ran> =>
    run(['--teams-tenant', tenant], `MicrosoftAppPassword=${secret}\n`);

  test('with everything right the doctor has no red line, and the app package lies there for the application, to be uploaded', async () => {
    const ran = await teams(registered.tenant, registered.teams.secret);
    expect([ran.err, red(ran.out), ran.code]).toEqual(['', [], 0]);
    expect(ran.out).not.toContain(registered.teams.secret);
    expect(stage.cloud.asked).toEqual(
      expect.arrayContaining(['login.microsoftonline.com', 'login.botframework.com']),
    );
    const path = join(stage.bench.folder, 'teams-package', 'live-response-bot.zip');
    const files = unzipSync(new Uint8Array(readFileSync(path)));
    expect(Object.keys(files).toSorted()).toEqual(['color.png', 'manifest.json', 'outline.png']);
    expect(JSON.parse(Buffer.from(files['manifest.json'] ?? []).toString('utf8'))).toMatchObject({
      id: registered.teams.appId,
      bots: [{ botId: registered.teams.appId }],
    });
    expect(leftIn(ran.out).slice(0, 4)).toEqual([
      'Start the bot: npm start',
      'Put a proxy with TLS in front, which passes what comes for https://bot.example.com on to the bot (docs/reach.md).',
      'In the bot’s registration, set the messaging endpoint to https://bot.example.com/api/messages',
      `Upload teams-package/live-response-bot.zip to Teams: Apps, "Manage your apps", "Upload an app". Add it to a team and to yourself.`,
    ]);

    // A second run keeps it to the byte and says the same, the host included, which stands in no setting.
    const before = [readFileSync(path), statSync(path).mtimeMs];
    const again = await stage.bench.run(['--yes'], { environment: stage.cloud.environment });
    expect([again.code, readFileSync(path), statSync(path).mtimeMs]).toEqual([0, ...before]);
    expect(leftIn(again.out)).toEqual(leftIn(ran.out));
  });

  test('a package of another application is kept, and is not told to be the one to upload', async () => {
    await run(
      ['--no-check', '--teams-tenant', registered.tenant],
      `MicrosoftAppPassword=${registered.teams.secret}\n`,
    );
    const path = join(stage.bench.folder, 'teams-package', 'live-response-bot.zip');
    const before = readFileSync(path);
    writeFileSync(
      join(stage.bench.folder, '.env'),
      stage.bench.read('.env').replace(registered.teams.appId, other),
    );
    const ran = await stage.bench.run(['--yes', '--no-check']);
    expect(readFileSync(path)).toEqual(before);
    expect(leftIn(ran.out).join('\n')).toContain(
      'teams-package/live-response-bot.zip is not of this application. Make one that is, and upload it to Teams: npm run package:teams',
    );
  });

  test.each<readonly [string, () => Promise<Ran>, readonly string[], RegExp]>([
    [
      'a wrong secret',
      () => teams(registered.tenant, 'Tms8Q~wrong-canary'),
      ['teams.token'],
      /the client secret is wrong; note that its value is needed, not its id \[AADSTS7000215\]/,
    ],
    [
      'an expired secret',
      () => {
        stage.cloud.world.expired = true;
        return teams(registered.tenant, registered.teams.secret);
      },
      ['teams.token'],
      /the client secret has expired; make a new one in the app registration \[AADSTS7000222\]/,
    ],
    [
      'a tenant that does not exist',
      () => teams(other, registered.teams.secret),
      ['teams.token'],
      /there is no tenant with this id; check MicrosoftAppTenantId and the cloud \[AADSTS90002\]/,
    ],
    [
      'an application of another tenant',
      () =>
        stage.bench.run(
          [
            ...base.map((word) => (word === registered.teams.appId ? other : word)),
            '--teams-tenant',
            registered.tenant,
            '--settings',
            '-',
          ],
          {
            input: `${ports}MicrosoftAppPassword=${registered.teams.secret}\n`,
            environment: stage.cloud.environment,
          },
        ),
      ['teams.token'],
      /no application with this client id is in the tenant; check MicrosoftAppId and MicrosoftAppTenantId \[AADSTS700016\]/,
    ],
    [
      'no network',
      () => {
        stage.cloud.world.down = true;
        return teams(registered.tenant, registered.teams.secret);
      },
      ['teams.token', 'teams.keys'],
      /cannot be reached at https:\/\/login\.microsoftonline\.com: the proxy .*look at the proxy.*\n +-> Let this machine reach https:\/\/login\.microsoftonline\.com over https/,
    ],
  ])('%s is told in its own words, with exit code 1', async (_what, ran, checks, words) => {
    const { out, code, err } = await ran();
    expect([err, red(out), code]).toEqual(['', checks, 1]);
    expect(out).toMatch(words);
    expect(leftIn(out)[0]).toBe('Fix what the doctor calls FAIL, and ask it again: npm run doctor');
    expect(out).not.toMatch(/canary|right-secret/);
  });
});

describe('Defender', () => {
  const defender = (secret: string, more: readonly string[] = []): Promise<Ran> =>
    run(
      [
        '--teams-tenant',
        registered.tenant,
        '--tenant',
        'secret',
        '--tenant-id',
        registered.tenant,
        '--client-id',
        registered.defender.appId,
        '--device-group',
        'Workstations',
        ...more,
      ],
      `MicrosoftAppPassword=${registered.teams.secret}\nAZURE_CLIENT_SECRET=${secret}\n`,
    );
  const right = registered.defender.secret;
  const turnOn =
    'Make sure that live response is on: security.microsoft.com, Settings, Endpoints, Advanced features.';
  const push = 'Put the scripts into Defender’s library (docs/library.md): npm run library -- push';

  test('with everything right nothing is red, and the library is not left; the switch is, which nobody can read', async () => {
    const ran = await defender(right);
    expect([ran.err, red(ran.out), ran.code]).toEqual(['', [], 0]);
    expect(stage.cloud.asked).toContain('api.security.microsoft.com');
    expect(leftIn(ran.out).slice(0, 2)).toEqual([turnOn, 'Start the bot: npm start']);
    expect(ran.out).not.toContain('right-secret');
    // Nothing ran: the probe asks for a device that does not exist.
    expect(stage.cloud.simulator.tenant.submissions).toEqual([]);
  });

  test('what is left for later is named as not looked at, and a simulated library is not taken for the tenant’s', async () => {
    const ran = await stage.bench.run(
      ['--yes', '--chat', 'slack-socket', '--tenant', 'secret', '--settings', '-'],
      { input: ports, environment: stage.cloud.environment },
    );
    expect([ran.err, red(ran.out), ran.code]).toEqual(['', [], 0]);
    expect(ran.out).toContain(
      'It could not look at what was left for later, SLACK_BOT_TOKEN, SLACK_APP_TOKEN, AZURE_CLIENT_SECRET, AZURE_TENANT_ID, AZURE_CLIENT_ID, nor at what needs it. Until then the bot is not the one you chose.',
    );
    expect(leftIn(ran.out).slice(5, 9)).toEqual([
      'Once all of that is filled in, ask the doctor: npm run doctor',
      turnOn,
      push,
      'Start the bot: npm start',
    ]);
  });

  test.each<readonly [string, () => Promise<Ran>, readonly string[], RegExp, readonly string[]]>([
    [
      'a wrong secret',
      () => defender('Dfn8Q~wrong-canary'),
      ['defender.token'],
      /the client secret is wrong; note that its value is needed, not its id \[AADSTS7000215\]/,
      [turnOn, push],
    ],
    [
      'a permission without consent',
      () => {
        stage.cloud.world.roles = ['Machine.ReadWrite.All', 'Machine.Read.All', 'Library.Manage'];
        return defender(right);
      },
      ['defender.role.Machine.LiveResponse'],
      /Add the application permission Machine\.LiveResponse of WindowsDefenderATP to the app registration and grant admin consent/,
      [turnOn],
    ],
    [
      'no permission at all',
      () => {
        stage.cloud.world.roles = [];
        return defender(right);
      },
      ['defender.role.Machine.LiveResponse', 'defender.role.Machine.ReadWrite.All'],
      /grant admin consent/,
      [turnOn, push],
    ],
    [
      'live response that is off',
      () => {
        stage.cloud.world.off = true;
        return defender(right);
      },
      ['defender.run'],
      /DisabledFeature.*the feature is off in this tenant\n +-> Turn live response on: security\.microsoft\.com/,
      [turnOn],
    ],
    [
      'a library without the script',
      () => {
        expect(stage.cloud.simulator.tenant.dropFile('minidump.ps1')).toBe(true);
        return defender(right);
      },
      ['defender.scripts'],
      /minidump\.ps1 is not in the live response library.*\n +-> Upload it: npm run library -- push/,
      [turnOn, push],
    ],
  ])('%s is told in its own words, and what is left begins with it', async (...row) => {
    const [, ran, checks, words, steps] = row;
    const { out, code, err } = await ran();
    expect([err, red(out), code]).toEqual(['', checks, 1]);
    expect(out).toMatch(words);
    expect(leftIn(out).slice(0, 2 + steps.length)).toEqual([
      'Fix what the doctor calls FAIL, and ask it again: npm run doctor',
      ...steps,
      'Start the bot: npm start',
    ]);
    expect(out).not.toMatch(/canary|right-secret/);
  });
});
