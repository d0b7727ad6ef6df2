// What is drawn when: what changed, what was never drawn, what failed, and what follows a card.
import { describe, expect, test } from '@jest/globals';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { door, quiet, request, standing, TableChat } from './cardTable.ts';
import { begin, bothChats, drawn, minute, passed, refuse, second } from './keptCards.ts';

describe('a pass', () => {
  test('looks at every request once after the start, and at none again that did not change', async () => {
    const table = begin([request('denied', 'lr-1'), drawn('lr-2', 'awaitingApproval', 0)]);
    expect(table.sync.behind()).toBe(2);
    // The end is told below the card once it stands.
    expect(await passed(table)).toEqual([undefined, 'post incidents i1', 'update lr-2-card']);
    expect(table.sync.behind()).toBe(2);
    expect(await passed(table)).toEqual([undefined, 'note incidents#1']);
    expect(await passed(table)).toEqual([undefined]);
    expect(table.sync.behind()).toBe(0);
    expect(await passed(table)).toEqual([undefined]);
    expect(table.again()).toBe(3);
  });

  test('draws what was marked, in every place of the request', async () => {
    const table = begin([], { chats: bothChats() });
    table.store.kept.set('lr-1', request('awaitingApproval', 'lr-1'));
    expect(await passed(table)).toEqual([undefined]);
    table.sync.markDirty('lr-1');
    table.sync.markDirty('gone');
    expect(table.sync.behind()).toBe(2);
    expect(await passed(table)).toEqual([undefined, 'post incidents i1', 'post C0SOC i2']);
    table.store.happened('lr-1', { type: 'expired' });
    table.sync.markDirty('lr-1');
    expect(await passed(table)).toEqual([undefined, 'update incidents#1', 'update C0SOC#1']);
  });

  test('knows for how long the oldest card has been behind, however often its request changes meanwhile', async () => {
    const table = begin([request('awaitingApproval', 'lr-1')]);
    table.chat.refuse = refuse('post', 'unavailable');
    await passed(table);
    await passed(table, 2 * second);
    table.store.happened('lr-1', { type: 'expired' });
    table.sync.markDirty('lr-1');
    expect([table.sync.behind(), table.sync.behindFor()]).toEqual([1, 2 * second]);
    table.chat.refuse = () => undefined;
    await passed(table, minute);
    await passed(table, minute);
    await passed(table, minute);
    expect([table.sync.behind(), table.sync.behindFor()]).toEqual([0, 0]);
  });

  test('draws nothing in a chat that is not there, and nothing new of what ended long ago', async () => {
    const table = begin([drawn('lr-1', 'denied', 1), request('denied', 'lr-2'), drawn('lr-3', 'denied', 2)]);
    expect(await passed(table, 61 * minute)).toEqual([undefined, 'update lr-1-card']);
    expect(table.sync.behind()).toBe(1);
    expect(await passed(table)).toEqual([undefined]);
    expect(table.sync.behind()).toBe(0);
  });

  test('tries a post of what ended long ago again where it is not known whether it stands', async () => {
    const lost = { surface: 'console', place: 'incidents', intent: 'lost', shown: 0 };
    const table = begin([request('denied', 'lr-1', {}, { cards: [lost] })]);
    expect(await passed(table, 61 * minute)).toEqual([undefined, 'post incidents i1 again']);
  });

  test('starts no second call of a card, and comes back for what changed meanwhile', async () => {
    const table = begin([request('awaitingApproval', 'lr-1')]);
    const { closed, open } = door();
    table.chat.gate = (call) => (call.startsWith('post') ? closed : undefined);
    await table.sync.pass();
    await quiet();
    expect(await table.sync.pass()).toBeUndefined();
    expect([table.chat.calls, table.sync.behind(), table.again()]).toEqual([['post incidents i1'], 1, 0]);
    table.store.happened('lr-1', { type: 'expired' });
    table.sync.markDirty('lr-1');
    setImmediate(open);
    await table.sync.idle();
    expect(table.again()).toBe(1);
    expect(await passed(table)).toEqual([undefined, 'update incidents#1']);
  });

  test('leaves a request that is gone when its turn comes', async () => {
    const table = begin([request('denied', 'lr-1'), drawn('lr-2', 'queued', 0)]);
    table.chat.gate = () => void table.store.kept.delete('lr-2');
    await table.sync.pass();
    expect(table.sync.behind()).toBe(1);
    expect(table.logged).toEqual([]);
    await table.sync.idle();
    expect(table.chat.calls).toEqual(['post incidents i1']);
  });

  test('that begins while another is waited for is waited for as well', async () => {
    const table = begin([drawn('lr-1', 'queued', 0)]);
    const doors = new Map(['update lr-1-card', 'update lr-2-card'].map((call) => [call, door()]));
    table.chat.gate = (call) => doors.get(call)?.closed;
    await table.sync.pass();
    const steps: string[] = [];
    const idle = table.sync.idle().then(() => steps.push('idle'));
    table.store.kept.set('lr-2', drawn('lr-2', 'queued', 0));
    table.sync.markDirty('lr-2');
    await table.sync.pass();
    for (const [call, { open }] of doors) {
      await quiet();
      steps.push(call);
      open();
    }
    await idle;
    expect(steps).toEqual(['update lr-1-card', 'update lr-2-card', 'idle']);
  });

  test('draws what ended before what waits, and of one request what may be tried soonest', async () => {
    const ended = request('denied', 'lr-3', {}, { changedAt: 9e12 });
    const table = begin([request('queued', 'lr-1'), request('awaitingApproval', 'lr-2'), ended]);
    const order: string[] = [];
    table.store.change = ((change) => (id, decide) => {
      order.push(id);
      return change(id, decide);
    })(table.store.change);
    await passed(table);
    expect([...new Set(order)]).toEqual(['lr-3', 'lr-2', 'lr-1']);
  });

  test('that cannot look at one request looks at the others, says so, and comes again', async () => {
    const table = begin([drawn('lr-1'), drawn('lr-2', 'denied', 0)]);
    const broken = new Error('a bug');
    table.drawn.broken = broken;
    // Only an open one is compared with what it would show now.
    expect((await passed(table))[0]).toBe(10 * second);
    expect(table.logged.filter(({ event }) => event === 'cardsNotLookedAt')).toEqual([
      { level: 'error', event: 'cardsNotLookedAt', fields: { request: 'lr-1', error: broken } },
    ]);
    expect(table.sync.behind()).toBe(2);
    table.drawn.broken = undefined;
    expect(await passed(table, 10 * second)).toEqual([undefined, 'update lr-2-card', 'update lr-1-card']);
  });
});

describe('an open card', () => {
  test.each([
    ['status', { status: 'Waiting in line' }],
    ['lead', { lead: 'Submissions are frozen.' }],
    ['facts', { facts: [] }],
    ['buttons', { buttons: [] }],
    [
      'question before a press',
      {
        buttons: [
          {
            verb: 'approve',
            label: 'Approve',
            style: 'primary',
            spoken: 'Approve',
            confirm: { title: 'a', text: 'b', ok: 'c' },
          },
        ],
      },
    ],
  ] as const)('is drawn again when its %s changes though the request does not', async (_what, more) => {
    const table = begin([drawn('lr-1')]);
    await passed(table);
    expect(await passed(table)).toEqual([undefined]);
    table.drawn.more = more;
    expect(await passed(table)).toEqual([undefined, 'update lr-1-card']);
    expect(await passed(table)).toEqual([undefined]);
  });

  test('is not drawn again for a time that moves on by itself, nor for words that nobody compares', async () => {
    const table = begin([drawn('lr-1')]);
    table.drawn.more = { lead: 'Its turn comes at 10:15, or at 11:20.' };
    await passed(table);
    table.drawn.more = { lead: 'Its turn comes at 10:45, or at 12:00.', fallback: 'other words' };
    expect(await passed(table)).toEqual([undefined]);
    table.drawn.more = { lead: 'Its turn comes at 010:45, or at 12:00.' };
    expect(await passed(table)).toEqual([undefined, 'update lr-1-card']);
  });

  test('is compared once for each mark, and again where it was marked while it was drawn', async () => {
    const table = begin([drawn('lr-1', 'awaitingApproval')]);
    await passed(table);
    const made = table.drawn.made;
    table.sync.lookAt('lr-1');
    expect(await passed(table)).toEqual([undefined]);
    expect(table.drawn.made).toBe(made);
    table.drawn.changeUnseen({ lead: 'Frozen.' });
    table.sync.markDirty('lr-1');
    const { closed, open } = door();
    table.chat.gate = (call) => (call.startsWith('update') ? closed : undefined);
    await table.sync.pass();
    await quiet();
    // The view is made and on its way; what changes from here on is not on it.
    table.drawn.changeUnseen({ lead: 'Not frozen.' });
    table.sync.markDirty('lr-1');
    setImmediate(open);
    await table.sync.idle();
    expect(await passed(table)).toEqual([undefined, 'update lr-1-card']);
    expect(await passed(table)).toEqual([undefined]);
  });

  test('is drawn once after a start, since it may speak of what is no more; an ended one is not', async () => {
    const ended = { ...drawn('lr-2', 'denied', 2), notified: ['console:incidents'] };
    const table = begin([drawn('lr-1'), ended]);
    expect(await passed(table)).toEqual([undefined, 'update lr-1-card']);
    table.drawn.more = { lead: 'Frozen.' };
    table.sync.markDirty('lr-2');
    expect(await passed(table)).toEqual([undefined, 'update lr-1-card']);
  });
});

describe('redrawing', () => {
  test('draws every card of a request once more, and at once', async () => {
    const cards = [standing('a', 2), standing('b', 2, 'slack:C0SOC')];
    const ended = request('denied', 'lr-1', {}, { cards, notified: ['console:incidents'] });
    const table = begin([ended], { chats: bothChats() });
    expect(await passed(table)).toEqual([undefined]);
    table.sync.redraw('lr-1');
    expect(table.again()).toBe(1);
    expect(await passed(table)).toEqual([undefined, 'update a', 'update b']);
    expect(await passed(table)).toEqual([undefined]);
    table.sync.redraw('gone');
    expect([table.again(), table.sync.behind()]).toEqual([4, 1]);
  });

  test('happens once after a start in a chat that forgets, whatever the journal says', async () => {
    const cards = [standing('a', 2), standing('b', 2, 'slack:C0SOC')];
    const ended = request('denied', 'lr-1', {}, { cards, notified: ['console:incidents'] });
    const table = begin([ended], {
      chats: [new TableChat('console', { forgets: true }), new TableChat('slack')],
    });
    expect(await passed(table)).toEqual([undefined, 'update a']);
    expect(await passed(table)).toEqual([undefined]);
  });
});

describe('an older card in the same place', () => {
  const two = () =>
    request('queued', 'lr-1', {}, { cards: [standing('a'), standing('b'), standing('c', 2)] });

  test('is made to say so once the newest is drawn, the oldest first', async () => {
    const table = begin([two()]);
    expect(await passed(table)).toEqual([undefined, 'update c']);
    expect(await passed(table)).toEqual([undefined, 'supersede a by c of lr-1']);
    expect(await passed(table)).toEqual([undefined, 'supersede b by c of lr-1']);
    expect(await passed(table)).toEqual([undefined]);
    expect(table.sync.behind()).toBe(0);
  });

  test('that is gone twice is forgotten; its trouble is its own', async () => {
    const table = begin([two()]);
    await passed(table);
    table.chat.refuse = refuse('supersede a', 'gone');
    expect(await passed(table)).toEqual([undefined, 'supersede a by c of lr-1']);
    expect(await passed(table)).toEqual([2 * second]);
    table.store.happened('lr-1', { type: 'waiting', cause: 'frozen' });
    expect(await passed(table)).toEqual([undefined, 'update c']);
    expect(await passed(table, 2 * second)).toEqual([undefined, 'supersede a by c of lr-1']);
    expect(table.store.one('lr-1').cards.map(({ intent }) => intent)).toEqual(['b', 'c']);
    // It only follows the card: nobody is told that anything is not drawn.
    expect(table.chat.said).toEqual([]);
  });

  test('of which nothing stands is left to the next post', async () => {
    const lost = { surface: 'console', place: 'incidents', intent: 'lost', shown: 0 };
    const table = begin([request('queued', 'lr-1', {}, { cards: [lost, standing('b', 2)] })]);
    await passed(table);
    expect(await passed(table)).toEqual([undefined]);
    expect(table.logged).toEqual([]);
  });

  test('that has to wait holds up no note', async () => {
    const cards = [standing('a'), standing('b', 2)];
    const table = begin([request('denied', 'lr-1', {}, { cards })]);
    table.chat.refuse = refuse('supersede', 'closed');
    expect(await passed(table)).toEqual([undefined, 'supersede a by b of lr-1']);
    expect(await passed(table)).toEqual([undefined, 'note b']);
    expect(await passed(table)).toEqual([2 * second]);
  });
});

describe('a note', () => {
  const ended = (changed: Partial<Request['asked']> = {}) =>
    request('denied', 'lr-1', changed, { cards: [standing('a', 2)] });

  test('goes below the card where it was asked, and nowhere else', async () => {
    const table = begin([{ ...ended(), cards: [standing('a', 2), standing('b', 2, 'slack:C0SOC')] }], {
      chats: bothChats(),
    });
    expect(await passed(table)).toEqual([undefined, 'note a']);
    expect(await passed(table)).toEqual([undefined]);
    const elsewhere = begin([ended({ place: 'slack:C0SOC' })]);
    expect(await passed(elsewhere)).toEqual([undefined]);
  });

  test('is no news an hour after the end', async () => {
    const table = begin([ended()]);
    expect(await passed(table, 60 * minute)).toEqual([undefined]);
    const news = begin([ended()]);
    expect(await passed(news, 60 * minute - 1)).toEqual([undefined, 'note a']);
  });

  test('that was surely not sent is sent when its pause is over, though by then it is no news', async () => {
    const table = begin([ended()]);
    table.chat.refuse = refuse('note', 'unavailable');
    expect(await passed(table, 60 * minute - 1)).toEqual([undefined, 'note a']);
    table.chat.refuse = () => undefined;
    expect(await passed(table, 1)).toEqual([2 * second - 1]);
    expect(await passed(table, 2 * second)).toEqual([undefined, 'note a']);
    expect(await passed(table)).toEqual([undefined]);
    expect(table.sync.behind()).toBe(0);
  });
});

describe('a card that fails', () => {
  test('is tried again at growing intervals, and another pass is wanted then', async () => {
    const table = begin([request('queued', 'lr-1')]);
    table.chat.refuse = refuse('post', 'unavailable');
    expect(await passed(table)).toEqual([undefined, 'post incidents i1']);
    expect(table.logged.at(-1)).toMatchObject({
      level: 'warn',
      event: 'cardFailed',
      fields: { card: 'lr-1 console:incidents', code: 'unavailable', count: 1 },
    });
    expect(await passed(table, 500)).toEqual([1_500]);
    expect(await passed(table, 1_500)).toEqual([undefined, 'post incidents i2']);
    table.chat.refuse = () => undefined;
    expect((await passed(table))[0]).toBe(5 * second);
    expect(table.sync.behind()).toBe(1);
    expect((await passed(table, 5 * second)).filter((call) => String(call).startsWith('post'))).toEqual([
      'post incidents i3',
    ]);
    await passed(table);
    expect(table.sync.behind()).toBe(0);
    // Drawn, it begins anew.
    table.chat.refuse = refuse('update', 'unavailable');
    table.store.happened('lr-1', { type: 'waiting', cause: 'frozen' });
    await passed(table);
    expect(await passed(table)).toEqual([2 * second]);
  });

  test('is replaced by a new one when it is refused often enough, counted over its tries', async () => {
    const table = begin([drawn('lr-1', 'queued', 0)]);
    table.chat.refuse = refuse('update', 'gone');
    expect(await passed(table)).toEqual([undefined, 'update lr-1-card']);
    expect((await passed(table, 2 * second)).slice(1)).toEqual(['update lr-1-card', 'post incidents i1']);
  });

  test('is waited for also when less than a millisecond is left: no wait at all would have the worker spin', async () => {
    const table = begin([request('queued', 'lr-1')]);
    table.chat.refuse = refuse('post', 'unavailable');
    await passed(table);
    // Beside a time of day so little is lost.
    const [left, ...calls] = await passed(table, 2 * second - 2 ** -20);
    expect([left, calls]).toEqual([2 ** -20, []]);
  });

  test('that was drawn only in part is drawn again later, and nobody is told', async () => {
    const table = begin([request('queued', 'lr-1')]);
    table.chat.less = true;
    await passed(table);
    for (const wait of [2, 5, 15]) {
      expect(await passed(table)).toEqual([wait * second]);
      expect(await passed(table, wait * second)).toEqual([undefined, 'update incidents#1']);
    }
    // Another content may be taken whole.
    table.store.happened('lr-1', { type: 'waiting', cause: 'frozen' });
    table.chat.less = false;
    expect(await passed(table)).toEqual([undefined, 'update incidents#1']);
    expect(table.chat.said).toEqual([]);
    expect(await passed(table)).toEqual([undefined]);
  });

  test('of a request that is gone by then is forgotten', async () => {
    const table = begin([request('queued', 'lr-1')]);
    table.chat.refuse = (call) => {
      table.store.kept.clear();
      return refuse('post', 'closed')(call);
    };
    await passed(table);
    expect(table.logged.at(-1)?.fields).toMatchObject({ code: 'closed', count: 1 });
    expect(await passed(table)).toEqual([undefined]);
  });
});
