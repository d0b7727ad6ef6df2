// Private answers in Teams: targeted messages, else the chat with the person, else a hint in public.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { wordsOf } from '../../../../src/demo/teams/fakeConnector.ts';
import type { FakeMessage } from '../../../../src/demo/teams/fakeConnector.ts';
import { createClock } from '../../../../src/adapters/clock.ts';
import type { TeamsHarness } from '../../../support/chats/teamsHarness.ts';
import { ben, channel, directOf, group, startLeaping } from '../../../support/chats/teamsHarness.ts';

let bench: TeamsHarness;
beforeEach(async () => {
  ({ bench } = await startLeaping());
});
afterEach(() => bench.stop());

// Issue 9, sentence 10.
describe('a private answer', () => {
  const heardIn = (place: string) => bench.deliver(bench.message(ben, place, 'lr help'));
  const answered = (count = 1): Promise<FakeMessage> =>
    bench.connector.until(() => bench.alone(ben)[count - 1]);
  const targetedCalls = (): number =>
    bench.connector.calls.filter((call) => call.method === 'POST' && call.targeted).length;

  it.each([
    ['a group chat', group, group],
    ['a channel', channel, channel],
    ['a thread of a channel', `${channel};messageid=170`, `${channel};messageid=170`],
  ])('to a question in %s is posted right there, for that person alone', async (_where, place, expected) => {
    await heardIn(place);
    const answer = await answered();
    expect([answer.to, answer.conversation, wordsOf(answer)]).toEqual([ben.id, expected, 'heard']);
    expect(bench.connector.messages.length).toBe(1);
  });

  it('in the chat of the two is an ordinary message', async () => {
    await heardIn(directOf(ben));
    expect((await answered()).to).toBeUndefined();
    expect(targetedCalls()).toBe(0);
  });

  it('goes to the chat of the two, which is opened when it is not known, where Teams takes no such message; the place is not asked again', async () => {
    bench.connector.targeted = false;
    await heardIn(group);
    await answered();
    await bench.teams.chat.replyPrivately(group, ben.objectId, 'for you alone');
    expect(bench.connector.in(directOf(ben)).map(wordsOf)).toEqual(['heard', 'for you alone']);
    expect(bench.connector.in(group)).toEqual([]);
    expect(bench.connector.calls.filter((call) => call.path === '/v3/conversations').length).toBe(1);
    expect(targetedCalls()).toBe(1);
    // Remembered over a restart, and for this conversation alone.
    await bench.halt();
    await bench.boot();
    await bench.teams.chat.replyPrivately(group, ben.objectId, 'once more');
    expect(targetedCalls()).toBe(1);
    await heardIn(channel);
    await answered(4);
    expect(targetedCalls()).toBe(2);
  });

  it('is tried in the place again when days have passed, and at once when a native slash command comes from it', async () => {
    let ahead = 0;
    const clock = { ...createClock(), now: () => Date.now() + ahead };
    await bench.halt();
    await bench.boot({ clock });
    bench.connector.targeted = false;
    await heardIn(group);
    await answered();
    bench.connector.targeted = true;
    ahead = 71 * 3_600_000;
    await bench.teams.chat.replyPrivately(group, ben.objectId, 'too early');
    ahead = 73 * 3_600_000;
    await bench.teams.chat.replyPrivately(group, ben.objectId, 'days later');
    expect(bench.alone(ben).map((message) => message.to)).toEqual([undefined, undefined, ben.id]);
    bench.connector.targeted = false;
    await bench.teams.chat.replyPrivately(group, ben.objectId, 'refused again');
    bench.connector.targeted = true;
    await bench.deliver(
      bench.message(ben, group, '', {
        text: '/lr help',
        entities: [],
        recipient: { id: '28:11111111-1111-1111-1111-111111111111', name: 'Live Response', isTargeted: true },
      }),
    );
    expect((await answered(5)).to).toBe(ben.id);
  });

  it('that may have been taken is not said a second time in another place', async () => {
    bench.connector.faults.push({ method: 'POST', answer: 'drop', afterDoing: true, path: group });
    await heardIn(group);
    await bench.connector.until(() => bench.connector.calls.find((call) => call.targeted));
    await bench.halt();
    expect(bench.connector.messages.map((message) => [message.to, message.conversation])).toEqual([
      [ben.id, group],
    ]);
    await bench.boot();
  });

  it('is a neutral hint, in the thread of the question, where there is no other way', async () => {
    bench.connector.targeted = false;
    bench.connector.remove(directOf(ben));
    await heardIn(`${channel};messageid=170`);
    const hint = await bench.connector.until(() => bench.connector.in(channel)[0]);
    expect([hint.conversation, hint.to]).toEqual([`${channel};messageid=170`, undefined]);
    expect(wordsOf(hint)).toContain('an answer that is for you alone');
    expect(wordsOf(hint)).not.toContain('heard');
  });

  it('goes to a new chat when the old one is gone', async () => {
    bench.connector.targeted = false;
    bench.connector.install('a:old', []);
    await bench.deliver(bench.message(ben, 'a:old', 'lr help'));
    await bench.connector.until(() => bench.connector.in('a:old')[0]);
    bench.connector.remove('a:old');
    await bench.teams.chat.replyPrivately(group, ben.objectId, 'for you alone');
    expect(bench.connector.in(directOf(ben)).map(wordsOf)).toEqual(['for you alone']);
  });
});
