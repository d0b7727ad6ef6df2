// What is said beside cards: announcements that are told once in each place and tried again where they could not
// be.
import { describe, expect, test } from '@jest/globals';
import { Announcements } from '../../../../src/bot/workers/cards/announcements.ts';
import type { Saying } from '../../../../src/bot/workers/cards/announcements.ts';
import { askedAt } from '../../../support/requests/requests.ts';
import { door, failure, quiet, setTable, TableChat } from './cardTable.ts';
import type { Table } from './cardTable.ts';

const second = 1_000;
const minute = 60_000;
const hour = 60 * minute;

interface Announcing extends Table {
  readonly announcing: Announcements;
  readonly again: () => number;
}

function begin(
  options: Parameters<typeof setTable>[0] = {},
  arrange: (table: Table) => void = () => undefined,
): Announcing {
  const table = setTable({ chats: [new TableChat(), new TableChat('slack')], ...options });
  arrange(table);
  let asks = 0;
  return { ...table, announcing: new Announcements(table.deps, () => void (asks += 1)), again: () => asks };
}

/** One pass and what it started; answers after how many milliseconds it wants to come again, and what was said. */
async function passed({ announcing, clock, chats }: Announcing, after = 0): Promise<readonly unknown[]> {
  clock.passed += after;
  const before = chats.map(({ said }) => said.length);
  const wait = await announcing.pass();
  await announcing.settled();
  return [
    wait,
    ...chats.flatMap((chat, index) =>
      chat.said.slice(before[index]).map(({ to, text }) => `${chat.surface}:${to}: ${text}`),
    ),
  ];
}

const freeze = { by: 'Avery Approver', why: 'odd approvals', at: askedAt };
const say = (table: Announcing, text: string, more: Partial<Saying> = {}): void => {
  table.announcing.say({ topic: 'policy', places: ['console:incidents'], text, ...more });
};

describe('the freeze', () => {
  test('is said in every approvals place of a chat that is there, once, and then written down', async () => {
    const table = begin();
    expect(await passed(table)).toEqual([undefined]);
    table.store.frozen = freeze;
    const [wait, ...said] = await passed(table);
    expect(wait).toBeUndefined();
    expect(said).toEqual(
      ['console:incidents', 'slack:C0SOC'].map((place) => expect.stringContaining(`${place}: `)),
    );
    expect(String(said[0])).toMatch(/odd approvals.* What already runs goes on\.$/);
    expect(table.store.noted).toEqual([]);
    expect(await passed(table)).toEqual([undefined]);
    expect(table.store.noted).toEqual([{ type: 'freezeAnnounced', freeze }]);
    expect(await passed(table)).toEqual([undefined]);
    expect([table.store.noted.length, table.again()]).toEqual([1, 2]);
  });

  test('that is over is said with who released it, and what it had been', async () => {
    const table = begin({ chats: [new TableChat()] }, ({ store }) => {
      store.frozen = freeze;
      store.announced = freeze;
    });
    expect(await passed(table)).toEqual([undefined]);
    table.store.frozen = undefined;
    table.announcing.releasedBy('Lee Lead');
    expect(await passed(table)).toEqual([
      undefined,
      'console:incidents: Submissions are no longer frozen: Lee Lead released them. They had been frozen by Avery Approver since 2023-11-14 22:13 UTC: odd approvals. Requests can be asked for and approved again, and approved ones go on.',
    ]);
    await passed(table);
    expect(table.store.noted).toStrictEqual([{ type: 'freezeAnnounced' }]);
  });

  test('that ended while the bot was down is said after the start, by nobody', async () => {
    const table = begin({ chats: [new TableChat()], simulated: true }, ({ store }) => {
      store.announced = { ...freeze, at: 0 };
    });
    expect((await passed(table))[1]).toMatch(
      /^console:incidents: SIMULATED TENANT: Submissions are no longer frozen\. They had been frozen by Avery/,
    );
  });

  test('that is over before it was told is not told, and its end is', async () => {
    const table = begin({ chats: [new TableChat()] });
    table.store.frozen = freeze;
    table.chat.refuse = () => failure('unavailable');
    expect(await passed(table)).toEqual([undefined]);
    table.store.frozen = undefined;
    table.chat.refuse = () => undefined;
    expect((await passed(table)).slice(1)).toEqual([expect.stringContaining('no longer frozen')]);
    await passed(table);
    // As the journal knows it, none was ever announced.
    expect(table.store.noted).toEqual([]);
  });

  test('is written down again after the journal could not be written', async () => {
    const table = begin({ chats: [new TableChat()] });
    table.store.frozen = freeze;
    await passed(table);
    table.store.refuse = () => new Error('the disk is full');
    await expect(table.announcing.pass()).rejects.toThrow('full');
    table.store.refuse = () => undefined;
    await passed(table);
    expect(table.store.noted).toHaveLength(1);
  });
});

describe('an announcement', () => {
  test('goes to each place once, in chats that are there', async () => {
    const table = begin();
    say(table, 'hello', { places: ['console:incidents', 'console:incidents', 'slack:C0SOC', 'teams:x'] });
    expect(table.again()).toBe(1);
    expect(await passed(table)).toEqual([undefined, 'console:incidents: hello', 'slack:C0SOC: hello']);
    expect(await passed(table)).toEqual([undefined]);
  });

  test('takes the place of what was not told yet of its topic, in all places', async () => {
    const table = begin();
    say(table, 'first', { places: ['console:incidents', 'slack:C0SOC'] });
    say(table, 'other', { topic: 'file' });
    say(table, 'second');
    expect((await passed(table)).slice(1)).toEqual(['console:incidents: other', 'console:incidents: second']);
  });

  test('that is not in the newer one is told with it, where it was not told', async () => {
    const table = begin();
    say(table, 'first', { places: ['console:incidents', 'slack:C0SOC'] });
    say(table, 'second', { each: true });
    expect((await passed(table)).slice(1)).toEqual([
      'console:incidents: second Before that, and not told here yet: first',
      'slack:C0SOC: second Before that, and not told here yet: first',
    ]);
  });

  test.each([
    [5_000, /^second.* Before that, and not told here yet: first/],
    [
      5_001,
      /^second.* There were changes before this one that could not be told here; the journal holds each/,
    ],
  ])('is not told with it beyond what a message takes (%i characters)', async (length, words) => {
    const table = begin();
    say(table, `first${'.'.repeat(2_995)}`);
    say(table, `second${' '.repeat(length - 6)}`, { each: true });
    await passed(table);
    expect(table.chat.said[0]?.text).toMatch(words);
  });

  test('calls back once every place has it, and again where that failed', async () => {
    const table = begin();
    let told = 0;
    let full = true;
    const back = (): Promise<void> => {
      told += 1;
      return full ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
    };
    say(table, 'hello', { places: ['console:incidents', 'slack:C0SOC'], told: back });
    table.chats[1]?.calls.splice(0);
    const slack = table.chats[1];
    if (slack !== undefined) slack.refuse = () => failure('unavailable');
    await passed(table);
    await passed(table);
    expect(told).toBe(0);
    if (slack !== undefined) slack.refuse = () => undefined;
    await passed(table, 2 * second);
    await expect(table.announcing.pass()).rejects.toThrow('full');
    full = false;
    await passed(table);
    await passed(table);
    expect(told).toBe(2);
  });

  test('of another topic does not hold up a call back, nor does a newer one call the older back', async () => {
    const table = begin();
    const told: string[] = [];
    const back = (name: string) => () => Promise.resolve(void told.push(name));
    table.chat.refuse = () => failure('unavailable');
    say(table, 'other', { topic: 'file' });
    say(table, 'hello', { places: ['slack:C0SOC'], told: back('first') });
    await passed(table);
    await passed(table);
    expect(told).toEqual(['first']);
    say(table, 'hello', { places: ['slack:C0SOC'], told: back('second') });
    say(table, 'hello', { places: ['slack:C0SOC'] });
    await passed(table);
    await passed(table);
    expect(told).toEqual(['first']);
  });

  test('that is said anew while it is told of the last is called back for itself', async () => {
    const table = begin();
    const told: string[] = [];
    const { closed, open } = door();
    say(table, 'first', {
      told: async () => {
        told.push('first');
        await closed;
      },
    });
    await passed(table);
    const pass = table.announcing.pass();
    await quiet();
    say(table, 'second', { told: () => Promise.resolve(void told.push('second')) });
    open();
    await pass;
    await passed(table);
    await passed(table);
    expect(told).toEqual(['first', 'second']);
  });

  test('is tried again at growing intervals, and given up after an hour', async () => {
    const table = begin();
    table.chat.refuse = () => failure('unavailable');
    table.clock.passed = 50 * minute;
    say(table, 'hello');
    await passed(table);
    const waits: unknown[] = [];
    for (let n = 0; n < 6; n += 1) {
      const [wait] = await passed(table);
      waits.push(wait);
      await passed(table, Number(wait));
    }
    expect(waits).toEqual([2, 5, 15, 60, 60, 60].map((wait) => wait * second));
    expect(table.logged[0]).toMatchObject({
      level: 'warn',
      event: 'announceFailed',
      fields: { place: 'console:incidents', code: 'unavailable', tries: 1 },
    });
    expect(table.logged.at(-1)).toMatchObject({ event: 'announceFailed', fields: { tries: 7 } });
    await passed(table, hour + 50 * minute - table.clock.passed);
    expect(table.logged.at(-1)).toMatchObject({ event: 'announceFailed' });
    await passed(table, minute);
    expect(table.logged.at(-1)).toMatchObject({ event: 'notAnnounced' });
    expect(await passed(table)).toEqual([undefined]);
  });

  test('waits as long as the chat asks, but no less than its own pause', async () => {
    const table = begin();
    table.chat.refuse = () => failure('throttled', 'slow down', 30 * second);
    say(table, 'hello');
    await passed(table);
    expect((await passed(table))[0]).toBe(30 * second);
    table.chat.refuse = () => failure('throttled', 'slow down', 1);
    await passed(table, 30 * second);
    expect((await passed(table))[0]).toBe(5 * second);
  });

  test('wants another pass when the first of those that wait may be tried', async () => {
    const table = begin();
    for (const chat of table.chats) chat.refuse = () => failure('unavailable');
    say(table, 'hello');
    await passed(table);
    say(table, 'hello', { topic: 'file', places: ['slack:C0SOC'] });
    await passed(table, second);
    expect((await passed(table))[0]).toBe(second);
  });

  test('that is refused is given up at once; one that fails by a bug is tried again', async () => {
    const table = begin();
    table.chat.refuse = () => failure('rejected');
    say(table, 'hello');
    await passed(table);
    expect(table.logged).toMatchObject([{ event: 'notAnnounced', fields: { code: 'rejected' } }]);
    expect(await passed(table)).toEqual([undefined]);
    expect(table.chat.calls).toHaveLength(1);
    table.chat.refuse = () => new Error('a bug');
    say(table, 'hello');
    await passed(table);
    expect(table.logged.at(-1)).toMatchObject({ event: 'announceFailed', fields: { code: 'bug' } });
    expect((await passed(table))[0]).toBe(2 * second);
  });

  test('that is under way is not said again, and holds up no other', async () => {
    const table = begin();
    const { closed, open } = door();
    table.chat.gate = () => closed;
    say(table, 'hello', { places: ['console:incidents', 'slack:C0SOC'] });
    expect(await table.announcing.pass()).toBeUndefined();
    await quiet();
    expect(await table.announcing.pass()).toBeUndefined();
    expect(table.chats[1]?.said).toHaveLength(1);
    expect(table.chat.calls).toHaveLength(1);
    setImmediate(open);
    await table.announcing.settled();
    expect(table.chat.said).toHaveLength(1);
  });

  test('whose place a newer one took while it was under way changes nothing of the newer', async () => {
    for (const error of [undefined, failure('rejected')]) {
      const table = begin();
      const { closed, open } = door();
      table.chat.gate = () => closed;
      table.chat.refuse = () => error;
      say(table, 'first');
      await table.announcing.pass();
      await quiet();
      say(table, 'second');
      open();
      await table.announcing.settled();
      expect(table.logged).toEqual([]);
      table.chat.refuse = () => undefined;
      expect(await passed(table)).toEqual([undefined, 'console:incidents: second']);
    }
  });
});
