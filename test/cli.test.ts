// The one entry of the package: which program a word starts, and what is said of a word that names none. With
// real processes.
import { afterAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './support/root.ts';

const folder = mkdtempSync(join(tmpdir(), 'lr-cli-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
};

function run(
  words: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, [join(root, 'dist', 'src', 'cli.js'), ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...variables },
    encoding: 'utf8',
    timeout: 50_000,
  });
}

describe('the first word', () => {
  test('tells the version and the list', () => {
    expect(run(['--version'])).toMatchObject({ status: 0, stdout: `${own.version}\n`, stderr: '' });
    const help = run(['help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    // What npm run does with one program of ours, the package does with a word.
    const words = Object.entries(own.scripts)
      .flatMap(([name, command]) => (/node dist\/src\/\S+\.js$/.test(command) ? [name] : []))
      .map((name) => ({ serve: 'start', 'package:teams': 'teams-package' })[name] ?? name);
    expect(words.length).toBeGreaterThan(7);
    expect(words.filter((word) => !new RegExp(`^  ${word} `, 'm').test(help.stdout))).toEqual([]);
    expect(run(['--help']).stdout).toBe(help.stdout);
  });

  test.each([
    ['docter', 'Did you mean doctor?'],
    ['Freeze', 'Did you mean freeze?'],
    ['constructor', 'live-response-bot has no program "constructor". "node '],
    ['--chat', 'live-response-bot has no program "--chat".'],
    ['', 'live-response-bot has no program "".'],
  ])('%j names nothing: no bot is started, and the next step is told', (word, said) => {
    expect(run([word])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(said) as unknown,
    });
  });

  test('starts its program, which sees only what follows', () => {
    expect(run(['doctor', '--offline'], { PORT: '0' })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('0 FAIL') as unknown,
    });
    expect(run(['audit', 'sing'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('usage: npm run audit') as unknown,
    });
    expect(run(['demo', '--chat', 'irc'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('There is no demo for the chat "irc"') as unknown,
    });
  });

  test.each(['start', 'demo', 'audit', 'freeze'])(
    '%s --help tells its usage, and does nothing else',
    (word) => {
      expect(run([word, '--help'])).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^usage: /) as unknown,
        stderr: '',
      });
    },
  );

  test('start and demo refuse an option that they do not have, rather than go on without it', () => {
    expect(run(['start', '--port', '4000'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('it takes no options, and "--port" was given') as unknown,
    });
    expect(run(['demo', '--speed', '9'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/--speed[\s\S]*usage: npm run demo -- \[--chat /) as unknown,
    });
  });

  test('that is left out, and start, start the bot', () => {
    for (const words of [[], ['start']])
      expect(run(words, { LR_SPEED: 'fast' })).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/^The bot cannot start:[\s\S]*LR_SPEED/) as unknown,
      });
  });
});
