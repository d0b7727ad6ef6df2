// Row 2.16: a `.env` as other tools and editors leave it is read as it is meant, and what of it counts for
// nothing is said by its line.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readDotEnv } from '../src/adapters/config/dotEnv.ts';
import type { DotEnv } from '../src/adapters/config/dotEnv.ts';
import { root } from './support/root.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lr-env-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function read(content: string | Uint8Array): {
  readonly variables: Record<string, string | undefined>;
  readonly told: DotEnv;
} {
  const file = join(dir, '.env');
  writeFileSync(file, content);
  const variables: Record<string, string | undefined> = { LR_ENV_FILE: file };
  const told = readDotEnv(variables);
  delete variables['LR_ENV_FILE'];
  return { variables, told };
}

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

test.each<readonly [string, string | Uint8Array]>([
  ['a byte order mark', '\ufeffPORT=1\nLR_SPEED=2\n'],
  ['UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16('PORT=1\r\nLR_SPEED=2\r\n')])],
  [
    'UTF-16, the other way round',
    Buffer.concat([Buffer.from([0xfe, 0xff]), utf16('PORT=1\nLR_SPEED=2\n').swap16()]),
  ],
  ['line ends of Windows', 'PORT=1\r\nLR_SPEED=2\r\n'],
  ['line ends of old', 'PORT=1\rLR_SPEED=2\r'],
  ['export with many spaces', 'export  PORT = "1"\n  export\tLR_SPEED=\'2\' # why\n'],
  ['a comment that looks like a setting', '#PORT=9\nPORT=1\n # LR_SPEED=9\nLR_SPEED=2'],
])('row 2.16: with %s it is read', (_what, content) => {
  expect(read(content)).toMatchObject({
    variables: { PORT: '1', LR_SPEED: '2' },
    told: { said: expect.stringContaining('2 settings read') as unknown },
  });
  expect(read(content).told.odd).toBeUndefined();
});

test.each([
  ['PORT=1\nset LR_SPEED=2', 'line 2 is no NAME=value'],
  ['$env:PORT="1"', 'line 1 is no NAME=value'],
  ['PORT: 1', 'line 1 is no NAME=value'],
  ['PORT\u00a0=\u00a01', 'line 1 is no NAME=value'],
  ['LR_PASS=ab#cd', 'the value of LR_PASS in line 1 ends before its "#"'],
  [
    'LR_PASS="abcd',
    'the quote that opens the value of LR_PASS in line 1 is never closed, so it is part of the value',
  ],
  ['MY_PASS=#abcd', 'the value of MY_PASS in line 1 ends before its "#"'],
  ["MY_PASS='ab'cd'", 'the value of MY_PASS in line 1 ends at its second quote'],
  ['MY_PASS="ab\\"cd"', 'the value of MY_PASS in line 1 ends at its second quote'],
  [
    "MY_PASS='ab\nPORT=1\nMY_HOST='cd'",
    'the value of MY_PASS in line 1 goes on to line 3, and what stands behind the quote there counts for nothing',
  ],
  [
    'MY_PASS="ab\\nab"',
    'the value of MY_PASS in line 1 holds \\n, of which double quotes make the end of a line',
  ],
  ['NODE_EXTRA_CA_CERTS=/ab.pem', 'NODE_EXTRA_CA_CERTS has no effect in a file: it is read before this one'],
  ['LR_ENV_FILE=ab', 'LR_ENV_FILE has no effect in a file'],
  ['LR_PASS=“abcd”', 'the curly quotes around the value of LR_PASS in line 1'],
  ['PORT=1\nPORT=2', 'PORT stands twice; the one in line 2 counts'],
])('row 2.16: %j is told, without the value', (content, words) => {
  const { told } = read(content);
  expect(told.odd?.join(' ')).toContain(words);
  // Without the name of the folder, whose letters are random.
  expect(told.odd?.join(' ').replaceAll(dir, '')).not.toMatch(/ab/);
});

test('row 2.16: a value of several lines is one, and nothing in it is taken for a line of its own', () => {
  const { variables, told } = read('LR_KEY="-----BEGIN\nabc def\n-----END"\nPORT=1\n');
  expect(variables).toEqual({ LR_KEY: '-----BEGIN\nabc def\n-----END', PORT: '1' });
  expect(told.odd).toBeUndefined();
});

test.each(['=ab', ' = ab', 'ab', 'ab\n\nab', 'ab:\n', '"'])(
  'a line that is none, %j, takes nothing of the lines behind it',
  (line) => {
    const { variables, told } = read(`LR_SPEED=2\n${line}\nPORT=1\n`);
    expect(variables).toEqual({ LR_SPEED: '2', PORT: '1' });
    expect(told.odd?.join(' ')).toContain('line 2 is no NAME=value and counts for nothing.');
  },
);

test('a comment behind a value is one, whatever signs it holds', () => {
  const { variables, told } = read(
    'PORT=1 # see issue#12, it\'s "there\nLR_SPEED="2" # or "3"\nLR_HOST= # later\n',
  );
  expect(variables).toEqual({ PORT: '1', LR_SPEED: '2' });
  expect(told.odd).toBeUndefined();
});

test('row 2.16: what is no text is not read, and said so', () => {
  expect(read(utf16('PORT=1\n')).told.wrong).toContain('is no UTF-8 text');
  expect(read(Buffer.from([0x41, 0x3d, 0xe9, 0x0a])).told.wrong).toContain('is no UTF-8 text');
});

test('what the environment says wins and is told, and an empty value is none', () => {
  const file = join(dir, '.env');
  writeFileSync(file, 'PORT=1\nLR_SPEED=2\nLR_HOST=\nSLACK_COMMAND="  "\n');
  const variables: Record<string, string | undefined> = { LR_ENV_FILE: file, PORT: '7' };
  expect(readDotEnv(variables).said).toBe(`2 settings read from ${file}; the environment overrules PORT`);
  expect(variables).toEqual({ LR_ENV_FILE: file, PORT: '7', LR_SPEED: '2' });
});

test('a file that was named and is not there is wrong, unless none is wanted', () => {
  const file = join(dir, 'nowhere.env');
  expect(readDotEnv({ LR_ENV_FILE: file }).wrong).toMatch(`${file} cannot be read`);
  expect(readDotEnv({ LR_ENV_FILE: ' OFF ' })).toEqual({ said: undefined });
});

test('an empty file, and one of comments alone, is no settings and nothing wrong', () => {
  for (const content of ['', '\n\n', '# PORT=1\n'])
    expect(read(content)).toMatchObject({
      variables: {},
      told: { said: expect.stringContaining('0 settings read') as unknown },
    });
});

test('what is no file of settings is told at once: a folder, a pipe that nobody writes into, a device, too many bytes', () => {
  mkdirSync(join(dir, 'folder'));
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  const why = (path: string): string => readDotEnv({ LR_ENV_FILE: path }).wrong ?? '';
  for (const path of [join(dir, 'folder'), join(dir, 'pipe'), '/dev/zero'])
    expect(why(path)).toBe(`${path} cannot be read: it is not a file. Correct it, or set LR_ENV_FILE=off.`);
  expect(read(Buffer.alloc(262_145, 'A')).told.wrong).toMatch(
    /is larger than 256 KiB, and no file of settings is/,
  );
  expect(read(`PORT=1\n${'#'.repeat(262_100)}\n`).variables).toEqual({ PORT: '1' });
});

test('what a shell hands over as <(command) is read, so that no file need hold the secrets', () => {
  const program = `import { readDotEnv } from ${JSON.stringify(pathToFileURL(join(root, 'dist', 'src', 'adapters', 'config', 'dotEnv.js')).href)}; const v = { LR_ENV_FILE: process.argv[1] }; console.log(JSON.stringify([readDotEnv(v), v.SLACK_BOT_TOKEN]));`;
  const out = execFileSync(
    'bash',
    [
      '-c',
      '"$0" --input-type=module -e "$1" <(printf "SLACK_BOT_TOKEN=xoxb-1\n")',
      process.execPath,
      program,
    ],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(out)).toEqual([
    { said: expect.stringMatching(/^one setting read from \/dev\/fd\/\d+$/) as unknown },
    'xoxb-1',
  ]);
});
