// docs/chat-failures.md against the code: every error word and HTTP status of Slack and Teams, and what
// happens after it. UPDATE_GOLDENS=1 writes its tables again.
import { describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebAPIHTTPError, WebAPIPlatformError } from '@slack/web-api';
import { PendingReplies } from '../src/adapters/slack/outbound/privateReplies.ts';
import { chatError } from '../src/adapters/slack/outbound/chat.ts';
import { errorWords } from '../src/adapters/slack/outbound/errorWords.ts';
import { failureOf as slackFailure } from '../src/adapters/slack/outbound/slackFailure.ts';
import { failureOf as teamsFailure, placeWords } from '../src/adapters/teams/outbound/failures.ts';
import { TurnReplies } from '../src/adapters/teams/inbound/turnReplies.ts';
import { ChatError } from '../src/bot/ports.ts';
import type { ChatErrorCode } from '../src/bot/ports.ts';
import { answerPauses, answerWithin } from '../src/adapters/deliveries/answers.ts';
import { createManualClock } from './support/manualClock.ts';
import { root } from './support/root.ts';

const page = join(root, 'docs', 'chat-failures.md');
const httpStatuses = [
  200, 302, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 418, 422, 423,
  425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504,
];

function slackCodes(method: string, once: boolean, error: unknown): string {
  return chatError(slackFailure(method, error), once).code;
}
function slackWord(word: string): readonly [string, string] {
  const error = (): WebAPIPlatformError => new WebAPIPlatformError({ ok: false, error: word });
  return [slackCodes('chat.postMessage', true, error()), slackCodes('chat.update', false, error())];
}
/** The SDK has a class of its own for 429. */
function slackStatus(status: number): readonly [string, string] {
  const error = (): WebAPIHTTPError => new WebAPIHTTPError(status, 'odd', {}, '<html>');
  return [slackCodes('chat.postMessage', true, error()), slackCodes('chat.update', false, error())];
}
/** An update may be repeated, so the connector says of it that it did not happen. */
function teamsCode(what: string, status: number, code?: string): string {
  const answer = teamsFailure(
    { kind: 'answered', status, ...(code === undefined ? {} : { code }) },
    what,
    0,
  ).code;
  return what === 'update' && answer === 'ambiguous' ? 'unavailable' : answer;
}

/** Rows with the same answers become one. */
function table(head: string, rows: readonly (readonly [string, readonly [string, string]])[]): string {
  const groups = new Map<string, string[]>();
  for (const [name, [post, update]] of rows) {
    const key = `${post} | ${update}`;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [
    `| ${head} | post | update |`,
    '|---|---|---|',
    ...[...groups].map(([key, names]) => `| ${names.join(', ')} | ${key} |`),
  ].join('\n');
}

const quietLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
/** A word of Slack's for each code of a post. */
const slackSamples: Readonly<Record<ChatErrorCode, string>> = {
  gone: 'message_not_found',
  closed: 'channel_not_found',
  rejected: 'invalid_blocks',
  throttled: 'ratelimited',
  unavailable: 'invalid_auth',
  ambiguous: 'fatal_error',
};

/** Tries an answer whose first try fails, on a clock of our own: what is said the second time, and when. */
async function secondTry(
  begin: (
    clock: ReturnType<typeof createManualClock>,
    fails: (text: string | undefined) => boolean,
  ) => Promise<void>,
): Promise<string> {
  const clock = createManualClock();
  const tries: { readonly text: string | undefined; readonly at: number }[] = [];
  const work = begin(clock, (text) => {
    tries.push({ text, at: clock.elapsed() });
    return tries.length === 1;
  });
  await clock.during(work);
  const [first, second] = tries;
  if (second === undefined) return 'not again';
  return second.text === first?.text
    ? `again after ${second.at / 1_000} s`
    : `something else after ${second.at / 1_000} s`;
}
function inSlack(code: ChatErrorCode): Promise<string> {
  const error = new WebAPIPlatformError({
    ok: false,
    error: slackSamples[code],
    ...(code === 'throttled' ? { response_metadata: { retryAfter: 90 } } : {}),
  });
  expect(slackCodes('chat.postMessage', true, error)).toBe(code);
  return secondTry((clock, fails) => {
    const say = (_hearer: object, message: { readonly text?: string }): Promise<void> =>
      fails(message.text) ? Promise.reject(error) : Promise.resolve();
    return new PendingReplies({ privateReplies: { send: say }, clock, log: quietLog }).bring(
      { channel: 'C1', user: 'U1', since: 0, begin: () => undefined, ending: () => Promise.resolve() },
      { text: 'heard', blocks: [] },
    );
  });
}
function inTeams(code: ChatErrorCode): Promise<string> {
  const error = new ChatError(code, 'planted', code === 'throttled' ? { retryAfterMs: 90_000 } : {});
  return secondTry((clock, fails) => {
    const tell = (_place: string, _person: string, message: { readonly text?: string }): Promise<void> =>
      fails(message.text) ? Promise.reject(error) : Promise.resolve();
    return new TurnReplies({ chat: { tell }, clock, log: quietLog }).tell(
      { since: 0, place: '19:x', speaker: 'ana' },
      { kind: 'sentence', text: 'heard' },
    );
  });
}
async function answersTable(): Promise<string> {
  const rows = [];
  for (const code of ['gone', 'closed', 'rejected', 'throttled', 'unavailable', 'ambiguous'] as const) {
    const named = code === 'throttled' ? '`throttled`, with a Retry-After of 90 s' : `\`${code}\``;
    rows.push(`| ${named} | ${await inSlack(code)} | ${await inTeams(code)} |`);
  }
  return ['| code | Slack | Teams |', '|---|---|---|', ...rows].join('\n');
}

const tables: Readonly<Record<string, () => string | Promise<string>>> = {
  'private answers': answersTable,
  'slack words': () =>
    table('Slack’s word', [
      ...Object.values(errorWords)
        .flat()
        .map((word) => [`\`${word}\``, slackWord(word)] as const),
      ['any other word', slackWord('some_new_word')],
    ]),
  'slack statuses': () =>
    table(
      'HTTP status, with no word of Slack’s',
      httpStatuses
        .filter((status) => status !== 200 && status !== 429)
        .map((status) => [String(status), slackStatus(status)] as const),
    ),
  'teams words': () =>
    table(
      'Teams’ word, with any 4xx',
      Object.keys(placeWords).map(
        (word) => [`\`${word}\``, [teamsCode('post', 403, word), teamsCode('update', 404, word)]] as const,
      ),
    ),
  'teams statuses': () =>
    table(
      'HTTP status',
      httpStatuses.map(
        (status) =>
          [
            status === 200 ? '200 with an answer that cannot be read' : String(status),
            [teamsCode('post', status), teamsCode('update', status)],
          ] as const,
      ),
    ),
};

const marked = (name: string): RegExp => new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- end -->)`);

describe('docs/chat-failures.md', () => {
  test.each(Object.entries(tables))('shows the table of %s as the code has it', async (name, make) => {
    const made = await make();
    const text = readFileSync(page, 'utf8');
    if (process.env['UPDATE_GOLDENS'] === '1')
      writeFileSync(
        page,
        text.replace(marked(name), (_all, before: string, after: string) => `${before}\n${made}\n${after}`),
      );
    expect(marked(name).exec(readFileSync(page, 'utf8'))?.[0]).toContain(made);
  });

  test('tells the pauses and the time of a private answer as the code has them', () => {
    const seconds = answerPauses.map((ms) => ms / 1_000);
    const words = `${seconds.slice(0, -2).join(', ')}, ${seconds.at(-2)} and then every ${seconds.at(-1)} seconds`;
    expect(readFileSync(page, 'utf8')).toContain(
      `for ${answerWithin / 60_000} minutes from the question on, after pauses of ${words}`,
    );
  });

  test('explains every code that a chat can answer with', () => {
    const text = readFileSync(page, 'utf8');
    for (const code of ['gone', 'closed', 'throttled', 'ambiguous', 'unavailable', 'rejected'])
      expect(text).toMatch(new RegExp(`^\\| \`${code}\` \\|`, 'm'));
  });
});

describe('a failure', () => {
  test('of our token or set-up is the chat’s, never the place’s', () => {
    for (const word of [...errorWords.token, ...errorWords.setup])
      expect(slackWord(word)).toEqual(['unavailable', 'unavailable']);
    expect([teamsCode('post', 401), teamsCode('update', 401)]).toEqual(['unavailable', 'unavailable']);
  });

  test('stands in the table under one meaning only', () => {
    const all = Object.values(errorWords).flat();
    expect(all.filter((word, at) => all.indexOf(word) !== at)).toEqual([]);
  });
});
