// Answers to the questions of the assistant, with a played Slack.
import { expect } from '@jest/globals';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents } from '../slack/slackTestApp.ts';

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
