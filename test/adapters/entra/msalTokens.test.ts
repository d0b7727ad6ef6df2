// Tokens through @azure/msal-node over our own HTTP client, from a fake Entra ID over real TLS: proofs,
// caching, and everything else that can answer instead.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MsalTokens } from '../../../src/adapters/entra/msalTokens.ts';
import type { MsalCredentials, MsalOptions } from '../../../src/adapters/entra/msalTokens.ts';
import { TokenError } from '../../../src/adapters/entra/tokenError.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { startFakeEntra } from '../../support/entra/fakeEntra.ts';
import type { FakeEntra } from '../../support/entra/fakeEntra.ts';
import { selfSigned } from '../../support/entra/selfSigned.ts';

const tls = selfSigned('fake Entra');
const certificate = selfSigned('live-response-bot');
const tenant = '5f0c1d2e-0000-4000-8000-000000000000';
const clientId = '5f0c1d2e-0000-4000-8000-000000000001';
const scope = 'https://api.botframework.com/.default';
const http = new Http({ ca: tls.cert });
const servers: Server[] = [];
let entra: FakeEntra;

beforeAll(async () => {
  entra = await startFakeEntra(tls, {
    tenant,
    clientId,
    secret: 'canary-secret',
    certificate,
    assertion: 'none',
  });
});
afterAll(async () => {
  await entra.close();
  await http.close();
});
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
          server.closeAllConnections();
        }),
    ),
  );
});

const bySecret = (text = 'canary-secret'): MsalCredentials => ({
  kind: 'secret',
  clientId,
  secret: new Secret(text),
});
const byCertificate = (of = certificate, key = of.key): MsalCredentials => ({
  kind: 'certificate',
  clientId,
  thumbprintSha256: new X509Certificate(of.cert).fingerprint256.replaceAll(':', ''),
  privateKey: key,
});
const tokens = (credentials: MsalCredentials = bySecret(), more: Partial<MsalOptions> = {}): MsalTokens =>
  new MsalTokens({ credentials, authority: `${entra.authority}/${tenant}`, http, ...more });

/** Stands in the place of Entra ID. */
async function inPlace(listener: RequestListener): Promise<string> {
  const server = createServer({ cert: tls.cert, key: tls.key }, listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/${tenant}`;
}

/** Answers as Entra ID would, with more in it where a test wants that. */
function asEntra(more: object = {}): RequestListener {
  return (request, response) => {
    const origin = `https://${request.headers.host ?? ''}/${tenant}`;
    const base = `${origin}/oauth2/v2.0`;
    const document = {
      token_endpoint: `${base}/token`,
      authorization_endpoint: `${base}/authorize`,
      issuer: `${origin}/v2.0`,
      jwks_uri: `${base}/keys`,
      end_session_endpoint: `${base}/logout`,
    };
    const body =
      request.url?.includes('openid-configuration') === true
        ? document
        : { token_type: 'Bearer', expires_in: 3599, access_token: 'back', ...more };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

async function failure(
  work: Promise<unknown>,
): Promise<{ readonly code: string; readonly aadsts: string | undefined; readonly message: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof TokenError)
      return { code: error.code, aadsts: error.aadsts, message: error.message };
    throw error;
  }
  throw new Error('it gave a token');
}

describe('a token', () => {
  test.each([
    ['secret', bySecret()],
    ['certificate', byCertificate()],
  ])('comes by a %s, is kept, and renewed past the cache when asked', async (by, credentials) => {
    const before = entra.issued.length;
    const source = tokens(credentials);
    const told: string[] = [];
    for (const renew of [false, false, true, false])
      told.push((await source.getToken(scope, renew)).value.reveal());
    const [first, second] = [1, 2].map((n) => `token-${String(before + n)}-${by}`);
    expect(told).toEqual([first, first, second, second]);
  });

  test('is asked for once by all who want it at the same time', async () => {
    const before = entra.issued.length;
    const source = tokens();
    const all = await Promise.all(Array.from({ length: 20 }, () => source.getToken(scope)));
    expect(new Set(all.map((one) => one.value.reveal())).size).toBe(1);
    expect(entra.issued).toHaveLength(before + 1);
  });

  test('tells when it ends', async () => {
    expect((await tokens().getToken(scope)).expiresAt - Date.now()).toBeGreaterThan(3_000_000);
  });
});

describe('no token, and why:', () => {
  test('a wrong secret', async () => {
    const source = tokens(bySecret('canary-wrong'));
    expect(await failure(source.getToken(scope))).toEqual({
      code: 'refused',
      aadsts: 'AADSTS7000215',
      message:
        'Entra ID refused the credentials (secret): the client secret is wrong; note that its value is needed, not its id [AADSTS7000215]',
    });
  });
  test('a foreign certificate', async () => {
    expect(await failure(tokens(byCertificate(selfSigned('stranger'))).getToken(scope))).toMatchObject({
      code: 'refused',
    });
  });
  test('nobody listens there', async () => {
    expect(
      await failure(tokens(bySecret(), { authority: `https://127.0.0.1:1/${tenant}` }).getToken(scope)),
    ).toEqual({
      code: 'unreachable',
      aadsts: undefined,
      message: 'Entra ID cannot be reached at https://127.0.0.1:1',
    });
  });
  test('somebody without a certificate we trust', async () => {
    const bare = new Http();
    expect(await failure(tokens(bySecret(), { http: bare }).getToken(scope))).toMatchObject({
      code: 'unreachable',
    });
    await bare.close();
  });
  test.each<readonly [string, RequestListener]>([
    [
      'a page of a proxy',
      (_request, response) =>
        void response
          .writeHead(200, { 'content-type': 'text/html' })
          .end('<html>sign in to the guest network</html>'),
    ],
    ['more than anybody would read', asEntra({ padding: 'x'.repeat(400_000) })],
    ['a cut connection', (request) => void request.socket.destroy()],
  ])('%s', async (_what, listener) => {
    expect(
      await failure(tokens(bySecret(), { authority: await inPlace(listener) }).getToken(scope)),
    ).toMatchObject({ code: 'unreachable' });
  });
  test('somebody who never answers', async () => {
    const authority = await inPlace(() => undefined);
    expect(await failure(tokens(bySecret(), { authority, timeoutMs: 300 }).getToken(scope))).toEqual({
      code: 'unreachable',
      aadsts: undefined,
      message: `no token from ${new URL(authority).origin} within 0.3 s`,
    });
  });
  test('and it comes once Entra is back', async () => {
    let down = true;
    const well = asEntra();
    const authority = await inPlace((request, response) => {
      if (down) request.socket.destroy();
      else well(request, response);
    });
    const source = tokens(bySecret(), { authority });
    expect(await failure(source.getToken(scope))).toMatchObject({ code: 'unreachable' });
    down = false;
    expect((await source.getToken(scope)).value.reveal()).toBe('back');
  });
});
