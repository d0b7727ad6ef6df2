// Attacks that exist in Teams or in the console alone: foreign tokens, guests, kept presses, another origin.
import { describe, expect, jest, test } from '@jest/globals';
import { bindingOf } from '../../src/liveResponse/commands.ts';
import { openConsoleStage } from '../support/attacks/consoleDoor.ts';
import { asked, reached, sent } from '../support/attacks/stage.ts';
import { opened, stage, untouched } from '../support/attacks/openedStage.ts';
import { openTeamsStage, teamsPeople } from '../support/attacks/teamsDoor.ts';
import { ben, channel, group, memberOf, team } from '../support/chats/teamsHarness.ts';
import { dataOf } from '../support/chats/teamsTestApp.ts';

describe('in Teams alone', () => {
  test('an activity without a token of the platform’s, or for another bot, is refused', async () => {
    // botbuilder prints every refused token; there is no switch for it.
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    const [card] = app.cards(channel);
    if (card === undefined) throw new Error('there is no card');
    const forged = app.press(ben, channel, dataOf(card, 'approve'), { replyToId: card.id });
    const answers = [
      await app.deliver(forged, { header0: null }),
      await app.deliver(forged, { header0: 'Bearer nonsense' }),
      await app.deliver(forged, { claims: { aud: '99999999-9999-9999-9999-999999999999' } }),
      await app.deliver(forged, { claims: { exp: Math.floor(Date.now() / 1_000) - 3_600 } }),
    ];
    printed.mockRestore();
    expect(answers.map(({ status }) => status).filter((status) => status !== 401 && status !== 403)).toEqual(
      [],
    );
    untouched();
  });

  test.each([
    ['a guest', { userRole: 'guest' }, {}, /^Guests can only read help here/],
    [
      'a member of another tenant',
      {},
      {
        conversation: {
          id: channel,
          conversationType: 'channel',
          tenantId: '99999999-9999-9999-9999-999999999999',
        },
        channelData: { tenant: { id: '99999999-9999-9999-9999-999999999999' } },
      },
      /^People of other tenants can only read help here/,
    ],
    [
      'an anonymous participant',
      {},
      { from: { id: '29:anon', name: 'Ben Approver' } },
      /^Anonymous participants can only read help here/,
    ],
  ])('%s decides nothing, whatever the policy lists', async (_who, more, activity, words) => {
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    for (const place of [group, channel, team])
      app.connector.install(
        place,
        Object.values(teamsPeople).map((one) => memberOf(one, one.id === ben.id ? more : {})),
      );
    const [card] = app.cards(channel);
    if (card === undefined) throw new Error('there is no card');
    expect(await app.click(ben, channel, card, { verb: 'approve', activity })).toMatch(words);
    untouched();
  });

  test('a stale permission: an approver made a guest since the last press approves nothing, however lately the roster was read', async () => {
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    await stage.say('avery', 'whoami');
    await stage.told('avery', /approver/);
    for (const place of [group, channel, team])
      app.connector.install(
        place,
        Object.values(teamsPeople).map((one) =>
          memberOf(one, one.id === ben.id ? { userRole: 'guest' } : {}),
        ),
      );
    await stage.press('avery', 'approve');
    await stage.told('avery', /^Guests can only read help here/);
    untouched();
  });

  test('a kept press comes with a new id: it decides nothing a second time', async () => {
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    const [card] = app.cards(channel);
    if (card === undefined) throw new Error('there is no card');
    const kept = app.press(ben, channel, dataOf(card, 'approve'), { replyToId: card.id });
    await app.deliver(kept);
    await app.deliver({ ...kept, id: 'f:kept' });
    await reached(stage, 'finished');
    expect(sent(stage)).toBe(1);
  });

  test('a card carried to a chat that the policy does not list decides nothing there', async () => {
    const { app } = await opened(openTeamsStage());
    await asked(stage);
    app.connector.install(
      '19:elsewhere@thread.v2',
      Object.values(teamsPeople).map((one) => memberOf(one)),
    );
    const [card] = app.cards(channel);
    if (card === undefined) throw new Error('there is no card');
    expect(await app.click(ben, '19:elsewhere@thread.v2', card, 'approve')).toMatch(
      /not listed in the policy|superseded/,
    );
    untouched();
  });
});

describe('in the console alone', () => {
  test('a page of another origin, or a form, presses nothing', async () => {
    const { page } = await opened(openConsoleStage());
    const { id, subject, revision } = await asked(stage);
    const body = JSON.stringify({
      as: 'approver1',
      place: 'incidents',
      request: id,
      verb: 'approve',
      revision,
      fingerprint: bindingOf(subject.digest),
    });
    const answers = [
      await page.raw(
        'POST',
        '/console/api/presses',
        { 'content-type': 'application/json', origin: 'http://evil.example' },
        body,
      ),
      await page.raw(
        'POST',
        '/console/api/presses',
        { 'content-type': 'application/json', host: 'evil.example' },
        body,
      ),
      await page.raw('POST', '/console/api/presses', { 'content-type': 'text/plain' }, body),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 415]);
    untouched();
  });
});
