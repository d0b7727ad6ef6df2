// A socket that Slack leaves deaf, seen from outside the process: /readyz says so first, then the process
// ends with 1, for its supervisor.
import { afterEach, expect, test } from '@jest/globals';
import { openSlackProgram } from '../../support/slack/slackProgram.ts';
import type { SlackProgram } from '../../support/slack/slackProgram.ts';
import type { SocketMood } from '../../../src/demo/slack/server.ts';
import { privateRoom } from '../../support/slack/slackTestApp.ts';

const desks: SlackProgram[] = [];
afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.close();
});

async function openDesk(more: Readonly<Record<string, string>> = {}): Promise<SlackProgram> {
  const desk = await openSlackProgram({ socket: true, settings: { ...settings, ...more } });
  desks.push(desk);
  return desk;
}

/** The least that is accepted; two minutes when nothing is set. */
const settings = { SLACK_DEAF_AFTER: '10s' };
/**
 * Milliseconds: the five seconds in which the SDK misses its pong, the ten above, what stopping takes, and a
 * busy machine.
 */
const patience = 40_000;

async function degraded(desk: SlackProgram): Promise<string> {
  const deadline = performance.now() + patience;
  while (performance.now() < deadline) {
    const answer = await fetch(`${await desk.program().adminUrl()}/readyz`);
    const { status, reasons } = (await answer.json()) as {
      readonly status: string;
      readonly reasons?: readonly string[];
    };
    if (status === 'degraded') return String(reasons);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('/readyz went on saying ready');
}

/** A running bot whose sockets become like that: degraded, then the end, and the next start goes on. */
async function outlives(mood: SocketMood): Promise<void> {
  const desk = await openDesk();
  await desk.start();
  await desk.riley.command(privateRoom, 'dump hosta OfficeClickToRun');
  await desk.shows(/Waiting for approval/, privateRoom);
  expect((await fetch(`${desk.url()}/readyz`)).status).toBe(200);

  const began = performance.now();
  desk.slack.api.socketMood = mood;
  expect(await degraded(desk)).toContain('No connection to Slack for');
  expect(await desk.program().ended).toBe(1);
  expect(performance.now() - began).toBeLessThan(patience);
  expect(performance.now() - began).toBeGreaterThan(10_000);
  expect(desk.program().stderr()).toMatch(
    /No connection to Slack for 1\d s: .+\nThe bot ends, to be started again\./,
  );

  desk.slack.api.socketMood = 'open';
  await desk.start();
  const card = await desk.shows(/Waiting for approval/, privateRoom);
  await desk.avery.press(card, 'Approve');
  await desk.shows(/Finished/, privateRoom);
  expect(desk.live(privateRoom)).toHaveLength(1);
}

// `deaf`: not even a pong comes back, and new sockets never say hello. `refused`: cut, and no new one. Both
// at once, because each takes its time.
test('a bot whose socket is deaf, and one whose sockets are refused, say so on /readyz and then end with exit code 1', async () => {
  await Promise.all([outlives('deaf'), outlives('refused')]);
}, 90_000);

test('a start whose socket never hears hello says what to look at and goes on trying, and works once Slack says hello', async () => {
  const desk = await openDesk();
  desk.slack.api.socketMood = 'deaf';
  await desk.start();
  const deadline = performance.now() + patience;
  let answer = await fetch(`${await desk.program().adminUrl()}/readyz`);
  while (answer.status !== 503 && performance.now() < deadline) {
    await answer.body?.cancel();
    answer = await fetch(`${await desk.program().adminUrl()}/readyz`);
  }
  expect(await answer.text()).toMatch(
    /cannot be connected to by Socket Mode: No connection to Slack for 1\d s/,
  );
  expect((await fetch(`${desk.url()}/healthz`)).status).toBe(200);
  desk.slack.api.socketMood = 'open';
  // What is typed before Slack has a socket to send it on never comes.
  while ((await fetch(`${desk.url()}/readyz`)).status !== 200)
    await new Promise((resolve) => setTimeout(resolve, 100));
  await desk.slack.until('a socket', () => (desk.slack.api.sockets.size > 0 ? true : undefined));
  await desk.riley.command(privateRoom, 'dump hosta OfficeClickToRun');
  await desk.shows(/Waiting for approval/, privateRoom);
}, 90_000);

test('a start with an app token that Slack does not take ends with 2: no restart will mend that', async () => {
  const desk = await openDesk({ SLACK_APP_TOKEN: 'xapp-wrong' });
  await expect(desk.start()).rejects.toThrow(/ended with 2 before its first line[\s\S]*SLACK_APP_TOKEN/);
});
