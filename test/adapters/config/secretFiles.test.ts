// Secrets from files (`NAME_FILE`): what is read, what is refused and why, and that no value is ever in a
// sentence.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSettings, readSecretFiles, secretNames } from '../../../src/adapters/config/secretFiles.ts';
import { knownNames, readSettings } from '../../../src/adapters/config/settings.ts';
import { readDotEnv } from '../../../src/adapters/config/dotEnv.ts';
import { isCredential, readKeyFile } from '../../../src/adapters/store/journal/keys.ts';
import { optionsFrom } from '../../../src/app/options.ts';
import { secretsIn } from '../../../src/doctor/settings.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lr-secret-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function file(content: string | Uint8Array, mode = 0o600): string {
  const path = join(dir, 'secret');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test('every secret setting may come from a file, and each of those names is a setting', () => {
  for (const name of secretNames) {
    const variables: Record<string, string | undefined> = { [`${name}_FILE`]: file('canary-value\n') };
    expect(readSecretFiles(variables)).toEqual({ read: [name], wrong: [], odd: [] });
    expect(variables[name]).toBe('canary-value');
  }
  expect(fileSettings.filter((name) => !knownNames.includes(name))).toEqual([]);
});

test.each<readonly [string, string | Uint8Array]>([
  ['as it is', 'xoxb-canary'],
  ['with the end of a line', 'xoxb-canary\n'],
  ['with the end of a line of Windows', 'xoxb-canary\r\n'],
  ['with a byte order mark', '\ufeffxoxb-canary\n'],
])('%s it is read without its end', (_what, content) => {
  const variables: Record<string, string | undefined> = { SLACK_BOT_TOKEN_FILE: file(content) };
  readSecretFiles(variables);
  expect(variables['SLACK_BOT_TOKEN']).toBe('xoxb-canary');
});

test.each<readonly [string, string | Uint8Array, RegExp]>([
  ['empty', ' \n', /is empty\. Write the secret into it/],
  ['several lines', 'xoxb-canary\nxapp-canary\n', /holds several lines/],
  ['no text', Buffer.from([0x41, 0xe9]), /is no UTF-8 text/],
  ['too large', 'x'.repeat(16_385), /is larger than 16 KiB/],
])('a file that is %s is refused with its cause, and without its content', (_what, content, words) => {
  const variables: Record<string, string | undefined> = { SLACK_BOT_TOKEN_FILE: file(content) };
  const { wrong } = readSecretFiles(variables);
  expect(wrong).toEqual([expect.stringMatching(words)]);
  expect(wrong[0]).toContain(`${join(dir, 'secret')} (SLACK_BOT_TOKEN_FILE)`);
  expect(wrong.join(' ')).not.toContain('canary');
  expect(variables['SLACK_BOT_TOKEN']).toBeUndefined();
});

test('a file that is not there, a folder, a pipe that nobody writes into and a path of the shell are said', () => {
  mkdirSync(join(dir, 'folder'));
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  const why = (path: string): string => readSecretFiles({ AZURE_CLIENT_SECRET_FILE: path }).wrong.join(' ');
  expect(why(join(dir, 'nowhere'))).toMatch(/cannot be read: ENOENT/);
  expect(why(join(dir, 'folder'))).toMatch(/cannot be read: it is not a file/);
  expect(why(join(dir, 'pipe'))).toMatch(/cannot be read: it is not a file/);
  expect(why('~/secret')).toMatch(/only a shell replaces/);
});

test('a setting and its file together are refused, wherever each of them stands', () => {
  const path = file('canary-two');
  writeFileSync(join(dir, '.env'), `MicrosoftAppPassword_FILE=${path}\n`, { mode: 0o600 });
  const variables: Record<string, string | undefined> = {
    LR_ENV_FILE: join(dir, '.env'),
    MicrosoftAppPassword: 'canary-one',
  };
  expect(readDotEnv(variables).wrong).toBe(
    'MicrosoftAppPassword and MicrosoftAppPassword_FILE are both set. Remove one: nobody could tell which counts.',
  );
  expect(readSecretFiles({ https_proxy: 'http://a', HTTPS_PROXY_FILE: path }).wrong).toEqual([
    expect.stringContaining('https_proxy and HTTPS_PROXY_FILE are both set'),
  ]);
});

test('who else may read a file with secrets is told, of the .env too, and a link counts as what it leads to', () => {
  const odd = (mode: number): readonly string[] =>
    readSecretFiles({ SLACK_APP_TOKEN_FILE: file('xapp-canary', mode) }).odd;
  expect(odd(0o600)).toEqual([]);
  expect(odd(0o400)).toEqual([]);
  expect(odd(0o640)).toEqual([
    expect.stringMatching(/^A group may use the secret in .*\(mode 640\).*chmod 600/),
  ]);
  expect(odd(0o604)).toEqual([expect.stringMatching(/^Everybody on this machine may use the secret in /)]);
  symlinkSync(join(dir, 'secret'), join(dir, 'link'));
  expect(readSecretFiles({ SLACK_APP_TOKEN_FILE: join(dir, 'link') })).toMatchObject({
    read: ['SLACK_APP_TOKEN'],
    odd: [expect.stringContaining('Everybody') as unknown],
  });
  const env = join(dir, '.env');
  writeFileSync(env, 'SLACK_BOT_TOKEN=xoxb-canary\n');
  chmodSync(env, 0o644);
  expect(readDotEnv({ LR_ENV_FILE: env }).odd).toEqual([
    expect.stringContaining(`Everybody on this machine may use the secret in ${env}`),
  ]);
  writeFileSync(env, 'LR_JOURNAL_KEY=canary\n');
  expect(readDotEnv({ LR_ENV_FILE: env }).odd).toHaveLength(1);
  writeFileSync(env, 'PORT=1\n');
  expect(readDotEnv({ LR_ENV_FILE: env }).odd).toBeUndefined();
  writeFileSync(env, 'SLACK_BOT_TOKEN=xoxb-canary\n');
  chmodSync(env, 0o600);
  expect(readDotEnv({ LR_ENV_FILE: env }).odd).toBeUndefined();
});

test('a credential that systemd hands over is not told as a group’s, and any other file with that mode is', () => {
  const credential = { uid: 0, gid: 0, mode: 0o100440 };
  expect(isCredential('/run/credentials/bot.service/token', credential, '/run/credentials/bot.service')).toBe(
    true,
  );
  for (const [path, rights, folder] of [
    ['/run/credentials/bot.service-2/token', credential, '/run/credentials/bot.service'],
    ['/run/credentials/bot.service/../token', credential, '/run/credentials/bot.service'],
    ['/run/credentials/bot.service/token', credential, undefined],
    ['/token', credential, ''],
    ['/run/credentials/bot.service/token', { ...credential, gid: 7 }, '/run/credentials/bot.service'],
    ['/run/credentials/bot.service/token', { ...credential, uid: 7 }, '/run/credentials/bot.service'],
    ['/run/credentials/bot.service/token', { ...credential, mode: 0o100444 }, '/run/credentials/bot.service'],
    ['/run/credentials/bot.service/token', { ...credential, mode: 0o100460 }, '/run/credentials/bot.service'],
  ] as const)
    expect(isCredential(path, rights, folder)).toBe(false);
});

(process.getuid?.() === 0 ? test : test.skip)(
  'so the secret and the key of a service of systemd are read without a warning',
  () => {
    const before = process.env['CREDENTIALS_DIRECTORY'];
    try {
      const token = file('xoxb-canary', 0o440);
      const key = join(dir, 'key');
      writeFileSync(key, `${Buffer.from([...Array(32).keys()]).toString('base64')}\n`);
      chmodSync(key, 0o440);
      delete process.env['CREDENTIALS_DIRECTORY'];
      expect(readSecretFiles({ SLACK_BOT_TOKEN_FILE: token }).odd).toHaveLength(1);
      expect(readKeyFile(key, join(dir, 'data')).warnings).toHaveLength(1);
      process.env['CREDENTIALS_DIRECTORY'] = dir;
      expect(readSecretFiles({ SLACK_BOT_TOKEN_FILE: token }).odd).toEqual([]);
      expect(readKeyFile(key, join(dir, 'data')).warnings).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['CREDENTIALS_DIRECTORY'];
      else process.env['CREDENTIALS_DIRECTORY'] = before;
    }
  },
);

test('what came from a file is struck out of logs and of the doctor’s report as if it stood in the environment', () => {
  const variables: Record<string, string | undefined> = {
    LR_ENV_FILE: 'off',
    LR_DEFENDER: 'simulator',
    SLACK_BOT_TOKEN_FILE: file('xoxb-canary\n'),
    SLACK_SIGNING_SECRET: 'canary-signing',
    HTTPS_PROXY_FILE: join(dir, 'proxy'),
  };
  writeFileSync(join(dir, 'proxy'), 'http://user:canary-proxy@127.0.0.1:1\n', { mode: 0o600 });
  const told = readDotEnv(variables);
  expect(told.said).toBe('SLACK_BOT_TOKEN, HTTPS_PROXY read from the file that its _FILE names');
  const read = readSettings(variables);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  expect(optionsFrom(read.settings).secrets).toEqual(
    expect.arrayContaining(['xoxb-canary', 'canary-signing', 'canary-proxy']),
  );
  expect(secretsIn(variables)).toEqual(
    expect.arrayContaining(['xoxb-canary', 'canary-signing', 'canary-proxy']),
  );
  expect(JSON.stringify([told, read])).not.toContain('canary');
});

test('a name in .env that nothing reads is told with what was meant, and what other programs read is not', () => {
  const env = join(dir, '.env');
  writeFileSync(
    env,
    'AZURE_CLIENT_SECRT=canary\nPROT=1\nALL_PROXY=http://a\nNODE_ENV=production\nAZURE_AUTHORITY_HOST=https://a\nFROBNICATE=1\n',
    { mode: 0o600 },
  );
  const variables: Record<string, string | undefined> = { LR_ENV_FILE: env };
  expect(readDotEnv(variables).odd?.toSorted()).toEqual([
    `${env}: FROBNICATE is not a setting and has no effect. .env.example lists the settings.`,
    `${env}: PROT is not a setting and has no effect. Did you mean PORT?`,
  ]);
  // Told where the settings are read, of file and environment alike.
  expect(readSettings(variables).warnings).toEqual([
    'AZURE_CLIENT_SECRT is not a setting and has no effect. Did you mean AZURE_CLIENT_SECRET?',
  ]);
  expect(readSettings({ SLACK_BOT_TOKEN_FIEL: 'a', MicrosoftAppPasword: 'b', PROT: '1' }).warnings).toEqual([
    'SLACK_BOT_TOKEN_FIEL is not a setting and has no effect. Did you mean SLACK_BOT_TOKEN_FILE?',
    'MicrosoftAppPasword is not a setting and has no effect. Did you mean MicrosoftAppPassword?',
  ]);
});
