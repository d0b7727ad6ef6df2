// A freeze (row 1.5): announced once, in every chat, whatever lies between.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChatError } from '../../../src/bot/ports.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import { ask } from '../../support/stories/shorthands.ts';
import type { TestApp } from '../../support/apps/testApp.ts';

let app: TestApp;
afterEach(() => app.close());

describe('a freeze (row 1.5)', () => {
  test('is one sentence on the card, in the refusal and first in every answer, and takes Approve away until it ends', async () => {
    app = await openTestApp();
    await ask(app, 'dump hosta notepad');
    await app.loop.tick();
    const before = app.newest();
    await ask(app, 'freeze odd approvals', 'approver1');
    await app.loop.tick();
    const sentence =
      /Submissions have been frozen by [^.]+ since [^.]+: odd approvals\. Nothing can be asked for, approved or sent until somebody who may unfreeze types "\/lr unfreeze"\./;
    expect(app.card().view.lead).toMatch(sentence);
    expect(app.card().view.buttons.map(({ verb }) => verb)).toEqual(['deny', 'withdraw']);
    expect(textOf(await app.press('approver1', 'approve', { request: before }))).toMatch(sentence);
    for (const line of ['status', 'list', 'host hosta', 'quota', 'help', 'dump hosta other'])
      expect((await ask(app, line)).search(sentence)).toBe(0);
    expect(app.chat.announced.map(({ text }) => text)).toEqual([expect.stringMatching(sentence)]);
    expect(app.chat.announced[0]?.text).toMatch(/^SIMULATED TENANT: /);
    await ask(app, 'unfreeze', 'approver1');
    await app.loop.tick();
    expect(app.card().view.buttons.map(({ verb }) => verb)).toEqual(['approve', 'deny', 'withdraw']);
    expect(app.chat.announced.at(-1)?.text).toMatch(
      /Submissions are no longer frozen: .+ released them\. .*odd approvals/,
    );
  });

  test('made while the bot was down, or right before its end, is announced after the start, once', async () => {
    app = await openTestApp();
    await app.store.note({ type: 'frozen', by: 'root at the machine', why: 'odd approvals' });
    await app.restart();
    await app.loop.tick();
    expect(app.chat.announced.map(({ text }) => text)).toEqual([expect.stringContaining('odd approvals')]);
    await app.restart();
    await app.loop.tick();
    expect(app.chat.announced).toHaveLength(1);
    await app.store.note({ type: 'unfrozen', by: 'Avery Approver' });
    await app.restart();
    await app.loop.tick();
    expect(app.chat.announced.slice(1).map(({ text }) => text)).toEqual([
      expect.stringContaining('no longer frozen'),
    ]);
  });

  test('is not released by what was typed before it and taken up after a restart', async () => {
    app = await openTestApp();
    const earlier = app.clock.now();
    app.clock.move(1_000);
    await ask(app, 'freeze odd approvals', 'approver1');
    const input = {
      surface: 'console',
      account: { surface: 'console', id: 'approver1', trust: 'member' as const },
      place: { surface: 'console', id: 'incidents', direct: false, external: false },
      text: 'unfreeze',
    };
    expect(textOf(await app.bot.command({ ...input, deliveryId: 'd1', cameIn: earlier }))).toMatch(
      /^Nothing was released: this came in before the freeze.*odd approvals/,
    );
    expect(app.store.freeze()).toBeDefined();
    expect(textOf(await app.bot.command({ ...input, deliveryId: 'd2', cameIn: app.clock.now() }))).toMatch(
      /^Unfrozen/,
    );
  });

  test('whose announcement a chat lets wait holds up nothing: the worker goes on', async () => {
    app = await openTestApp();
    let go = (): void => undefined;
    let asked = 0;
    app.chat.announce = () => {
      asked += 1;
      return new Promise((resolve) => (go = resolve));
    };
    await ask(app, 'freeze odd approvals', 'approver1');
    expect(await app.loop.announcing.pass()).toBeUndefined();
    expect(await app.loop.announcing.pass()).toBeUndefined();
    expect(asked).toBe(1);
    expect(app.store.announcedFreeze()).toBeUndefined();
    go();
    await app.loop.announcing.settled();
    await app.loop.announcing.pass();
    expect(app.store.announcedFreeze()).toMatchObject({ why: 'odd approvals' });
    await app.loop.announcing.pass();
    const journal = readdirSync(app.dir)
      .filter((name) => name.endsWith('.ndjson'))
      .map((name) => readFileSync(join(app.dir, name), 'utf8'));
    expect(journal.join('').split('"freezeAnnounced"')).toHaveLength(2);
  });

  test('released and made again by the same person at once, is announced with its new reason', async () => {
    app = await openTestApp();
    await ask(app, 'freeze odd approvals', 'approver1');
    await app.loop.tick();
    app.clock.move(1_000);
    await ask(app, 'unfreeze', 'approver1');
    await ask(app, 'freeze another reason', 'approver1');
    await app.loop.tick();
    expect(app.chat.announced.slice(1).map(({ text }) => text)).toEqual([
      expect.stringContaining('another reason'),
    ]);
  });

  test('whose announcement a chat refuses stands at once, and is announced when the chat takes it', async () => {
    app = await openTestApp();
    app.chat.failNext(new ChatError('unavailable', 'down'), 3);
    expect(await ask(app, 'freeze odd approvals', 'approver1')).toMatch(/^Frozen:/);
    await app.loop.tick();
    expect(app.chat.announced).toEqual([]);
    await app.run(60_000);
    expect(app.chat.announced).toHaveLength(1);
  });

  const announcements = (): number => app.chat.calls.filter((call) => call.startsWith('announce')).length;

  test.each([
    ['in words that a chat will never take', 'rejected', 0],
    ['in a place that was closed for an hour', 'closed', 3_600_001],
  ] as const)('is not announced for ever %s, nor again by the next start', async (_where, code, later) => {
    app = await openTestApp();
    app.chat.refuse = (call) => (call.startsWith('announce') ? new ChatError(code, 'refused') : undefined);
    await ask(app, 'freeze odd approvals', 'approver1');
    await app.loop.tick();
    app.clock.move(later);
    await app.loop.tick();
    const tried = announcements();
    expect(tried).toBe(later === 0 ? 1 : 2);
    await app.run(5 * 60_000);
    expect(announcements()).toBe(tried);
    await app.restart();
    await app.loop.tick();
    expect(announcements()).toBe(tried);
  });

  test('is announced no earlier than the chat asked for', async () => {
    app = await openTestApp();
    app.chat.failNext(new ChatError('throttled', 'slow down', { retryAfterMs: 90_000 }));
    await ask(app, 'freeze odd approvals', 'approver1');
    await app.run(80_000);
    expect(announcements()).toBe(1);
    await app.run(20_000);
    expect(app.chat.announced).toHaveLength(1);
  });

  test.each([
    ['was taken late', undefined],
    ['failed late', new ChatError('rejected', 'refused')],
  ])(
    'and released while its announcement was under way, is announced as released though that %s',
    async (_how, error) => {
      app = await openTestApp();
      let settle = (): void => undefined;
      const announce = app.chat.announce.bind(app.chat);
      app.chat.announce = () =>
        new Promise((resolve, reject) => {
          settle = () => (error === undefined ? resolve() : reject(error));
        });
      await ask(app, 'freeze odd approvals', 'approver1');
      await app.loop.announcing.pass();
      await ask(app, 'unfreeze', 'approver1');
      await app.loop.announcing.pass();
      app.chat.announce = announce;
      settle();
      await app.loop.announcing.settled();
      await app.loop.tick();
      expect(app.chat.announced.map(({ text }) => text)).toEqual([
        expect.stringContaining('no longer frozen: Avery Approver'),
      ]);
    },
  );
});
