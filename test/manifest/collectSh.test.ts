// collect.sh: its text, and a whole run of it for real on this machine, by the shells and tools that are there.
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleRecipe } from '../support/defender/defenderScripts.ts';
import {
  expectWhole,
  folder,
  live,
  needed,
  newPlace,
  run,
  sha256,
  shells,
  shipped,
  text,
  tools,
  where,
} from '../support/defender/collectShRuns.ts';
import type { Ran, Unpacked } from '../support/defender/collectShRuns.ts';

// Real processes, which take their time on a busy machine.
jest.setTimeout(240_000);

describe('the text of collect.sh', () => {
  test.each([...new Set(shells.map(([program = '']) => program))])('%s takes its syntax', (program) => {
    expect(
      spawnSync(program, [...(program === 'busybox' ? ['sh'] : []), '-n', shipped], { encoding: 'utf8' }),
    ).toMatchObject({ status: 0, stderr: '' });
  });

  const shellcheck = where('shellcheck');
  (shellcheck === undefined ? describe.skip : describe)('shellcheck (.ci/run installs it)', () => {
    const found = (script: string): unknown[] =>
      JSON.parse(
        spawnSync(shellcheck ?? '', ['--norc', '--shell=sh', '--severity=style', '--format=json', '-'], {
          encoding: 'utf8',
          input: script,
        }).stdout,
      ) as unknown[];
    test('finds nothing', () => {
      expect(found(text)).toEqual([]);
    });
    test.each([
      ['a variable without quotes', 'rm -rf "$work"', 'rm -rf $work'],
      ['a bracket that is missing', 'if [ -n "$work" ]; then', 'if [ -n "$work" ; then'],
      ['what POSIX does not have', '  until read -r ended', '  until [[ -n $ended ]] || read -r ended'],
      ['a folder that may not be there', 'begin() {', 'leave() {\n  cd "$1"\n}\nbegin() {'],
    ])('finds what is planted: %s', (_what, find, put) => {
      expect(text).toContain(find);
      expect(found(text.replace(find, () => put))).not.toEqual([]);
    });
  });

  test('has exactly the exit codes that its head explains', () => {
    const told = [...text.matchAll(/^# {3,5}(\d+) {2}\S/gm)].map((match) => Number(match[1]));
    const used = [...text.matchAll(/\b(?:fail|exit) (\d+)\b/g)].map((match) => Number(match[1]));
    expect(told).toEqual([...new Set(used)].sort((a, b) => a - b));
  });

  test('collects in the order of its head, and everything the head names', () => {
    const told = [...text.matchAll(/^# {5}(\w+)\/ +\S/gm)].map((match) => match[1]);
    const main = text.slice(text.indexOf("moved=''\n"));
    expect([...main.matchAll(/^collect_(\w+)$/gm)].map((match) => match[1])).toEqual(told);
    expect(told.map((part) => text.includes(`\n  begin ${part ?? ''}\n`))).toEqual(told.map(() => true));
  });

  test('ends within eight minutes whatever hangs, long before live response ends it', () => {
    const number = (name: string): number => Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(text)?.[1]);
    // A tool that began in the last second has its whole time only as far as the time of all allows.
    expect(number('TOTAL_SECONDS') + number('PACK_SECONDS')).toBeLessThanOrEqual(8 * 60 - 30);
    expect(text).toContain('room_seconds=$((ends - seconds))');
    expect(number('LARGEST_TOTAL')).toBeLessThan(3 * 2 ** 20);
  });

  test('takes nothing that holds credentials', () => {
    const code = text.replace(/^ *#.*$/gm, '');
    expect(code).not.toMatch(
      /shadow|master\.passwd|btmp|_history|\bid_(?:rsa|ed25519|ecdsa)|\.pem\b|\.keytab|\/proc\/[^"' ]*environ|krb5cc|\.aws|\.kube|sssd/,
    );
    expect(code).not.toMatch(/save_file [^\n]*(?:authorized_keys|\.ssh)/);
  });

  test('leaves its package where the recipe collects it', () => {
    const recipe = exampleRecipe('collect-unix');
    expect(
      recipe.commands.map((command) =>
        command.type === 'RunScript' ? command.scriptName : command.type === 'GetFile' ? command.path : '',
      ),
    ).toEqual(['collect.sh', '/var/tmp/lr-collect/collect.tar.gz']);
    expect(text).toMatch(/^OUTPUT_FOLDER=\/var\/tmp\/lr-collect$/m);
    expect(text).toMatch(/^PACKAGE_NAME=collect\.tar\.gz$/m);
    expect(text).toContain('package=$OUTPUT_FOLDER/$PACKAGE_NAME');
  });
});

live('a whole run with the tools of this machine', () => {
  let ran: Ran;
  let unpacked: Unpacked;
  beforeAll(async () => {
    const home = join(folder, 'my home');
    mkdirSync(home);
    writeFileSync(join(home, '.profile'), 'export X=1');
    ran = await run({
      constants: { MOST_FILES: 60, TOOL_SECONDS: 12 },
      texts: { "printf '/root\\n/var/root\\n'": `printf '%s\\n' '${home}'` },
    });
    unpacked = expectWhole(ran);
  });

  test('holds what its head names, from every part', () => {
    expect([...new Set(unpacked.rows.map(({ part }) => part))]).toEqual([
      'network',
      'processes',
      'sessions',
      'system',
      'users',
      'autoruns',
      'packages',
      'files',
      'logs',
      'homes',
    ]);
    for (const [entry, holds] of [
      ['system/kernel.txt', 'Linux'],
      ['users/settings/etc/passwd', 'root:'],
      ['network/settings/etc/hosts', 'localhost'],
      ['network/proc-net-tcp.txt', 'local_address'],
      ['processes/images.txt', '/'],
    ] as const) {
      expect([entry, unpacked.files.get(entry)?.toString().includes(holds)]).toEqual([entry, true]);
    }
  });

  test('hashes the programs that run: this very Node is among them', () => {
    const hashes = unpacked.files.get('processes/image-hashes.txt')?.toString() ?? '';
    expect(hashes).toContain(sha256(readFileSync(process.execPath)));
    expect(unpacked.files.get('processes/images.txt')?.toString()).toContain(readlinkSync('/proc/self/exe'));
  });

  test('notes a tool that is not here, and each link with where it leads', () => {
    const absent = unpacked.rows.filter(
      ({ result, why }) => result === 'absent' && why.startsWith('There is no'),
    );
    for (const { source } of absent) expect(where(source.split(' ')[0] ?? '')).toBeUndefined();
    for (const { result, why } of unpacked.rows.filter((one) => one.result === 'link'))
      expect([result, why]).toEqual(['link', expect.stringMatching(/not followed$/)]);
  });

  test('tells on its output what about.txt tells', () => {
    expect(ran.lines.slice(3).join('\n')).toBe(unpacked.files.get('about.txt')?.toString().trimEnd());
    expect(Number(/^whole files +(\d+)$/m.exec(ran.lines.join('\n'))?.[1])).toBe(
      unpacked.rows.filter(({ result }) => result === 'ok').length,
    );
  });
});

live('with few tools', () => {
  test.each(shells.map((shell) => [shell.join(' ')]))(
    '%s runs it, and a second run renames the first package aside',
    async (shell) => {
      const wanted = {
        shell: shell.split(' '),
        place: newPlace(),
        constants: { TOOL_PATH: tools(needed), MOST_FILES: 3 },
      };
      const first = await run(wanted);
      const { row } = expectWhole(first);
      expect(row('processes/processes.txt')).toMatchObject({
        result: 'absent',
        why: 'There is no such tool on this device.',
      });
      expect(row('network/addresses.txt')).toMatchObject({
        result: 'absent',
        why: 'There is none of these tools on this device.',
      });
      const before = readFileSync(first.package);
      const second = await run(wanted);
      expectWhole(second);
      const [aside = ''] = readdirSync(second.place).filter((name) => name.includes('earlier'));
      expect(readFileSync(join(second.place, aside)).equals(before)).toBe(true);
      expect(second.lines).toEqual(
        expect.arrayContaining([
          `  ${join(second.place, aside)}`,
          `  ${before.length} bytes, SHA-256 ${sha256(before)}`,
          expect.stringMatching(/^earlier packages kept in .*: 1, 1 MB in all\. .*nothing removes them/),
        ]),
      );
    },
  );

  test('they pile up, and each stays', async () => {
    const wanted = {
      place: newPlace(),
      constants: { TOOL_PATH: tools(needed), MOST_FILES: 0, LARGEST_OUTPUT: 64 },
    };
    await run(wanted);
    for (const name of ['collect.earlier-20260101T000000Z.tar.gz', 'collect.earlier-20260102T000000Z.tar.gz'])
      writeFileSync(join(wanted.place, name), name, { mode: 0o600 });
    const last = await run(wanted);
    expect(last.lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/: 3, \d+ MB in all/),
        `  ${join(wanted.place, 'collect.earlier-20260101T000000Z.tar.gz')}`,
      ]),
    );
    expect(readFileSync(join(wanted.place, 'collect.earlier-20260101T000000Z.tar.gz'), 'utf8')).toContain(
      '20260101',
    );
    expect(readdirSync(wanted.place)).toHaveLength(4);
  });
});
