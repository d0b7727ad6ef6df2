// Set-ups that are accepted: which chat may stand in front of which Defender, with which credential.
import { describe, expect, test } from '@jest/globals';
import { slackSettings, teamsSettings } from '../../support/chats/chosenChats.ts';
import { app, azure, local, settings, socket, teams, tenant } from './settingsOf.ts';
import type { Variables } from './settingsOf.ts';

const accepted: readonly (readonly [string, Variables, object])[] = [
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

describe('accepted', () => {
  test.each(accepted)('%s', (_name, variables, expected) => {
    const read = settings(variables);
    const [slack, inTeams] = [slackSettings(read), teamsSettings(read)];
    expect({ ...read, slack, teams: inTeams }).toMatchObject(expected);
  });
});
