// Answers to the questions of the assistant, with a played Slack.
import { afterEach, beforeEach, expect } from '@jest/globals';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, seedWorkspace } from '../slack/slackTestApp.ts';
import { SetupBench } from './setupBench.ts';

export const people = [
  '--person',
  'id=riley,name=Riley Responder,roles=asks,slack=U0RILEY1',
  '--person',
  'id=avery,name=Avery Approver,roles=approves,slack=U0AVERY1',
  '--place',
  `slack:${incidents}`,
];
export const quick = ['--yes', '--no-check', '--chat', 'slack-socket', ...people];
export const secrets = (slack: FakeSlack): string =>
  `SLACK_BOT_TOKEN=${slack.tokens.bot}\nSLACK_APP_TOKEN=${slack.tokens.app}\nSLACK_API_URL=${slack.apiUrl}\nPORT=0\nLR_ADMIN_PORT=0\nLR_SPEED=200\nLR_LOG_LEVEL=error\n`;
export const untold = (slack: FakeSlack, text: string): void => {
  for (const secret of [slack.tokens.bot, slack.tokens.app]) expect(text).not.toContain(secret);
};

export interface SetupWithSlack {
  bench: SetupBench;
  slack: FakeSlack;
}

/** The assistant and a played Slack, new for each test; to be called once in the file. */
export function setupWithSlack(): SetupWithSlack {
  const stage = {} as SetupWithSlack;
  beforeEach(async () => {
    stage.bench = new SetupBench();
    stage.slack = await startFakeSlack();
    seedWorkspace(stage.slack);
  });
  afterEach(async () => {
    await stage.slack.close();
    stage.bench.close();
  });
  return stage;
}
