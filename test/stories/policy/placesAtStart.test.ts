// Item 2: the start, and a chat that connects later, looks at every place of the policy, and says in which
// ones nobody would see a request.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../../src/adapters/config/settings.ts';
import { ChatError } from '../../../src/bot/ports.ts';
import { optionsFrom } from '../../../src/app/options.ts';
import { PlacesCheck, unreachedPlaces } from '../../../src/app/policyReload.ts';
import { startService } from '../../../src/app/compose.ts';
import { createLog } from '../../../src/adapters/log.ts';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace, slackPolicy } from '../../support/slack/slackTestApp.ts';
import { createStoryChat } from '../../support/apps/storyChat.ts';

let dir: string;
let slack: FakeSlack;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lr-places-'));
  slack = await startFakeSlack();
  seedWorkspace(slack);
});
afterEach(async () => {
  await slack.close();
  rmSync(dir, { recursive: true, force: true });
});

test.each([
  ['at start', () => undefined],
  [
    'when Slack connects that did not answer at the start',
    () => slack.fault('auth.test', { kind: 'status', status: 503 }),
  ],
])('an approvals place that the bot is not in is warned of %s', async (_when, arrange) => {
  arrange();
  const text = slackPolicy().replace(
    /^places:\n/m,
    "places:\n  - { place: 'slack:C0NOWHERE', approvals: true, results: private }\n",
  );
  writeFileSync(join(dir, 'policy.yaml'), text);
  const read = readSettings({
    SLACK_BOT_TOKEN: slack.tokens.bot,
    SLACK_SIGNING_SECRET: slack.tokens.signingSecret,
    SLACK_API_URL: slack.apiUrl,
    LR_DEFENDER: 'simulator',
    LR_POLICY: join(dir, 'policy.yaml'),
    LR_DATA_DIR: join(dir, 'data'),
    LR_LOG_LEVEL: 'silent',
    PORT: '0',
  });
  if ('problems' in read) throw new Error(read.problems.join());
  let said: (sentence: string) => void = () => undefined;
  const first = new Promise<string>(
    (resolve) =>
      (said = (sentence) => {
        if (!sentence.startsWith('warning: the policy ')) resolve(sentence);
      }),
  );
  const service = await startService({
    ...optionsFrom(read.settings),
    onWarning: (sentence) => said(sentence),
  });
  try {
    expect(await first).toMatch(
      /^warning: the bot cannot write in slack:C0NOWHERE \(.*\); nobody there sees a request that waits for approval\.$/,
    );
  } finally {
    await service.stop();
  }
});

test('a place that cannot be asked about now is logged and not called closed, and a chat that cannot tell is not asked', async () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', write: (line) => void lines.push(line) });
  const chat = {
    ...createStoryChat('slack'),
    probe: (place: string) =>
      Promise.reject(new ChatError(place === 'C0SHUT' ? 'closed' : 'unavailable', `about ${place}`)),
  };
  const places = ['slack:C0SHUT', 'slack:C0DOWN', 'console:incidents'].map((place) => ({
    place,
    approvals: place === 'slack:C0SHUT',
    results: 'card' as const,
  }));
  const found = await unreachedPlaces(
    { places },
    [chat, createStoryChat('console')],
    log,
    new AbortController().signal,
  );
  expect(found).toEqual([{ place: 'slack:C0SHUT', approvals: true, why: 'about C0SHUT' }]);
  expect(lines.filter((line) => line.includes('placeNotLookedAt')).join()).toContain('C0DOWN');
});

test('a chat that connects again warns of no place a second time, and is not asked once the bot stops', async () => {
  const asked: string[] = [];
  const warnings: string[] = [];
  const chat = {
    ...createStoryChat('slack'),
    probe: (place: string) => {
      asked.push(place);
      return Promise.reject(new ChatError('closed', 'not invited'));
    },
  };
  const places = new PlacesCheck(
    { places: [{ place: 'slack:C0SHUT', approvals: false, results: 'card' }] },
    createLog({ level: 'silent' }),
    (sentence) => void warnings.push(sentence),
  );
  await places.look([chat]);
  await places.look([chat]);
  expect([asked, warnings]).toEqual([
    ['C0SHUT', 'C0SHUT'],
    ['warning: the bot cannot write in slack:C0SHUT (not invited).'],
  ]);
  places.stop();
  await places.look([chat]);
  expect(asked).toHaveLength(2);
});
