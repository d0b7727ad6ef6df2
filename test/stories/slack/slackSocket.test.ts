// The main job over Socket Mode: a real WebSocket that is recycled, refused and dropped in the middle of an
// acknowledgement.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { incidents, openSlackHouse } from '../../support/slack/slackHouse.ts';
import type { SlackHouse } from '../../support/slack/slackHouse.ts';

let house: SlackHouse;
beforeEach(async () => {
  house = await openSlackHouse({ socket: true });
});
afterEach(() => house.close());

test('typed, approved and finished without any inbound port', async () => {
  const asked = await house.riley.command(incidents, 'dump hosta OfficeClickToRun');
  expect(asked.acknowledged).toBe(true);
  const card = await house.shows('Waiting for approval');
  expect((await house.avery.press(card, 'Approve')).acknowledged).toBe(true);
  await house.shows('Finished');
  expect((await fetch(`${house.service.url}/slack/events`, { method: 'POST' })).status).toBe(404);
});

test('a press whose acknowledgement got lost with its socket counts, once, also when Slack delivers it again', async () => {
  await house.riley.command(incidents, 'dump hosta OfficeClickToRun');
  const card = await house.shows('Waiting for approval');
  house.slack.dropOnNextDelivery();
  expect((await house.avery.press(card, 'Approve')).acknowledged).toBe(false);
  await house.slack.until('the approval', () =>
    house.request().state === 'awaitingApproval' ? undefined : true,
  );
  expect((await house.slack.redeliver()).acknowledged).toBe(true);
  await house.shows('Finished');
  expect(house.avery.told()).toBe('');
  expect(house.service.simulator?.tenant.submissions).toHaveLength(1);
});

test('a connection that Slack recycles is made again, even when Slack refuses a few times', async () => {
  house.slack.fault('apps.connections.open', { kind: 'status', status: 503 }, 2);
  house.slack.fault('apps.connections.open', { kind: 'cutBefore' });
  for (const socket of house.slack.api.sockets)
    socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
  await house.slack.until('the old socket gone', () =>
    house.slack.api.sockets.size === 0 ? true : undefined,
  );
  await house.slack.until('a new socket', () => (house.slack.api.sockets.size === 1 ? true : undefined));
  expect((await house.riley.command(incidents, 'help')).acknowledged).toBe(true);
  await house.told(house.riley, /dump/);
});
