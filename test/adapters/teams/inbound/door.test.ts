// Who gets through /api/messages: the token table, body limits, and that nobody learns why they were refused.
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { looksLikeChannelToken } from '../../../../src/adapters/teams/inbound/inboundRoute.ts';
import { encoded, issuer } from '../../../../src/demo/teams/channelKeys.ts';
import { doorBench } from '../../../support/chats/teamsDoorBench.ts';
import type { TeamsHarness } from '../../../support/chats/teamsHarness.ts';
import { appId } from '../../../support/chats/teamsHarness.ts';

const { bench, log, message } = doorBench();
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

describe('a bad token is answered 401 or 403, never 500, and nothing is told', () => {
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

it('writes one line for each reason into the log, without tokens or bodies', () => {
  const refused = log.lines.filter((line) => line.startsWith('teamsRefused'));
  expect(refused.length).toBeGreaterThan(3);
  expect(refused.length).toBeLessThan(60);
  expect(log.lines.join('\n')).not.toMatch(/eyJ|Bearer/);
});
const doors: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(doors.splice(0).map((door) => door.close())));
