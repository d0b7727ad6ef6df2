// The token check of the door without botbuilder, below everything that looks at a header before it: each
// claim and key rule alone, and how seldom the host that tells the keys is asked, whatever strangers send.
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Http } from '../../../../src/adapters/outbound/http.ts';
import {
  ChannelKeys as PublishedKeys,
  failedGap,
  keysGoodFor,
  keysRenewedAfter,
  unknownKeyGap,
} from '../../../../src/adapters/teams/direct/channelKeys.ts';
import { channelTokenProblem } from '../../../../src/adapters/teams/direct/channelToken.ts';
import { ChannelKeys, encoded, issuer } from '../../../../src/demo/teams/channelKeys.ts';
import type { TokenOptions } from '../../../../src/demo/teams/channelKeys.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import type { ManualClock } from '../../../support/manualClock.ts';
import { keepingLog } from '../../../support/chats/teamsHarness.ts';

const appId = '11111111-1111-1111-1111-111111111111';
const serviceUrl = 'https://smba.trafficmanager.net/teams/';
const http = new Http();
let host: ChannelKeys;
let clock: ManualClock;
let log: ReturnType<typeof keepingLog>;
let keys: PublishedKeys;

beforeEach(async () => {
  host = new ChannelKeys();
  await host.start();
  clock = createManualClock();
  host.now = () => clock.now();
  log = keepingLog();
  keys = new PublishedKeys({ http, clock, log, metadataUrl: host.metadataUrl(), issuer });
});
afterEach(() => host.stop());

const judge = (options: TokenOptions = {}, about = serviceUrl) =>
  judgeHeader(`Bearer ${host.token(appId, serviceUrl, options)}`, about);
const judgeHeader = (header: string, about = serviceUrl) =>
  channelTokenProblem({ keys, issuer, audience: appId, clock }, header, about);
const minutes = (count: number): number => Math.floor(clock.now() / 1000) + count * 60;
/** Each fetch is two calls: the document, and the keys it names. */
const fetches = (): number => host.asked / 2;

const badTokens: readonly (readonly [string, () => Promise<string | undefined>, string])[] = [
  ['expired more than five minutes ago', () => judge({ claims: { exp: minutes(-6) } }), 'ERR_JWT_EXPIRED'],
  ['that never expires', () => judge({ claims: { exp: undefined } }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  [
    'with a time that is no number',
    () => judge({ claims: { exp: 'never' } }),
    'ERR_JWT_CLAIM_VALIDATION_FAILED',
  ],
  [
    'not valid yet',
    () => judge({ claims: { nbf: minutes(6), exp: minutes(60) } }),
    'ERR_JWT_CLAIM_VALIDATION_FAILED',
  ],
  [
    'for another bot',
    () => judge({ claims: { aud: '33333333-3333-3333-3333-333333333333' } }),
    'ERR_JWT_CLAIM_VALIDATION_FAILED',
  ],
  ['for nobody', () => judge({ claims: { aud: undefined } }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  [
    'of another issuer',
    () => judge({ claims: { iss: 'https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/' } }),
    'ERR_JWT_CLAIM_VALIDATION_FAILED',
  ],
  ['of no issuer', () => judge({ claims: { iss: undefined } }), 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  [
    'signed by a foreign key under a known name',
    () => judge({ forged: true }),
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  ],
  [
    'signed by nobody (alg none)',
    () => judge({ unsigned: true, header: { alg: 'none' } }),
    'ERR_JOSE_ALG_NOT_ALLOWED',
  ],
  [
    'signed by nobody under a good algorithm',
    () => judge({ unsigned: true }),
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  ],
  [
    'signed by HMAC with the public key',
    () => judgeHeader(`Bearer ${confused()}`),
    'ERR_JOSE_ALG_NOT_ALLOWED',
  ],
  [
    'signed well by another RSA algorithm',
    () => judge({ hash: 'RSA-SHA384', header: { alg: 'RS384' } }),
    'ERR_JOSE_ALG_NOT_ALLOWED',
  ],
  [
    'with a header that must be understood and is not',
    () => judge({ header: { crit: ['b64x'], b64x: true } }),
    'ERR_JOSE_NOT_SUPPORTED',
  ],
  ['of a key nobody publishes', () => judge({ header: { kid: 'key2' } }), 'unknown key'],
  ['that names no key', () => judge({ header: { kid: undefined } }), 'no key id'],
  [
    'for another service URL',
    () => judge({}, 'https://smba.trafficmanager.net/other/'),
    'another service URL',
  ],
  [
    'for a service URL without its last slash',
    () => judge({ claims: { serviceurl: serviceUrl.slice(0, -1) } }),
    'another service URL',
  ],
  ['for no service URL', () => judge({ claims: { serviceurl: undefined } }), 'another service URL'],
  ['that is no token', () => judgeHeader('Bearer nonsense'), 'ERR_JWS_INVALID'],
  ['that is none at all', () => judgeHeader(''), 'no bearer token'],
];

describe('a token', () => {
  it('of the channel is genuine, up to five minutes beyond its times', async () => {
    expect(await judge()).toBeUndefined();
    expect(await judge({ claims: { exp: minutes(-4) } })).toBeUndefined();
    expect(await judge({ claims: { nbf: minutes(4), exp: minutes(60) } })).toBeUndefined();
  });

  it.each(badTokens)('%s is none', async (_what, answer, why) => {
    expect(await answer()).toBe(why);
    expect(await judge()).toBeUndefined();
  });
});

function confused(): string {
  const body = `${encoded({ alg: 'HS256', typ: 'JWT', kid: 'key1' })}.${encoded({ iss: issuer, aud: appId, exp: minutes(60), serviceurl: serviceUrl })}`;
  return `${body}.${createHmac('sha256', host.publicPem()).update(body).digest('base64url')}`;
}

describe('a published key', () => {
  it.each([[['webchat', 'skype']], [[]], [undefined], ['msteams']])(
    'endorsed for %j signs nothing for Teams',
    async (endorsements) => {
      host.endorsements = undefined;
      host.key = { endorsements };
      expect(await judge()).toBe('a key that is not endorsed for Teams');
    },
  );

  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['for encryption', { use: 'enc' }],
    ['of another kind', { kty: 'oct', k: 'AAAA' }],
    ['without its numbers', { n: undefined }],
    ['with numbers that are none', { n: '!' }],
    ['too short to be safe', { n: 'sXch-e1b_1ZkGY9GSCeVJQ' }],
  ])('%s is passed over', async (_what, key) => {
    host.key = key;
    expect(await judge()).toBe('keys');
    expect(keys.trouble()).toContain('holds no keys');
  });
});

describe('the host that tells the keys', () => {
  it('is asked once, for a day of messages, and again before the day is over, while nobody waits', async () => {
    for (let n = 0; n < 50; n += 1) expect(await judge()).toBeUndefined();
    expect(fetches()).toBe(1);
    await clock.advance(keysRenewedAfter);
    host.down = 'hang';
    for (let n = 0; n < 50; n += 1) expect(await judge()).toBeUndefined();
    // The renewal that hangs is under way; nobody starts another.
    await host.arrived(3);
    expect(host.asked).toBe(3);
  });

  it('is waited for once by all who come at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => judge()));
    expect(answers.every((answer) => answer === undefined)).toBe(true);
    expect(fetches()).toBe(1);
  });

  it('is asked once an hour, however many tokens name keys that nobody publishes', async () => {
    expect(await judge()).toBeUndefined();
    const storm = async (): Promise<void> => {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, n) => judge({ header: { kid: `strange${n}` } })),
      );
      expect(new Set(answers)).toEqual(new Set(['unknown key']));
    };
    await storm();
    await clock.advance(unknownKeyGap - 1);
    await storm();
    expect(fetches()).toBe(1);
    await clock.advance(1);
    await storm();
    await storm();
    expect(fetches()).toBe(2);
    expect(await judge()).toBeUndefined();
  });

  it('is asked at most every ten seconds while it is down; messages wait at Teams, the reason is told, and it recovers by itself', async () => {
    host.down = 'error';
    for (let n = 0; n < 20; n += 1) expect(await judge()).toBe('keys');
    expect(host.asked).toBe(1);
    expect(keys.trouble()).toMatch(
      /^the keys that messages of Teams are checked with could not be had from 127\.0\.0\.1:\d+: it answered 500$/,
    );
    expect(log.lines).toHaveLength(1);
    host.down = undefined;
    await clock.advance(failedGap - 1);
    expect(await judge()).toBe('keys');
    await clock.advance(1);
    expect(await judge()).toBeUndefined();
    expect(keys.trouble()).toBeUndefined();
  });

  it('may be down for four hours before anybody notices, but no key is trusted for longer than a day', async () => {
    expect(await judge()).toBeUndefined();
    host.down = 'error';
    await clock.advance(keysGoodFor - 1);
    expect(await judge()).toBeUndefined();
    await clock.advance(1);
    expect(await judge()).toBe('keys');
    expect(keys.trouble()).toContain('it answered 500');
  });

  it.each([[true], [false]])(
    'is asked again after a night in which the machine slept, whether its own clock went on or not (%s)',
    async (elapsed) => {
      expect(await judge()).toBeUndefined();
      host.down = 'error';
      clock.suspend(keysGoodFor, elapsed);
      expect(await judge()).toBe('keys');
    },
  );

  it('withdraws a key by leaving it out', async () => {
    expect(await judge()).toBeUndefined();
    host.kid = 'key2';
    await clock.advance(keysGoodFor);
    expect(await judge()).toBe('unknown key');
    expect(await judge({ header: { kid: 'key2' } })).toBeUndefined();
  });

  it('tells a new key within the hour after it was first used', async () => {
    expect(await judge()).toBeUndefined();
    host.kid = 'key2';
    expect(await judge({ header: { kid: 'key2' } })).toBe('unknown key');
    await clock.advance(unknownKeyGap);
    expect(await judge({ header: { kid: 'key2' } })).toBeUndefined();
  });

  it('that cannot be asked about a strange key leaves it open whether there is one', async () => {
    expect(await judge()).toBeUndefined();
    await clock.advance(unknownKeyGap);
    host.down = 'error';
    expect(await judge({ header: { kid: 'key2' } })).toBe('keys');
    expect(await judge()).toBeUndefined();
  });

  it.each<readonly [string, () => void, RegExp]>([
    ['another issuer', () => (host.document = { issuer: 'https://evil.example' }), /names another issuer/],
    [
      'no place of the keys',
      () => (host.document = { jwks_uri: undefined }),
      /does not tell where the keys are/,
    ],
    [
      'keys over an unprotected line',
      () => (host.document = { jwks_uri: 'http://192.0.2.7/keys' }),
      /does not tell where the keys are/,
    ],
    ['something else than JSON', () => (host.raw = '<html>'), /not JSON/],
    [
      'no keys',
      () => (host.raw = JSON.stringify({ issuer, jwks_uri: undefined, keys: [] })),
      /does not tell where the keys are/,
    ],
    ['more than anybody would read', () => (host.raw = ' '.repeat(300_000)), /262144 bytes/],
  ])('that answers with %s tells no keys', async (_what, plant, why) => {
    plant();
    expect(await judge()).toBe('keys');
    expect(keys.trouble()).toMatch(why);
  });
});
