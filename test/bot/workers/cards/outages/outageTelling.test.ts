// Through which chat the requester is told of an outage, and in which words.
import { describe, expect, test } from '@jest/globals';
import {
  againText,
  elsewhereText,
  outageText,
  unseenText,
} from '../../../../../src/bot/workers/cards/outageWords.ts';
import type { Outage } from '../../../../../src/bot/workers/cards/outageWords.ts';
import type { Request } from '../../../../../src/liveResponse/request/request.ts';
import { failure, request, setTable, standing, TableChat } from '../cardTable.ts';
import { asked, begin, broken, incidents, second, seen, since, soc } from './outageTable.ts';

describe('the requester', () => {
  const chats = () => [new TableChat(), new TableChat('slack', { name: 'Slack' })];
  const slackAsked = (cards = [standing('a')]): Request =>
    request('queued', 'lr-1', { place: 'slack:C0SOC', account: 'slack:U0RILEY' }, { cards });

  test('is told where it was asked, by the account that asked', async () => {
    const table = begin([slackAsked()], { chats: chats() });
    expect(await seen(table, [broken(table, 'lr-1')])).toEqual([
      expect.stringMatching(/^slack C0SOC U0RILEY: /),
    ]);
  });

  test.each([
    ['the whole chat', { wide: true }, 'console incidents riley'],
    ['that place', {}, 'console incidents riley'],
  ])('is told in another chat while %s is out', async (_what, more, to) => {
    const table = begin([slackAsked([standing('a', 2), standing('s', 1, 'slack:C0SOC')])], {
      chats: chats(),
    });
    const said = await seen(table, [broken(table, 'lr-1', 'slack:C0SOC', more)]);
    expect(said.some((text) => text.startsWith(to))).toBe(true);
    expect(said.some((text) => text.startsWith('slack'))).toBe(false);
  });

  test('is told in another chat though they asked in another place of the one that is out', async () => {
    const one = request('queued', 'lr-1', { place: 'slack:C0OTHER', account: 'slack:U0RILEY' });
    const table = begin([one], { chats: chats() });
    const said = await seen(table, [broken(table, 'lr-1', 'slack:C0SOC', { wide: true })]);
    expect(said).toEqual([expect.stringMatching(/^console incidents riley: /)]);
  });

  test('hears where it was asked that this place shows the card again', async () => {
    const table = begin([slackAsked([standing('s', 1, 'slack:C0SOC')])], { chats: chats() });
    await seen(table, [broken(table, 'lr-1', 'slack:C0SOC')]);
    table.store.happened('lr-1', { type: 'cardShown', intent: 's', shown: 2 });
    expect(await seen(table, [], 5 * second)).toEqual(['slack C0SOC U0RILEY: slack:C0SOC shows lr-1 again.']);
  });

  test('is told there too when the other fails, and what failed is logged', async () => {
    const table = begin([slackAsked([standing('s', 1, 'slack:C0SOC')])], { chats: chats() });
    table.chat.refuse = () => failure('closed');
    const said = await seen(table, [broken(table, 'lr-1', 'slack:C0SOC', { wide: true })]);
    expect(said).toEqual([
      'slack C0SOC U0RILEY: The card of lr-1 in slack:C0SOC is not drawn since 22:13 UTC: Slack does not answer as it should (no_way). The bot tries again by itself.',
    ]);
    expect(table.logged).toEqual([
      {
        level: 'info',
        event: 'outageNotTold',
        fields: { request: 'lr-1', surface: 'console', code: 'closed' },
      },
    ]);
  });

  test('is told in no other way after a bug', async () => {
    const table = begin([slackAsked()], { chats: chats() });
    const slack = table.chats[1];
    if (slack !== undefined) slack.refuse = () => new Error('a bug');
    expect(await seen(table, [broken(table, 'lr-1')])).toEqual([]);
    expect(table.logged).toMatchObject([{ level: 'warn', fields: { code: 'bug' } }]);
  });

  test('is told elsewhere in a place that a card of the request stands in, else in one of the policy, else alone', async () => {
    const ways = async (cards: Request['cards'], places: readonly string[]) => {
      const table = setTable({ chats: chats(), stored: [slackAsked([...cards])] });
      const rules = {
        ...table.deps.policy,
        places: places.map((place) => ({ place, approvals: false, results: 'private' as const })),
      };
      const told = begin([slackAsked([...cards])], { chats: chats(), rules });
      return (await seen(told, [broken(told, 'lr-1', 'slack:C0SOC', { wide: true })])).map(
        (text) => text.split(': ')[0],
      );
    };
    expect(await ways([standing('a', 2, 'console:old-room')], [incidents, 'slack:C0SOC'])).toContain(
      'console old-room riley',
    );
    expect(await ways([], ['slack:C0SOC', incidents])).toEqual(['console incidents riley']);
    expect(await ways([], ['slack:C0SOC'])).toEqual(['console riley riley']);
  });

  test('whom the policy does not know any more is told where they asked', async () => {
    const table = begin([request('queued', 'lr-1', { place: soc, requester: { id: 'gone', name: 'Gone' } })]);
    expect(await seen(table, [broken(table, 'lr-1')])).toEqual([
      expect.stringMatching(/^console soc-private riley/),
    ]);
  });

  test('is told with each failure in a chat that is not connected as if it had been told', async () => {
    const table = begin([request('queued', 'lr-1', { place: 'teams:x', account: 'teams:y' })]);
    expect(await seen(table, [broken(table, 'lr-1')])).toEqual([]);
    expect(table.logged).toEqual([]);
  });

  test('hears first of what no approver has seen, with every reason, then of the rest, then of what is over', async () => {
    const waiting = (id: string, cards: Request['cards'] = []) =>
      request('awaitingApproval', id, { place: soc, account: 'console:riley' }, { cards: [...cards] });
    const table = begin(
      [waiting('lr-1'), waiting('lr-2'), asked('lr-3', [standing('c', 1)]), asked('lr-4')],
      { chats: [new TableChat(), new TableChat('slack', { name: 'Slack' })] },
    );
    await seen(table, [broken(table, 'lr-4', soc)]);
    table.store.happened('lr-4', { type: 'cardShown', intent: 'lr-4-b', shown: 2 });
    const said = await seen(
      table,
      [
        broken(table, 'lr-2'),
        broken(table, 'lr-1'),
        broken(table, 'lr-1', 'slack:C0SOC', { wide: true, why: 'down' }),
        broken(table, 'lr-3'),
      ],
      60 * second,
    );
    expect(said.find((text) => text.startsWith('console soc-private riley'))?.split('\n')).toEqual([
      'console soc-private riley: No approver has seen lr-1 and lr-2 yet: the bot cannot post in console:incidents since 22:13 UTC (no_way); Slack does not answer as it should since 22:13 UTC (down). The bot tries again by itself, and tells you when the cards stand.',
      'The card of lr-3 in console:incidents cannot be updated since 22:13 UTC (no_way). The bot tries again by itself.',
      'console:soc-private shows lr-4 again.',
    ]);
  });

  test('hears of an approvals place as of any other where an approver may have seen the card', async () => {
    const cards = [standing('s', 1, 'slack:C0SOC')];
    const waiting = request('awaitingApproval', 'lr-1', { place: soc, account: 'console:riley' }, { cards });
    const text = async (options: Parameters<typeof setTable>[0], where?: string) => {
      const table = begin([waiting], options);
      return (await seen(table, [broken(table, 'lr-1', where)])).find((said) => said.includes('riley'));
    };
    expect(await text({ chats: chats() })).toContain(
      'The card of lr-1 cannot be posted in console:incidents',
    );
    // Nobody reads a chat that is not connected, and no approver the other places.
    expect(await text({})).toContain('No approver has seen lr-1 yet');
    expect(await text({}, soc)).toContain('The card of lr-1 cannot be posted in console:soc-private');
    const table = begin([{ ...waiting, cards: [standing('b', 1, soc)] }]);
    expect((await seen(table, [broken(table, 'lr-1')])).join()).toContain('No approver has seen lr-1 yet');
    const posting = { surface: 'console', place: 'incidents', intent: 'p', shown: 0 };
    const under = begin([{ ...waiting, cards: [posting] }]);
    expect((await seen(under, [broken(under, 'lr-1')])).join()).toContain('No approver has seen lr-1 yet');
  });

  test('hears of cards that stand and of those that do not in two sentences', async () => {
    const table = begin([asked('lr-1', [standing('a')]), asked('lr-2', []), asked('lr-3', [standing('c')])]);
    const said = await seen(
      table,
      ['lr-3', 'lr-2', 'lr-1'].map((id) => broken(table, id)),
    );
    expect(said[0]?.split('\n')).toEqual([
      expect.stringContaining('The cards of lr-1 and lr-3 in console:incidents cannot be updated'),
      expect.stringContaining('The card of lr-2 cannot be posted in console:incidents'),
    ]);
  });
});

describe('the words', () => {
  const outage: Outage = {
    place: incidents,
    surface: 'console',
    chat: 'Slack',
    since,
    why: 'down',
    wide: false,
  };
  const ids = Array.from({ length: 12 }, (_, n) => `lr-${n + 10}`);

  test('name ten requests and count the others', () => {
    expect(againText(incidents, ids.slice(0, 10))).toBe(
      'console:incidents shows lr-10, lr-11, lr-12, lr-13, lr-14, lr-15, lr-16, lr-17, lr-18 and lr-19 again.',
    );
    expect(againText(incidents, ids)).toMatch(/lr-18, lr-19 and 2 more again\.$/);
  });

  test('say the same of one and of several', () => {
    const wide = { ...outage, wide: true };
    expect(outageText(wide, ['lr-1', 'lr-2'], true, since)).toBe(
      'The cards of lr-1 and lr-2 in console:incidents are not drawn since 22:13 UTC: Slack does not answer as it should (down). The bot tries again by itself.',
    );
    expect(unseenText([outage], ['lr-1'], since)).toBe(
      'No approver has seen lr-1 yet: the bot cannot post in console:incidents since 22:13 UTC (down). The bot tries again by itself, and tells you when the card stands.',
    );
    expect(elsewhereText(outage, ['lr-1', 'lr-2'], false, since)).toBe(
      'The cards of lr-1 and lr-2 cannot be posted in console:incidents since 22:13 UTC (down). Those here go on.',
    );
  });
});
