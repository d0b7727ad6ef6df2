// Which places outsiders read, as their chats tell it, and what a card's failures say in words.
import { describe, expect, test } from '@jest/globals';
import type { ChatPort } from '../../../../../src/bot/ports.ts';
import { createCardFailures, createSharedPlaces } from '../../../../../src/bot/workers/cards/closedPlaces.ts';
import { StoreError } from '../../../../../src/liveResponse/ports.ts';
import { door, failure, quiet, setTable } from '../cardTable.ts';

/** Two chats, of which the first can be asked. */
function begin(external: (place: string) => Promise<boolean>) {
  const asks: string[] = [];
  const table = setTable();
  const slack = {
    surface: 'slack',
    external: (place: string) => {
      asks.push(place);
      return external(place);
    },
  };
  const places = createSharedPlaces({
    chats: [{ surface: 'console' }, slack] as unknown as readonly ChatPort[],
    log: table.deps.log,
  });
  let shared = 0;
  places.onShared(() => void (shared += 1));
  return { ...table, places, asks, shared: () => shared };
}

const place = (surface: string, external: boolean) => ({ surface, id: 'C1', direct: false, external });

describe('a place', () => {
  test('is asked of its chat, and known as it told last; that it is shared is news once', async () => {
    let answer = false;
    const { places, asks, shared } = begin(() => Promise.resolve(answer));
    expect(places.known('slack:C1')).toBeUndefined();
    expect(await places.ask('slack:C1')).toBe('no');
    expect([places.known('slack:C1'), shared()]).toEqual(['no', 0]);
    answer = true;
    expect(await places.ask('slack:C1')).toBe('yes');
    expect(await places.ask('slack:C1')).toBe('yes');
    expect([places.known('slack:C1'), shared(), asks]).toEqual(['yes', 1, ['C1', 'C1', 'C1']]);
    answer = false;
    await places.ask('slack:C1');
    answer = true;
    await places.ask('slack:C1');
    expect(shared()).toBe(2);
  });

  test('of which its chat cannot tell is unread; a bug is one', async () => {
    let error: Error = failure('unavailable');
    const { places } = begin(() => Promise.reject(error));
    expect(await places.ask('slack:C1')).toBe('unread');
    expect(places.known('slack:C1')).toBeUndefined();
    error = new Error('a bug');
    await expect(places.ask('slack:C1')).rejects.toThrow('a bug');
  });

  test('of a chat that cannot be asked is shared where somebody was heard to say so', async () => {
    const { places, shared, asks } = begin(() => Promise.resolve(true));
    expect(await places.ask('console:C1')).toBe('no');
    places.heard(place('console', false));
    expect(await places.ask('console:C1')).toBe('no');
    places.heard(place('console', true));
    expect([await places.ask('console:C1'), places.known('console:C1'), shared()]).toEqual(['yes', 'yes', 1]);
    expect(await places.ask('teams:C1')).toBe('no');
    expect(asks).toEqual([]);
  });

  test('from which something is heard is asked where its chat can be asked, whatever the message tells', async () => {
    const { places, shared, asks } = begin(() => Promise.resolve(false));
    places.heard(place('slack', true));
    await quiet();
    expect([asks, places.known('slack:C1'), shared()]).toEqual([['C1'], 'no', 0]);
  });

  test('is asked once at a time where nobody waits, and what goes wrong is logged', async () => {
    const { closed, open } = door();
    const bug = new Error('a bug');
    const { places, asks, logged } = begin(() => closed.then(() => Promise.reject(bug)));
    places.askSoon('slack:C1');
    places.askSoon('slack:C1');
    places.askSoon('slack:C2');
    expect(asks).toEqual(['C1', 'C2']);
    open();
    await quiet();
    expect(logged[0]).toEqual({
      level: 'error',
      event: 'placeNotAsked',
      fields: { place: 'slack:C1', error: bug },
    });
    places.askSoon('slack:C1');
    expect(asks).toEqual(['C1', 'C2', 'C1']);
    await quiet();
  });
});

describe('a failure of a card', () => {
  const card = { key: 'c', surface: 'slack', revision: 1 };

  test('is told by what the chat says, or as our own', () => {
    const { clock } = setTable();
    const troubles = createCardFailures(clock);
    expect(troubles.failed(card, failure('closed', 'is_archived'), true)).toMatchObject({
      code: 'closed',
      why: 'is_archived',
    });
    expect(troubles.failed(card, new Error('a bug'), true)).toMatchObject({
      code: 'bug',
      why: 'the bot itself failed; its log says how',
      until: 5_000,
      refusals: 1,
    });
    // Before anything is sent it is written down: a full disk keeps cards back, and is no bug.
    expect(troubles.failed(card, new StoreError('The disk is full.'), true)).toMatchObject({
      code: 'storeUnavailable',
      why: 'The disk is full.',
      until: 15_000,
    });
    expect(troubles.failed(card, 'bare', true)).toMatchObject({ code: 'bare' });
    expect(troubles.failed(card, failure('unavailable'), false)).toMatchObject({ until: 0 });
  });

  test.each([
    ['rejected', [2, 5, 15, 30, 60, 120, 300, 300]],
    ['unavailable', [2, 5, 15, 30, 60, 60, 60, 60]],
  ] as const)('%s is followed by its own pauses', (code, pauses) => {
    const { clock } = setTable();
    const troubles = createCardFailures(clock);
    expect(pauses.map(() => troubles.failed(card, failure(code), true).until / 1_000)).toEqual(pauses);
  });
});
