// Issue 9, sentence 1: a private answer in Teams is tried again with growing pauses, over real HTTP and
// files, on a clock that the test moves.
import { afterEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerPauses, answerWithin } from '../../../../src/adapters/deliveries/answers.ts';
import type { Reply } from '../../../../src/bot/ports.ts';
import { wordsOf } from '../../../../src/demo/teams/fakeConnector.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import { quiet } from '../../../support/quiet.ts';
import type { Refusal } from '../../../../src/demo/refusal.ts';
import { answerOf, owedIn } from '../../../support/chats/teamsAnswers.ts';
import { ana, ben, directOf, group, keepingLog, TeamsHarness } from '../../../support/chats/teamsHarness.ts';
import { signedLine } from '../../../../src/adapters/deliveries/deliveries.ts';
import { testKeys } from '../../../support/store/testKeys.ts';

const minutes = 60_000;
let bench: TeamsHarness;
let clock = createManualClock();
let log = keepingLog();
afterEach(() => bench.stop());

async function open(): Promise<void> {
  clock = createManualClock(undefined, quiet);
  log = keepingLog();
  bench = new TeamsHarness();
  bench.connector.now = () => clock.now();
  await bench.start({ clock, log });
}

/** The next process on the same folder. */
async function restart(): Promise<void> {
  await bench.halt();
  await bench.boot({ clock, log });
  await clock.settle();
}

/** Everything that is said, wherever, while `is` holds. */
function refuseWhile(is: () => boolean, refusal: Refusal): void {
  bench.connector.refuse = ({ method }) => (method === 'POST' && is() ? refusal : undefined);
}
function refuseFor(ms: number, refusal: Refusal): void {
  const until = clock.elapsed() + ms;
  refuseWhile(() => clock.elapsed() < until, refusal);
}
async function asks(text = 'lr status', place = group): Promise<void> {
  expect((await bench.deliver(bench.message(ana, place, text))).status).toBe(200);
  await clock.settle();
}
const told = (): readonly string[] => bench.alone(ana).map(wordsOf);
const inPublic = (): readonly string[] =>
  bench.connector
    .in(group)
    .filter((one) => one.to === undefined)
    .map(wordsOf);
const posts = () => bench.connector.calls.filter((call) => call.method === 'POST');
const logged = (event: string): readonly string[] => log.lines.filter((line) => line.startsWith(`${event} `));
const file = (): string => join(bench.folder, 'teams-deliveries.ndjson');
const owed = (): readonly string[] => owedIn(file());

describe('an answer that Teams refuses', () => {
  it.each([
    ['in a group', group, 403],
    ['in a group, as a bad call', group, 409],
    ['in the chat of the two', directOf(ana), 403],
    ['for its token', group, 401],
  ])('once, %s, is given after a pause', async (_what, place, status) => {
    await open();
    refuseFor(500, answerOf(status));
    await asks('lr status', place);
    expect([told(), inPublic(), owed().length]).toEqual([[], [], 1]);
    await clock.advance(20_000);
    expect(told()).toEqual(['heard']);
    expect([inPublic(), owed(), logged('teamsNotTold')]).toEqual([[], [], []]);
    await clock.advance(answerWithin);
    expect(told()).toEqual(['heard']);
    expect(bench.bot.commands).toHaveLength(1);
  });

  it('for ten minutes is given then, after pauses that grow, and once', async () => {
    await open();
    refuseFor(10 * minutes, answerOf(403));
    await asks();
    await clock.advance(10 * minutes - 1);
    expect([told(), owed().length]).toEqual([[], 1]);
    const pauses = logged('teamsAnswerLate').map(
      (line) => (JSON.parse(line.slice(line.indexOf('{'))) as { readonly againInMs: number }).againInMs,
    );
    expect(pauses.slice(0, answerPauses.length)).toEqual(answerPauses);
    await clock.advance(2 * minutes + 1);
    expect(told()).toEqual(['heard']);
    expect([owed(), inPublic()]).toEqual([[], []]);
    await clock.advance(answerWithin);
    expect(told()).toEqual(['heard']);
  });

  it('for longer than it is worth saying is given up and logged, and neither this process nor the next says it then', async () => {
    await open();
    refuseWhile(() => true, answerOf(403));
    await asks();
    await clock.advance(answerWithin - 3 * minutes);
    expect([logged('teamsNotTold'), owed().length]).toEqual([[], 1]);
    await clock.advance(3 * minutes);
    expect([logged('teamsNotTold').length, owed()]).toEqual([1, []]);
    const before = posts().length;
    bench.connector.refuse = undefined;
    await clock.advance(answerWithin);
    await restart();
    expect([told(), posts().length, bench.bot.commands.length]).toEqual([[], before, 1]);
  });

  it('with a pause of its own is not tried there before that', async () => {
    await open();
    const until = clock.elapsed() + 5 * minutes;
    refuseWhile(() => clock.elapsed() < until, answerOf(429, { headers: { 'retry-after': '300' } }));
    await asks('lr status', directOf(ana));
    await clock.advance(5 * minutes - 1);
    expect(posts()).toHaveLength(1);
    await clock.advance(2);
    expect([posts().length, told()]).toEqual([2, ['heard']]);
  });

  it('in its place waits for the chat of the two, when that cannot be opened just now; the public hint stays the last resort', async () => {
    await open();
    bench.connector.targeted = false;
    const until = clock.elapsed() + minutes;
    bench.connector.refuse = ({ method, about }) =>
      method === 'POST' && about !== group && clock.elapsed() < until ? answerOf(503) : undefined;
    await asks();
    await clock.advance(minutes - 1);
    expect([told(), inPublic(), owed().length]).toEqual([[], [], 1]);
    await clock.advance(minutes);
    expect([told(), inPublic(), owed()]).toEqual([['heard'], [], []]);
  });

  it('everywhere is hinted at in public once there is no other way, and once only', async () => {
    await open();
    bench.connector.targeted = false;
    bench.connector.remove(directOf(ana));
    refuseFor(3 * minutes, answerOf(403));
    await asks();
    await clock.advance(3 * minutes - 1);
    expect(inPublic()).toEqual([]);
    await clock.advance(answerWithin);
    expect(inPublic()).toEqual([expect.stringContaining('an answer that is for you alone')]);
    expect(owed()).toEqual([]);
  });

  it('next to the answer to a press is tried again too', async () => {
    await open();
    bench.bot.onPress = () => Promise.resolve({ kind: 'sentence', text: 'Output', block: 'a line' });
    refuseFor(minutes, answerOf(403));
    const lr = { verb: 'output', requestId: 'r1', revision: 3, fingerprint: 'a1b2' };
    await bench.deliver(bench.press(ana, group, { lr }));
    await clock.settle();
    expect([told(), owed().length]).toEqual([[], 1]);
    await clock.advance(5 * minutes);
    expect(told()).toEqual([expect.stringContaining('a line')]);
    expect([owed(), bench.bot.presses.length]).toEqual([[], 1]);
  });
});

describe('an answer that may have arrived', () => {
  it.each([
    ['a 503', answerOf(503)],
    ['a connection that ended', { name: 'cut', kind: 'cut' } as const],
  ])('and did not (%s) is given again: seen twice it changes nothing', async (_what, refusal) => {
    await open();
    refuseFor(10 * minutes, refusal);
    await asks();
    await clock.advance(10 * minutes - 1);
    expect([told(), owed().length]).toEqual([[], 1]);
    await clock.advance(2 * minutes + 1);
    expect([told(), owed(), bench.bot.commands.length, inPublic()]).toEqual([['heard'], [], 1, []]);
  });

  it('as a public hint is not said a second time', async () => {
    await open();
    bench.connector.targeted = false;
    bench.connector.remove(directOf(ana));
    bench.connector.faults.push(
      { method: 'POST', path: 'v3/conversations/19', answer: { status: 400 } },
      { method: 'POST', path: 'v3/conversations/19', answer: 'drop', afterDoing: true },
    );
    await asks();
    await clock.advance(answerWithin);
    expect(inPublic()).toHaveLength(1);
    expect(told()).toEqual([]);
  });
});

describe('a stop while an answer waits for another try', () => {
  it('does not wait for it, and the next process gives it once, with when it was asked', async () => {
    await open();
    refuseWhile(() => true, answerOf(403));
    await asks();
    await clock.advance(minutes);
    // Time does not pass meanwhile: only what was stopped can end.
    await bench.halt();
    expect([told(), owed().length]).toEqual([[], 1]);
    bench.connector.refuse = undefined;
    await bench.boot({ clock, log });
    await clock.settle();
    expect(told()).toEqual([
      expect.stringMatching(/^Your command of .*, taken up after a restart of the bot: heard$/),
    ]);
    expect(bench.bot.commands.map(({ deliveryId }) => deliveryId)).toEqual([
      bench.bot.commands[0]?.deliveryId,
      bench.bot.commands[0]?.deliveryId,
    ]);
    await restart();
    await clock.advance(answerWithin);
    expect([told().length, bench.bot.commands.length, owed()]).toEqual([1, 2, []]);
  });

  it('with -9 loses nothing either', async () => {
    await open();
    refuseWhile(() => true, answerOf(403));
    await asks();
    await clock.advance(minutes);
    bench.connector.refuse = undefined;
    // The same folder; the clock of the process that is gone does not move.
    const next = createManualClock(clock.now(), quiet);
    const crashed = Object.assign(new TeamsHarness(), {
      folder: bench.folder,
      connector: bench.connector,
      keys: bench.keys,
    });
    await crashed.boot({ clock: next, log });
    try {
      await next.advance(answerWithin);
      expect(told()).toEqual([expect.stringMatching(/taken up after a restart of the bot: heard$/)]);
      expect(owed()).toEqual([]);
    } finally {
      await crashed.halt();
    }
  });

  it('ends the waits inside a call too', async () => {
    await open();
    bench.connector.refuse = ({ method }) =>
      method === 'POST' ? answerOf(429, { headers: { 'retry-after': '8' } }) : undefined;
    await asks('lr status', directOf(ana));
    expect(clock.sleepers()).toHaveLength(1);
    await bench.halt();
    expect([posts().length, owed().length]).toEqual([1, 1]);
    bench.connector.refuse = undefined;
    await bench.boot({ clock, log });
  });

  it('leaves the outcome of a press to the next process as well', async () => {
    await open();
    bench.bot.onPress = (): Promise<Reply> =>
      Promise.resolve({ kind: 'sentence', text: 'Output', block: 'a line' });
    refuseWhile(() => true, answerOf(403));
    const lr = { verb: 'output', requestId: 'r1', revision: 3, fingerprint: 'a1b2' };
    await bench.deliver(bench.press(ana, group, { lr }));
    await clock.settle();
    await bench.halt();
    bench.connector.refuse = undefined;
    await bench.boot({ clock, log });
    await clock.settle();
    expect(told()).toEqual([
      expect.stringMatching(/Your press of .*, taken up after a restart of the bot: Output\n[\s\S]*a line/),
    ]);
  });

  it('loses no answer to a press that comes again meanwhile', async () => {
    await open();
    bench.bot.onPress = (): Promise<Reply> =>
      Promise.resolve({ kind: 'sentence', text: 'Output', block: 'a line' });
    refuseWhile(() => true, answerOf(403));
    const press = bench.press(ana, group, {
      lr: { verb: 'output', requestId: 'r1', revision: 3, fingerprint: 'a1b2' },
    });
    await bench.deliver(press);
    await clock.settle();
    await restart();
    await bench.deliver(press);
    await clock.settle();
    expect(owed()).toHaveLength(1);
    bench.connector.refuse = undefined;
    await clock.advance(5 * minutes);
    expect(told()).toEqual([expect.stringContaining('a line')]);
    expect([owed(), bench.bot.presses.length]).toEqual([[], 2]);
  });
});

describe('what a crash left', () => {
  const decidedOnce = expect.stringMatching(
    /^The bot restarted while it answered your (?:command|press) of .*, so you may read this twice: Not done\.$/,
  ) as unknown;

  it.each([
    ['a command', async () => await asks('lr dump hosta x')],
    [
      'a press',
      async () => {
        const lr = { verb: 'approve', requestId: 'r1', revision: 3, fingerprint: 'a1b2' };
        // Longer than the invoke can wait, so that the answer is a message.
        bench.bot.onPress = () =>
          clock.sleep(5_000).then(() => ({ kind: 'sentence', text: 'Not done.' }) as const);
        const answered = bench.deliver(bench.press(ana, group, { lr }));
        await clock.settle();
        await clock.advance(6_000);
        await answered;
      },
    ],
  ])('of %s whose person could read that nothing was done is not done afterwards', async (_what, does) => {
    await open();
    bench.bot.onCommand = () => Promise.resolve({ kind: 'sentence', text: 'Not done.' });
    refuseWhile(() => true, answerOf(403));
    await does();
    await clock.advance(minutes);
    await bench.halt();
    bench.bot.onCommand = bench.bot.onPress = () => Promise.resolve({ kind: 'sentence', text: 'Done.' });
    bench.connector.refuse = undefined;
    await bench.boot({ clock, log });
    await clock.settle();
    expect(told()).toEqual([decidedOnce]);
    expect([bench.bot.commands.length + bench.bot.presses.length, owed()]).toEqual([1, []]);
  });

  it('is told to its person when it is too late for it, as often as it takes', async () => {
    await open();
    await asks();
    const [line] = readFileSync(file(), 'utf8')
      .split('\n')
      .filter((one) => one.includes('"memo"'));
    const { k, memo } = JSON.parse(line ?? '{}') as { readonly k: string; readonly memo: object };
    await bench.halt();
    appendFileSync(
      file(),
      `${signedLine(testKeys, 'teams-deliveries.ndjson', { k: `${k}x`, at: clock.now() - 11 * minutes, memo })}\n`,
    );
    refuseFor(minutes, answerOf(403));
    await bench.boot({ clock, log });
    await clock.advance(5 * minutes);
    expect(told()).toEqual([
      'heard',
      expect.stringMatching(/\(\/lr status\) was not answered yet when the bot went down, and was not done/),
    ]);
    expect([bench.bot.commands.length, owed()]).toEqual([1, []]);
  });

  it('of a press that could not be judged is told as that', async () => {
    await open();
    const lr = { verb: 'approve', requestId: 'r1', revision: 3, fingerprint: 'a1b2' };
    bench.bot.onPress = () => Promise.resolve({ kind: 'sentence', text: 'Approved.' });
    await bench.deliver(bench.press(ben, group, { lr }));
    await clock.settle();
    const [line] = readFileSync(file(), 'utf8')
      .split('\n')
      .filter((one) => one.includes('"memo"'));
    const { k, memo } = JSON.parse(line ?? '{}') as { readonly k: string; readonly memo: object };
    await bench.halt();
    appendFileSync(
      file(),
      `${signedLine(testKeys, 'teams-deliveries.ndjson', { k: `${k}x`, at: clock.now() - minutes, memo })}\n`,
    );
    bench.connector.faults.push({ method: 'GET', answer: { status: 500 }, times: 9 });
    await bench.boot({ clock, log });
    await clock.advance(minutes);
    expect(bench.alone(ben).map(wordsOf)).toEqual([
      expect.stringMatching(
        /taken up after a restart of the bot: Teams could not say who you are just now, so nothing was approved/,
      ),
    ]);
    expect(bench.bot.presses).toHaveLength(1);
  });
});
