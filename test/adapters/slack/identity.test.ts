// Who decides in Slack: asked of Slack now, and last known only for what stops something. Over real HTTP into
// the real Bolt.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LastKnownFile } from '../../../src/adapters/lastKnown.ts';
import type { CommandIn, PressIn } from '../../../src/bot/ports.ts';
import { createLogBook, openSlackHarness } from '../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../support/slack/slackHarness.ts';
import { testKeys } from '../../support/store/testKeys.ts';

let room: SlackHarness;
beforeEach(async () => {
  room = await openSlackHarness({ timeout: 5_000 });
});
afterEach(() => room.close());

/** What the bot is told of the account. */
async function asked(work: () => Promise<unknown>): Promise<unknown> {
  const before = room.commands.length + room.presses.length;
  await work();
  await room.slack.until('the bot asked', () =>
    room.commands.length + room.presses.length > before ? true : undefined,
  );
  const inputs: readonly (CommandIn | PressIn)[] = [...room.commands, ...room.presses];
  const { trust, lastKnown } =
    (inputs.length === room.commands.length ? room.commands.at(-1) : room.presses.at(-1))?.account ?? {};
  return lastKnown === undefined ? trust : [trust, 'last known'];
}
const typed = (line: string): Promise<unknown> => asked(() => room.slack.person('U2').command('C1', line));
const pressed = (verb: string): Promise<unknown> =>
  asked(() => room.slack.person('U2').press(room.cardWith(verb, 'lr-7f3k2q'), verb));
const told = (words: string): Promise<true> =>
  room.slack.until(`"${words}"`, () => (room.slack.person('U2').told().includes(words) ? true : undefined));
const usersInfo = (): number => room.slack.world.calls.filter((call) => call.method === 'users.info').length;

describe('row 2.11: a person who became a guest a moment ago', () => {
  test.each([
    'approve lr-7f3k2q 1c9e04ab',
    'approve lr-7f3k2q',
    'deny lr-7f3k2q',
    'cancel lr-7f3k2q',
    'freeze now',
    'unfreeze',
    'retry lr-7f3k2q',
    ' DENY lr-7f3k2q',
  ])('is one at the next typed %s', async (line) => {
    expect(await typed('status')).toBe('member');
    room.slack.world.user('U2', { is_restricted: true });
    expect(await typed(line)).toBe('guest');
  });
  test('is remembered as a member for a minute where nothing is decided, and a no is not remembered', async () => {
    await typed('status');
    await typed('list');
    expect(usersInfo()).toBe(1);
    room.slack.world.user('U2', { is_restricted: true });
    expect(await typed('freeze now')).toBe('guest');
    room.slack.world.user('U2', { is_restricted: false });
    expect(await typed('status')).toBe('member');
  });
  test('two presses at the same moment are both judged on readings that began after them', async () => {
    await typed('status');
    room.slack.world.user('U2', { deleted: true });
    await Promise.all([
      pressed('approve'),
      room.slack.person('U2').press(room.cardWith('resend', 'lr-7f3k2q'), 'resend'),
    ]);
    await room.slack.until('both', () => (room.presses.length === 2 ? true : undefined));
    expect(room.presses.map((press) => press.account.trust)).toEqual(['deactivated', 'deactivated']);
  });
});

describe('with users.info failing', () => {
  test.each([
    ['approve', 'approved'],
    ['resend', 'sent again'],
    ['drop', 'dropped'],
    ['again', 'asked for'],
  ])('a press of %s is refused and says so', async (verb, undone) => {
    await typed('status');
    room.slack.fault('users.info', { kind: 'error', error: 'internal_error' }, 99);
    await room.slack.person('U2').press(room.cardWith(verb, 'lr-7f3k2q'), verb);
    await told(
      `Slack could not say who you are just now, so nothing was ${undone}. Press again in a minute.`,
    );
    expect(room.presses).toEqual([]);
  });
  test.each([
    ['approve lr-7f3k2q 1c9e04ab', 'approved'],
    ['unfreeze', 'unfrozen'],
    ['retry lr-7f3k2q', 'asked for'],
  ])('a typed %s is refused and says so', async (line, undone) => {
    await typed('status');
    room.slack.fault('users.info', { kind: 'status', status: 503 }, 99);
    await room.slack.person('U2').command('C1', line);
    await told(
      `Slack could not say who you are just now, so nothing was ${undone}. Type it again in a minute.`,
    );
    expect(room.commands.length).toBe(1);
  });
  test.each(['deny lr-7f3k2q', 'cancel lr-7f3k2q', 'freeze Slack is down'])(
    'a typed %s goes by what Slack last said',
    async (line) => {
      await typed('status');
      room.slack.fault('users.info', { kind: 'error', error: 'ratelimited' }, 99);
      expect(await typed(line)).toEqual(['member', 'last known']);
    },
  );
  test.each(['withdraw', 'cancel', 'deny'])('a press of %s too', async (verb) => {
    await typed('status');
    room.slack.fault('users.info', { kind: 'cutBefore' }, 99);
    expect(await pressed(verb)).toEqual(['member', 'last known']);
  });
  test('a guest and a deactivated account stay what they were, and a person who was never seen is for the policy to know', async () => {
    room.slack.world.user('U2', { is_restricted: true });
    await typed('status');
    room.slack.fault('users.info', { kind: 'status', status: 500 }, 99);
    expect(await typed('deny lr-7f3k2q')).toEqual(['guest', 'last known']);
    expect(await asked(() => room.slack.person('U1').command('C1', 'deny lr-7f3k2q'))).toBe('unknown');
  });
  test('a payload that names somebody else’s workspace is refused, last known or not', async () => {
    await typed('status');
    room.slack.fault('users.info', { kind: 'status', status: 500 }, 99);
    expect(
      await asked(() =>
        room.slack.person('U2').command('C1', 'deny lr-7f3k2q', { payload: { team_id: 'T9' } }),
      ),
    ).toBe('foreignTenant');
  });
  test('an answer that Slack knows nobody of that id is a no', async () => {
    await typed('status');
    room.slack.fault('users.info', { kind: 'error', error: 'user_not_found' }, 99);
    expect(await typed('deny lr-7f3k2q')).toBe('external');
    expect(await typed('approve lr-7f3k2q')).toBe('external');
  });
  test('neither who nor where is waited for when Slack never answers', async () => {
    await typed('status');
    const never = new Promise<void>(() => undefined);
    room.slack.fault('users.info', { kind: 'hold', go: never, never: true }, 99);
    room.slack.fault('conversations.info', { kind: 'hold', go: never, never: true }, 99);
    expect(await typed('cancel lr-7f3k2q')).toEqual(['member', 'last known']);
    expect(room.commands.at(-1)?.place).toMatchObject({ id: 'C1', direct: false });
  });
});

test('what Slack last said counts after a restart', async () => {
  await room.close();
  const log = createLogBook();
  const lastKnown = new Map<string, string>();
  room = await openSlackHarness({ lastKnown });
  await typed('status');
  // As it is in the file of the data folder.
  const file = new LastKnownFile({ folder: room.dataDir, keys: testKeys, log });
  for (const [question, answer] of lastKnown) file.set(question, answer);
  await file.settled();
  const again = new LastKnownFile({ folder: room.dataDir, keys: testKeys, log });
  await room.close();
  room = await openSlackHarness({ lastKnown: again });
  room.slack.fault('users.info', { kind: 'status', status: 500 }, 99);
  expect(await typed('deny lr-7f3k2q')).toEqual(['member', 'last known']);
});
