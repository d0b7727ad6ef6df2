// One way out of this process, named by the first argument, under the proxy of the environment. What comes of
// the call does not matter here.
import { createServer } from 'node:http';
import { createClock } from '../../../src/adapters/clock.ts';
import { createLog } from '../../../src/adapters/log.ts';
import { EntraTokens } from '../../../src/adapters/entra/credentials.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { proxyDispatcher, proxyFrom, useProxy } from '../../../src/adapters/outbound/proxy.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import type { TeamsSettings } from '../../../src/adapters/teams/settings.ts';

const proxy = proxyFrom(process.env);
if (proxy === undefined || 'wrong' in proxy) throw new Error('no proxy');
await useProxy(proxy, process.env);
const way = proxy;
const log = createLog({ level: 'silent' });
const clock = createClock();
const teams: TeamsSettings = {
  type: 'SingleTenant',
  appId: '11111111-2222-4333-8444-555555555555',
  tenantId: '22222222-2222-4333-8444-555555555555',
  password: new Secret('s'),
  cloud: 'public',
  allowedTenants: ['22222222-2222-4333-8444-555555555555'],
  devNoAuth: false,
};

async function doorTo(settings: TeamsSettings) {
  return (await import('../../../src/adapters/teams/doors.ts')).openDoor(settings, {
    http: new Http({ proxy: way }),
    clock,
    log,
  });
}

async function post(settings: TeamsSettings): Promise<void> {
  const [{ Connector }, { ConnectorRates }] = await Promise.all([
    import('../../../src/adapters/teams/outbound/connector.ts'),
    import('../../../src/adapters/teams/outbound/connectorRates.ts'),
  ]);
  const connector = new Connector({
    door: await doorTo(settings),
    budgets: new ConnectorRates(clock),
    clock,
    log,
    jitter: () => 0,
    timeout: 5_000,
  });
  await connector.post(
    { serviceUrl: 'https://connector.proxied.example/', conversation: 'c' },
    { text: 'x' },
  );
}

async function judge(settings: TeamsSettings, issuer = 'https://api.botframework.com'): Promise<unknown> {
  const door = await doorTo(settings);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss: issuer, aud: teams.appId })}.c2ln`;
  return door.tokenProblem({
    body: { type: 'message', channelId: 'msteams', serviceUrl: 'https://x/' },
    serviceUrl: 'https://x/',
    header: `Bearer ${token}`,
  });
}

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  http: () =>
    new Http({ proxy: way }).send({
      method: 'GET',
      url: new URL('https://api.proxied.example/'),
      maxBytes: 100,
    }),
  results: () =>
    new Http({ proxy: way }).send({
      method: 'GET',
      url: new URL('https://blob.proxied.example/'),
      maxBytes: 100,
      connection: 'public',
    }),
  direct: () =>
    new Http({ proxy: way, timeoutMs: 2_000 }).send({
      method: 'GET',
      url: new URL('http://127.0.0.1:9/'),
      maxBytes: 100,
    }),
  slack: () => fetch('https://slack.proxied.example/api/'),
  entra: () =>
    new EntraTokens({
      credentials: {
        kind: 'secret',
        tenantId: teams.tenantId ?? '',
        clientId: teams.appId ?? '',
        secret: new Secret('s'),
      },
      authority: 'https://login.proxied.example',
      retries: 0,
    }).getToken('https://x/.default'),
  teamsToken: () => post(teams),
  teamsConnector: () => post({ ...teams, devNoAuth: true }),
  teamsKeys: () => judge(teams),
  directToken: () => post({ ...teams, door: 'direct' }),
  directConnector: () => post({ ...teams, devNoAuth: true, door: 'direct' }),
  directKeys: () => judge({ ...teams, door: 'direct' }),
  directTokenGov: () => post({ ...teams, cloud: 'usGov', door: 'direct' }),
  directKeysGov: () => judge({ ...teams, cloud: 'usGov', door: 'direct' }, 'https://api.botframework.us'),
  async slackSocket() {
    const [{ Socket }, { boltLogger }] = await Promise.all([
      import('../../../src/adapters/slack/inbound/socket.ts'),
      import('../../../src/adapters/slack/outbound/webApi.ts'),
    ]);
    const server = createServer(
      (_request, response) =>
        void response
          .setHeader('content-type', 'application/json')
          .end('{"ok":true,"url":"wss://socket.proxied.example/link"}'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const apiUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/api/`;
    await new Socket({
      appToken: 'xapp-1',
      apiUrl,
      clock,
      log,
      logger: boltLogger(log),
      fetch,
      dispatcher: proxyDispatcher(way),
      onDeaf: () => undefined,
      deafAfter: 2_000,
    }).start();
  },
};

const chosen = ways[process.argv[2] ?? ''];
if (chosen === undefined) throw new Error('no such way');
await chosen().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
});
process.exit(0);
