// Need to know: a request belongs to the place where it was asked. What is private there stands on no card
// anywhere, is found by nobody it is not for, and is told alone to those who may.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Place } from '../../../../src/bot/ports.ts';
import { createStoryChat } from '../../../support/apps/storyChat.ts';
import { examplePolicy } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import {
  asked,
  finished,
  limited,
  open,
  say,
  shown,
  withInsiders,
} from '../../../support/stories/needToKnow.ts';

const minute = 60_000;
const hour = 60 * minute;
let app: TestApp;
afterEach(() => app.close());

describe('asked where results are private', () => {
  test('no card anywhere shows output or a link, and both are read alone', async () => {
    app = await open('results: private');
    const id = await finished(app, 'dump hosta notepad --reason "HR case 77"');
    for (const place of ['insiders', 'incidents']) {
      expect(app.card(place).view).toMatchObject({ excerpts: [], links: [] });
      expect(shown(app, place)).not.toMatch(/expires|\nOutput of index/);
      expect(app.card(place).view.notes.join(' ')).toContain(
        'The buttons give them privately to people who may read results',
      );
    }
    expect(await app.press('approver1', 'link', { index: 1 })).toMatchObject({
      kind: 'sentence',
      link: { label: 'Download the file' },
    });
    expect(app.card().view.links).toEqual([]);
    expect(await say(app, 'responder2', `output ${id}`)).toContain('page 1 of 1');
  });

  test('a card where all places show results has an excerpt and a fresh link, as before', async () => {
    app = await open('results: private');
    await finished(app, 'dump hosta notepad', 'incidents');
    expect(app.card().view.excerpts).toHaveLength(1);
    expect(app.card().view.links).toHaveLength(1);
  });

  test('one private approvals place keeps results off the cards of all', async () => {
    app = await open('results: private, approvals: true');
    await finished(app, 'dump hosta notepad', 'incidents');
    for (const place of ['insiders', 'incidents'])
      expect(app.card(place).view).toMatchObject({ excerpts: [], links: [] });
  });

  test('the reason stands where it was asked, and not in the approvals place, whose card says how approvers read it', async () => {
    app = await open('results: private');
    const id = await asked(app);
    expect(shown(app, 'insiders')).toContain('HR case 77');
    expect(shown(app, 'incidents')).not.toContain('HR case 77');
    expect(shown(app, 'incidents')).toContain(`private; approvers read it alone with "/lr status ${id}"`);
    // What an approver judges by is there.
    expect(shown(app, 'incidents')).toMatch(/hosta\.corp\.example[^]*RunScript collect\.ps1/);
    expect(await say(app, 'approver1', `status ${id}`)).toContain('HR case 77');
    expect(await say(app, 'responder1', `status ${id}`)).toContain('HR case 77');
    expect(await say(app, 'hunter1', `status ${id}`)).not.toContain('HR case 77');
  });

  test('nor do the reasons of a denial or a cancel, which the requester is told', async () => {
    app = await open('results: private');
    const id = await asked(app);
    await app.press('approver1', 'deny', { input: 'Bob is on leave' });
    await app.loop.tick();
    expect(shown(app, 'incidents')).not.toContain('Bob is on leave');
    expect(shown(app, 'incidents')).toContain('The reasons given are private');
    expect(await say(app, 'responder1', `status ${id}`)).toContain('Bob is on leave');
  });

  test('nor when it is asked again elsewhere', async () => {
    app = await open('results: private');
    const id = await asked(app);
    await app.run(31 * minute);
    await app.say('responder1', `retry ${id}`, { place: 'incidents' });
    await app.loop.tick();
    expect(app.newest().asked.continues).toMatchObject({ id });
    expect(app.newest().asked.reason).not.toContain('HR case 77');
    await app.say('responder1', 'cancel ' + app.newest().id);
  });
});

test('asked of the bot alone: reason and results stay off the approvals card', async () => {
  app = await open('results: card');
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
  expect(shown(app, 'incidents')).not.toContain('HR case 77');
  expect(app.card().view.excerpts).toEqual([]);
});

describe('after redactAfter', () => {
  const days = (rule: string) => `results: card, ${rule}`;

  test('output and links leave every card, which say so and how to read them; a restart brings nothing back', async () => {
    app = await open(days('redactAfter: 2h'));
    const id = await finished(app, 'dump hosta notepad');
    expect(app.card('incidents').view.excerpts).toHaveLength(1);
    await app.run(2 * hour);
    for (const place of ['insiders', 'incidents']) {
      const { view } = app.card(place);
      expect(view).toMatchObject({ excerpts: [], links: [] });
      expect(view.notes.join(' ')).toMatch(
        /taken off this card at \d\d:\d\d UTC, as the policy asks \(redactAfter\)\. The buttons give them/,
      );
    }
    expect(await say(app, 'responder2', `output ${id}`)).toContain('page 1 of 1');
    // A link asked for now is told alone.
    expect(await app.press('approver1', 'link', { index: 1 })).toMatchObject({ kind: 'sentence' });
    await app.restart(undefined, withInsiders('results: card'));
    await app.press('approver1', 'refresh');
    await app.loop.tick();
    expect(app.card().view.excerpts).toEqual([]);
  });

  test('the shortest of its places and its tier counts, and one that was passed while the bot was down is made up for', async () => {
    app = await open(days('redactAfter: 3d'));
    await finished(app, 'dump hosta notepad');
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
    app = await open('results: card');
    await finished(app, 'dump hosta notepad');
    expect(app.card('incidents').view.excerpts).toHaveLength(1);
    await app.restart(undefined, withInsiders('results: private'));
    await app.loop.tick();
    for (const place of ['insiders', 'incidents'])
      expect(app.card(place).view).toMatchObject({ excerpts: [], links: [] });
    expect(app.card().view.notes.join(' ')).toContain('because one of its places is private now');
  });

  test('to private takes the reasons of ended requests off the cards elsewhere', async () => {
    app = await open('results: card');
    await asked(app);
    await app.press('approver1', 'deny', { input: 'Bob is on leave' });
    await app.loop.tick();
    expect(shown(app, 'incidents')).toMatch(/Bob is on leave[^]*HR case 77/);
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
    app = await open('results: card', {}, approvalsPrivate);
    await asked(app);
    await app.press('approver1', 'deny', { input: 'Bob is on leave' });
    await app.loop.tick();
    expect(shown(app, 'incidents')).toMatch(/Bob is on leave[^]*HR case 77/);
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
    app = await open('results: card', { chats: [chat] });
    await finished(app, 'dump hosta notepad');
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
    app = await open('results: card', { chats: [chat] });
    await finished(app, 'dump hosta notepad');
    shared.add('insiders');
    app.bot.heard('console', 'insiders');
    await Promise.resolve();
    await app.loop.tick();
    expect(app.card('incidents').view.excerpts).toEqual([]);
  });
});
