// Row 1.13: our clock minutes off. Every signed request is refused for its time; readiness says why, by
// Slack's own Date header.
import { afterEach, describe, expect, test } from '@jest/globals';
import { createClock } from '../../../src/adapters/clock.ts';
import { SlackTime } from '../../../src/adapters/slack/inbound/guard.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { openSlackHarness } from '../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../support/slack/slackHarness.ts';

const minute = 60_000;
let room: SlackHarness | undefined;
afterEach(async () => {
  await room?.close();
  room = undefined;
});

describe.each([
  ['6 minutes behind', -6],
  ['7 minutes ahead of', 7],
])('a clock that is %s Slack’s', (words, minutes) => {
  test('is said by readiness, with the requests it has refused, and forgotten when it is set', async () => {
    let off = minutes * minute;
    const opened = (room = await openSlackHarness({
      clock: { ...createClock(), now: () => Date.now() + off },
    }));
    const check = () => opened.adapter.checks().find(({ name }) => name === 'slackClock');
    // The start has asked Slack who we are: that is answer enough.
    expect(check()?.ok).toBe(false);
    expect(check()?.why).toContain(`clock is ${words} Slack's`);
    expect((await opened.slack.person('U1').command('C1', 'status')).status).toBe(401);
    expect(check()?.why).toMatch(/requests are refused, 1 since .+ Set it, and keep it by NTP/);
    off = 0;
    await opened.slack.person('U1').command('C1', 'status');
    await opened.slack.until('an answer of Slack', () => (check()?.ok === true ? true : undefined));
  });

  test('is noticed at the first refused request, also hours after Slack last answered', async () => {
    let off = 0;
    const opened = (room = await openSlackHarness({
      clock: { ...createClock(), now: () => Date.now() + off },
    }));
    const check = () => opened.adapter.checks().find(({ name }) => name === 'slackClock');
    expect(check()).toEqual({ name: 'slackClock', ok: true });
    off = minutes * minute;
    await opened.slack.person('U1').command('C1', 'status');
    await opened.slack.until('what is wrong', () => (check()?.ok === false ? true : undefined));
    expect(check()?.why).toContain(words);
  });
});

test('old requests sent again by somebody do not make a good clock a wrong one', async () => {
  const opened = (room = await openSlackHarness());
  for (const seconds of [-361, 361])
    expect(
      (await opened.slack.send('command=%2Flr', { timestamp: Math.floor(Date.now() / 1000) + seconds }))
        .status,
    ).toBe(401);
  expect(opened.adapter.checks().every(({ ok }) => ok)).toBe(true);
});

test('in Socket Mode nothing is refused for it, so the bot stays ready and says what is wrong', async () => {
  const opened = (room = await openSlackHarness({
    socket: true,
    clock: { ...createClock(), now: () => Date.now() - 6 * minute },
  }));
  expect((await opened.slack.person('U1').command('C1', 'status')).acknowledged).toBe(true);
  const check = opened.adapter.checks().find(({ name }) => name === 'slackClock');
  expect(check?.ok).toBe(true);
  expect(check?.why).toContain('6 minutes behind');
});

test('an answer without a time, or with one that is none, tells nothing', () => {
  const clock = createManualClock();
  const time = new SlackTime({ clock, signed: true, ask: () => undefined });
  for (const date of [null, '', 'soon']) time.heard(date);
  expect(time.check()).toEqual({ name: 'slackClock', ok: true });
  time.heard(new Date(clock.now() - 5 * 60 * minute).toUTCString());
  expect(time.check().why).toContain('5 hours ahead of');
});
