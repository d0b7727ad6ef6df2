// The self-test of Teams authentication at start, and a bot without authentication.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { ServiceClientCredentialsFactory } from 'botframework-connector';
import { Secret } from '../../../../src/adapters/secret.ts';
import type { TeamsSettings } from '../../../../src/adapters/teams/settings.ts';
import { mountInboundRoute } from '../../../../src/adapters/teams/inbound/inboundRoute.ts';
import { openBotbuilderDoor } from '../../../../src/adapters/teams/botbuilder/botbuilderDoor.ts';
import { openDoor } from '../../../../src/adapters/teams/doors.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import type { TokenOptions } from '../../../../src/demo/teams/channelKeys.ts';
import { doorBench } from '../../../support/chats/teamsDoorBench.ts';
import { ana, appId, directOf, keepingLog, TeamsHarness } from '../../../support/chats/teamsHarness.ts';
import { teamsDoor } from '../../../support/chats/teamsDoor.ts';

const { bench } = doorBench();

it('a library that would take messages without a token is not started with', async () => {
  class Disabled extends ServiceClientCredentialsFactory {
    override isValidAppId = (): Promise<boolean> => Promise.resolve(true);
    override isAuthenticationDisabled = (): Promise<boolean> => Promise.resolve(true);
    override createCredentials = (): Promise<never> => Promise.reject(new Error('nobody signs'));
  }
  const settings: TeamsSettings = {
    type: 'SingleTenant',
    appId,
    tenantId: 'x',
    password: new Secret('x'),
    cloud: 'public',
    allowedTenants: [],
    devNoAuth: false,
  };
  await expect(openBotbuilderDoor(settings, bench.authority(), new Disabled())).rejects.toThrow(
    /refusing to start/,
  );
});

describe('the self-test at start', () => {
  it('makes the bot ready once strangers were refused, and not before', async () => {
    const auth = (): unknown => bench.teams.checks().find((check) => check.name === 'teams authentication');
    expect(auth()).toMatchObject({ ok: false });
    await bench.teams.selfTest(bench.url);
    expect(auth()).toMatchObject({ name: 'teams authentication', ok: true });
    expect((await fetch(`${bench.url}/readyz`)).status).toBe(200);
  });
  it('says so when the door cannot be reached', async () => {
    await bench.teams.selfTest('http://127.0.0.1:1');
    expect(bench.teams.checks()[0]).toMatchObject({
      ok: false,
      why: expect.stringContaining('could not be reached'),
    });
    await bench.teams.selfTest(bench.url);
  });
});

/** The door alone, on a server that can be told from where it is called. */
async function bareDoor() {
  const clock = createManualClock();
  const kept = keepingLog();
  const app = express();
  const door = { from: '127.0.0.1', taken: 0, clock, log: kept, knock, close };
  const judge = await openDoor(withoutAuthentication, { http: bench.http, clock, log: kept });
  mountInboundRoute(app, { door: judge, allowed: () => true, clock, log: kept }, () => {
    door.taken += 1;
    return Promise.resolve(undefined);
  });
  const server = createServer(app).on('connection', (socket) =>
    Object.defineProperty(socket, 'remoteAddress', { get: () => door.from }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function knock(): Promise<number> {
    const { port } = server.address() as AddressInfo;
    const { status } = await fetch(`http://127.0.0.1:${port}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(bench.message(ana, directOf(ana), 'lr help')),
    });
    return status;
  }
  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  doors.push(door);
  return door;
}
const doors: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(doors.splice(0).map((door) => door.close())));

const withoutAuthentication: TeamsSettings = {
  type: 'MultiTenant',
  cloud: 'public',
  allowedTenants: [],
  devNoAuth: true,
  door: teamsDoor(),
};

describe('without authentication', () => {
  const open = new TeamsHarness();
  afterAll(() => open.stop());
  const none: TokenOptions & { readonly header0: null } = { header0: null };
  it('messages of this machine get in, and only servers on this machine are called', async () => {
    await open.start({ settings: withoutAuthentication });
    open.connector.authorization = undefined;
    expect((await open.deliver(open.message(ana, directOf(ana), 'lr help'), none)).status).toBe(200);
    await open.connector.until(() => open.connector.messages[0]);
    expect(
      (
        await open.deliver(
          {
            ...open.message(ana, directOf(ana), 'lr help'),
            serviceUrl: 'https://smba.trafficmanager.net/teams/',
          },
          none,
        )
      ).status,
    ).toBe(403);
  });
  it('a web page cannot make a browser send one', async () => {
    const before = open.bot.commands.length;
    const answer = await fetch(`${open.url}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify(open.message(ana, directOf(ana), 'lr help')),
    });
    expect([answer.status, open.bot.commands.length]).toEqual([400, before]);
  });
  it.each(['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::7', ''])(
    'nobody gets in from %j, whatever the server listens on',
    async (address) => {
      const door = await bareDoor();
      door.from = address;
      expect(await door.knock()).toBe(403);
      door.from = '127.0.0.1';
      expect([await door.knock(), door.taken]).toEqual([200, 1]);
    },
  );
  it.each(['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'via', 'x-real-ip'])(
    'nobody gets in through a proxy or tunnel of this machine, which writes %s',
    async (name) => {
      const before = open.bot.commands.length;
      const answer = await fetch(`${open.url}/api/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [name]: '127.0.0.1' },
        body: JSON.stringify(open.message(ana, directOf(ana), 'lr help')),
      });
      expect([answer.status, open.bot.commands.length]).toEqual([403, before]);
    },
  );
  it('who is refused again and again costs one line of the log a minute, and one with the number of the others', async () => {
    const door = await bareDoor();
    door.from = '192.0.2.7';
    for (let n = 0; n < 20; n += 1) await door.knock();
    expect(door.log.lines).toHaveLength(1);
    await door.clock.advance(60_000);
    await door.knock();
    expect(door.log.lines).toHaveLength(3);
    expect(door.log.lines[1]).toMatch(/^teamsRefusedLeftOut .*"leftOut":19/);
  });
  it('is told on /readyz', () => {
    expect(open.teams.checks()[0]).toMatchObject({ ok: true, why: expect.stringContaining('off') });
  });
});
