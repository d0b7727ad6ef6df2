// Row 1.18 and the sentence of item 8: one chat's outage never takes the other chat away, nor ends the
// process while the other works.
import { slackChat } from '../../src/adapters/slack/platform.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { read, startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace, incidents, openSlackTestApp } from '../support/slack/slackTestApp.ts';
import type { SlackMessageKept } from '../../src/demo/slack/world.ts';
import { ana, ben, channel, group } from '../support/chats/teamsHarness.ts';
import { TeamsTestApp } from '../support/chats/teamsTestApp.ts';

let slack: FakeSlack | undefined;
let teams: TeamsTestApp | undefined;
afterEach(async () => {
  await teams?.close();
  await slack?.close();
  teams = slack = undefined;
});

const dump = 'dump hosta OfficeClickToRun --reason "beacon at 02:40"';
const bothChats = (text: string): string =>
  text.replace('places:\n', `places:\n  - { place: "slack:${incidents}", approvals: true, results: card }\n`);

interface Readiness {
  readonly http: number;
  readonly status: string;
  readonly reasons?: readonly string[];
}
async function ready(url: string): Promise<Readiness> {
  const answer = await fetch(`${url}/readyz`);
  return { http: answer.status, ...((await answer.json()) as Omit<Readiness, 'http'>) };
}

async function open(
  arrange: (fake: FakeSlack) => void,
  socket = false,
): Promise<{ readonly slack: FakeSlack; readonly teams: TeamsTestApp }> {
  const fake = await startFakeSlack();
  slack = fake;
  seedWorkspace(fake);
  arrange(fake);
  const app = new TeamsTestApp();
  teams = app;
  const way = socket
    ? { appToken: fake.tokens.app, deafAfter: 1_000 }
    : { signingSecret: fake.tokens.signingSecret };
  await app.open({
    policy: bothChats,
    beside: slackChat({ botToken: fake.tokens.bot, apiUrl: fake.apiUrl, allowedTeams: [], ...way }),
  });
  fake.target = socket ? undefined : `${app.url}/slack/events`;
  return { slack: fake, teams: app };
}

const inSlack = (fake: FakeSlack, words: RegExp): Promise<SlackMessageKept> =>
  fake.until(`a card with ${String(words)}`, () =>
    fake.cards(incidents).findLast((card) => words.test(read(card))),
  );

function revoke(revoked: boolean): (fake: FakeSlack) => void {
  return (fake) => {
    fake.world.revoked = revoked;
  };
}
function silence(fake: FakeSlack): void {
  fake.fault('auth.test', { kind: 'status', status: 503 }, 2);
}

describe('two chats, of which Slack cannot be opened at the start', () => {
  test.each([
    ['its token is refused', revoke(true), revoke(false), /SLACK_BOT_TOKEN/],
    ['it does not answer', silence, revoke(false), /cannot be reached/],
  ] as const)(
    'because %s: Teams works, it is said, and Slack has its cards once it lets the bot in',
    async (_why, breaks, heals, words) => {
      const both = await open(breaks);
      const told = await ready(both.teams.adminUrl);
      expect([told.http, told.status]).toEqual([200, 'degraded']);
      expect(String(told.reasons)).toMatch(words);
      expect(await (await fetch(`${both.teams.adminUrl}/metrics`)).text()).toMatch(
        /lr_chat_up\{chat="slack"\} 0\n[\s\S]*lr_chat_up\{chat="teams"\} 1|lr_chat_up\{chat="teams"\} 1\n[\s\S]*lr_chat_up\{chat="slack"\} 0/,
      );
      await both.teams.say(ana, group, `lr ${dump}`);
      await both.teams.click(ben, channel, await both.teams.card(channel, /Waiting for approval/), 'approve');
      await both.teams.card(group, /Finished/);
      heals(both.slack);
      await inSlack(both.slack, /Finished/);
      expect((await ready(both.teams.adminUrl)).http).toBe(200);
    },
  );
});

describe('two chats, of which Slack’s socket goes deaf', () => {
  test('the process goes on, and Slack is connected again from the beginning', async () => {
    const both = await open(() => undefined, true);
    both.slack.api.socketMood = 'refused';
    await both.teams.say(ana, group, `lr ${dump}`);
    await both.teams.card(channel, /Waiting for approval/);
    // Longer than it may be deaf.
    for (
      let told = await ready(both.teams.adminUrl);
      !String(told.reasons).includes('is not connected');
      told = await ready(both.teams.adminUrl)
    )
      expect(told.http).toBe(200);
    both.slack.api.socketMood = 'open';
    for (
      let told = await ready(both.teams.adminUrl);
      told.reasons !== undefined;
      told = await ready(both.teams.adminUrl)
    )
      expect(told.http).toBe(200);
    await both.slack.person('U0RILEY1').command(incidents, 'help');
    await inSlack(both.slack, /Waiting for approval/);
    await both.teams.click(ben, channel, await both.teams.card(channel, /Waiting for approval/), 'approve');
    await inSlack(both.slack, /Finished/);
  }, 120_000);
});

describe('Slack as the only chat', () => {
  test('out of reach for a while: /readyz stays 200 and says degraded, and says so no more when it is back', async () => {
    const app = await openSlackTestApp();
    try {
      // All of them: one answer would be a sign of life.
      for (const method of ['auth.test', 'users.info', 'conversations.info', 'chat.postMessage'])
        app.slack.fault(method, { kind: 'cutBefore' }, 100);
      await app.riley.command(incidents, 'dump hosta OfficeClickToRun');
      let told = await ready(app.service.adminUrl ?? '');
      while (!String(told.reasons).includes('Slack has not answered'))
        told = await ready(app.service.adminUrl ?? '');
      expect([told.http, told.status]).toEqual([200, 'degraded']);
      app.slack.api.clearFaults();
      while ((await ready(app.service.adminUrl ?? '')).status !== 'ready') expect(told.http).toBe(200);
    } finally {
      await app.close();
    }
  }, 120_000);
});
