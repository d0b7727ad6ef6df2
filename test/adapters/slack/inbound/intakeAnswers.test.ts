// Answers to Slack deliveries: tried again while they are worth saying, and what a refusal of Slack's means.
import { afterEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClock } from '../../../../src/adapters/clock.ts';
import { hasty, openSlackHarness, sentence } from '../../../support/slack/slackHarness.ts';
import type { RoomOptions, SlackHarness } from '../../../support/slack/slackHarness.ts';

let room: SlackHarness;
afterEach(() => room.close());
async function open(options: RoomOptions = {}): Promise<void> {
  room = await openSlackHarness(options);
  room.slack.api.rates = false;
}

const file = (): string => join(room.dataDir, 'slack-deliveries.ndjson');
/** Resolves when the newest delivery is written down as answered. */
const isDone = (): Promise<true> =>
  room.slack.until('a delivery that is done', () =>
    written().split('\n').at(-2)?.includes('"memo"') === false &&
    written().split('\n').at(-2)?.includes('"begun":true') === false
      ? true
      : undefined,
  );
const written = (): string => readFileSync(file(), 'utf8');

describe('row 1.10: an answer', () => {
  test('arrives when users.info, response_url and postEphemeral all fail for a moment', async () => {
    await open({ clock: hasty });
    const nowhere = { payload: { response_url: `${room.slack.api.origin}/respond/none` } };
    room.slack.fault('users.info', { kind: 'cutBefore' });
    room.slack.fault('chat.postEphemeral', { kind: 'status', status: 503 }, 3);
    room.slack.fault('chat.postMessage', { kind: 'cutBefore' }, 2);
    expect((await room.slack.person('U1').command('C1', 'dump hosta x', nowhere)).acknowledged).toBe(true);
    expect(await room.toldTo('U1', 'so this was not done')).toContain('Try again in a moment');
    await isDone();
  });

  test('goes by the response_url when that works again, whose five uses are spread over the half hour', async () => {
    await open({ clock: hasty });
    room.answer = () => sentence('by the address');
    room.slack.fault('chat.postEphemeral', { kind: 'status', status: 503 }, 100);
    room.slack.fault('chat.postMessage', { kind: 'status', status: 503 }, 100);
    const address = { user: 'U1', channel: 'C1', at: Date.now(), uses: 9 };
    room.slack.world.responseUrls.set('r9', address);
    await room.slack
      .person('U1')
      .command('C1', 'status', { payload: { response_url: `${room.slack.api.origin}/respond/r9` } });
    await room.slack.until('a second try', () =>
      room.log.lines.filter((line) => line.event === 'slackAnswerLate').length >= 2 ? true : undefined,
    );
    address.uses = 0;
    await room.toldTo('U1', 'by the address');
    expect(room.slack.world.ephemerals[0]?.via).toBe('response_url');
  });

  test('that is still owed when the bot stops is given by the next process', async () => {
    await open();
    room.answer = () => sentence('owed');
    room.slack.fault('chat.postEphemeral', { kind: 'status', status: 503 });
    await room.slack.person('U1').mention('C1', 'status');
    await room.slack.until('a failed try', () =>
      room.log.lines.find((line) => line.event === 'slackAnswerLate'),
    );
    await room.restart();
    await room.toldTo('U1', 'owed');
    expect(room.commands.map(({ deliveryId }) => deliveryId)).toEqual([
      room.commands[0]?.deliveryId,
      room.commands[0]?.deliveryId,
    ]);
  });

  test('that nobody takes for half an hour is given up, and logged', async () => {
    await open({
      clock: {
        ...hasty,
        elapsed: () => performance.now() * 10_000,
        sleep: (ms, signal) => createClock().sleep(ms / 10_000, signal),
      },
    });
    room.answer = () => sentence('never heard');
    room.slack.fault('chat.postEphemeral', { kind: 'status', status: 503 }, 1_000);
    room.slack.fault('chat.postMessage', { kind: 'status', status: 503 }, 1_000);
    await room.slack.person('U1').mention('C1', 'status');
    await room.slack.until('the end', () => room.log.lines.find((line) => line.event === 'slackNotTold'));
    await isDone();
  });
});

describe('row 1.10: what Slack says no to', () => {
  test.each([
    [
      'missing_scope',
      /refused users\.info to the bot \(missing_scope\).*Trying again will not help.*lacks a scope/,
    ],
    ['token_revoked', /does not accept the bot's token \(token_revoked\).*Trying again will not help/],
    [
      'access_denied',
      /refused users\.info to the bot \(access_denied\).*Try again in a moment; if that lasts/,
    ],
    ['fatal_error', /did not answer the bot \(fatal_error\).*Try again in a moment\.$/],
  ])('%s is told as what it is', async (error, words) => {
    await open();
    room.slack.fault('users.info', { kind: 'error', error });
    await room.slack.person('U1').command('C1', 'status');
    expect(await room.toldTo('U1', 'so this was not done')).toMatch(words);
  });
});
