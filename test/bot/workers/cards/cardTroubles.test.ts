// What a failure of one card means for the others in its place and chat, and who is told of it.
import { describe, expect, test } from '@jest/globals';
import { door, failure, quiet, request, standing } from './cardTable.ts';
import { begin, bothChats, drawn, minute, passed, refuse, second } from './keptCards.ts';
import type { Kept } from './keptCards.ts';

describe('a sign of life', () => {
  const place = ['console', 'incidents'] as const;

  test('from a place has what waits there tried at once, and nothing where nothing waits', async () => {
    const table = begin([request('queued', 'lr-1')], { chats: bothChats() });
    table.sync.heard(...place);
    expect(table.again()).toBe(0);
    table.chat.refuse = refuse('post', 'unavailable');
    table.chats[1]?.calls.push('');
    await passed(table);
    const asked = table.again();
    table.sync.heard('console', 'incident');
    table.sync.heard('slack', 'incidents');
    expect(table.again()).toBe(asked);
    expect((await passed(table))[0]).toBe(2 * second);
    table.sync.heard(...place);
    expect(table.again()).toBe(asked + 1);
    expect((await passed(table)).slice(1)).toEqual(['post incidents i3']);
  });

  test('from a place has a note tried that waits there', async () => {
    const table = begin([drawn('lr-1', 'denied', 2)]);
    table.chat.refuse = refuse('note', 'unavailable');
    await passed(table);
    table.sync.heard(...place);
    expect((await passed(table)).slice(1)).toEqual(['note lr-1-card']);
  });

  test('of the whole chat has what waits because of it tried at once, and not what was refused', async () => {
    const table = begin([
      request('queued', 'lr-1', { place: 'console:a' }),
      drawn('lr-2', 'queued', 0),
      drawn('lr-3', 'queued', 0),
    ]);
    table.chat.refuse = (call) =>
      refuse('lr-2-card', 'rejected')(call) ?? refuse('lr-3-card', 'unavailable')(call);
    await passed(table);
    table.chat.refuse = () => undefined;
    // A note or a card of any place will do.
    table.store.kept.set('lr-4', request('queued', 'lr-4'));
    const calls = (await passed(table)).slice(1);
    expect(calls.filter((call) => String(call).startsWith('post'))).toHaveLength(1);
    expect((await passed(table)).slice(1)).toEqual(['update lr-3-card']);
    expect((await passed(table)).slice(1)).toEqual([]);
  });

  test('of one chat means nothing for another', async () => {
    const cards = [standing('a', 0), standing('b', 0, 'slack:C0SOC')];
    const table = begin([request('queued', 'lr-1', {}, { cards })], { chats: bothChats() });
    for (const chat of table.chats) chat.refuse = () => failure('unavailable');
    await passed(table);
    const [console, slack] = table.chats;
    if (console === undefined || slack === undefined) throw new Error('no chats');
    console.refuse = () => undefined;
    table.store.kept.set('lr-2', request('denied', 'lr-2', {}, { cards: [standing('c', 0)] }));
    table.sync.markDirty('lr-2');
    await passed(table);
    expect((await passed(table)).slice(1).sort()).toEqual(['note c', 'update a']);
  });
});

describe('a place that is closed', () => {
  const two = () => [drawn('lr-1', 'queued', 0), drawn('lr-2', 'queued', 0)];

  test('is asked by one call for all of its cards, at its own pace', async () => {
    const table = begin(two());
    table.chat.refuse = () => failure('closed', 'is_archived');
    // Both were under way when it closed.
    expect(await passed(table)).toEqual([undefined, 'update lr-1-card', 'update lr-2-card']);
    expect(table.sync.closed()).toEqual([]);
    expect(await passed(table)).toEqual([2 * second]);
    expect(await passed(table, 2 * second)).toEqual([2 * second, 'update lr-1-card']);
    expect(table.sync.closed()).toEqual([
      { surface: 'console', place: 'incidents', since: table.clock.now() - 2 * second, why: 'is_archived' },
    ]);
    expect((await passed(table))[0]).toBe(5 * second);
    table.chat.refuse = () => undefined;
    expect((await passed(table, 5 * second)).slice(1)).toContain('update lr-1-card');
    expect(table.sync.closed()).toEqual([]);
    expect((await passed(table)).slice(1)).toContain('update lr-2-card');
  });

  test('is asked every hour in the end where only old requests wait', async () => {
    const table = begin([drawn('lr-1', 'denied', 0)]);
    table.chat.refuse = () => failure('closed');
    table.clock.passed = 61 * minute;
    for (const wait of [2, 5, 15, 30, 60, 120, 300, 900, 3_600, 3_600]) {
      await passed(table);
      expect((await passed(table))[0]).toBe(wait * second);
      table.clock.passed += wait * second;
    }
  });

  test('lets no call go that waited for its turn meanwhile, and tries that card when it opens', async () => {
    const table = begin(two());
    const { closed, open } = door();
    let slots = 0;
    table.chat.gate = (call) => (call.startsWith('slot') && (slots += 1) === 2 ? closed : undefined);
    table.chat.refuse = () => failure('closed');
    await table.sync.pass();
    await quiet();
    open();
    await table.sync.idle();
    expect(table.chat.calls).toEqual(['update lr-1-card']);
    expect(table.logged.filter(({ event }) => event === 'cardFailed')).toHaveLength(1);
    expect(await passed(table)).toEqual([2 * second]);
  });

  test('is open where other cards were drawn since this one first failed', async () => {
    const table = begin(two());
    table.clock.passed = minute;
    table.chat.refuse = refuse('lr-1-card', 'closed');
    await passed(table);
    // The other one was drawn in the same moment, which opened the place again.
    expect(await passed(table, second)).toEqual([undefined, 'update lr-1-card']);
    expect((await passed(table))[0]).toBe(5 * second);
    expect((await passed(table, 5 * second)).slice(1)).toEqual(['update lr-1-card', 'post incidents i1']);
    expect(table.sync.closed()).toEqual([]);
  });

  test('is not told by a note that is refused', async () => {
    const table = begin([drawn('lr-1', 'denied', 2)]);
    table.chat.refuse = refuse('note', 'closed');
    await passed(table);
    table.store.kept.set('lr-2', drawn('lr-2', 'queued', 0));
    table.sync.markDirty('lr-2');
    expect((await passed(table)).slice(1)).toEqual(['update lr-2-card']);
    for (let n = 0; n < 4; n += 1) await passed(table, minute);
    expect(table.sync.closed()).toEqual([]);
  });

  test('is forgotten when nothing is wanted there any more, but not by a pass that could not look', async () => {
    const table = begin([request('queued', 'lr-1')]);
    table.chat.refuse = () => failure('closed');
    for (const wait of [0, 2, 5]) await passed(table, wait * second);
    expect(table.sync.closed()).toHaveLength(1);
    table.store.kept.set('lr-1', request('denied', 'lr-1'));
    table.store.kept.set('lr-2', drawn('lr-2'));
    table.drawn.broken = new Error('a bug');
    await passed(table, 61 * minute);
    expect(table.sync.closed()).toHaveLength(1);
    table.drawn.broken = undefined;
    table.store.kept.delete('lr-2');
    table.sync.markDirty('lr-1');
    await passed(table);
    expect(table.sync.closed()).toEqual([]);
  });

  test('is asked by no second call while the first has no answer, though older calls end meanwhile', async () => {
    const table = begin([...two(), drawn('lr-3', 'queued', 0)]);
    const [older, asking] = [door(), door()];
    const asked = new Set<string>();
    table.chat.gate = (call) => {
      if (call === 'update lr-2-card') return older.closed;
      if (call === 'update lr-1-card' && asked.has(call)) return asking.closed;
      asked.add(call);
      return undefined;
    };
    table.chat.refuse = () => failure('closed');
    await table.sync.pass();
    await quiet();
    table.clock.passed += 2 * second;
    await table.sync.pass();
    await quiet();
    expect(table.chat.calls.slice(3)).toEqual(['update lr-1-card']);
    older.open();
    await quiet();
    table.clock.passed += 10 * second;
    expect(await table.sync.pass()).toBe(2 * second);
    expect(table.chat.calls.slice(4)).toEqual([]);
    asking.open();
    await table.sync.idle();
  });

  test('is asked at once when something is heard from it', async () => {
    const table = begin([drawn('lr-1', 'queued', 0)]);
    table.chat.refuse = () => failure('closed');
    for (const wait of [0, 2, 5, 15]) await passed(table, wait * second);
    table.clock.passed += 3 * second;
    const asked = table.again();
    table.sync.heard('console', 'incidents');
    expect(table.again()).toBe(asked + 1);
    expect((await passed(table)).slice(1)).toContain('update lr-1-card');
  });
});

describe('people are told', () => {
  /** Asked in one place, with its card in another that fails. */
  const asked = () =>
    request(
      'queued',
      'lr-1',
      { place: 'console:soc-private', account: 'console:riley' },
      {
        cards: [standing('a', 0), standing('b', 2, 'console:soc-private')],
      },
    );
  const whispers = ({ chat }: Kept): readonly string[] =>
    chat.said.flatMap(({ to, text }) => (to === 'soc-private riley' ? [text] : []));

  test('of a card that cannot be drawn once it failed a second time', async () => {
    const table = begin([asked()]);
    table.chat.refuse = refuse(' a', 'rejected');
    await passed(table);
    expect(await passed(table, 1)).toEqual([2 * second - 1]);
    expect(whispers(table)).toEqual([]);
    await passed(table, 2 * second);
    await passed(table);
    expect(whispers(table)).toEqual([
      'The card of lr-1 in console:incidents cannot be updated since 22:15 UTC (rejected, really). The bot tries again by itself.',
    ]);
  });

  test('of one that its chat holds back only when that lasts', async () => {
    const table = begin([asked()]);
    table.chat.refuse = refuse(' a', 'throttled', 60 * second);
    await passed(table, 3 * second);
    expect(await passed(table, 4 * second)).toEqual([6 * second]);
    expect(whispers(table)).toEqual([]);
    await passed(table, 6 * second);
    expect(whispers(table)).toHaveLength(1);
  });

  test('of a place that is closed, since its first refusal, also for a card that was never tried there', async () => {
    const table = begin([asked()]);
    table.chat.refuse = refuse(' a', 'closed');
    await passed(table);
    await passed(table, 2 * second);
    table.store.kept.set('lr-2', request('queued', 'lr-2', { place: 'console:soc-private' }));
    table.sync.markDirty('lr-2');
    await passed(table);
    expect(whispers(table).join('\n')).toContain('The card of lr-1 in console:incidents cannot be updated');
    expect(whispers(table).join('\n')).toContain('The card of lr-2 cannot be posted in console:incidents');
  });

  test('that a whole chat is out where nothing else was heard of it, and of the place alone where something was', async () => {
    const table = begin([asked()]);
    table.chat.refuse = refuse(' a', 'unavailable');
    await passed(table);
    table.clock.passed += second;
    table.store.happened('lr-1', { type: 'waiting', cause: 'frozen' });
    table.sync.markDirty('lr-1');
    for (const wait of [0, 0, 5 * second, 0]) await passed(table, wait);
    expect(whispers(table).join()).toContain('cannot be updated');
  });

  test.each(['unavailable', 'throttled', 'ambiguous'] as const)(
    'that a whole chat is out which answers nothing but %s',
    async (code) => {
      const table = begin([asked()]);
      table.chat.refuse = (call) => (call.startsWith('update') ? failure(code) : undefined);
      for (const wait of [second, 2 * second, 10 * second, 0]) await passed(table, wait);
      expect(whispers(table).join()).toContain(`console does not answer as it should (${code})`);
    },
  );

  test('of the place alone where the chat answered at first, if only to refuse the card', async () => {
    const table = begin([asked()]);
    table.chat.refuse = refuse(' a', 'rejected');
    await passed(table, second);
    table.chat.refuse = refuse(' a', 'unavailable');
    await passed(table, 2 * second);
    await passed(table);
    expect(whispers(table)).toEqual([
      'The card of lr-1 in console:incidents cannot be updated since 22:15 UTC (unavailable, really). The bot tries again by itself.',
    ]);
  });

  test('no more often than every five seconds, and what waits for that is told then', async () => {
    const table = begin([asked()]);
    table.chat.refuse = (call) =>
      refuse(' a', 'rejected', 60 * second)(call) ?? refuse(' c', 'rejected')(call);
    await passed(table);
    await passed(table, 60 * second);
    await passed(table);
    expect(whispers(table)).toHaveLength(1);
    table.store.kept.set('lr-2', {
      ...asked(),
      id: 'lr-2',
      cards: [standing('c', 0), standing('d', 2, 'console:soc-private')],
    });
    table.sync.markDirty('lr-2');
    await passed(table);
    await passed(table);
    await passed(table, 2 * second);
    expect((await passed(table))[0]).toBe(3 * second);
    await passed(table, 3 * second);
    expect(whispers(table)).toHaveLength(2);
  });

  test('only of what is not drawn in a place that is closed', async () => {
    const note = {
      ...drawn('lr-3', 'denied', 2),
      asked: { ...drawn('lr-3').asked, place: 'console:incidents' },
    };
    const table = begin([asked(), drawn('lr-2')]);
    await passed(table);
    // Later: what is taken in the moment of a refusal keeps the place open.
    table.clock.passed += second;
    table.chat.refuse = () => failure('closed');
    table.store.happened('lr-1', { type: 'waiting', cause: 'frozen' });
    table.sync.markDirty('lr-1');
    for (const wait of [0, 2 * second, 0]) await passed(table, wait);
    expect(table.sync.closed()).toMatchObject([{ place: 'soc-private' }, { place: 'incidents' }]);
    table.chat.refuse = (call) => (call.includes('whisper') ? undefined : failure('closed'));
    table.store.kept.set('lr-3', note);
    for (const id of ['lr-2', 'lr-3']) table.sync.markDirty(id);
    for (const wait of [5 * second, 0]) await passed(table, wait);
    expect(table.chat.said.map(({ text }) => text).join()).toContain('lr-1');
    expect(table.chat.said.map(({ text }) => text).join()).not.toMatch(/lr-[23]/);
  });

  test('by nobody who waits when the request ended long ago', async () => {
    const late = request('denied', 'lr-1', {}, { cards: [standing('a', 0)] });
    const table = begin([late]);
    table.chat.refuse = refuse(' a', 'rejected');
    for (const wait of [61 * minute, 2 * second, 5 * second]) await passed(table, wait);
    expect(table.chat.said).toEqual([]);
  });

  test('of a card that failed twice though its next call hangs when they can be told', async () => {
    const table = begin([asked()]);
    const { closed, open } = door();
    table.chat.refuse = (call) => refuse(' a', 'rejected')(call) ?? refuse('whisper', 'unavailable')(call);
    for (const wait of [0, 2 * second, 0]) await passed(table, wait);
    table.chat.gate = (call) => (call === 'update a' ? closed : undefined);
    table.clock.passed += 5 * second;
    await table.sync.pass();
    await quiet();
    table.chat.refuse = refuse(' a', 'rejected');
    table.clock.passed += 5 * second;
    await table.sync.pass();
    await quiet();
    expect(whispers(table)).toHaveLength(1);
    open();
    await table.sync.idle();
  });

  test('of a card whose call is under way while it keeps failing', async () => {
    const table = begin([asked()]);
    table.chat.refuse = refuse(' a', 'rejected');
    await passed(table);
    await passed(table, 2 * second);
    const { closed, open } = door();
    table.chat.gate = (call) => (call === 'update a' ? closed : undefined);
    table.chat.said.splice(0);
    table.clock.passed += 5 * second;
    await table.sync.pass();
    await table.sync.pass();
    await quiet();
    open();
    await table.sync.idle();
    expect(whispers(table).filter((text) => text.includes('again.'))).toEqual([]);
  });
});
