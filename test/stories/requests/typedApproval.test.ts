// An approval is bound to what was looked at, typed or pressed: by the revision and 64 bits of the digest,
// and never by the 8 digits that a card shows.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { approvalCodeOf } from '../../../src/bot/commands/requestId.ts';
import { bindingOf } from '../../../src/liveResponse/commands.ts';
import { cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { upload } from '../../support/defender/library/library.ts';
import { openSlackTestApp } from '../../support/slack/slackTestApp.ts';
import { ana, ben, channel, group } from '../../support/chats/teamsHarness.ts';
import { dataOf, TeamsTestApp } from '../../support/chats/teamsTestApp.ts';

let close: () => Promise<void>;
afterEach(() => close());

let app: TestApp;
async function asked(): Promise<void> {
  app = await openTestApp();
  close = () => app.close();
  await app.say('responder1', 'dump hosta OfficeClickToRun');
  await app.loop.tick();
}
const say = (text: string, as = 'approver1') => app.say(as, text.replace('ID', app.newest().id));
const line = (): string => approvalCodeOf(app.newest());
const nothingRan = (): void => {
  expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  expect(app.simulator.tenant.submissions).toHaveLength(0);
};
const good = 'Get-Process';
const evil = 'Remove-Item C:\\ -Recurse';

describe('the line that approves', () => {
  test('is in the private answer to an approver, whole, and approves', async () => {
    await asked();
    const told = textOf(await say('status ID'));
    const found = /type: \/lr (approve lr-\w+ r1-[0-9a-f]{16})\n/.exec(told)?.[1];
    expect(found).toBe(`approve ${app.newest().id} ${line()}`);
    expect(await say(found ?? '')).toMatchObject({ kind: 'asked', text: `Approved ${app.newest().id}.` });
  });

  test('is handed to nobody who may not approve, and stands on no card', async () => {
    await asked();
    for (const as of ['responder1'])
      expect(textOf(await say('status ID', as))).not.toMatch(/r1-|type: \/lr approve/);
    expect(app.card().history.join('\n')).not.toContain(bindingOf(app.newest().subject.digest).slice(8));
  });

  test.each([
    ['in capitals', (code: string) => code.toUpperCase()],
    ['with an en dash', (code: string) => code.replace('-', '\u2013')],
    ['with an em dash', (code: string) => code.replace('-', '\u2014')],
    ['without the dash', (code: string) => code.replace('-', '')],
    ['with spaces', (code: string) => code.replace(/(.{5})/g, '$1 ')],
    ['in code marks', (code: string) => `\`${code}\``],
    ['with a full stop', (code: string) => `${code}.`],
  ])('is understood as a phone writes it: %s', async (_how, write) => {
    await asked();
    expect(await say(`Approve ID ${write(line())}`)).toMatchObject({ kind: 'asked' });
  });

  test.each([
    [
      'the 8 digits of the card',
      () => app.newest().subject.fingerprint,
      /8 digits on the card of lr-\w+ are for eyes only, so nothing was approved\. "\/lr approve lr-\w+" shows you/,
    ],
    [
      'an older revision',
      () => line().replace('r1-', 'r0-'),
      /made for an older state of lr-\w+, so nothing was approved\. "\/lr approve lr-\w+" shows you/,
    ],
    [
      'another 64 bits',
      () => `r1-${bindingOf(app.newest().subject.digest).slice(0, 8)}00000000`,
      /fingerprint is not that of lr-\w+, so nothing was approved/,
    ],
  ])(
    'with %s is refused, told how to get the new one, and the request is shown as it is',
    async (_what, code, words) => {
      await asked();
      const reply = await say(`approve ID ${code()}`);
      expect(reply).toMatchObject({ kind: 'card', view: { requestId: app.newest().id } });
      expect(textOf(reply)).toMatch(words);
      nothingRan();
    },
  );

  test('dies with a script that is replaced and put back: the state that was read is gone', async () => {
    await asked();
    await upload(app, 'minidump.ps1', good);
    await app.press('approver1', 'approve');
    const before = line();
    const original = app.newest().subject.digest;
    await upload(app, 'minidump.ps1', evil);
    await app.press('approver1', 'approve');
    expect(app.newest().subject.digest).not.toBe(original);
    await upload(app, 'minidump.ps1', good);
    await app.press('approver1', 'approve');
    expect(app.newest().subject.digest).toBe(original);
    expect(textOf(await say(`approve ID ${before}`))).toMatch(/older state/);
    nothingRan();
  });
});

describe('a card of an older version, whose buttons carry 32 bits', () => {
  test('approves nothing, says so, and is drawn again', async () => {
    await asked();
    const drawn = app.card().history.length;
    expect(
      textOf(await app.press('approver1', 'approve', { fingerprint: app.newest().subject.fingerprint })),
    ).toMatch(/drawn by an older version of the bot, so the press was not taken/);
    nothingRan();
    await app.loop.tick();
    expect(app.card().history).toHaveLength(drawn + 1);
    expect(
      await app.press('approver1', 'approve', { fingerprint: app.card().view.fingerprint }),
    ).toMatchObject({ kind: 'asked' });
  });

  test('is drawn again at the start, so that its buttons work', async () => {
    await asked();
    const drawn = app.card().history.length;
    await app.restart();
    await app.loop.tick();
    expect(app.card().history.length).toBeGreaterThan(drawn);
  });

  test('still stops: to deny and withdraw needs no bits', async () => {
    await asked();
    await app.press('approver1', 'deny', { fingerprint: app.newest().subject.fingerprint, input: 'no' });
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'denied' } });
  });

  test('neither sends again nor drops what may have run', async () => {
    await asked();
    app.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run' });
    app.simulator.tenant.faults.plant({ what: 'staleList', ms: 24 * 3_600_000, times: 'always' });
    await app.press('approver1', 'approve');
    await app.until('unknown');
    await app.run(20 * 60_000);
    for (const [as, verb] of [
      ['approver1', 'resend'],
      ['responder1', 'drop'],
    ] as const) {
      expect(textOf(await app.press(as, verb, { fingerprint: app.newest().subject.fingerprint }))).toMatch(
        /drawn by an older version/,
      );
      expect(stageOf(app.newest()).state).toBe('unknown');
    }
  });
});

test('in Slack: the line from the private answer approves, the digits of the card do not, and the buttons carry 64 bits', async () => {
  const slack = await openSlackTestApp();
  close = () => slack.close();
  const card = await slack.asked();
  const { id, subject } = slack.request();
  const { fingerprint, digest } = subject;
  expect(JSON.stringify(card.blocks)).toContain(`\\"f\\":\\"${bindingOf(digest)}\\"`);
  await slack.avery.command('C0INCIDENT', `approve ${id} ${fingerprint}`);
  await slack.told(slack.avery, /are for eyes only/);
  await slack.avery.command('C0INCIDENT', `status ${id}`);
  const told = await slack.told(slack.avery, new RegExp(`approve ${id} r1-`));
  const code = /r1-[0-9a-f]{16}/.exec(told)?.[0] ?? '';
  expect(stageOf(slack.request()).state).toBe('awaitingApproval');
  await slack.avery.command('C0INCIDENT', `approve ${id} ${code.toUpperCase().replace('-', '\u2013')}`);
  await slack.shows(/Finished/);
});

test('in Teams: the same', async () => {
  const teams = new TeamsTestApp();
  await teams.open();
  close = () => teams.close();
  await teams.say(ana, group, 'lr dump hosta OfficeClickToRun');
  const card = await teams.card(channel, /Waiting for approval/);
  const { id, subject } = teams.newest();
  const { fingerprint, digest } = subject;
  const { lr } = dataOf(card, 'approve') as { readonly lr: Readonly<Record<string, unknown>> };
  expect(lr['fingerprint']).toBe(bindingOf(digest));
  await teams.deliver(teams.press(ben, channel, { lr: { ...lr, fingerprint } }, { replyToId: card.id }));
  expect(stageOf(teams.newest()).state).toBe('awaitingApproval');
  const told = (): string =>
    teams
      .alone(ben)
      .map((one) => `${wordsOf(one)} ${JSON.stringify(cardOf(one) ?? '')}`)
      .join('\n');
  await teams.say(ben, group, `lr approve ${id} ${fingerprint}`);
  await teams.connector.until(() => (/are for eyes only/.test(told()) ? true : undefined));
  await teams.say(ben, group, `lr status ${id}`);
  const code = await teams.connector.until(() => /r1-[0-9a-f]{16}/.exec(told())?.[0]);
  await teams.say(ben, group, `lr approve ${id} ${code}`);
  await teams.card(group, /Finished/);
});
