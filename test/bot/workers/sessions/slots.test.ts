// The slots of the submit budget: no more POSTs go out at once than there are, and none is held for nothing.
import { expect, test } from '@jest/globals';
import { submitsPerMinute } from '../../../../src/liveResponse/pacing/callRates.ts';
import { opened, other, says } from './sending.ts';

const many = (count: number) => Array.from({ length: count }, (_, at) => other(`r${at}`, 'approved'));

/** Each POST takes its slot, as that of the real client does; one too many is refused and counted. */
function paced(count: number) {
  const house = opened(many(count));
  const { callRates, clock } = house.deps;
  const { submit } = house.defender;
  let tooMany = 0;
  house.defender.submit = (...args) => {
    if (callRates.take('submit', clock.elapsed()) && submit !== undefined) return submit(...args);
    tooMany += 1;
    return says('paced', { retryAfterMs: 1_000 });
  };
  const nextSlot = () => house.clock.advance(callRates.waitFor('submit', clock.elapsed()));
  return { ...house, tooMany: () => tooMany, nextSlot };
}

test('of more sessions than there are slots only so many are taken up; the others wait, untouched', async () => {
  const house = paced(submitsPerMinute + 2);
  expect(await house.submission.pass()).toBe(250);
  await house.submission.settled();
  expect(house.comments).toHaveLength(submitsPerMinute);
  expect(house.events().filter((type) => type === 'claimed')).toHaveLength(submitsPerMinute);
  const waiting = house.store.open().filter(({ sessions }) => sessions[0]?.stage.state === 'queued');
  expect(waiting.map(({ sessions }) => sessions[0]?.stage)).toMatchObject([
    { waitsFor: 'slot' },
    { waitsFor: 'slot' },
  ]);
  await house.nextSlot();
  await house.run();
  expect([house.comments.length, house.tooMany()]).toEqual([submitsPerMinute + 2, 0]);
});

test('a POST under way holds one slot, not two: what is left goes to others meanwhile', async () => {
  const under = submitsPerMinute - 4;
  const house = paced(under);
  const { submit } = house.defender;
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  house.defender.submit = (...args) => {
    const sent = submit?.(...args) ?? says('busy');
    return answered.then(() => sent);
  };
  await house.submission.pass();
  await house.clock.settle();
  expect(house.comments).toHaveLength(under);
  house.store.put(other('late', 'approved'));
  expect(await house.submission.pass()).toBeUndefined();
  await house.clock.settle();
  expect(house.comments).toHaveLength(under + 1);
  answer();
  await house.submission.settled();
});

test('a session that was not sent after all gives its slot back', async () => {
  const house = paced(submitsPerMinute);
  house.defender.machine = () => says('unavailable', { status: 503 });
  await house.run();
  expect(house.comments).toEqual([]);
  house.store.put(other('late', 'approved'));
  const { device } = house.now('late').targets[0];
  house.defender.machine = (id) => Promise.resolve({ ...device, id });
  await house.run();
  expect(house.comments).toHaveLength(1);
});
