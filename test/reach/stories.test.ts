// The product behind the real proxies: signed deliveries of Slack and messages of Teams reach it, a dump is
// asked for in one chat, approved in the other and runs once; what comes while the bot is away is not taken
// for delivered.
import { slackChat } from '../../src/adapters/slack/platform.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { wordsOf } from '../../src/demo/teams/fakeConnector.ts';
import { read, startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace, incidents } from '../support/slack/slackTestApp.ts';
import { openSlackProgram } from '../support/slack/slackProgram.ts';
import { ana, ben, channel, group } from '../support/chats/teamsHarness.ts';
import { TeamsTestApp } from '../support/chats/teamsTestApp.ts';
import { freePort } from '../support/ports.ts';
import { installed, startProxy } from './proxyBench.ts';
import type { Proxy, ProxyName } from './proxyBench.ts';

const names: readonly ProxyName[] = ['nginx', 'caddy'];
const dump = 'dump hosta OfficeClickToRun --reason "beacon at 02:40"';

function bothChats(text: string): string {
  return text
    .replace('console: responder1, teams', 'slack: U0RILEY1, teams')
    .replace('console: approver1, teams', 'slack: U0AVERY1, teams')
    .replace('places:\n', `places:\n  - { place: "slack:${incidents}", approvals: true, results: card }\n`);
}

describe.each(names)('behind %s', (name) => {
  const there = installed(name);
  const whereInstalled = there ? test : test.skip;

  describe('a bot with both chats', () => {
    let slack: FakeSlack;
    let app: TeamsTestApp;
    let proxy: Proxy;
    let edge: Awaited<ReturnType<Proxy['edge']>>;
    let direct: string;
    beforeEach(async () => {
      if (!there) return;
      slack = await startFakeSlack();
      seedWorkspace(slack);
      app = new TeamsTestApp();
      await app.open({
        policy: bothChats,
        beside: slackChat({
          botToken: slack.tokens.bot,
          signingSecret: slack.tokens.signingSecret,
          apiUrl: slack.apiUrl,
          allowedTeams: [],
        }),
      });
      direct = app.url;
      proxy = await startProxy(name, Number(new URL(direct).port));
      edge = await proxy.edge();
      slack.target = `${edge.url}/slack/events`;
      app.url = edge.url;
    });
    afterEach(async () => {
      if (!there) return;
      await edge.stop();
      await proxy.stop();
      await app.close();
      await slack.close();
    });
    const submissions = (): number => app.service.simulator?.tenant.submissions.length ?? 0;

    whereInstalled('is asked in Slack and approved in Teams, by another person, and runs once', async () => {
      expect(await slack.person('U0RILEY1').command(incidents, dump)).toMatchObject({ acknowledged: true });
      const card = await app.card(channel, /Waiting for approval/);
      expect(wordsOf(card)).toContain('RunScript minidump.ps1 OfficeClickToRun');
      expect(await app.click(ana, channel, card, 'approve')).toMatch(/your own request/i);
      expect(await app.click(ben, channel, card, 'approve')).toMatch(/Approved/);
      await app.card(channel, /Finished/);
      await slack.until('a finished card', () =>
        slack.cards(incidents).findLast((one) => /Finished/.test(read(one))),
      );
      expect(submissions()).toBe(1);
    });

    whereInstalled('is asked in Teams and approved in Slack', async () => {
      await app.say(ana, group, `lr ${dump}`);
      const card = await slack.until('a card', () =>
        slack.cards(incidents).findLast((one) => /Waiting for approval/.test(read(one))),
      );
      expect(await slack.person('U0AVERY1').press(card, 'Approve')).toMatchObject({ acknowledged: true });
      await app.card(group, /Finished/);
      expect(submissions()).toBe(1);
    });

    whereInstalled(
      'takes nothing that Slack or Teams did not sign, nor the same delivery twice',
      async () => {
        for (const path of ['/slack/events', '/api/messages'])
          expect(
            (
              await proxy.send({
                path,
                headers: { 'content-type': 'application/json', 'x-forwarded-for': '127.0.0.1' },
                body: '{"type":"message","text":"lr help"}',
              })
            ).status,
          ).toBe(401);
        const body = new URLSearchParams({
          command: '/lr',
          text: dump,
          user_id: 'U0RILEY1',
          channel_id: incidents,
        }).toString();
        expect(
          (
            await proxy.send({
              path: '/slack/events',
              headers: {
                'content-type': 'application/x-www-form-urlencoded',
                'x-slack-request-timestamp': String(Math.floor(Date.now() / 1000)),
                'x-slack-signature': `v0=${'0'.repeat(64)}`,
              },
              body,
            })
          ).status,
        ).toBe(401);
        expect(
          (await app.deliver(app.message(ana, group, `lr ${dump}`), { header0: 'Bearer a.b.c' })).status,
        ).toBe(401);
        await slack.person('U0RILEY1').command(incidents, dump);
        await slack.redeliver();
        await app.card(channel, /Waiting for approval/);
        expect(app.service.store.all()).toHaveLength(1);
      },
    );

    whereInstalled('shows strangers neither how it is nor its metrics, on any port of theirs', async () => {
      for (const path of ['/healthz', '/readyz', '/metrics', '/console/api/cards'])
        expect((await proxy.send({ method: 'GET', path })).status).toBe(404);
      expect((await fetch(`${direct}/healthz`)).status).toBe(200);
    });
  });

  whereInstalled(
    'what comes while the bot is killed is answered 502, and counts once when Slack sends it again',
    async () => {
      const port = await freePort();
      const story = await openSlackProgram({ settings: { PORT: String(port), LR_ADMIN_PORT: '0' } });
      const proxy = await startProxy(name, port);
      const edge = await proxy.edge();
      try {
        await story.start();
        story.slack.target = `${edge.url}/slack/events`;
        expect(await story.riley.command(incidents, 'help')).toMatchObject({
          acknowledged: true,
          status: 200,
        });
        await story.kill();
        expect(await story.riley.mention(incidents, dump)).toMatchObject({
          acknowledged: false,
          status: 502,
        });
        const again = story.slack.lastDelivery();
        await story.start();
        story.slack.target = `${edge.url}/slack/events`;
        expect(await again()).toMatchObject({ acknowledged: true });
        await story.reaches('awaitingApproval');
        await again();
        await story.drawn();
        expect(story.requests()).toHaveLength(1);
      } finally {
        await edge.stop();
        await proxy.stop();
        await story.close();
      }
    },
  );
});
