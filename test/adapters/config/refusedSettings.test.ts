// Set-ups that are refused, each with every problem at once and its next step.
import { describe, expect, test } from '@jest/globals';
import { app, azure, problems, socket, teams, tenant } from './settingsOf.ts';
import type { Variables } from './settingsOf.ts';

type Row = readonly [name: string, variables: Variables, problems: readonly RegExp[]];

const defender: readonly Row[] = [
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
  ['a tenant that is no GUID', { ...socket, ...azure, AZURE_TENANT_ID: 'corp.example' }, [/not a tenant id/]],
];

const chats: readonly Row[] = [
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
];

const values: readonly Row[] = [
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

describe('refused', () => {
  test.each([...defender, ...chats, ...values])('%s', (_name, variables, expected) => {
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
