// Roles that groups give, by today’s policy: asked again at the press and right before the POST.
import { stageOf } from '../../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Groups } from '../../../../src/bot/ports.ts';
import type { Recency } from '../../../../src/liveResponse/pacing/sharedReadings.ts';
import { textOf } from '../../../support/apps/testApp.ts';
import { lastText, sent } from '../../../support/stories/shorthands.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { asked } from '../../../support/stories/todaysPolicy.ts';

const minute = 60_000;
let app: TestApp;
afterEach(() => app.close());

describe('roles that groups give', () => {
  const both = (text: string): string =>
    text
      .replace('responder: [responder1, responder2]', 'responder: ["slack:S0RESP0001", responder2]')
      .replace('approver: [approver1, responder2]', 'approver: ["slack:S0APPR0001", responder2]');

  /** Groups of which each answer is said here; `asked` tells how new it had to be. */
  function directory(): Groups & { answer: (group: string) => boolean | undefined; asked: Recency[] } {
    const state: Groups & { answer: (group: string) => boolean | undefined; asked: Recency[] } = {
      answer: () => true,
      asked: [],
      includes(group, person, fresh = false) {
        state.asked.push(fresh);
        const yes = group === 'slack:S0RESP0001' ? person.id === 'responder1' : person.id === 'approver1';
        const said = state.answer(group);
        return said === undefined ? Promise.reject(new Error('503')) : Promise.resolve(said && yes);
      },
    };
    return state;
  }

  test('are asked again at the press, of both people, and a no for the requester ends it', async () => {
    const groups = directory();
    app = await asked('dump hosta notepad', groups, both);
    groups.answer = (group) => group !== 'slack:S0RESP0001';
    groups.asked.length = 0;
    expect(textOf(await app.press('approver1', 'approve'))).toMatch(
      /Nothing was approved.*no longer has the role.*lr-\w+ has ended/,
    );
    expect(groups.asked.every((fresh) => fresh === true)).toBe(true);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { code: 'requesterRoleGone' } });
  });

  test('and while the requester’s cannot be read nothing is approved, and nothing ended', async () => {
    const groups = directory();
    app = await asked('dump hosta notepad', groups, both);
    groups.answer = (group) => (group === 'slack:S0RESP0001' ? undefined : true);
    expect(textOf(await app.press('approver1', 'approve'))).toMatch(
      /Nothing was approved yet: the members of slack:S0RESP0001 could not be read/,
    );
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
    groups.answer = () => true;
    expect(await app.press('approver1', 'approve')).toMatchObject({ kind: 'asked' });
    await app.until('running');
  });

  test.each([
    ['slack:S0RESP0001', 'requesterRoleGone'],
    ['slack:S0APPR0001', 'approverNotListed'],
  ])(
    '%s is asked again before the POST, half a minute old at most, and a no ends it',
    async (group, code) => {
      const groups = directory();
      app = await asked('dump hosta notepad', groups, both);
      await app.press('approver1', 'approve');
      groups.answer = (one) => one !== group;
      groups.asked.length = 0;
      await app.run(10_000);
      expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused', code } });
      expect(new Set(groups.asked)).toEqual(new Set([30_000]));
      expect(sent(app)).toBe(0);
    },
  );

  test.each([['slack:S0RESP0001'], ['slack:S0APPR0001']])(
    '%s, while it cannot be read, holds what is approved in the queue, and its card says so',
    async (group) => {
      const groups = directory();
      app = await asked('dump hosta notepad', groups, both);
      await app.press('approver1', 'approve');
      groups.answer = (one) => (one === group ? undefined : true);
      await app.run(40_000);
      expect(app.newest()).toMatchObject({
        sessions: [{ attempts: [], stage: { state: 'queued', waitsFor: 'directory' } }],
      });
      expect(lastText(app)).toMatch(/Approved, roles not checked yet/);
      expect(lastText(app)).toMatch(/cannot be read just now.*whoami/s);
      groups.answer = () => true;
      await app.until('running');
      expect(sent(app)).toBe(1);
    },
  );

  test('that stay unread let the approval lapse, unsent', async () => {
    const groups = directory();
    app = await asked('dump hosta notepad', groups, both);
    await app.press('approver1', 'approve');
    groups.answer = () => undefined;
    await app.run(31 * minute);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'lapsed', waitedFor: 'directory' },
    });
    expect(lastText(app)).toContain('a group that gives the role to ask or to approve could not be read');
    expect(sent(app)).toBe(0);
  });

  test('that change between the readings and the POST are seen: they are asked once more after everything else', async () => {
    const groups = directory();
    app = await asked('dump hosta notepad', groups, both);
    await app.press('approver1', 'approve');
    groups.asked.length = 0;
    // The first round lets it be claimed; what comes after is a no.
    groups.answer = () => groups.asked.length <= 4;
    await app.loop.submission.pass();
    await app.loop.submission.settled();
    expect(app.newest()).toMatchObject({
      sessions: [{ attempts: [{}], stage: { state: 'closed', ending: { code: 'requesterRoleGone' } } }],
    });
    expect(sent(app)).toBe(0);
  });

  test('and a policy that is read again while they are asked for a press counts at once', async () => {
    const groups = directory();
    app = await asked('dump hosta notepad', groups, both);
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const includes = groups.includes.bind(groups);
    Object.assign(groups, {
      includes: async (...ask: Parameters<typeof includes>) => (await answered, includes(...ask)),
    });
    const pressed = app.press('approver1', 'approve');
    await app.changePolicy((text) =>
      text.replace('approver: [approver1, responder2]', 'approver: [responder2]'),
    );
    answer();
    expect(textOf(await pressed)).toMatch(/need the role approver/);
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
  });
});
