// What is typed or pasted wrong: each mistake that people make has its own sentence, none of which repeats a
// secret; and lines that fit the terminal.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  checkDeviceGroup,
  checkGuid,
  checkHost,
  checkName,
  checkPlace,
  checkSecret,
  checkSlackMember,
} from '../../src/setup/questions/answers.ts';
import type { Check } from '../../src/setup/questions/answers.ts';
import { shortId } from '../../src/setup/questions/interview.ts';
import { columnsOf, numbered, wrapped } from '../../src/setup/layout.ts';

const guid = '5f0c1d2e-0000-4000-8000-00000000000a';

type Refused = readonly [what: string, check: Check, typed: string, words: RegExp];

const refusedAnswers: readonly Refused[] = [
  ['a GUID in braces', checkGuid, `{${guid}}`, /^Leave out the brackets/],
  ['a GUID in quotes', checkGuid, `"${guid}"`, /^Leave out the quotes/],
  [
    'a GUID with its name',
    checkGuid,
    `MicrosoftAppId=${guid}`,
    /^The value alone, without the name and "=" before it/,
  ],
  [
    'a GUID with a sign without width',
    checkGuid,
    `${guid}\u200b`,
    /^It holds a character that nobody can see/,
  ],
  [
    'a name with a sign that turns its direction',
    checkName,
    'Robin\u202eReal',
    /^It holds a character that nobody can see \(U\+202E\)/,
  ],
  [
    'a name with a blank of another kind',
    checkName,
    'Robin\u2000Real',
    /^It holds a character that nobody can see/,
  ],
  [
    'a group with a sign without width',
    checkDeviceGroup,
    'Live\u200btest',
    /^It holds a character that nobody can see/,
  ],
  [
    'an e-mail address for a GUID',
    checkGuid,
    'robin@example.com',
    /^That is an e-mail address; the id is needed, a GUID such as/,
  ],
  ['something else for a GUID', checkGuid, 'robin', /^That is no GUID; one looks like/],
  ['an address for a host', checkHost, 'https://bot.example.com/api', /^The name alone, without https/],
  [
    'a host with umlauts',
    checkHost,
    'bücher.example',
    /^Write it as the network does: xn--bcher-kva\.example$/,
  ],
  ['a host of this machine', checkHost, 'bot.localhost', /reach it from outside/],
  [
    'an e-mail address for a name',
    checkName,
    'robin@example.com',
    /^That is an e-mail address; write the name/,
  ],
  [
    'a name with a blank of a page',
    checkName,
    'Robin\u2000Real',
    /^It holds a character that nobody can see \(U\+2000\)/,
  ],
  [
    'a name that is drawn the other way round',
    checkName,
    'Robin \u202elaeR',
    /^It holds a character that nobody can see \(U\+202E\)/,
  ],
  ['a name of two lines', checkName, 'Robin\nReal', /^It holds a character that nobody can see \(U\+000A\)/],
  [
    'a device group with a sign without width',
    checkDeviceGroup,
    'Test\u200bers',
    /^It holds a character that nobody can see \(U\+200B\)/,
  ],
  [
    'an e-mail address for a member id',
    checkSlackMember,
    'robin@example.com',
    /^That is an e-mail address; the member id is needed, such as U0123ABCD/,
  ],
  ['a mention for a member id', checkSlackMember, '<@U0123ABCD>', /^The id alone, without <@ and >/],
  ['a name for a member id', checkSlackMember, '@robin', /^That is no member id; one looks like U0123ABCD/],
  ['the id of a channel alone', checkPlace, 'C0123456', /slack:C0123456$/],
  ['the id of a channel of Teams alone', checkPlace, '19:abc@thread.tacv2', /teams:19:abc@thread\.tacv2$/],
  ['the name of a channel', checkPlace, '#incidents', /^That is the channel’s name; its id is needed/],
  ['a token in quotes', checkSecret('SLACK_BOT_TOKEN'), '"xoxb-canary-0001"', /^Leave out the quotes/],
  [
    'a token in quotes of a word processor',
    checkSecret('SLACK_BOT_TOKEN'),
    '“xoxb-canary-0001”',
    /^Leave out the quotes/,
  ],
  [
    'a line of a file',
    checkSecret('SLACK_BOT_TOKEN'),
    'export SLACK_BOT_TOKEN=xoxb-canary-0001',
    /^The value alone/,
  ],
  [
    'a token and more',
    checkSecret('SLACK_BOT_TOKEN'),
    'xoxb-canary-0001 xapp-canary',
    /^It holds a blank or a line end/,
  ],
  [
    'a token of two lines',
    checkSecret('SLACK_BOT_TOKEN'),
    'xoxb-canary-0001\r\nxapp-canary',
    /^It holds a blank or a line end/,
  ],
  [
    'the app token for the bot token',
    checkSecret('SLACK_BOT_TOKEN'),
    'xapp-canary-0001',
    /^That is an app-level token\. The right one begins with xoxb-/,
  ],
  [
    'the bot token for the app token',
    checkSecret('SLACK_APP_TOKEN'),
    'xoxb-canary-0001',
    /^That is the bot token\. The right one begins with xapp-.*connections:write/,
  ],
  ['a person’s token', checkSecret('SLACK_BOT_TOKEN'), 'xoxp-canary-0001', /^That is a person’s token\./],
  [
    'a token that is rotated',
    checkSecret('SLACK_BOT_TOKEN'),
    'xoxe.xoxb-canary-0001',
    /^That is a token that ends after hours/,
  ],
  [
    'a token for the signing secret',
    checkSecret('SLACK_SIGNING_SECRET'),
    'xoxb-canary-0001',
    /^That is the bot token; the signing secret stands under/,
  ],
  [
    'the id of a secret for the secret',
    checkSecret('MicrosoftAppPassword'),
    guid,
    /^That is the id of the secret; its value is needed/,
  ],
  [
    'an e-mail address for a secret',
    checkSecret('AZURE_CLIENT_SECRET'),
    'canary@example.com',
    /^That is an e-mail address/,
  ],
];

describe('what cannot be the answer is told by its cause', () => {
  test.each(refusedAnswers)('%s', (_what, check, typed, words) => {
    expect(check(typed)).toMatch(words);
    expect(check(typed)).not.toContain('canary');
  });

  test.each<readonly [string, Check, string]>([
    ['blanks and the end of a line around it', checkGuid, ` ${guid}\r\n`],
    ['a GUID in capitals', checkGuid, guid.toUpperCase()],
    ['a name with umlauts', checkName, 'Jörg Müller-Łukasiewicz'],
    ['a name in other letters', checkName, '山田太郎'],
    ['a secret with signs', checkSecret('AZURE_CLIENT_SECRET'), `aB8Q~x"y'z#$\\(1`],
    ['a token with the end of a line', checkSecret('SLACK_BOT_TOKEN'), 'xoxb-1-2-abc\r\n'],
  ])('%s is taken', (_what, check, typed) => {
    expect(check(typed)).toBeUndefined();
  });
});

test.each([
  ['Jörg Müller', 'jorg'],
  ['Øyvind', 'oyvind'],
  ['Łukasz', 'lukasz'],
  ['Weiß', 'weiss'],
  ['Émilie du Châtelet', 'emilie'],
  ['山田太郎', ''],
  ['"Bo"', 'bo'],
  ['3PO unit', '3po'],
])('the short id of %s is %s', (name, id) => {
  expect(shortId(name)).toBe(id);
});

test('no line is longer than the terminal but for one word, and every word is there, in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), minLength: 1, maxLength: 40 })),
      fc.integer({ min: 20, max: 100 }),
      (words, columns) => {
        const lines = wrapped(words.join(' '), columns);
        for (const line of lines) expect(line.length <= columns || !line.includes(' ')).toBe(true);
        expect(lines.join(' ')).toBe(words.join(' '));
      },
    ),
    { numRuns: 100 },
  );
  expect(wrapped('as it is, however long that may be', undefined)).toEqual([
    'as it is, however long that may be',
  ]);
  expect([
    columnsOf({}),
    columnsOf({ isTTY: true, columns: 0 }),
    columnsOf({ isTTY: true, columns: 120 }),
  ]).toEqual([undefined, 80, 120]);
});

test('a command is never broken: where there is no room it has a line of its own', () => {
  const steps = [
    { say: 'Start the bot:', run: 'npm start' },
    {
      say: 'Measure it once on a test device:',
      run: 'LR_ENV_FILE=/somewhere/else/.env npm run acceptance -- --device <test device> --watch',
    },
  ];
  expect(numbered(steps, 60)).toEqual([
    '  1. Start the bot: npm start',
    '  2. Measure it once on a test device:',
    '     LR_ENV_FILE=/somewhere/else/.env npm run acceptance -- --device <test device> --watch',
  ]);
  expect(numbered(steps, undefined)).toHaveLength(2);
});
