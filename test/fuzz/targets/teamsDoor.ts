// What Teams delivers, read: activities, the line somebody typed, quotes, presses.
import { isDeepStrictEqual } from 'node:util';
import { readActivity, splitThread } from '../../../src/adapters/teams/inbound/activity.ts';
import type { Inbound } from '../../../src/adapters/teams/inbound/activity.ts';
import { longestBody, looksLikeChannelToken } from '../../../src/adapters/teams/inbound/inboundRoute.ts';
import { actionOf, pressedOn, pressOf } from '../../../src/adapters/teams/inbound/presses.ts';
import { commandText } from '../../../src/adapters/teams/inbound/text.ts';
import { parseJson } from '../../../src/liveResponse/text/json.ts';
import type { Dice } from '../loop/dice.ts';
import { check, filled, jsonOf } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const common = {
  channelId: 'msteams',
  serviceUrl: 'https://smba.trafficmanager.net/emea/',
  id: '1764000000001',
  from: { id: '29:1', aadObjectId: '11111111-2222-4333-8444-555555555555', name: 'Ana' },
  recipient: { id: '28:bot', name: 'Live Response' },
  conversation: { id: '19:a@thread.tacv2;messageid=1', conversationType: 'channel', tenantId: 't' },
  channelData: { tenant: { id: 't' }, team: { id: '19:t' }, channel: { id: '19:a' } },
};
const mention = { type: 'mention', mentioned: { id: '28:bot' }, text: '<at>Live Response</at>' };
const forward = '<blockquote itemtype="http://schema.skype.com/Forward">lr status</blockquote>';

export const teamsBodies: readonly unknown[] = [
  { ...common, type: 'message', text: '<at>Live Response</at> lr dump hosta x &amp; y', entities: [mention] },
  {
    ...common,
    type: 'message',
    text: '<quoted messageId="1"/> <at>Live Response</at> lr status',
    entities: [mention],
  },
  {
    ...common,
    type: 'message',
    text: '<p>lr status</p><img alt="a" src="b">',
    conversation: { id: 'a:1', conversationType: 'personal' },
  },
  {
    ...common,
    type: 'message',
    text: 'lr status was said',
    attachments: [
      { contentType: 'text/html', content: `${forward}<p>lr status</p>` },
      { contentType: 'messageReference', content: '{"messagePreview":"was said"}' },
      { contentType: 'forwardedMessageReference', content: { originalMessageContent: '<b>said</b>' } },
    ],
  },
  {
    ...common,
    type: 'message',
    text: '[hosta](http://hosta) <a href="http://b">b</a>',
    value: { lr: { verb: 'approve', requestId: 'lr-1', revision: 1, fingerprint: 'a' } },
  },
  {
    ...common,
    type: 'invoke',
    name: 'adaptiveCard/action',
    value: {
      action: {
        data: {
          lr: { verb: 'deny', requestId: 'lr-1', revision: 1, fingerprint: 'a', index: 0 },
          lrInput: 'no',
        },
      },
      trigger: 'manual',
    },
  },
  {
    ...common,
    type: 'conversationUpdate',
    membersRemoved: [{ id: '28:bot' }],
    channelData: { eventType: 'channelDeleted' },
  },
  { ...common, type: 'installationUpdate', action: 'remove' },
];

function withText(text: string, html?: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      ...common,
      type: 'message',
      text,
      entities: [mention],
      ...(html === undefined ? {} : { attachments: [{ contentType: 'text/html', content: html }] }),
    }),
  );
}

export function largeActivity(dice: Dice): Buffer {
  const unit = dice.pick([
    '<',
    '<img alt="a"',
    '<at>',
    '<at>x</at>',
    '<p>',
    '</p> ',
    '&amp;',
    '[a](',
    '[a](b "',
    ' ',
    'a ',
    '\n>',
    '<quote ',
    '</quote>',
    '\u{1f600}',
  ]);
  const text = unit.repeat(Math.floor(32_000 / unit.length));
  switch (dice.below(5)) {
    case 0:
      return withText(
        text,
        filled(
          150_000,
          dice.pick(['<quote>a</quote>', '<quote>a b c</quote>', forward, '<quote>', '<strong>']),
        ).toString(),
      );
    case 1: {
      const one = { contentType: 'text/html', content: dice.pick(['', '<quote>a</quote>', 'x']) };
      const count = Math.floor(190_000 / JSON.stringify(one).length);
      return Buffer.from(
        JSON.stringify({
          ...common,
          type: 'message',
          text,
          attachments: Array.from({ length: count }, () => one),
        }),
      );
    }
    case 2:
      return withText(filled(260_000, unit).toString());
    case 3: {
      const one = { contentType: 'forwardedMessageReference', content: { originalMessageContent: 'a' } };
      return Buffer.from(
        JSON.stringify({
          ...common,
          type: 'message',
          text: 'a '.repeat(16_000),
          attachments: Array.from({ length: 2_000 }, () => one),
        }),
      );
    }
    default:
      return withText(text);
  }
}

function readAll(message: Inbound): unknown {
  check(
    isDeepStrictEqual(JSON.parse(JSON.stringify(message)), JSON.parse(JSON.stringify({ ...message }))),
    'an activity cannot be written down',
  );
  check(message.text.length <= 32_768 && message.id.length <= 1_000, 'a field is longer than it may be');
  splitThread(message.place);
  const typed = commandText(message, 'lr');
  if (typed !== undefined) {
    check(typed.length <= message.text.length + 200, 'a typed line grew');
    check(typed.trim() === typed, 'a typed line has spaces around it');
  }
  const press = pressOf(message.type === 'invoke' ? actionOf(message.value).action : message.value);
  check(press === undefined || Number.isSafeInteger(press.revision), 'a press names no revision');
  pressedOn(message);
  return { message, typed, press };
}

export const teamsActivities: Target = {
  name: 'teamsActivities',
  form: 'json',
  seeds: jsonOf(...teamsBodies),
  words: [
    '<quoted messageId="1"/>',
    '<quote>',
    '</quote>',
    '<blockquote>',
    '<at>',
    '</at>',
    '<at>Live Response</at>',
    '&#x3c;',
    '&lt;',
    '<br/>',
    '<img alt="',
    '<a href="x">',
    '[a](a)',
    'text/html',
    'messageReference',
    'lr',
    'attachments',
    'entities',
    'value',
    'conversation',
  ],
  most: longestBody,
  large: largeActivity,
  run: (input) => {
    const body = parseJson(input.toString('utf8'))?.value;
    looksLikeChannelToken(
      `Bearer ${input.toString('latin1').slice(0, 9_000)}`,
      'https://api.botframework.com',
    );
    const message = readActivity(body);
    return typeof message === 'string' ? message : readAll(message);
  },
};
