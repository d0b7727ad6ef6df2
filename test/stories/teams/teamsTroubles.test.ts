// Stories of a Teams that fails: lost answers, closed places, and cards posted twice.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import { ana, ben, channel, directOf, group, memberOf } from '../../support/chats/teamsHarness.ts';
import { asked, command, dataOf, TeamsTestApp } from '../../support/chats/teamsTestApp.ts';

let app: TeamsTestApp;
beforeEach(async () => {
  app = new TeamsTestApp();
  await app.open();
});
afterEach(() => app.close());

const state = (): string => stageOf(app.newest()).state;

describe('trouble with Teams', () => {
  it('a deleted card is posted again', async () => {
    const [here, there] = await asked(app);
    app.connector.delete(here.id);
    await app.click(ben, channel, there, 'approve');
    const fresh = await app.card(group, /Finished/);
    expect(fresh.id).not.toBe(here.id);
    expect(app.cards(group)).toHaveLength(1);
  });
  it.each([
    ['a press', async (older: FakeMessage) => app.click(ben, channel, older, 'approve')],
    [
      'a press in a client without Universal Actions',
      async (older: FakeMessage) => {
        await app.deliver(
          app.message(ben, channel, '', {
            text: undefined,
            entities: [],
            value: dataOf(older, 'approve'),
            replyToId: older.id,
          }),
        );
        return 'This card is superseded';
      },
    ],
  ])(
    'where the answer to a post was lost, a second card stands; %s on the first decides nothing, tells the truth, and rewrites it',
    async (_how, press) => {
      app.connector.faults.push({ method: 'POST', answer: 'drop', afterDoing: true, path: channel });
      await app.say(ana, group, command);
      const older = await app.card(channel, /Waiting for approval/);
      const newer = await app.connector.until(() => app.cards(channel)[1]);

      expect(await press(older)).toMatch(/superseded/);
      // Told alone: the request as it is, with the buttons that count.
      const current = await app.connector.until(() =>
        app.alone(ben).find((message) => cardOf(message) !== undefined),
      );
      expect(wordsOf(current)).toMatch(/superseded[\s\S]*Waiting for approval/);
      await app.connector.until(() => (wordsOf(older).includes('is superseded') ? true : undefined));
      expect(JSON.stringify(older.body)).not.toContain('Action.');
      expect(state()).toBe('awaitingApproval');
      expect(app.service.simulator?.tenant.submissions).toHaveLength(0);

      expect(await app.click(ben, channel, newer, 'approve')).toMatch(/Approved/);
      const finished = await app.card(channel, /Finished/);
      expect([finished.id, app.cards(channel).length]).toEqual([newer.id, 2]);
      expect(app.service.simulator?.tenant.submissions).toHaveLength(1);
    },
  );
  it('the private copy of a card decides as ever, wherever its public ones stand', async () => {
    await asked(app);
    await app.say(ben, directOf(ben), `lr status ${app.newest().id}`);
    const copy = await app.card(directOf(ben), /Waiting for approval/);
    expect(await app.click(ben, directOf(ben), copy, 'approve')).toMatch(/Approved/);
    await app.card(group, /Finished/);
  });
  it('a bot removed from the group leaves the channel’s card, which goes on; let in again, the group’s card shows the end', async () => {
    const [here, there] = await asked(app);
    app.connector.block(group);
    await app.click(ben, channel, there, 'approve');
    await app.card(channel, /Finished/);
    await app.connector.until(() =>
      app.connector
        .in(channel)
        .find((message) => wordsOf(message).includes(`in teams:${group} cannot be updated since`)),
    );
    await app.connector.until(() =>
      app.connector
        .in(directOf(ana))
        .find((message) => wordsOf(message).includes(`in teams:${group} cannot be updated since`)),
    );
    app.connector.install(group, [memberOf(ana), memberOf(ben)]);
    app.service.loop.cardSync.heard('teams', group);
    expect((await app.card(group, /Finished/)).id).toBe(here.id);
    expect(app.cards(group)).toHaveLength(1);
  });
  it.each([403, 400, 404, 409, 413])(
    'row 1.1: one %d to one update of a card ends no card',
    async (status) => {
      const [here, there] = await asked(app);
      app.connector.faults.push({
        method: 'PUT',
        answer: { status, body: { error: { code: 'ServiceError', message: 'odd' } } },
        path: group,
      });
      await app.click(ben, channel, there, 'approve');
      expect((await app.card(group, /Finished/)).id).toBe(here.id);
      expect(app.cards(group)).toHaveLength(1);
      expect(app.service.loop.cardSync.closed()).toEqual([]);
    },
  );
  it('row 1.1: a deleted card whose update is answered with 403 is posted again', async () => {
    const [here, there] = await asked(app);
    app.connector.delete(here.id);
    app.connector.faults.push({
      method: 'PUT',
      answer: { status: 403, body: { error: { code: 'ServiceError' } } },
      path: here.id,
      times: 1_000,
    });
    await app.click(ben, channel, there, 'approve');
    await app.card(group, /Finished/);
    expect(app.cards(group)).toHaveLength(1);
  });
  it('429 and 5xx for some seconds only delay the cards', async () => {
    const [here, there] = await asked(app);
    app.connector.faults.push(
      { method: 'PUT', answer: { status: 429, headers: { 'retry-after': '1' } }, times: 3 },
      { method: 'PUT', answer: { status: 502 }, times: 2 },
    );
    await app.click(ben, channel, there, 'approve');
    expect((await app.card(group, /Finished/, 30_000)).id).toBe(here.id);
    expect(app.cards(group)).toHaveLength(1);
  });
});

// Issue 9, sentence 1.
it('a question whose answer Teams refuses until the bot is stopped is answered once, after the start', async () => {
  app.connector.refuse = ({ method, about }) =>
    method === 'POST' && about === directOf(ana)
      ? { name: '403', kind: 'answer', status: 403, body: '{"error":{"code":"ServiceError"}}' }
      : undefined;
  await app.say(ana, directOf(ana), 'lr whoami');
  await app.connector.until(() =>
    app.connector.calls.filter((call) => call.status === 403).length > 1 ? true : undefined,
  );
  await app.service.stop();
  expect(app.alone(ana)).toEqual([]);
  app.connector.refuse = undefined;
  await app.run();
  await app.connector.until(() => app.alone(ana)[0]);
  await app.say(ana, directOf(ana), 'lr help');
  await app.connector.until(() => app.alone(ana)[1]);
  const [answer, help] = app.alone(ana).map(wordsOf);
  expect(answer).toMatch(/^Your command of .*, taken up after a restart of the bot: [\s\S]*teams:/);
  expect(help).not.toContain('taken up');
});

it('is ready once its own door has refused a stranger', async () => {
  const answer = await fetch(`${app.adminUrl}/readyz`);
  expect([answer.status, await answer.text()]).toEqual([
    200,
    expect.stringContaining('teams authentication'),
  ]);
  expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
});
