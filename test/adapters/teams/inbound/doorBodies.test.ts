// Bodies at the door of Teams: what is read, what is refused, and with which status.
import { request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { deepestBody } from '../../../../src/adapters/teams/inbound/inboundRoute.ts';
import { doorBench } from '../../../support/chats/teamsDoorBench.ts';
import { appId } from '../../../support/chats/teamsHarness.ts';

const { bench, message } = doorBench();

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
const doors: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(doors.splice(0).map((door) => door.close())));
