// What the guides' settings lead to, as stand-ins on this machine: sign-in, Defender, Teams' keys and Slack
// under their real names, reached through a proxy as in a company network, so that every command runs exactly
// as the guide writes it.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer as createTls } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { selfSigned } from '../support/entra/selfSigned.ts';
import { startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace } from '../support/slack/slackTestApp.ts';
import { forward } from '../support/programs/forward.ts';

export interface Cloud {
  /** For HTTPS_PROXY. */
  readonly proxy: string;
  /** PEM file for NODE_EXTRA_CA_CERTS. */
  readonly authorities: string;
  readonly slack: FakeSlack;
  readonly simulator: Simulator;
  /**
   * Hosts that were asked for and that nobody plays: a guide that needs one of them needs the real platform.
   */
  readonly strangers: ReadonlySet<string>;
  close(): Promise<void>;
}

export const people = {
  tenant: '22222222-2222-4222-8222-222222222222',
  teamsApp: '11111111-1111-4111-8111-111111111111',
  defenderApp: '66666666-7777-4888-8999-aaaaaaaaaaaa',
  secret: 'stand-in-secret',
} as const;
/** Each of the permissions that the bot uses, and no other. */
const roles = ['Machine.LiveResponse', 'Machine.ReadWrite.All', 'Machine.Read.All', 'Library.Manage'];

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/**
 * A token as Entra's claims make it; its signature is checked by nobody but the API, which is played here
 * too.
 */
function tokenFor(form: URLSearchParams, tenant: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const audience = (form.get('scope') ?? '').replace(/\/\.default$/, '');
  return `${part({ alg: 'RS256', typ: 'JWT', kid: 'stand-in' })}.${part({ aud: audience, appid: form.get('client_id'), tid: tenant, roles, iat: now, nbf: now, exp: now + 3_599 })}.c2lnbmF0dXJl`;
}

async function signIn(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = message.url ?? '/';
  const origin = `https://${message.headers.host ?? ''}`;
  const tenant = /^\/([^/]+)\//.exec(path)?.[1] ?? '';
  if (path.includes('/discovery/instance'))
    say(response, 200, {
      tenant_discovery_endpoint: `${origin}/${people.tenant}/v2.0/.well-known/openid-configuration`,
      metadata: [
        {
          preferred_network: 'login.microsoftonline.com',
          preferred_cache: 'login.windows.net',
          aliases: ['login.microsoftonline.com', 'login.windows.net'],
        },
      ],
    });
  else if (path.includes('/.well-known/openid-configuration'))
    say(response, 200, {
      token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${origin}/${tenant}/logout`,
      issuer: `${origin}/${tenant}/v2.0`,
      jwks_uri: `${origin}/keys`,
    });
  else if (path.includes('/oauth2/v2.0/token')) {
    let text = '';
    for await (const chunk of message) text += String(chunk);
    const form = new URLSearchParams(text);
    if (form.get('client_secret') === people.secret)
      say(response, 200, {
        token_type: 'Bearer',
        expires_in: 3599,
        ext_expires_in: 3599,
        access_token: tokenFor(form, tenant),
      });
    else
      say(response, 401, {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret provided.',
        error_codes: [7000215],
      });
  } else say(response, 404, { error: 'not_found' });
}

function botFramework(message: IncomingMessage, response: ServerResponse): void {
  if ((message.url ?? '').includes('openidconfiguration'))
    say(response, 200, {
      issuer: 'https://api.botframework.com',
      jwks_uri: 'https://login.botframework.com/v1/.well-known/keys',
      id_token_signing_alg_values_supported: ['RS256'],
    });
  else if ((message.url ?? '').includes('keys')) say(response, 200, { keys: [] });
  else say(response, 404, {});
}

/** Who answers under a host's real name. */
export type Hosts = Readonly<Record<string, (message: IncomingMessage, response: ServerResponse) => unknown>>;

/**
 * @param more hosts in addition to the usual ones, or in place of them
 * @param deviceSpeed how many times as fast as real ones the devices work
 */
export async function startCloud(folder: string, more: Hosts = {}, deviceSpeed = 200): Promise<Cloud> {
  const slack = await startFakeSlack();
  seedWorkspace(slack);
  slack.world.scopes = [...slack.world.scopes, 'channels:history', 'groups:history'];
  const simulator = await startSimulator({ deviceSpeed });
  const hosts: Hosts = {
    'login.microsoftonline.com': signIn,
    'login.botframework.com': botFramework,
    'api.security.microsoft.com': forward(simulator.url),
    'slack.com': forward(slack.apiUrl.replace(/\/api\/$/, '/')),
    ...more,
  };
  const servers = new Map<string, TlsServer>();
  const sockets = new Set<Socket>();
  let bundle = '';
  for (const [host, answer] of Object.entries(hosts)) {
    const tls = selfSigned(`stand-in for ${host}`, host);
    bundle += tls.cert;
    const server = createTls(
      { cert: tls.cert, key: tls.key },
      (message, response) => void answer(message, response),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.set(host, server);
  }
  const authorities = join(folder, 'stand-ins.pem');
  writeFileSync(authorities, bundle);

  const strangers = new Set<string>();
  const proxy = createServer((_message, response) => response.writeHead(501).end());
  proxy.on('connect', (message, client: Socket) => {
    const host = (message.url ?? '').split(':')[0] ?? '';
    sockets.add(client);
    client.on('error', () => client.destroy());
    const server = servers.get(host);
    if (server === undefined) {
      strangers.add(host);
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const onward = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    sockets.add(onward);
    onward.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));

  return {
    proxy: `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`,
    authorities,
    slack,
    simulator,
    strangers,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(
        [proxy, ...servers.values()].map(
          (server) =>
            new Promise((resolve) => {
              server.close(resolve);
              server.closeAllConnections();
            }),
        ),
      );
      await simulator.stop();
      await slack.close();
    },
  };
}
