// The assistant in a real terminal, with Slack played: one question after the other, and no secret shown.
import { describe, expect, test } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { hasScript, inTerminal, keys } from '../support/programs/setupBench.ts';
import { incidents } from '../support/slack/slackTestApp.ts';
import { untold, setupWithSlack } from '../support/programs/setupAnswers.ts';

const stage = setupWithSlack();

(hasScript ? describe : describe.skip)('in a terminal', () => {
  test('asks one thing after the other, shows no secret, has the doctor look, and takes a refused token once more', async () => {
    writeFileSync(
      join(stage.bench.home, 'more.env'),
      `SLACK_API_URL=${stage.slack.apiUrl}\nPORT=0\nLR_ADMIN_PORT=0\n`,
    );
    const terminal = inTerminal(stage.bench, ['--settings', join(stage.bench.home, 'more.env')]);
    await terminal.answer('Which chat?', keys.enter);
    await terminal.answer('How does Slack reach the bot?', keys.enter);
    await terminal.answer('SLACK_BOT_TOKEN', `xoxp-wrong${keys.enter}`);
    await terminal.answer(
      'The right one begins with xoxb-',
      `${'\u007f'.repeat(10)}xoxb-of-another-app${keys.enter}`,
    );
    await terminal.answer('SLACK_APP_TOKEN', `${stage.slack.tokens.app}${keys.enter}`);
    await terminal.answer('FAIL slack.token', '');
    await terminal.answer('What next?', keys.enter);
    await terminal.answer('SLACK_BOT_TOKEN', `${stage.slack.tokens.bot}${keys.enter}`);
    await terminal.answer('SLACK_APP_TOKEN [as before]', keys.enter);
    await terminal.answer('Which Defender?', keys.enter);
    await terminal.answer('Name of person 1', `Riley Responder${keys.enter}`);
    await terminal.answer('Short id [riley]', keys.enter);
    await terminal.answer('What may Riley Responder do?', keys.enter);
    await terminal.answer('Slack member id of Riley', `U0RILEY1${keys.enter}`);
    await terminal.answer('Name of person 2', `Avery Approver${keys.enter}`);
    await terminal.answer('Short id [avery]', keys.enter);
    await terminal.answer('What may Avery Approver do?', keys.enter);
    await terminal.answer('Slack member id of Avery', keys.enter);
    await terminal.answer('One more person?', keys.enter);
    await terminal.answer('Channel where approvals are asked for', `slack:${incidents}${keys.enter}`);
    await terminal.answer('Device group that may be reached [Workstations]', keys.enter);
    expect(await terminal.ended).toBe(0);
    const shown = terminal.shown();
    untold(stage.slack, shown);
    expect(shown).not.toContain('xoxb-of-another-app');
    expect(shown).toMatch(/What is left, in this order:/);
    expect(shown).toMatch(/says "LATER:"/);
    expect(parseEnv(stage.bench.read('.env'))).toMatchObject({
      SLACK_BOT_TOKEN: stage.slack.tokens.bot,
      SLACK_APP_TOKEN: stage.slack.tokens.app,
      LR_DEFENDER: 'simulator',
    });
    expect(stage.bench.read('policy.yaml')).toMatch(
      /\{ id: riley, name: "Riley Responder", slack: U0RILEY1 \}\n/,
    );
    expect(stage.bench.read('policy.yaml')).toMatch(
      /\{ id: avery, name: "Avery Approver", console: avery \} # LATER: slack: U\.\.\./,
    );
  });

  test('left with Ctrl-C at a secret, it says what was written and has written nothing else', async () => {
    const terminal = inTerminal(stage.bench);
    await terminal.answer('Which chat?', keys.enter);
    await terminal.answer('How does Slack reach the bot?', keys.enter);
    await terminal.answer('SLACK_BOT_TOKEN', `xoxb-half${keys.interrupt}`);
    expect(await terminal.ended).toBe(130);
    expect(stage.bench.files()).toEqual(['slack-manifest.json']);
    expect(existsSync(stage.bench.key)).toBe(false);
    expect(terminal.shown()).toMatch(
      /Left\. Written, whole: slack-manifest\.json\. What else you typed is not kept\. Go on: npm run setup/,
    );
    expect(terminal.shown()).not.toContain('xoxb-half');
  });
});
