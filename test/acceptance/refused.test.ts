// What the acceptance refuses before anything is asked for, with the way that works.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { device, openAcceptanceBench } from '../support/programs/acceptanceBench.ts';
import type { AcceptanceBench } from '../support/programs/acceptanceBench.ts';
import { startProgram, stopped } from '../support/programs/program.ts';

let bench: AcceptanceBench;
beforeEach(() => {
  bench = openAcceptanceBench();
});
afterEach(() => bench.close());

describe('what has to be put right first', () => {
  test.each([
    ['another device', 'srv-portal.corp.example', device],
    ['a name that means nothing', 'nosuchpc', device],
    ['a controller that the policy keeps out', 'dc1.corp.example', device],
  ])('%s is refused before anything is asked for, with the way', async (_what, asked, allowed) => {
    const { url, tenant: at } = await bench.tenant();
    const run = bench.start(
      ['--device', asked, '--play'],
      bench.settings(url, { LR_POLICY: bench.policy(allowed) }),
    );
    expect(await run.ended).toBe(2);
    expect(run.text()).toContain('Nothing was asked for.');
    if (asked !== 'nosuchpc') expect(run.text()).toContain(`names: [${asked}]`);
    expect(at.submissions).toHaveLength(0);
  });

  test('settings that cannot be read are no settings to go by', async () => {
    const { url, tenant: at } = await bench.tenant();
    const run = bench.start(['--device', device, '--play'], {
      ...bench.settings(url),
      LR_ENV_FILE: bench.folder,
    });
    expect(await run.ended).toBe(2);
    expect(run.text()).toContain(`${bench.folder} cannot be read: it is not a file`);
    expect(at.submissions).toHaveLength(0);
  });

  const real = {
    DEFENDER_API_URL: '',
    DEFENDER_AUTH: '',
    AZURE_TENANT_ID: '11111111-2222-4333-8444-555555555555',
    AZURE_CLIENT_ID: '66666666-7777-4888-8999-aaaaaaaaaaaa',
    AZURE_CLIENT_SECRET: 'a secret nobody knows',
    LR_POLL_MS: '',
    LR_CALLS_PER_MINUTE: '',
    LR_CALLS_PER_HOUR: '',
  };
  const key = (): Readonly<Record<string, string>> => {
    const file = join(bench.folder, 'key');
    writeFileSync(file, `${Buffer.alloc(32, 'a key').toString('base64')}\n`);
    chmodSync(file, 0o600);
    return { LR_JOURNAL_KEY_FILE: file };
  };

  test('before a real Defender nobody is played, a pipe is no pair of people, and the policy allows one device by its name', async () => {
    const asked = async (
      words: readonly string[],
      more: Readonly<Record<string, string>>,
    ): Promise<string> => {
      const run = bench.start(words, { ...bench.settings('', more), ...real, ...key(), ...more });
      run.type('analyst: ask');
      expect(await run.ended).toBe(2);
      expect(run.text()).not.toContain(real.AZURE_CLIENT_SECRET);
      return run.text();
    };
    expect(await asked(['--device', device, '--play'], {})).toMatch(/--play lets this program be two people/);
    expect(await asked(['--device', device], {})).toMatch(
      /two people type at this terminal, and the input is not a terminal/,
    );
    const wide = join(bench.folder, 'wide.yaml');
    writeFileSync(
      wide,
      readFileSync(bench.policy(), 'utf8').replace(
        /^ {2}allow: .*$/m,
        '  allow: { groups: [Workstations], tags: [], names: [hosta.corp.example] }',
      ),
    );
    expect(await asked(['--device', device], { LR_POLICY: wide })).toMatch(
      /allows the test device by its name and nothing else[^]*names: \[hosta\.corp\.example\]/,
    );
    expect(await asked(['--device', device], { LR_POLICY: bench.policy('hostb.corp.example') })).toMatch(
      /allows the test device by its name and nothing else/,
    );
    expect(await asked(['--device', device, '--chat'], {})).toMatch(/--chat needs a chat/);
  });

  test('before a real Defender a frozen bot, or one that runs, holds up a run at the terminal', async () => {
    const data = join(bench.folder, 'bot');
    const env = { ...bench.settings(''), ...real, ...key(), LR_DATA_DIR: data };
    const refused = async (): Promise<string> => {
      const run = bench.start(['--device', device], env);
      expect(await run.ended).toBe(2);
      return run.text();
    };
    const bot = await startProgram('src/main.js', [], {
      PORT: '0',
      LR_DATA_DIR: data,
      LR_LOG_LEVEL: 'error',
      ...key(),
    });
    try {
      expect(await refused()).toMatch(/The bot runs on this machine \(process \d+\)[^]*use --watch/);
    } finally {
      await stopped(bot);
    }
    expect(await refused()).toMatch(/two people type at this terminal/);
    const frozen = await startProgram('src/cli/freeze.js', ['odd approvals', '--data', data], { ...key() });
    expect(await frozen.ended).toBe(0);
    expect(await refused()).toMatch(/Submissions are frozen since 20[^]*nothing is sent from here either/);
  });

  test.each([
    [[], /--device NAME is missing/],
    [['--device', 'a b'], /a device name has letters/],
    [['--device', 'a', '--chat', '--watch'], /--chat and --watch are two ways/],
    [['--device', 'a', '--patience', '0'], /--patience 0: whole minutes/],
    [['--device', 'a', '--second'], /--second/],
    [['--device', 'a', '--watch', '--cancel'], /--cancel is for runs at the terminal/],
  ])('%j is called wrongly', async (words, sentence) => {
    const run = bench.start(words, {});
    expect(await run.ended).toBe(2);
    expect(run.text()).toMatch(sentence);
  });

  test('--help says what it does, and does nothing', async () => {
    const run = bench.start(['--help'], {});
    expect(await run.ended).toBe(0);
    expect(run.text()).toMatch(/Nothing runs without the approval of a second person/);
  });
});
