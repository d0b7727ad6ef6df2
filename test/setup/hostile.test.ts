// `npm run setup` where the machine or the answers are hostile: nothing is asked in vain, no key lies where nobody looks for it, and every command it names can be pasted.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { SetupBench } from '../support/setupBench.ts';

let bench: SetupBench;
beforeEach(() => {
  bench = new SetupBench();
});
afterEach(() => {
  bench.close();
});

const quick = ['--yes', '--no-check', '--chat', 'slack-socket'];

test.each<readonly [string, (path: string) => unknown]>([
  ['a pipe that nobody writes into', (path) => execFileSync('mkfifo', [path])],
  ['a folder', (path) => mkdirSync(path)],
  ['a link to itself', (path) => {
    symlinkSync('.env', path);
  }],
  ['no text', (path) => {
    writeFileSync(path, Buffer.from([0x41, 0x3d, 0xe9]));
  }],
])('a .env that is %s stops it at once: no answer could get into it', async (_what, make) => {
  make(join(bench.folder, '.env'));
  const ran = await bench.run(quick);
  expect([ran.code, bench.files()]).toEqual([1, ['.env']]);
  expect(ran.err).toMatch(/^.*\.env (?:cannot be read: |is no UTF-8 text).*Nothing is written over it: move it away, or name another folder with --folder\.\nNothing was written\./);
  expect(ran.err).not.toContain('LR_ENV_FILE');
});

test.each(['', 'somewhere'])('a home folder that is %j takes no key into the folder at hand', async (home) => {
  const ran = await bench.run(quick, { environment: { HOME: home } });
  expect([ran.code, bench.files()]).toEqual([2, []]);
  expect(ran.err).toMatch(/^This user has no home folder for the journal key\. Name a place with --key/);
  // Where no key is needed, none is missed.
  expect(await bench.run(['--yes', '--no-check', '--chat', 'none'], { environment: { HOME: home } })).toMatchObject({ code: 0 });
});

test('a key that would lie in the data folder is refused before anything is written, and told as what it is', async () => {
  const ran = await bench.run([...quick, '--key', join(bench.folder, 'data', 'journal.key')]);
  expect([ran.code, bench.files()]).toEqual([2, []]);
  expect(ran.err).toMatch(/^The journal key .* would lie in the data folder/);
});

test('a key below a file is told as that', async () => {
  writeFileSync(join(bench.home, 'file'), '');
  const ran = await bench.run([...quick, '--key', join(bench.home, 'file', 'journal.key')]);
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('something on the way to it is a file and no folder. Name another folder.');
});

test('settings that are answers are refused in the file of settings, so that none stands in .env twice', async () => {
  const ran = await bench.run([...quick, '--dry-run', '--settings', '-'], { input: "LR_JOURNAL_KEY=canary\nMicrosoftAppId=a\nLR_DEFENDER=\nLIBRARY_CLIENT_SECRET=canary\nSLACK_BOT_TOKEN='xoxb-ca'nary\nPORT=1\n" });
  expect([ran.code, ran.out]).toEqual([2, '']);
  expect(ran.err).toContain('--settings holds LR_JOURNAL_KEY, which the setup writes itself: it makes a key, or takes the file that --key names.');
  expect(ran.err).toContain('--settings holds MicrosoftAppId, which the setup writes itself: give --teams-id.');
  expect(ran.err).toContain('--settings holds LIBRARY_CLIENT_SECRET, which the bot must never have.');
  // A secret that is cut off would be written down as if it were whole.
  expect(ran.err).toContain('the value of SLACK_BOT_TOKEN in line 5 ends at its second quote.');
  expect(ran.err).not.toMatch(/canary|LR_DEFENDER|PORT/);
});

test('with a folder of any name each command that it names runs nothing but itself', async () => {
  const folder = join(bench.folder, "it's $(touch pwned) `touch pwned`");
  const ran = await bench.run([...quick, '--folder', folder]);
  expect(ran.code).toBe(0);
  const [, command = ''] = /Start the bot: (.*)\n/.exec(ran.out) ?? [];
  const pasted = spawnSync('sh', ['-c', command.replace(/npm start$/, 'sh -c \'printf %s "$LR_ENV_FILE"\'')], { cwd: bench.folder, encoding: 'utf8' });
  expect(pasted.stdout).toBe(join(folder, '.env'));
  expect(bench.files()).not.toContain('pwned');
  expect(parseEnv(readFileSync(join(folder, '.env'), 'utf8'))).toMatchObject({ LR_DATA_DIR: join(folder, 'data') });
});

test('a folder with a line end in its name is refused with its cause', async () => {
  const ran = await bench.run([...quick, '--folder', join(bench.folder, 'a\nLR_X=1')]);
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('The value of LR_POLICY cannot be written into .env as it is. Choose one without line ends.');
});

test('a real Defender without a chat is refused before anything is written', async () => {
  const ran = await bench.run(['--yes', '--no-check', '--chat', 'none', '--tenant', 'certificate']);
  expect([ran.code, bench.files()]).toEqual([2, []]);
  expect(ran.err).toMatch(/^A real Defender needs a chat: the local console lets one human play everybody\./);
});

test('a secret by its name and by a file, and one of another kind in a file, are told without any content', async () => {
  const path = join(bench.home, 'token');
  writeFileSync(path, 'xoxp-canary-user\n', { mode: 0o600 });
  const ran = await bench.run(quick, { environment: { SLACK_BOT_TOKEN_FILE: path, SLACK_APP_TOKEN_FILE: path, SLACK_APP_TOKEN: 'xapp-canary-0001' } });
  expect([ran.code, bench.files()]).toEqual([2, []]);
  expect(ran.err).toContain('SLACK_BOT_TOKEN: That is a person’s token.');
  expect(ran.err).toContain('SLACK_APP_TOKEN and SLACK_APP_TOKEN_FILE are both given. Remove one.');
  expect(ran.err).not.toContain('canary');
});
