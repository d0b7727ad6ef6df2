// The note below one card, and what may stand on a card where it is not known who reads along.
import { describe, expect, test } from '@jest/globals';
import type { Notification } from '../../../../src/bot/workers/cards/announcements.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { runOf } from '../../../support/requests/requests.ts';
import { failure, request, standing, TableChat } from './cardTable.ts';
import { always, begin, cardOf, here, hour } from './oneCard.ts';
import type { Calls } from './oneCard.ts';

describe('a note', () => {
  const ref = { ...here, id: 'a' };
  const end = (one: Request): Notification | undefined =>
    one.notified.length > 0 ? undefined : { what: 'end', text: 'It ended.' };
  const ended = () => begin(request('denied', 'lr-1', {}, { cards: [standing('a')] }));

  test('is written down before it is sent, and mentions the requester by their account in this chat', async () => {
    const table = ended();
    table.chat.refuse = () => failure('ambiguous');
    await expect(table.calls.note(table.spot, ref, end)).rejects.toThrow('ambiguous');
    expect(table.store.one('lr-1').notified).toEqual(['console:incidents']);
    // It may have been sent.
    expect(table.calls.unsent(table.spot)).toBe(false);
    table.chat.refuse = () => undefined;
    expect(await table.calls.note(table.spot, ref, end)).toBe('skipped');
    expect(table.chat.said).toEqual([]);
    const again = ended();
    expect(await again.calls.note(again.spot, ref, end)).toBe('done');
    expect(again.chat.said).toEqual([{ to: 'a', text: 'It ended.', mention: ['riley'] }]);
  });

  test('mentions nobody where the policy does not know the requester', async () => {
    const table = begin(request('denied', 'lr-1', { requester: { id: 'gone', name: 'Gone' } }));
    await table.calls.note(table.spot, ref, end);
    expect(table.chat.said).toEqual([{ to: 'a', text: 'It ended.', mention: [] }]);
  });

  test('of a session is written down for that session', async () => {
    const table = begin(request('running', 'lr-1'));
    table.store.happened('lr-1', {
      type: 'waitingForDevice',
      waiting: { since: table.clock.now(), until: table.clock.now() + hour },
    });
    const woke = (): Notification => ({ what: 'woke', session: 0, text: 'It woke.' });
    expect(await table.calls.note(table.spot, ref, woke)).toBe('done');
    expect(runOf(table.store.one('lr-1')).waitingForDevice?.notified).toEqual(['console:incidents']);
    expect(table.chat.said.map(({ text }) => text)).toEqual(['It woke.']);
  });

  test('that was surely not sent is sent later, once, in the same words', async () => {
    const table = ended();
    table.chat.refuse = () => failure('unavailable');
    await expect(table.calls.note(table.spot, ref, end)).rejects.toThrow('unavailable');
    expect(table.calls.unsent(table.spot)).toBe(true);
    expect(table.calls.unsent({ ...table.spot, id: 'lr-2' })).toBe(false);
    expect(table.calls.unsent({ ...table.spot, place: { ...table.spot.place, place: 'other' } })).toBe(false);
    table.chat.refuse = () => undefined;
    expect(await table.calls.note(table.spot, ref, end)).toBe('done');
    expect(table.chat.said.map(({ text }) => text)).toEqual(['It ended.']);
    expect(table.calls.unsent(table.spot)).toBe(false);
    expect(await table.calls.note(table.spot, ref, end)).toBe('skipped');
  });

  test('that failed by a bug, or late, is not', async () => {
    const table = ended();
    table.chat.refuse = () => new Error('a bug');
    await expect(table.calls.note(table.spot, ref, end)).rejects.toThrow('a bug');
    expect(table.calls.unsent(table.spot)).toBe(false);
    const late = ended();
    late.clock.passed = hour + 1;
    late.chat.refuse = () => failure('closed');
    await expect(late.calls.note(late.spot, ref, end)).rejects.toThrow('closed');
    expect(late.calls.unsent(late.spot)).toBe(false);
  });

  test('is not sent when it is no longer due, when another one is, or when the request is gone', async () => {
    const table = ended();
    expect(await table.calls.note(table.spot, ref, () => undefined)).toBe('skipped');
    let asks = 0;
    const other = (): Notification =>
      (asks += 1) === 1 ? { what: 'end', text: 'It ended.' } : { what: 'woke', session: 0, text: 'It woke.' };
    expect(await table.calls.note(table.spot, ref, other)).toBe('skipped');
    asks = 0;
    const over = (): Notification | undefined =>
      (asks += 1) === 1 ? { what: 'end', text: 'It ended.' } : undefined;
    expect(await table.calls.note(table.spot, ref, over)).toBe('skipped');
    table.store.kept.clear();
    expect(await table.calls.note(table.spot, ref, end)).toBe('skipped');
    expect([table.store.events, table.chat.calls]).toEqual([[], []]);
  });
});

describe('what may stand on a card', () => {
  /** Outsiders as told by place, and which were asked in which way. */
  function outsiders(
    told: Readonly<Record<string, 'yes' | 'no' | 'unread'>>,
    known: Readonly<Record<string, 'yes' | 'no'>> = {},
  ) {
    const asks: string[] = [];
    return {
      asks,
      ask: (key: string) => {
        asks.push(`ask ${key}`);
        return Promise.resolve(told[key] ?? 'no');
      },
      askSoon: (key: string) => void asks.push(`soon ${key}`),
      known: (key: string) => known[key],
    };
  }
  const elsewhere = { place: 'slack:C0SOC' };
  const post = async (table: Calls): Promise<string> => {
    const done = await table.calls.post(table.spot, undefined, always);
    return `${done}: ${[...table.chat.shown.values()].map(({ status }) => status).join()}`;
  };

  test('is asked of the chat before each drawing: where it cannot tell, results stay off and it is drawn again', async () => {
    const one = outsiders({ 'console:incidents': 'unread' });
    const table = begin(request('finished', 'lr-1'), { outsiders: one });
    expect(await post(table)).toBe('bare: finished, results private');
    expect(cardOf(table).shown).toBe(table.store.one('lr-1').revision - 1);
    expect(one.asks).toEqual(['ask console:incidents']);
    one.ask = () => Promise.resolve('no');
    expect(await table.calls.update(table.spot, cardOf(table), 0, always)).toBe('done');
    expect([...table.chat.shown.values()].map(({ status }) => status)).toEqual(['finished, results card']);
  });

  test('an update that lacks them is behind as well', async () => {
    const table = begin(request('finished', 'lr-1', {}, { cards: [standing('a', 0)] }), {
      outsiders: outsiders({ 'console:incidents': 'unread' }),
    });
    expect(await table.calls.update(table.spot, cardOf(table), 0, always)).toBe('bare');
    expect(table.told).toEqual([]);
  });

  test('nothing is missing on a card that would show no results anyway', async () => {
    const table = begin(request('finished', 'lr-1'), {
      outsiders: outsiders({ 'console:incidents': 'unread' }),
    });
    table.drawn.more = { status: 'the same' };
    expect(await post(table)).toBe('done: the same');
  });

  test('where it was asked is waited for only while nothing is known of it', async () => {
    const chats = () => [new TableChat(), new TableChat('slack')];
    const unknown = outsiders({ 'slack:C0SOC': 'unread' });
    expect(
      await post(begin(request('finished', 'lr-1', elsewhere), { chats: chats(), outsiders: unknown })),
    ).toBe('bare: finished, results private');
    expect(unknown.asks).toEqual(['ask console:incidents', 'soon slack:C0SOC', 'ask slack:C0SOC']);
    const known = outsiders({}, { 'slack:C0SOC': 'no' });
    expect(
      await post(begin(request('finished', 'lr-1', elsewhere), { chats: chats(), outsiders: known })),
    ).toBe('done: finished, results card');
    expect(known.asks).toEqual(['ask console:incidents', 'soon slack:C0SOC', 'soon slack:C0SOC']);
  });

  test('where it was asked does not matter before anything was sent, nor where it was asked in private', async () => {
    for (const stored of [
      request('awaitingApproval', 'lr-1', elsewhere),
      request('finished', 'lr-1', { ...elsewhere, placeIsPrivate: true }),
    ]) {
      const one = outsiders({ 'slack:C0SOC': 'unread' });
      const table = begin(stored, { outsiders: one });
      expect(await post(table)).toMatch(/^done/);
      expect(one.asks).toEqual(['ask console:incidents']);
    }
  });

  test('is private where outsiders are known to read along, by the place as it is known after the question', async () => {
    const one = outsiders({ 'console:incidents': 'yes' }, { 'console:incidents': 'yes' });
    const table = begin(request('finished', 'lr-1'), { outsiders: one });
    expect(await post(table)).toBe('done: finished, results private');
  });

  test('is private where the chat cannot tell of the place itself, whatever is known of where it was asked', async () => {
    const one = outsiders({ 'console:incidents': 'unread' }, { 'slack:C0SOC': 'no' });
    const chats = [new TableChat(), new TableChat('slack')];
    const table = begin(request('finished', 'lr-1', elsewhere), { chats, outsiders: one });
    expect(await post(table)).toBe('bare: finished, results private');
  });

  test('is what its own place allows, and no other place of the chat', async () => {
    const room = { surface: 'console', place: 'closed-room' };
    const cards = [standing('a', 0, 'console:closed-room')];
    const table = begin(request('finished', 'lr-1', {}, { cards }), { outsiders: outsiders({}) }, room);
    await table.calls.update(table.spot, cardOf(table), 0, always);
    expect(table.told).toEqual(['lr-1 closed-room a: finished, results private']);
  });

  test('is as it was told in a place that the request has no card in any more', async () => {
    const table = begin(
      request('finished', 'lr-1'),
      { outsiders: outsiders({}) },
      { surface: 'console', place: 'closed-room' },
    );
    expect(await post(table)).toBe('done: finished, results card');
  });

  test('and nobody is asked of a request that is gone', async () => {
    const one = outsiders({});
    const table = begin(request('finished', 'lr-1'), { outsiders: one });
    table.store.kept.clear();
    expect(await table.calls.post(table.spot, undefined, always)).toBe('skipped');
    expect(one.asks).toEqual([]);
  });
});
