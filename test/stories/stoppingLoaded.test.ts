// Issue 9, sentence 7: the built program stops within its time under any load, and the next start on the same
// folder goes on with nothing lost and nothing twice. A long history, a disk that takes seconds, and chats
// that take a connection and never answer.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit } from '../../src/adapters/store/audit/audit.ts';
import { realDisk } from '../../src/adapters/store/journal/disk.ts';
import type { Refusal } from '../../src/demo/refusal.ts';
import { writeHistory } from '../support/store/longHistory.ts';
import { wordsOf } from '../../src/demo/teams/fakeConnector.ts';
import { ana, ben, channel, directOf, group } from '../support/chats/teamsHarness.ts';
import { TeamsProgram } from '../support/chats/teamsProgram.ts';
import { slowDiskSettings } from '../support/store/slowDisk.ts';
import { read } from '../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../src/demo/slack/fakeSlack.ts';
import { incidents } from '../support/slack/slackTestApp.ts';
import { openSlackProgram } from '../support/slack/slackProgram.ts';
import type { SlackProgram, SlackProgramOptions } from '../support/slack/slackProgram.ts';
import { plain } from '../../src/demo/slack/methods.ts';
import type { SlackMessageKept } from '../../src/demo/slack/world.ts';
import { stateIn } from '../support/requests/requests.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: SlackProgramOptions = {}): Promise<SlackProgram> {
  const desk = await openSlackProgram(options);
  closers.push(() => desk.close());
  return desk;
}

/**
 * Slack takes so many drawings in a minute, and what is behind may have to wait for the next. Milliseconds.
 */
const patience = 90_000;

const asks = (desk: SlackProgram, device: string) =>
  desk.riley.command(incidents, `dump ${device} OfficeClickToRun --reason "beacon at 02:40"`);

/** The newest card of that device's request that reads like this. */
function card(desk: SlackProgram, device: string, words: RegExp): Promise<SlackMessageKept> {
  return desk.slack.until(
    `a card of ${device} with ${String(words)}`,
    () => cardsOf(desk, device).findLast((one) => words.test(read(one))),
    patience,
  );
}
function cardsOf(desk: SlackProgram, device: string): readonly SlackMessageKept[] {
  return desk.slack.cards(incidents).filter((one) => read(one).includes(device));
}

const states = (desk: SlackProgram, device: string): readonly string[] =>
  desk
    .requests()
    .flatMap((one) => (one.targets[0].device.name.startsWith(device) ? [stageOf(one).state] : []));

/** Sessions that Defender shows as going on until `clear`. */
async function running(desk: SlackProgram, devices: readonly string[]): Promise<void> {
  desk.simulator.tenant.faults.plant({ what: 'unknownStatus', value: 'InProgress', times: 'always' });
  for (const device of devices) {
    await insisted(
      desk,
      () => asks(desk, device),
      () => cardsOf(desk, device).some((one) => /Waiting for approval/.test(read(one))),
    );
    await insisted(
      desk,
      async () => desk.avery.press(await card(desk, device, /Waiting for approval/), 'Approve'),
      () => states(desk, device).some((state) => state !== 'awaitingApproval'),
    );
  }
  await comes(desk, () => devices.every((device) => states(desk, device).join() === 'running'), patience);
  expect(devices.map((device) => states(desk, device))).toEqual(devices.map(() => ['running']));
}

/** True as soon as it is so, false after so many milliseconds. */
function comes(desk: SlackProgram, isSo: () => boolean, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  return desk.slack.until(
    'what comes or is late',
    () => (isSo() ? true : performance.now() > deadline ? false : undefined),
    2 * ms,
  );
}

/**
 * Does it again where it came to nothing: a bot that has just started over ten thousand requests on a busy
 * machine may not write a delivery down within Slack's three seconds, and then says that it was not taken and
 * that it does none of it.
 */
async function insisted(desk: SlackProgram, act: () => Promise<unknown>, isSo: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await act();
    if (await comes(desk, isSo, patience / 4)) return;
  }
}

/** Nothing is missing, cut or written twice in the journal. */
function proven(folder: string): void {
  expect(audit({ disk: realDisk, folder }).wrong).toBeUndefined();
}

describe('with ten thousand finished requests in the data folder', () => {
  const requests = 10_000;
  const behind = 30;
  const devices = ['load001', 'load002', 'load003', 'load004', 'load005'] as const;

  test('it stops right after its start and with sessions running; afterwards they end once, and the cards that were behind tell the end', async () => {
    let folder = '';
    const desk = await open({
      extraDevices: 5,
      settings: { LR_SUBMITS_PER_MINUTE: '1000', LR_CALLS_PER_MINUTE: '10000', LR_CALLS_PER_HOUR: '100000' },
      async prepare(data, slack) {
        folder = data;
        await writeHistory(data, {
          requests,
          behind,
          place: `slack:${incidents}`,
          cardOf: (id) => standing(slack, id),
        });
      },
    });
    // The rates of Slack are not what this is about; the bot keeps its own, of which each start has a
    // minute's worth.
    desk.slack.api.rates = false;
    await desk.start();
    expect(await desk.stop()).toBe(0);
    await desk.start();
    await running(desk, devices);
    expect(await desk.stop()).toBe(0);
    proven(folder);
    desk.simulator.tenant.faults.clear();
    await desk.start();
    for (const device of devices) await card(desk, device, /Finished/);
    await desk.slack.until(
      'the old cards',
      () => (desk.slack.cards(incidents).every((one) => read(one).includes('Finished')) ? true : undefined),
      patience,
    );
    expect(desk.slack.cards(incidents)).toHaveLength(behind + devices.length);
    expect(desk.simulator.tenant.submissions).toHaveLength(devices.length);
    expect(desk.requests()).toHaveLength(requests + devices.length);
    expect(desk.requests().filter((one) => stateIn(one) !== 'finished')).toEqual([]);
  }, 480_000);

  function standing(slack: FakeSlack, request: string) {
    const ts = slack.world.nextTs();
    const metadata = { event_type: 'live_response_card', event_payload: { request } };
    slack.world.messages.push({
      channel: incidents,
      ts,
      at: slack.world.now(),
      by: 'U0BOT',
      broadcast: false,
      text: `${request} is running`,
      blocks: [],
      metadata,
      history: [],
      args: {},
      deleted: false,
    });
    return { surface: 'slack', place: incidents, id: ts };
  }
});

describe('on a disk whose fsync takes seconds', () => {
  async function slowable(): Promise<{ readonly desk: SlackProgram; readonly slow: (ms: number) => void }> {
    const folder = mkdtempSync(join(tmpdir(), 'lr-slow-'));
    closers.push(() => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    });
    const file = join(folder, 'fsync');
    return {
      desk: await open({ settings: slowDiskSettings(file) }),
      slow: (ms) => {
        writeFileSync(file, String(ms));
      },
    };
  }

  test.each([
    ['1 s: what was acknowledged is kept and done', 1_000, true],
    ['4 s: what was said not to be taken never runs', 4_000, false],
  ])(
    '%s',
    async (_name, ms, kept) => {
      const { desk, slow } = await slowable();
      await desk.start();
      await running(desk, ['hosta']);
      await asks(desk, 'hostb');
      const waiting = await card(desk, 'hostb', /Waiting for approval/);
      await desk.drawn();
      slow(ms);
      // Both at once would wait for each other, and the second be refused on the quicker disk too.
      const pressed = await desk.avery.press(waiting, 'Approve');
      const asked = await asks(desk, 'kiosk.corp.example');
      expect([asked.acknowledged, pressed.acknowledged, /NOT taken/.test(asked.body)]).toEqual([
        true,
        true,
        !kept,
      ]);
      expect(await desk.stop()).toBe(0);
      slow(0);
      desk.simulator.tenant.faults.clear();
      await desk.start();
      await card(desk, 'hosta', /Finished/);
      if (kept) await card(desk, 'kiosk', /Waiting for approval/);
      else await desk.avery.press(await card(desk, 'hostb', /Waiting for approval/), 'Approve');
      await card(desk, 'hostb', /Finished/);
      await desk.drawn();
      expect([states(desk, 'hosta'), states(desk, 'hostb'), states(desk, 'kiosk')]).toEqual([
        ['finished'],
        ['finished'],
        kept ? ['awaitingApproval'] : [],
      ]);
      expect([
        cardsOf(desk, 'hosta').length,
        cardsOf(desk, 'hostb').length,
        cardsOf(desk, 'kiosk').length,
      ]).toEqual([1, 1, kept ? 1 : 0]);
      expect(desk.simulator.tenant.submissions).toHaveLength(2);
    },
    120_000,
  );

  test('for ever, before its start has ended: it stops all the same', async () => {
    const { desk, slow } = await slowable();
    let child: ChildProcess | undefined;
    desk.slack.api.refuse = ({ method }) => {
      // By now the journal is open, and the files of the chat are not.
      if (method === 'auth.test') {
        slow(600_000);
        child?.kill('SIGTERM');
      }
      return undefined;
    };
    await desk.start((one) => void (child = one));
    expect(await desk.stop()).toBe(0);
  }, 60_000);
});

/**
 * A chat that takes every connection and answers none of them. `done`: what it is asked it does all the same.
 */
const silence = (done: boolean): Refusal => ({ name: 'silence', kind: 'silence', done });
const withCards: ReadonlySet<string> = new Set(['chat.postMessage', 'chat.update', 'POST', 'PUT']);

describe.each([
  ['does what it is asked', true],
  ['does nothing of it', false],
])('before a Slack that takes a connection, never answers and %s', (_name, done) => {
  test('it stops with cards to be drawn and a private answer under way; afterwards each place has one true card and the answer has come', async () => {
    const desk = await open();
    await desk.start();
    await running(desk, ['hosta']);
    await desk.drawn();
    const asked: string[] = [];
    desk.slack.api.refuse = ({ method }) => {
      asked.push(method);
      return silence(done && withCards.has(method));
    };
    await asks(desk, 'hostb');
    await desk.riley.command(incidents, 'status');
    await desk.slack.until(
      'a private answer and a card under way',
      () => (asked.includes('response_url') && asked.includes('chat.postMessage') ? true : undefined),
      patience,
    );
    expect(await desk.stop()).toBe(0);
    desk.slack.api.refuse = undefined;
    desk.simulator.tenant.faults.clear();
    await desk.start();
    await card(desk, 'hosta', /Finished/);
    await desk.avery.press(await card(desk, 'hostb', /Waiting for approval/), 'Approve');
    await card(desk, 'hostb', /Finished/);
    await desk.slack.until(
      'the private answer',
      () => (answers(desk).length > 0 ? true : undefined),
      patience,
    );
    await desk.drawn();
    expect(answers(desk)).toHaveLength(1);
    expect([states(desk, 'hosta'), states(desk, 'hostb')]).toEqual([['finished'], ['finished']]);
    expect(
      ['hosta', 'hostb'].map(
        (device) => desk.live(incidents).filter((one) => read(one).includes(device)).length,
      ),
    ).toEqual([1, 1]);
    expect(desk.simulator.tenant.submissions).toHaveLength(2);
  }, 120_000);

  /** What the bot told Riley of itself. */
  const answers = ({ slack }: SlackProgram) =>
    slack.world.ephemerals.filter(
      (one) => one.user === 'U0RILEY1' && /Defender/.test(plain(one.text, one.blocks)),
    );
});

describe('before a Slack that never answers the very first call', () => {
  test('it stops, though its start has not ended', async () => {
    const desk = await open();
    desk.slack.api.refuse = ({ method }) => {
      if (method === 'auth.test') child?.kill('SIGTERM');
      return silence(false);
    };
    let child: ChildProcess | undefined;
    await desk.start((one) => void (child = one));
    expect(await desk.stop()).toBe(0);
  }, 60_000);
});

describe.each([
  ['does what it is asked', true],
  ['does nothing of it', false],
])('before a Teams that takes a connection, never answers and %s', (_name, done) => {
  test('it stops with cards to be drawn and a private answer under way; afterwards each place has one true card and the answer has come', async () => {
    const app = new TeamsProgram();
    closers.push(() => app.close());
    await app.open();
    // Every place is known to the bot once somebody was heard there.
    await app.say(ben, channel, 'lr help');
    await app.say(ana, group, 'lr dump hosta OfficeClickToRun --reason "beacon at 02:40"');
    app.simulator.tenant.faults.plant({ what: 'unknownStatus', value: 'InProgress', times: 'always' });
    await app.click(
      ben,
      channel,
      await app.card(channel, /hosta[^]*Waiting for approval|Waiting for approval[^]*hosta/),
      'approve',
    );
    await app.reaches('running');
    await app.say(ana, group, 'lr dump hostb OfficeClickToRun --reason "beacon at 02:40"');
    const waiting = await app.card(channel, /hostb/);
    // In both places, before nothing is answered any more: a post without an answer leaves a second card.
    await app.card(group, /hostb/);
    const asked: string[] = [];
    app.connector.refuse = ({ method, about }) => {
      // The roster still answers, or nobody would be known well enough to be told anything.
      if (method === 'GET') return undefined;
      asked.push(`${method} ${about}`);
      return silence(done && withCards.has(method) && about !== directOf(ana));
    };
    await app.click(ben, channel, waiting, 'approve');
    await app.say(ana, directOf(ana), 'lr status');
    await app.connector.until(() =>
      asked.includes(`POST ${directOf(ana)}`) && asked.some((call) => call.startsWith('PUT'))
        ? true
        : undefined,
    );
    expect(await app.end()).toBe(0);
    app.connector.refuse = undefined;
    app.simulator.tenant.faults.clear();
    await app.run();
    for (const device of [/hosta/, /hostb/])
      for (const place of [channel, group]) {
        const [one, ...more] = await app.connector.until(() => {
          const cards = app.cards(place).filter((message) => device.test(wordsOf(message)));
          return cards.some((message) => wordsOf(message).includes('Finished')) ? cards : undefined;
        }, patience);
        expect([one === undefined ? '' : wordsOf(one), more]).toEqual([
          expect.stringContaining('Finished'),
          [],
        ]);
      }
    const told = (): number => app.alone(ana).filter((message) => /Defender/.test(wordsOf(message))).length;
    await app.connector.until(() => (told() > 0 ? true : undefined), patience);
    expect(told()).toBe(1);
    expect(app.requests().map((one) => stateIn(one))).toEqual(['finished', 'finished']);
    expect(app.simulator.tenant.submissions).toHaveLength(2);
  }, 180_000);
});
