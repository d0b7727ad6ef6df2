// When it is told that cards cannot be drawn, and when that they can again: the bookkeeping of outages.
import { describe, expect, test } from '@jest/globals';
import { door, failure, quiet, request, standing, TableChat } from '../cardTable.ts';
import { asked, begin, broken, incidents, second, seen, since, soc } from './outageTable.ts';

const other = asked('lr-1').asked;

describe('an outage', () => {
  test('is told once, to the requester alone and below the card in the other place, and its end as well', async () => {
    const table = begin([asked('lr-1')]);
    expect(await seen(table, [broken(table, 'lr-1')])).toEqual([
      'console soc-private riley: The card of lr-1 in console:incidents cannot be updated since 22:13 UTC (no_way). The bot tries again by itself.',
      'console lr-1-b: The card of lr-1 in console:incidents cannot be updated since 22:13 UTC (no_way). This one goes on.',
    ]);
    expect(table.again()).toBe(2);
    expect(await seen(table, [broken(table, 'lr-1')], 60 * second)).toEqual([]);
    // Nothing stands in its way any more, but it is not drawn yet.
    expect(await seen(table, [], 60 * second)).toEqual([]);
    table.store.happened('lr-1', { type: 'cardShown', intent: 'lr-1-a', shown: 2 });
    expect(await seen(table, [])).toEqual([
      'console soc-private riley: console:incidents shows lr-1 again.',
      'console lr-1-b: console:incidents shows lr-1 again.',
    ]);
    // What breaks now is another outage, since another time.
    const later = broken(table, 'lr-1', incidents, { since: since + 60 * second });
    expect(await seen(table, [later], 5 * second)).toEqual([
      expect.stringContaining('since 22:14 UTC'),
      expect.stringContaining('since 22:14 UTC'),
    ]);
  });

  test('that begins again before its end was told goes on', async () => {
    const table = begin([asked('lr-1')]);
    await seen(table, [broken(table, 'lr-1')]);
    expect(await seen(table, [], 60 * second)).toEqual([]);
    expect(await seen(table, [broken(table, 'lr-1')], 60 * second)).toEqual([]);
    table.store.happened('lr-1', { type: 'cardShown', intent: 'lr-1-a', shown: 2 });
    expect(await seen(table, [], 60 * second)).toHaveLength(2);
  });

  test('that begins again while its end waits to be told is not said to be over', async () => {
    const table = begin([asked('lr-1')]);
    await seen(table, [broken(table, 'lr-1')]);
    table.store.happened('lr-1', { type: 'cardShown', intent: 'lr-1-a', shown: 2 });
    expect(await seen(table, [], second)).toEqual([]);
    expect(await seen(table, [broken(table, 'lr-1')], second)).toEqual([]);
    expect(await seen(table, [broken(table, 'lr-1')], 10 * second)).toEqual([]);
  });

  test('whose end waits to be told is over though the request changes meanwhile', async () => {
    const table = begin([asked('lr-1')]);
    await seen(table, [broken(table, 'lr-1')]);
    table.store.happened('lr-1', { type: 'cardShown', intent: 'lr-1-a', shown: 2 });
    expect(await seen(table, [], second)).toEqual([]);
    table.store.happened('lr-1', { type: 'waiting', cause: 'frozen' });
    expect(await seen(table, [], 5 * second)).toHaveLength(2);
  });

  test('whose end could be told to one listener alone is told to the other later', async () => {
    const table = begin([asked('lr-1')]);
    await seen(table, [broken(table, 'lr-1')]);
    table.store.happened('lr-1', { type: 'cardShown', intent: 'lr-1-a', shown: 2 });
    table.chat.refuse = (call) => (call.startsWith('note') ? failure('unavailable') : undefined);
    expect(await seen(table, [], 5 * second)).toEqual([
      expect.stringContaining('riley: console:incidents shows'),
    ]);
    table.chat.refuse = () => undefined;
    expect(await seen(table, [], 5 * second)).toEqual([
      expect.stringContaining('lr-1-b: console:incidents shows'),
    ]);
  });

  test('wants another look when the first of those who wait may be told', async () => {
    const table = begin([asked('lr-1'), asked('lr-2')]);
    table.chat.refuse = (call) => (call.startsWith('note') ? failure('unavailable') : undefined);
    await seen(table, [broken(table, 'lr-1')]);
    expect(table.notices.see([broken(table, 'lr-1'), broken(table, 'lr-2')])).toBe(2 * second);
  });

  test('that ended before anybody was told is told to nobody', async () => {
    const table = begin([asked('lr-1')]);
    table.chat.refuse = () => failure('unavailable');
    expect(await seen(table, [broken(table, 'lr-1')])).toEqual([]);
    table.chat.refuse = () => undefined;
    expect(await seen(table, [], 60 * second)).toEqual([]);
    expect(await seen(table, [broken(table, 'lr-1')], 60 * second)).toHaveLength(2);
  });

  test('of a request that ended long ago, or is gone, is over in silence', async () => {
    const ended = request('denied', 'lr-1', other, { cards: [standing('a', 2), standing('b', 2, soc)] });
    const table = begin([ended, asked('lr-2')]);
    await seen(table, [broken(table, 'lr-1'), broken(table, 'lr-2')]);
    table.store.kept.delete('lr-2');
    expect(await seen(table, [], 61 * 60 * second)).toEqual([]);
    table.store.kept.set('lr-1', asked('lr-1'));
    expect(await seen(table, [])).toEqual([]);
  });

  test('of a request that is gone while it is told of another concerns nobody', async () => {
    const table = begin([asked('lr-1')]);
    const gone = broken(table, 'lr-1');
    table.store.kept.clear();
    expect(await seen(table, [gone])).toEqual([]);
  });

  test('waits while that listener is being told, and five seconds after', async () => {
    const table = begin([asked('lr-1'), asked('lr-2')]);
    const { closed, open } = door();
    table.chat.gate = (call) => (call.startsWith('whisper') ? closed : undefined);
    table.notices.see([broken(table, 'lr-1')]);
    await quiet();
    const both = [broken(table, 'lr-1'), broken(table, 'lr-2')];
    expect(table.notices.see(both)).toBe(5 * second);
    await quiet();
    setImmediate(open);
    await table.notices.settled();
    expect(table.chat.calls.filter((call) => call.startsWith('whisper'))).toHaveLength(1);
    table.chat.gate = () => undefined;
    table.clock.passed += 2 * second;
    expect(table.notices.see(both)).toBe(3 * second);
    expect(await seen(table, both, 3 * second)).toEqual([
      expect.stringContaining('riley: The card of lr-2 in'),
      expect.stringContaining('lr-2-b: The card of lr-2 in'),
    ]);
  });

  test('is told again at growing intervals while nobody can be told', async () => {
    const table = begin([asked('lr-1', [standing('a')])]);
    table.chat.refuse = () => failure('closed', 'not_in_channel');
    const waits: unknown[] = [];
    for (let n = 0; n < 9; n += 1) {
      await seen(table, [broken(table, 'lr-1')]);
      const wait = table.notices.see([broken(table, 'lr-1')]) ?? 0;
      waits.push(wait);
      table.clock.passed += wait;
    }
    expect(waits).toEqual([2, 5, 15, 30, 60, 120, 300, 300, 300].map((wait) => wait * second));
    expect(table.logged.at(-1)).toMatchObject({
      level: 'warn',
      event: 'outageNotTold',
      fields: { to: 'person responder1', code: 'closed' },
    });
    table.chat.refuse = () => new Error('a bug');
    await seen(table, [broken(table, 'lr-1')]);
    expect(table.logged.at(-1)).toMatchObject({ fields: { code: 'bug' } });
    // With the end of all trouble the pauses are forgotten.
    table.chat.refuse = () => undefined;
    await seen(table, []);
    expect(await seen(table, [broken(table, 'lr-1')])).toHaveLength(1);
  });

  test('is told as it was when it was said, though it changed meanwhile', async () => {
    const table = begin([asked('lr-1', [standing('a')])]);
    const { closed, open } = door();
    table.chat.gate = () => closed;
    table.notices.see([broken(table, 'lr-1')]);
    await quiet();
    open();
    await table.notices.settled();
    table.store.happened('lr-1', { type: 'cardShown', intent: 'a', shown: 2 });
    const end = door();
    table.chat.gate = () => end.closed;
    table.clock.passed += 5 * second;
    expect(table.notices.see([])).toBeUndefined();
    await quiet();
    // It breaks again while its end is told.
    table.notices.see([broken(table, 'lr-1')]);
    end.open();
    await table.notices.settled();
    table.chat.gate = () => undefined;
    expect(table.chat.said.map(({ text }) => text)).toEqual([
      expect.stringContaining('cannot be updated'),
      'console:incidents shows lr-1 again.',
    ]);
    expect(await seen(table, [broken(table, 'lr-1')], 5 * second)).toHaveLength(1);
  });

  test('is over for a place once all of it is drawn there', async () => {
    const table = begin([asked('lr-1'), asked('lr-2')]);
    await seen(table, [broken(table, 'lr-1'), broken(table, 'lr-2')]);
    table.store.happened('lr-1', { type: 'cardShown', intent: 'lr-1-a', shown: 2 });
    expect(await seen(table, [broken(table, 'lr-2')], 60 * second)).toEqual([]);
    table.store.happened('lr-2', { type: 'cardShown', intent: 'lr-2-a', shown: 2 });
    expect(await seen(table, [])).toEqual([
      'console soc-private riley: console:incidents shows lr-1 and lr-2 again.',
      'console lr-1-b: console:incidents shows lr-1 again.',
      'console lr-2-b: console:incidents shows lr-2 again.',
    ]);
  });

  test('is not over where no card stands yet', async () => {
    const table = begin([asked('lr-1', [standing('b', 2, soc)])]);
    await seen(table, [broken(table, 'lr-1')]);
    expect(await seen(table, [], 60 * second)).toEqual([]);
  });
});

describe('the people in another place', () => {
  test('are told of more than two cards in one message of its own', async () => {
    const ids = ['lr-1', 'lr-2', 'lr-3'];
    const table = begin(ids.map((id) => asked(id)));
    const said = await seen(
      table,
      ids.map((id) => broken(table, id)),
    );
    expect(said).toEqual([
      'console soc-private riley: The cards of lr-1, lr-2 and lr-3 in console:incidents cannot be updated since 22:13 UTC (no_way). The bot tries again by itself.',
      'console soc-private: The cards of lr-1, lr-2 and lr-3 in console:incidents cannot be updated since 22:13 UTC (no_way). Those here go on.',
    ]);
    for (const id of ids) table.store.happened(id, { type: 'cardShown', intent: `${id}-a`, shown: 2 });
    expect(await seen(table, [], 5 * second)).toEqual([
      'console soc-private riley: console:incidents shows lr-1, lr-2 and lr-3 again.',
      'console soc-private: console:incidents shows lr-1, lr-2 and lr-3 again.',
    ]);
  });

  test('are told nothing where the card fails too, where none stands, or where only the requester reads', async () => {
    const table = begin([
      asked('lr-1'),
      asked('lr-2', [standing('lr-2-a')]),
      request('queued', 'lr-3', { place: soc, placeIsPrivate: true }, { cards: asked('lr-3').cards }),
    ]);
    const said = await seen(table, [
      broken(table, 'lr-1'),
      broken(table, 'lr-1', soc),
      broken(table, 'lr-2'),
      broken(table, 'lr-3'),
    ]);
    expect(said.filter((text) => !text.startsWith('console soc-private riley'))).toEqual([]);
  });

  test('are told below the newest card there, in each place', async () => {
    const cards = [
      standing('x'),
      standing('old', 2, soc),
      standing('b', 2, soc),
      standing('s', 2, 'slack:C0SOC'),
    ];
    const table = begin([asked('lr-1', cards)], { chats: [new TableChat(), new TableChat('slack')] });
    const said = await seen(table, [broken(table, 'lr-1')]);
    expect(said.map((text) => text.split(':')[0])).toEqual([
      'console soc-private riley',
      'console b',
      'slack s',
    ]);
  });

  test('are told nothing below a card that is gone by then', async () => {
    const table = begin([asked('lr-1'), asked('lr-2')]);
    const { closed, open } = door();
    table.chat.gate = () => closed;
    table.notices.see([broken(table, 'lr-1'), broken(table, 'lr-2')]);
    table.store.kept.delete('lr-2');
    open();
    await table.notices.settled();
    expect(table.chat.said.map(({ to }) => to)).toEqual(['soc-private riley', 'lr-1-b']);
    expect(table.logged).toEqual([]);
  });

  test('are told of another place once their own shows the card again', async () => {
    const table = begin([asked('lr-1', [standing('a'), standing('b', 1, soc)])]);
    expect(await seen(table, [broken(table, 'lr-1'), broken(table, 'lr-1', soc)])).toHaveLength(1);
    table.store.happened('lr-1', { type: 'cardShown', intent: 'b', shown: 2 });
    expect(await seen(table, [broken(table, 'lr-1')], 5 * second)).toEqual([
      'console soc-private riley: console:soc-private shows lr-1 again.',
      expect.stringMatching(/^console b: The card of lr-1 in console:incidents cannot be updated/),
    ]);
  });

  test('are told of what broke and of what is drawn again in two lines', async () => {
    const ids = ['lr-1', 'lr-2', 'lr-3'];
    const table = begin(
      ids.map((id) =>
        asked(id, [standing(`${id}-a`), standing(`${id}-b`, 2, soc), standing(`${id}-s`, 2, 'slack:C0SOC')]),
      ),
      {
        chats: [new TableChat(), new TableChat('slack')],
      },
    );
    await seen(table, [broken(table, 'lr-1'), broken(table, 'lr-2')]);
    for (const id of ids.slice(0, 2))
      table.store.happened(id, { type: 'cardShown', intent: `${id}-a`, shown: 2 });
    const said = await seen(table, [broken(table, 'lr-3', 'slack:C0SOC')], 5 * second);
    expect(said.find((text) => text.startsWith('console soc-private:'))?.split('\n')).toEqual([
      expect.stringContaining('The card of lr-3 in slack:C0SOC cannot be updated'),
      'console:incidents shows lr-1 and lr-2 again.',
    ]);
  });
});
