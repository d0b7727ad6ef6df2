// Row 5.9: a bound on what waits, of one person and for one device.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';

let app: TestApp;
afterEach(() => app.close());

const bounded =
  (bounds: string) =>
  (text: string): string =>
    text.replaceAll('{ request: responder,', `{ pending: ${bounds}, request: responder,`);
const waiting = (): number => app.store.open().length;
const cards = (): number => [...app.chat.cards.values()].filter(({ place }) => place === 'incidents').length;

test('of 45 requests in a row by one person, 20 wait; the others are refused with the reason, the ids and what to do', async () => {
  app = await openTestApp({ policy: bounded('{ device: 1000 }') });
  const replies: string[] = [];
  for (let n = 0; n < 45; n += 1) {
    replies.push(textOf(await app.say('responder1', `dump hosta process${n}`)));
    app.clock.move(60_000 / 40);
  }
  await app.loop.tick();
  expect([waiting(), cards()]).toEqual([20, 20]);
  const ids = app.store
    .all()
    .map(({ id }) => id)
    .reverse();
  for (const reply of replies.slice(20)) {
    expect(reply).toBe(
      `You have 20 requests that wait: ${ids.join(', ')}. The tier high of the policy lets one person have 20 (pending), so nothing was asked for. Take one back ("/lr cancel ${ids[0] ?? ''}"), or wait until one is decided or sent.`,
    );
  }
  expect(textOf(await app.say('responder2', 'dump hosta another'))).toContain('is waiting for approval');
  await app.say('responder1', `cancel ${ids[0] ?? ''}`);
  expect(textOf(await app.say('responder1', 'dump hosta another --reason "mine" --separate'))).toContain(
    'is waiting for approval',
  );
});

test('a person at the bound costs no call of Defender', async () => {
  app = await openTestApp({ policy: bounded('{ person: 1 }') });
  await app.say('responder1', 'dump hosta one');
  const before = app.calls.length;
  expect(textOf(await app.say('responder1', 'dump hostb two'))).toMatch(
    /^You have a request that waits: lr-/,
  );
  expect(app.calls.length).toBe(before);
});

test('no burst passes the bound: of twelve at the same moment three are stored', async () => {
  app = await openTestApp({ policy: bounded('{ person: 3 }') });
  const replies = await Promise.all(
    Array.from({ length: 12 }, (_, n) => app.say('responder1', `dump hosta process${n}`).then(textOf)),
  );
  expect(waiting()).toBe(3);
  expect(replies.filter((reply) => reply.includes('lets one person have 3'))).toHaveLength(9);
});

test('the bound of a device counts everybody’s, and names the asker’s own alone', async () => {
  app = await openTestApp({ policy: bounded('{ device: 2 }') });
  await app.say('responder1', 'dump hosta one');
  const [mine] = app.store.all();
  await app.say('responder2', 'dump hosta two');
  const [theirs] = app.store.all();
  const refused = textOf(await app.say('responder1', 'dump hosta three'));
  expect(refused).toContain(
    `2 requests for ${mine?.targets[0].device.name ?? ''} wait already, of which 1 is yours: ${mine?.id ?? ''}. The tier high of the policy lets one device have 2`,
  );
  expect(refused).not.toContain(theirs?.id);
  expect(textOf(await app.say('responder1', 'dump hostb three'))).toContain('is waiting for approval');
});

test('what is approved and waits for its turn counts, what runs or has ended does not', async () => {
  app = await openTestApp({ policy: bounded('{ person: 1 }') });
  await app.say('responder1', 'dump hosta one');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  expect(stageOf(app.newest()).state).toBe('queued');
  expect(textOf(await app.say('responder1', 'dump hostb two'))).toMatch(
    /^You have a request that waits: lr-/,
  );
  await app.until('running');
  expect(textOf(await app.say('responder1', 'dump hostb two'))).toContain('is waiting for approval');
});

test('trying again counts as asking', async () => {
  app = await openTestApp({ policy: bounded('{ person: 1 }') });
  await app.say('responder1', 'dump hosta one');
  await app.run(31 * 60_000);
  const expired = app.newest();
  expect(stageOf(expired).state).toBe('closed');
  await app.say('responder1', 'dump hostb two');
  expect(textOf(await app.say('responder1', `retry ${expired.id}`))).toMatch(
    /^You have a request that waits: lr-/,
  );
  expect(waiting()).toBe(1);
});
