// Token sources: caching, renewal after a refusal, time limits, and errors that say what to fix.
import { describe, expect, test } from '@jest/globals';
import type { AccessToken, TokenCredential } from '@azure/identity';
import { inspect } from 'node:util';
import { EntraTokens, isLoopback, noCredentials } from '../../../src/adapters/entra/credentials.ts';
import type { EntraSettings } from '../../../src/adapters/entra/settings.ts';
import { TokenError } from '../../../src/adapters/entra/tokenError.ts';
import { Secret } from '../../../src/adapters/secret.ts';

const authority = 'https://login.microsoftonline.com';
const settings: EntraSettings = {
  credentials: {
    kind: 'secret',
    tenantId: '11111111-2222-3333-4444-555555555555',
    clientId: 'c',
    secret: new Secret('canary-secret'),
  },
  authority,
};

const credential = (getToken: () => Promise<AccessToken>): TokenCredential => ({ getToken });

async function failure(work: Promise<unknown>): Promise<TokenError> {
  const error = await work.then(
    () => undefined,
    (one: unknown) => one,
  );
  if (!(error instanceof TokenError)) throw new Error(`expected a TokenError, got ${String(error)}`);
  expect(inspect(error)).not.toContain('canary');
  return error;
}

describe('a secret', () => {
  test('prints nothing of itself in any way', () => {
    const secret = new Secret('canary');
    const texts = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }),
      inspect(secret, { showHidden: true }),
      secret.toString(),
      JSON.stringify(Object.entries(secret)),
    ];
    for (const text of texts) expect(text).not.toContain('canary');
    expect(secret.reveal()).toBe('canary');
  });
});

describe('tokens', () => {
  test('come from one credential, made when first wanted', async () => {
    let made = 0;
    const tokens = new EntraTokens(settings, () => {
      made += 1;
      return Promise.resolve(
        credential(() => Promise.resolve({ token: 'canary-token', expiresOnTimestamp: 123 })),
      );
    });
    expect(made).toBe(0);
    const token = await tokens.getToken('x/.default');
    await tokens.getToken('x/.default');
    expect([made, token?.expiresAt, token?.value.reveal(), JSON.stringify(token)]).toEqual([
      1,
      123,
      'canary-token',
      '{"value":"[secret]","expiresAt":123}',
    ]);
  });

  test('are fetched past every cache by a new credential when a renewal is asked for', async () => {
    let made = 0;
    const tokens = new EntraTokens(settings, () => {
      made += 1;
      const value = `t${made}`;
      return Promise.resolve(credential(() => Promise.resolve({ token: value, expiresOnTimestamp: 1 })));
    });
    await tokens.getToken('x/.default');
    expect((await tokens.getToken('x/.default', true))?.value.reveal()).toBe('t2');
  });

  test.each([
    ['AADSTS7000215: Invalid client secret provided. canary', 'refused', 'the client secret is wrong'],
    ['AADSTS7000222: The provided client secret keys are expired. canary', 'refused', 'has expired'],
    ['AADSTS700016: Application canary was not found', 'refused', 'AZURE_CLIENT_ID'],
    ['AADSTS9999999: Something new canary', 'refused', '[AADSTS9999999]'],
    ['getaddrinfo ENOTFOUND login.microsoftonline.com canary', 'unreachable', 'cannot be reached'],
    ['canary of a new kind', 'refused', 'gave no token'],
  ])('that fail with "%s" are %s, in a sentence of our own', async (message, code, sentence) => {
    const tokens = new EntraTokens(settings, () =>
      Promise.resolve(credential(() => Promise.reject(new Error(message)))),
    );
    const error = await failure(tokens.getToken('x/.default'));
    expect(error.code).toBe(code);
    expect(error.message).toContain(sentence);
  });

  test('that never come are given up', async () => {
    const tokens = new EntraTokens({ ...settings, timeoutMs: 40 }, () =>
      Promise.resolve(credential(() => new Promise(() => undefined))),
    );
    expect((await failure(tokens.getToken('x/.default'))).code).toBe('unreachable');
  });

  test('of the real library say that Entra ID cannot be reached when it cannot', async () => {
    const tokens = new EntraTokens({
      ...settings,
      authority: 'https://127.0.0.1:1',
      timeoutMs: 5000,
      retries: 0,
    });
    expect((await failure(tokens.getToken('https://api.securitycenter.microsoft.com/.default'))).code).toBe(
      'unreachable',
    );
  });

  test('of the real library name a certificate file that is not there', async () => {
    const tokens = new EntraTokens({
      ...settings,
      credentials: {
        kind: 'certificate',
        tenantId: '11111111-2222-3333-4444-555555555555',
        clientId: 'c',
        path: 'no-such-file.pem',
      },
      retries: 0,
      timeoutMs: 5000,
    });
    const error = await failure(tokens.getToken('x/.default'));
    expect(error.message).toContain('AZURE_CLIENT_CERTIFICATE_PATH');
  });
});

describe('going without credentials', () => {
  test('is possible to this machine alone', async () => {
    expect(await noCredentials('http://127.0.0.1:4000').getToken('x')).toBeUndefined();
    for (const url of [
      'https://api.security.microsoft.com',
      'http://127.0.0.1.evil.example',
      'http://localhost.evil.example',
      'http://10.0.0.1',
      'nonsense',
    ]) {
      expect(isLoopback(url)).toBe(false);
      expect(() => noCredentials(url)).toThrow(TypeError);
    }
    expect(isLoopback('http://[::1]:9/')).toBe(true);
    expect(isLoopback('http://localhost:9/')).toBe(true);
  });
});
