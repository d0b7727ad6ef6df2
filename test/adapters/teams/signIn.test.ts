// How the bot proves to Teams who it is, through either door: tokens of a fake Entra ID that stands, over
// real TLS and behind a proxy, in the place of login.microsoftonline.com, and believes only the right proof.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TeamsSettings } from '../../../src/adapters/teams/settings.ts';
import { FakeConnector } from '../../../src/demo/teams/fakeConnector.ts';
import { startFakeEntra } from '../../support/entra/fakeEntra.ts';
import type { FakeEntra } from '../../support/entra/fakeEntra.ts';
import { startProgram } from '../../support/programs/program.ts';
import { selfSigned } from '../../support/entra/selfSigned.ts';

const dir = mkdtempSync(join(tmpdir(), 'lr-signin-'));
const tls = selfSigned('fake Entra', 'login.microsoftonline.com');
const certificate = selfSigned('live-response-bot');
const tenantId = '5f0c1d2e-0000-4000-8000-000000000000';
const appId = '5f0c1d2e-0000-4000-8000-000000000001';
const secret = 'canary-secret';
const connector = new FakeConnector();
let entra: FakeEntra;
let proxy: Server;

beforeAll(async () => {
  entra = await startFakeEntra(tls, {
    tenant: tenantId,
    clientId: appId,
    secret,
    certificate,
    assertion: 'canary-assertion',
  });
  await connector.start();
  connector.install('19:group@thread.v2', []);
  const { port } = new URL(entra.authority);
  proxy = createServer((_request, response) => void response.writeHead(405).end());
  proxy.on('connect', (_request, socket, head) => {
    const onward = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const one of [socket, onward]) one.on('error', () => one.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  writeFileSync(join(dir, 'ca.pem'), tls.cert);
  writeFileSync(join(dir, 'bot.pem'), certificate.cert + certificate.key);
});
afterAll(async () => {
  await connector.stop();
  await entra.close();
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  connector.calls.length = 0;
});
afterEach(() => {
  connector.faults.length = 0;
});

async function say(
  more: Partial<Omit<TeamsSettings, 'password'>> & { readonly password?: string },
  times = 1,
): Promise<{ readonly outcomes: readonly string[]; readonly packages: readonly string[] }> {
  const settings = {
    type: 'SingleTenant',
    appId,
    tenantId,
    cloud: 'public',
    allowedTenants: [tenantId],
    devNoAuth: false,
    ...more,
  };
  const program = await startProgram(
    'test/support/entra/signInChild.js',
    [JSON.stringify({ settings, serviceUrl: connector.serviceUrl, times })],
    {
      NODE_EXTRA_CA_CERTS: join(dir, 'ca.pem'),
      HOME: dir,
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      IDENTITY_ENDPOINT: entra.identityEndpoint,
      IDENTITY_HEADER: entra.identityHeader,
    },
  );
  await program.kill('SIGKILL');
  return JSON.parse(program.firstLine) as Awaited<ReturnType<typeof say>>;
}

const signatures = (): readonly (string | undefined)[] => connector.calls.map((call) => call.authorization);

describe.each(['botbuilder', 'direct'] as const)('through the door %s', (door) => {
  test.each([
    ['secret', { password: secret }],
    ['certificate', { certificatePath: join(dir, 'bot.pem') }],
    ['identity', { type: 'UserAssignedMSI' as const }],
  ])('a message is signed by a token had for a %s, asked for once', async (by, how) => {
    const before = entra.issued.length;
    expect((await say({ door, ...how }, 2)).outcomes).toEqual(['sent', 'sent']);
    const bearer = `Bearer token-${String(before + 1)}-${by}`;
    expect(signatures()).toEqual([bearer, bearer]);
    expect(entra.issued.slice(before)).toHaveLength(1);
    expect(entra.issued.at(-1)?.scope.split(' ')).toContain(
      by === 'identity' ? 'https://api.botframework.com' : 'https://api.botframework.com/.default',
    );
  });

  test('a secret that is wrong is told as that, and nothing of it', async () => {
    const { outcomes } = await say({ door, password: 'canary-wrong' });
    expect(outcomes).toEqual([expect.stringMatching(/^post: no token for Teams \(/)]);
    expect(outcomes.join()).not.toContain('canary');
    expect(signatures()).toEqual([]);
  });
});

test('without botbuilder none of it is loaded', async () => {
  const ofBotbuilder = /^(?:botbuilder|botframework|axios|jsonwebtoken|@azure\/core)/;
  expect(
    (await say({ door: 'direct', password: secret })).packages.filter((name) =>
      /^(?:botbuilder|botframework|axios)/.test(name),
    ),
  ).toEqual([]);
  expect(
    (await say({ door: 'botbuilder', password: secret })).packages.filter((name) => ofBotbuilder.test(name))
      .length,
  ).toBeGreaterThan(5);
});

test('a token that Teams refuses is renewed past the cache, and at most once a minute', async () => {
  const before = entra.issued.length;
  connector.faults.push({ method: 'POST', answer: { status: 401 }, times: 3 });
  expect((await say({ door: 'direct', password: secret }, 2)).outcomes).toEqual([
    expect.stringContaining('401'),
    'sent',
  ]);
  const [first, second] = [1, 2].map((n) => `Bearer token-${String(before + n)}-secret`);
  expect(signatures()).toEqual([first, second, second, second]);
  expect(entra.issued).toHaveLength(before + 2);
});
