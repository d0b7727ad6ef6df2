// The tokens of Slack exchanged as docs/operate.md says, with the whole program before Slack and Defender
// under their real names, in Socket Mode: while a session runs, in the right order and with the old one gone
// first. The signing secret: rotation.test.ts.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { incidents, Site } from '../../support/programs/siteProgram.ts';

let site: Site;
beforeEach(async () => {
  site = new Site({ slack: true });
  await site.open();
  site.settings = { SLACK_DEAF_AFTER: '10s' };
});
afterEach(() => site.close());

test('a new bot token, the old one revoked first as Slack has it: /readyz and the doctor say so, the bot is invited again, and the card ends', async () => {
  const { slack } = site.names;
  await site.start();
  await site.dumpInSlack();
  // Revoking takes the bot out of its channels too (docs.slack.dev/reference/methods/auth.revoke).
  const { bot } = slack.api.accepted;
  bot.clear();
  const { members } = slack.world.channel(incidents);
  slack.world.channel(incidents, { members: [...members].filter((one) => one !== 'U0BOT') });
  site.names.go();
  await site.reaches('finished');
  expect(await site.told('slackToken', /./)).toMatch(/SLACK_BOT_TOKEN any more.*set the new token/);
  expect((await site.doctor()).red).toEqual([expect.stringMatching(/^slack\.token: /)]);

  bot.add('xoxb-new');
  site.settings = { ...site.settings, SLACK_BOT_TOKEN: 'xoxb-new' };
  await site.restart();
  expect((await site.doctor()).red).toEqual([
    expect.stringMatching(/^slack\.place: the bot is not in C0INCIDENT/),
  ]);
  slack.world.channel(incidents, { members: [...members] });
  await slack.event({
    type: 'member_joined_channel',
    user: 'U0BOT',
    channel: incidents,
    channel_type: 'C',
    team: 'T0HOME',
    event_ts: '1',
  });
  site.names.go();
  await site.slackShows(/Finished/);
  await site.well();
  expect(site.submissions).toBe(1);
});

test('a new app token next to the old one: the session goes on, and the old one can be revoked', async () => {
  const { slack } = site.names;
  await site.start();
  await site.dumpInSlack();
  const { app } = slack.api.accepted;
  app.add('xapp-new');
  site.settings = { ...site.settings, SLACK_APP_TOKEN: 'xapp-new' };
  await site.restart();
  app.delete(slack.tokens.app);
  site.names.go();
  await site.slackShows(/Finished/);
  await site.well();
  // What people say arrives by the new connection.
  await slack.person('U0RILEY1').command(incidents, 'quota');
  expect(site.submissions).toBe(1);
});

test('an app token that is revoked first: heard until the connection ends, then /readyz names it, the process ends with 1, the next start refuses it with 2, and the new one draws the card', async () => {
  const { slack } = site.names;
  await site.start();
  await site.dumpInSlack();
  const { app } = slack.api.accepted;
  app.clear();
  expect((await slack.person('U0RILEY1').command(incidents, 'quota')).acknowledged).toBe(true);
  for (const socket of slack.api.sockets) socket.terminate();
  expect(await site.told('slackSocket', /SLACK_APP_TOKEN/)).toMatch(
    /does not accept SLACK_APP_TOKEN any more.*connections:write/,
  );
  expect(await site.program.ended).toBe(1);
  await expect(site.start()).rejects.toThrow(/ended with 2 .*[^]*Slack does not take SLACK_APP_TOKEN/);
  expect((await site.doctor()).red).toEqual([expect.stringMatching(/^slack\.socket: SLACK_APP_TOKEN/)]);
  app.add('xapp-new');
  site.settings = { ...site.settings, SLACK_APP_TOKEN: 'xapp-new' };
  await site.start();
  site.names.go();
  await site.slackShows(/Finished/);
  await site.well();
  expect(site.submissions).toBe(1);
});
