// What drawing costs when nothing goes wrong: the calls of an undisturbed story by method, which recovering
// cards must not raise.
import { expect, test } from '@jest/globals';
import { openHouse } from '../support/house.ts';
import { incidents, openSlackHouse } from '../support/slack/slackHouse.ts';
import { ana, ben, channel, group } from '../support/chats/teamsBench.ts';
import { TeamsHouse } from '../support/chats/teamsHouse.ts';

function counted(calls: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const call of calls) counts[call] = (counts[call] ?? 0) + 1;
  return counts;
}

test('any chat: one post and one note, an update for each change, and nothing else', async () => {
  const house = await openHouse();
  await house.say('responder1', 'dump hosta notepad');
  await house.run(5_000);
  await house.press('approver1', 'approve');
  await house.until('finished');
  await house.run(60_000);
  const counts = counted(house.chat.calls.map((call) => call.split(' ')[0] ?? ''));
  await house.close();
  // Fewer where two changes came before the first of them was drawn: on a busy machine they do.
  expect(counts).toEqual({ post: 1, note: 1, update: expect.any(Number) });
  expect(counts['update']).toBeLessThanOrEqual(updates);
});

test('Slack: one card and one note are posted, updates follow, and nobody is asked for anything else', async () => {
  const house = await openSlackHouse();
  await house.avery.press(await house.asked(), 'Approve');
  const card = await house.shows('Finished');
  await house.slack.until('the note', () =>
    house.slack.world.in(incidents).find((message) => message.thread === card.ts),
  );
  const counts = counted(house.slack.world.calls.map(({ method }) => method));
  await house.close();
  expect(counts['chat.postMessage']).toBe(2);
  expect(counts['chat.update']).toBeLessThanOrEqual(updates + 4);
  expect(
    Object.keys(counts).filter((method) => /chat\.(getPermalink|postEphemeral|delete)|history/.test(method)),
  ).toEqual([]);
});

test('Teams: one card in each place and one note are posted, and updates follow', async () => {
  const house = new TeamsHouse();
  await house.open();
  await house.say(ana, group, 'lr dump hosta OfficeClickToRun');
  const there = await house.card(channel, /Waiting for approval/);
  await house.click(ben, channel, there, 'approve');
  await house.card(group, /Finished/);
  await house.card(channel, /Finished/);
  const calls = house.connector.calls
    .filter((call) => call.path.includes('/activities'))
    .map((call) => call.method);
  await house.close();
  expect(counted(calls)['POST']).toBeLessThanOrEqual(3);
  expect(counted(calls)['PUT']).toBeLessThanOrEqual(2 * (updates + 4));
});

/** Approved, sent, begun, each command, ended, its results and links: as many as before cards recovered. */
const updates = 5;
