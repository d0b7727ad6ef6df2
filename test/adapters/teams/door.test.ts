// Who gets through /api/messages: the token table, body limits, and that nobody learns why they were refused.
import { createHmac } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ServiceClientCredentialsFactory } from 'botframework-connector';
import { Secret } from '../../../src/adapters/secret.ts';
import type { TeamsSettings } from '../../../src/adapters/teams/settings.ts';
import { deepestBody, mountInboundRoute } from '../../../src/adapters/teams/inbound/inboundRoute.ts';
import { openBotbuilderDoor } from '../../../src/adapters/teams/botbuilder/botbuilderDoor.ts';
import { openDoor } from '../../../src/adapters/teams/doors.ts';
import { looksLikeChannelToken } from '../../../src/adapters/teams/inbound/tokenLook.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { encoded, issuer } from '../../../src/demo/teams/channelKeys.ts';
import type { TokenOptions } from '../../../src/demo/teams/channelKeys.ts';
import { ana, appId, directOf, keepingLog, TeamsHarness } from '../../support/chats/teamsHarness.ts';
import { teamsDoor } from '../../support/chats/teamsDoor.ts';

const bench = new TeamsHarness();
const log = keepingLog();

beforeAll(async () => {
  // botbuilder prints every refused token; there is no switch for it.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  await bench.start({ log });
});
afterAll(async () => {
  await bench.stop();
  jest.restoreAllMocks();
});
beforeEach(() => {
  bench.keys.endorsements = ['msteams'];
  bench.keys.down = undefined;
});

function message(more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return bench.message(ana, directOf(ana), 'lr help', more);
}
const minutes = (count: number): number => Math.floor(Date.now() / 1000) + count * 60;

async function heard(
  activity: Readonly<Record<string, unknown>>,
  options: Parameters<TeamsHarness['deliver']>[1] = {},
): Promise<{ status: number; text: string; heard: boolean }> {
  const before = bench.bot.commands.length;
  const { status, text } = await bench.deliver(activity, options);
  await bench.connector.until(
    () => (status !== 200 || bench.bot.commands.length > before ? true : undefined),
    2_000,
  );
  return { status, text, heard: bench.bot.commands.length > before };
}

describe('a good token', () => {
  it('gets through', async () => {
    expect(await heard(message())).toEqual({ status: 200, text: '', heard: true });
  });
  it('gets through when it expired less than five minutes ago, because clocks differ', async () => {
    expect((await heard(message(), { claims: { exp: minutes(-4) } })).status).toBe(200);
  });
});

describe('a bad token is answered 401 or 403, never 500, and nothing is told', () => {
  const noServiceUrl = (): Readonly<Record<string, unknown>> => message({ serviceUrl: undefined });
  const cases: readonly (readonly [
    string,
    () => Readonly<Record<string, unknown>>,
    () => Parameters<TeamsHarness['deliver']>[1],
  ])[] = [
    ['no header', message, () => ({ header0: null })],
    ['an empty header', message, () => ({ header0: '' })],
    ['a header that is no token', message, () => ({ header0: 'Bearer nonsense' })],
    ['a token of three empty parts', message, () => ({ header0: 'Bearer ..' })],
    ['a token whose parts are not JSON', message, () => ({ header0: 'Bearer aaaa.bbbb.cccc' })],
    [
      'a lower-case bearer',
      message,
      () => ({ header0: `bearer ${bench.keys.token(appId, bench.connector.serviceUrl)}` }),
    ],
    ['basic credentials', message, () => ({ header0: 'Basic YTpi' })],
    ['a very long header', message, () => ({ header0: `Bearer ${'a'.repeat(9_000)}.b.c` })],
    [
      'a good token longer than any of the channel’s',
      message,
      () => ({ claims: { padding: 'a'.repeat(6_500) } }),
    ],
    ['another audience', message, () => ({ claims: { aud: '33333333-3333-3333-3333-333333333333' } })],
    ['no audience', message, () => ({ claims: { aud: undefined } })],
    ['another issuer', message, () => ({ claims: { iss: 'https://evil.example' } })],
    [
      'the issuer of emulators',
      message,
      () => ({
        claims: {
          iss: 'https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/',
          appid: appId,
          ver: '1.0',
        },
      }),
    ],
    [
      'the token of another bot (a skill)',
      message,
      () => ({
        claims: {
          iss: 'https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a/v2.0',
          ver: '2.0',
          azp: '44444444-4444-4444-4444-444444444444',
        },
      }),
    ],
    ['expired ten minutes ago', message, () => ({ claims: { exp: minutes(-10) } })],
    ['not valid yet', message, () => ({ claims: { nbf: minutes(30), exp: minutes(60) } })],
    [
      'another service URL in the token',
      message,
      () => ({ claims: { serviceurl: 'https://smba.trafficmanager.net/other/' } }),
    ],
    [
      'a service URL that differs by its last slash',
      message,
      () => ({ claims: { serviceurl: bench.connector.serviceUrl.slice(0, -1) } }),
    ],
    ['no service URL in the token', message, () => ({ claims: { serviceurl: undefined } })],
    ['no service URL in the message', noServiceUrl, () => ({})],
    [
      'a service URL of an unknown host',
      () => message({ serviceUrl: 'https://evil.example/teams/' }),
      () => ({ claims: { serviceurl: 'https://evil.example/teams/' } }),
    ],
    [
      'a service URL that only begins like ours',
      () => message({ serviceUrl: 'https://smba.trafficmanager.net.evil.example/' }),
      () => ({ claims: { serviceurl: 'https://smba.trafficmanager.net.evil.example/' } }),
    ],
    [
      'a service URL with a user',
      () => message({ serviceUrl: 'https://smba.trafficmanager.net@evil.example/' }),
      () => ({ claims: { serviceurl: 'https://smba.trafficmanager.net@evil.example/' } }),
    ],
    [
      'an unencrypted service URL',
      () => message({ serviceUrl: 'http://smba.trafficmanager.net/teams/' }),
      () => ({ claims: { serviceurl: 'http://smba.trafficmanager.net/teams/' } }),
    ],
    ['a forged signature', message, () => ({ forged: true })],
    ['no signature (alg none)', message, () => ({ unsigned: true, header: { alg: 'none' } })],
    ['no signature under a good algorithm', message, () => ({ unsigned: true })],
    ['an HMAC made with the public key', message, () => ({ header0: `Bearer ${confused()}` })],
    ['an unknown key', message, () => ({ header: { kid: 'key2' } })],
    ['no key id', message, () => ({ header: { kid: undefined } })],
    ['another channel', () => message({ channelId: 'webchat' }), () => ({})],
    ['the App Service channel', () => message({ channelId: 'AseChannel' }), () => ({})],
    ['no channel', () => message({ channelId: undefined }), () => ({})],
  ];
  it.each(cases)('%s', async (_what, activity, options) => {
    const answer = await heard(activity(), options() ?? {});
    expect([401, 403]).toContain(answer.status);
    expect(answer).toEqual({ status: answer.status, text: '', heard: false });
  });
  it('a key that is not endorsed for Teams', async () => {
    await bench.halt();
    bench.keys.endorsements = ['webchat'];
    await bench.boot({ log });
    expect((await heard(message())).status).toBe(401);
    bench.keys.endorsements = ['msteams'];
    await bench.halt();
    await bench.boot({ log });
  });
});

function confused(): string {
  const body = `${encoded({ alg: 'HS256', typ: 'JWT', kid: 'key1' })}.${encoded({ iss: issuer, aud: appId, exp: minutes(60), serviceurl: bench.connector.serviceUrl })}`;
  return `${body}.${createHmac('sha256', bench.keys.publicPem()).update(body).digest('base64url')}`;
}

it.each([['none'], ['HS256'], ['ES256'], [undefined]])('a token signed by %s is not even judged', (alg) => {
  const made = (by: string | undefined): string =>
    `Bearer ${encoded({ alg: by, kid: 'key1' })}.${encoded({ iss: issuer })}.c2ln`;
  expect([looksLikeChannelToken(made('RS256'), issuer), looksLikeChannelToken(made(alg), issuer)]).toEqual([
    true,
    false,
  ]);
});

describe('when the keys cannot be fetched', () => {
  it.each(['error', 'hang'] as const)(
    'nobody gets in, and Teams is asked to try again (%s)',
    async (down) => {
      await bench.halt();
      bench.keys.down = down;
      await bench.boot({ log });
      expect(await heard(message())).toEqual({ status: 503, text: '', heard: false });
      bench.keys.down = undefined;
      await bench.halt();
      await bench.boot({ log });
      expect((await heard(message())).status).toBe(200);
    },
  );
});

describe('a body', () => {
  const raw = (body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${bench.url}/api/messages`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${bench.keys.token(appId, bench.connector.serviceUrl)}`,
        ...headers,
      },
    });

  it.each([
    ['too large', JSON.stringify({ type: 'message', text: 'x'.repeat(300_000) }), 413],
    ['not JSON', '{"type":', 400],
    ['an array', '[]', 400],
    ['a number', '7', 400],
    ['empty', '', 400],
    ['without a type', '{"channelId":"msteams"}', 400],
    ['with a type that is no text', '{"type":{},"channelId":"msteams"}', 400],
    [
      'with a conversation that is no object',
      '{"type":"message","channelId":"msteams","serviceUrl":"https://smba.trafficmanager.net/teams/","conversation":7,"id":"1"}',
      400,
    ],
    ['poisoning prototypes', '{"__proto__":{"type":"message"}}', 400],
  ])('%s is refused without a word', async (_what, body, status) => {
    const answer = await raw(body);
    expect([answer.status, await answer.text()]).toEqual([status, '']);
  });
  it('nested deeply is refused, though it is a message otherwise', async () => {
    const nested = (depth: number): string =>
      JSON.stringify(message({ value: 'deep' })).replace(
        '"deep"',
        `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
      );
    expect((await raw(nested(deepestBody - 2))).status).toBe(200);
    expect((await raw(nested(deepestBody))).status).toBe(400);
    expect((await raw(nested(20_000))).status).toBe(400);
  });
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'of type "%s" is refused, whatever is in it',
    async (type) => {
      const before = bench.bot.commands.length;
      expect((await raw(JSON.stringify(message()), { 'content-type': type })).status).toBe(400);
      expect(bench.bot.commands).toHaveLength(before);
    },
  );
  it('of a stranger without a token is not even read', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const knock = request(
        `${bench.url}/api/messages`,
        { method: 'POST', headers: { 'content-type': 'application/json', 'content-length': 100_000 } },
        (answer) => {
          resolve(answer.statusCode);
          knock.destroy();
        },
      );
      knock.on('error', reject);
      // The head alone goes out: an answer before the body shows that nobody waits for it.
      knock.flushHeaders();
    });
    expect(status).toBe(401);
  });
  it('is not asked for by GET', async () => {
    expect((await fetch(`${bench.url}/api/messages`)).status).toBe(404);
  });
});

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

it('writes one line for each reason into the log, without tokens or bodies', () => {
  const refused = log.lines.filter((line) => line.startsWith('teamsRefused'));
  expect(refused.length).toBeGreaterThan(3);
  expect(refused.length).toBeLessThan(60);
  expect(log.lines.join('\n')).not.toMatch(/eyJ|Bearer/);
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
