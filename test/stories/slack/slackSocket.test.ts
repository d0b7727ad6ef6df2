// The main job over Socket Mode: a real WebSocket that is recycled, refused and dropped in the middle of an
// acknowledgement.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { incidents, openSlackTestApp } from '../../support/slack/slackTestApp.ts';
import type { SlackTestApp } from '../../support/slack/slackTestApp.ts';

let app: SlackTestApp;
beforeEach(async () => {
  app = await openSlackTestApp({ socket: true });
});
afterEach(() => app.close());

test('typed, approved and finished without any inbound port', async () => {
  const asked = await app.riley.command(incidents, 'dump hosta OfficeClickToRun');
  expect(asked.acknowledged).toBe(true);
  const card = await app.shows('Waiting for approval');
  expect((await app.avery.press(card, 'Approve')).acknowledged).toBe(true);
  await app.shows('Finished');
  expect((await fetch(`${app.service.url}/slack/events`, { method: 'POST' })).status).toBe(404);
});

test('a press whose acknowledgement got lost with its socket counts, once, also when Slack delivers it again', async () => {
  await app.riley.command(incidents, 'dump hosta OfficeClickToRun');
  const card = await app.shows('Waiting for approval');
  app.slack.dropOnNextDelivery();
  expect((await app.avery.press(card, 'Approve')).acknowledged).toBe(false);
  await app.slack.until('the approval', () =>
    stageOf(app.request()).state === 'awaitingApproval' ? undefined : true,
  );
  expect((await app.slack.redeliver()).acknowledged).toBe(true);
  await app.shows('Finished');
  expect(app.avery.told()).toBe('');
  expect(app.service.simulator?.tenant.submissions).toHaveLength(1);
});

test('a connection that Slack recycles is made again, even when Slack refuses a few times', async () => {
  app.slack.fault('apps.connections.open', { kind: 'status', status: 503 }, 2);
  app.slack.fault('apps.connections.open', { kind: 'cutBefore' });
  for (const socket of app.slack.api.sockets)
    socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
  await app.slack.until('the old socket gone', () => (app.slack.api.sockets.size === 0 ? true : undefined));
  await app.slack.until('a new socket', () => (app.slack.api.sockets.size === 1 ? true : undefined));
  expect((await app.riley.command(incidents, 'help')).acknowledged).toBe(true);
  await app.told(app.riley, /dump/);
});
