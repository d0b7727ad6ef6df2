// Commands, presses and repeats over HTTP: what reaches the bot, and what the person is answered.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pageCharacters, pageLines } from '../../../src/bot/handlers/queries/results.ts';
import type { Reply } from '../../../src/bot/ports.ts';
import { aView } from '../../support/views.ts';
import { cardOf, wordsOf } from '../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../src/demo/teams/fakeConnector.ts';
import {
  ana,
  ben,
  channel,
  directOf,
  group,
  keepingLog,
  memberOf,
  team,
  TeamsHarness,
  tenant,
} from '../../support/chats/teamsHarness.ts';
import type { Human } from '../../support/chats/teamsHarness.ts';

let bench: TeamsHarness;
beforeEach(async () => {
  bench = new TeamsHarness();
  await bench.start();
});
afterEach(() => bench.stop());

const foreign = '99999999-9999-9999-9999-999999999999';
const data = (verb: string, more: object = {}) => ({
  lr: { verb, requestId: 'r1', revision: 3, fingerprint: 'a1b2' },
  ...more,
});
const message = 'application/vnd.microsoft.activity.message';

const answerIn = (place: string, count = 1): Promise<FakeMessage> =>
  bench.connector.until(() => bench.connector.in(place)[count - 1]);
const answerFor = (human: Human): Promise<FakeMessage> => bench.connector.until(() => bench.alone(human)[0]);
async function refused(activity: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { status, json } = await bench.deliver(activity);
  expect(status).toBe(200);
  expect(json).toMatchObject({ statusCode: 200, type: message });
  return (json as { readonly value: unknown }).value;
}

describe('a typed command', () => {
  it.each([
    ['in a personal chat', directOf(ana), 'lr dump h p', true],
    ['in a personal chat with a slash', directOf(ana), '/lr dump h p', true],
    ['in a group chat', group, 'lr dump h p', false],
    ['in a channel', `${channel};messageid=170`, '/lr dump h p', false],
  ])('%s reaches the bot with who, where and what', async (_what, place, text, direct) => {
    const activity = bench.message(ana, place, text);
    expect((await bench.deliver(activity)).status).toBe(200);
    await answerFor(ana);
    expect(bench.bot.commands).toEqual([
      {
        surface: 'teams',
        account: {
          surface: 'teams',
          platform: 'Teams',
          id: ana.objectId,
          trust: 'member',
          name: ana.name,
          details: [
            ['tenant', tenant],
            ['place', `teams:${place.split(';')[0] ?? ''}`],
          ],
        },
        place: { surface: 'teams', id: place.split(';')[0], direct, external: false },
        text: 'dump h p',
        deliveryId: `${place.split(';')[0] ?? ''}|${String(activity['id'])}`,
      },
    ]);
  });
  it('that is slow is acknowledged at once and answered when it is done', async () => {
    let finish: (reply: Reply) => void = () => undefined;
    bench.bot.onCommand = () => new Promise((resolve) => (finish = resolve));
    const before = performance.now();
    expect((await bench.deliver(bench.message(ana, directOf(ana), 'lr dump h p'))).status).toBe(200);
    expect(performance.now() - before).toBeLessThan(1_000);
    await bench.connector.until(() => bench.connector.calls.find((call) => call.path.includes('/members/')));
    await waitFor(() => bench.bot.commands.length === 1);
    finish({ kind: 'sentence', text: 'done at last' });
    expect(wordsOf(await answerFor(ana))).toBe('done at last');
  });
  it('that breaks the bot in a way nobody foresaw is answered with a reference', async () => {
    bench.bot.onCommand = () => Promise.reject(new TypeError('planted'));
    await bench.deliver(bench.message(ana, directOf(ana), 'lr dump h p'));
    expect(wordsOf(await answerFor(ana))).toMatch(
      /^Something broke in the bot \(reference [0-9a-f]{6}\), and this may not have been done: look at the card/,
    );
  });
  it('that is shown on a card needs no words', async () => {
    bench.bot.onCommand = () =>
      Promise.resolve({ kind: 'asked', requestId: 'r1', text: 'stored', shown: true });
    await bench.deliver(bench.message(ana, group, 'lr dump h p'));
    await waitFor(() => bench.bot.commands.length === 1);
    await bench.halt();
    expect(bench.connector.messages).toEqual([]);
    await bench.boot();
  });
  it('in a thread gets its card into that thread, even when the card is quicker than the answer', async () => {
    bench.bot.onCommand = async () => {
      const posted = bench.teams.chat.post(channel, aView({ requestId: 'r1' }), 'intent');
      void posted;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { kind: 'asked', requestId: 'r1', text: 'stored', shown: true };
    };
    await bench.deliver(bench.message(ana, `${channel};messageid=170`, 'lr dump h p'));
    const card = await answerIn(channel);
    expect(card.conversation).toBe(`${channel};messageid=170`);
    const ref = { surface: 'teams', place: channel, id: `${card.id};messageid=170` };
    await bench.teams.chat.update(ref, aView({ status: 'Running' }));
    expect(wordsOf(card)).toContain('Running');
    await bench.teams.chat.note(ref, 'Finished', [ana.objectId]);
    expect(bench.connector.messages.at(-1)?.conversation).toBe(`${channel};messageid=170`);
  });
  it.each<readonly [string, Reply, RegExp]>([
    ['a sentence', { kind: 'sentence', text: 'no **bold** <at>all</at>' }, /no \*\*bold\*\* <at>all<\/at>/],
    ['a block', { kind: 'sentence', text: 'the list', block: 'a  b\n\nc' }, /the list[\s\S]*a {2}b[\s\S]*c/],
    [
      'the longest page of output',
      {
        kind: 'sentence',
        text: 'page 1 of 9',
        block: `${`${'🙂'.repeat(25)}\n`.repeat(pageLines)}the last line`,
      },
      /page 1 of 9[\s\S]*the last line/,
    ],
    [
      'a line that fills a page',
      { kind: 'sentence', text: 'page 1 of 9', block: 'x'.repeat(pageCharacters) },
      new RegExp(`x{${pageCharacters}}`),
    ],
    [
      'a link',
      {
        kind: 'sentence',
        text: 'the link',
        link: { label: 'Download', url: 'https://x.blob.core.windows.net/y?sig=z' },
      },
      /the link[\s\S]*Download/,
    ],
    [
      'a card',
      { kind: 'card', text: 'as it is now', view: aView() },
      /as it is now[\s\S]*Waiting for approval/,
    ],
    [
      'a form',
      {
        kind: 'form',
        form: {
          verb: 'deny',
          requestId: 'r1',
          revision: 3,
          fingerprint: 'a1b2',
          title: 'Deny R1',
          label: 'Why?',
          optional: true,
          max: 300,
          submit: 'Deny',
        },
      },
      /Deny R1[\s\S]*Deny/,
    ],
    [
      'where the card stands',
      { kind: 'asked', requestId: 'r1', text: 'its card is elsewhere', shown: false },
      /its card is elsewhere/,
    ],
  ])('is answered alone with %s', async (_what, reply, expected) => {
    bench.bot.onCommand = () => Promise.resolve(reply);
    await bench.deliver(bench.message(ana, group, 'lr status'));
    const answer = await answerFor(ana);
    expect(wordsOf(answer)).toMatch(expected);
    expect(bench.connector.in(group).filter((one) => one.to === undefined)).toEqual([]);
    // Text beside a card would be two messages.
    expect('text' in answer.body && 'attachments' in answer.body).toBe(false);
    if (reply.kind !== 'sentence' || reply.block !== undefined || reply.link !== undefined)
      expect(cardOf(answer) !== undefined || reply.kind === 'asked').toBe(true);
  });
  it('is ignored when it is an edit, of another type, of a bot, or not for this bot', async () => {
    await bench.deliver(
      bench.message(ana, directOf(ana), 'lr dump h p', {
        type: 'messageUpdate',
        channelData: { eventType: 'editMessage', tenant: { id: tenant } },
      }),
    );
    await bench.deliver(bench.message(ana, directOf(ana), 'lr dump h p', { type: 'typing' }));
    await bench.deliver(bench.message({ ...ana, id: '28:other' }, group, 'lr dump h p'));
    await bench.deliver(bench.message(ana, group, '', { text: 'lr dump h p', entities: [] }));
    await bench.halt();
    expect(bench.bot.commands).toEqual([]);
    await bench.boot();
  });
});

describe('a delivery that comes again', () => {
  it('does nothing the second time, also while the first is under way', async () => {
    const activity = bench.message(ana, directOf(ana), 'lr dump h p');
    await Promise.all([bench.deliver(activity), bench.deliver(activity)]);
    await answerFor(ana);
    expect((await bench.deliver(activity)).status).toBe(200);
    await bench.halt();
    expect(bench.bot.commands.length).toBe(1);
    await bench.boot();
  });
  it('does nothing after a restart', async () => {
    const activity = bench.message(ana, directOf(ana), 'lr dump h p');
    const press = bench.press(ben, group, data('approve'));
    await bench.deliver(activity);
    await bench.deliver(press);
    await answerFor(ana);
    await bench.halt();
    await bench.boot();
    await bench.deliver(activity);
    expect(await refused(press)).toMatch(/has arrived before/);
    await bench.halt();
    expect([bench.bot.commands.length, bench.bot.presses.length]).toEqual([1, 1]);
    await bench.boot();
  });
  it('is taken up after a crash when it was acknowledged and not answered', async () => {
    let finish: (reply: Reply) => void = () => undefined;
    bench.bot.onCommand = () => new Promise((resolve) => (finish = resolve));
    const activity = bench.message(ana, directOf(ana), 'lr dump h p');
    await bench.deliver(activity);
    await waitFor(() => bench.bot.commands.length === 1);
    const crashed = new TeamsHarness();
    // The same folder, as after a crash: the first process never got to its end.
    Object.assign(crashed, { folder: bench.folder });
    await crashed.start();
    try {
      await waitFor(() => crashed.bot.commands.length === 1);
      expect(crashed.bot.commands[0]?.text).toBe('dump h p');
      expect(crashed.bot.commands[0]?.deliveryId).toBe(bench.bot.commands[0]?.deliveryId);
      expect([bench.bot.commands[0]?.cameIn, crashed.bot.commands[0]?.cameIn]).toEqual([
        undefined,
        expect.any(Number),
      ]);
    } finally {
      await crashed.stop();
      finish({ kind: 'nothing' });
    }
  });
});

describe('a press', () => {
  it('reaches the bot with what the button carried, and nothing else', async () => {
    const { status, json } = await bench.deliver(
      bench.press(ben, group, { ...data('approve'), lr: { ...data('approve').lr, commands: 'format c:' } }),
    );
    expect([status, json]).toEqual([
      200,
      { statusCode: 200, type: message, value: 'Done. This card follows in a moment.' },
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
    expect(await refused(bench.press(ana, group, data('approve')))).toBe('You asked for this yourself.');
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
    const said = await refused(bench.press(ben, group, data('link')));
    expect(JSON.stringify(said)).not.toContain('secret');
    expect(cardOf(await answerFor(ben))).toMatchObject({
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
    expect(wordsOf(await answerFor(ben))).toBe('Somebody was faster.');
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
    await refused(bench.press(ben, group, data('approve'), {}, 'automatic'));
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
    expect(await refused(bench.press(ben, group, wrong))).toMatch(/not one of this bot/);
    expect(bench.bot.presses).toEqual([]);
  });
  it.each([
    ['no value', { value: undefined }],
    ['a value that is a list', { value: [] }],
    ['an action that is a text', { value: { action: 'x' } }],
  ])('with %s is no error either', async (_what, more) => {
    expect(await refused(bench.press(ben, group, undefined, more))).toMatch(/not one of this bot/);
  });
  it('of another kind of invoke is answered in the right shape', async () => {
    await refused(bench.press(ben, group, data('approve'), { name: 'task/fetch' }));
    await refused(bench.press(ben, group, data('approve'), { name: undefined }));
    expect(bench.bot.presses).toEqual([]);
  });
  it('that breaks the bot is told so, without its message', async () => {
    bench.bot.onPress = () => Promise.reject(new Error('/secret/path broke'));
    expect(await refused(bench.press(ben, group, data('approve')))).toMatch(
      /^Something broke in the bot \(reference [0-9a-f]{6}\), and this may not have been done: look at the card(?!.*secret)/,
    );
  });
});

describe('a slow store', () => {
  it('cannot make Teams show an error: the press is answered in time and its outcome told later, once', async () => {
    await bench.halt();
    await bench.boot({ pressLimit: 50 });
    let finish: (reply: Reply) => void = () => undefined;
    bench.bot.onPress = () => new Promise((resolve) => (finish = resolve));
    const press = bench.press(ben, group, data('approve'));
    expect(await refused(press)).toMatch(/takes a moment/);
    expect(await refused(press)).toMatch(/takes a moment/);
    // On a busy machine the answer may be quicker than the way to the bot.
    await waitFor(() => bench.bot.presses.length === 1);
    finish({ kind: 'sentence', text: 'Ana was faster.' });
    expect(wordsOf(await answerFor(ben))).toBe('Ana was faster.');
    await bench.halt();
    expect([bench.bot.presses.length, bench.alone(ben).length]).toEqual([1, 1]);
    await bench.boot();
  });
});

describe('who speaks is judged by Teams’ roster, not by the message', () => {
  const cases: readonly (readonly [string, Human, Readonly<Record<string, unknown>>, string])[] = [
    [
      'a guest',
      { id: '29:guest', objectId: 'cccccccc-0000-0000-0000-000000000003', name: 'Gus' },
      {},
      'guest',
    ],
    [
      'a guest by name only',
      { id: '29:ext', objectId: 'cccccccc-0000-0000-0000-000000000004', name: 'Eve' },
      {},
      'guest',
    ],
    [
      'somebody of a federated organisation',
      { id: '29:fed', objectId: 'cccccccc-0000-0000-0000-000000000005', name: 'Fay' },
      {},
      'external',
    ],
    [
      'somebody who is not on the roster',
      { id: '29:none', objectId: 'cccccccc-0000-0000-0000-000000000006', name: 'Ned' },
      {},
      'external',
    ],
    [
      'somebody who gives another’s object id',
      { id: '29:ben', objectId: ana.objectId, name: 'Ben' },
      {},
      'external',
    ],
    ['an anonymous participant of a meeting', ben, { from: { id: '29:anon', name: 'Anon' } }, 'anonymous'],
    [
      'an anonymous role on the roster',
      { id: '29:anon2', objectId: 'cccccccc-0000-0000-0000-000000000007', name: 'An' },
      {},
      'anonymous',
    ],
    ['a bot', ben, { from: { id: '28:other', name: 'Bot', aadObjectId: ben.objectId } }, 'bot'],
    [
      'a foreign tenant',
      ben,
      {
        conversation: { id: group, conversationType: 'groupChat', tenantId: foreign },
        channelData: { tenant: { id: foreign } },
      },
      'foreignTenant',
    ],
    ['two tenants that disagree', ben, { channelData: { tenant: { id: foreign } } }, 'foreignTenant'],
    [
      'no tenant',
      ben,
      { conversation: { id: group, conversationType: 'groupChat' }, channelData: {} },
      'foreignTenant',
    ],
    ['a member', ben, {}, 'member'],
  ];
  it.each(cases)('%s', async (_what, human, more, trust) => {
    bench.connector.install(group, [
      memberOf(ana),
      memberOf(ben),
      {
        ...memberOf({ id: '29:guest', objectId: 'cccccccc-0000-0000-0000-000000000003', name: 'Gus' }),
        userRole: 'guest',
      },
      {
        ...memberOf({ id: '29:ext', objectId: 'cccccccc-0000-0000-0000-000000000004', name: 'Eve' }),
        userPrincipalName: 'eve_other.example#EXT#@corp.example',
      },
      {
        ...memberOf({ id: '29:fed', objectId: 'cccccccc-0000-0000-0000-000000000005', name: 'Fay' }),
        tenantId: foreign,
      },
      {
        ...memberOf({ id: '29:anon2', objectId: 'cccccccc-0000-0000-0000-000000000007', name: 'An' }),
        userRole: 'anonymous',
      },
    ]);
    await bench.deliver(bench.press(human, group, data('approve'), more));
    expect(bench.bot.presses.map((press) => press.account.trust)).toEqual([trust]);
  });
  it('and nothing is done when the roster cannot be asked', async () => {
    bench.connector.faults.push({ method: 'GET', answer: { status: 500 }, times: 9 });
    expect(await refused(bench.press(ben, group, data('approve')))).toBe(
      'Teams could not say who you are just now, so nothing was approved. Press again in a minute.',
    );
    await bench.deliver(bench.message(ana, directOf(ana), 'lr help'));
    expect(wordsOf(await answerFor(ana))).toBe(
      'Teams could not say who you are just now, so nothing was done. Type it again in a minute.',
    );
    expect([bench.bot.presses, bench.bot.commands]).toEqual([[], []]);
  });
  it('which is asked once in a while where nothing is decided', async () => {
    for (let at = 0; at < 5; at += 1) await bench.deliver(bench.press(ben, channel, data('refresh')));
    const asked = bench.connector.calls.filter((call) => call.method === 'GET');
    expect(asked.map((call) => call.path)).toEqual([`/v3/conversations/${team}/members/${ben.id}`]);
  });
  it('and a channel shared with others is a place of outsiders', async () => {
    await bench.deliver(
      bench.press(ben, channel, data('approve'), {
        channelData: { tenant: { id: tenant }, team: { id: team }, channel: { id: channel, type: 'shared' } },
      }),
    );
    expect(bench.bot.presses[0]?.place.external).toBe(true);
    await bench.deliver(bench.press(ben, channel, data('approve')));
    expect(bench.bot.presses[1]?.place.external).toBe(true);
  });
  it('and a message of a foreign tenant is not answered at all', async () => {
    const log = keepingLog();
    await bench.halt();
    await bench.boot({ log });
    await bench.deliver(
      bench.message(ben, group, 'lr help', {
        conversation: { id: group, conversationType: 'groupChat', tenantId: foreign },
        channelData: { tenant: { id: foreign } },
      }),
    );
    await bench.halt();
    expect([bench.bot.commands, bench.connector.calls]).toEqual([[], []]);
    expect(log.lines.join()).toContain('teamsForeignTenant');
    await bench.boot();
  });
});

describe('being installed', () => {
  const event = (type: string, action: string | undefined, place: string) => ({
    ...bench.message(ana, place, ''),
    type,
    action,
    text: undefined,
    membersAdded: type === 'conversationUpdate' ? [{ id: '28:x' }] : undefined,
  });
  it('teaches where to post, so that an approval card can come before anybody spoke', async () => {
    await bench.halt();
    await bench.boot({ serviceUrl: 'http://127.0.0.1:9/' });
    await bench.deliver(event('installationUpdate', 'add', channel));
    await bench.deliver(event('conversationUpdate', undefined, channel));
    await bench.teams.chat.post(channel, aView(), 'intent');
    expect(bench.connector.in(channel).length).toBe(1);
  });
  it('is remembered over a restart', async () => {
    await bench.deliver(event('installationUpdate', 'add-upgrade', channel));
    await bench.halt();
    await bench.boot({ serviceUrl: 'http://127.0.0.1:9/' });
    await bench.teams.chat.post(channel, aView(), 'intent');
    expect(bench.connector.in(channel).length).toBe(1);
  });
  it('and removed is forgotten, and what is posted there says that the place is dead', async () => {
    await bench.deliver(event('installationUpdate', 'add', channel));
    await bench.deliver(event('installationUpdate', 'remove', channel));
    bench.connector.remove(channel);
    await expect(bench.teams.chat.post(channel, aView(), 'intent')).rejects.toMatchObject({ code: 'closed' });
  });
});

/** Looks again after each turn of the event loop. */
async function waitFor(is: () => boolean, ms = 5_000): Promise<void> {
  const until = performance.now() + ms;
  while (!is()) {
    if (performance.now() > until) throw new Error('never became true');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
