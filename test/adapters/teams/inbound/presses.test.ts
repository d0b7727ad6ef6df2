// Button presses in Teams: answered in time, or privately later.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { aView } from '../../../support/requests/views.ts';
import { cardOf, wordsOf } from '../../../../src/demo/teams/fakeConnector.ts';
import { ana, ben, group, TeamsHarness } from '../../../support/chats/teamsHarness.ts';
import { answerFor, data, refused, sentence } from '../../../support/chats/teamsPresses.ts';

let bench: TeamsHarness;
beforeEach(async () => {
  bench = new TeamsHarness();
  await bench.start();
});
afterEach(() => bench.stop());

describe('a press', () => {
  it('reaches the bot with what the button carried, and nothing else', async () => {
    const { status, json } = await bench.deliver(
      bench.press(ben, group, { ...data('approve'), lr: { ...data('approve').lr, commands: 'format c:' } }),
    );
    expect([status, json]).toEqual([
      200,
      { statusCode: 200, type: sentence, value: 'Done. This card follows in a moment.' },
    ]);
    expect(bench.bot.presses).toMatchObject([
      {
        surface: 'teams',
        account: { id: ben.objectId, trust: 'member' },
        place: { id: group },
        verb: 'approve',
        requestId: 'r1',
        revision: 3,
        fingerprint: 'a1b2',
      },
    ]);
    expect(bench.bot.presses[0]).not.toHaveProperty('commands');
  });
  it('carries the reason of a denial, and an empty one where none was typed', async () => {
    await bench.deliver(bench.press(ben, group, data('deny', { lrInput: 'not now' })));
    await bench.deliver(bench.press(ben, group, data('deny', { lrInput: '' })));
    await bench.deliver(bench.press(ben, group, data('deny')));
    expect(bench.bot.presses.map((press) => press.input)).toEqual(['not now', '', '']);
  });
  it('that is refused is answered with a message to the clicker, never with an error', async () => {
    bench.bot.onPress = () => Promise.resolve({ kind: 'sentence', text: 'You asked for this yourself.' });
    expect(await refused(bench, bench.press(ana, group, data('approve')))).toBe(
      'You asked for this yourself.',
    );
    expect(bench.connector.messages).toEqual([]);
  });
  it('answered with a card shows it to the clicker', async () => {
    bench.bot.onPress = () => Promise.resolve({ kind: 'card', text: 'as it is now', view: aView() });
    const { json } = await bench.deliver(bench.press(ben, group, data('refresh')));
    expect(json).toMatchObject({
      statusCode: 200,
      type: 'application/vnd.microsoft.card.adaptive',
      value: { type: 'AdaptiveCard', version: '1.5' },
    });
  });
  it('answered with output or a link gets them alone, not in the small line below the card', async () => {
    bench.bot.onPress = () =>
      Promise.resolve({
        kind: 'sentence',
        text: 'Link',
        link: { label: 'Download', url: 'https://x.blob.core.windows.net/y?sig=secret' },
      });
    const said = await refused(bench, bench.press(ben, group, data('link')));
    expect(JSON.stringify(said)).not.toContain('secret');
    expect(cardOf(await answerFor(bench, ben))).toMatchObject({
      actions: [{ type: 'Action.OpenUrl', url: 'https://x.blob.core.windows.net/y?sig=secret' }],
    });
    expect(bench.connector.in(group).filter((one) => one.to === undefined)).toEqual([]);
  });
  it('of a client without Universal Actions arrives as a message and is answered alone', async () => {
    bench.bot.onPress = () => Promise.resolve({ kind: 'sentence', text: 'Somebody was faster.' });
    await bench.deliver(
      bench.message(ben, group, '', {
        text: undefined,
        entities: [],
        value: data('approve'),
        replyToId: '1',
      }),
    );
    expect(wordsOf(await answerFor(bench, ben))).toBe('Somebody was faster.');
    expect(bench.bot.presses).toMatchObject([{ verb: 'approve', requestId: 'r1' }]);
  });
  it('that comes twice with one id is done once and answered alike', async () => {
    bench.bot.onPress = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { kind: 'sentence', text: 'Approved.' };
    };
    const press = bench.press(ben, group, data('approve'));
    const answers = [
      ...(await Promise.all([bench.deliver(press), bench.deliver(press)])),
      await bench.deliver(press),
    ];
    expect(answers.map((one) => (one.json as { readonly value: unknown }).value)).toEqual([
      'Approved.',
      'Approved.',
      'Approved.',
    ]);
    expect(bench.bot.presses.length).toBe(1);
  });
  it('that comes again with a new id is another press: the bot tells who was first', async () => {
    const press = bench.press(ben, group, data('approve'));
    await bench.deliver(press);
    await bench.deliver({ ...press, id: 'f:again' });
    expect(bench.bot.presses.map((one) => one.deliveryId)).toEqual([
      `${group}|${String(press['id'])}`,
      `${group}|f:again`,
    ]);
  });
  it('of a client that refreshes by itself changes nothing', async () => {
    await refused(bench, bench.press(ben, group, data('approve'), { trigger: 'automatic' }));
    expect(bench.bot.presses).toEqual([]);
  });
  it.each([
    ['no data', undefined],
    ['nonsense', 'x'],
    ['another bot’s data', { verb: 'approve' }],
    ['an unknown verb', { lr: { ...data('x').lr, verb: 'format' } }],
    ['a revision that is no number', { lr: { ...data('approve').lr, revision: '3' } }],
    ['an index that is none', { lr: { ...data('link').lr, index: -1 } }],
  ])('with %s is told apart', async (_what, wrong) => {
    expect(await refused(bench, bench.press(ben, group, wrong))).toMatch(/not one of this bot/);
    expect(bench.bot.presses).toEqual([]);
  });
  it.each([
    ['no value', { value: undefined }],
    ['a value that is a list', { value: [] }],
    ['an action that is a text', { value: { action: 'x' } }],
  ])('with %s is no error either', async (_what, more) => {
    expect(await refused(bench, bench.press(ben, group, undefined, more))).toMatch(/not one of this bot/);
  });
  it('of another kind of invoke is answered in the right shape', async () => {
    await refused(bench, bench.press(ben, group, data('approve'), { name: 'task/fetch' }));
    await refused(bench, bench.press(ben, group, data('approve'), { name: undefined }));
    expect(bench.bot.presses).toEqual([]);
  });
  it('that breaks the bot is told so, without its message', async () => {
    bench.bot.onPress = () => Promise.reject(new Error('/secret/path broke'));
    expect(await refused(bench, bench.press(ben, group, data('approve')))).toMatch(
      /^Something broke in the bot \(reference [0-9a-f]{6}\), and this may not have been done: look at the card(?!.*secret)/,
    );
  });
});
