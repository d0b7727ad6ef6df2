// Settings: which chat may stand before which Defender, and every problem at once with its next step.
import { slackSettings, teamsSettings } from '../../support/chats/chosenChats.ts';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { knownNames, readSettings } from '../../../src/adapters/config/settings.ts';
import type { Settings } from '../../../src/adapters/config/settings.ts';
import { testKeyText } from '../../support/store/testKeys.ts';
import { Secret } from '../../../src/adapters/secret.ts';

type Variables = Readonly<Record<string, string>>;

/** With the key that a real tenant asks for: what else is wrong is looked for here. */
const withKey = (variables: Variables): Variables =>
  variables['AZURE_TENANT_ID'] === undefined ? variables : { LR_JOURNAL_KEY: testKeyText, ...variables };

function settings(variables: Variables): Settings {
  const read = readSettings(withKey(variables));
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read.settings;
}

function problems(variables: Variables): readonly string[] {
  const read = readSettings(withKey(variables));
  if ('settings' in read) throw new Error('it was accepted');
  return read.problems;
}

const tenant = '11111111-2222-4333-8444-555555555555';
const app = '66666666-7777-4888-8999-aaaaaaaaaaaa';
const azure = { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: app, AZURE_CLIENT_SECRET: 'hush' };
const socket = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
const teams = { MicrosoftAppId: app, MicrosoftAppPassword: 'hush', MicrosoftAppTenantId: tenant };
const local = { DEFENDER_API_URL: 'http://127.0.0.1:4000/', DEFENDER_AUTH: 'none' };

test('without any settings the console is the chat and the simulator is Defender, on loopback', () => {
  expect(settings({})).toEqual({
    http: { host: '127.0.0.1', port: 3978 },
    admin: { host: '127.0.0.1' },
    dataDir: './data',
    policyFile: './policy.yaml',
    record: { everyLines: 100, everyMs: 300_000 },
    chats: [],
    console: true,
    defender: { kind: 'simulator', speed: 10, profile: 'default', tenant: 'simulator' },
    pacing: {
      submitsPerMinute: 10,
      callsPerMinute: 100,
      callsPerHour: 1500,
      sessions: 25,
      pollMs: 2400,
      parkedPollMs: 30_000,
    },
    retentionMs: 30 * 86_400_000,
    resultHosts: [],
    audiences: [],
    logLevel: 'info',
  });
});

test.each<readonly [Variables, Settings['admin']]>([
  [{ PORT: '4000' }, { host: '127.0.0.1' }],
  [{ LR_ADMIN_PORT: '0' }, { host: '127.0.0.1', port: 0 }],
  [
    { LR_ADMIN_PORT: '9000', LR_ADMIN_HOST: '::1' },
    { host: '::1', port: 9000 },
  ],
  [{ LR_ADMIN_PORT: 'off' }, 'off'],
])('the admin port: %j', (variables, admin) => {
  expect(settings(variables).admin).toEqual(admin);
});

test('hosts of results: whole names and endings, in any case', () => {
  expect(
    settings({
      LR_RESULT_HOSTS: 'Results.corp.example, *.z01.blob.storage.azure.net 8.8.8.8,[2606:4700:4700::1111]',
    }).resultHosts,
  ).toEqual(['results.corp.example', '.z01.blob.storage.azure.net', '8.8.8.8', '[2606:4700:4700::1111]']);
});

test.each([
  '*',
  '*.*',
  '*.com',
  '*.net',
  'com',
  'localhost',
  '*.co.uk',
  'x*.corp.example',
  '*corp.example',
  'a.*.example',
  'https://results.corp.example',
  'results.corp.example/path',
  'results.corp.example:8443',
  'user@results.corp.example',
  '.corp.example',
  'corp.example.',
  '-a.example',
  '127.0.0.1',
  '10.0.0.7',
  '169.254.169.254',
  '*.8.8.8',
  '*.8.8.8.8',
  '8.8.8.0/24',
  '[::1]',
  '2606:4700:4700::1111',
  'a..example',
  'a.1',
])('%j is no host of results', (host) => {
  expect(problems({ LR_RESULT_HOSTS: host })).toEqual([expect.stringContaining('LR_RESULT_HOSTS holds')]);
});

test('an admin port that is also the public one is a problem, and one that others reach is told', () => {
  expect(problems({ PORT: '4000', LR_ADMIN_PORT: '4000' })).toEqual([
    expect.stringContaining('needs a port of its own'),
  ]);
  expect(readSettings({ LR_ADMIN_HOST: '0.0.0.0' }).warnings).toEqual([
    expect.stringContaining('LR_ADMIN_HOST is 0.0.0.0'),
  ]);
});

describe('the key of the journal', () => {
  const real = { ...socket, ...azure };

  test('has to be there before a real Defender, told with the line that makes one, and need not be before a simulated one', () => {
    expect(readSettings(real)).toMatchObject({
      problems: [
        expect.stringMatching(
          /The journal has no key, and a real Defender is set up[^]*openssl rand -base64 32 > \S+.*LR_JOURNAL_KEY_FILE/,
        ),
      ],
    });
    for (const simulated of [{}, local, { ...socket, LR_DEFENDER: 'simulator' }])
      expect(readSettings(simulated)).toHaveProperty('settings');
  });

  test('is taken from one place, and never printed', () => {
    expect(settings({ ...real, LR_JOURNAL_KEY: testKeyText }).record.key).toMatchObject({ kind: 'text' });
    expect(readSettings({ ...real, LR_JOURNAL_KEY_FILE: '/run/key' })).toMatchObject({
      settings: { record: { key: { kind: 'file', path: '/run/key' } } },
    });
    expect(inspect(settings({ ...real, LR_JOURNAL_KEY: testKeyText }), { depth: 9 })).not.toContain(
      testKeyText,
    );
    expect(problems({ ...real, LR_JOURNAL_KEY_FILE: '/run/key' })).toEqual([
      expect.stringContaining('are both set'),
    ]);
    expect(problems({ ...real, LR_JOURNAL_KEY: 'secret' })).toEqual([
      expect.stringContaining('A key is made by: openssl rand -base64 32'),
    ]);
    expect(problems({ ...real, LR_ANCHOR_URL: 'http://anchors.example/' })).toEqual([
      expect.stringContaining('must begin with https://'),
    ]);
    expect(problems({ ...real, LR_ANCHOR_EVERY: 'often' })).toEqual([
      expect.stringContaining('LR_ANCHOR_EVERY'),
    ]);
    expect(
      settings({
        ...real,
        LR_ANCHOR_URL: 'http://127.0.0.1:9/anchor',
        LR_ANCHOR_FILE: '/mnt/a',
        LR_ANCHOR_EVERY_LINES: '7',
        LR_ANCHOR_EVERY: '30s',
      }).record,
    ).toMatchObject({ anchorFile: '/mnt/a', everyLines: 7, everyMs: 30_000 });
  });
});

test('the credential of the library is told where the bot could read it, and a misspelt name of it too; its value is in neither', () => {
  const { warnings } = readSettings({
    LIBRARY_CLIENT_SECRET: 'canary-library',
    LIBRARY_CLIENT_SECERT: 'canary-library',
  });
  expect(warnings).toEqual([
    expect.stringMatching(/LIBRARY_CLIENT_SECRET or .* stays out of the bot.*--credentials FILE/),
    expect.stringContaining('Did you mean LIBRARY_CLIENT_SECRET?'),
  ]);
  expect(JSON.stringify(warnings)).not.toContain('canary-library');
  expect(readSettings({ LIBRARY_CLIENT_ID: app }).warnings).toEqual([]);
});

test('the example file is accepted as it stands, means the defaults, and names every setting', () => {
  const text = readFileSync(new URL('../../../../.env.example', import.meta.url), 'utf8');
  const pairs = text.split('\n').flatMap((line): [string, string][] => {
    const match = /^([A-Za-z_]+)=(.*)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', match[2] ?? '']];
  });
  expect(pairs.map(([name]) => name).sort()).toEqual([...knownNames].sort());
  expect(readSettings(Object.fromEntries(pairs))).toEqual(readSettings({}));
  expect(readSettings({})).toHaveProperty('warnings', []);
});

describe('accepted', () => {
  const table: readonly (readonly [string, Variables, object])[] = [
    [
      'the console with a simulator of its own process',
      local,
      {
        console: true,
        defender: {
          kind: 'tenant',
          url: 'http://127.0.0.1:4000',
          loopback: true,
          tenant: 'simulator',
          auth: { kind: 'none' },
        },
      },
    ],
    [
      'Slack over a socket with a tenant',
      { ...socket, ...azure, HOST: '0.0.0.0' },
      {
        console: false,
        slack: { intake: { kind: 'socket' }, command: '/lr', allowedTeams: [], deafAfterMs: 120_000 },
        defender: {
          tenant,
          url: 'https://api.security.microsoft.com',
          auth: {
            scope: 'https://api.securitycenter.microsoft.com/.default',
            azure: { credential: { kind: 'secret', clientId: app } },
          },
        },
      },
    ],
    [
      'Slack over HTTP',
      {
        SLACK_BOT_TOKEN: 'xoxb-1',
        SLACK_SIGNING_SECRET: 's',
        SLACK_COMMAND: '/ir',
        SLACK_ALLOWED_TEAMS: 'T0123ABCD, E0123ABCD',
        ...azure,
      },
      { slack: { intake: { kind: 'http' }, command: '/ir', allowedTeams: ['T0123ABCD', 'E0123ABCD'] } },
    ],
    [
      'a simulated tenant in its first days',
      { LR_SIMULATOR_PROFILE: 'fresh' },
      { defender: { kind: 'simulator', profile: 'fresh' } },
    ],
    [
      'a tenant in which somebody has allowed unsigned scripts',
      { ...socket, ...azure, DEFENDER_UNSIGNED_SCRIPTS: 'allowed' },
      { defender: { kind: 'tenant', unsignedAllowed: true } },
    ],
    [
      'a tenant of which nobody says that',
      { ...socket, ...azure },
      { defender: { kind: 'tenant', unsignedAllowed: false } },
    ],
    [
      'Slack with the simulator that was asked for',
      { ...socket, LR_DEFENDER: 'simulator', LR_SPEED: '20' },
      { defender: { kind: 'simulator', speed: 20 } },
    ],
    ['Slack with a local simulator', { ...socket, ...local }, { defender: { auth: { kind: 'none' } } }],
    [
      'Entra groups beside the simulator',
      { ...socket, LR_DEFENDER: 'simulator', ...azure },
      { azure: { tenantId: tenant } },
    ],
    [
      'Entra groups beside a local simulator',
      { ...socket, ...local, ...azure },
      { azure: { tenantId: tenant }, defender: { auth: { kind: 'none' } } },
    ],
    [
      'Teams',
      { ...teams, ...azure },
      {
        teams: {
          type: 'SingleTenant',
          appId: app,
          tenantId: tenant,
          allowedTenants: [tenant],
          devNoAuth: false,
        },
      },
    ],
    [
      'Teams by managed identity',
      { MicrosoftAppType: 'UserAssignedMSI', MicrosoftAppId: app, MicrosoftAppTenantId: tenant, ...azure },
      { teams: { type: 'UserAssignedMSI' } },
    ],
    [
      'Teams of several tenants',
      { ...teams, MicrosoftAppType: 'MultiTenant', TEAMS_ALLOWED_TENANTS: `${tenant},${app}`, ...azure },
      { teams: { allowedTenants: [tenant, app] } },
    ],
    [
      'Teams without authentication on loopback',
      { LR_TEAMS_DEV_NO_AUTH: '1', LR_DEFENDER: 'simulator' },
      { console: false, teams: { devNoAuth: true } },
    ],
    ['both chats', { ...socket, ...teams, ...azure }, { slack: {}, teams: {}, console: false }],
    [
      'a certificate',
      {
        ...socket,
        AZURE_TENANT_ID: tenant,
        AZURE_CLIENT_ID: app,
        AZURE_CLIENT_CERTIFICATE_PATH: '/run/cert.pem',
      },
      { defender: { auth: { azure: { credential: { kind: 'certificate', path: '/run/cert.pem' } } } } },
    ],
    [
      'workload identity',
      { ...socket, AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: app, AZURE_FEDERATED_TOKEN_FILE: '/run/token' },
      {
        defender: { auth: { azure: { credential: { kind: 'workloadIdentity', tokenFile: '/run/token' } } } },
      },
    ],
    [
      'managed identity',
      { ...socket, AZURE_TENANT_ID: tenant, DEFENDER_AUTH: 'managed-identity' },
      { defender: { auth: { azure: { credential: { kind: 'managedIdentity' } } } } },
    ],
    [
      'whoever is signed in here',
      { ...socket, AZURE_TENANT_ID: tenant, DEFENDER_AUTH: 'developer' },
      { defender: { auth: { azure: { tenantId: tenant, credential: { kind: 'developer' } } } } },
    ],
    [
      'a government cloud',
      { ...socket, ...azure, DEFENDER_CLOUD: 'GCC-High' },
      {
        defender: {
          url: 'https://api-gov.securitycenter.microsoft.us',
          auth: {
            azure: { authority: 'https://login.microsoftonline.us' },
            scope: 'https://api-gov.securitycenter.microsoft.us/.default',
          },
        },
      },
    ],
    [
      'an older host with the same audience',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://api-eu.securitycenter.microsoft.com' },
      {
        defender: {
          url: 'https://api-eu.securitycenter.microsoft.com',
          auth: { scope: 'https://api.securitycenter.microsoft.com/.default' },
        },
      },
    ],
    [
      'a scope by application id',
      { ...socket, ...azure, DEFENDER_SCOPE: 'fc780465-2017-40d4-a0c5-307022471b92/.default' },
      { defender: { auth: { scope: 'fc780465-2017-40d4-a0c5-307022471b92/.default' } } },
    ],
    [
      'a resource that ends with a slash of its own',
      {
        ...socket,
        ...azure,
        DEFENDER_SCOPE: 'https://securitycenter.onmicrosoft.com/windowsatpservice//.default',
      },
      { defender: { auth: { scope: 'https://securitycenter.onmicrosoft.com/windowsatpservice//.default' } } },
    ],
    [
      'audiences of one’s own',
      {
        DEFENDER_AUDIENCES:
          'https://api.securitycenter.windows.com/ api://5f0c1d2e-0000-4000-8000-000000000000/.default',
      },
      { audiences: ['https://api.securitycenter.windows.com', 'api://5f0c1d2e-0000-4000-8000-000000000000'] },
    ],
    [
      'hosts of results in sovereign clouds',
      {
        LR_RESULT_HOSTS:
          '*.blob.core.chinacloudapi.cn, *.Z01.blob.storage.azure.us defenderresults.corp.example',
      },
      {
        resultHosts: [
          '.blob.core.chinacloudapi.cn',
          '.z01.blob.storage.azure.us',
          'defenderresults.corp.example',
        ],
      },
    ],
    [
      'pacing of one’s own',
      {
        LR_SUBMITS_PER_MINUTE: '5',
        LR_SESSIONS: '50',
        LR_OFFLINE_QUEUE: '2h',
        LR_LOG_LEVEL: 'DEBUG',
        PORT: '0',
      },
      {
        pacing: { submitsPerMinute: 5, sessions: 50, offlineQueueMs: 7_200_000 },
        logLevel: 'debug',
        http: { port: 0 },
      },
    ],
    [
      'credentials of the shell beside a simulator that was asked for',
      { LR_DEFENDER: 'simulator', AZURE_CLIENT_ID: app },
      { console: true, defender: { kind: 'simulator' } },
    ],
  ];
  test.each(table)('%s', (_name, variables, expected) => {
    const read = settings(variables);
    const [slack, inTeams] = [slackSettings(read), teamsSettings(read)];
    expect({ ...read, slack, teams: inTeams }).toMatchObject(expected);
  });
});

describe('refused', () => {
  const table: readonly (readonly [string, Variables, readonly RegExp[]])[] = [
    ['the console for everybody', { HOST: '0.0.0.0' }, [/lets one human play everybody/]],
    ['the console with a real Defender', azure, [/never runs with a real Defender/]],
    [
      'a real chat with a simulator nobody asked for',
      socket,
      [/Slack is set up, but no Defender.*LR_DEFENDER=simulator/],
    ],
    ['two real chats with a simulator nobody asked for', { ...socket, ...teams }, [/^Slack and Teams/]],
    [
      'an asked-for simulator beside a Defender',
      { ...socket, LR_DEFENDER: 'simulator', DEFENDER_API_URL: 'https://api.security.microsoft.com' },
      [/contradicts DEFENDER_API_URL/],
    ],
    [
      'no authentication for another machine',
      { ...socket, DEFENDER_AUTH: 'none', DEFENDER_API_URL: 'https://api.security.microsoft.com' },
      [/127\.0\.0\.1 only/],
    ],
    ['no authentication for the cloud', { ...socket, DEFENDER_AUTH: 'none' }, [/127\.0\.0\.1 only/]],
    [
      'http to another machine',
      { ...socket, ...azure, DEFENDER_API_URL: 'http://defender.corp.example' },
      [/https:\/\//],
    ],
    ['a URL that is none', { ...socket, ...azure, DEFENDER_API_URL: 'defender' }, [/not a URL/]],
    [
      'credentials in a URL',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://a:b@api.security.microsoft.com' },
      [/neither credentials/],
    ],
    [
      'a foreign host with Microsoft’s audience',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://defender.attacker.example' },
      [/DEFENDER_SCOPE/],
    ],
    [
      'a host that ends like Microsoft’s',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://evilsecurity.microsoft.com.attacker.example' },
      [/DEFENDER_SCOPE/],
    ],
    [
      'a scope that is a resource',
      { ...socket, ...azure, DEFENDER_SCOPE: 'https://api.securitycenter.microsoft.com' },
      [
        /ends with \/\.default\. Write DEFENDER_SCOPE=https:\/\/api\.securitycenter\.microsoft\.com\/\.default, or leave it out/,
      ],
    ],
    [
      'a scope that is a resource with a slash',
      { ...socket, ...azure, DEFENDER_SCOPE: 'https://api.securitycenter.windows.com/' },
      [/Write DEFENDER_SCOPE=https:\/\/api\.securitycenter\.windows\.com\/\.default,/],
    ],
    [
      'a scope with a slash behind it',
      { ...socket, ...azure, DEFENDER_SCOPE: 'https://api.securitycenter.microsoft.com/.default/' },
      [
        /nothing stands after \/\.default\. Write DEFENDER_SCOPE=https:\/\/api\.securitycenter\.microsoft\.com\/\.default,/,
      ],
    ],
    [
      'a scope in capitals',
      { ...socket, ...azure, DEFENDER_SCOPE: 'https://api.securitycenter.microsoft.com/.Default' },
      [/in small letters/],
    ],
    [
      'a scope without https',
      { ...socket, ...azure, DEFENDER_SCOPE: 'api.securitycenter.microsoft.com/.default' },
      [/Write DEFENDER_SCOPE=https:\/\/api\.securitycenter\.microsoft\.com\/\.default,/],
    ],
    [
      'two scopes',
      {
        ...socket,
        ...azure,
        DEFENDER_SCOPE: 'https://api.securitycenter.microsoft.com/.default offline_access',
      },
      [/one scope/],
    ],
    [
      'a permission in place of a scope',
      { ...socket, ...azure, DEFENDER_SCOPE: 'Machine.LiveResponse' },
      [/ends with \/\.default/],
    ],
    [
      'an audience that is none',
      { DEFENDER_AUDIENCES: 'https://api.securitycenter.windows.com, windowsatpservice' },
      [/DEFENDER_AUDIENCES holds "windowsatpservice"/],
    ],
    [
      'the portal in place of the API',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://security.microsoft.com/' },
      [/which is the portal and not the API\. Remove it/],
    ],
    [
      'Graph in place of the API',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://graph.microsoft.com/v1.0' },
      [/which is Microsoft Graph and not the API/],
    ],
    [
      'the API with its path',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://api.security.microsoft.com/api/' },
      [/adds \/api itself\. Write DEFENDER_API_URL=https:\/\/api\.security\.microsoft\.com\.$/],
    ],
    [
      'a whole address of the API',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://eu.api.security.microsoft.com/api/machines' },
      [/Write DEFENDER_API_URL=https:\/\/eu\.api\.security\.microsoft\.com\.$/],
    ],
    [
      'the API with a port',
      { ...socket, ...azure, DEFENDER_API_URL: 'https://api.security.microsoft.com:8443' },
      [/without port and path/],
    ],
    [
      'half a credential: no secret',
      { ...socket, AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: app },
      [/no Azure credential/],
    ],
    [
      'half a credential: no tenant',
      { ...socket, AZURE_CLIENT_ID: app, AZURE_CLIENT_SECRET: 'x' },
      [/AZURE_TENANT_ID is missing/],
    ],
    [
      'half a credential: no client',
      { ...socket, AZURE_TENANT_ID: tenant, AZURE_CLIENT_SECRET: 'x' },
      [/AZURE_CLIENT_ID is missing/],
    ],
    ['two credentials', { ...socket, ...azure, AZURE_CLIENT_CERTIFICATE_PATH: '/x' }, [/both set/]],
    [
      'a credential that was named and is not there',
      { ...socket, ...azure, DEFENDER_AUTH: 'certificate' },
      [/AZURE_CLIENT_CERTIFICATE_PATH is missing/],
    ],
    [
      'half a set for Entra groups',
      { ...socket, LR_DEFENDER: 'simulator', AZURE_CLIENT_ID: app },
      [/AZURE_TENANT_ID is missing/, /no Azure credential/],
    ],
    [
      'a tenant that is no GUID',
      { ...socket, ...azure, AZURE_TENANT_ID: 'corp.example' },
      [/not a tenant id/],
    ],
    [
      'Slack without a way in',
      { SLACK_BOT_TOKEN: 'xoxb-1', ...azure },
      [/SLACK_APP_TOKEN .* or SLACK_SIGNING_SECRET/],
    ],
    ['Slack without a bot token', { SLACK_APP_TOKEN: 'xapp-1', ...azure }, [/SLACK_BOT_TOKEN is missing/]],
    [
      'Slack tokens in each other’s place',
      { SLACK_BOT_TOKEN: 'xapp-1', SLACK_APP_TOKEN: 'xoxb-1', ...azure },
      [/begin with xoxb-/, /begin with xapp-/],
    ],
    ['a Slack command without a slash', { ...socket, ...azure, SLACK_COMMAND: 'lr' }, [/SLACK_COMMAND/]],
    [
      'a socket that is given no time to come back',
      { ...socket, ...azure, SLACK_DEAF_AFTER: '9s' },
      [/SLACK_DEAF_AFTER is below 10s/],
    ],
    [
      'a socket’s patience without a unit',
      { ...socket, ...azure, SLACK_DEAF_AFTER: '120' },
      [/SLACK_DEAF_AFTER is "120"/],
    ],
    ['a Slack team by name', { ...socket, ...azure, SLACK_ALLOWED_TEAMS: 'corp' }, [/team ids look like/]],
    [
      'a Teams type the SDK would take for another',
      { ...teams, ...azure, MicrosoftAppType: 'single-tenant' },
      [/exactly SingleTenant/],
    ],
    [
      'Teams without an id',
      { MicrosoftAppPassword: 'x', MicrosoftAppTenantId: tenant, ...azure },
      [/MicrosoftAppId is missing/],
    ],
    [
      'Teams without a password',
      { MicrosoftAppId: app, MicrosoftAppTenantId: tenant, ...azure },
      [/MicrosoftAppPassword is missing/],
    ],
    [
      'Teams without a tenant',
      { MicrosoftAppId: app, MicrosoftAppPassword: 'x', ...azure },
      [/MicrosoftAppTenantId is missing/],
    ],
    [
      'Teams by managed identity with a password',
      { ...teams, MicrosoftAppType: 'UserAssignedMSI', ...azure },
      [/must not be set/],
    ],
    [
      'Teams for all tenants',
      { ...teams, MicrosoftAppType: 'MultiTenant', ...azure },
      [/TEAMS_ALLOWED_TENANTS is missing/],
    ],
    [
      'Teams without authentication for everybody',
      { LR_TEAMS_DEV_NO_AUTH: '1', HOST: '0.0.0.0', LR_DEFENDER: 'simulator' },
      [/HOST must be 127/],
    ],
    [
      'Teams without authentication before a real Defender',
      { LR_TEAMS_DEV_NO_AUTH: '1', ...azure },
      [/simulator only/],
    ],
    [
      'Teams with and without authentication',
      { LR_TEAMS_DEV_NO_AUTH: '1', ...teams, LR_DEFENDER: 'simulator' },
      [/contradicts MicrosoftAppId/],
    ],
    ['more submits than Defender takes', { LR_SUBMITS_PER_MINUTE: '11' }, [/from 1 to 10/]],
    [
      'numbers that are none',
      { PORT: '80a', LR_SESSIONS: '-1', LR_RETENTION: 'long', LR_LOG_LEVEL: 'loud', LR_DEFENDER: 'maybe' },
      [/PORT/, /LR_SESSIONS/, /LR_RETENTION/, /LR_LOG_LEVEL/, /LR_DEFENDER/],
    ],
    [
      'a simulator’s profile for a real tenant',
      { ...socket, ...azure, LR_SIMULATOR_PROFILE: 'fresh' },
      [/LR_SIMULATOR_PROFILE is for the simulator inside the bot; one of its own takes --profile/],
    ],
    [
      'a simulator’s profile that there is not',
      { LR_SIMULATOR_PROFILE: 'new' },
      [/LR_SIMULATOR_PROFILE.*default.*fresh/],
    ],
    [
      'a word on unsigned scripts for the simulator',
      { DEFENDER_UNSIGNED_SCRIPTS: 'allowed' },
      [
        /DEFENDER_UNSIGNED_SCRIPTS is for a Defender tenant; the simulator inside the bot goes by LR_SIMULATOR_PROFILE/,
      ],
    ],
    [
      'a word on unsigned scripts that nobody knows',
      { ...socket, ...azure, DEFENDER_UNSIGNED_SCRIPTS: 'yes' },
      [/DEFENDER_UNSIGNED_SCRIPTS.*unknown.*allowed/],
    ],
    ['a speed for a real tenant', { ...socket, ...azure, LR_SPEED: '20' }, [/LR_SPEED/]],
  ];
  test.each(table)('%s', (_name, variables, expected) => {
    const found = problems(variables);
    for (const one of expected) expect(found.join('\n')).toMatch(one);
    expect(found).toHaveLength(expected.length);
  });

  test.each([
    { LR_DATA_DIR: '~/data' },
    { LR_DATA_DIR: '$HOME/data' },
    { LR_POLICY: '%APPDATA%\\policy.yaml' },
  ])('row 1.21: a path that only a shell completes: %j', (variables) => {
    expect(problems(variables)).toEqual([expect.stringContaining('write the whole path')]);
  });

  test('many things at once are all named', () => {
    expect(
      problems({ PORT: 'x', SLACK_APP_TOKEN: 'y', MicrosoftAppId: 'z', AZURE_CLIENT_ID: app }),
    ).toHaveLength(8);
  });
});

describe('a misspelt name', () => {
  test.each([
    ['LR_POLICI', /Did you mean LR_POLICY/],
    ['SLACK_BOT_TOKN', /Did you mean SLACK_BOT_TOKEN/],
    ['DEFENDER_URL', /has no effect/],
    ['MICROSOFTAPPID', /Did you mean MicrosoftAppId/],
  ])('%s is warned about', (name, says) => {
    expect(readSettings({ [name]: 'x' }).warnings.join()).toMatch(says);
  });

  test('of somebody else is not, nor an empty one', () => {
    expect(readSettings({ PATH: '/bin', LRX: '1', SLACKER: '1', LR_NOTHING: ' ' }).warnings).toEqual([]);
  });
});

test('settings of a chat that is not set up are warned about', () => {
  expect(readSettings({ SLACK_COMMAND: '/ir', TEAMS_ALLOWED_TENANTS: tenant }).warnings).toHaveLength(2);
});

describe('a secret', () => {
  const read = settings({
    ...socket,
    ...teams,
    ...azure,
    SLACK_BOT_TOKEN: 'xoxb-very-secret',
    AZURE_CLIENT_SECRET: 'very-secret',
    MicrosoftAppPassword: 'very-secret',
  });

  test('is given away by reveal alone', () => {
    expect(slackSettings(read)?.botToken.reveal()).toBe('xoxb-very-secret');
    for (const shown of [
      JSON.stringify(read),
      inspect(read, { depth: 10, showHidden: true }),
      String(slackSettings(read)?.botToken),
      String(teamsSettings(read)?.password),
      JSON.stringify(Object.entries(slackSettings(read) ?? {})),
    ]) {
      expect(shown).not.toContain('very-secret');
      expect(shown).toContain('[secret]');
    }
    expect(Object.keys(new Secret('x'))).toEqual([]);
  });

  test('is in no problem and no warning', () => {
    fc.assert(
      fc.property(fc.subarray([...knownNames]), (names) => {
        const read = readSettings(
          Object.fromEntries(
            names.map((name) => [name, /TOKEN$|SECRET$|Password$/.test(name) ? 'very-secret' : '1']),
          ),
        );
        expect(JSON.stringify(read)).not.toContain('very-secret');
      }),
    );
  });
});
