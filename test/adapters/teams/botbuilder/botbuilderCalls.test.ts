// What botbuilder's errors mean behind a proxy: above all, what was certainly not sent. Its client is played:
// the errors are those it throws.
import { describe, expect, test } from '@jest/globals';
import type { BotFrameworkAuthentication } from 'botframework-connector';
import { callsOf } from '../../../../src/adapters/teams/botbuilder/botbuilderCalls.ts';
import { CallError } from '../../../../src/adapters/teams/protocol.ts';
import type { Fault } from '../../../../src/adapters/teams/protocol.ts';

const serviceUrl = 'https://smba.example/emea/';
const failed = (more: object, message = 'x'): Error =>
  Object.assign(new Error(message), { name: 'RestError', ...more });

/** @param why by the code of a way out that explains it, as Http tells it */
async function faultOf(error: Error, why: Readonly<Record<string, string>> = {}): Promise<Fault> {
  const pipeline = { removePolicy: () => [{}], addPolicy: () => undefined };
  const client = { client: { pipeline }, conversations: { sendToConversation: () => Promise.reject(error) } };
  const authentication = {
    createConnectorFactory: () => ({ create: () => Promise.resolve(client) }),
  } as unknown as BotFrameworkAuthentication;
  const http = {
    proxyFor: () => 'http://proxy.corp:3128',
    whyNotReached: (_origin: string, only?: string) =>
      Promise.resolve(only === undefined ? Object.values(why)[0] : why[only]),
  };
  const calls = await callsOf(authentication, { appId: 'app', audience: 'audience' }, serviceUrl, {
    http,
    login: 'https://login.example',
  });
  const thrown = await calls.send('19:x', {}, { timeout: 1_000 }).catch((one: unknown) => one);
  if (!(thrown instanceof CallError)) throw new Error('no CallError');
  return thrown.fault;
}

describe('a message to Teams behind a proxy', () => {
  test.each([403, 407])(
    'that was answered %i was not sent where the proxy lets no connection through by that very number',
    async (status) => {
      expect(
        await faultOf(failed({ statusCode: status }), { [`proxy_${String(status)}`]: 'not let through' }),
      ).toEqual({ kind: 'notSent', code: 'not let through' });
    },
  );

  test.each(['proxy_silent', 'proxy_ended', 'proxy_502', 'certificate'])(
    'that was answered 403 stays answered when the look finds another trouble (%s): a proxy that opens TLS may have passed it on',
    async (other) => {
      expect(await faultOf(failed({ statusCode: 403 }), { [other]: 'another trouble' })).toEqual({
        kind: 'answered',
        status: 403,
      });
    },
  );

  test('that was answered by anything else, or with a word of Teams, stays answered', async () => {
    for (const status of [500, 502, 503])
      expect(
        await faultOf(failed({ statusCode: status }), { [`proxy_${String(status)}`]: 'the proxy' }),
      ).toEqual({ kind: 'answered', status });
    expect(
      await faultOf(failed({ statusCode: 403, code: 'BotNotInConversationRoster' }), {
        proxy_403: 'the proxy',
      }),
    ).toMatchObject({ kind: 'answered', code: 'BotNotInConversationRoster' });
  });

  test('whose connection was made and failed may have arrived', async () => {
    expect(await faultOf(failed({ code: 'EHOSTUNREACH' }, 'read EHOSTUNREACH'))).toEqual({
      kind: 'broken',
      code: 'EHOSTUNREACH',
    });
    expect(await faultOf(failed({ code: 'EHOSTUNREACH' }, 'connect EHOSTUNREACH 10.0.0.1:443'))).toEqual({
      kind: 'notSent',
      code: 'EHOSTUNREACH',
    });
  });
});
