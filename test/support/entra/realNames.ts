// The clouds that the bot talks to, under their real names: sign-in, Defender with its results, Teams with
// its keys, Slack with its sockets and answers. Each is played on a TLS port of its own on this machine, and
// reached by name through a company's proxy alone, as in a network without another way out; the program under
// test is configured as in production and knows of none of it.
import { createServer } from 'node:https';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace } from '../../../src/demo/slack/workspace.ts';
import { FakeConnector } from '../../../src/demo/teams/fakeConnector.ts';
import { appId, TeamsStage, tenant } from '../../../src/demo/teams/stage.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { CompanyProxy } from '../programs/companyProxy.ts';
import { AppRegistration, EntraApps } from './entraApps.ts';
import { certificateAuthority } from './selfSigned.ts';
import { forward } from '../programs/forward.ts';

export const defenderApp = '66666666-7777-4888-8999-aaaaaaaaaaaa';
export const libraryApp = '77777777-7777-4888-8999-aaaaaaaaaaaa';
/** Where the test's own anchors go. */
export const anchors = 'anchors.corp.example';
const audience = {
  defender: 'https://api.securitycenter.microsoft.com',
  teams: 'https://api.botframework.com',
  graph: 'https://graph.microsoft.com',
} as const;
/** Where the connector of Teams is, as its messages say. */
const serviceUrl = 'https://smba.trafficmanager.net/teams/';
const results = 'lrresults.blob.core.windows.net';

/** As the real one is addressed. */
class RealConnector extends FakeConnector {
  override get serviceUrl(): string {
    return serviceUrl;
  }
}

export class RealTeams extends TeamsStage {
  override readonly connector = new RealConnector();
}

export interface RealNamesOptions {
  readonly folder: string;
  /** With a proxy that opens TLS. */
  readonly inspected?: boolean;
  readonly credentials?: string;
}

export interface RealNames {
  readonly proxy: CompanyProxy;
  /** PEM file for NODE_EXTRA_CA_CERTS: of the proxy where it opens TLS, else of the clouds themselves. */
  readonly authorities: string;
  readonly slack: FakeSlack;
  readonly teams: RealTeams;
  readonly simulator: Simulator;
  /**
   * Stops the devices' time, so that a session stays as it is for as long as a test needs; undone by `go`.
   */
  hold(): void;
  go(): void;
  readonly entra: EntraApps;
  readonly app: {
    readonly defender: AppRegistration;
    readonly teams: AppRegistration;
    readonly library: AppRegistration;
  };
  /** Calls for Defender or Teams that came without a good token. */
  readonly unauthorised: string[];
  /** What each host was asked, by host. */
  readonly calls: ReadonlyMap<string, readonly string[]>;
  close(): Promise<void>;
}

type Play = (message: IncomingMessage, response: ServerResponse) => unknown;

async function playedSlack(): Promise<FakeSlack> {
  const slack = await startFakeSlack();
  seedWorkspace(slack);
  slack.world.scopes = [...slack.world.scopes, 'channels:history', 'groups:history'];
  slack.api.names = { sockets: 'wss://wss-primary.slack.com', answers: 'https://hooks.slack.com' };
  return slack;
}

async function playedTeams(): Promise<RealTeams> {
  const teams = new RealTeams();
  await teams.seedWorkspace();
  // The front looks at tokens.
  teams.connector.authorization = undefined;
  teams.keys.document = { jwks_uri: 'https://login.botframework.com/v1/.well-known/keys' };
  return teams;
}

async function playedDefender(now: () => number): Promise<Simulator> {
  const simulator = await startSimulator({ clock: { now }, deviceSpeed: 200, profile: { auth: 'token' } });
  simulator.tenant.faults.plant({
    what: 'linkHost',
    on: 'link',
    value: `https://${results}`,
    times: 'always',
  });
  return simulator;
}

/** Joins a socket that Slack's client opens with the played Slack on that port. */
function joinSocket(message: IncomingMessage, client: Duplex, head: Buffer, port: number): void {
  const onward = connect(port, '127.0.0.1', () => {
    const { rawHeaders } = message;
    const lines = Array.from(
      { length: rawHeaders.length / 2 },
      (_, at) => `${rawHeaders[2 * at] ?? ''}: ${rawHeaders[2 * at + 1] ?? ''}`,
    );
    onward.write(`GET ${message.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    onward.pipe(client).pipe(onward);
  });
  onward.on('error', () => client.destroy());
  client.on('error', () => onward.destroy());
  client.on('close', () => onward.destroy());
}

/** The rights that the registered applications have been given. */
function registrations(): RealNames['app'] {
  return {
    defender: new AppRegistration([
      'Machine.LiveResponse',
      'Machine.ReadWrite.All',
      'Machine.Read.All',
      'Library.Manage',
    ]),
    teams: new AppRegistration(),
    library: new AppRegistration(['Library.Manage']),
  };
}

/** The company's proxy, which leads to those ports, and the file of authorities to trust behind it. */
async function startProxy(
  { folder, inspected = false, credentials }: RealNamesOptions,
  ports: ReadonlyMap<string, number>,
  publicCert: string,
): Promise<Pick<RealNames, 'proxy' | 'authorities'>> {
  const company = certificateAuthority('the company');
  const proxy = new CompanyProxy({
    leadsTo: (host) => ports.get(host),
    ...(inspected ? { inspects: { as: company, behind: publicCert } } : {}),
    ...(credentials === undefined ? {} : { credentials }),
  });
  await proxy.start();
  const authorities = join(folder, 'authorities.pem');
  writeFileSync(authorities, inspected ? company.cert : publicCert);
  return { proxy, authorities };
}

export async function startRealNames(options: RealNamesOptions): Promise<RealNames> {
  const slack = await playedSlack();
  const teams = await playedTeams();
  let held: number | undefined;
  const simulator = await playedDefender(() => held ?? Date.now());
  const entra = new EntraApps(tenant);
  const app = registrations();
  entra.apps.set(defenderApp, app.defender).set(appId, app.teams).set(libraryApp, app.library);

  const calls = new Map<string, string[]>();
  const unauthorised: string[] = [];
  const slackAt = slack.api.origin;
  const onlyWithToken =
    (play: Play, wanted: string, ...clients: readonly string[]): Play =>
    (message, response) => {
      if (clients.some((client) => entra.lets(message, client, wanted))) return play(message, response);
      unauthorised.push(`${message.method ?? ''} ${message.headers.host ?? ''}`);
      return response
        .writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Bearer' })
        .end('{"error":{"code":"Unauthorized","message":"no good token"}}');
    };
  const keysAt = new URL(teams.keys.metadataUrl()).origin;
  const hosts: Readonly<Record<string, Play>> = {
    'login.microsoftonline.com': entra.answer,
    'login.botframework.com': forward(keysAt),
    'smba.trafficmanager.net': onlyWithToken(forward(teams.connector.origin), audience.teams, appId),
    'api.security.microsoft.com': onlyWithToken(
      forward(simulator.url),
      audience.defender,
      defenderApp,
      libraryApp,
    ),
    'graph.microsoft.com': onlyWithToken(
      (_message, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"value":[]}'),
      audience.graph,
      defenderApp,
    ),
    [anchors]: (message, response) => {
      message.resume();
      response.writeHead(204).end();
    },
    [results]: forward(simulator.blobUrl),
    'slack.com': forward(slackAt),
    'hooks.slack.com': forward(slackAt),
    'wss-primary.slack.com': forward(slackAt),
  };
  const public_ = certificateAuthority('a public authority');
  const ports = new Map<string, number>();
  const servers: HttpServer[] = [];
  for (const [host, play] of Object.entries(hosts)) {
    const server = createServer(public_.issue(host), (message, response) => {
      calls.set(host, [
        ...(calls.get(host) ?? []),
        `${message.method ?? ''} ${(message.url ?? '').split('?')[0] ?? ''}`,
      ]);
      void play(message, response);
    });
    server.on('upgrade', (message: IncomingMessage, client, head) => {
      calls.set(host, [...(calls.get(host) ?? []), `UPGRADE ${(message.url ?? '').split('?')[0] ?? ''}`]);
      joinSocket(message, client, head, Number(new URL(slackAt).port));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    ports.set(host, (server.address() as AddressInfo).port);
  }
  const { proxy, authorities } = await startProxy(options, ports, public_.cert);

  return {
    proxy,
    authorities,
    slack,
    teams,
    simulator,
    hold() {
      held ??= Date.now();
    },
    go() {
      held = undefined;
    },
    entra,
    app,
    unauthorised,
    calls,
    async close() {
      await proxy.stop();
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      await simulator.stop();
      await slack.close();
      await teams.connector.stop();
      await teams.keys.stop();
      teams.tidy();
    },
  };
}
