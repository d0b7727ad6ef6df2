// Missing or misspelt settings stop the start with a sentence; nothing ever opens the bot by accident.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readTeamsSettings, TeamsSettingsError } from '../../../src/adapters/teams/settings.ts';

const good = {
  MicrosoftAppType: 'SingleTenant',
  MicrosoftAppId: '11111111-1111-1111-1111-111111111111',
  MicrosoftAppPassword: 'secret',
  MicrosoftAppTenantId: '22222222-2222-2222-2222-222222222222',
};
const noFile = (): string => {
  throw Object.assign(new Error('no'), { code: 'ENOENT' });
};
const read = (env: Readonly<Record<string, string | undefined>>, host = '0.0.0.0') => readTeamsSettings(env, host, noFile);
function problems(env: Readonly<Record<string, string | undefined>>, host?: string): string {
  try {
    read(env, host);
  } catch (error) {
    if (error instanceof TeamsSettingsError) return error.problems.join('\n');
    throw error;
  }
  return 'none';
}

it('means no Teams when nothing is said', () => {
  expect(read({})).toBeUndefined();
  expect(read({ SLACK_BOT_TOKEN: 'x' })).toBeUndefined();
});

it('reads a single tenant with a password', () => {
  expect(read(good)).toEqual({
    auth: 'entra',
    appType: 'SingleTenant',
    appId: good.MicrosoftAppId,
    tenantId: good.MicrosoftAppTenantId,
    credentials: { kind: 'password', password: 'secret' },
    cloud: 'public',
    tenants: [good.MicrosoftAppTenantId],
  });
});

it('reads a managed identity, US government and several tenants', () => {
  expect(read({ ...good, MicrosoftAppPassword: undefined, MicrosoftAppType: 'UserAssignedMSI', ChannelService: 'https://botframework.azure.us/', TEAMS_ALLOWED_TENANTS: '22222222-2222-2222-2222-222222222222, 33333333-3333-3333-3333-333333333333' })).toMatchObject({
    credentials: { kind: 'managedIdentity' },
    cloud: 'usGov',
    tenants: ['22222222-2222-2222-2222-222222222222', '33333333-3333-3333-3333-333333333333'],
  });
});

describe('a wrong setting stops the start', () => {
  it.each<readonly [string, Readonly<Record<string, string | undefined>>, RegExp]>([
    ['an empty id', { ...good, MicrosoftAppId: '' }, /MicrosoftAppId is empty/],
    ['a missing id', { ...good, MicrosoftAppId: undefined }, /MicrosoftAppId is missing/],
    ['an id that is none', { ...good, MicrosoftAppId: 'my-bot' }, /MicrosoftAppId is not a GUID/],
    ['an empty type', { ...good, MicrosoftAppType: ' ' }, /MicrosoftAppType is empty/],
    ['a missing type', { ...good, MicrosoftAppType: undefined }, /MicrosoftAppType is missing/],
    ['a type spelt otherwise', { ...good, MicrosoftAppType: 'single-tenant' }, /"single-tenant" is not known/],
    ['a type in lower case', { ...good, MicrosoftAppType: 'singletenant' }, /is not known/],
    ['an empty tenant', { ...good, MicrosoftAppTenantId: '' }, /MicrosoftAppTenantId is empty/],
    ['a tenant by name', { ...good, MicrosoftAppTenantId: 'contoso.onmicrosoft.com' }, /MicrosoftAppTenantId is not a GUID/],
    ['an empty password', { ...good, MicrosoftAppPassword: '' }, /MicrosoftAppPassword is empty/],
    ['no password', { ...good, MicrosoftAppPassword: undefined }, /MicrosoftAppPassword .* is missing/],
    ['a password beside a managed identity', { ...good, MicrosoftAppType: 'UserAssignedMSI' }, /has no secret/],
    ['a certificate that cannot be read', { ...good, MicrosoftAppPassword: undefined, MicrosoftAppCertificatePath: 'cert.pem' }, /cannot be read \(ENOENT\)/],
    ['a password and a certificate', { ...good, MicrosoftAppCertificatePath: 'cert.pem' }, /exclude each other/],
    ['another cloud', { ...good, ChannelService: 'https://botframework.azure.cn' }, /ChannelService .* is not known/],
    ['an empty list of tenants', { ...good, TEAMS_ALLOWED_TENANTS: '' }, /TEAMS_ALLOWED_TENANTS is empty/],
    ['a tenant in the list that is none', { ...good, TEAMS_ALLOWED_TENANTS: '*' }, /"\*" is not a tenant id/],
    ['many tenants and no list', { ...good, MicrosoftAppType: 'MultiTenant', MicrosoftAppTenantId: undefined }, /TEAMS_ALLOWED_TENANTS is missing/],
    ['a name in capitals', { MICROSOFTAPPID: good.MicrosoftAppId }, /MICROSOFTAPPID is not a setting; write MicrosoftAppId/],
    ['a name with underscores', { MICROSOFT_APP_ID: good.MicrosoftAppId }, /write MicrosoftAppId/],
    ['only a password', { MicrosoftAppPassword: 'secret' }, /MicrosoftAppId is missing/],
    ['only a list of tenants', { TEAMS_ALLOWED_TENANTS: good.MicrosoftAppTenantId }, /MicrosoftAppId is missing/],
  ])('%s', (_what, env, expected) => {
    expect(problems(env)).toMatch(expected);
  });
  it('with every problem at once, and without repeating a secret', () => {
    const said = problems({ MicrosoftAppType: 'x', MicrosoftAppId: '', MicrosoftAppPassword: 'hunter2' });
    expect(said.split('\n').length).toBeGreaterThanOrEqual(3);
    expect(said).not.toContain('hunter2');
  });
});

describe('the switch that turns authentication off', () => {
  it.each(['127.0.0.1', 'localhost', '::1', '127.8.9.1'])('works on %s', (host) => {
    expect(read({ LR_TEAMS_DEV_NO_AUTH: '1' }, host)).toEqual({ auth: 'none', tenants: [] });
  });
  it.each(['0.0.0.0', '::', '10.0.0.7', 'bot.corp.example', '127.0.0.1.evil.example', ''])('stops the start on %j', (host) => {
    expect(problems({ LR_TEAMS_DEV_NO_AUTH: '1' }, host)).toMatch(/loopback only/);
  });
  it('stops the start in production, beside a bot id, and when misspelt', () => {
    expect(problems({ LR_TEAMS_DEV_NO_AUTH: '1', NODE_ENV: 'production' }, '127.0.0.1')).toMatch(/production/);
    expect(problems({ ...good, LR_TEAMS_DEV_NO_AUTH: '1' }, '127.0.0.1')).toMatch(/exclude each other/);
    expect(problems({ LR_TEAMS_DEV_NO_AUTH: 'yes' }, '127.0.0.1')).toMatch(/is not known/);
    expect(problems({ LR_TEAMS_DEV_NO_AUTH: '' }, '127.0.0.1')).toMatch(/is empty/);
  });
  it('is off for 0 and false', () => {
    expect(read({ ...good, LR_TEAMS_DEV_NO_AUTH: '0' })).toMatchObject({ auth: 'entra' });
    expect(problems({ LR_TEAMS_DEV_NO_AUTH: 'false' })).toMatch(/MicrosoftAppType is missing/);
  });
});

it('never opens the bot, whatever is written', () => {
  const value = fc.oneof(fc.constant(undefined), fc.constant(''), fc.constantFrom(...Object.values(good), 'MultiTenant', 'UserAssignedMSI', '1'), fc.string());
  fc.assert(
    fc.property(fc.record({ MicrosoftAppType: value, MicrosoftAppId: value, MicrosoftAppPassword: value, MicrosoftAppTenantId: value, TEAMS_ALLOWED_TENANTS: value, ChannelService: value, LR_TEAMS_DEV_NO_AUTH: value }), (env) => {
      try {
        const settings = read(env, '0.0.0.0');
        if (settings !== undefined) expect(settings).toMatchObject({ auth: 'entra', appId: good.MicrosoftAppId });
        if (settings?.auth === 'entra') expect(settings.tenants.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(TeamsSettingsError);
      }
    }),
    { numRuns: 2_000 },
  );
});
