// kill -9 in each state of a request, with Slack attached over real HTTP: after the next start one true card
// stands in each place, nothing is posted or run twice, and where the answer to a post was lost the older
// card says that it is superseded.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import type { Delivered } from '../../../src/demo/slack/delivering.ts';
import type { Person } from '../../../src/demo/slack/person.ts';
import { incidents, privateRoom } from '../../support/slack/slackTestApp.ts';
import { openSlackProgram } from '../../support/slack/slackProgram.ts';
import type { SlackProgram } from '../../support/slack/slackProgram.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';

/** Asked in the one, shown in both: the other is the place for approvals. */
const places = [privateRoom, incidents] as const;

let desk: SlackProgram;
beforeEach(async () => {
  desk = await openSlackProgram();
  await desk.start();
});
afterEach(() => desk.close());

const asks = (): Promise<Delivered> =>
  desk.riley.command(privateRoom, 'dump hosta OfficeClickToRun --reason "beacon at 02:40"');
const inEach = (words: RegExp): Promise<readonly SlackMessageKept[]> =>
  Promise.all(places.map((place) => desk.shows(words, place)));
const tenant = () => desk.simulator.tenant;

async function asked(): Promise<readonly SlackMessageKept[]> {
  await asks();
  const cards = await inEach(/Waiting for approval/);
  // Written down too, or the kill comes between Slack's answer and the journal: a story of its own, below.
  await desk.slack.until('both cards in the journal', () =>
    desk.request().cards.every(({ ref }) => ref !== undefined) ? true : undefined,
  );
  return cards;
}

async function pressed(who: Person, button: string, place: string = incidents): Promise<void> {
  const card = desk.slack.cards(place).at(-1);
  if (card === undefined) throw new Error(`no card in ${place}`);
  expect((await who.press(card, button)).acknowledged).toBe(true);
}

/**
 * Slack calls of a method wait until `release`; whether they are then done although nobody is left to hear
 * the answer is `never`'s choice.
 */
function holding(
  method: string,
  never = false,
): { readonly reached: (calls: number) => Promise<true>; readonly release: () => Promise<true> } {
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  desk.slack.fault(method, { kind: 'hold', go: gate, never }, 50);
  const waiting = (): number => desk.slack.api.held.filter((one) => one === method).length;
  return {
    reached: (calls) =>
      desk.slack.until(`${calls} ${method} under way`, () => (waiting() >= calls ? true : undefined)),
    release: () => {
      desk.slack.api.clearFaults();
      go();
      return desk.slack.until(`no ${method} under way`, () => (waiting() === 0 ? true : undefined));
    },
  };
}

const notes = (): readonly SlackMessageKept[] =>
  places.flatMap((place) => desk.slack.world.in(place)).filter((message) => message.thread !== undefined);
const topLevel = (place: string): readonly SlackMessageKept[] =>
  desk.slack.world.in(place).filter((message) => message.by === 'U0BOT' && message.thread === undefined);

/**
 * The whole state of Slack after it all: the one card of each place tells the end, its requester was told
 * once, and it ran once.
 */
async function endsWell({ cards = 1, told = 1, ran = 1, words = /Finished/ } = {}): Promise<void> {
  await inEach(words);
  await desk.drawn();
  for (const place of places) {
    await desk.slack.until(`one live card in ${place}`, () =>
      desk.live(place).length === 1 ? true : undefined,
    );
    expect(desk.live(place)[0]?.ts).toBe(desk.slack.cards(place).at(-1)?.ts);
    expect(topLevel(place)).toHaveLength(cards);
  }
  expect(notes().map((note) => note.channel)).toEqual(Array.from({ length: told }, () => privateRoom));
  expect(tenant().submissions).toHaveLength(ran);
}

describe('killed while it waits for approval', () => {
  test('the same card takes the approval after the next start', async () => {
    const before = await asked();
    await desk.kill();
    await desk.start();
    await pressed(desk.avery, 'Approve');
    await endsWell();
    expect((await inEach(/Finished/)).map(({ ts }) => ts)).toEqual(before.map(({ ts }) => ts));
  });

  test('with its first cards on their way and taken by Slack, the older ones say that newer ones took their place', async () => {
    const posts = holding('chat.postMessage');
    const asking = asks();
    await posts.reached(2);
    await asking;
    expect(desk.request().cards.map(({ ref }) => ref)).toEqual([undefined, undefined]);
    await desk.kill();
    await posts.release();
    const older = places.map((place) => desk.slack.cards(place)[0]);
    await desk.start();
    await desk.slack.until('the older cards rewritten', () =>
      older.every((card) => card !== undefined && read(card).includes('superseded')) ? true : undefined,
    );
    await inEach(/Waiting for approval/);
    await pressed(desk.avery, 'Approve');
    await endsWell({ cards: 2 });
  });

  test('with its first cards on their way and never come to Slack, one card stands in each place', async () => {
    const posts = holding('chat.postMessage', true);
    const asking = asks();
    await posts.reached(2);
    await asking;
    await desk.kill();
    await posts.release();
    await desk.start();
    await inEach(/Waiting for approval/);
    await pressed(desk.avery, 'Approve');
    await endsWell();
  });

  test('and without the scope to read history the older card says so when it is pressed, and decides nothing', async () => {
    desk.slack.world.scopes = desk.slack.world.scopes.filter((scope) => !scope.endsWith(':history'));
    const posts = holding('chat.postMessage');
    await asks();
    await posts.reached(2);
    await desk.kill();
    await posts.release();
    const older = desk.slack.cards(incidents)[0];
    if (older === undefined) throw new Error('no older card');
    await desk.start();
    await desk.slack.until('a second card', () =>
      desk.slack.cards(incidents).length === 2 ? true : undefined,
    );
    await desk.drawn();
    await desk.avery.press(older, 'Approve');
    await desk.slack.until('the older card rewritten', () =>
      read(older).includes('superseded') ? true : undefined,
    );
    expect(stageOf(desk.request()).state).toBe('awaitingApproval');
    await desk.riley.press(desk.slack.cards(privateRoom)[0] ?? older, 'Withdraw');
    await desk.slack.until('the other older card rewritten', () =>
      desk.live(privateRoom).length === 1 ? true : undefined,
    );
    await pressed(desk.avery, 'Approve');
    await endsWell({ cards: 2 });
  });
});

describe('killed after the approval', () => {
  test('queued: it goes to Defender once, on the approval it had', async () => {
    const before = await asked();
    // The last look at the device never ends, so that it stays in the queue.
    tenant().faults.plant({ what: 'delay', on: 'machines', ms: 600_000, times: 'always' });
    await pressed(desk.avery, 'Approve');
    await desk.reaches('queued');
    await desk.kill();
    tenant().faults.clear();
    await desk.start();
    await endsWell();
    expect((await inEach(/Finished/)).map(({ ts }) => ts)).toEqual(before.map(({ ts }) => ts));
  });

  test('submitting, and Defender took it: it is found by its tag and followed, not sent again', async () => {
    await asked();
    // Half of the answer, and the rest never.
    tenant().faults.plant({ what: 'slowBody', on: 'run', ms: 600_000 });
    await pressed(desk.avery, 'Approve');
    await desk.reaches('submitting');
    await desk.slack.until('the submission', () => (tenant().submissions.length === 1 ? true : undefined));
    await desk.kill();
    await desk.start();
    await endsWell();
  });

  test('submitting, and Defender never got it: the card says that this is not known, and a person drops it', async () => {
    await asked();
    tenant().faults.plant({ what: 'delay', on: 'run', ms: 600_000 });
    await pressed(desk.avery, 'Approve');
    await desk.reaches('submitting');
    await desk.kill();
    await desk.start();
    await inEach(/unknown|not known/i);
    await pressed(desk.riley, 'Drop', privateRoom);
    // The requester dropped it: there is nobody to be told.
    await endsWell({ told: 0, ran: 0, words: /Dropped/ });
  });

  test('unknown: what Defender did get is found after the next start', async () => {
    await asked();
    tenant().faults.plant({ what: 'loseAnswer', on: 'run' });
    tenant().faults.plant({ what: 'staleList', ms: 600_000, times: 'always' });
    await pressed(desk.avery, 'Approve');
    await desk.reaches('unknown');
    await desk.kill();
    tenant().faults.clear();
    await desk.start();
    await endsWell();
  });

  test('running, with a drawing of the card on its way: the next process follows it to the end', async () => {
    const before = await asked();
    await pressed(desk.avery, 'Approve');
    await desk.reaches('running');
    const updates = holding('chat.update');
    await updates.reached(1);
    await desk.kill();
    await updates.release();
    await desk.start();
    await endsWell();
    expect((await inEach(/Finished/)).map(({ ts }) => ts)).toEqual(before.map(({ ts }) => ts));
  });
});

describe('killed when it has finished', () => {
  test('before its card and its note tell so: both do after the next start', async () => {
    await asked();
    const updates = holding('chat.update', true);
    await pressed(desk.avery, 'Approve');
    await desk.reaches('finished');
    await updates.reached(1);
    await desk.kill();
    await updates.release();
    expect(notes()).toEqual([]);
    await desk.start();
    await endsWell();
  });

  test.each([
    ['and taken by Slack: there is no second one', false, 1],
    ['and never come to Slack: none is better than two, and the card tells', true, 0],
  ])('with its note on its way %s', async (_what, never, told) => {
    await asked();
    const posts = holding('chat.postMessage', never);
    await pressed(desk.avery, 'Approve');
    await posts.reached(1);
    expect(desk.request()).toMatchObject({
      sessions: [{ stage: { state: 'finished' } }],
      notified: [`slack:${privateRoom}`],
    });
    await desk.kill();
    await posts.release();
    await desk.start();
    await endsWell({ told });
  });

  test('after its note: nothing is said again', async () => {
    await asked();
    await pressed(desk.avery, 'Approve');
    await desk.slack.until('the note', () => notes().at(0));
    await desk.kill();
    await desk.start();
    await endsWell();
  });
});

test('over Socket Mode too, a killed bot goes on where it was, and takes what Slack delivers to the next connection', async () => {
  await desk.close();
  desk = await openSlackProgram({ socket: true });
  await desk.start();
  const before = await asked();
  await desk.kill();
  await desk.slack.until('the socket gone', () => (desk.slack.api.sockets.size === 0 ? true : undefined));
  await desk.start();
  await pressed(desk.avery, 'Approve');
  await desk.reaches('running');
  await desk.kill();
  await desk.start();
  await endsWell();
  expect((await inEach(/Finished/)).map(({ ts }) => ts)).toEqual(before.map(({ ts }) => ts));
});
