// What a press does beside its decision: whether the card is drawn again, looked at again, and Defender asked soon.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Verb } from '../../../cards/view.ts';
import { openTestApp } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { stateIn } from '../../support/requests/requests.ts';

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
  await app.say('responder1', 'dump hosta notepad');
  await app.loop.tick();
});
afterEach(() => app.close());

/** How often the card was drawn because of this press, which leaves the request as it was. */
async function drawnBy(as: string, verb: Verb, fingerprint?: string): Promise<number> {
  const before = app.card().history.length;
  await app.press(as, verb, fingerprint === undefined ? {} : { fingerprint });
  await app.loop.tick();
  expect(stateIn(app.newest())).toBe('awaitingApproval');
  return app.card().history.length - before;
}

test.each<readonly [string, string, Verb]>([
  ['that only shows', 'responder1', 'refresh'],
  ['that first asks for a reason', 'approver1', 'deny'],
  ['that is refused', 'approver1', 'drop'],
])('a press %s draws a card of an older version again, and one of today not', async (_what, as, verb) => {
  expect(await drawnBy(as, verb)).toBe(0);
  expect(await drawnBy(as, verb, app.newest().subject.fingerprint)).toBe(1);
  expect(await drawnBy(as, verb)).toBe(0);
});

test('a refresh has the card looked at again though nothing happened, and Defender asked soon', async () => {
  let hurried = 0;
  Object.assign(app.loop, { hurry: () => void (hurried += 1) });
  await app.loop.tick();
  expect(app.loop.cardSync.behind()).toBe(0);
  await app.press('responder1', 'refresh');
  expect([app.loop.cardSync.behind(), hurried]).toEqual([1, 1]);
  await app.loop.tick();
  expect(app.loop.cardSync.behind()).toBe(0);
});

test('a cancel has Defender asked soon how it ends, and not before it has answered', async () => {
  await app.press('approver1', 'approve');
  await app.until('running');
  const asked: (readonly string[])[] = [];
  Object.assign(app.loop, { hurry: () => void asked.push(app.calls.filter((kind) => kind === 'cancel')) });
  await app.press('approver1', 'cancel');
  expect(asked).toEqual([['cancel']]);
});
