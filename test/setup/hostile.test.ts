// `npm run setup` where the machine or the answers are hostile: nothing is asked in vain, no key lies where
// nobody looks for it, and every command it names can be pasted.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { SetupBench } from '../support/programs/setupBench.ts';

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
  [
    'a link to itself',
    (path) => {
      symlinkSync('.env', path);
    },
  ],
  [
    'no text',
    (path) => {
      writeFileSync(path, Buffer.from([0x41, 0x3d, 0xe9]));
    },
  ],
])('a .env that is %s stops it at once: no answer could get into it', async (_what, make) => {
  make(join(bench.folder, '.env'));
  const ran = await bench.run(quick);
  expect([ran.code, bench.files()]).toEqual([1, ['.env']]);
  expect(ran.err).toMatch(
    /^.*\.env (?:cannot be read: |is no UTF-8 text).*Nothing is written over it: move it away, or name another folder with --folder\.\nNothing was written\./,
  );
  expect(ran.err).not.toContain('LR_ENV_FILE');
});

test.each(['', 'somewhere'])(
  'a home folder that is %j takes no key into the folder at hand',
  async (home) => {
    const ran = await bench.run(quick, { environment: { HOME: home } });
    expect([ran.code, bench.files()]).toEqual([2, []]);
    expect(ran.err).toMatch(/^This user has no home folder for the journal key\. Name a place with --key/);
    // Where no key is needed, none is missed.
    expect(
      await bench.run(['--yes', '--no-check', '--chat', 'none'], { environment: { HOME: home } }),
    ).toMatchObject({ code: 0 });
  },
);

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
  const ran = await bench.run([...quick, '--dry-run', '--settings', '-'], {
    input:
      "LR_JOURNAL_KEY=canary\nMicrosoftAppId=a\nLR_DEFENDER=\nLIBRARY_CLIENT_SECRET=canary\nSLACK_BOT_TOKEN='xoxb-ca'nary\nPORT=1\n",
  });
  expect([ran.code, ran.out]).toEqual([2, '']);
  expect(ran.err).toContain(
    '--settings holds LR_JOURNAL_KEY, which the setup writes itself: it makes a key, or takes the file that --key names.',
  );
  expect(ran.err).toContain(
    '--settings holds MicrosoftAppId, which the setup writes itself: give --teams-id.',
  );
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
  const pasted = spawnSync(
    'sh',
    ['-c', command.replace(/npm start$/, 'sh -c \'printf %s "$LR_ENV_FILE"\'')],
    { cwd: bench.folder, encoding: 'utf8' },
  );
  expect(pasted.stdout).toBe(join(folder, '.env'));
  expect(bench.files()).not.toContain('pwned');
  expect(parseEnv(readFileSync(join(folder, '.env'), 'utf8'))).toMatchObject({
    LR_DATA_DIR: join(folder, 'data'),
  });
});

test('a folder with a line end in its name is refused with its cause', async () => {
  const ran = await bench.run([...quick, '--folder', join(bench.folder, 'a\nLR_X=1')]);
  expect(ran.code).toBe(1);
  expect(ran.err).toContain(
    'The value of LR_POLICY cannot be written into .env as it is. Choose one without line ends.',
  );
});

test('a real Defender without a chat is refused before anything is written', async () => {
  const ran = await bench.run(['--yes', '--no-check', '--chat', 'none', '--tenant', 'certificate']);
  expect([ran.code, bench.files()]).toEqual([2, []]);
  expect(ran.err).toMatch(/^A real Defender needs a chat: the local console lets one human play everybody\./);
});

test('a secret by its name and by a file, and one of another kind in a file, are told without any content', async () => {
  const path = join(bench.home, 'token');
  writeFileSync(path, 'xoxp-canary-user\n', { mode: 0o600 });
  const ran = await bench.run(quick, {
    environment: {
      SLACK_BOT_TOKEN_FILE: path,
      SLACK_APP_TOKEN_FILE: path,
      SLACK_APP_TOKEN: 'xapp-canary-0001',
    },
  });
  expect([ran.code, bench.files()]).toEqual([2, []]);
  expect(ran.err).toContain('SLACK_BOT_TOKEN: That is a person’s token.');
  expect(ran.err).toContain('SLACK_APP_TOKEN and SLACK_APP_TOKEN_FILE are both given. Remove one.');
  expect(ran.err).not.toContain('canary');
});

const guid = '5f0c1d2e-0000-4000-8000-000000000000';
const secretFile = (): string => {
  const path = join(bench.home, 'secret');
  writeFileSync(path, 'canary-signing\n', { mode: 0o600 });
  return path;
};

// Dropped in silence, they would leave a bot that shows successes of a simulated tenant to people who gave a
// real one.
test.each<readonly [string, () => readonly string[], string]>([
  [
    'a real tenant without --tenant',
    () => ['--tenant-id', guid, '--client-id', guid, '--certificate', '/nowhere/a.pem'],
    '--tenant-id, --client-id and --certificate belong to a real Defender, and without --tenant the simulated one is written. Give --tenant as well: certificate, secret, managed-identity or workload-identity.',
  ],
  [
    'a cloud with the simulated tenant',
    () => ['--tenant', 'simulator', '--cloud', 'gcc'],
    '--cloud belongs to a real Defender, and --tenant is simulator. Give another --tenant, or leave it out.',
  ],
  [
    'a certificate with a tenant that takes a secret',
    () => ['--tenant', 'secret', '--certificate', '/nowhere/a.pem'],
    '--certificate belongs to --tenant certificate, and --tenant is secret. Give the other --tenant, or leave it out.',
  ],
  [
    'what belongs to Teams without Teams',
    () => ['--teams-id', guid],
    '--teams-id belongs to Teams, and --chat does not hold teams. Add it there, or leave it out.',
  ],
  [
    'a secret of a tenant that takes a certificate',
    () => ['--tenant', 'certificate', '--client-secret-file', secretFile()],
    'AZURE_CLIENT_SECRET is given, and what was chosen does not use it. Choose what does (--chat, --teams-type, --tenant), or leave it out.',
  ],
  [
    'a secret of the other way to Slack',
    () => ['--slack-signing-secret-file', secretFile()],
    'SLACK_SIGNING_SECRET is given, and what was chosen does not use it. Choose what does (--chat, --teams-type, --tenant), or leave it out.',
  ],
])('%s is refused, since it would count for nothing', async (_what, args, words) => {
  const ran = await bench.run([...quick, ...args()]);
  expect([ran.code, bench.files(), ran.out]).toEqual([2, [], '']);
  expect(ran.err).toBe(`  - ${words}\n\nnpm run setup -- --help lists the options.\n`);
});

test('a secret in the environment that this choice does not use is no mistake: it may be another program’s', async () => {
  expect(await bench.run(quick, { environment: { AZURE_CLIENT_SECRET: 'canary-ambient' } })).toMatchObject({
    code: 0,
    err: '',
  });
  expect(bench.read('.env')).not.toContain('canary');
});

test('an unknown tenant is told alone, and not as a missing one too', async () => {
  const ran = await bench.run([...quick, '--tenant', 'certifcate', '--tenant-id', guid]);
  expect(ran.err.match(/^ {2}- /gm)).toHaveLength(1);
});

const env = (keyFile: string): string =>
  `SLACK_BOT_TOKEN=xoxb-canary-0001\nSLACK_APP_TOKEN=xapp-canary-0001\nLR_DEFENDER=simulator\nLR_JOURNAL_KEY_FILE=${keyFile}\n`;

test('the key that a .env names by a path of its own folder is written there, and not into the folder at hand', async () => {
  const folder = join(bench.home, 'bot');
  mkdirSync(folder);
  writeFileSync(join(folder, '.env'), env('./journal.key'), { mode: 0o600 });
  const ran = await bench.run([...quick, '--folder', folder]);
  expect([ran.code, ran.err, bench.files()]).toEqual([0, '', []]);
  expect(readFileSync(join(folder, 'journal.key'), 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
});

test('a key next to a .env that names another one is not written: the bot would not look at it', async () => {
  const [named, given] = [join(bench.home, 'named.key'), join(bench.home, 'given.key')];
  writeFileSync(join(bench.folder, '.env'), env(named), { mode: 0o600 });
  const ran = await bench.run([...quick, '--key', given]);
  expect([ran.code, existsSync(named), existsSync(given)]).toEqual([0, true, false]);
  expect(ran.out).toContain(`--key ${given} does not count: .env names ${named} (LR_JOURNAL_KEY_FILE).`);
});

test('a key that a .env names as only a shell would read it is refused before anything is written', async () => {
  writeFileSync(join(bench.folder, '.env'), env('~/bot.key'), { mode: 0o600 });
  const ran = await bench.run(quick);
  expect([ran.code, bench.files(), readdirSync(bench.home)]).toEqual([2, ['.env'], []]);
  expect(ran.err).toMatch(
    /^\.env names the journal key ~\/bot\.key, which the bot does not take\. Write the whole path there \(LR_JOURNAL_KEY_FILE\)\.\n/,
  );
});

test('a .env that names no key, or an empty one, gets none: it would not be looked at', async () => {
  writeFileSync(join(bench.folder, '.env'), env(''), { mode: 0o600 });
  const given = join(bench.home, 'given.key');
  const ran = await bench.run([...quick, '--key', given]);
  expect([ran.code, ran.err, readdirSync(bench.home)]).toEqual([0, '', []]);
  expect(ran.out).toContain(
    `--key ${given} does not count: .env names no file of a key (LR_JOURNAL_KEY_FILE).`,
  );
});
