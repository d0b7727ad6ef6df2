// Row 1.8: no matter what a socket carries, the process continues, an envelope is acknowledged, and the next command
// is taken.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFrame } from '../../../src/adapters/slack/inbound/socket.ts';
import { bodyLimit } from '../../../src/adapters/slack/limits.ts';
import { openSlackHarness } from '../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../support/slack/slackHarness.ts';

let room: SlackHarness;
const escaped: unknown[] = [];
const keep = (error: unknown): void => void escaped.push(error);
beforeEach(async () => {
  escaped.length = 0;
  process.on('uncaughtException', keep);
  process.on('unhandledRejection', keep);
  room = await openSlackHarness({ socket: true });
  room.slack.api.rates = false;
});
afterEach(async () => {
  await room.close();
  process.off('uncaughtException', keep);
  process.off('unhandledRejection', keep);
});

/**
 * Sends frames on the one connection there is; resolves with the ids that were acknowledged by the time a
 * last envelope was.
 */
async function acknowledgedOf(frames: readonly (string | Buffer)[]): Promise<ReadonlySet<string>> {
  const socket = await room.slack.until('a socket', () => [...room.slack.api.sockets].at(-1));
  const ids = new Set<string>();
  let over = (): void => undefined;
  const last = new Promise<void>((resolve) => (over = resolve));
  const listen = (data: Buffer): void => {
    const { envelope_id: id } = JSON.parse(data.toString('utf8')) as { readonly envelope_id?: string };
    if (id !== undefined) ids.add(id);
    if (id === 'the last') over();
  };
  socket.on('message', listen);
  for (const frame of frames) socket.send(frame);
  socket.send(
    JSON.stringify({ envelope_id: 'the last', type: 'events_api', payload: { event: { type: 'nothing' } } }),
  );
  await last;
  socket.off('message', listen);
  return ids;
}

async function stillWorks(): Promise<void> {
  const before = room.commands.length;
  expect((await room.slack.person('U1').command('C1', 'status')).acknowledged).toBe(true);
  await room.slack.until('the command', () => room.commands[before]);
  expect(escaped).toEqual([]);
}

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

test.each<readonly [string, string | Buffer, boolean]>([
  [
    'app_rate_limited',
    JSON.stringify({
      envelope_id: 'e',
      type: 'events_api',
      payload: { type: 'app_rate_limited', team_id: 'T0HOME', minute_rate_limited: 1, api_app_id: 'A0APP' },
    }),
    true,
  ],
  ['an envelope without a payload', '{"envelope_id":"e","type":"events_api"}', true],
  ['an envelope whose payload is null', '{"envelope_id":"e","type":"events_api","payload":null}', true],
  ['an envelope whose payload is a list', '{"envelope_id":"e","type":"interactive","payload":[1]}', true],
  [
    'an envelope whose event is null',
    '{"envelope_id":"e","type":"events_api","payload":{"event":null}}',
    true,
  ],
  ['an envelope of an unknown type', '{"envelope_id":"e","type":"telepathy","payload":{"a":1}}', true],
  ['an envelope of no type', '{"envelope_id":"e","payload":{"a":1}}', true],
  [
    'an envelope of the SDK’s own names',
    '{"envelope_id":"e","type":"close","payload":{"event":{"type":"disconnected"}}}',
    true,
  ],
  [
    'an event of the SDK’s own names',
    '{"envelope_id":"e","type":"events_api","payload":{"event":{"type":"error"}}}',
    true,
  ],
  [
    'an envelope nested a thousand deep',
    `{"envelope_id":"e","type":"events_api","payload":${deep(1_000)}}`,
    true,
  ],
  [
    'an envelope of a megabyte',
    JSON.stringify({
      envelope_id: 'e',
      type: 'events_api',
      payload: { event: { type: 'x', text: 'x'.repeat(2 * bodyLimit) } },
    }),
    true,
  ],
  ['an envelope cut in the middle', '{"envelope_id":"e","type":"events_api","payload":{"ev', true],
  [
    'a hello with more in it',
    '{"type":"hello","num_connections":"many","debug_info":null,"connection_info":[]}',
    false,
  ],
  ['no JSON', 'hello?', false],
  ['an empty frame', '', false],
  ['binary', Buffer.from([0, 1, 2, 255]), false],
  ['binary that is an envelope', Buffer.from('{"envelope_id":"e","type":"events_api","payload":{}}'), false],
  ['null', 'null', false],
  ['a number', '7', false],
  ['a text', '"x"', false],
  ['a list', '[{"envelope_id":"e"}]', false],
  ['an object without anything', '{}', false],
])('%s', async (_what, frame, acknowledged) => {
  expect((await acknowledgedOf([frame])).has('e')).toBe(acknowledged);
  await stillWorks();
  expect(room.slack.api.sockets.size).toBe(1);
});

test('a disconnect for any reason leads to a new connection', async () => {
  for (const reason of ['link_disabled', 'warning', 'too_many_websockets', 7, null]) {
    const before = [...room.slack.api.sockets][0];
    before?.send(JSON.stringify({ type: 'disconnect', reason, debug_info: reason }));
    await room.slack.until(
      'another socket',
      () => ([...room.slack.api.sockets].some((socket) => socket !== before) ? true : undefined),
      30_000,
    );
    await room.slack.until(
      'the old one gone',
      () => (room.slack.api.sockets.size === 1 ? true : undefined),
      30_000,
    );
  }
  await stillWorks();
}, 120_000);

describe('any frame at all', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const word = fc.oneof(
    fc.constantFrom(
      'events_api',
      'slash_commands',
      'interactive',
      'error',
      'close',
      'connected',
      'disconnected',
      'message',
      '__proto__',
      'constructor',
    ),
    fc.string({ maxLength: 8 }),
  );
  const event = fc.oneof(
    json,
    fc.record(
      { type: fc.oneof(word, json), channel: json, user: json, text: json, ts: json },
      { requiredKeys: [] },
    ),
  );
  const payload = fc.oneof(
    json,
    fc.record(
      {
        type: fc.oneof(word, json),
        event,
        actions: json,
        command: json,
        user: json,
        user_id: json,
        channel_id: json,
        view: json,
        container: json,
        trigger_id: json,
        text: json,
      },
      { requiredKeys: [] },
    ),
  );
  const id = fc.integer({ min: 0, max: 10_000 }).map((n) => `e${n}`);
  const envelope = fc.record(
    {
      envelope_id: id,
      type: fc.oneof(word, json),
      payload,
      retry_attempt: json,
      accepts_response_payload: json,
    },
    { requiredKeys: ['envelope_id'] },
  );

  test('through a real socket: every envelope is acknowledged, nothing escapes, and the bot continues', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            envelope.map((one) => [one.envelope_id, JSON.stringify(one)] as const),
            fc
              .oneof(
                json.map((one) => JSON.stringify(one)),
                fc.string(),
              )
              .map((text) => [undefined, text] as const),
          ),
          { minLength: 20, maxLength: 60 },
        ),
        async (frames) => {
          // What would end the connection is tried above; here it would take the acknowledgements with it.
          const sent = frames.filter(([, text]) => readFrame(text, false).disconnect === undefined);
          const acknowledged = await acknowledgedOf(sent.map(([, text]) => text));
          for (const [wanted] of sent) if (wanted !== undefined) expect(acknowledged).toContain(wanted);
        },
      ),
      { numRuns: 25 },
    );
    await stillWorks();
  }, 60_000);

  test('is read without an exception, and what goes to the SDK is one of three kinds', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          json.map((one) => JSON.stringify(one)),
          envelope.map((one) => JSON.stringify(one)),
          fc.uint8Array(),
        ),
        fc.boolean(),
        (data, binary) => {
          const { text } = readFrame(data, binary);
          if (text === undefined) return;
          const given = JSON.parse(text) as { readonly type: string; readonly payload?: unknown };
          expect(['hello', 'disconnect', 'envelope']).toContain(given.type);
          if (given.type === 'envelope')
            expect(
              typeof given.payload === 'object' && given.payload !== null && !Array.isArray(given.payload),
            ).toBe(true);
        },
      ),
    );
  });
});

describe('a frame, before the SDK sees it', () => {
  const envelope = (id: string, payload: unknown): string =>
    JSON.stringify({ type: 'events_api', envelope_id: id, payload });
  const acknowledged = JSON.stringify({ type: 'envelope', envelope_id: 'e1', payload: {} });

  test('that is larger than anything Slack sends is acknowledged and not handed on', () => {
    expect(readFrame(envelope('e1', { text: 'x'.repeat(bodyLimit) }), false)).toEqual({
      text: acknowledged,
      odd: 'too large',
    });
  });

  test('that is binary is nothing, even where it would read as an envelope', () => {
    const text = envelope('e1', { text: 'x' });
    expect([readFrame(text, true), readFrame(Buffer.from(text), false)]).toEqual([
      { odd: 'binary' },
      { odd: 'binary' },
    ]);
  });

  test.each(['', 7, null, undefined])('whose id is %j cannot be acknowledged, and is nothing', (id) => {
    expect(
      readFrame(JSON.stringify({ type: 'events_api', envelope_id: id, payload: { text: 'x' } }), false),
    ).toEqual({ odd: 'no envelope' });
  });

  test('whose payload is no object, or an empty one, is acknowledged and not handed on', () => {
    for (const payload of [{}, [], 'x', null])
      expect(readFrame(envelope('e1', payload), false)).toEqual({ text: acknowledged, odd: 'no payload' });
  });
});
