// A start that cannot work says why, and what to do.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createClock } from '../../../src/adapters/clock.ts';
import { startSlack } from '../../../src/adapters/slack/open.ts';
import { SlackUnreached } from '../../../src/adapters/slack/startChecks.ts';
import { ConfigError } from '../../../src/adapters/config/environment.ts';
import type { SlackOptions } from '../../../src/adapters/slack/open.ts';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { createLogBook } from '../../support/slack/slackHarness.ts';
import { tmpdir } from 'node:os';
import { testKeys } from '../../support/store/testKeys.ts';

let slack: FakeSlack;
let log: ReturnType<typeof createLogBook>;
let slept: number[];
beforeEach(async () => {
  slack = await startFakeSlack();
  log = createLogBook();
  slept = [];
});
afterEach(() => slack.close());

const never = (): never => {
  throw new Error('not asked in these tests');
};
function start(more: Partial<SlackOptions> = {}) {
  const clock = {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    sleep: (ms: number) => {
      slept.push(ms);
      return Promise.resolve();
    },
  };
  return startSlack({
    botToken: slack.tokens.bot,
    appToken: slack.tokens.app,
    apiUrl: slack.apiUrl,
    command: '/lr',
    allowedTeams: [],
    bot: never,
    newestCard: () => undefined,
    clock,
    log,
    dataDir: tmpdir(),
    keys: testKeys,
    onDeaf: never,
    ...more,
  });
}

describe('a start', () => {
  test.each<readonly [string, Partial<SlackOptions>, RegExp]>([
    ['the token is wrong', { botToken: 'xoxb-wrong' }, /SLACK_BOT_TOKEN.*invalid_auth/],
    ['the command is no command', { command: 'lr' }, /SLACK_COMMAND/],
    ['the command is too long', { command: `/${'x'.repeat(32)}` }, /SLACK_COMMAND/],
    ['the app token is none', { appToken: 'xoxb-1' }, /SLACK_APP_TOKEN/],
    ['a team is none', { allowedTeams: ['home'] }, /SLACK_ALLOWED_TEAMS/],
    ['the token would travel in clear', { apiUrl: 'http://slack.example/api/' }, /https/],
    ['the address is none', { apiUrl: 'slack' }, /SLACK_API_URL/],
  ])('is refused at once when %s', async (_why, more, words) => {
    const failure = await start(more).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toMatch(words);
    expect(String(failure)).not.toContain('xoxb-wrong');
    expect(slept).toEqual([]);
  });

  test('tries for a while when Slack is out of reach, and is worth trying again', async () => {
    slack.api.down = true;
    const failure = await start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SlackUnreached);
    expect(failure).not.toBeInstanceOf(ConfigError);
    expect(slept).toHaveLength(4);
  });

  test('continues when Slack comes back in time', async () => {
    slack.fault('auth.test', { kind: 'status', status: 503 }, 2);
    const adapter = await start();
    await adapter.stop();
    expect(log.lines.filter(({ event }) => event === 'slackNotReached')).toHaveLength(2);
  });

  test('without a needed scope is warned of', async () => {
    slack.world.scopes = ['commands', 'chat:write'];
    const adapter = await start();
    await adapter.stop();
    expect(log.lines.find(({ event }) => event === 'slackScopesMissing')?.fields['missing']).toContain(
      'users:read',
    );
  });

  test('with an app token that Slack does not take fails when it opens', async () => {
    const adapter = await start({ appToken: 'xapp-wrong', clock: createClock() });
    await expect(adapter.open()).rejects.toThrow(/SLACK_APP_TOKEN.*connections:write/);
    await adapter.stop();
  });
});
