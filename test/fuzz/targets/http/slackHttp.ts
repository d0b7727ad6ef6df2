// The door of Slack over real HTTP, in front of a fake Slack: signed requests of any body, through the guard,
// Slack's own library and the adapter.
import { createHmac } from 'node:crypto';
import { tokens } from '../../../../src/demo/slack/server.ts';
import { bodyLimit } from '../../../../src/adapters/slack/limits.ts';
import { openSlackHarness } from '../../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../../support/slack/slackHarness.ts';
import { check, filled } from '../../loop/target.ts';
import type { Target } from '../../loop/target.ts';
import { send, writtenIn } from './rawHttp.ts';
import { largeMention, slackBodies } from '../slackDoor.ts';

const head = 'POST /slack/events\ncontent-type: ';
const form = 'application/x-www-form-urlencoded';

function written(body: unknown): readonly Buffer[] {
  const json = JSON.stringify(body);
  const fields = new URLSearchParams(body as Record<string, string>).toString();
  return [
    `${head}application/json\n\n${json}`,
    `${head}${form}\n\npayload=${encodeURIComponent(json)}`,
    `${head}${form}; charset=utf-8\n\n${fields}`,
  ].map((text) => Buffer.from(text));
}

let opening: Promise<SlackHarness> | undefined;
let count = 0;

/** No signature twice, and none too old. */
function signature(body: Buffer): Readonly<Record<string, string>> {
  count += 1;
  const timestamp = String(Math.floor(Date.now() / 1000) - (count % 250));
  const code = createHmac('sha256', tokens.signingSecret)
    .update(`v0:${timestamp}:`)
    .update(body)
    .digest('hex');
  return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${code}` };
}

const expected: ReadonlySet<number> = new Set([200, 400, 401, 404, 413, 415, 503]);

export const slackHttp: Target = {
  name: 'slackHttp',
  form: 'text',
  seeds: slackBodies.flatMap(written),
  words: [
    'x-slack-signature: v0=',
    'x-slack-retry-num: 1',
    'content-encoding: gzip',
    form,
    'application/json',
    'payload=',
    '%00',
    '%',
    '&',
    '=',
    '{',
    '}',
    'ssl_check=1',
    'type',
    'url_verification',
    'challenge',
  ],
  most: bodyLimit + 200,
  large: (dice) =>
    dice.once(2)
      ? Buffer.concat([Buffer.from(`${head}application/json\n\n`), largeMention(dice)])
      : filled(
          bodyLimit,
          dice.pick(['[', '{"a":', 'a=b&', '%41', 'payload=', '"', '<@U0BOT>']),
          `${head}${dice.pick([form, 'application/json'])}\n\n${dice.pick(['', 'payload=', 'payload={"a":"', 'text='])}`,
        ),
  waits: true,
  run: async (input) => {
    const room = await (opening ??= openSlackHarness());
    const { headers, ...rest } = writtenIn(input);
    const answered = await send(room.http.url, { ...rest, headers: { ...signature(rest.body), ...headers } });
    check(expected.has(answered.status), `the door answers ${answered.status}`);
    check(!/node_modules|\n\s+at /.test(answered.text), 'an answer shows a stack');
    const broken = room.log.lines.find(({ event }) => event === 'httpFailed');
    check(!JSON.stringify(room.log.lines).includes(tokens.signingSecret), 'a secret is logged');
    for (const list of [room.log.lines, room.commands, room.presses, room.heard]) list.length = 0;
    check(broken === undefined, `the door failed: ${String(broken?.fields['error'])}`);
    return undefined;
  },
  close: async () => {
    await (await opening)?.close();
  },
};
