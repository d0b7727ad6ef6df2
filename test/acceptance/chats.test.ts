// The acceptance with people in a chat: with the bot in its own process, and next to a bot that runs
// elsewhere.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { device, measured, openAcceptanceBench } from '../support/programs/acceptanceBench.ts';
import type { AcceptanceBench } from '../support/programs/acceptanceBench.ts';
import { fixtureIn } from '../support/programs/acceptanceRun.ts';
import { addressIn, startProgram, stopped } from '../support/programs/program.ts';
import { read, startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace, incidents, slackPolicy } from '../support/slack/slackTestApp.ts';

let bench: AcceptanceBench;
beforeEach(() => {
  bench = openAcceptanceBench();
});
afterEach(() => bench.close());

test('--chat: asked and approved in Slack, by the bot in this process, whose bench.folder no other may have meanwhile', async () => {
  const { url, tenant: at } = await bench.tenant();
  const slack = await startFakeSlack();
  try {
    seedWorkspace(slack);
    const file = join(bench.folder, 'slack.yaml');
    writeFileSync(file, slackPolicy());
    const env = {
      ...bench.settings(url, { LR_POLICY: file }),
      PORT: '0',
      LR_DATA_DIR: join(bench.folder, 'bot'),
      SLACK_BOT_TOKEN: slack.tokens.bot,
      SLACK_APP_TOKEN: slack.tokens.app,
      SLACK_API_URL: slack.apiUrl,
    };
    const run = bench.start(['--device', 'hosta', '--chat'], env);
    await run.seen(/The bot runs here\. Ask for "dump hosta notepad" in the chat/);
    const second = bench.start(['--device', 'hosta', '--chat'], env);
    expect(await second.ended).toBe(2);
    expect(second.text()).toMatch(/in use by another running bot[^]*--watch looks on from outside/);
    await slack.person('U0RILEY1').command(incidents, 'dump hosta notepad');
    const card = await slack.until('an approval card', () =>
      slack.cards(incidents).find((one) => read(one).includes('Waiting for approval')),
    );
    await slack.person('U0AVERY1').press(card, 'Approve');
    expect(await run.ended).toBe(0);
    expect(run.text()).toMatch(/went through: approved by another person, sent once/);
    expect(at.submissions).toHaveLength(1);
    const { text } = fixtureIn(bench.out);
    // Neither what Slack was told nor its tokens are in what looks at Defender alone.
    expect(
      [slack.tokens.bot, slack.tokens.app, 'slack', 'U0RILEY1', 'Riley', incidents].filter(
        (secret) => (text + run.text()).includes(secret) && (secret !== 'Riley' || text.includes(secret)),
      ),
    ).toEqual([]);
    expect(measured(fixtureIn(bench.out).json, 'comment.kept')).toMatch(/^same: yes/);
  } finally {
    await bench.end();
    await slack.close();
  }
});

test('--watch looks from outside at what a bot elsewhere was asked and approved for, and only reads', async () => {
  const { url, tenant: at } = await bench.tenant();
  const posts: string[] = [];
  const proxy = await bench.proxied(url, (passing) => {
    if (passing.method !== 'GET') posts.push(passing.path);
  });
  const bot = await startProgram('src/main.js', [], {
    ...bench.settings(url),
    PORT: '0',
    LR_DATA_DIR: join(bench.folder, 'bot'),
    LR_LOG_LEVEL: 'error',
  });
  try {
    const run = bench.start(['--device', device, '--watch'], bench.settings(proxy.url));
    await run.seen(/This program only reads/);
    const console_ = addressIn(bot.firstLine);
    const say = async (path: string, body: object): Promise<string> =>
      (
        await fetch(`${console_}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: console_ },
          body: JSON.stringify(body),
        })
      ).text();
    await say('/console/api/commands', {
      as: 'analyst',
      place: 'acceptance',
      text: `dump ${device} notepad`,
    });
    const told = await say('/console/api/commands', {
      as: 'lead',
      place: 'acceptance',
      text: `approve ${/lr-\w+/.exec(await say('/console/api/commands', { as: 'lead', place: 'acceptance', text: 'list pending' }))?.[0] ?? ''}`,
    });
    await say('/console/api/commands', {
      as: 'lead',
      place: 'acceptance',
      text: /approve lr-\w+ r\d+-[0-9a-f]{16}/.exec(told)?.[0] ?? '',
    });
    await run.seen(/Seen: action/);
    expect(await run.ended).toBe(0);
    expect(run.text()).toMatch(/went through: approved in the chat of the bot, succeeded/);
    expect(measured(fixtureIn(bench.out).json, 'run.status')).toBe(
      'unmeasured: not measured: another process sent it',
    );
    expect(posts).toEqual([]);
    expect(at.submissions).toHaveLength(1);
  } finally {
    await stopped(bot);
  }
});
