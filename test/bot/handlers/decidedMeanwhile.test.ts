// A decision is judged on the request and on the world as they are when it is written, not when it was pressed.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { runOf, stateIn } from '../../support/requests/requests.ts';

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

/** A session that waits for its offline device, so that only a cancel can end it. */
async function waiting(): Promise<void> {
  await app.say('responder1', 'dump laptop7 notepad');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  await app.until('running');
}

const cancels = () => app.calls.filter((kind) => kind === 'cancel');

test('neither is the cancel of a session that somebody cancelled since', async () => {
  await waiting();
  meanwhile(() => app.press('responder1', 'cancel', { input: 'wrong host' }));
  expect(textOf(await app.press('approver1', 'cancel'))).toMatch(
    /Riley Responder asked Defender at .* to cancel/,
  );
  expect(runOf(app.newest()).cancel).toMatchObject({ by: { id: 'responder1' }, reason: 'wrong host' });
  expect(cancels()).toHaveLength(1);
});

test('neither is the cancel of a session that ended since', async () => {
  await waiting();
  const ended = {
    type: 'ended',
    action: { ...runOf(app.newest()).action, status: 'Failed' },
    outcome: 'failed',
  } as const;
  meanwhile(() => app.store.change(app.newest().id, () => ({ event: ended, session: 0 })));
  expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/too late to cancel .* is finished/);
  expect(runOf(app.newest()).cancel).toBeUndefined();
  expect(cancels()).toEqual([]);
});

test('a cancel has the time of its press, however long Defender takes to answer', async () => {
  await waiting();
  const pressed = app.clock.now();
  meanwhile(() => {
    meanwhile(() => {
      app.clock.move(7_000);
    });
  });
  await app.press('approver1', 'cancel');
  expect(app.clock.now()).toBeGreaterThanOrEqual(pressed + 7_000);
  expect(runOf(app.newest()).cancel).toMatchObject({ at: pressed, answer: 'accepted' });
});
