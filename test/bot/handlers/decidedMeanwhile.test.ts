// A decision is judged on the request and on the world as they are when it is written, not when it was pressed.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { stateIn } from '../../support/requests/requests.ts';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
  await app.say('responder1', 'dump hosta notepad');
  await app.loop.tick();
});
afterEach(() => app.close());

/** What happens after the press was judged for the first time, and before anything of it is written. */
function meanwhile(happens: () => unknown): void {
  const change = app.store.change.bind(app.store);
  app.store.change = async (id, decide) => {
    app.store.change = change;
    await happens();
    return change(id, decide);
  };
}

const seen = () => ({
  event: {
    type: 'contentSeen',
    content: { at: app.clock.now(), notRead: 'unavailable' },
    digest: 'ef'.repeat(32),
    fingerprint: 'efefefef',
  } as const,
});

test.each<readonly [string, () => unknown, RegExp]>([
  [
    'submissions were frozen',
    () => app.store.note({ type: 'frozen', by: 'Olive Olsen', why: 'exercise' }),
    /frozen/i,
  ],
  ['its card was drawn again', () => app.store.change(app.newest().id, seen), /changed|as it is now|again/],
  [
    'its time ran out',
    () => {
      app.clock.move(24 * 3_600_000);
    },
    /expired/,
  ],
])('an approval is not written where %s since it was pressed', async (_, happens, told) => {
  meanwhile(happens);
  expect(textOf(await app.press('approver1', 'approve'))).toMatch(told);
  expect(stateIn(app.newest())).toBe('awaitingApproval');
  expect(app.newest().votes).toEqual([]);
});

test('neither is a denial of what was approved since', async () => {
  meanwhile(() => app.press('approver1', 'approve'));
  expect(textOf(await app.press('approver1', 'deny', { input: 'not today' }))).toMatch(
    /was approved already/,
  );
  expect(stateIn(app.newest())).toBe('queued');
});
