// Socket Mode: back after every loss, deaf never in silence.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { boltLogger, slackFetch } from '../../../src/adapters/slack/outbound/webApi.ts';
import { Socket } from '../../../src/adapters/slack/inbound/socket.ts';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { createLogBook } from '../../support/slack/slackHarness.ts';
import { createManualClock } from '../../support/manualClock.ts';
import type { ManualClock } from '../../support/manualClock.ts';

let slack: FakeSlack;
let socket: Socket;
let clock: ManualClock;
let deaf: string[];
let log: ReturnType<typeof createLogBook>;

beforeEach(async () => {
  slack = await startFakeSlack();
  clock = createManualClock();
  deaf = [];
  log = createLogBook();
  // The SDK's own timers are real: its patience is made short.
  socket = new Socket({
    appToken: slack.tokens.app,
    apiUrl: slack.apiUrl,
    clock,
    log,
    logger: boltLogger(log),
    fetch: slackFetch(fetch),
    onDeaf: (why) => void deaf.push(why),
    pingTimeout: 150,
  });
});
afterEach(async () => {
  // The clock stands still, so a close that is not answered is not given up: this waits for the true end of
  // the connection.
  await socket.stop();
  await slack.close();
});

/**
 * Resolves when Slack has said hello that many times. Stopped between connecting and hello, the SDK forgets a
 * timer of half a minute.
 */
const connected = (times: number): Promise<true> =>
  slack.until(`hello, ${times} times`, () =>
    log.lines.filter(({ event }) => event === 'slackSocketConnected').length === times ? true : undefined,
  );
const gone = (): Promise<true> =>
  slack.until('no connection', () => (slack.api.sockets.size === 0 ? true : undefined));

test('is ready when it is connected, and connects again when Slack recycles the connection', async () => {
  await socket.start();
  expect(socket.check()).toEqual({ name: 'slackSocket', ok: true });
  for (const one of slack.api.sockets)
    one.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
  await gone();
  await connected(2);
  expect(socket.check().ok).toBe(true);
});

describe('a connection that does not come back', () => {
  beforeEach(async () => {
    await socket.start();
    slack.api.down = true;
    await gone();
    await slack.until('the loss', () => log.lines.find(({ event }) => event === 'slackSocketLost'));
  });

  test('is a short while forgiven, then not ready, then deaf once', async () => {
    await clock.advance(10_000);
    expect(socket.check().ok).toBe(true);
    await clock.advance(10_000);
    expect(socket.check().ok).toBe(false);
    expect(socket.check().why).toContain('No connection to Slack for');
    await clock.advance(200_000);
    expect(deaf).toHaveLength(1);
  });

  test('comes back when Slack does', async () => {
    slack.api.down = false;
    await connected(2);
    await clock.advance(300_000);
    expect(deaf).toEqual([]);
  });
});

test('an app token that is taken back does not end the process, and a new connection is tried for', async () => {
  await socket.start();
  slack.fault('apps.connections.open', { kind: 'error', error: 'invalid_auth' });
  for (const one of slack.api.sockets) one.terminate();
  await slack.until('the refusal', () =>
    slack.world.calls.find(
      ({ method, error }) => method === 'apps.connections.open' && error === 'invalid_auth',
    ),
  );
  await slack.until('another try', () => {
    void clock.advance(1_000);
    return slack.api.sockets.size > 0 ? true : undefined;
  });
  await connected(2);
});
