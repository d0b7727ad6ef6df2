// Somebody in Teams who types and presses without end: the same bound as in every chat.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { turnsPerMinute } from '../../../../src/adapters/deliveries/deliveries.ts';
import { createClock } from '../../../../src/adapters/clock.ts';
import { wordsOf } from '../../../../src/demo/teams/fakeConnector.ts';
import { ana, ben, channel, group, TeamsHarness } from '../../../support/chats/teamsHarness.ts';

let bench: TeamsHarness;
/** Milliseconds that this test put between then and now. */
let ahead: number;
beforeEach(async () => {
  ahead = 0;
  const clock = createClock();
  bench = new TeamsHarness();
  await bench.start({ clock: { ...clock, elapsed: () => clock.elapsed() + ahead } });
});
afterEach(() => bench.stop());

const say = (human: typeof ana, text: string): Promise<unknown> =>
  bench.deliver(bench.message(human, group, `lr ${text}`));
const data = { lr: { verb: 'look', requestId: 'r1', revision: 3, fingerprint: 'a1b2' } };
async function press(human: typeof ana): Promise<unknown> {
  const { json } = await bench.deliver(bench.press(human, channel, data));
  return (json as { readonly value: unknown }).value;
}
const saidTooFast = (): number =>
  bench.alone(ana).filter((one) => wordsOf(one).includes('a lot in one minute')).length;

test('is answered once a minute and then no more, while others are heard', async () => {
  for (let at = 0; at < turnsPerMinute + 5; at += 1) await say(ana, `status ${at}`);
  await bench.connector.until(() => (saidTooFast() > 0 ? true : undefined));
  await say(ben, 'status');
  await bench.connector.until(() => bench.alone(ben)[0]);
  expect(bench.bot.commands).toHaveLength(turnsPerMinute + 1);
  expect(saidTooFast()).toBe(1);

  ahead += 61_000;
  await say(ana, 'status later');
  await bench.connector.until(() =>
    bench.bot.commands.find(({ text }) => text === 'status later') === undefined ? undefined : true,
  );
});

test('has each press answered, also the one that is not taken', async () => {
  for (let at = 0; at < turnsPerMinute; at += 1) await press(ana);
  expect(bench.bot.presses).toHaveLength(turnsPerMinute);
  for (let at = 0; at < 3; at += 1) expect(await press(ana)).toContain('a lot in one minute');
  expect(bench.bot.presses).toHaveLength(turnsPerMinute);
  await press(ben);
  expect(bench.bot.presses).toHaveLength(turnsPerMinute + 1);
});
