// New keys and credentials as docs/operate.md tells them: a session that runs goes on, what waits stays open,
// and nothing runs twice.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { createHash, createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { secretNames } from '../../../src/adapters/config/secretFiles.ts';
import { knownNames } from '../../../src/adapters/config/settings.ts';
import { incidents } from '../../support/slack/slackTestApp.ts';
import { openSlackProgram } from '../../support/slack/slackProgram.ts';
import type { SlackProgram } from '../../support/slack/slackProgram.ts';
import { root } from '../../support/root.ts';
import { OperatedBot } from '../bot.ts';
import { runBlock } from '../guide.ts';

describe('a new key of the journal', () => {
  const bot = new OperatedBot();
  afterEach(() => bot.close());

  test('is taken by the next start: the running session is followed to its end, old lines verify, and the new key cannot be taken out again', async () => {
    mkdirSync(bot.backups);
    await bot.open();
    await bot.start();
    const waiting = await bot.ask('dump hostb notepad');
    const id = await bot.ask();
    await bot.press('approver1', id, 'approve');
    await bot.reaches(id, 'running');
    expect(await bot.stop()).toBe(0);
    const before = readFileSync(bot.keyFile, 'utf8');
    // In the wrong order: a new key without the old one behind it.
    expect(
      bot.run('main', [], {
        LR_JOURNAL_KEY_FILE: '',
        LR_JOURNAL_KEY: createHash('sha256').update('another').digest('base64'),
      }),
    ).toMatchObject({
      code: expect.any(Number) as unknown,
      out: expect.stringMatching(/another key/) as unknown,
    });

    expect(
      await runBlock('new key of the journal', { ...bot.settings(), BACKUP_DIR: bot.backups }),
    ).toMatchObject({ code: 0 });
    expect(readFileSync(bot.keyFile, 'utf8')).toMatch(/^\S{44}\n\S{44}\n$/);
    await bot.start();
    await bot.reaches(id, 'finished');
    expect(stageOf(bot.request(waiting)).state).toBe('awaitingApproval');
    await bot.press('approver1', waiting, 'approve');
    await bot.reaches(waiting, 'finished');
    expect(bot.submissions).toBe(2);
    expect(await bot.stop()).toBe(0);
    expect(bot.run('audit', ['verify'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\nok/) as unknown,
    });
    const old = { LR_JOURNAL_KEY_FILE: '', LR_JOURNAL_KEY: before.trim() };
    expect(bot.run('main', [], { ...old, LR_ANCHOR_FILE: '' })).toMatchObject({
      code: 2,
      out: expect.stringMatching(/cannot start|another key/) as unknown,
    });
    expect(bot.run('audit', ['verify'], { ...old, LR_ANCHOR_FILE: '' })).toMatchObject({
      code: 1,
      out: expect.stringMatching(/key/) as unknown,
    });
  });
});

/** A command as Slack delivers it, signed with that secret; resolves with the answer's status. */
async function signedWith(secret: string, target = ''): Promise<number> {
  const body = new URLSearchParams({
    command: '/lr',
    text: 'help',
    user_id: 'U0RILEY1',
    team_id: 'T0HOME',
    channel_id: incidents,
    trigger_id: 'x',
    response_url: 'http://127.0.0.1:9/',
  }).toString();
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
  return (
    await fetch(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': timestamp,
        'x-slack-signature': signature,
      },
      body,
    })
  ).status;
}

describe('a new signing secret of Slack', () => {
  let story: SlackProgram | undefined;
  afterEach(() => story?.close());

  test('counts from the restart on: the session goes on, the old secret is a stranger’s, and people decide as before', async () => {
    const settings: { SLACK_SIGNING_SECRET?: string } = {};
    story = await openSlackProgram({ settings });
    const { slack, riley, avery } = story;
    await story.start();
    await riley.command(incidents, 'dump hosta OfficeClickToRun');
    await avery.press(await story.shows(/Waiting for approval/, incidents), 'Approve');
    await story.reaches('running');
    // Slack signs with the new one from now on; until the bot has it, nothing is taken.
    const old = slack.tokens.signingSecret;
    const fresh = 'b'.repeat(32);
    expect(await signedWith(fresh, slack.target)).toBe(401);
    expect(await story.stop()).toBe(0);
    settings.SLACK_SIGNING_SECRET = fresh;
    await story.start();
    await story.shows(/Finished/, incidents);
    expect(await signedWith(fresh, slack.target)).toBe(200);
    expect(await signedWith(old, slack.target)).toBe(401);
    expect(story.simulator.tenant.submissions).toHaveLength(1);
  });
});

describe('the table in docs/operate.md', () => {
  const section =
    readFileSync(join(root, 'docs', 'operate.md'), 'utf8')
      .split('## New keys and credentials\n')[1]
      ?.split('\n## ')[0] ?? '';
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1);
  const named = new Set(
    rows.flatMap((row) =>
      [...(row.split(' | ')[0] ?? '').matchAll(/`([A-Za-z_]+)`/g)].map(([, name = '']) => name),
    ),
  );
  /** Settings that hold a secret, name a file with one, or are an address in which one may stand. */
  const secret = /SECRET|TOKEN|PASSWORD|Password|CERTIFICATE|Certificate|_KEY|_PROXY$|_ANCHOR_URL$/;

  test('has a row for every setting that holds a secret, so that none is forgotten', () => {
    const settings = knownNames.filter(
      (name) =>
        secret.test(name) &&
        name !== 'NO_PROXY' &&
        !(
          name.endsWith('_FILE') &&
          knownNames.includes(name.slice(0, -'_FILE'.length)) &&
          name !== 'LR_JOURNAL_KEY_FILE'
        ),
    );
    expect(settings).toEqual(expect.arrayContaining([...secretNames]));
    expect(settings.filter((name) => !named.has(name))).toEqual([]);
    expect([...named].filter((name) => !settings.includes(name))).toEqual(['UserAssignedMSI']);
  });

  test('says of each what happens in the wrong order, and names files that are there', () => {
    for (const row of rows) expect([row, row.split(' | ').length]).toEqual([row, 4]);
    for (const [, file = ''] of section.matchAll(/`test\/operate\/(rotation\/\w+\.test\.ts)`/g))
      expect(readFileSync(join(root, 'test', 'operate', file), 'utf8')).toContain('docs/operate.md');
  });
});
