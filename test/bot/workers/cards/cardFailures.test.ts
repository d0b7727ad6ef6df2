// When a card that failed is tried again, and a place that is closed asked again: the rules alone, on a clock
// that moves when it is told to.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createCardFailures, createClosedPlaces } from '../../../../src/bot/workers/cards/closedPlaces.ts';
import type { CardFailures, ClosedPlaces } from '../../../../src/bot/workers/cards/closedPlaces.ts';
import { ChatError } from '../../../../src/bot/ports.ts';
import type { ChatErrorCode } from '../../../../src/bot/ports.ts';

let elapsed = 0;
const clock = { now: () => 1_000_000 + elapsed, elapsed: () => elapsed };
beforeEach(() => {
  elapsed = 0;
});

describe('a card that fails', () => {
  let troubles: CardFailures;
  beforeEach(() => {
    troubles = createCardFailures(clock);
  });
  const fail = (code: ChatErrorCode, revision = 1, retryAfterMs?: number) =>
    troubles.failed(
      { key: 'c', surface: 'slack', revision },
      new ChatError(code, code, retryAfterMs === undefined ? {} : { retryAfterMs }),
      true,
    );

  test('is counted from its first failure on, and of its failures the refusals', () => {
    fail('unavailable');
    elapsed = 7_000;
    expect(fail('closed')).toMatchObject({ count: 2, refusals: 1, began: 0, since: 1_000_000 });
    troubles.cleared('c');
    expect(fail('gone')).toMatchObject({ count: 1, refusals: 1, began: 7_000, since: 1_007_000 });
  });

  test('is tried no earlier than the chat asked for', () => {
    fail('throttled', 1, 40_000);
    expect(troubles.wait('c', 1)).toBe(40_000);
    fail('throttled', 1, 10);
    expect(troubles.wait('c', 1)).toBe(5_000);
  });

  test('is tried at once with another content where the content was refused, and only there', () => {
    fail('rejected');
    expect([troubles.wait('c', 1), troubles.wait('c', 2)]).toEqual([2_000, 0]);
    troubles.cleared('c');
    fail('unavailable');
    expect([troubles.wait('c', 1), troubles.wait('c', 2)]).toEqual([2_000, 2_000]);
  });

  test('and is hurried says whether it waited', () => {
    fail('unavailable');
    expect(troubles.hurry(() => false)).toBe(false);
    expect(troubles.hurry(() => true)).toBe(true);
    expect(troubles.wait('c', 1)).toBe(0);
    expect(troubles.hurry(() => true)).toBe(false);
  });
});

describe('a closed place', () => {
  const room = { surface: 'slack', place: 'C1' };
  let places: ClosedPlaces;
  beforeEach(() => {
    places = createClosedPlaces(clock);
    places.refused(room, 'is_archived', false, true);
  });
  /** Asked, and refused again. */
  function askedAgain(lively = true): void {
    places.asking(room, true);
    places.refused(room, 'still', true, lively);
    places.asking(room, false);
  }

  test('counts calls that were under way together as one refusal, and tells since the first', () => {
    places.refused(room, 'is_archived', false, true);
    expect(places.confirmed(room)).toBeUndefined();
    expect(places.list()).toEqual([]);
    elapsed = 2_000;
    askedAgain();
    expect(places.list()).toEqual([{ ...room, since: 1_000_000, why: 'still' }]);
    expect(places.gate(room)).toEqual({ wait: 5_000 });
  });

  test('is asked by one call at a time, which keeps its distance also where its answer told nothing', () => {
    elapsed = 2_000;
    expect(places.gate(room)).toBe('probe');
    places.asking(room, true);
    expect(places.gate(room)).toEqual({ wait: 2_000 });
    places.only(() => false);
    expect(places.gate(room)).toEqual({ wait: 2_000 });
    places.asking(room, false);
    expect(places.gate(room)).toEqual({ wait: 2_000 });
    places.only(() => false);
    expect(places.gate(room)).toBe('open');
  });

  test('has the others come again soon while it is asked, however long its own pause is', () => {
    for (let n = 0; n < 3; n += 1) askedAgain();
    elapsed = 30_000;
    expect(places.gate(room)).toBe('probe');
    places.asking(room, true);
    expect(places.gate(room)).toEqual({ wait: 2_000 });
  });

  test.each([
    [true, 300_000],
    [false, 3_600_000],
  ])('waits its full pause after an answer that told nothing (somebody waits: %s)', (lively, wait) => {
    for (let n = 0; n < 10; n += 1) askedAgain(lively);
    elapsed = 3_600_000;
    places.asking(room, true);
    places.asking(room, false);
    expect(places.gate(room)).toEqual({ wait });
  });

  test('stays closed for all while the call that found it so has not ended', () => {
    elapsed = 2_000;
    places.asking(room, true);
    places.refused(room, 'still', true, true);
    places.only(() => false);
    expect(places.gate(room)).toEqual({ wait: 5_000 });
    places.asking(room, false);
    places.only(() => false);
    expect(places.gate(room)).toBe('open');
  });

  test('is asked at growing intervals, in the end every five minutes, and every hour where nobody waits', () => {
    const waits = (lively: boolean): readonly unknown[] =>
      Array.from({ length: 10 }, () => {
        askedAgain(lively);
        const gate = places.gate(room);
        elapsed += typeof gate === 'object' ? gate.wait : 0;
        return typeof gate === 'object' ? gate.wait / 1_000 : gate;
      });
    expect(waits(true)).toEqual([5, 15, 30, 60, 120, 300, 300, 300, 300, 300]);
    expect(waits(false)).toEqual(Array.from({ length: 10 }, () => 3_600));
  });

  test('is asked sooner at a sign of life, never later, and at least two seconds after the last call', () => {
    elapsed = 2_000;
    askedAgain();
    expect(places.heard(room)).toBe(true);
    expect(places.gate(room)).toEqual({ wait: 2_000 });
    elapsed = 6_900;
    places.heard(room);
    expect(places.gate(room)).toBe('probe');
    elapsed = 100_000;
    expect(places.heard({ surface: 'slack', place: 'C2' })).toBe(false);
  });

  test('is asked at a sign of life two seconds after the last call began, whenever that one ended', () => {
    elapsed = 2_000;
    places.asking(room, true);
    elapsed = 3_000;
    places.asking(room, false);
    places.heard(room);
    expect(places.gate(room)).toEqual({ wait: 1_000 });
    elapsed = 4_000;
    places.asking(room, true);
    elapsed = 10_000;
    places.asking(room, false);
    places.heard(room);
    expect(places.gate(room)).toBe('probe');
  });

  test('that took something is open, since then', () => {
    elapsed = 3_000;
    expect(places.tookSince(room, 0)).toBe(false);
    places.opened(room);
    expect(places.gate(room)).toBe('open');
    expect([places.tookSince(room, 3_000), places.tookSince(room, 3_001)]).toEqual([true, false]);
  });
});
