// Names of network failures, from the errors that undici, Node and its fetch really throw (test/reach checks
// their shapes).
import { describe, expect, test } from '@jest/globals';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { proxyFrom } from '../../../src/adapters/outbound/proxy.ts';
import { wayOutTrouble } from '../../../src/adapters/outbound/wayOut.ts';

const proxy = 'http://proxy.corp:3128';
const failed = (message: string, more: object = {}): Error => Object.assign(new Error(message), more);

describe('what lies between', () => {
  test.each([
    [
      failed('fetch failed', {
        cause: failed('Proxy response (407) !== 200 when HTTP Tunneling', { code: 'UND_ERR_ABORTED' }),
      }),
      'proxy_407',
      true,
    ],
    [failed('Proxy response (403) !== 200 when HTTP Tunneling'), 'proxy_403', true],
    [failed('Proxy response (502) !== 200 when HTTP Tunneling'), 'proxy_502', true],
    [failed('x', { errors: [failed('y', { code: 'ECONNREFUSED' })] }), 'proxy_silent', true],
    [failed('connect ETIMEDOUT 10.0.0.1:3128', { code: 'ETIMEDOUT' }), 'proxy_silent', true],
    // The system says so of a connection that was made, too, after it sent again and again: the request may
    // have arrived.
    [
      failed('fetch failed', { cause: failed('read ETIMEDOUT', { code: 'ETIMEDOUT' }) }),
      'proxy_silent',
      false,
    ],
    [
      failed('fetch failed', { cause: failed('write EHOSTUNREACH', { code: 'EHOSTUNREACH' }) }),
      'proxy_silent',
      false,
    ],
    [failed('x', { name: 'TimeoutError' }), 'proxy_silent', false],
    [failed('x', { cause: { code: 'ECONNRESET' } }), 'proxy_ended', false],
    [failed('x', { cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' } }), 'certificate', true],
  ])('%j is %s', (error, code, unsent) => {
    expect(wayOutTrouble(error, 'slack.com', proxy)).toMatchObject({ code, unsent });
  });

  test('of a proxy’s answer says what has to be done about that one', () => {
    const words = (status: number): string =>
      wayOutTrouble(failed(`Proxy response (${status}) !== 200 when HTTP Tunneling`), 'slack.com', proxy)
        ?.words ?? '';
    expect(words(407)).toMatch(/wants a user name and password.*http:\/\/user:password@host:port/);
    expect(words(403)).toMatch(/does not let slack\.com through \(403\).*docs\/reach\.md/);
    expect(words(502)).toMatch(/does not get to slack\.com \(502\)/);
  });

  test('is nothing of a proxy where there is none, of a failure that nobody knows, and of what is no error', () => {
    for (const error of [failed('x', { code: 'ECONNREFUSED' }), failed('Proxy response (403) !== 200')])
      expect(wayOutTrouble(error, 'slack.com', undefined)).toBeUndefined();
    for (const error of [failed('x', { code: 'EOTHER' }), 'text', null, undefined])
      expect(wayOutTrouble(error, 'slack.com', proxy)).toBeUndefined();
  });

  test('ends in a cause that leads back to itself', () => {
    const loop = failed('x');
    loop.cause = loop;
    expect(wayOutTrouble(loop, 'slack.com', proxy)).toBeUndefined();
  });
});

test('why a host is not reached is told without the proxy’s password', async () => {
  const found = proxyFrom({ HTTPS_PROXY: 'http://bot:p%40ss@127.0.0.1:9' });
  if (found === undefined || 'wrong' in found) throw new Error('no proxy');
  const http = new Http({ proxy: found });
  try {
    expect(await http.whyNotReached('https://slack.com')).toBe(
      'the proxy http://127.0.0.1:9 does not answer (ECONNREFUSED): check HTTPS_PROXY, and that the proxy runs',
    );
    expect(await http.whyNotReached('https://slack.com', 'proxy_403')).toBeUndefined();
    expect(http.proxyFor('127.0.0.1')).toBeUndefined();
  } finally {
    await http.close();
  }
});
