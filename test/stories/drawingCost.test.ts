// What drawing costs when nothing goes wrong: the calls of an undisturbed story by method, which recovering
// cards must not raise.
import { expect, test } from '@jest/globals';
import { openTestApp } from '../support/apps/testApp.ts';
import { incidents, openSlackTestApp } from '../support/slack/slackTestApp.ts';
import { ana, ben, channel, group } from '../support/chats/teamsHarness.ts';
import { TeamsTestApp } from '../support/chats/teamsTestApp.ts';

function counted(calls: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const call of calls) counts[call] = (counts[call] ?? 0) + 1;
  return counts;
}

test('any chat: one post and one note, an update for each change, and nothing else', async () => {
  const app = await openTestApp();
  await app.say('responder1', 'dump hosta notepad');
  await app.run(5_000);
  await app.press('approver1', 'approve');
  await app.until('finished');
  await app.run(60_000);
  const counts = counted(app.chat.calls.map((call) => call.split(' ')[0] ?? ''));
  await app.close();
  // Fewer where two changes came before the first of them was drawn: on a busy machine they do.
  expect(counts).toEqual({ post: 1, note: 1, update: expect.any(Number) });
  expect(counts['update']).toBeLessThanOrEqual(updates);
});

test('Slack: one card and one note are posted, updates follow, and nobody is asked for anything else', async () => {
  const app = await openSlackTestApp();
  await app.avery.press(await app.asked(), 'Approve');
  const card = await app.shows('Finished');
  await app.slack.until('the note', () =>
    app.slack.world.in(incidents).find((message) => message.thread === card.ts),
  );
  const counts = counted(app.slack.world.calls.map(({ method }) => method));
  await app.close();
  expect(counts['chat.postMessage']).toBe(2);
  expect(counts['chat.update']).toBeLessThanOrEqual(updates + 4);
  expect(
    Object.keys(counts).filter((method) => /chat\.(getPermalink|postEphemeral|delete)|history/.test(method)),
  ).toEqual([]);
});

test('Teams: one card in each place and one note are posted, and updates follow', async () => {
  const app = new TeamsTestApp();
  await app.open();
  await app.say(ana, group, 'lr dump hosta OfficeClickToRun');
  const there = await app.card(channel, /Waiting for approval/);
  await app.click(ben, channel, there, 'approve');
  await app.card(group, /Finished/);
  await app.card(channel, /Finished/);
  const calls = app.connector.calls
    .filter((call) => call.path.includes('/activities'))
    .map((call) => call.method);
  await app.close();
  expect(counted(calls)['POST']).toBeLessThanOrEqual(3);
  expect(counted(calls)['PUT']).toBeLessThanOrEqual(2 * (updates + 4));
});

/** Approved, sent, begun, each command, ended, its results and links: as many as before cards recovered. */
const updates = 5;
