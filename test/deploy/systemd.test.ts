// manifest/systemd: judged by systemd itself where it is installed, and held to what docs/systemd.md
// promises.
import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/root.ts';
import { isKnownSetting, secondsToStop } from './settingsNamed.ts';

const unit = readFileSync(join(root, 'manifest', 'systemd', 'live-response-bot.service'), 'utf8');
const lines = unit
  .split('\n')
  .filter((line) => /^[A-Z]/.test(line))
  .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
const valuesOf = (key: string): readonly string[] =>
  lines.filter(([name]) => name === key).map(([, value]) => value);

/** systemd's figure for it, at most. 1.2 would need MemoryDenyWriteExecute, with which V8 cannot compile. */
const mostExposed = 1.3;

/**
 * `verify` looks whether the programs are there: they are replaced by one that is, as it would be on the
 * machine it is for.
 */
function analyzed(
  words: readonly string[],
  text: string,
): { readonly code: number | null; readonly out: string } {
  const dir = mkdtempSync(join(tmpdir(), 'lr-systemd-'));
  try {
    const file = join(dir, 'live-response-bot.service');
    writeFileSync(file, text.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`));
    chmodSync(file, 0o644);
    const done = spawnSync('systemd-analyze', [...words, file], {
      encoding: 'utf8',
      timeout: 50_000,
      env: { PATH: process.env['PATH'] ?? '', SYSTEMD_COLORS: '0', SYSTEMD_EMOJI: '0' },
    });
    return { code: done.status, out: `${done.stdout}${done.stderr}`.trim() };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('the systemd unit', () => {
  (hasSystemd ? test : test.skip)('is taken by systemd without a word', () => {
    expect(analyzed(['verify'], unit)).toEqual({ code: 0, out: '' });
  });

  (hasSystemd ? test : test.skip).each([
    ['an unknown key', 'ProtectHome=yes', 'ProtectHomes=yes', /Unknown key (?:name )?'ProtectHomes'/],
    ['a value it does not know', 'ProtectSystem=strict', 'ProtectSystem=stricter', /stricter/],
    ['a program that is not there', /^ExecReload=.*$/m, 'ExecReload=/bin/kil -HUP $MAINPID', /kil/],
    ['a line in no section', '[Install]', '[Instal]', /Instal/],
  ] as const)('with %s is not', (_, find, replace, said) => {
    const changed = unit.replace(find, () => replace);
    expect(changed).not.toBe(unit);
    // The exit code may be 0 nevertheless.
    expect(analyzed(['verify'], changed).out).toMatch(said);
  });

  (hasSystemd ? test : test.skip)(
    `is exposed to ${mostExposed} of 10 at most, and more without one of its lines`,
    () => {
      const figure = (text: string): number =>
        Number(
          /Overall exposure level for \S+: ([\d.]+)/.exec(
            analyzed(['security', '--offline=yes', '--no-pager'], text).out,
          )?.[1],
        );
      expect(figure(unit)).toBeLessThanOrEqual(mostExposed);
      expect(figure(unit.replace('PrivateUsers=yes\n', ''))).toBeGreaterThan(mostExposed);
    },
  );

  test('has more time to stop than it takes, and is not started again for a setting that is wrong', () => {
    expect(Number(valuesOf('TimeoutStopSec')[0])).toBeGreaterThan(secondsToStop());
    expect(valuesOf('RestartPreventExitStatus')).toEqual(['2']);
    expect(readFileSync(join(root, 'src', 'main.ts'), 'utf8')).toContain('const misconfigured = 2;');
  });

  test('has every secret from a credential, each of them used, and none in a line', () => {
    const settings = valuesOf('Environment')
      .flatMap((line) => line.split(' '))
      .map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)] as const);
    expect(settings.length).toBeGreaterThan(5);
    expect(settings.map(([name]) => name).filter((name) => !isKnownSetting(name))).toEqual([]);
    const files = settings
      .filter(([name]) => name.endsWith('_FILE') && name !== 'LR_ENV_FILE')
      .map(([, value]) => value);
    expect(
      valuesOf('LoadCredential')
        .map((line) => `%d/${line.slice(0, line.indexOf(':'))}`)
        .toSorted(),
    ).toEqual(files.toSorted());
    expect(settings.filter(([name]) => /SECRET$|TOKEN$|KEY$|Password$/.test(name))).toEqual([]);
  });

  test('is explained line by line in docs/systemd.md', () => {
    const page = readFileSync(join(root, 'docs', 'systemd.md'), 'utf8');
    expect(
      [...new Set(lines.map(([key]) => key))].filter(
        (key) => !page.includes(`\`${key}\``) && !page.includes(`\`${key}=`),
      ),
    ).toEqual([]);
    expect(page).toContain(`**${mostExposed}**`);
  });
});
