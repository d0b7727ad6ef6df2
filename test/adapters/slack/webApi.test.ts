// Calls to Slack: each once, none forever, a throttled method alone held back, a refused token not hammered.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { boltLogger, slackFetch, SlackWebApi } from '../../../src/adapters/slack/outbound/webApi.ts';
import { failureOf } from '../../../src/adapters/slack/outbound/slackFailure.ts';
import type { SlackFailure } from '../../../src/adapters/slack/outbound/slackFailure.ts';
import type { WebApi } from '../../../src/adapters/slack/outbound/webApi.ts';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { createLogBook } from '../../support/slack/slackHarness.ts';

let slack: FakeSlack;
let api: WebApi;
let now: number;
let log: ReturnType<typeof createLogBook>;

beforeEach(async () => {
  slack = await startFakeSlack();
  slack.world.channel('C1');
  now = 1_000_000;
  log = createLogBook();
  api = open(slack.apiUrl);
});
afterEach(() => slack.close());

function open(apiUrl: string): WebApi {
  return new SlackWebApi({
    token: slack.tokens.bot,
    apiUrl,
    clock: { now: () => now, elapsed: () => now },
    log,
    logger: boltLogger(log),
    fetch: slackFetch(fetch),
  });
}
async function failing(method: string, args = {}): Promise<SlackFailure> {
  return api.call(method, args).then(
    () => {
      throw new Error(`${method} did not fail`);
    },
    (error: unknown) => failureOf(method, error),
  );
}
const post = { channel: 'C1', text: 'hello' };

describe('a call', () => {
  test.each([
    ['cut after Slack took it', { kind: 'cutAfter' }, 'lost', 1],
    ['cut before Slack took it', { kind: 'cutBefore' }, 'lost', 0],
    ['answered with a server error', { kind: 'status', status: 502 }, 'lost', 0],
    ['answered with a web page', { kind: 'page' }, 'lost', 0],
    ['answered internal_error', { kind: 'error', error: 'internal_error' }, 'lost', 0],
    ['answered not_in_channel', { kind: 'error', error: 'not_in_channel' }, 'refused', 0],
    ['answered token_revoked', { kind: 'error', error: 'token_revoked' }, 'token', 0],
    ['throttled', { kind: 'ratelimited', seconds: 7 }, 'throttled', 0],
  ] as const)('%s is made once, whatever happens to it', async (_what, fault, kind, messages) => {
    slack.fault('chat.postMessage', fault);
    expect((await failing('chat.postMessage', post)).kind).toBe(kind);
    expect(slack.world.in('C1')).toHaveLength(messages);
  });

  test('to nobody is known not to have been sent', async () => {
    await slack.close();
    expect(await failing('chat.postMessage', post)).toMatchObject({
      kind: 'unsent',
      slackError: 'ECONNREFUSED',
    });
    slack = await startFakeSlack();
  });

  test('through a proxy that refuses is known not to have been sent, and tells the proxy with the next step', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), {
      cause: new Error('Proxy response (403) !== 200 when HTTP Tunneling'),
    });
    const way = slackFetch(
      () => Promise.reject(refused),
      undefined,
      undefined,
      () => 'http://proxy.corp:3128',
    );
    const far = new SlackWebApi({
      token: slack.tokens.bot,
      apiUrl: slack.apiUrl,
      clock: { now: () => now, elapsed: () => now },
      log,
      logger: boltLogger(log),
      fetch: way,
    });
    const failure = await far
      .call('chat.postMessage', post)
      .catch((error: unknown) => failureOf('chat.postMessage', error));
    expect(failure).toMatchObject({
      kind: 'unsent',
      slackError: 'proxy_403',
      way: expect.stringContaining('have the hosts in docs/reach.md allowed there') as unknown,
    });
  });

  test.each(['read ETIMEDOUT', 'read EHOSTUNREACH', 'write ENETUNREACH'])(
    'over a connection that had been made and failed by %s may have been done, with a proxy and without',
    async (message) => {
      const broken = Object.assign(new TypeError('fetch failed'), {
        cause: Object.assign(new Error(message), { code: message.split(' ')[1] }),
      });
      for (const proxy of [undefined, 'http://proxy.corp:3128']) {
        const way = slackFetch(
          () => Promise.reject(broken),
          undefined,
          undefined,
          () => proxy,
        );
        const far = new SlackWebApi({
          token: slack.tokens.bot,
          apiUrl: slack.apiUrl,
          clock: { now: () => now, elapsed: () => now },
          log,
          logger: boltLogger(log),
          fetch: way,
        });
        expect(
          await far
            .call('chat.postMessage', post)
            .catch((error: unknown) => failureOf('chat.postMessage', error)),
        ).toMatchObject({ kind: 'lost' });
      }
    },
  );

  test('that a body explains brings the explanation along', async () => {
    const failure = await failing('chat.postMessage', {
      channel: 'C1',
      blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151), emoji: false } }],
    });
    expect(failure.slackError).toBe('invalid_blocks');
    expect(failure.details.join()).toContain('/blocks/0/text/text');
  });
});

describe('a 429', () => {
  test('stalls its own method alone, for as long as Slack says', async () => {
    slack.fault('chat.update', { kind: 'ratelimited', seconds: 30 });
    expect((await failing('chat.update')).retryAfterMs).toBe(30_000);
    now += 29_000;
    expect((await failing('chat.update')).retryAfterMs).toBe(1_000);
    await api.call('chat.postMessage', post);
    expect(slack.world.calls.filter(({ method }) => method === 'chat.update')).toHaveLength(1);
    now += 1_000;
    expect((await failing('chat.update', { channel: 'C1', ts: '1' })).slackError).toBe('message_not_found');
  });

  test('without a time is waited out for half a minute', async () => {
    slack.fault('chat.update', { kind: 'ratelimited', seconds: undefined });
    expect(await failing('chat.update')).toMatchObject({ kind: 'throttled', retryAfterMs: 30_000 });
  });
});

test('a refused token is told, tried once a minute, and forgiven when it works again', async () => {
  slack.world.revoked = true;
  await failing('auth.test');
  expect(api.tokenTrouble()).toBe('token_revoked');
  const calls = slack.world.calls.length;
  await failing('auth.test');
  expect(slack.world.calls).toHaveLength(calls);
  now += 60_000;
  await failing('auth.test');
  expect(slack.world.calls).toHaveLength(calls + 1);
  slack.world.revoked = false;
  now += 60_000;
  await api.call('auth.test', {});
  expect(api.tokenTrouble()).toBeUndefined();
});

test('nothing secret gets into the log', async () => {
  slack.fault('chat.postMessage', { kind: 'page' }, 2);
  await failing('chat.postMessage', { ...post, text: 'https://blob.example/x?sig=secret' });
  boltLogger(log).error(
    'failed at wss://wss.slack.com/link?ticket=secret with xoxb-secret-token and https://blob.example/x?sig=secret',
  );
  expect(log.text()).not.toMatch(/secret|xoxb/);
});
