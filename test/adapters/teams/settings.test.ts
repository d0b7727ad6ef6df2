// Missing or misspelt settings stop the start with a sentence; nothing ever opens the bot by accident.
import { teamsSettings } from '../../support/chats/chosenChats.ts';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TeamsSettings } from '../../../src/adapters/teams/settings.ts';
import { readSettings } from '../../../src/adapters/config/settings.ts';
import { openDoor } from '../../../src/adapters/teams/doors.ts';
import type { TeamsDoor } from '../../../src/adapters/teams/protocol.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { createClock } from '../../../src/adapters/clock.ts';
import { silent } from '../../support/chats/teamsHarness.ts';

type Env = Readonly<Record<string, string | undefined>>;
const good = {
  MicrosoftAppType: 'SingleTenant',
  MicrosoftAppId: '11111111-1111-1111-1111-111111111111',
  MicrosoftAppPassword: 'secret',
  MicrosoftAppTenantId: '22222222-2222-2222-2222-222222222222',
};
const read = (env: Env) => readSettings({ LR_DEFENDER: 'simulator', ...env });
function teams(env: Env): TeamsSettings | undefined {
  const found = read(env);
  if ('problems' in found) throw new Error(found.problems.join('\n'));
  return teamsSettings(found.settings);
}
function problems(env: Env): string {
  const found = read(env);
  return 'problems' in found ? found.problems.join('\n') : 'none';
}

describe('a wrong setting stops the start', () => {
  it.each<readonly [string, Env, RegExp]>([
    ['an empty id', { ...good, MicrosoftAppId: '' }, /MicrosoftAppId is missing/],
    [
      'an empty id next to a tenant alone',
      { MicrosoftAppId: '', MicrosoftAppTenantId: good.MicrosoftAppTenantId },
      /MicrosoftAppId is missing/,
    ],
    ['a type alone', { MicrosoftAppType: 'SingleTenant' }, /MicrosoftAppId is missing/],
    ['an id that is none', { ...good, MicrosoftAppId: 'my-bot' }, /MicrosoftAppId is not an application id/],
    ['a type spelt otherwise', { ...good, MicrosoftAppType: 'single-tenant' }, /"single-tenant"/],
    ['a type in lower case', { ...good, MicrosoftAppType: 'singletenant' }, /must be exactly/],
    ['an empty tenant', { ...good, MicrosoftAppTenantId: '' }, /MicrosoftAppTenantId is missing/],
    [
      'a tenant by name',
      { ...good, MicrosoftAppTenantId: 'contoso.onmicrosoft.com' },
      /MicrosoftAppTenantId is not a tenant id/,
    ],
    ['an empty password', { ...good, MicrosoftAppPassword: ' ' }, /MicrosoftAppPassword is missing/],
    [
      'a password next to a managed identity',
      { ...good, MicrosoftAppType: 'UserAssignedMSI' },
      /must not be set/,
    ],
    [
      'a certificate next to a managed identity',
      {
        ...good,
        MicrosoftAppPassword: '',
        MicrosoftAppType: 'UserAssignedMSI',
        MicrosoftAppCertificatePath: 'x.pem',
      },
      /must not be set/,
    ],
    ['a password and a certificate', { ...good, MicrosoftAppCertificatePath: 'cert.pem' }, /both set/],
    ['another cloud', { ...good, ChannelService: 'https://botframework.azure.cn' }, /ChannelService is/],
    [
      'a tenant in the list that is none',
      { ...good, TEAMS_ALLOWED_TENANTS: '*' },
      /TEAMS_ALLOWED_TENANTS holds "\*"/,
    ],
    [
      'many tenants and no list',
      { ...good, MicrosoftAppType: 'MultiTenant', MicrosoftAppTenantId: '' },
      /TEAMS_ALLOWED_TENANTS is missing/,
    ],
    ['no authentication for another machine', { LR_TEAMS_DEV_NO_AUTH: '1', HOST: '0.0.0.0' }, /127\.0\.0\.1/],
    ['no authentication in production', { LR_TEAMS_DEV_NO_AUTH: '1', NODE_ENV: 'production' }, /production/],
    ['no authentication next to a bot', { ...good, LR_TEAMS_DEV_NO_AUTH: '1' }, /contradicts/],
    [
      'a door there is not',
      { ...good, LR_TEAMS_DOOR: 'sdk' },
      /LR_TEAMS_DOOR is "sdk"; it must be one of botbuilder, direct/,
    ],
    ['no authentication, misspelt', { LR_TEAMS_DEV_NO_AUTH: 'yes' }, /must be 1/],
  ])('%s', (_what, env, expected) => {
    expect(problems(env)).toMatch(expected);
  });
});

it('US government is read with or without its last slash', () => {
  expect(teams({ ...good, ChannelService: 'https://botframework.azure.us/' })).toMatchObject({
    cloud: 'usGov',
  });
  expect(teams(good)).toMatchObject({ cloud: 'public', allowedTenants: [good.MicrosoftAppTenantId] });
});

it('the door is botbuilder unless the other one is asked for, with and without authentication', () => {
  expect([
    teams(good)?.door,
    teams({ ...good, LR_TEAMS_DOOR: 'direct' })?.door,
    teams({ LR_TEAMS_DEV_NO_AUTH: '1', LR_TEAMS_DOOR: 'Direct' })?.door,
  ]).toEqual(['botbuilder', 'direct', 'direct']);
  expect(read({ LR_TEAMS_DOOR: 'direct' }).warnings.join()).toContain('LR_TEAMS_DOOR has no effect');
});

it('no setting names who issues tokens, where keys are fetched or where the bot signs in', () => {
  const hostile = {
    ToBotFromChannelOpenIdMetadataUrl: 'https://evil.example',
    ToBotFromChannelTokenIssuer: 'https://evil.example',
    BotOpenIdMetadata: 'https://evil.example',
    OAuthUrl: 'https://evil.example',
    ToChannelFromBotLoginUrl: 'https://evil.example',
    CallerId: 'x',
  };
  expect(JSON.stringify(teams({ ...good, ...hostile }))).not.toContain('evil');
});

it('never opens the bot, whatever is written', () => {
  const value = fc.oneof(
    fc.constant(undefined),
    fc.constant(''),
    fc.constantFrom(...Object.values(good), 'MultiTenant', 'UserAssignedMSI', '1'),
    fc.string(),
  );
  fc.assert(
    fc.property(
      fc.record({
        MicrosoftAppType: value,
        MicrosoftAppId: value,
        MicrosoftAppPassword: value,
        MicrosoftAppTenantId: value,
        MicrosoftAppCertificatePath: value,
        TEAMS_ALLOWED_TENANTS: value,
        ChannelService: value,
        LR_TEAMS_DEV_NO_AUTH: value,
        LR_TEAMS_DOOR: fc.constantFrom(undefined, 'botbuilder', 'direct'),
      }),
      (env) => {
        const found = read({ ...env, HOST: '0.0.0.0', SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' });
        const inTeams = 'problems' in found ? undefined : teamsSettings(found.settings);
        if (inTeams === undefined) return;
        // Any of the two GUIDs may have been drawn as the id of the bot; what counts is that it has one.
        expect([good.MicrosoftAppId, good.MicrosoftAppTenantId]).toContain(inTeams.appId);
        expect(inTeams.devNoAuth).toBe(false);
        expect(inTeams.allowedTenants.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 5_000 },
  );
});

describe.each(['botbuilder', 'direct'] as const)('the door %s', (door) => {
  const settings = teams(good);
  const opened = (from: TeamsSettings): Promise<TeamsDoor> =>
    openDoor({ ...from, door }, { http: new Http(), clock: createClock(), log: silent });
  it('is refused without an id, whatever the settings reader let through', async () => {
    await expect(
      opened({
        type: 'MultiTenant',
        cloud: 'public',
        allowedTenants: ['x'],
        devNoAuth: false,
        appId: '',
        password: new Secret('x'),
      }),
    ).rejects.toThrow(/MicrosoftAppId is missing/);
    await expect(
      opened({ type: 'MultiTenant', cloud: 'public', allowedTenants: ['x'], devNoAuth: false }),
    ).rejects.toThrow(/MicrosoftAppId is missing/);
  });
  it.each([
    ['a password', settings],
    ['US government', teams({ ...good, ChannelService: 'https://botframework.azure.us' })],
    ['a managed identity', teams({ ...good, MicrosoftAppPassword: '', MicrosoftAppType: 'UserAssignedMSI' })],
    [
      'several tenants',
      teams({ ...good, MicrosoftAppType: 'MultiTenant', TEAMS_ALLOWED_TENANTS: good.MicrosoftAppTenantId }),
    ],
  ])('checks tokens with %s', async (_what, read) => {
    if (read === undefined) throw new Error('no settings');
    const { appId, issuer } = await opened(read);
    expect([appId, issuer]).toEqual([
      good.MicrosoftAppId,
      read.cloud === 'usGov' ? 'https://api.botframework.us' : 'https://api.botframework.com',
    ]);
  });

  const folder = mkdtempSync(join(tmpdir(), 'lr-cert-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const withCertificate = (path: string): TeamsSettings => ({
    type: 'SingleTenant',
    appId: good.MicrosoftAppId,
    tenantId: good.MicrosoftAppTenantId,
    certificatePath: path,
    cloud: 'public',
    allowedTenants: [good.MicrosoftAppTenantId],
    devNoAuth: false,
  });
  it('takes a certificate and its key from one PEM file', async () => {
    const [key, cert, both] = ['key.pem', 'cert.pem', 'both.pem'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '1',
        '-subj',
        '/CN=lr-test',
      ],
      { stdio: 'ignore' },
    );
    writeFileSync(both, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
    expect((await opened(withCertificate(both))).appId).toBe(good.MicrosoftAppId);
    await expect(opened(withCertificate(cert))).rejects.toThrow(
      /must hold a certificate and its unencrypted private key/,
    );
  });
  it('says which file cannot be read, not what is in it', async () => {
    await expect(opened(withCertificate(join(folder, 'none.pem')))).rejects.toThrow(
      /cannot be read \(ENOENT\)/,
    );
    writeFileSync(
      join(folder, 'bad.pem'),
      '-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n',
    );
    await expect(opened(withCertificate(join(folder, 'bad.pem')))).rejects.toThrow(
      /^(?!.*hunter2).*must hold/,
    );
  });
});
