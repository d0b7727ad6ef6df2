// Two chats before one bot: asked in one, approved in the other, both cards in step, and one human with an
// account in each counts once.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { slackChat } from '../../../src/adapters/slack/platform.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import { read, startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import { seedWorkspace, incidents } from '../../support/slack/slackTestApp.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { ana, ben, channel, group } from '../../support/chats/teamsHarness.ts';
import { TeamsTestApp } from '../../support/chats/teamsTestApp.ts';
import { approvalCodeOf } from '../../../src/bot/commands/requestId.ts';

let slack: FakeSlack;
let teams: TeamsTestApp;

/**
 * Ana is U0RILEY1 in Slack, Ben is U0AVERY1. Both may ask and approve, so that nothing but being one person
 * stands in the way.
 */
function bothChats(text: string): string {
  return text
    .replace('console: responder1, teams', 'slack: U0RILEY1, teams')
    .replace('console: approver1, teams', 'slack: U0AVERY1, teams')
    .replace('responder: [responder1, responder2]', 'responder: [responder1, approver1]')
    .replace('approver: [approver1, responder2]', 'approver: [approver1, responder1]')
    .replace('places:\n', `places:\n  - { place: "slack:${incidents}", approvals: true, results: card }\n`);
}

beforeEach(() => open(bothChats));
async function open(policy: (text: string) => string): Promise<void> {
  slack = await startFakeSlack();
  seedWorkspace(slack);
  teams = new TeamsTestApp();
  await teams.open({
    policy,
    beside: slackChat({
      botToken: slack.tokens.bot,
      signingSecret: slack.tokens.signingSecret,
      apiUrl: slack.apiUrl,
      allowedTeams: [],
    }),
  });
  slack.target = `${teams.url}/slack/events`;
}
afterEach(close);
async function close(): Promise<void> {
  await teams.close();
  await slack.close();
}

const dump = 'dump hosta OfficeClickToRun --reason "beacon at 02:40"';
function slackShows(words: RegExp): Promise<SlackMessageKept> {
  return slack.until(`a card with ${String(words)}`, () =>
    slack.cards(incidents).findLast((card) => words.test(read(card))),
  );
}
const submissions = (): number => teams.service.simulator?.tenant.submissions.length ?? 0;

describe('asked in Slack', () => {
  test('is approved in Teams by another person, and both cards follow to the end', async () => {
    await slack.person('U0RILEY1').command(incidents, dump);
    const inSlack = await slackShows(/Waiting for approval/);
    const inTeams = await teams.card(channel, /Waiting for approval/);
    for (const words of [read(inSlack), wordsOf(inTeams)])
      expect(words).toContain('RunScript minidump.ps1 OfficeClickToRun');

    expect(await teams.click(ben, channel, inTeams, 'approve')).toMatch(/Approved/);
    expect((await slackShows(/Finished/)).ts).toBe(inSlack.ts);
    expect((await teams.card(channel, /Finished/)).id).toBe(inTeams.id);
    expect(read(await slackShows(/51 MB/))).toContain(ben.name);
    expect(submissions()).toBe(1);
  });

  test('is not approved in Teams by the same human', async () => {
    await slack.person('U0RILEY1').command(incidents, dump);
    const inTeams = await teams.card(channel, /Waiting for approval/);
    expect(await teams.click(ana, channel, inTeams, 'approve')).toMatch(/your own request/i);
    expect(stageOf(teams.newest()).state).toBe('awaitingApproval');
    expect(read(await slackShows(/Waiting for approval/))).not.toContain('Approved by');
    expect(submissions()).toBe(0);
  });
});

describe('asked in Teams', () => {
  test('is approved in Slack by another person, and both cards follow to the end', async () => {
    await teams.say(ana, group, `lr ${dump}`);
    const inTeams = await teams.card(group, /Waiting for approval/);
    const inSlack = await slackShows(/Waiting for approval/);
    await slack.person('U0AVERY1').press(inSlack, 'Approve');
    expect((await teams.card(group, /Finished/)).id).toBe(inTeams.id);
    expect((await slackShows(/Finished/)).ts).toBe(inSlack.ts);
    expect(submissions()).toBe(1);
  });

  test('is not approved in Slack by the same human', async () => {
    await teams.say(ana, group, `lr ${dump}`);
    const inSlack = await slackShows(/Waiting for approval/);
    await slack.person('U0RILEY1').press(inSlack, 'Approve');
    await slack.until('the refusal', () =>
      /own request/i.test(slack.person('U0RILEY1').told()) ? true : undefined,
    );
    expect(stageOf(teams.newest()).state).toBe('awaitingApproval');
    expect(submissions()).toBe(0);
  });
});

test('pressed in both chats at once, one press counts and the other is told who was first', async () => {
  await teams.say(ana, group, `lr ${dump}`);
  const inTeams = await teams.card(channel, /Waiting for approval/);
  const inSlack = await slackShows(/Waiting for approval/);
  const [toldInTeams] = await Promise.all([
    teams.click(ben, channel, inTeams, 'approve'),
    slack.person('U0AVERY1').press(inSlack, 'Approve'),
  ]);
  // Whoever was first in Slack reads it on the card; whoever was second is told there.
  if (/^Approved/.test(toldInTeams))
    await slack.until('the second told in Slack', () =>
      /already|changed/i.test(slack.person('U0AVERY1').told()) ? true : undefined,
    );
  else expect(toldInTeams).toMatch(/already|changed/i);
  await teams.card(channel, /Finished/);
  await slackShows(/Finished/);
  expect(submissions()).toBe(1);
});

describe('a member taken out of a Slack group', () => {
  /** Ben's roles as the bot tells them to him alone. It decides nothing, so what it reads is remembered. */
  async function bensRoles(): Promise<string> {
    const before = told().length;
    await teams.say(ben, group, 'lr whoami');
    return teams.connector.until(() => told()[before]);
  }
  const told = (): readonly string[] => teams.alone(ben).map(wordsOf);

  beforeEach(async () => {
    await close();
    await open((text) =>
      bothChats(text).replace('approver: [approver1, responder1]', 'approver: ["slack:S0APPROVE"]'),
    );
    await slack.person('U0RILEY1').command(incidents, dump);
    await slackShows(/Waiting for approval/);
    expect(await bensRoles()).toMatch(/roles +responder, approver/);
  });

  test('is refused in Teams at once, by button and by typing, although the group was read a moment ago', async () => {
    const card = await teams.card(channel, /Waiting for approval/);
    slack.world.groups.set('S0APPROVE', []);
    // Still remembered where nothing is decided: what follows is more than an old answer running out.
    expect(await bensRoles()).toMatch(/roles +responder, approver/);
    expect(await teams.click(ben, channel, card, 'approve')).toMatch(/need the role approver/);

    slack.world.groups.set('S0APPROVE', ['U0AVERY1']);
    const { id } = teams.newest();
    await teams.say(ben, group, `lr approve ${id}`);
    await teams.connector.until(() => told().find((text) => text.includes('type exactly')));
    slack.world.groups.set('S0APPROVE', []);
    await teams.say(ben, group, `lr approve ${id} ${approvalCodeOf(teams.newest())}`);
    await teams.connector.until(() => told().find((text) => text.includes('need the role approver')));
    expect(stageOf(teams.newest()).state).toBe('awaitingApproval');
    expect(submissions()).toBe(0);
  });

  test('and a group that Slack does not tell at the vote gives nobody the role, whatever is remembered', async () => {
    slack.fault('usergroups.users.list', { kind: 'error', error: 'plan_upgrade_required' });
    expect(
      await teams.click(ben, channel, await teams.card(channel, /Waiting for approval/), 'approve'),
    ).toMatch(/could not be read just now, so that group gave no role/);
    expect(stageOf(teams.newest()).state).toBe('awaitingApproval');
    // Asked again at the next press, Slack answers.
    expect(
      await teams.click(ben, channel, await teams.card(channel, /Waiting for approval/), 'approve'),
    ).toMatch(/Approved/);
  });
});
