// Who may speak to /slack/events: only Slack, only now, only once. Everything else is refused and changes
// nothing.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { createManualClock } from '../../support/manualClock.ts';
import { openSlackHarness } from '../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../support/slack/slackHarness.ts';
import { tokens } from '../../../src/demo/slack/server.ts';

let room: SlackHarness;
beforeEach(async () => {
  room = await openSlackHarness();
});
afterEach(() => room.close());

let count = 0;
/** A command body that no other test has sent. */
function commandBody(): string {
  return new URLSearchParams({
    command: '/lr',
    user_id: 'U1',
    channel_id: 'C1',
    team_id: 'T0HOME',
    text: 'status',
    trigger_id: `${(count += 1)}.x`,
  }).toString();
}
const now = (): number => Math.floor(Date.now() / 1000);
function sign(timestamp: string | number, body: string): string {
  return `v0=${createHmac('sha256', tokens.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}
async function reached(): Promise<number> {
  await room.adapter.stop();
  return room.commands.length;
}

describe('a request is refused', () => {
  test.each([
    ['without a signature', { 'x-slack-signature': '' }],
    ['with a signature of another version', { 'x-slack-signature': `v1=${'0'.repeat(64)}` }],
    ['with a short signature', { 'x-slack-signature': 'v0=abcd' }],
    ['with a wrong signature', { 'x-slack-signature': `v0=${'0'.repeat(64)}` }],
    ['without a timestamp', { 'x-slack-request-timestamp': '' }],
    ['with a timestamp that is no number', { 'x-slack-request-timestamp': 'soon' }],
  ])('%s', async (_why, headers) => {
    expect((await room.slack.send(commandBody(), { headers })).status).toBe(401);
    expect(await reached()).toBe(0);
  });

  test('signed with another secret', async () => {
    expect((await room.slack.send(commandBody(), { secret: 'another' })).status).toBe(401);
    expect(await reached()).toBe(0);
  });

  test('with a body that was not signed', async () => {
    const timestamp = now();
    expect(
      (
        await room.slack.send(commandBody(), {
          timestamp,
          headers: { 'x-slack-signature': sign(timestamp, commandBody()) },
        })
      ).status,
    ).toBe(401);
    expect(await reached()).toBe(0);
  });

  test.each([
    ['six minutes old', -361, 'too old'],
    ['six minutes ahead', 361, 'from the future'],
    ['an hour ahead', 3_600, 'from the future'],
  ])('when it is %s, however well it is signed', async (_when, seconds, why) => {
    expect((await room.slack.send(commandBody(), { timestamp: now() + seconds })).status).toBe(401);
    expect(await reached()).toBe(0);
    // By the guard itself: Bolt, which is asked after it, would refuse an old one as well.
    const refused = room.log.lines.filter(({ event }) => event === 'slackRequestRefused');
    expect(refused.map(({ fields }) => fields['why'])).toEqual([why]);
  });

  test('when it comes a second time', async () => {
    const timestamp = now();
    const body = commandBody();
    expect((await room.slack.send(body, { timestamp })).status).toBe(200);
    expect((await room.slack.send(body, { timestamp })).status).toBe(401);
    expect(await reached()).toBe(1);
  });

  test('when it comes a second time with another face', async () => {
    const timestamp = now();
    const body = commandBody();
    expect((await room.slack.send(body, { timestamp })).status).toBe(200);
    const faces = [
      { 'x-slack-signature': `${sign(timestamp, body)}=x` },
      { 'x-slack-request-timestamp': `0${timestamp}`, 'x-slack-signature': sign(timestamp, body) },
      { 'x-slack-request-timestamp': `${timestamp}.0`, 'x-slack-signature': sign(timestamp, body) },
      { 'x-slack-signature': sign(timestamp, body).toUpperCase() },
    ];
    for (const headers of faces)
      expect((await room.slack.send(body, { timestamp, headers })).status).toBe(401);
    expect(await reached()).toBe(1);
  });

  test('when it comes a second time after a restart', async () => {
    const timestamp = now();
    const body = commandBody();
    expect((await room.slack.send(body, { timestamp })).status).toBe(200);
    await room.restart();
    expect((await room.slack.send(body, { timestamp })).status).toBe(401);
    expect(await reached()).toBe(1);
  });

  test('when it has two signatures', async () => {
    const body = commandBody();
    const timestamp = now();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest(
        room.slack.target ?? '',
        {
          method: 'POST',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            'x-slack-request-timestamp': String(timestamp),
            'x-slack-signature': [sign(timestamp, body), sign(timestamp, body)],
          },
        },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
    expect(status).toBe(401);
    expect(await reached()).toBe(0);
  });

  test('when it is larger than anything Slack sends', async () => {
    const sent = await room.slack.send(`text=${'x'.repeat(600_000)}`);
    expect(sent.status).toBe(413);
    expect(await reached()).toBe(0);
  });
});

test('refused requests are not written down, so that nobody can fill the memory', async () => {
  for (let at = 0; at < 5; at += 1) await room.slack.send(commandBody(), { secret: 'another' });
  expect(readFileSync(join(room.dataDir, 'slack-replay.txt'), 'utf8')).toBe('');
  expect(statSync(join(room.dataDir, 'slack-replay.txt')).mode & 0o777).toBe(0o600);
});

test('a replay file that cannot be written is reported, and memory alone guards', async () => {
  chmodSync(join(room.dataDir, 'slack-replay.txt'), 0o400);
  const timestamp = now();
  const body = commandBody();
  const first = await room.slack.send(body, { timestamp });
  expect(first.status).toBe(200);
  expect((await room.slack.send(body, { timestamp })).status).toBe(401);
  // Root may write whatever the mode says; anybody else sees the trouble.
  if (process.getuid?.() !== 0)
    expect(room.adapter.checks().find((check) => check.name === 'slackReplayMemory')?.ok).toBe(false);
});

test('Slack’s check of the certificate is answered without a signature, and carries nothing in', async () => {
  const answer = await fetch(room.slack.target ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'ssl_check=1&token=abc',
  });
  expect(answer.status).toBe(200);
  const smuggled = await fetch(room.slack.target ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `ssl_check=1&${commandBody()}`,
  });
  expect(smuggled.status).toBe(401);
  expect(await reached()).toBe(0);
});

test('Slack’s check of the address is answered with its challenge', async () => {
  const sent = await room.slack.send(
    JSON.stringify({ type: 'url_verification', challenge: 'abc' }),
    {},
    'application/json',
  );
  expect(JSON.parse(sent.body)).toEqual({ challenge: 'abc' });
});

test('a proxy that names a charset changes nothing', async () => {
  expect(
    (await room.slack.send(commandBody(), {}, 'application/x-www-form-urlencoded; charset=utf-8')).status,
  ).toBe(200);
  expect(await reached()).toBe(1);
});

test('a signed body that is no JSON, and another path, are refused without a crash', async () => {
  expect((await room.slack.send('{', {}, 'application/json')).status).toBe(400);
  expect((await fetch(`${room.slack.target ?? ''}/`, { method: 'POST', body: 'x' })).status).toBe(404);
  expect((await fetch(room.slack.target ?? '')).status).toBe(404);
});

test('nothing is taken any more once the adapter stops', async () => {
  await room.adapter.stop();
  expect((await room.slack.send(commandBody())).status).toBe(503);
  expect(room.commands).toHaveLength(0);
});

test('row 5.7: a flood of requests without a signature costs few lines of the log, and their number is told', async () => {
  const clock = createManualClock(Date.now());
  const busy = await openSlackHarness({ clock });
  try {
    const count = 1_000;
    const knock = async (): Promise<void> => {
      const answer = await fetch(`${busy.http.url}/slack/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: commandBody(),
      });
      await answer.body?.cancel();
      expect(answer.status).toBe(401);
    };
    for (let n = 0; n < count; n += 50) await Promise.all(Array.from({ length: 50 }, knock));
    const refused = (): readonly string[] =>
      busy.log.lines
        .filter(({ event }) => event.startsWith('slackRequestRefused'))
        .map(({ event, fields }) => `${event} ${JSON.stringify(fields)}`);
    expect(refused()).toHaveLength(1);
    await clock.advance(60_000);
    await knock();
    expect(refused()).toEqual([
      refused()[0],
      expect.stringContaining(`"leftOut":${count - 1}`),
      refused()[0],
    ]);
  } finally {
    await busy.close();
  }
}, 60_000);
