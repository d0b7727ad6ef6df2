// The line of those who ask faster than Defender may be asked, on a clock that the test moves.
import { expect, test } from '@jest/globals';
import { createAskQueue } from '../../../src/bot/handlers/requests/askQueue.ts';
import type { Asker } from '../../../src/bot/handlers/requests/askQueue.ts';
import { CallRates, ratesOf } from '../../../src/liveResponse/pacing/callRates.ts';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import { createStoryChat } from '../../support/apps/storyChat.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { createLogBook } from '../../support/slack/slackHarness.ts';

function line(callsPerMinute: number) {
  const clock = createManualClock();
  const chat = createStoryChat();
  const budgets = new CallRates(ratesOf({ submitsPerMinute: 10, callsPerMinute, callsPerHour: 1500 }));
  const turns = createAskQueue(
    { callRates: budgets, chats: [chat], clock, log: createLogBook() },
    'machines',
  );
  const done: number[] = [];
  const read = (n: number) => (): Promise<void> => {
    if (!budgets.take('machines', clock.elapsed()))
      return Promise.reject(
        new DefenderError('paced', 'used up', {
          call: 'machines',
          retryAfterMs: budgets.waitFor('machines', clock.elapsed()),
        }),
      );
    done.push(n);
    return Promise.resolve();
  };
  const asker = (n: number): Asker => ({
    person: `p${n % 4}`,
    surface: 'console',
    place: 'incidents',
    account: `a${n}`,
    host: 'hosta',
  });
  const ask = (count: number): Promise<void>[] =>
    Array.from({ length: count }, (_, n) => turns.take(asker(n), read(n)));
  return { clock, chat, callRates: budgets, turns, done, asker, ask };
}

test('takes all but the last tenth at once, and the others in the order in which they came', async () => {
  const { clock, chat, callRates: budgets, done, ask } = line(20);
  const asking = ask(30);
  await clock.settle();
  expect(done).toHaveLength(18);
  expect(budgets.left('machines', clock.elapsed())[0]?.left).toBe(2);
  await clock.advance(5_000);
  expect(chat.whispers).toHaveLength(12);
  expect(chat.whispers.map(({ text }) => /and (.*)\. It goes/.exec(text)?.[1])).toEqual([
    'it is next',
    '1 request is before it',
    ...Array.from({ length: 10 }, (_, n) => `${n + 2} requests are before it`),
  ]);
  await clock.advance(60_000);
  await Promise.all(asking);
  expect(done).toEqual(Array.from({ length: 30 }, (_, n) => n));
});

test('whoever waits for a moment alone is told nothing', async () => {
  const { clock, chat, callRates: budgets, ask } = line(20);
  for (let n = 0; n < 18; n += 1) budgets.take('machines', clock.elapsed());
  await clock.advance(58_000);
  const asking = ask(3);
  await clock.advance(5_000);
  await Promise.all(asking);
  expect(chat.whispers).toEqual([]);
});

test('what Defender throttles waits as well; any other failure is told at once, and the next one goes on', async () => {
  const { clock, turns, asker } = line(20);
  const answers = [
    new DefenderError('throttled', 'slow down', { retryAfterMs: 30_000 }),
    new DefenderError('unavailable', 'down'),
  ];
  const read = (): Promise<string> => {
    const error = answers.shift();
    return error === undefined ? Promise.resolve('read') : Promise.reject(error);
  };
  const first = turns.take(asker(1), read);
  const ended = expect(first).rejects.toMatchObject({ code: 'unavailable' });
  await clock.settle();
  const second = turns.take(asker(2), read);
  await clock.advance(31_000);
  await ended;
  expect(await second).toBe('read');
});

test('nobody waits for ever', async () => {
  const { clock, turns, asker } = line(20);
  const throttled = (): Promise<never> =>
    Promise.reject(new DefenderError('throttled', 'slow down', { retryAfterMs: 60_000 }));
  const waiting = expect(turns.take(asker(1), throttled)).rejects.toMatchObject({ code: 'throttled' });
  await clock.advance(21 * 60_000);
  await waiting;
});
