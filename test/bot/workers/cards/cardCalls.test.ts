// One call of one card at a time: what is written down around it, and what becomes of it where the chat says no.
import { describe, expect, test } from '@jest/globals';
import { byUrgency, cardsIn, isLate } from '../../../../src/bot/workers/cards/cardCalls.ts';
import type { Done, Spot } from '../../../../src/bot/workers/cards/cardCalls.ts';
import type { Card } from '../../../../src/liveResponse/request/request.ts';
import { door, failure, request, standing } from './cardTable.ts';
import { always, begin, cardOf, here, hour } from './oneCard.ts';
import type { Calls } from './oneCard.ts';

describe('a post', () => {
  test('is written down before and after, and marks the revision that it shows', async () => {
    const table = begin(request('queued', 'lr-1'));
    const slots: string[] = [];
    table.chat.gate = (call) => void slots.push(call);
    expect(await table.calls.post(table.spot, undefined, always)).toBe('done');
    expect(slots).toEqual(['slot post incidents urgent', 'post incidents i1']);
    expect(table.store.events).toEqual(['lr-1 cardPosting', 'lr-1 cardPosted']);
    expect(table.store.one('lr-1').cards).toEqual([
      {
        ...here,
        intent: 'i1',
        shown: 2,
        ref: { ...here, id: 'incidents#1' },
      },
    ]);
    expect(table.told).toEqual(['lr-1 incidents i1: queued, results card']);
    // No chat says who reads along: there is nothing to compare it with.
    expect(table.drawn.made).toBe(1);
  });

  test('draws only what the chat took: the rest is behind', async () => {
    const table = begin(request('queued', 'lr-1'));
    table.chat.less = true;
    expect(await table.calls.post(table.spot, undefined, always)).toBe('bare');
    expect(cardOf(table).shown).toBe(1);
  });

  test('that waited for its turn until the place closed is not made', async () => {
    const table = begin(request('queued', 'lr-1'));
    expect(await table.calls.post(table.spot, undefined, () => false)).toBe('skipped');
    expect([table.store.events, table.chat.calls]).toEqual([[], []]);
  });

  test('whose place has a newer card by now, or whose request is gone, is not made', async () => {
    const table = begin(request('queued', 'lr-1', {}, { cards: [standing('a')] }));
    expect(await table.calls.post(table.spot, undefined, always)).toBe('skipped');
    table.store.kept.delete('lr-1');
    expect(await table.calls.post(table.spot, undefined, always)).toBe('skipped');
    expect(table.chat.calls).toEqual([]);
  });

  test.each([
    ['unavailable', ['lr-1 cardPosting', 'lr-1 cardGone']],
    ['ambiguous', ['lr-1 cardPosting']],
  ] as const)('that failed with %s leaves a trace only where it may stand', async (code, events) => {
    const table = begin(request('queued', 'lr-1'));
    const error = failure(code);
    table.chat.refuse = () => error;
    await expect(table.calls.post(table.spot, undefined, always)).rejects.toBe(error);
    expect(table.store.events).toEqual(events);
    expect(table.told).toEqual([]);
  });

  test('that failed by a bug may stand too', async () => {
    const table = begin(request('queued', 'lr-1'));
    table.chat.refuse = () => new Error('a bug');
    await expect(table.calls.post(table.spot, undefined, always)).rejects.toThrow('a bug');
    expect(table.store.events).toEqual(['lr-1 cardPosting']);
  });

  test('after one of which it is not known whether it stands takes its place, and says so to the chat', async () => {
    const lost: Card = { ...here, intent: 'lost', shown: 0 };
    const table = begin(request('queued', 'lr-1', {}, { cards: [standing('a'), lost] }));
    expect(await table.calls.post(table.spot, lost, always)).toBe('done');
    expect(table.chat.calls).toEqual(['post incidents i1 again']);
    expect(table.store.one('lr-1').cards.map(({ intent }) => intent)).toEqual(['a', 'i1']);
    expect(table.store.events.at(-1)).toBe('lr-1 cardGone');
    expect(table.store.gone).toEqual(['whether it was posted is not known']);
  });

  test('after one that stands is no repetition', async () => {
    const old = standing('a');
    const table = begin(request('queued', 'lr-1', {}, { cards: [old] }));
    expect(await table.calls.post(table.spot, old, always)).toBe('done');
    expect(table.chat.calls).toEqual(['post incidents i1']);
    expect(table.store.events).toEqual(['lr-1 cardPosting', 'lr-1 cardPosted']);
  });

  test.each([
    [false, 2],
    [true, 1],
  ])(
    'that stands and could not be written down is written down later, and not posted again (less shown: %s)',
    async (less, shown) => {
      const table = begin(request('queued', 'lr-1'));
      table.chat.less = less;
      table.store.refuse = (event) => (event === 'cardPosted' ? new Error('the disk is full') : undefined);
      await expect(table.calls.post(table.spot, undefined, always)).rejects.toThrow('full');
      expect(table.told).toHaveLength(1);
      table.store.refuse = () => undefined;
      expect(await table.calls.post(table.spot, cardOf(table), always)).toBe('done');
      expect(table.chat.calls).toHaveLength(1);
      expect(cardOf(table)).toMatchObject({ ref: { id: 'incidents#1' }, shown });
      // From here on it is a card like any other.
      await table.calls.post(table.spot, cardOf(table), always);
      expect(table.chat.calls).toHaveLength(2);
    },
  );

  test('that stood and was not written down is done with once its request is gone', async () => {
    const table = begin(request('queued', 'lr-1'));
    table.store.refuse = (event) => (event === 'cardPosted' ? new Error('the disk is full') : undefined);
    await expect(table.calls.post(table.spot, undefined, always)).rejects.toThrow('full');
    const card = cardOf(table);
    table.store.kept.clear();
    expect(await table.calls.post(table.spot, card, always)).toBe('done');
    expect(table.chat.calls).toHaveLength(1);
  });

  test('of a request that is gone when it stands is no failure', async () => {
    const table = begin(request('queued', 'lr-1'));
    table.chat.gate = (call) => {
      if (call.startsWith('post')) table.store.kept.clear();
      return undefined;
    };
    expect(await table.calls.post(table.spot, undefined, always)).toBe('done');
  });
});

describe('an update', () => {
  const behind = (state: Parameters<typeof request>[0] = 'queued') =>
    begin(request(state, 'lr-1', {}, { cards: [standing('a', 0)] }));
  const update = (table: Calls, refusals = 0, mayGo = always): Promise<Done> =>
    table.calls.update(table.spot, cardOf(table), refusals, mayGo);

  test('shows the request as it is when its turn has come, and writes that down', async () => {
    const table = behind('awaitingApproval');
    const { closed, open } = door();
    table.chat.gate = (call) => (call.startsWith('slot') ? closed : undefined);
    const done = update(table);
    table.store.happened('lr-1', { type: 'expired' });
    open();
    expect(await done).toBe('done');
    expect(table.told).toEqual(['lr-1 incidents a: closed, results card']);
    expect(table.store.events).toEqual(['lr-1 cardShown']);
    expect(cardOf(table).shown).toBe(table.store.one('lr-1').revision);
  });

  test.each([
    ['finished', 'urgent'],
    ['denied', 'urgent'],
    ['awaitingApproval', 'urgent'],
    ['unknown', 'urgent'],
    ['queued', 'later'],
    ['running', 'later'],
  ] as const)('of a request that is %s is %s', async (state, how) => {
    const table = behind(state);
    const slots: string[] = [];
    table.chat.gate = (call) => void slots.push(call);
    await update(table);
    expect(slots[0]).toBe(`slot update incidents ${how}`);
  });

  test('that changed nothing is not written down', async () => {
    const table = begin(request('queued', 'lr-1', {}, { cards: [standing('a', 2)] }));
    expect(await update(table)).toBe('done');
    expect(table.store.events).toEqual([]);
    expect(table.told).toHaveLength(1);
  });

  test('of which the chat took only a part stays behind', async () => {
    const table = behind();
    table.chat.less = true;
    expect(await update(table)).toBe('bare');
    expect([table.store.events, table.told]).toEqual([[], []]);
  });

  test('is not made where the place closed meanwhile, where no card stands, or where its request is gone', async () => {
    const table = behind();
    const card = cardOf(table);
    expect(await update(table, 0, () => false)).toBe('skipped');
    expect(await table.calls.update(table.spot, { ...here, intent: 'a', shown: 0 }, 0, always)).toBe(
      'skipped',
    );
    table.store.kept.clear();
    const slots: string[] = [];
    table.chat.gate = (call) => void slots.push(call);
    expect(await table.calls.update(table.spot, card, 0, always)).toBe('skipped');
    expect(slots).toEqual(['slot update incidents later']);
    expect(table.chat.calls).toEqual([]);
  });

  test.each([
    ['gone', 2],
    ['closed', 3],
    ['rejected', 3],
  ] as const)('that is refused with %s is replaced by a post the time number %i', async (code, times) => {
    const table = behind();
    const error = failure(code);
    table.chat.refuse = (call) => (call.startsWith('update') ? error : undefined);
    await expect(update(table, times - 2)).rejects.toBe(error);
    expect(table.chat.calls).toEqual(['update a']);
    expect(await update(table, times - 1)).toBe('done');
    expect(table.chat.calls.slice(1)).toEqual(['update a', 'post incidents i1']);
    expect(table.store.one('lr-1').cards.map(({ intent }) => intent)).toEqual(['a', 'i1']);
  });

  test.each(['unavailable', 'throttled', 'ambiguous', 'a bug'] as const)(
    'that fails otherwise (%s) never is',
    async (code) => {
      const table = behind();
      const error = code === 'a bug' ? new Error(code) : failure(code);
      table.chat.refuse = () => error;
      await expect(update(table, 9)).rejects.toBe(error);
      expect(table.chat.calls).toEqual(['update a']);
    },
  );

  test('of a request that ended long ago is not replaced: of a message that is gone nothing stands, the others do', async () => {
    const table = begin(request('denied', 'lr-1', {}, { cards: [standing('a', 0), standing('b', 0)] }));
    table.clock.passed = hour + 1;
    table.chat.refuse = () => failure('rejected');
    await expect(update(table, 9)).rejects.toThrow('rejected');
    expect(table.store.events).toEqual([]);
    table.chat.refuse = () => failure('gone');
    expect(await update(table, 9)).toBe('done');
    expect(table.store.events).toEqual(['lr-1 cardGone']);
    expect(table.chat.calls.filter((call) => call.startsWith('post'))).toEqual([]);
  });
});

describe('an older card', () => {
  const old = { ...standing('a'), ref: { ...here, id: 'a' } };
  const newest = { ...here, id: 'b' };
  const two = (state: Parameters<typeof request>[0] = 'queued') =>
    begin(request(state, 'lr-1', {}, { cards: [old, standing('b')] }));

  test('is made to say that a newer one took its place, and forgotten', async () => {
    const table = two();
    expect(await table.calls.supersede(table.spot, old, newest, 0)).toBe('done');
    expect(table.chat.calls).toEqual(['supersede a by b of lr-1']);
    expect(table.store.one('lr-1').cards.map(({ intent }) => intent)).toEqual(['b']);
    expect(table.store.gone).toEqual(['a newer card took its place']);
  });

  test('is forgotten in a chat that leaves none behind', async () => {
    const table = two();
    const chat = { surface: 'console' } as unknown as Spot['chat'];
    expect(await table.calls.supersede({ ...table.spot, chat }, old, newest, 0)).toBe('done');
    expect(table.store.events).toEqual(['lr-1 cardGone']);
  });

  test('that cannot be written is tried again; one that is gone twice, or of a request that ended long ago, is forgotten', async () => {
    const table = two('denied');
    const refused = async (code: Parameters<typeof failure>[0], refusals: number) => {
      table.chat.refuse = () => failure(code);
      return table.calls.supersede(table.spot, old, newest, refusals).catch(() => 'failed');
    };
    expect(await refused('gone', 0)).toBe('failed');
    expect(await refused('closed', 9)).toBe('failed');
    expect(await refused('unavailable', 9)).toBe('failed');
    expect(table.store.events).toEqual([]);
    expect(await refused('gone', 1)).toBe('done');
    table.clock.passed = hour + 1;
    expect(await refused('closed', 0)).toBe('done');
    expect(await refused('unavailable', 0)).toBe('failed');
    table.store.kept.clear();
    table.clock.passed = 0;
    expect(await refused('closed', 0)).toBe('done');
  });

  test('that fails by a bug stays', async () => {
    const table = two();
    table.chat.refuse = () => new Error('a bug');
    await expect(table.calls.supersede(table.spot, old, newest, 9)).rejects.toThrow('a bug');
    expect(table.store.events).toEqual([]);
  });
});

describe('requests', () => {
  test('are late an hour after their end, and never while they are open', () => {
    const denied = request('denied', 'lr-1');
    expect(isLate(denied, denied.changedAt + hour)).toBe(false);
    expect(isLate(denied, denied.changedAt + hour + 1)).toBe(true);
    expect(isLate(request('running', 'lr-1'), Infinity)).toBe(false);
  });

  test('come first when they ended, then when they wait for a person, and of those the oldest', () => {
    const inOrder = [
      request('finished', 'finished', {}, { changedAt: 1 }),
      request('denied', 'denied', {}, { changedAt: 5 }),
      request('awaitingApproval', 'awaiting', {}, { changedAt: 0 }),
      request('unknown', 'unknown', {}, { changedAt: 3 }),
      request('queued', 'queued', {}, { changedAt: 0 }),
      request('running', 'running', {}, { changedAt: 2 }),
    ];
    expect(inOrder.toReversed().sort(byUrgency)).toEqual(inOrder);
  });

  test('have the cards of one place that stand, or may', () => {
    const may: Card = { ...here, intent: 'may', shown: 0 };
    const cards = [
      standing('a'),
      standing('b', 1, 'console:other'),
      standing('c', 1, 'slack:incidents'),
      { ...may, intent: 'given up', dead: 'is_archived' },
      { ...standing('given up later'), dead: 'is_archived' },
      may,
    ];
    expect(cardsIn(request('queued', 'lr-1', {}, { cards }), here).map(({ intent }) => intent)).toEqual([
      'a',
      'given up later',
      'may',
    ]);
  });
});
