// Commands, presses and repeats over HTTP: what reaches the bot, and what the person is answered.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pageCharacters, pageLines } from '../../../../src/bot/handlers/queries/results.ts';
import type { Reply } from '../../../../src/bot/ports.ts';
import { aView } from '../../../support/requests/views.ts';
import { cardOf, wordsOf } from '../../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../../src/demo/teams/fakeConnector.ts';
import {
  ana,
  ben,
  channel,
  directOf,
  group,
  TeamsHarness,
  tenant,
} from '../../../support/chats/teamsHarness.ts';
import { createFailingDisk } from '../../../support/store/failingDisk.ts';
import { answerFor, data, refused } from '../../../support/chats/teamsPresses.ts';

let bench: TeamsHarness;
beforeEach(async () => {
  bench = new TeamsHarness();
  await bench.start();
});
afterEach(() => bench.stop());

const answerIn = (place: string, count = 1): Promise<FakeMessage> =>
  bench.connector.until(() => bench.connector.in(place)[count - 1]);

const replies: readonly (readonly [string, Reply, RegExp])[] = [
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
    'where the card is',
    { kind: 'asked', requestId: 'r1', text: 'its card is elsewhere', shown: false },
    /its card is elsewhere/,
  ],
];

describe('a typed command', () => {
  it.each([
    ['in a personal chat', directOf(ana), 'lr dump h p', true],
    ['in a personal chat with a slash', directOf(ana), '/lr dump h p', true],
    ['in a group chat', group, 'lr dump h p', false],
    ['in a channel', `${channel};messageid=170`, '/lr dump h p', false],
  ])('%s reaches the bot with who, where and what', async (_what, place, text, direct) => {
    const activity = bench.message(ana, place, text);
    expect((await bench.deliver(activity)).status).toBe(200);
    await answerFor(bench, ana);
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
    expect(wordsOf(await answerFor(bench, ana))).toBe('done at last');
  });
  it('that breaks the bot in a way nobody foresaw is answered with a reference', async () => {
    bench.bot.onCommand = () => Promise.reject(new TypeError('planted'));
    await bench.deliver(bench.message(ana, directOf(ana), 'lr dump h p'));
    expect(wordsOf(await answerFor(bench, ana))).toMatch(
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
  it.each(replies)('is answered alone with %s', async (_what, reply, expected) => {
    bench.bot.onCommand = () => Promise.resolve(reply);
    await bench.deliver(bench.message(ana, group, 'lr status'));
    const answer = await answerFor(bench, ana);
    expect(wordsOf(answer)).toMatch(expected);
    expect(bench.connector.in(group).filter((one) => one.to === undefined)).toEqual([]);
    // Text next to a card would be two messages.
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
    await answerFor(bench, ana);
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
    await answerFor(bench, ana);
    await bench.halt();
    await bench.boot();
    await bench.deliver(activity);
    expect(await refused(bench, press)).toMatch(/has arrived before/);
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

describe('a slow store', () => {
  it('cannot make Teams show an error: the press is answered in time and its outcome told later, once', async () => {
    await bench.halt();
    await bench.boot({ pressLimit: 50 });
    let finish: (reply: Reply) => void = () => undefined;
    bench.bot.onPress = () => new Promise((resolve) => (finish = resolve));
    const press = bench.press(ben, group, data('approve'));
    expect(await refused(bench, press)).toMatch(/takes a moment/);
    expect(await refused(bench, press)).toMatch(/takes a moment/);
    // On a busy machine the answer may be quicker than the way to the bot.
    await waitFor(() => bench.bot.presses.length === 1);
    finish({ kind: 'sentence', text: 'Ana was faster.' });
    expect(wordsOf(await answerFor(bench, ben))).toBe('Ana was faster.');
    await bench.halt();
    expect([bench.bot.presses.length, bench.alone(ben).length]).toEqual([1, 1]);
    await bench.boot();
  });
});

describe('a message that cannot be written down', () => {
  const full = async (pressLimit?: number): Promise<void> => {
    const failing = createFailingDisk();
    // Known from before, and so told privately.
    await bench.deliver(bench.message(ana, group, 'help'));
    await answerFor(bench, ana);
    await bench.halt();
    await bench.boot({ disk: failing.disk, ...(pressLimit === undefined ? {} : { pressLimit }) });
    failing.code = 'ENOSPC';
  };

  it('is acknowledged once its person knows: a process that ends before has acknowledged nothing', async () => {
    await full();
    // Its words are late, and the acknowledgement waits for them.
    bench.connector.faults.push({ method: 'POST', answer: { status: 429, headers: { 'retry-after': '1' } } });
    expect((await bench.deliver(bench.message(ana, group, 'dump hosta x'))).status).toBe(200);
    expect(bench.alone(ana).map(wordsOf)).toContainEqual(expect.stringContaining('NOT taken'));
  });

  it('is answered to its person alone, and not by a hint in public, also when it is their first one', async () => {
    const failing = createFailingDisk();
    await bench.halt();
    await bench.boot({ disk: failing.disk });
    failing.code = 'ENOSPC';
    expect((await bench.deliver(bench.message(ben, group, 'dump hosta x'))).status).toBe(200);
    expect(bench.alone(ben).map(wordsOf)).toEqual([expect.stringContaining('NOT taken')]);
    expect(bench.connector.in(group).filter((one) => one.to === undefined)).toEqual([]);
  });

  it('is answered again when it comes again: the first acknowledgement and its words may be lost', async () => {
    await full();
    const message = bench.message(ana, group, 'dump hosta x');
    for (let count = 0; count < 2; count += 1) expect((await bench.deliver(message)).status).toBe(200);
    const words = bench.alone(ana).map(wordsOf);
    expect(words.filter((text) => text.includes('NOT taken'))).toHaveLength(2);
  });

  it('is acknowledged before Teams shows an error, though nobody can be told', async () => {
    await full(50);
    bench.connector.faults.push({ method: 'POST', answer: 'drop', times: 100 });
    expect((await bench.deliver(bench.message(ana, group, 'dump hosta x'))).status).toBe(200);
    expect(bench.bot.commands.filter(({ text }) => text === 'dump hosta x')).toEqual([]);
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
