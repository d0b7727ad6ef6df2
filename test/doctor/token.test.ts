// What needs a bearer token: the real library asks for https, so the token is handed in, and the simulator
// checks it as the service would.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../src/adapters/clock.ts';
import { EntraTokens } from '../../src/adapters/entra/credentials.ts';
import {
  examined,
  healthy,
  allRoles,
  clientId,
  clientSecret,
  jwt,
  noSuchDevice,
  tenantId,
  tokenSource,
} from '../support/programs/doctorBench.ts';
import type { Examined, Variables } from '../support/programs/doctorBench.ts';
import { json, refuse, serve } from '../support/defender/defenderFakes.ts';
import type { Answer, Loopback } from '../support/defender/defenderFakes.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

let dir: string;
let simulator: Simulator;
const servers: Loopback[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lr-doctor-'));
  simulator = await startSimulator({ profile: { auth: 'token' } });
});
afterEach(async () => {
  await simulator.stop();
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(dir, { recursive: true, force: true });
});

const scope = 'https://api.securitycenter.microsoft.com/.default';
function settings(more: Variables = {}): Variables {
  return {
    PORT: '0',
    LR_DATA_DIR: dir,
    DEFENDER_API_URL: simulator.url,
    DEFENDER_SCOPE: scope,
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    ...more,
  };
}

function expectNoSecrets({ text, lines }: Examined): void {
  expect(text + JSON.stringify(lines)).not.toMatch(/canary|eyJ/);
}

function without(...roles: readonly string[]): Readonly<Record<string, unknown>> {
  return { roles: allRoles.filter((role) => !roles.includes(role)) };
}

/** The raw commands of the example policy are worth a warning before a tenant that is not the simulator. */
const rawCommands = /^policy\.raw: commands outside recipes are on/;

describe('a token with everything the bot needs', () => {
  test('makes every line about Defender ok', async () => {
    const found = await examined(settings(), { tokensOf: tokenSource(jwt()) });
    expect([found.red, found.yellow]).toEqual([[], [expect.stringMatching(rawCommands)]]);
    for (const role of allRoles)
      expect(found.lines.find(({ check }) => check === `defender.role.${role}`)?.verdict).toBe('ok');
    expect(found.text).toMatch(/defender\.token +obtained; it ends in 60 min/);
    expect(found.text).toContain(`tenant ${tenantId}, application ${clientId}`);
    expect(simulator.tenant.submissions).toEqual([]);
    expectNoSecrets(found);
  });

  test('is enough without Machine.Read.All, which Machine.ReadWrite.All includes', async () => {
    const found = await examined(settings(), { tokensOf: tokenSource(jwt(without('Machine.Read.All'))) });
    expect([found.red, found.yellow]).toEqual([[], [expect.stringMatching(rawCommands)]]);
  });

  test('in a form that cannot be read is judged by the calls alone', async () => {
    const server = await serve(healthy);
    servers.push(server);
    const found = await examined(settings({ DEFENDER_API_URL: server.origin }), {
      tokensOf: tokenSource('opaque-canary'),
    });
    expect(found.red).toEqual([]);
    expect(found.yellow).toContainEqual(expect.stringMatching(/^defender\.token: obtained, but/));
    expect(server.asked.every(({ headers }) => headers.authorization === 'Bearer opaque-canary')).toBe(true);
    expectNoSecrets(found);
  });
});

describe('a planted fault shows the one right red line:', () => {
  const table: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp, RegExp])[] = [
    [
      'without Machine.LiveResponse',
      without('Machine.LiveResponse'),
      /^defender\.role\.Machine\.LiveResponse: not granted, so the bot cannot start a live response session; cancel a session$/,
      /Machine\.LiveResponse of WindowsDefenderATP.*admin consent/,
    ],
    [
      'without Machine.ReadWrite.All',
      without('Machine.ReadWrite.All'),
      /^defender\.role\.Machine\.ReadWrite\.All: not granted, so the bot cannot follow running sessions/,
      /Machine\.ReadWrite\.All/,
    ],
    [
      'without both readings of machines',
      without('Machine.ReadWrite.All', 'Machine.Read.All'),
      /^defender\.role\.Machine\.ReadWrite\.All: .*look devices up$/,
      /admin consent/,
    ],
    [
      'for the new host as its audience',
      { aud: 'https://api.security.microsoft.com' },
      /^defender\.audience: the token is for https:\/\/api\.security\.microsoft\.com, and Defender answers 403/,
      /Remove DEFENDER_SCOPE/,
    ],
    [
      'for Graph',
      { aud: 'https://graph.microsoft.com' },
      /^defender\.audience: the token is for https:\/\/graph\.microsoft\.com/,
      /DEFENDER_SCOPE/,
    ],
    [
      'of another tenant',
      { tid: '99999999-2222-4333-8444-555555555555' },
      /^defender\.tenant: the token is of the tenant 99999999/,
      /AZURE_TENANT_ID/,
    ],
  ];
  test.each(table)('a token %s', async (_name, claims, red, next) => {
    const found = await examined(settings(), { tokensOf: tokenSource(jwt(claims)) });
    expect(found.red).toEqual([expect.stringMatching(red)]);
    const line = found.lines.find(({ verdict }) => verdict === 'FAIL');
    expect(line !== undefined && 'next' in line ? line.next : '').toMatch(next);
    expectNoSecrets(found);
  });

  test('a scope of the new host, from which the wrong audience comes', async () => {
    const found = await examined(
      settings({ DEFENDER_SCOPE: 'https://api.security.microsoft.com/.default' }),
      { tokensOf: tokenSource(jwt({ aud: 'https://api.security.microsoft.com' })) },
    );
    expect(found.red).toEqual([expect.stringMatching(/^defender\.audience/)]);
  });

  test.each([
    [
      'a secret that is wrong',
      'AADSTS7000215: Invalid client secret provided: canary',
      /^defender\.token: .*AADSTS7000215/,
    ],
    ['a secret that has expired', 'AADSTS7000222: canary', /^defender\.token: .*has expired/],
    [
      'Entra that cannot be reached',
      'getaddrinfo ENOTFOUND login.microsoftonline.com canary',
      /^defender\.token: Entra ID cannot be reached/,
    ],
  ])('%s', async (_name, message, red) => {
    const found = await examined(settings(), {
      tokensOf: (credentials, authority) =>
        new EntraTokens({ credentials, authority }, () =>
          Promise.resolve({ getToken: () => Promise.reject(new Error(message)) }),
        ),
    });
    expect(found.red).toEqual([expect.stringMatching(red)]);
    // The host is looked at all the same.
    expect(found.lines.find(({ check }) => check === 'defender.host')?.verdict).toBe('ok');
    expectNoSecrets(found);
  });

  test('our clock an hour ahead, though the token then seems to have ended', async () => {
    const clock = { ...createClock(), now: () => Date.now() + 61 * 60_000 };
    const found = await examined(settings(), { clock, tokensOf: tokenSource(jwt()) });
    expect(found.red).toEqual([
      expect.stringMatching(/^defender\.clock: our clock is 61 min ahead of Defender’s/),
    ]);
    expect(found.yellow).toContainEqual(expect.stringMatching(/^defender\.token: .*ended already/));
  });

  test('a certificate file that is not there', async () => {
    const { AZURE_CLIENT_SECRET: _secret, ...rest } = settings({
      AZURE_CLIENT_CERTIFICATE_PATH: join(dir, 'no.pem'),
    });
    const found = await examined(rest, { tokensOf: tokenSource(jwt()) });
    expect(found.red).toEqual([
      expect.stringMatching(
        /^defender\.certificate: the file of AZURE_CLIENT_CERTIFICATE_PATH cannot be read/,
      ),
    ]);
  });
});

describe('what is yellow, not red', () => {
  test('Library.Manage that is not granted: the scripts are named, to be looked for by hand', async () => {
    const found = await examined(settings(), { tokensOf: tokenSource(jwt(without('Library.Manage'))) });
    expect(found.red).toEqual([]);
    expect(found.yellow).toContainEqual(
      expect.stringMatching(
        /^defender\.role\.Library\.Manage: not granted, so the bot cannot list library scripts/,
      ),
    );
    expect(found.lines.find(({ check }) => check === 'defender.library')).toMatchObject({
      verdict: 'skip',
      next: expect.stringMatching(/minidump\.ps1, collect\.ps1/),
    });
  });

  test('permissions that the bot never uses', async () => {
    const found = await examined(settings(), {
      tokensOf: tokenSource(jwt({ roles: [...allRoles, 'Machine.Isolate'] })),
    });
    expect([found.red, found.yellow]).toEqual([
      [],
      [expect.stringMatching(rawCommands), expect.stringMatching(/^defender\.roles: .*Machine\.Isolate/)],
    ]);
  });

  test('a token that acts for a person who is signed in', async () => {
    const server = await serve(healthy);
    servers.push(server);
    const found = await examined(settings({ DEFENDER_API_URL: server.origin }), {
      tokensOf: tokenSource(jwt({ roles: undefined, scp: 'Machine.LiveResponse Machine.ReadWrite' })),
    });
    expect(found.red).toEqual([]);
    expect(found.yellow).toContainEqual(expect.stringMatching(/acts for a person/));
  });

  test('a throttled call, with the time to wait', async () => {
    const server = await serve((ask, response, count) =>
      ask.path.startsWith('/api/machineactions')
        ? refuse(response, 429, 'TooManyRequests', { 'retry-after': '17' })
        : healthy(ask, response, count),
    );
    servers.push(server);
    const found = await examined(settings({ DEFENDER_API_URL: server.origin }), {
      tokensOf: tokenSource(jwt()),
    });
    expect(found.red).toEqual([]);
    expect(found.lines.find(({ check }) => check === 'defender.actions')).toMatchObject({
      verdict: 'warn',
      next: expect.stringMatching(/in 17 s/),
    });
  });
});

describe('the probe of the right to run', () => {
  async function against(answer: Answer): Promise<{ readonly found: Examined; readonly server: Loopback }> {
    const server = await serve(answer);
    servers.push(server);
    return {
      found: await examined(settings({ DEFENDER_API_URL: server.origin }), { tokensOf: tokenSource(jwt()) }),
      server,
    };
  }
  const posts = ({ asked }: Loopback): readonly string[] =>
    asked.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

  test('is one POST for a device that does not exist, reading a file of a name that exists nowhere', async () => {
    const { found, server } = await against(healthy);
    expect(found.red).toEqual([]);
    expect(posts(server)).toEqual([`POST /api/machines/${noSuchDevice}/runliveresponse`]);
    const sent = JSON.parse(server.asked.find(({ method }) => method === 'POST')?.body ?? '') as {
      Commands: readonly { type: string }[];
    };
    expect(sent.Commands.map(({ type }) => type)).toEqual(['GetFile']);
    // Defender was asked for this very id right before.
    expect(server.asked.at(-2)).toMatchObject({ method: 'GET', path: `/api/machines/${noSuchDevice}` });
  });

  test('is not sent when there is such a device after all, nor when that cannot be told', async () => {
    const there = await against((ask, response, count) =>
      ask.path === `/api/machines/${noSuchDevice}`
        ? json(response, 200, { id: noSuchDevice })
        : healthy(ask, response, count),
    );
    expect(posts(there.server)).toEqual([]);
    const page = await against((ask, response, count) => {
      if (ask.path === `/api/machines/${noSuchDevice}`)
        response.writeHead(404, { 'content-type': 'text/html' }).end('<html>Not found</html>');
      else healthy(ask, response, count);
    });
    expect(posts(page.server)).toEqual([]);
    expect(page.found.lines.find(({ check }) => check === 'defender.run')?.verdict).toBe('skip');
  });

  test.each([
    ['live response is off in the tenant', 403, 'DisabledFeature', 'FAIL', /Advanced features/],
    ['the right is missing whatever the token says', 403, 'Forbidden', 'FAIL', /Machine\.LiveResponse/],
    [
      'the body is refused before the device is looked for',
      400,
      'InvalidRequestBody',
      'warn',
      /first request on a test device/,
    ],
    ['it is throttled', 429, 'TooManyRequests', 'warn', /in a minute/],
    ['Defender has trouble', 500, 'InternalServerError', 'FAIL', /service health/],
    ['it is accepted', 201, '', 'FAIL', /action center/],
  ] as const)('says what it is when %s', async (...row) => {
    const [, status, code, verdict, next] = row;
    const { found, server } = await against((ask, response, count) => {
      if (ask.method === 'POST' && status === 201) json(response, 201, { id: 'x' });
      else if (ask.method === 'POST') refuse(response, status, code);
      else healthy(ask, response, count);
    });
    expect(found.lines.find(({ check }) => check === 'defender.run')).toMatchObject({
      verdict,
      next: expect.stringMatching(next),
    });
    expect(found.red).toHaveLength(verdict === 'FAIL' ? 1 : 0);
    expect(posts(server)).toHaveLength(1);
  });
});

describe('what answers badly', () => {
  test('a host that never answers costs its time once, and ends the rest of its area alone', async () => {
    const server = await serve(() => undefined);
    servers.push(server);
    const found = await examined(settings({ DEFENDER_API_URL: server.origin }), {
      tokensOf: tokenSource(jwt()),
      timeoutMs: 150,
    });
    expect(found.red).toEqual([expect.stringMatching(/^defender\.host: .*no complete answer within 150 ms/)]);
    expect(server.asked).toHaveLength(1);
  });

  test('everything together ends within its time', async () => {
    const server = await serve(() => undefined);
    servers.push(server);
    const found = await examined(settings({ DEFENDER_API_URL: server.origin }), {
      tokensOf: tokenSource(jwt()),
      totalMs: 400,
    });
    expect(found.red).toEqual(['defender: not finished in time']);
    expect(found.lines.some(({ check }) => check === 'slack')).toBe(true);
  });

  test('a proxy’s page in place of Defender’s answer', async () => {
    const server = await serve((_ask, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in to the proxy</html>'),
    );
    servers.push(server);
    const found = await examined(settings({ DEFENDER_API_URL: server.origin }), {
      tokensOf: tokenSource(jwt()),
    });
    expect(found.red[0]).toMatch(/^defender\.machines: the answer \(200\) is not one of Defender’s/);
  });

  test('a token that Defender does not take is one red line, and nothing more is asked', async () => {
    const server = await serve((_ask, response) => refuse(response, 401, 'Unauthorized'));
    servers.push(server);
    const found = await examined(settings({ DEFENDER_API_URL: server.origin }), {
      tokensOf: tokenSource(jwt()),
    });
    expect(found.red).toEqual([
      expect.stringMatching(/^defender\.machines: Defender answers 401 Unauthorized/),
    ]);
    expect(server.asked).toHaveLength(1);
  });

  test('a fault of the doctor’s own is a line of its area, and the others go on', async () => {
    const found = await examined(settings(), {
      tokensOf: () => {
        throw new RangeError('broken on purpose');
      },
    });
    expect(found.red).toEqual(['defender: the doctor itself failed here: broken on purpose']);
    expect(found.lines.some(({ check }) => check === 'teams')).toBe(true);
  });
});
