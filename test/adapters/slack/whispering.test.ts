// A private answer by the delivery's own address: to Slack alone, as often and as long as Slack takes it, and
// never where a redirect leads.
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../../src/adapters/log.ts';
import { responseUrlLife, responseUrlUses } from '../../../src/adapters/slack/limits.ts';
import { noteMessage, sentenceMessage } from '../../../src/adapters/slack/outbound/slackMessages.ts';
import { mayRespondTo, PrivateReplies } from '../../../src/adapters/slack/outbound/privateReplies.ts';
import { createManualClock } from '../../support/manualClock.ts';

test.each([
  ['https://hooks.slack.com/commands/T1/1/x', true],
  ['https://hooks.slack-gov.com/commands/T1/1/x', true],
  ['https://127.0.0.1:8443/respond/r1', true],
  ['http://hooks.slack.com/commands/T1/1/x', false],
  ['https://evilslack.com/commands', false],
  ['https://slack.com.evil.example/commands', false],
  ['https://bot@hooks.slack.com/commands', false],
  ['https://:secret@127.0.0.1:8443/respond/r1', false],
  ['https://127.0.0.1:9443/respond/r1', false],
  ['no address', false],
])('%s: %s', (url, may) => {
  expect(mayRespondTo(url, 'https://127.0.0.1:8443/api/')).toBe(may);
});

describe('the address of a delivery', () => {
  const clock = createManualClock();
  const message = sentenceMessage({ text: 'for you' });
  let servers: readonly Server[];
  let origins: readonly string[];
  let taken: string[];
  let calls: string[];
  let privateReplies: PrivateReplies;

  beforeEach(async () => {
    taken = [];
    calls = [];
    servers = ['here', 'there'].map((name) =>
      createServer((request, response) => {
        taken.push(name);
        request.resume();
        if (request.url === '/moved') response.writeHead(307, { location: `${origins[1] ?? ''}/respond` });
        if (request.url === '/endless') {
          const more = (): void => {
            while (response.write(' '.repeat(4_096)));
          };
          response.on('drain', more);
          more();
          return;
        }
        response.end();
      }),
    );
    origins = await Promise.all(
      servers.map(
        (server) =>
          new Promise<string>((resolve) =>
            server.listen(0, '127.0.0.1', () => {
              resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
            }),
          ),
      ),
    );
    const api = { call: (method: string) => Promise.resolve(calls.push(method) > 0 ? {} : {}) };
    privateReplies = new PrivateReplies({
      api,
      clock,
      log: createLog({ level: 'error', write: () => undefined }),
      apiUrl: `${origins[0] ?? ''}/api/`,
      fetch,
    });
  });
  afterEach(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

  test('is used as often as Slack takes it', async () => {
    const address = { url: `${origins[0] ?? ''}/respond`, at: clock.elapsed(), uses: 0 };
    for (let n = 0; n < responseUrlUses + 1; n += 1)
      await privateReplies.send({ channel: 'C1', user: 'U1', address }, message);
    expect(taken).toHaveLength(responseUrlUses);
    expect(calls).toEqual(['chat.postEphemeral']);
  });

  test('is read no further than its answer could reach: one that never ends holds nobody up', async () => {
    await privateReplies.send(
      {
        channel: 'C1',
        user: 'U1',
        address: { url: `${origins[0] ?? ''}/endless`, at: clock.elapsed(), uses: 0 },
      },
      message,
    );
    expect([taken[0], calls]).toEqual(['here', []]);
  });

  test('is not used any more once it has expired', async () => {
    const address = {
      url: `${origins[0] ?? ''}/respond`,
      at: clock.elapsed() - responseUrlLife - 1,
      uses: 0,
    };
    await privateReplies.send({ channel: 'C1', user: 'U1', address }, message);
    expect([taken, calls]).toEqual([[], ['chat.postEphemeral']]);
  });

  test('is not used where it is not Slack\u2019s', async () => {
    await privateReplies.send(
      {
        channel: 'C1',
        user: 'U1',
        address: { url: `${origins[1] ?? ''}/respond`, at: clock.elapsed(), uses: 0 },
      },
      message,
    );
    expect([taken, calls]).toEqual([[], ['chat.postEphemeral']]);
  });

  test('is not followed elsewhere', async () => {
    await privateReplies.send(
      {
        channel: 'C1',
        user: 'U1',
        address: { url: `${origins[0] ?? ''}/moved`, at: clock.elapsed(), uses: 0 },
      },
      message,
    );
    expect([taken, calls]).toEqual([['here'], ['chat.postEphemeral']]);
  });
});

test('a note mentions nobody but accounts, and holds no markup of its text', () => {
  const { text, blocks } = noteMessage('done <!channel> & <@U9>', ['U0RILEY', '!channel', 'U1> <!here']);
  expect(text).toBe('<@U0RILEY> done &lt;!channel&gt; &amp; &lt;@U9&gt;');
  expect(blocks).toMatchObject([{ text: { type: 'mrkdwn', text, verbatim: true } }]);
});
