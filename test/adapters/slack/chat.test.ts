// Cards in Slack: posted once, drawn again, and every refusal of Slack as the one code that `CardSync` acts on.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CardView } from '../../../cards/view.ts';
import { ChatError } from '../../../src/bot/ports.ts';
import type { CardRef } from '../../../src/liveResponse/request/request.ts';
import { read } from '../../../src/demo/slack/fakeSlack.ts';
import { openSlackHarness } from '../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../support/slack/slackHarness.ts';

let room: SlackHarness;
beforeEach(async () => {
  room = await openSlackHarness();
});
afterEach(() => room.close());

const view: CardView = {
  requestId: 'lr-abc123',
  revision: 1,
  fingerprint: 'f00d',
  title: 'Dump OfficeClickToRun on hosta',
  status: 'Waiting for approval',
  tone: 'attention',
  lead: 'Another person has to approve this.',
  facts: [{ label: 'Device', value: 'hosta' }],
  steps: [{ index: 0, command: 'RunScript minidump.ps1', status: 'waiting', tone: 'neutral' }],
  excerpts: [],
  links: [],
  notes: [],
  buttons: [{ verb: 'approve', label: 'Approve', style: 'primary', spoken: 'Approve dump on hosta' }],
  fallback: 'Riley asks for a dump on hosta.',
};

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => (error instanceof ChatError ? error.code : 'not a ChatError'),
  );
}
const posted = (): Promise<CardRef> => room.adapter.chat.post('C1', view, 'intent1');

describe('a post', () => {
  test('answers where it was posted, and carries request and intent for ourselves alone', async () => {
    const ref = await posted();
    const [card] = room.slack.cards('C1');
    expect(ref).toEqual({ surface: 'slack', place: 'C1', id: card?.ts });
    expect(card?.metadata).toEqual({
      event_type: 'live_response_card',
      event_payload: { request: 'lr-abc123', intent: 'intent1' },
    });
    expect(card?.args).toMatchObject({
      unfurl_links: 'false',
      unfurl_media: 'false',
      parse: 'none',
      link_names: 'false',
      text: view.fallback,
    });
  });

  test.each([
    ['not_in_channel', 'closed'],
    ['channel_not_found', 'closed'],
    ['is_archived', 'closed'],
    ['restricted_action', 'closed'],
    ['token_revoked', 'unavailable'],
    ['internal_error', 'ambiguous'],
    ['some_new_word', 'rejected'],
  ])('refused with %s is %s', async (error, code) => {
    room.slack.fault('chat.postMessage', { kind: 'error', error });
    expect(await codeOf(posted())).toBe(code);
    expect(room.slack.cards('C1')).toHaveLength(0);
  });

  test('whose answer is lost is ambiguous, and is not repeated', async () => {
    room.slack.fault('chat.postMessage', { kind: 'cutAfter' });
    expect(await codeOf(posted())).toBe('ambiguous');
    expect(room.slack.cards('C1')).toHaveLength(1);
  });

  test('that is throttled says for how long', async () => {
    room.slack.fault('chat.postMessage', { kind: 'ratelimited', seconds: 12 });
    await expect(posted()).rejects.toMatchObject({ code: 'throttled', retryAfterMs: 12_000 });
  });

  test.each(['invalid_blocks', 'msg_blocks_too_long'])(
    'whose blocks are refused with %s becomes a card without decisions, and the log tells why',
    async (error) => {
      room.slack.fault('chat.postMessage', { kind: 'error', error });
      await posted();
      const [card] = room.slack.cards('C1');
      expect(JSON.stringify(card?.blocks)).not.toContain('lr.approve');
      expect(read(card ?? { text: '', blocks: [] })).toContain('/lr status lr-abc123');
      expect(
        room.log.lines.some(({ event, fields }) => event === 'slackCardRefused' && fields['error'] === error),
      ).toBe(true);
    },
  );

  test('that Slack refuses even bare is rejected', async () => {
    room.slack.fault('chat.postMessage', { kind: 'error', error: 'invalid_blocks' }, 2);
    expect(await codeOf(posted())).toBe('rejected');
  });
});

describe('an update', () => {
  test('draws the same message again, whole, as often as it likes', async () => {
    const ref = await posted();
    for (const revision of [2, 3])
      await room.adapter.chat.update(ref, { ...view, revision, status: `Running ${revision}`, buttons: [] });
    const [card] = room.slack.cards('C1');
    expect(read(card ?? { text: '', blocks: [] })).toContain('Running 3');
    expect(card?.metadata).toBeDefined();
    const ids = room.slack.world.calls.flatMap(({ args }) =>
      [...JSON.stringify(args).matchAll(/block_id\\":\\"([^"\\]+)/g)].map((match) => match[1]),
    );
    expect(ids.length).toBeGreaterThan(10);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each([
    ['message_not_found', 'gone'],
    ['cant_update_message', 'gone'],
    ['edit_window_closed', 'gone'],
    ['is_inactive', 'closed'],
    ['account_inactive', 'unavailable'],
    ['fatal_error', 'unavailable'],
  ])('refused with %s is %s', async (error, code) => {
    const ref = await posted();
    room.slack.fault('chat.update', { kind: 'error', error });
    expect(await codeOf(room.adapter.chat.update(ref, view))).toBe(code);
  });

  test('whose answer is lost may simply be repeated', async () => {
    const ref = await posted();
    room.slack.fault('chat.update', { kind: 'cutAfter' });
    expect(await codeOf(room.adapter.chat.update(ref, view))).toBe('unavailable');
    expect(await codeOf(room.adapter.chat.update(ref, view))).toBe('none');
  });

  test('of a card that may not be changed any more sends the next one into its thread, for all to see', async () => {
    const ref = await posted();
    room.slack.fault('chat.update', { kind: 'error', error: 'edit_window_closed' });
    await codeOf(room.adapter.chat.update(ref, view));
    await room.adapter.chat.post('C1', { ...view, revision: 2 }, 'intent2');
    await room.adapter.chat.post('C1', { ...view, requestId: 'lr-other1' }, 'intent3');
    expect(room.slack.cards('C1').map(({ thread, broadcast }) => [thread, broadcast])).toEqual([
      [undefined, false],
      [ref.id, true],
      [undefined, false],
    ]);
  });
});

test('a note mentions whom it is told to, and nobody that the text names', async () => {
  const ref = await posted();
  await room.adapter.chat.note(ref, 'Finished on <!channel> <@U2> & co', ['U0RILEY1', 'not an id <@U2>']);
  const note = room.slack.world.in('C1').at(-1);
  expect(note).toMatchObject({
    thread: ref.id,
    text: '<@U0RILEY1> Finished on &lt;!channel&gt; &lt;@U2&gt; &amp; co',
  });
});

test('hostile output stays inert and within the limits', async () => {
  const hostile = [
    '<!channel> <@U1> <https://evil.example|here> *bold* `code` ```fence``` :smile:',
    '\u202Ereversed\u0000\u001b[31mred',
    '😀'.repeat(3_000),
    'x'.repeat(10_000),
  ];
  for (const text of hostile) {
    const shown: CardView = {
      ...view,
      excerpts: [{ index: 0, title: text.slice(0, 100), text }],
      facts: [{ label: 'Reason', value: text.slice(0, 300) }],
      fallback: text.slice(0, 300),
    };
    await room.adapter.chat.acquireSlot?.({ kind: 'post', place: 'C1', requestId: 'lr-abc123' }, true);
    await room.adapter.chat.post('C1', shown, 'i');
    const card = room.slack.cards('C1').at(-1);
    expect(card?.text).not.toMatch(/<[!@h]/);
    for (const block of card?.blocks ?? []) expect(JSON.stringify(block)).not.toContain('"mrkdwn"');
  }
  expect(room.slack.world.calls.filter(({ error }) => error !== undefined)).toEqual([]);
});

test('whether outsiders read a place is asked of Slack, and said to be unknown where it cannot be read', async () => {
  room.slack.world.channel('C7', { shared: true });
  expect(await room.adapter.chat.external?.('C1')).toBe(false);
  expect(await room.adapter.chat.external?.('C7')).toBe(true);
  room.slack.fault('conversations.info', { kind: 'error', error: 'missing_scope' });
  await expect(room.adapter.chat.external?.('C8')).rejects.toMatchObject({ code: 'unavailable' });
});
