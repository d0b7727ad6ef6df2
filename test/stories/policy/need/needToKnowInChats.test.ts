// What not everybody needs to know, in Slack and in Teams, and as the policy file says it.
import { afterEach, expect, test } from '@jest/globals';
import { readPolicy } from '../../../../src/adapters/config/policyFile.ts';
import { wordsOf } from '../../../../src/demo/teams/fakeConnector.ts';
import { examplePolicy, policyFrom } from '../../../support/apps/testApp.ts';
import { read } from '../../../../src/demo/slack/fakeSlack.ts';
import { incidents, openSlackTestApp } from '../../../support/slack/slackTestApp.ts';
import { ana, ben, channel, group } from '../../../support/chats/teamsHarness.ts';
import { TeamsTestApp } from '../../../support/chats/teamsTestApp.ts';

test.each<readonly [string, string, RegExp]>([
  ['a word that is no list', 'visibility: nobody', /must be "everyone", or a list/],
  ['an empty list', 'visibility: []', /\[requester, approvers\] is the strictest/],
  [
    'a role that does not exist',
    'visibility: [aprovers]',
    /there is no role aprovers; did you mean approvers\?/,
  ],
  ['everyone in a list', 'visibility: [everyone]', /stands alone: write "visibility: everyone"/],
  ['redactAfter without a unit', 'redactAfter: 30', /must be a number and a unit/],
  ['redactAfter of seconds', 'redactAfter: 1s', /must be/],
])('the policy file: %s is refused with what to write', (_what, setting, words) => {
  for (const text of [
    examplePolicy.replace("{ place: 'console:soc-private', ", `{ place: 'console:soc-private', ${setting}, `),
    examplePolicy.replace('high: { request', `high: { ${setting}, request`),
  ]) {
    const result = readPolicy(text);
    expect('problems' in result ? result.problems.map((one) => one.text).join('\n') : 'accepted').toMatch(
      words,
    );
  }
});

test('the policy file: visibility everyone is none', () => {
  expect(
    policyFrom(examplePolicy.replace('high: { request', 'high: { visibility: everyone, request')).tiers[0],
  ).not.toHaveProperty('visibility');
});

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

const insidersInSlack = 'C0INSIDER1';

test('in Slack: a private request shows neither reason nor output in the approvals channel, and a stranger to it presses its card in vain', async () => {
  const slack = await openSlackTestApp({
    policy: (text) =>
      text
        .replace('people:\n', 'people:\n  - { id: hunter1, name: Hana Hunter, slack: U0HANA01 }\n')
        .replace('responder: [responder1, responder2]', 'responder: [responder1, responder2, hunter1]')
        .replace(
          'places:\n',
          `places:\n  - { place: 'slack:${insidersInSlack}', results: card, visibility: [requester, approvers], redactAfter: 1m }\n`,
        ),
  });
  close = () => slack.close();
  slack.slack.world.user('U0HANA01', { name: 'Hana' });
  slack.slack.world.channel(insidersInSlack, {
    name: 'insiders',
    members: ['U0RILEY1', 'U0AVERY1', 'U0BOT'],
  });
  await slack.riley.command(insidersInSlack, 'dump hosta OfficeClickToRun --reason "HR case 77"');
  const card = await slack.shows(/Waiting for approval/);
  expect(read(card)).toContain('private; approvers read it alone');
  expect(read(await slack.shows(/Waiting for approval/, insidersInSlack))).toContain('HR case 77');
  const { id } = slack.request();
  const hana = slack.slack.person('U0HANA01');
  await hana.press(card, 'Withdraw');
  await slack.told(hana, `There is no request ${id}.`);
  await slack.avery.command(incidents, `status ${id}`);
  await slack.told(slack.avery, 'HR case 77');
  await slack.avery.press(card, 'Approve');
  const done = await slack.shows(/taken off this card/);
  expect(read(done)).not.toMatch(/expires/);
  expect(done.history.join('\n')).not.toContain('HR case 77');
});

test('in Teams: the same', async () => {
  const teams = new TeamsTestApp();
  await teams.open({
    policy: (text) =>
      text
        .replace(
          `"teams:${group}", approvals: false, results: card`,
          `"teams:${group}", results: private, visibility: [requester, approvers]`,
        )
        .replace('approver: [approver1, responder2]', 'approver: [approver1]'),
  });
  close = () => teams.close();
  await teams.say(ana, group, 'lr dump hosta OfficeClickToRun --reason "HR case 77"');
  const card = await teams.card(channel, /Waiting for approval/);
  expect(wordsOf(card)).toContain('private; approvers read it alone');
  expect(wordsOf(await teams.card(group, /Waiting for approval/))).toContain('HR case 77');
  const told = (): string =>
    teams
      .alone(ben)
      .map((one) => wordsOf(one))
      .join('\n');
  await teams.say(ben, group, `lr status ${teams.newest().id}`);
  await teams.connector.until(() => (told().includes('HR case 77') ? true : undefined));
  await teams.click(ben, channel, card, 'approve');
  for (const place of [group, channel]) {
    const done = wordsOf(await teams.card(place, /Finished/));
    expect(done).not.toMatch(/expires|Output of index/);
  }
});
