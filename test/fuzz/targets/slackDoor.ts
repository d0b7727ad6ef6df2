// What Slack delivers, read: commands, mentions, presses and forms, of any JSON and of any form.
import { isDeepStrictEqual } from 'node:util';
import { readSlackPress } from '../../../cards/press.ts';
import { memoOf, readMemo, readTaking, typedText } from '../../../src/adapters/slack/inbound/payloads.ts';
import { bodyLimit } from '../../../src/adapters/slack/limits.ts';
import { parseJson } from '../../../src/liveResponse/text/json.ts';
import { formAction, formBlock } from '../../../src/adapters/slack/outbound/slackMessages.ts';
import type { Dice } from '../loop/dice.ts';
import { check, filled, jsonOf } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const botUser = 'U0BOT';
const person = { id: 'U1', team_id: 'T1' };

export const slackBodies: readonly unknown[] = [
  {
    command: '/lr',
    text: 'dump <http://hosta.corp|hosta.corp> x &amp; y',
    user_id: 'U1',
    channel_id: 'C1',
    team_id: 'T1',
    enterprise_id: 'E1',
    trigger_id: '1.2.abc',
    response_url: 'https://hooks.slack.com/commands/T1/1/secret',
    channel_name: 'privategroup',
  },
  {
    type: 'event_callback',
    team_id: 'T1',
    event: {
      type: 'app_mention',
      user: 'U1',
      channel: 'C1',
      ts: '1.1',
      text: 'a <@U0BOT|lr>, status',
      thread_ts: '1.0',
      user_team: 'T1',
    },
  },
  {
    type: 'event_callback',
    team_id: 'T1',
    event: { type: 'message', channel_type: 'im', user: 'U1', channel: 'D1', ts: '1.1', text: 'status' },
  },
  {
    type: 'block_actions',
    user: person,
    team: { id: 'T1', enterprise_id: 'E1' },
    trigger_id: '1.2',
    response_url: 'https://hooks.slack.com/actions/T1/1/secret',
    container: { type: 'message', message_ts: '1.1', channel_id: 'C1', thread_ts: '1.0' },
    actions: [{ action_id: 'lr.approve.v1', value: '{"r":"lr-7f3k2q","v":1,"f":"a1b2"}', action_ts: '1.3' }],
  },
  {
    type: 'view_submission',
    user: person,
    team: { id: 'T1' },
    trigger_id: '1.4',
    view: {
      id: 'V1',
      private_metadata: '{"r":"lr-7f3k2q","v":1,"f":"a1","w":"deny","c":"C1"}',
      state: { values: { [formBlock]: { [formAction]: { value: 'wrong host' } } } },
    },
  },
  { type: 'app_rate_limited', team_id: 'T1', minute_rate_limited: 1 },
];

/** What Slack's library makes of a form: fields, and the JSON of `payload` where there is one. */
function bodyOf(input: Buffer): unknown {
  const text = input.toString('utf8');
  const json = parseJson(text);
  if (json !== undefined) return json.value;
  const form = new URLSearchParams(text);
  const payload = form.get('payload');
  if (payload !== null) return parseJson(payload)?.value;
  const fields = new Map<string, string | readonly string[]>();
  for (const name of new Set(form.keys())) {
    const all = form.getAll(name);
    fields.set(name, all.length === 1 ? (all[0] ?? '') : all);
  }
  return Object.fromEntries(fields);
}

export function largeMention(dice: Dice): Buffer {
  const unit = dice.pick([
    '<',
    '<a',
    '<@U0BOT|',
    '<http://a|b>',
    '&lt;',
    '&',
    ' ',
    'a',
    '\u{1f600}',
    '\\u0000',
  ]);
  const head = `{"event":{"type":"app_mention","user":"U1","channel":"C1","ts":"1.1","text":"${dice.pick(['', '<@U0BOT>'])}`;
  return filled(bodyLimit, unit, head, '"}}');
}

export const slackPayloads: Target = {
  name: 'slackPayloads',
  form: 'json',
  seeds: [
    ...jsonOf(...slackBodies),
    ...slackBodies.map((body) => Buffer.from(new URLSearchParams(body as Record<string, string>).toString())),
  ],
  words: [
    'user',
    'text',
    'event',
    'actions',
    'value',
    '<@U0BOT>',
    '<@U0BOT|',
    '<http://a|b>',
    '<mailto:a@b|c>',
    '&lt;',
    '<!channel>',
    'lr.deny.v1.3',
    'view_submission',
    'payload=',
  ],
  most: bodyLimit,
  large: largeMention,
  run: (input) => {
    const taking = readTaking(bodyOf(input), botUser);
    if (taking === undefined) return undefined;
    const memo: unknown = memoOf(taking);
    const written = JSON.stringify(memo);
    check(
      !/hooks\.slack\.com/.test(JSON.stringify(taking)) ||
        !('responseUrl' in (memo as { readonly read: object }).read),
      'a memo holds a key',
    );
    check(
      isDeepStrictEqual(readMemo(JSON.parse(written)), JSON.parse(written)),
      'a memo is read back as something else',
    );
    check(taking.read.user !== '' && taking.read.id.length === 32, 'somebody is nobody');
    if (taking.kind === 'command') check(taking.read.text.length <= input.length * 4, 'a text grew');
    if (taking.kind === 'press') readSlackPress(taking.read.actionId, taking.read.value);
    const plain = 'text' in taking.read ? taking.read.text : '';
    if (!/[<>&]/.test(plain)) check(typedText(plain) === plain, 'a plain text changes');
    return taking;
  },
};
