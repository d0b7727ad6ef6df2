// Settings read from the environment: defaults, admin port, result hosts, the key of the journal, misspelt
// names, secrets. Which set-ups are accepted and refused as a whole: acceptedSettings and refusedSettings.
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { knownNames, readSettings } from '../../../src/adapters/config/settings.ts';
import type { Settings } from '../../../src/adapters/config/settings.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { slackSettings, teamsSettings } from '../../support/chats/chosenChats.ts';
import { testKeyText } from '../../support/store/testKeys.ts';
import { app, azure, local, problems, settings, socket, teams, tenant } from './settingsOf.ts';
import type { Variables } from './settingsOf.ts';

test('without any settings the console is the chat and the simulator is Defender, on loopback', () => {
  expect(settings({})).toEqual({
    http: { host: '127.0.0.1', port: 3978 },
    admin: { host: '127.0.0.1' },
    dataDir: './data',
    policyFile: './policy.yaml',
    record: { everyLines: 100, everyMs: 300_000 },
    chats: [],
    console: true,
    defender: { kind: 'simulator', speed: 10, profile: 'default', tenant: 'simulator' },
    pacing: {
      submitsPerMinute: 10,
      callsPerMinute: 100,
      callsPerHour: 1500,
      sessions: 25,
      pollMs: 2400,
      parkedPollMs: 30_000,
    },
    retentionMs: 30 * 86_400_000,
    resultHosts: [],
    audiences: [],
    logLevel: 'info',
  });
});

test.each<readonly [Variables, Settings['admin']]>([
  [{ PORT: '4000' }, { host: '127.0.0.1' }],
  [{ LR_ADMIN_PORT: '0' }, { host: '127.0.0.1', port: 0 }],
  [
    { LR_ADMIN_PORT: '9000', LR_ADMIN_HOST: '::1' },
    { host: '::1', port: 9000 },
  ],
  [{ LR_ADMIN_PORT: 'off' }, 'off'],
])('the admin port: %j', (variables, admin) => {
  expect(settings(variables).admin).toEqual(admin);
});

test('hosts of results: whole names and endings, in any case', () => {
  expect(
    settings({
      LR_RESULT_HOSTS: 'Results.corp.example, *.z01.blob.storage.azure.net 8.8.8.8,[2606:4700:4700::1111]',
    }).resultHosts,
  ).toEqual(['results.corp.example', '.z01.blob.storage.azure.net', '8.8.8.8', '[2606:4700:4700::1111]']);
});

test.each([
  '*',
  '*.*',
  '*.com',
  '*.net',
  'com',
  'localhost',
  '*.co.uk',
  'x*.corp.example',
  '*corp.example',
  'a.*.example',
  'https://results.corp.example',
  'results.corp.example/path',
  'results.corp.example:8443',
  'user@results.corp.example',
  '.corp.example',
  'corp.example.',
  '-a.example',
  '127.0.0.1',
  '10.0.0.7',
  '169.254.169.254',
  '*.8.8.8',
  '*.8.8.8.8',
  '8.8.8.0/24',
  '[::1]',
  '2606:4700:4700::1111',
  'a..example',
  'a.1',
])('%j is no host of results', (host) => {
  expect(problems({ LR_RESULT_HOSTS: host })).toEqual([expect.stringContaining('LR_RESULT_HOSTS holds')]);
});

test('an admin port that is also the public one is a problem, and one that others reach is told', () => {
  expect(problems({ PORT: '4000', LR_ADMIN_PORT: '4000' })).toEqual([
    expect.stringContaining('needs a port of its own'),
  ]);
  expect(readSettings({ LR_ADMIN_HOST: '0.0.0.0' }).warnings).toEqual([
    expect.stringContaining('LR_ADMIN_HOST is 0.0.0.0'),
  ]);
});

describe('the key of the journal', () => {
  const real = { ...socket, ...azure };

  test('has to be there before a real Defender, told with the line that makes one, and need not be before a simulated one', () => {
    expect(readSettings(real)).toMatchObject({
      problems: [
        expect.stringMatching(
          /The journal has no key, and a real Defender is set up[^]*openssl rand -base64 32 > \S+.*LR_JOURNAL_KEY_FILE/,
        ),
      ],
    });
    for (const simulated of [{}, local, { ...socket, LR_DEFENDER: 'simulator' }])
      expect(readSettings(simulated)).toHaveProperty('settings');
  });

  test('is taken from one place, and never printed', () => {
    expect(settings({ ...real, LR_JOURNAL_KEY: testKeyText }).record.key).toMatchObject({ kind: 'text' });
    expect(readSettings({ ...real, LR_JOURNAL_KEY_FILE: '/run/key' })).toMatchObject({
      settings: { record: { key: { kind: 'file', path: '/run/key' } } },
    });
    expect(inspect(settings({ ...real, LR_JOURNAL_KEY: testKeyText }), { depth: 9 })).not.toContain(
      testKeyText,
    );
    expect(problems({ ...real, LR_JOURNAL_KEY_FILE: '/run/key' })).toEqual([
      expect.stringContaining('are both set'),
    ]);
    expect(problems({ ...real, LR_JOURNAL_KEY: 'secret' })).toEqual([
      expect.stringContaining('A key is made by: openssl rand -base64 32'),
    ]);
    expect(problems({ ...real, LR_ANCHOR_URL: 'http://anchors.example/' })).toEqual([
      expect.stringContaining('must begin with https://'),
    ]);
    expect(problems({ ...real, LR_ANCHOR_EVERY: 'often' })).toEqual([
      expect.stringContaining('LR_ANCHOR_EVERY'),
    ]);
    expect(
      settings({
        ...real,
        LR_ANCHOR_URL: 'http://127.0.0.1:9/anchor',
        LR_ANCHOR_FILE: '/mnt/a',
        LR_ANCHOR_EVERY_LINES: '7',
        LR_ANCHOR_EVERY: '30s',
      }).record,
    ).toMatchObject({ anchorFile: '/mnt/a', everyLines: 7, everyMs: 30_000 });
  });
});

test('the credential of the library is told where the bot could read it, and a misspelt name of it too; its value is in neither', () => {
  const { warnings } = readSettings({
    LIBRARY_CLIENT_SECRET: 'canary-library',
    LIBRARY_CLIENT_SECERT: 'canary-library',
  });
  expect(warnings).toEqual([
    expect.stringMatching(/LIBRARY_CLIENT_SECRET or .* stays out of the bot.*--credentials FILE/),
    expect.stringContaining('Did you mean LIBRARY_CLIENT_SECRET?'),
  ]);
  expect(JSON.stringify(warnings)).not.toContain('canary-library');
  expect(readSettings({ LIBRARY_CLIENT_ID: app }).warnings).toEqual([]);
});

test('the example file is accepted as it stands, means the defaults, and names every setting', () => {
  const text = readFileSync(new URL('../../../../.env.example', import.meta.url), 'utf8');
  const pairs = text.split('\n').flatMap((line): [string, string][] => {
    const match = /^([A-Za-z_]+)=(.*)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', match[2] ?? '']];
  });
  expect(pairs.map(([name]) => name).sort()).toEqual([...knownNames].sort());
  expect(readSettings(Object.fromEntries(pairs))).toEqual(readSettings({}));
  expect(readSettings({})).toHaveProperty('warnings', []);
});

describe('a misspelt name', () => {
  test.each([
    ['LR_POLICI', /Did you mean LR_POLICY/],
    ['SLACK_BOT_TOKN', /Did you mean SLACK_BOT_TOKEN/],
    ['DEFENDER_URL', /has no effect/],
    ['MICROSOFTAPPID', /Did you mean MicrosoftAppId/],
  ])('%s is warned about', (name, says) => {
    expect(readSettings({ [name]: 'x' }).warnings.join()).toMatch(says);
  });

  test('of somebody else is not, nor an empty one', () => {
    expect(readSettings({ PATH: '/bin', LRX: '1', SLACKER: '1', LR_NOTHING: ' ' }).warnings).toEqual([]);
  });
});

test('settings of a chat that is not set up are warned about', () => {
  expect(readSettings({ SLACK_COMMAND: '/ir', TEAMS_ALLOWED_TENANTS: tenant }).warnings).toHaveLength(2);
});

describe('a secret', () => {
  const read = settings({
    ...socket,
    ...teams,
    ...azure,
    SLACK_BOT_TOKEN: 'xoxb-very-secret',
    AZURE_CLIENT_SECRET: 'very-secret',
    MicrosoftAppPassword: 'very-secret',
  });

  test('is given away by reveal alone', () => {
    expect(slackSettings(read)?.botToken.reveal()).toBe('xoxb-very-secret');
    for (const shown of [
      JSON.stringify(read),
      inspect(read, { depth: 10, showHidden: true }),
      String(slackSettings(read)?.botToken),
      String(teamsSettings(read)?.password),
      JSON.stringify(Object.entries(slackSettings(read) ?? {})),
    ]) {
      expect(shown).not.toContain('very-secret');
      expect(shown).toContain('[secret]');
    }
    expect(Object.keys(new Secret('x'))).toEqual([]);
  });

  test('is in no problem and no warning', () => {
    fc.assert(
      fc.property(fc.subarray([...knownNames]), (names) => {
        const read = readSettings(
          Object.fromEntries(
            names.map((name) => [name, /TOKEN$|SECRET$|Password$/.test(name) ? 'very-secret' : '1']),
          ),
        );
        expect(JSON.stringify(read)).not.toContain('very-secret');
      }),
    );
  });
});
