// Microsoft's side of a setup under its real names: sign-in, the keys of Teams and Defender behind a proxy,
// with certificates that a program trusts by NODE_EXTRA_CA_CERTS. Entra answers as it does in the field: a
// tenant that is not there already fails where its addresses are asked for.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from 'node:https';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { selfSigned } from './selfSigned.ts';
import { forward } from '../programs/forward.ts';

export const registered = {
  tenant: '22222222-2222-4222-8222-222222222222',
  teams: { appId: '11111111-1111-4111-8111-111111111111', secret: 'Tms8Q~right-secret-of-the-bot' },
  defender: { appId: '66666666-7777-4888-8999-aaaaaaaaaaaa', secret: 'Dfn8Q~right-secret-of-defender' },
} as const;

/** Every permission the bot uses, as an administrator consented to them. */
export const allRoles = [
  'Machine.LiveResponse',
  'Machine.ReadWrite.All',
  'Machine.Read.All',
  'Library.Manage',
] as const;

export interface MicrosoftCloud {
  /** For the environment of a program. */
  readonly environment: Readonly<Record<string, string>>;
  readonly simulator: Simulator;
  /** What of it a test changes. */
  readonly world: {
    roles: readonly string[];
    /** The secrets. */
    expired: boolean;
    /** Every host. */
    down: boolean;
    /**
     * Live response, looked at before the device is: which comes first in the field is in no page, and the
     * simulator plays the other order.
     */
    off: boolean;
  };
  /** Hosts that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function tokenFor(form: URLSearchParams, roles: readonly string[]): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'RS256', typ: 'JWT', kid: 'stand-in' })}.${part({ aud: (form.get('scope') ?? '').replace(/\/\.default$/, ''), appid: form.get('client_id'), tid: registered.tenant, roles, iat: now, nbf: now, exp: now + 3_599 })}.c2lnbmF0dXJl`;
}

async function signIn(
  world: MicrosoftCloud['world'],
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = message.url ?? '/';
  const base = `https://${message.headers.host ?? ''}/${registered.tenant}`;
  const refuse = (status: number, error: string, code: number, text: string): void => {
    say(response, status, {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: 0 Correlation ID: 0`,
      error_codes: [code],
    });
  };
  const tenant = /^\/([^/]+)\//.exec(path)?.[1] ?? '';
  if (tenant !== registered.tenant) {
    refuse(
      400,
      'invalid_tenant',
      90002,
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
    );
    return;
  }
  if (path.includes('/.well-known/openid-configuration')) {
    say(response, 200, {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${base}/logout`,
      issuer: `${base}/v2.0`,
      jwks_uri: `${base}/keys`,
    });
    return;
  }
  let text = '';
  for await (const chunk of message) text += String(chunk);
  const form = new URLSearchParams(text);
  const app = [registered.teams, registered.defender].find(({ appId }) => appId === form.get('client_id'));
  if (app === undefined)
    refuse(
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${form.get('client_id') ?? ''}' was not found in the directory.`,
    );
  else if (world.expired)
    refuse(401, 'invalid_client', 7000222, 'The provided client secret keys for app are expired.');
  else if (form.get('client_secret') !== app.secret)
    refuse(
      401,
      'invalid_client',
      7000215,
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
    );
  else
    say(response, 200, {
      token_type: 'Bearer',
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: tokenFor(form, world.roles),
    });
}

function botFramework(message: IncomingMessage, response: ServerResponse): void {
  if ((message.url ?? '').includes('openidconfiguration'))
    say(response, 200, {
      issuer: 'https://api.botframework.com',
      jwks_uri: 'https://login.botframework.com/v1/.well-known/keys',
      id_token_signing_alg_values_supported: ['RS256'],
    });
  else say(response, 200, { keys: [] });
}

const listening = (server: {
  listen(port: number, host: string, done: () => void): unknown;
  address(): unknown;
}): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });

/**
 * @param folder for the certificates @param slackApi where a fake Slack answers; without it slack.com is
 * nobody
 */
export async function startMicrosoftCloud(folder: string, slackApi?: string): Promise<MicrosoftCloud> {
  const simulator = await startSimulator({ profile: { auth: 'token' } });
  const world: MicrosoftCloud['world'] = { roles: allRoles, expired: false, down: false, off: false };
  const defender = forward(simulator.url);
  const hosts: Readonly<Record<string, (message: IncomingMessage, response: ServerResponse) => unknown>> = {
    'login.microsoftonline.com': (message, response) => signIn(world, message, response),
    'login.botframework.com': botFramework,
    'api.security.microsoft.com': (message, response) => {
      if (world.off && (message.url ?? '').endsWith('/runliveresponse'))
        say(response, 403, {
          error: {
            code: 'DisabledFeature',
            message: 'Live response is disabled for this organization.',
            target: '00000000-0000-4000-8000-000000000000',
          },
        });
      else defender(message, response);
    },
    ...(slackApi === undefined ? {} : { 'slack.com': forward(new URL('/', slackApi).href) }),
  };
  const ports = new Map<string, number>();
  const servers: Server[] = [];
  let authorities = '';
  for (const [host, answer] of Object.entries(hosts)) {
    const tls = selfSigned(`stand-in for ${host}`, host);
    authorities += tls.cert;
    const server = createTls(
      { cert: tls.cert, key: tls.key },
      (message, response) => void answer(message, response),
    );
    ports.set(host, await listening(server));
    servers.push(server);
  }
  const file = join(folder, 'stand-ins.pem');
  writeFileSync(file, authorities);

  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const proxy = createServer((_message, response) => response.writeHead(501).end());
  proxy.on('connect', (message, client: Socket) => {
    const host = (message.url ?? '').split(':')[0] ?? '';
    asked.push(host);
    sockets.add(client);
    client.on('error', () => client.destroy());
    const port = world.down ? undefined : ports.get(host);
    if (port === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    sockets.add(onward);
    onward.on('error', () => client.destroy());
  });
  const proxyPort = await listening(proxy);
  return {
    environment: { HTTPS_PROXY: `http://127.0.0.1:${String(proxyPort)}`, NODE_EXTRA_CA_CERTS: file },
    simulator,
    world,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(
        [proxy, ...servers].map(
          (server) =>
            new Promise((resolve) => {
              server.close(resolve);
              server.closeAllConnections();
            }),
        ),
      );
      await simulator.stop();
    },
  };
}
