// A stop while commands and presses come in one after another: SIGTERM in their middle, to the built program. Whatever
// was acknowledged is done or answered, at once or after the next start, and once; whatever was not is not done.
import { afterEach, expect, test } from '@jest/globals';
import type { Delivered } from '../../src/demo/slack/delivering.ts';
import { read } from '../../src/demo/slack/fakeSlack.ts';
import { stateIn } from '../support/requests/requests.ts';
import { manyPending } from '../support/requests/manyPending.ts';
import { openSlackProgram } from '../support/slack/slackProgram.ts';
import type { SlackProgram } from '../support/slack/slackProgram.ts';
import { incidents, slackPolicy } from '../support/slack/slackTestApp.ts';

let desk: SlackProgram;
afterEach(() => desk.close());

/** Fewer than one person may make in a minute. */
const most = 30;
/** Acknowledgements after which the stop comes: everybody is in the middle of it. */
const before = 9;
/** For what the next start has to do, at one card a second. Milliseconds. */
const patience = 90_000;
const prepared = ['ready01', 'ready02', 'ready03', 'ready04', 'ready05', 'ready06'];

/** It was taken: acknowledged, and not with the words that it was not. */
const taken = ({ acknowledged, body }: Delivered): boolean =>
  acknowledged && !/NOT taken|Stopping/.test(body);

/** The bot said itself that it did not take it. Where nothing was said, the person does not know either. */
const saidNo = ({ status, body }: Delivered): boolean => status === 503 || /NOT taken|Stopping/.test(body);

/** One after another without a pause, until the bot takes no more. Answers which were taken, and
 * which one was refused. */
async function stream<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<Delivered>,
  took: () => void,
): Promise<{ readonly taken: readonly Item[]; readonly refused: readonly Item[]; readonly cut: boolean }> {
  const done: Item[] = [];
  for (const item of items) {
    const delivered = await act(item);
    if (!taken(delivered)) return { taken: done, refused: saidNo(delivered) ? [item] : [], cut: true };
    done.push(item);
    took();
  }
  return { taken: done, refused: [], cut: false };
}

test.each([
  ['HTTP', false],
  ['Socket Mode', true],
])(
  'by %s: nothing that was acknowledged is lost, and nothing is done twice',
  async (_way, socket) => {
    desk = await openSlackProgram({ socket, policyText: manyPending(slackPolicy()) });
    desk.slack.api.rates = false;
    await desk.start();
    const sam = desk.slack.person('U0SAMMY1');
    for (const name of prepared) await sam.command(incidents, `dump hostb ${name}`);
    const cardOf = (name: string) =>
      desk.slack.until(
        `the card of ${name}`,
        () => desk.slack.cards(incidents).findLast((card) => read(card).includes(name)),
        patience,
      );
    for (const name of prepared) await cardOf(name);

    // What is asked now waits for Defender, longer than a stop waits for anything: it is left to the next start.
    desk.simulator.tenant.faults.plant({ what: 'delay', on: 'machines', ms: 3_600_000, times: 'always' });
    let acknowledged = 0;
    let stopping: Promise<number | null> | undefined;
    const took = (): void => {
      acknowledged += 1;
      if (acknowledged === before) stopping = desk.stop();
    };
    const numbers = Array.from({ length: most }, (_, n) => n + 10);
    const answersBefore = desk.slack.world.ephemerals.length;
    const [asks, presses, lists] = await Promise.all([
      stream(numbers, (n) => desk.riley.command(incidents, `dump hosta process${n}`), took),
      stream(prepared, async (name) => desk.avery.press(await cardOf(name), 'Approve'), took),
      stream(numbers.slice(0, most - prepared.length), () => sam.command(incidents, 'list'), took),
    ]);
    expect(await stopping).toBe(0);
    // It stopped in their middle: the askers came to an end because they were not taken.
    expect([asks.cut, lists.cut]).toEqual([true, true]);
    expect(asks.taken.length + presses.taken.length + lists.taken.length).toBeGreaterThanOrEqual(before);

    expect(desk.requests()).toHaveLength(prepared.length);
    desk.simulator.tenant.faults.clear();
    await desk.start();
    const asked = (n: number) =>
      desk.requests().filter(({ asked: { title } }) => title.includes(`process${n}`));
    const decided = (name: string) =>
      desk.requests().filter((one) => one.asked.title.includes(name) && stateIn(one) !== 'awaitingApproval');
    const answered = () =>
      desk.slack.world.ephemerals
        .slice(answersBefore)
        .filter(({ user, text }) => user === 'U0SAMMY1' && !/NOT taken/.test(text)).length;
    await desk.slack.until(
      'all that was acknowledged',
      () =>
        asks.taken.every((n) => asked(n).length > 0) &&
        presses.taken.every((name) => decided(name).length > 0) &&
        answered() >= lists.taken.length
          ? true
          : undefined,
      patience,
    );
    // The end of whatever is still under way.
    expect(await desk.stop()).toBe(0);
    expect(asks.taken.map((n) => asked(n).length)).toEqual(asks.taken.map(() => 1));
    expect(asks.refused.flatMap((n) => asked(n))).toEqual([]);
    expect(presses.refused.flatMap((name) => decided(name))).toEqual([]);
    expect(answered()).toBe(lists.taken.length);
    const sent = desk.simulator.tenant.submissions.map(({ commands }) => JSON.stringify(commands));
    expect(new Set(sent).size).toBe(sent.length);
  },
  240_000,
);
