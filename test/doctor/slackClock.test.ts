// Row 1.13: the doctor compares our clock with Slack's, whose signatures hold a time.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../src/adapters/clock.ts';
import { examined } from '../support/programs/doctorBench.ts';
import { startFakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace, slackPolicy } from '../support/slack/slackTestApp.ts';

let slack: FakeSlack;
let dir: string;
beforeEach(async () => {
  slack = await startFakeSlack();
  seedWorkspace(slack);
  dir = mkdtempSync(join(tmpdir(), 'lr-doctor-'));
  writeFileSync(join(dir, 'policy.yaml'), slackPolicy());
});
afterEach(async () => {
  await slack.close();
  rmSync(dir, { recursive: true, force: true });
});

const settings = () => ({
  PORT: '0',
  LR_DATA_DIR: join(dir, 'data'),
  LR_POLICY: join(dir, 'policy.yaml'),
  LR_DEFENDER: 'simulator',
  SLACK_BOT_TOKEN: slack.tokens.bot,
  SLACK_SIGNING_SECRET: slack.tokens.signingSecret,
  SLACK_API_URL: slack.apiUrl,
});

test('a clock six minutes behind Slack’s fails, with what to do; one that agrees is well', async () => {
  const wrong = await examined(settings(), {
    clock: { ...createClock(), now: () => Date.now() - 6 * 60_000 },
  });
  expect(wrong.red.filter((line) => line.startsWith('slack.clock'))).toEqual([
    expect.stringMatching(/^slack\.clock: our clock is 6 min behind Slack’s/),
  ]);
  const right = await examined(settings());
  expect(right.lines.find(({ check }) => check === 'slack.clock')?.verdict).toBe('ok');
});
