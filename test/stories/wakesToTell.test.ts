// Workers that tell people something wake when it is due: announcements, cards, and the outlook on Defender.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChatError } from '../../src/bot/ports.ts';
import { textOf } from '../support/apps/testApp.ts';
import { openWorkingTestApp } from '../support/apps/workingTestApp.ts';
import type { WorkingTestApp } from '../support/apps/workingTestApp.ts';
import { asked, faults, wakesIn } from '../support/stories/wakes.ts';

let app: WorkingTestApp;
afterEach(() => app.close());

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

describe('announcing', () => {
  test('tries again 2 s, then 5 s after a chat did not take it', async () => {
    app = await openWorkingTestApp();
    app.chat.refuse = (call) =>
      call.startsWith('announce') ? new ChatError('unavailable', 'out of reach') : undefined;
    await app.say('approver1', 'freeze odd approvals');
    await app.clock.settle();
    for (const wait of [2, 5, 15]) {
      expect(wakesIn(app, 'announcing')).toBe(wait * second);
      await app.run(wait * second);
    }
  });
});

describe('cards', () => {
  const refusing = (error: ChatError) => (call: string) => (call === 'post incidents' ? error : undefined);

  test.each([
    ['a chat that is out of reach', new ChatError('unavailable', 'out of reach')],
    ['a place that is closed', new ChatError('closed', 'not_in_channel')],
  ])('try again 2 s, 5 s and 15 s after %s', async (_what, error) => {
    app = await openWorkingTestApp();
    app.chat.refuse = refusing(error);
    await asked(app);
    for (const wait of [2, 5, 15]) {
      expect(wakesIn(app, 'cards')).toBeLessThanOrEqual(wait * second);
      const before = app.chat.calls.filter((call) => call === 'post incidents').length;
      await app.run(wait * second);
      expect(app.chat.calls.filter((call) => call === 'post incidents').length).toBe(before + 1);
    }
  });

  test('a pace that a chat sets is told to the requester after 10 s', async () => {
    app = await openWorkingTestApp();
    app.chat.refuse = refusing(new ChatError('throttled', 'slower', { retryAfterMs: hour }));
    await asked(app);
    expect(wakesIn(app, 'cards')).toBeLessThanOrEqual(10 * second);
    expect(app.chat.whispers).toEqual([]);
    await app.run(10 * second);
    expect(app.chat.whispers).toHaveLength(1);
  });

  test('what goes wrong right after a message to the same person is told 5 s after it', async () => {
    app = await openWorkingTestApp();
    app.chat.refuse = refusing(new ChatError('closed', 'not_in_channel'));
    await asked(app, 'dump hosta one', 'soc-private');
    // By now the place is asked every five minutes.
    await app.run(30 * minute - 30 * second);
    await asked(app, 'dump hosta two', 'soc-private');
    const told = app.chat.whispers.length;
    await asked(app, 'dump hosta three', 'soc-private');
    expect(app.chat.whispers).toHaveLength(told);
    expect(wakesIn(app, 'cards')).toBeLessThanOrEqual(5 * second);
    await app.run(5 * second);
    expect(app.chat.whispers.at(-1)?.text).toContain(app.newest().id);
  });

  test('a private message that a chat did not take is tried again after 2 s', async () => {
    app = await openWorkingTestApp();
    const closed = refusing(new ChatError('closed', 'not_in_channel'));
    app.chat.refuse = closed;
    await asked(app, 'dump hosta one', 'soc-private');
    await app.run(30 * minute - 30 * second);
    app.chat.refuse = (call) =>
      closed(call) ?? (call === 'whisper' ? new ChatError('unavailable', 'out of reach') : undefined);
    await asked(app, 'dump hosta two', 'soc-private');
    expect(wakesIn(app, 'cards')).toBeLessThanOrEqual(2 * second);
    app.chat.refuse = closed;
    await app.run(2 * second);
    expect(app.chat.whispers.at(-1)?.text).toContain(app.newest().id);
  });
});

describe('outlook', () => {
  test('looks again after 30 s while Defender cannot be read', async () => {
    app = await openWorkingTestApp();
    faults(app).plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    await app.when('the outage', () => !app.loop.outlook.defender().readable, 6 * minute);
    await app.clock.settle();
    expect(wakesIn(app, 'outlook')).toBeLessThanOrEqual(30 * second);
  });

  test.each([
    ['the script library', 'library', 'scripts'],
    ['devices', 'machines', 'host hosta'],
  ] as const)(
    'looks by itself at %s while people were told that it fails, and says so no more within 30 s of its end',
    async (_what, on, line) => {
      app = await openWorkingTestApp();
      faults(app).plant({ what: 'status', on, status: 503, times: 'always' });
      for (let n = 0; n < 3; n += 1) await app.say('responder1', line);
      expect(textOf(await app.say('responder1', 'status'))).toContain('FAILING');
      await app.run(5 * minute);
      expect(textOf(await app.say('responder1', 'status'))).toContain('FAILING');
      faults(app).clear();
      await app.run(31 * second);
      expect(textOf(await app.say('responder1', 'status'))).not.toMatch(/failing/i);
    },
  );

  test('asks only every five minutes whether a right that is missing was given', async () => {
    app = await openWorkingTestApp();
    faults(app).plant({ what: 'status', on: 'library', status: 403, times: 1_000 });
    for (let n = 0; n < 3; n += 1) await app.say('responder1', 'scripts');
    const calls = (): number => 1_000 - Number(faults(app).planted()[0]?.times);
    const before = calls();
    await app.run(20 * minute);
    expect(calls() - before).toBe(4);
  });

  test('what fails while sessions are followed is looked at all the same', async () => {
    app = await openWorkingTestApp();
    await app.say('responder1', 'dump laptop7 notepad');
    await app.press('approver1', 'approve');
    await app.until('running');
    faults(app).plant({ what: 'status', on: 'machines', status: 503, times: 'always' });
    for (let n = 0; n < 3; n += 1) await app.say('responder1', 'host hosta');
    faults(app).clear();
    await app.run(61 * second);
    expect(textOf(await app.say('responder1', 'status'))).not.toMatch(/failing/i);
  });

  test('asks Defender every five minutes while all is well, though it wakes every minute', async () => {
    app = await openWorkingTestApp();
    faults(app).plant({ what: 'extraFields', on: 'list', times: 1_000 });
    const calls = (): number => 1_000 - Number(faults(app).planted()[0]?.times);
    await app.run(20 * minute);
    expect(calls()).toBe(4);
  });
});
