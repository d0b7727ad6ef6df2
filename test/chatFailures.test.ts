// docs/chat-failures.md against the code: every error word and HTTP status of Slack and Teams, and what happens after it. UPDATE_GOLDENS=1 writes its tables again.
import { describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebAPIHTTPError, WebAPIPlatformError } from '@slack/web-api';
import { chatError } from '../src/adapters/slack/chat.ts';
import { errorWords } from '../src/adapters/slack/errorWords.ts';
import { failureOf as slackFailure } from '../src/adapters/slack/errors.ts';
import { failureOf as teamsFailure, placeWords } from '../src/adapters/teams/failures.ts';
import { root } from './support/root.ts';

const page = join(root, 'docs', 'chat-failures.md');
const httpStatuses = [200, 302, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 418, 422, 423, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504];

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
  const answer = teamsFailure({ name: 'RestError', statusCode: status, code }, what, 0).code;
  return what === 'update' && answer === 'ambiguous' ? 'unavailable' : answer;
}

/** Rows with the same answers become one. */
function table(head: string, rows: readonly (readonly [string, readonly [string, string]])[]): string {
  const groups = new Map<string, string[]>();
  for (const [name, [post, update]] of rows) {
    const key = `${post} | ${update}`;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [`| ${head} | post | update |`, '|---|---|---|', ...[...groups].map(([key, names]) => `| ${names.join(', ')} | ${key} |`)].join('\n');
}

const tables: Readonly<Record<string, () => string>> = {
  'slack words': () => table('Slack’s word', [...Object.values(errorWords).flat().map((word) => [`\`${word}\``, slackWord(word)] as const), ['any other word', slackWord('some_new_word')]]),
  'slack statuses': () => table('HTTP status, with no word of Slack’s', httpStatuses.filter((status) => status !== 200 && status !== 429).map((status) => [String(status), slackStatus(status)] as const)),
  'teams words': () => table('Teams’ word, with any 4xx', Object.keys(placeWords).map((word) => [`\`${word}\``, [teamsCode('post', 403, word), teamsCode('update', 404, word)]] as const)),
  'teams statuses': () => table('HTTP status', httpStatuses.map((status) => [status === 200 ? '200 with an answer that cannot be read' : String(status), [teamsCode('post', status), teamsCode('update', status)]] as const)),
};

const marked = (name: string): RegExp => new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- end -->)`);

describe('docs/chat-failures.md', () => {
  test.each(Object.entries(tables))('shows the table of %s as the code has it', (name, made) => {
    const text = readFileSync(page, 'utf8');
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(page, text.replace(marked(name), (_all, before: string, after: string) => `${before}\n${made()}\n${after}`));
    expect(marked(name).exec(readFileSync(page, 'utf8'))?.[0]).toContain(made());
  });

  test('explains every code that a chat can answer with', () => {
    const text = readFileSync(page, 'utf8');
    for (const code of ['gone', 'closed', 'throttled', 'ambiguous', 'unavailable', 'rejected']) expect(text).toMatch(new RegExp(`^\\| \`${code}\` \\|`, 'm'));
  });
});

describe('a failure', () => {
  test('of our token or set-up is the chat’s, never the place’s', () => {
    for (const word of [...errorWords.token, ...errorWords.setup]) expect(slackWord(word)).toEqual(['unavailable', 'unavailable']);
    expect([teamsCode('post', 401), teamsCode('update', 401)]).toEqual(['unavailable', 'unavailable']);
  });

  test('stands in the table under one meaning only', () => {
    const all = Object.values(errorWords).flat();
    expect(all.filter((word, at) => all.indexOf(word) !== at)).toEqual([]);
  });
});
