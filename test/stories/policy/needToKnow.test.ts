// Need to know: a request belongs to the place where it was asked. What is private there stands on no card
// anywhere, is found by nobody it is not for, and is told alone to those who may.
import { stateIn } from '../../support/requests.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openerIn } from '../../support/store/journal.ts';
import { history } from '../../../src/adapters/store/history.ts';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import type { Place } from '../../../src/bot/ports.ts';
import { wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import { createStoryChat, examplePolicy, openTestApp, policyFrom, textOf } from '../../support/testApp.ts';
import type { TestApp, TestAppOptions } from '../../support/testApp.ts';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, openSlackTestApp } from '../../support/slack/slackTestApp.ts';
import { ana, ben, channel, group } from '../../support/chats/teamsHarness.ts';
import { TeamsTestApp } from '../../support/chats/teamsTestApp.ts';

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

const minute = 60_000;
const hour = 60 * minute;
let app: TestApp;

/**
 * Hana hunts: she may ask and read results, and approves nothing. Insiders is where what is not for everybody
 * is asked.
 */
function withInsiders(
  insiders: string,
  more: (text: string) => string = (text) => text,
): (text: string) => string {
  return (text) =>
    more(
      text
        .replace(
          'people:\n',
          'people:\n  - { id: hunter1, name: Hana Hunter, console: hunter1 }\n  - { id: lead1, name: Lee Lead, console: lead1 }\n',
        )
        .replace(
          'responder: [responder1, responder2]',
          'responder: [responder1, responder2, hunter1]\n  lead: [lead1]',
        )
        .replace('places:\n', `places:\n  - { place: 'console:insiders', ${insiders} }\n`),
    );
}
const limited = 'results: card, visibility: [requester, approvers, lead]';

async function open(
  insiders: string,
  options: TestAppOptions = {},
  more?: (text: string) => string,
): Promise<void> {
  app = await openTestApp({ ...options, policy: withInsiders(insiders, more) });
  close = () => app.close();
}
async function asked(
  command = 'run hosta collect.ps1 --reason "HR case 77"',
  place = 'insiders',
): Promise<string> {
  await app.say('responder1', command, { place });
  await app.loop.tick();
  return app.newest().id;
}
async function finished(command?: string, place?: string): Promise<string> {
  const id = await asked(command, place);
  await app.press('approver1', 'approve');
  await app.until('finished');
  await app.run(30_000);
  return id;
}
/** All that ever stood on its card in a place. */
const shown = (place: string): string => app.card(place).history.join('\n');
const say = async (as: string, text: string, place = 'incidents'): Promise<string> =>
  textOf(await app.say(as, text, { place }));

describe('asked where results are private', () => {
  test('no card anywhere shows output or a link, and both are read alone', async () => {
    await open('results: private');
    const id = await finished('dump hosta notepad --reason "HR case 77"');
    for (const place of ['insiders', 'incidents']) {
      expect(app.card(place).view).toMatchObject({ excerpts: [], links: [] });
      expect(shown(place)).not.toMatch(/expires|\nOutput of index/);
      expect(app.card(place).view.notes.join(' ')).toContain(
        'The buttons give them privately to people who may read results',
      );
    }
    expect(await app.press('approver1', 'link', { index: 1 })).toMatchObject({
      kind: 'sentence',
      link: { label: 'Download the file' },
    });
    expect(app.card().view.links).toEqual([]);
    expect(await say('responder2', `output ${id}`)).toContain('page 1 of 1');
  });

  test('a card where all places show results has an excerpt and a fresh link, as before', async () => {
    await open('results: private');
    await finished('dump hosta notepad', 'incidents');
    expect(app.card().view.excerpts).toHaveLength(1);
    expect(app.card().view.links).toHaveLength(1);
  });

  test('one private approvals place keeps results off the cards of all', async () => {
    await open('results: private, approvals: true');
    await finished('dump hosta notepad', 'incidents');
    for (const place of ['insiders', 'incidents'])
      expect(app.card(place).view).toMatchObject({ excerpts: [], links: [] });
  });

  test('the reason stands where it was asked, and not in the approvals place, whose card says how approvers read it', async () => {
    await open('results: private');
    const id = await asked();
    expect(shown('insiders')).toContain('HR case 77');
    expect(shown('incidents')).not.toContain('HR case 77');
    expect(shown('incidents')).toContain(`private; approvers read it alone with "/lr status ${id}"`);
    // What an approver judges by is there.
    expect(shown('incidents')).toMatch(/hosta\.corp\.example[^]*RunScript collect\.ps1/);
    expect(await say('approver1', `status ${id}`)).toContain('HR case 77');
    expect(await say('responder1', `status ${id}`)).toContain('HR case 77');
    expect(await say('hunter1', `status ${id}`)).not.toContain('HR case 77');
  });

  test('nor do the reasons of a denial or a cancel, which the requester is told', async () => {
    await open('results: private');
    const id = await asked();
    await app.press('approver1', 'deny', { input: 'Bob is on leave' });
    await app.loop.tick();
    expect(shown('incidents')).not.toContain('Bob is on leave');
    expect(shown('incidents')).toContain('The reasons given are private');
    expect(await say('responder1', `status ${id}`)).toContain('Bob is on leave');
  });

  test('nor when it is asked again elsewhere', async () => {
    await open('results: private');
    const id = await asked();
    await app.run(31 * minute);
    await app.say('responder1', `retry ${id}`, { place: 'incidents' });
    await app.loop.tick();
    expect(app.newest().asked.continues).toMatchObject({ id });
    expect(app.newest().asked.reason).not.toContain('HR case 77');
    await app.say('responder1', 'cancel ' + app.newest().id);
  });
});

test('asked of the bot alone: reason and results stay off the approvals card', async () => {
  await open('results: card');
  const alone: Place = { surface: 'console', id: 'dm-1', direct: true, external: false };
  const told = await app.bot.command({
    surface: 'console',
    account: { surface: 'console', id: 'responder1', trust: 'member' },
    place: alone,
    text: 'run hosta collect.ps1 --reason "HR case 77"',
    deliveryId: 'dm',
  });
  expect(told.kind).toBe('asked');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  await app.until('finished');
  await app.run(30_000);
  expect(shown('incidents')).not.toContain('HR case 77');
  expect(app.card().view.excerpts).toEqual([]);
});

describe('a request that is not for everybody', () => {
  /** Every way to come across it. */
  const ways = (id: string): readonly string[] => [
    `status ${id}`,
    `output ${id}`,
    `link ${id}`,
    `approve ${id}`,
    `approve ${id} r1-1234567812345678`,
    `deny ${id} no`,
    `cancel ${id}`,
    `retry ${id}`,
    `host ${id}`,
    `dump ${id} notepad`,
    `approve ${app.newest().subject.fingerprint}`,
    // Without the prefix it may be a device as well.
    `status ${id.slice(3)}`,
    `approve ${id.slice(3)}`,
  ];

  test('is answered to others in the very words for one that does not exist, typed and pressed', async () => {
    await open(limited);
    const id = await finished();
    const there = app.store.get(id);
    if (there === undefined) throw new Error('gone');
    const none = 'lr-zzzzzz';
    for (const [at, line] of ways(id).entries()) {
      const theirs = await say('hunter1', line);
      const nothing = await say('hunter1', ways(none)[at] ?? '');
      if (line.includes(id.slice(3))) expect(theirs.replaceAll(id.slice(3), none.slice(3))).toBe(nothing);
      else expect(theirs).not.toContain(id);
    }
    for (const verb of [
      'approve',
      'deny',
      'withdraw',
      'cancel',
      'link',
      'output',
      'look',
      'resend',
      'drop',
      'again',
      'refresh',
    ] as const) {
      const theirs = textOf(await app.press('hunter1', verb, { request: there, input: 'x' }));
      const nothing = textOf(
        await app.press('hunter1', verb, { request: { ...there, id: none }, input: 'x' }),
      );
      expect(theirs.replaceAll(id, none)).toBe(nothing);
    }
    // Only the journal tells it apart.
    expect(history(realDisk, app.dir, id, openerIn(app.dir)).join('\n')).toMatch(
      /pressRefused .*console:hunter1.*status .*notVisible/,
    );
  });

  test('stands in no list, state, device or twin that others are shown, and in all of them for those it is for', async () => {
    await open(limited);
    const id = await asked();
    const looks = ['list', 'list recent', 'status', 'host hosta', 'list running', 'list mine'];
    for (const line of looks) expect(await say('hunter1', line)).not.toContain(id);
    for (const as of ['responder1', 'approver1', 'lead1'])
      for (const line of looks.slice(0, 4)) expect(await say(as, line)).toContain(id);
    // The same by somebody it is not for: asked as if nothing were there.
    await app.say('hunter1', 'run hosta collect.ps1');
    await app.loop.tick();
    const { id: other } = app.newest();
    expect(other).not.toBe(id);
    expect(await say('hunter1', `status ${other}`)).not.toContain(id);
    expect(await say('approver1', `status ${other}`)).toContain(id);
    // Those it is for are shown it instead.
    expect(await say('responder1', 'run hosta collect.ps1')).toContain(id);
  });

  test('is found by the roles named, whose answers are whole, and by nobody else after the place is gone from the policy', async () => {
    await open(limited);
    const id = await asked();
    expect(await say('lead1', `status ${id}`)).toContain('HR case 77');
    await app.restart(undefined, (text) =>
      withInsiders(limited)(text).replace(/ {2}- \{ place: 'console:insiders'.*\n/, ''),
    );
    expect(await say('lead1', `status ${id}`)).toContain(id);
    expect(await say('hunter1', `status ${id}`)).toBe(
      await say('hunter1', 'status lr-zzzzzz').then((text) => text.replaceAll('lr-zzzzzz', id)),
    );
  });

  test('by its tier alone is so wherever it was asked, from the moment the policy says so', async () => {
    await open('results: card');
    const id = await asked('dump hosta notepad --reason "HR case 77"', 'incidents');
    expect(await say('hunter1', `status ${id}`)).toContain('HR case 77');
    await app.restart(
      undefined,
      withInsiders('results: card', (text) =>
        text.replace('high: { request', 'high: { visibility: [requester, approvers], request'),
      ),
    );
    expect(await say('hunter1', `status ${id}`)).toContain(`There is no request ${id}`);
    await app.loop.tick();
    expect(app.card().history.at(-1)).not.toContain('HR case 77');
  });

  test('is named on the card of another only where its own card stands, and in no device panel of others', async () => {
    await open(limited);
    const id = await asked();
    await app.say('hunter1', 'run hosta collect.ps1', { place: 'soc-private' });
    await app.loop.tick();
    expect(app.newest().id).not.toBe(id);
    expect(shown('soc-private')).not.toContain(id);
    expect(shown('incidents')).toContain(`${id}: Waiting for approval`);
    await app.press('approver1', 'deny', { input: 'the same' });
    await app.press('approver1', 'approve', { request: app.store.get(id) ?? app.newest() });
    for (let tries = 0; tries < 500 && stateIn(app.store.get(id)) !== 'finished'; tries += 1)
      await app.run(2_400);
    expect(await say('approver1', 'host hosta')).toContain('Riley Responder');
    expect(await say('hunter1', 'host hosta')).not.toMatch(/Riley|collect\.ps1/);
    await app.say('hunter1', 'hosts hosta');
    expect(JSON.stringify(app.newest().targets[0].context)).not.toMatch(/Riley|collect\.ps1/);
  });

  test('tried again is not named on a card whose readers may not find it, nor asked for twice', async () => {
    await open(limited);
    const id = await asked('run hosta collect.ps1', 'incidents');
    await app.run(2 * hour + minute);
    await app.say('responder1', `retry ${id}`, { place: 'insiders' });
    await app.loop.tick();
    const again = app.newest().id;
    // Its own card stands in the approvals place too, so that one names it.
    expect(app.store.get(id)?.retriedAs?.id).toBe(again);
    expect(await say('hunter1', `status ${id}`)).not.toContain(again);
    expect(await say('hunter1', `retry ${id}`)).toMatch(
      /tried again already, in a request that is not for everybody/,
    );
  });
});

describe('after redactAfter', () => {
  const days = (rule: string) => `results: card, ${rule}`;

  test('output and links leave every card, which say so and how to read them; a restart brings nothing back', async () => {
    await open(days('redactAfter: 2h'));
    const id = await finished('dump hosta notepad');
    expect(app.card('incidents').view.excerpts).toHaveLength(1);
    await app.run(2 * hour);
    for (const place of ['insiders', 'incidents']) {
      const { view } = app.card(place);
      expect(view).toMatchObject({ excerpts: [], links: [] });
      expect(view.notes.join(' ')).toMatch(
        /taken off this card at \d\d:\d\d UTC, as the policy asks \(redactAfter\)\. The buttons give them/,
      );
    }
    expect(await say('responder2', `output ${id}`)).toContain('page 1 of 1');
    // A link asked for now is told alone.
    expect(await app.press('approver1', 'link', { index: 1 })).toMatchObject({ kind: 'sentence' });
    await app.restart(undefined, withInsiders('results: card'));
    await app.press('approver1', 'refresh');
    await app.loop.tick();
    expect(app.card().view.excerpts).toEqual([]);
  });

  test('the shortest of its places and its tier counts, and one that was passed while the bot was down is made up for', async () => {
    await open(days('redactAfter: 3d'));
    await finished('dump hosta notepad');
    expect(app.card().view.excerpts).toHaveLength(1);
    app.clock.move(hour);
    await app.restart(
      undefined,
      withInsiders('results: card', (text) =>
        text.replace('high: { request', 'high: { redactAfter: 30m, request'),
      ),
    );
    await app.loop.tick();
    expect(app.newest()).toMatchObject({ redacted: { cause: 'time' } });
    expect(app.card().view.excerpts).toEqual([]);
  });
});

describe('a place that changes', () => {
  test('to private in the policy takes results off all cards of its requests', async () => {
    await open('results: card');
    await finished('dump hosta notepad');
    expect(app.card('incidents').view.excerpts).toHaveLength(1);
    await app.restart(undefined, withInsiders('results: private'));
    await app.loop.tick();
    for (const place of ['insiders', 'incidents'])
      expect(app.card(place).view).toMatchObject({ excerpts: [], links: [] });
    expect(app.card().view.notes.join(' ')).toContain('because one of its places is private now');
  });

  test('to private takes the reasons of ended requests off the cards elsewhere', async () => {
    await open('results: card');
    await asked();
    await app.press('approver1', 'deny', { input: 'Bob is on leave' });
    await app.loop.tick();
    expect(shown('incidents')).toMatch(/Bob is on leave[^]*HR case 77/);
    await app.restart(undefined, withInsiders('results: private'));
    await app.loop.tick();
    await app.loop.tick();
    expect(app.card('incidents').history.at(-1)).not.toMatch(/Bob is on leave|HR case 77/);
    expect(app.card('insiders').history.at(-1)).toMatch(/HR case 77/);
  });

  test('to limited takes them off too where results had been private already', async () => {
    const approvalsPrivate = (text: string): string =>
      text.replace(
        "notify: 'console:approver1', results: card",
        "notify: 'console:approver1', results: private",
      );
    expect(approvalsPrivate(examplePolicy)).not.toBe(examplePolicy);
    await open('results: card', {}, approvalsPrivate);
    await asked();
    await app.press('approver1', 'deny', { input: 'Bob is on leave' });
    await app.loop.tick();
    expect(shown('incidents')).toMatch(/Bob is on leave[^]*HR case 77/);
    await app.changePolicy(withInsiders(limited, approvalsPrivate));
    await app.loop.tick();
    await app.loop.tick();
    expect(app.card('incidents').history.at(-1)).not.toMatch(/Bob is on leave|HR case 77/);
  });

  test('to one that outsiders read takes them off the cards elsewhere too, without anything else happening', async () => {
    const shared = new Set<string>();
    const chat = Object.assign(createStoryChat(), {
      external: (place: string) => Promise.resolve(shared.has(place)),
    });
    await open('results: card', { chats: [chat] });
    await finished('dump hosta notepad');
    expect(app.card('incidents').view.excerpts).toHaveLength(1);
    shared.add('insiders');
    await app.run(6 * minute);
    for (const place of ['insiders', 'incidents'])
      expect(app.card(place).view).toMatchObject({ excerpts: [], links: [] });
  });

  test('and a sign of it from the chat counts at once', async () => {
    const shared = new Set<string>();
    const chat = Object.assign(createStoryChat(), {
      external: (place: string) => Promise.resolve(shared.has(place)),
    });
    await open('results: card', { chats: [chat] });
    await finished('dump hosta notepad');
    shared.add('insiders');
    app.bot.heard('console', 'insiders');
    await Promise.resolve();
    await app.loop.tick();
    expect(app.card('incidents').view.excerpts).toEqual([]);
  });
});

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
