// Row 1.14: kill -9 between the moment Slack was answered and the journal's line, again and again: nothing
// acknowledged is lost, nothing happens twice, and the person is answered by the next process.
import { afterEach, describe, expect, test } from '@jest/globals';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { incidents, privateRoom } from '../../support/slack/slackTestApp.ts';
import { openSlackProgram } from '../../support/slack/slackProgram.ts';
import type { SlackProgram } from '../../support/slack/slackProgram.ts';

let desk: SlackProgram;
afterEach(() => desk.close());

/** Nobody is told who anybody is, so that everything acknowledged waits between Slack and the journal. */
function stuck(): { readonly reached: () => Promise<true>; readonly over: () => void } {
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  desk.slack.fault('users.info', { kind: 'hold', go: gate, never: true }, 50);
  return {
    reached: () =>
      desk.slack.until('users.info under way', () =>
        desk.slack.api.held.includes('users.info') ? true : undefined,
      ),
    over: () => {
      desk.slack.api.clearFaults();
      go();
    },
  };
}

async function killed(): Promise<void> {
  await desk.kill();
  await desk.slack.until('the socket gone', () => (desk.slack.api.sockets.size === 0 ? true : undefined));
}

/**
 * Three rounds draw more than Slack takes in a minute, and a new process knows nothing of what the last one
 * drew. Milliseconds.
 */
const patience = 100_000;
const submissions = (): number => desk.simulator.tenant.submissions.length;
const cardOf = (what: string, words: RegExp) =>
  desk.slack.until(
    `a card of "${what}" with ${String(words)}`,
    () => desk.slack.cards(incidents).find((card) => read(card).includes(what) && words.test(read(card))),
    patience,
  );

describe.each([
  ['HTTP', false],
  ['Socket Mode', true],
])('killed right after the acknowledgement, over %s', (_mode, socket) => {
  test('a command is asked and an approval counts, each once', async () => {
    desk = await openSlackProgram({ socket });
    for (let round = 1; round <= 3; round += 1) {
      // Something else each round: a card names a twin that finished, and would be taken for it.
      const what = `notepad${round}`;
      // The first times the window is held open, the last time it is as wide as it is.
      const wide = round < 3;
      await desk.start();
      const first = wide ? stuck() : undefined;
      expect(
        (await desk.riley.command(privateRoom, `dump hosta ${what} --reason "beacon"`)).acknowledged,
      ).toBe(true);
      if (first !== undefined) await first.reached();
      await killed();
      first?.over();

      await desk.start();
      const card = await cardOf(what, /Waiting for approval/);
      await desk.drawn();
      const second = wide ? stuck() : undefined;
      expect((await desk.avery.press(card, 'Approve')).acknowledged).toBe(true);
      if (second !== undefined) await second.reached();
      await killed();
      second?.over();

      await desk.start();
      await cardOf(what, /Finished/);
      expect(submissions()).toBe(round);
      expect(
        desk.slack
          .cards(incidents)
          .filter((one) => read(one).includes(what) && !read(one).includes('superseded')),
      ).toHaveLength(1);
      await desk.kill();
    }
  }, 400_000);

  test('a question is answered by the next process, and its person is told which one it was', async () => {
    desk = await openSlackProgram({ socket });
    await desk.start();
    const held = stuck();
    expect((await desk.riley.command(privateRoom, 'list recent')).acknowledged).toBe(true);
    await held.reached();
    await killed();
    held.over();
    await desk.start();
    await desk.slack.until('the answer', () =>
      /taken up after a restart/.test(desk.riley.told()) ? true : undefined,
    );
    await desk.program().kill('SIGTERM');
    const before = desk.slack.world.ephemerals.length;
    await desk.start();
    await desk.riley.command(privateRoom, 'help');
    await desk.slack.until('the help', () => (/dump/.test(desk.riley.told()) ? true : undefined));
    expect(desk.slack.world.ephemerals).toHaveLength(before + 1);
  }, 90_000);
});
