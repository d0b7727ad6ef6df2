// Guards that every other story passes without: each test here turns red when its one guard is taken out
// (field faults, section 6).
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ChatError } from '../../../src/bot/ports.ts';
import { approvedHouse, openTestApp, textOf } from '../../support/apps/testApp.ts';
import { createStoryChat } from '../../support/apps/storyChat.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import type { StoryChat } from '../../support/apps/storyChat.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('in the test app', () => {
  let app: TestApp;
  afterEach(() => app.close());

  /** A chat whose place becomes shared with another organisation when somebody says so. */
  function shareable(): { readonly chat: StoryChat; shared: boolean } {
    const state = { shared: false, chat: createStoryChat() };
    Object.assign(state.chat, { external: () => Promise.resolve(state.shared) });
    return state;
  }

  test('results do not come onto the card of a channel that has become shared with another organisation', async () => {
    const place = shareable();
    app = await approvedHouse('dump hosta notepad', { chats: [place.chat] });
    await app.until('running');
    place.shared = true;
    await app.until('finished');
    await app.run(minute);
    expect(app.card().view.status).toContain('Finished');
    expect(app.card().view).toMatchObject({ excerpts: [], links: [] });
  });

  test('nor onto the card that is posted there in the place of one that was deleted', async () => {
    const place = shareable();
    app = await approvedHouse('dump hosta notepad', { chats: [place.chat] });
    await app.until('finished');
    await app.run(minute);
    expect(app.card().view.links).not.toEqual([]);
    place.shared = true;
    const [id] = [...place.chat.cards.entries()].findLast(([, card]) => card.place === 'incidents') ?? [''];
    place.chat.cards.delete(id);
    await app.run(hour);
    const { intent } = app.card();
    expect(app.store.get(app.newest().id)?.cards.at(-1)).toMatchObject({ intent });
    expect(app.card().view).toMatchObject({ excerpts: [], links: [] });
  });

  test('a request that may have run keeps its device from the next one, also when it is looked for no longer', async () => {
    app = await approvedHouse('dump hosta notepad', {}, ({ simulator }) =>
      simulator.tenant.faults.plant({ what: 'reset', on: 'run' }),
    );
    await app.until('unknown');
    await app.run(15 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', searches: 6 });
    await app.say('responder2', 'dump hosta calc');
    await app.press('approver1', 'approve');
    await app.run(minute);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'queued',
      waitsFor: 'deviceBusy',
      blocker: { by: 'request', undecided: true },
    });
    expect(app.simulator.tenant.submissions).toHaveLength(0);
  });

  /** Resolves while the library is being read for what was approved; the answer takes a moment. */
  async function reading(): Promise<{ readonly done: Promise<void> }> {
    const { faults } = app.simulator.tenant;
    faults.plant({ what: 'delay', on: 'library', ms: 1_500 });
    await app.loop.submission.pass();
    while (faults.planted().length > 0) await new Promise((resolve) => setImmediate(resolve));
    return { done: app.loop.submission.settled() };
  }

  test.each([
    ['frozen', () => app.say('approver1', 'freeze odd approvals'), 'queued'],
    [
      'out of its time',
      () => {
        app.clock.move(31 * minute);
        return Promise.resolve();
      },
      'closed',
    ],
  ] as const)(
    'what was %s while device and library were read before the POST is not sent',
    async (_name, happens, state) => {
      app = await approvedHouse('dump hosta notepad');
      const { done } = await reading();
      await happens();
      await done;
      await app.run(minute);
      expect(app.simulator.tenant.submissions).toHaveLength(0);
      expect(stageOf(app.newest()).state).toBe(state);
    },
  );

  /** What a press is told whose library answers only after something else has happened. */
  async function pressedMeanwhile(verb: 'approve' | 'resend', happens: () => unknown): Promise<string> {
    const { faults } = app.simulator.tenant;
    faults.plant({ what: 'delay', on: 'library', ms: 1_500 });
    const pressed = app.press('approver1', verb);
    while (faults.planted().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await happens();
    return textOf(await pressed);
  }

  test.each<readonly [string, () => unknown, RegExp, string]>([
    ['frozen', () => app.say('approver1', 'freeze odd approvals'), /frozen by/i, 'awaitingApproval'],
    [
      'out of its time',
      () => {
        app.clock.move(61 * minute);
      },
      /expired/,
      'awaitingApproval',
    ],
    ['withdrawn', () => app.press('responder1', 'withdraw'), /withdrawn by Riley/, 'closed'],
    ['approved by somebody else', () => app.press('responder2', 'approve'), /approved/i, 'queued'],
  ])(
    'what was %s while the library was read for an approval is not approved by it',
    async (_name, happens, said, state) => {
      app = await openTestApp();
      await app.say('responder1', 'dump hosta notepad');
      await app.loop.tick();
      const told = await pressedMeanwhile('approve', happens);
      expect(told).toMatch(said);
      expect(told).not.toMatch(/Something broke|^Approved lr/);
      expect(stageOf(app.newest()).state).toBe(state);
      if (state === 'queued')
        expect(app.newest()).toMatchObject({
          sessions: [{ grant: { votes: [{ by: { id: 'responder2' } }] } }],
        });
    },
  );

  test.each<readonly [string, () => unknown, RegExp, string]>([
    ['frozen', () => app.say('approver1', 'freeze odd approvals'), /frozen by/i, 'unknown'],
    [
      'dropped',
      () => app.press('responder1', 'drop'),
      /dropped while nobody knew whether it ran, by Riley/,
      'closed',
    ],
  ])(
    'what was %s while the library was read for sending again is not sent again',
    async (_name, happens, said, state) => {
      app = await approvedHouse('dump hosta notepad', {}, ({ simulator }) =>
        simulator.tenant.faults.plant({ what: 'reset', on: 'run' }),
      );
      await app.until('unknown');
      await app.run(15 * minute);
      const told = await pressedMeanwhile('resend', happens);
      expect(told).toMatch(said);
      expect(told).not.toMatch(/Something broke/);
      expect(stageOf(app.newest()).state).toBe(state);
    },
  );

  test('of two who cancel at the same moment, the second is told of the first', async () => {
    app = await approvedHouse('dump laptop7 notepad');
    await app.until('running');
    const told = await Promise.all(
      ['responder1', 'approver1'].map((who) => app.press(who, 'cancel').then(textOf)),
    );
    expect(told.filter((text) => /already/.test(text))).toHaveLength(1);
    expect(told.join()).not.toContain('Something broke');
  });

  /** A chat that at times cannot tell who reads along. */
  function unreadable(unread: boolean): { readonly chat: StoryChat; unread: boolean } {
    const state = { unread, chat: createStoryChat() };
    Object.assign(state.chat, {
      external: () =>
        state.unread ? Promise.reject(new ChatError('unavailable', 'not told')) : Promise.resolve(false),
    });
    return state;
  }

  test('results stay off a card while it cannot be told who reads along there, and come once it can', async () => {
    const place = unreadable(true);
    app = await approvedHouse('dump hosta notepad', { chats: [place.chat] });
    await app.until('finished');
    await app.run(2 * minute);
    expect(app.card().view.status).toContain('Finished');
    expect(app.card().view).toMatchObject({ excerpts: [], links: [] });
    expect(app.loop.cardSync.behind()).toBe(1);
    place.unread = false;
    await app.run(6 * minute);
    expect(app.card().view.excerpts).not.toEqual([]);
    expect(app.loop.cardSync.behind()).toBe(0);
  });

  test('and off one that is posted then in the place of one that was deleted', async () => {
    const place = unreadable(false);
    app = await approvedHouse('dump hosta notepad', { chats: [place.chat] });
    await app.until('finished');
    await app.run(minute);
    expect(app.card().view.excerpts).not.toEqual([]);
    place.unread = true;
    place.chat.cards.clear();
    await app.run(40 * minute);
    expect(app.card().view.excerpts).toEqual([]);
    place.unread = false;
    await app.run(6 * minute);
    expect(app.card().view.excerpts).not.toEqual([]);
  });

  test('a private link is made for the file it was asked for', async () => {
    app = await approvedHouse(
      'on hosta get C:\\Windows\\System32\\drivers\\etc\\hosts ; get C:\\Windows\\System32\\winevt\\Logs\\System.evtx',
    );
    await app.until('finished');
    await app.run(minute);
    const path = (url: string | undefined): string => new URL(url ?? '').pathname;
    const onCard = app.card().view.links.map(({ url }) => path(url));
    expect(new Set(onCard).size).toBe(2);
    for (const index of [0, 1]) {
      const reply = await app.say('responder1', `link ${app.newest().id} ${index}`);
      expect([index, reply.kind === 'sentence' ? path(reply.link?.url) : textOf(reply)]).toEqual([
        index,
        onCard[index],
      ]);
    }
  });

  test('the texts of script output are removed when their time is over, and not before', async () => {
    app = await approvedHouse('dump hosta notepad', { settings: { outputRetention: 5 * hour } });
    await app.until('finished');
    await app.run(minute);
    const kept = () => readdirSync(join(app.dir, 'outputs'));
    expect(kept()).toHaveLength(1);
    app.clock.move(4 * hour);
    await app.loop.tick();
    expect(kept()).toHaveLength(1);
    app.clock.move(2 * hour);
    await app.loop.tick();
    expect(kept()).toEqual([]);
  });

  test('a session that Defender does not know in four readings is followed on, and lost sight of at the fifth', async () => {
    app = await approvedHouse('dump laptop7 notepad');
    await app.until('running');
    const { faults } = app.simulator.tenant;
    const missing = async (readings: number): Promise<void> => {
      faults.plant({ what: 'staleList', on: 'list', ms: 24 * hour, times: 'always' });
      faults.plant({ what: 'status', on: 'get', status: 404, times: 'always' });
      for (let reading = 0; reading < readings; reading += 1) await app.loop.following.pass();
      faults.clear();
    };
    await missing(4);
    expect(stageOf(app.newest()).state).toBe('running');
    await app.loop.following.pass();
    await missing(4);
    expect(stageOf(app.newest()).state).toBe('running');
    await missing(1);
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', cause: 'actionMissing' });
  });
});
