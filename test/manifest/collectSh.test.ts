// collect.sh, run for real on this machine by the shells that are there. The script that runs is a copy in
// which constants of its head are others (its place, its times, where it looks for tools): the shipped one
// has no switch that could be misused for that.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { exampleRecipe, scriptFolder } from '../support/defender/defenderScripts.ts';

// Real processes, which take their time on a busy machine.
jest.setTimeout(240_000);

const shipped = join(scriptFolder, 'collect.sh');
const text = readFileSync(shipped, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'lr-collect-sh-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const where = (tool: string): string | undefined =>
  ['/usr/sbin', '/usr/bin', '/sbin', '/bin', ...(process.env['PATH'] ?? '').split(delimiter)]
    .map((path) => join(path, tool))
    .find((path) => existsSync(path));
const shells = [['bash'], ['dash'], ['busybox', 'sh']].filter(
  ([program = '']) => where(program) !== undefined,
);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The script with other constants, and other texts in its place. */
function changed(
  constants: Readonly<Record<string, string | number>>,
  texts: Readonly<Record<string, string>> = {},
): string {
  let script = text;
  for (const [name, value] of Object.entries(constants)) {
    expect(script.match(new RegExp(`^${name}=.*$`, 'gm'))).toHaveLength(1);
    script = script.replace(new RegExp(`^${name}=.*$`, 'm'), () => `${name}=${value}`);
  }
  for (const [find, put] of Object.entries(texts)) {
    expect(script.split(find).length).toBeGreaterThan(1);
    script = script.replaceAll(find, () => put);
  }
  return script;
}

/** What runs the script for real: on Linux, whose /proc these tests read. */
const live = process.platform === 'linux' ? describe : describe.skip;

interface Ran {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
  readonly place: string;
  readonly package: string;
}

let count = 0;
const newPlace = (): string => join(folder, `place-${(count += 1)}`);

interface Wanted {
  readonly shell?: readonly string[];
  readonly place?: string;
  readonly constants?: Readonly<Record<string, string | number>>;
  readonly texts?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** Few files and short times, but for what a test is about. */
const quick = { OWNER_ID: userInfo().uid, MOST_FILES: 12, TOOL_SECONDS: 20 };

async function run({
  shell = ['bash'],
  place = newPlace(),
  constants = {},
  texts = {},
  args = [],
}: Wanted = {}): Promise<Ran> {
  const script = join(folder, `script-${(count += 1)}.sh`);
  writeFileSync(script, changed({ OUTPUT_FOLDER: place, ...quick, ...constants }, texts));
  const [program = '', ...options] = shell;
  const child = spawn(program, [...options, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (errors += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => void child.on('close', resolve));
  return {
    code,
    lines: output.split('\n').slice(0, -1),
    errors,
    place,
    package: join(place, 'collect.tar.gz'),
  };
}

/** A folder of tools: links to real ones, and scripts in the place of others. */
function tools(real: readonly string[], fake: Readonly<Record<string, string>> = {}): string {
  const path = join(folder, `tools-${(count += 1)}`);
  mkdirSync(path);
  for (const name of real) {
    const at = where(name);
    if (at !== undefined && !(name in fake) && name !== 'find') symlinkSync(at, join(path, name));
  }
  // What lies on the whole disk is looked for in the run with all tools.
  const find = real.includes('find')
    ? {
        find: `case $1 in\n  / | /tmp/ | /var/tmp/ | /dev/shm/) echo "found below $1" ;;\n  *) exec '${where('find') ?? ''}' "$@" ;;\nesac`,
      }
    : {};
  for (const [name, script] of Object.entries({ ...find, ...fake }))
    writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
const needed = [
  'tar',
  'gzip',
  'ls',
  'rm',
  'mv',
  'cp',
  'mkdir',
  'cat',
  'head',
  'tail',
  'tr',
  'sed',
  'cut',
  'wc',
  'sort',
  'grep',
  'find',
  'date',
  'sleep',
  'df',
  'id',
  'uname',
  'sha256sum',
  'readlink',
  'setsid',
];

interface Row {
  readonly part: string;
  readonly entry: string;
  readonly result: string;
  readonly bytes: number;
  readonly sum: string;
  readonly source: string;
  readonly why: string;
}

interface Unpacked {
  readonly at: string;
  readonly rows: readonly Row[];
  /** Files of the package by their path in it. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly row: (entry: string) => Row | undefined;
}

function unpack(path: string): Unpacked {
  const at = join(folder, `unpacked-${(count += 1)}`);
  mkdirSync(at);
  execFileSync('tar', ['-xzf', path, '-C', at]);
  const found = readdirSync(at, { recursive: true, withFileTypes: true }).map((one) =>
    join(one.parentPath, one.name),
  );
  for (const one of found) expect(lstatSync(one).isFile() || lstatSync(one).isDirectory()).toBe(true);
  const files = new Map(
    found
      .filter((one) => lstatSync(one).isFile())
      .map((one) => [one.slice(at.length + 1), readFileSync(one)] as const),
  );
  const table = files.get('manifest.csv')?.toString() ?? '';
  const rows = [
    ...table.matchAll(
      /^"([^"]*)","((?:[^"]|"")*)","(\w+)","(\d+)","(\w*)","((?:[^"]|"")*)","((?:[^"]|"")*)"$/gm,
    ),
  ].map(([, part = '', entry = '', result = '', bytes = '', sum = '', source = '', why = '']) => ({
    part,
    entry,
    result,
    bytes: Number(bytes),
    sum,
    source: source.replaceAll('""', '"'),
    why,
  }));
  // Every line of the table is a row of it.
  expect(rows).toHaveLength(table.trimEnd().split('\n').length - 1);
  return { at, rows, files, row: (entry) => rows.find((one) => one.entry === entry) };
}

/** That the table tells every file of the package as it is, and nothing lies there but the package. */
function expectWhole(ran: Ran): Unpacked {
  expect([ran.code, ran.errors]).toEqual([0, '']);
  expect(ran.lines[0]).toBe(ran.package);
  expect(ran.lines[1]).toMatch(/^\d+ MB$/);
  expect(ran.lines[2]).toBe(`package SHA-256  ${sha256(readFileSync(ran.package))}`);
  expect([statSync(ran.place).mode & 0o7777, statSync(ran.package).mode & 0o7777]).toEqual([0o700, 0o600]);
  expect(
    readdirSync(ran.place).filter(
      (name) => !/^collect(?:\.earlier-\d{8}T\d{6}Z(?:-\d+)?)?\.tar\.gz$/.test(name),
    ),
  ).toEqual([]);
  const unpacked = unpack(ran.package);
  const told = unpacked.rows.filter(({ result }) => result === 'ok' || result === 'partial');
  expect(new Set(told.map(({ entry }) => entry)).size).toBe(told.length);
  expect(told.map(({ entry, bytes, sum }) => [entry, bytes, sum]).sort()).toEqual(
    [...unpacked.files]
      .filter(([name]) => name !== 'manifest.csv' && name !== 'about.txt')
      .map(([name, content]) => [name, content.length, sha256(content)])
      .sort(),
  );
  expect(unpacked.files.get('about.txt')?.toString().split('\n')[0]).toBe(
    'Triage package, made by collect.sh of live-response-bot',
  );
  for (const { result, why } of unpacked.rows)
    if (result === 'failed' || result === 'partial') expect(why.length).toBeGreaterThan(5);
  return unpacked;
}

/** Processes of this machine whose command line holds a text. */
function running(mark: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((id) => {
      try {
        const line = readFileSync(`/proc/${id}/cmdline`, 'latin1').replaceAll('\0', ' ');
        return line.includes(mark) ? [line] : [];
      } catch (failed) {
        // It has ended meanwhile.
        expect(failed).toBeDefined();
        return [];
      }
    });
}

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

live('what hangs, floods and fails', () => {
  const mark = `98${process.pid}`;

  test.each([...shells.map((shell) => [shell.join(' '), 'setsid']), ['bash', 'job control']])(
    'a tool that never ends is killed with what it started, one that floods is cut off, and the others go on: %s with %s',
    async (shell = '', group) => {
      const path = tools(
        needed.filter((one) => one !== 'setsid' || group === 'setsid'),
        {
          ps: `sleep ${mark} &\nsleep ${mark}`,
          who: 'while :; do echo "somebody is signed in, and in, and in, and in, and in"; done',
          w: 'echo half; echo "w: something broke" >&2; exit 3',
          last: 'exit 9',
          lastlog: 'trap "" TERM HUP INT\necho before\nsleep 0; kill -KILL $$',
          mount: 'echo fine',
        },
      );
      const ran = await run({
        shell: shell.split(' '),
        constants: { TOOL_PATH: path, TOOL_SECONDS: 4, LARGEST_OUTPUT: 256, MOST_FILES: 2 },
      });
      const { row, files } = expectWhole(ran);
      expect(row('processes/processes.txt')).toMatchObject({
        result: 'failed',
        why: 'Not done after 4 seconds, and ended.',
      });
      expect(row('sessions/now.txt')).toMatchObject({
        result: 'partial',
        bytes: 256 * 1024,
        why: 'Cut off: this may have 256 KB at most.',
      });
      expect(row('sessions/activity.txt')).toMatchObject({
        result: 'partial',
        why: 'It ended with 3. w: something broke',
      });
      expect(row('sessions/earlier.txt')).toMatchObject({ result: 'failed', why: 'It ended with 9. ' });
      expect(row('sessions/last-per-user.txt')).toMatchObject({
        result: 'partial',
        why: expect.stringMatching(/^It ended with 137\./),
      });
      expect(files.get('system/mounts.txt')?.toString()).toBe('fine\n');
      expect(ran.lines.join('\n')).toContain(
        'failed   processes/processes.txt  Not done after 4 seconds, and ended.',
      );
      expect(running(mark)).toEqual([]);
    },
  );

  test('all together have their time, and what comes after it is noted', async () => {
    const ran = await run({
      constants: { TOOL_PATH: tools(needed, { ps: `sleep ${mark}` }), TOTAL_SECONDS: 6, TOOL_SECONDS: 30 },
    });
    const { rows, row } = expectWhole(ran);
    expect(row('processes/processes.txt')?.why).toMatch(
      /^(?:Not done after [1-6] seconds, and ended|The time of all was used up)\.$/,
    );
    expect(row('logs/journal.txt')?.result).toMatch(/failed|absent/);
    expect(rows.filter(({ why }) => why === 'The time of all was used up.').length).toBeGreaterThan(3);
    expect(running(mark)).toEqual([]);
  });

  test('all together have their size, and what comes after it is noted', async () => {
    const ran = await run({
      constants: {
        TOOL_PATH: tools([...needed, 'ps'], {
          who: 'i=0; while [ $i -lt 3000 ]; do echo "somebody is signed in, and in, and in, and in"; i=$((i + 1)); done',
        }),
        LARGEST_TOTAL: 128,
        LEAST_TOTAL: 64,
        TOOL_SECONDS: 20,
      },
    });
    const { rows } = expectWhole(ran);
    expect(rows.some(({ why }) => why === 'The package has its whole size.')).toBe(true);
    expect(rows.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(192 * 1024);
  });
});

live('what lies in its way', () => {
  const outside = join(folder, 'outside');
  beforeAll(() => {
    mkdirSync(outside, { mode: 0o700 });
    writeFileSync(join(outside, 'precious'), 'precious', { mode: 0o600 });
  });

  /** Makes a place, and gives what lies in it. */
  const places: readonly (readonly [string, (place: string) => void])[] = [
    ['a link to a folder of ours', (place) => symlinkSync(outside, place)],
    ['a link to nowhere', (place) => symlinkSync(join(folder, 'nowhere'), place)],
    ['a file', (place) => writeFileSync(place, 'x')],
    [
      'a folder that others may read',
      (place) => {
        mkdirSync(place);
        chmodSync(place, 0o755);
      },
    ],
    [
      'a folder that a group may write',
      (place) => {
        mkdirSync(place);
        chmodSync(place, 0o720);
      },
    ],
    [
      'a link in the place of the package',
      (place) => {
        mkdirSync(place, { mode: 0o700 });
        symlinkSync(join(outside, 'precious'), join(place, 'collect.tar.gz'));
      },
    ],
    [
      'a folder in the place of the package',
      (place) => mkdirSync(join(place, 'collect.tar.gz'), { recursive: true, mode: 0o700 }),
    ],
    [
      'a package that others may read',
      (place) => {
        mkdirSync(place, { mode: 0o700 });
        writeFileSync(join(place, 'collect.tar.gz'), 'x');
        chmodSync(join(place, 'collect.tar.gz'), 0o644);
      },
    ],
  ];
  test.each(places)('is left as it is, and nothing is done: %s', async (_what, make) => {
    const place = newPlace();
    make(place);
    if (_what.startsWith('a folder in')) chmodSync(place, 0o700);
    const before = JSON.stringify([
      lstatSync(place).mode,
      lstatSync(place).isDirectory() ? readdirSync(place) : '',
    ]);
    const ran = await run({ place, constants: { TOOL_PATH: tools(needed) } });
    expect([ran.code, ran.errors.split('\n')[0]]).toEqual([8, expect.stringContaining('is there already')]);
    expect(
      JSON.stringify([lstatSync(place).mode, lstatSync(place).isDirectory() ? readdirSync(place) : '']),
    ).toBe(before);
    expect(readdirSync(outside)).toEqual(['precious']);
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious');
  });

  test('a folder of somebody else is refused, as far as this test may make one', async () => {
    const place = newPlace();
    mkdirSync(place, { mode: 0o700 });
    if (userInfo().uid === 0) chownSync(place, 65_534, 65_534);
    const ran = await run({
      place,
      constants: {
        TOOL_PATH: tools(needed),
        OWNER_ID: userInfo().uid,
        ...(userInfo().uid === 0
          ? {}
          : { TOOL_PATH: tools(needed, { id: `echo ${userInfo().uid + 1}` }), OWNER_ID: userInfo().uid + 1 }),
      },
    });
    expect([ran.code, readdirSync(place)]).toEqual([8, []]);
    expect(ran.errors).toContain('is not a folder of root’s alone'.replace('’', "'"));
  });

  test.each([
    [2, 'takes no arguments', { args: ['--help'] }],
    [2, 'takes no arguments', { args: [''] }],
    [12, 'must run as root', { constants: { OWNER_ID: userInfo().uid + 1 } }],
    [
      12,
      'There is no tar on this device',
      { constants: { TOOL_PATH: tools(needed.filter((one) => one !== 'tar')) } },
    ],
    [7, 'MB to be free', { constants: { SPARE_SPACE: '9000000000000' } }],
    [
      9,
      'Nothing could be collected',
      { constants: { TOOL_PATH: tools(needed), LARGEST_TOTAL: 0, LEAST_TOTAL: 0 } },
    ],
  ])('ends with %i where it must: %s', async (code, words, wanted: Wanted) => {
    const ran = await run(wanted);
    expect([ran.code, ran.lines, ran.errors]).toEqual([code, [], expect.stringContaining(words)]);
    if (existsSync(ran.place)) expect(readdirSync(ran.place)).toEqual([]);
  });

  test('a package that cannot be made leaves the earlier one renamed aside and named, and none in its place', async () => {
    const place = newPlace();
    mkdirSync(place, { mode: 0o700 });
    writeFileSync(join(place, 'collect.tar.gz'), 'the only copy', { mode: 0o600 });
    const ran = await run({
      place,
      constants: { TOOL_PATH: tools(needed, { tar: 'echo "tar: broken" >&2; exit 2' }) },
    });
    expect([ran.code, ran.errors]).toEqual([10, 'The package could not be made (2). tar: broken\n']);
    const [aside = '', ...more] = readdirSync(place);
    expect(more).toEqual([]);
    expect(readFileSync(join(place, aside), 'utf8')).toBe('the only copy');
    expect(ran.lines).toEqual(
      expect.arrayContaining([
        `  ${join(place, aside)}`,
        `  13 bytes, SHA-256 ${sha256(Buffer.from('the only copy'))}`,
      ]),
    );
  });

  test.each(shells.map((shell) => [shell.join(' ')]))(
    'a disk that becomes full ends the run at once, and the earlier package stays: %s',
    async (shell) => {
      const place = newPlace();
      mkdirSync(place, { mode: 0o700 });
      writeFileSync(join(place, 'collect.tar.gz'), 'earlier', { mode: 0o600 });
      const ran = await run({
        shell: shell.split(' '),
        place,
        constants: { TOOL_PATH: tools(needed) },
        texts: {
          'begin system': 'begin system\n  full=/dev/full',
          '"$work/tool.$tools.$bounded_file"': '"${full-$work/tool.$tools.$bounded_file}"',
        },
      });
      expect([ran.code, ran.errors, existsSync(ran.package)]).toEqual([
        7,
        `The disk of ${place} became full meanwhile. Nothing of this run is left.\n`,
        false,
      ]);
      const [aside = '', ...more] = readdirSync(place);
      expect([readFileSync(join(place, aside), 'utf8'), more]).toEqual(['earlier', []]);
      expect(ran.lines).toContain(`  ${join(place, aside)}`);
    },
  );

  // Where a small disk can be mounted, in a house of its own that ends with the run.
  const small = (place: string, size: string): string[] => [
    '-rm',
    'sh',
    '-c',
    `mount -t tmpfs -o size=${size},mode=700 small '${place}' && exec "$@"`,
    'sh',
  ];
  const mounts = spawnSync('unshare', small('/mnt', '1m').concat('true')).status === 0;
  (mounts ? test : test.skip)(
    'a disk that a tool fills to its last block ends the run with the next tool, not with the time of all',
    async () => {
      const place = newPlace();
      mkdirSync(place, { mode: 0o700 });
      const path = tools(needed, { ps: `for n in 1 2 3 4; do cat /dev/zero > '${place}'/fill-$n; done` });
      const ran = await run({
        shell: ['unshare', ...small(place, '4m'), 'bash'],
        place,
        constants: { OWNER_ID: 0, TOOL_PATH: path, SPARE_SPACE: 0, LEAST_TOTAL: 64, TOTAL_SECONDS: 60 },
      });
      expect([ran.code, ran.errors]).toEqual([
        7,
        expect.stringContaining(`The disk of ${place} became full meanwhile.`),
      ]);
    },
  );

  test('a run that is ended leaves no working files, and ends its tool', async () => {
    const place = newPlace();
    const script = join(folder, `script-${(count += 1)}.sh`);
    const begun = join(folder, `begun-${count}`);
    writeFileSync(
      script,
      changed({
        OUTPUT_FOLDER: place,
        ...quick,
        TOOL_SECONDS: 60,
        TOOL_PATH: tools(needed, { ps: `: > '${begun}'\nsleep 97${process.pid}` }),
      }),
    );
    const child = spawn('bash', [script], { stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => void child.on('close', resolve));
    while (!existsSync(begun)) await new Promise((resolve) => void setImmediate(resolve));
    expect(readdirSync(place)).toHaveLength(1);
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(readdirSync(place)).toEqual([]);
    expect(running(`97${process.pid}`)).toEqual([]);
  });
});

live('what an attacker wrote', () => {
  test('hostile names, links, pipes and large files: stored under harmless names, told under their own, nothing followed and nothing run', async () => {
    const cron = join(folder, 'cron d');
    mkdirSync(join(cron, 'deeper', 'too deep'), { recursive: true });
    const hostile = [
      'plain',
      '-rf',
      'a\nb',
      'quo"te',
      "apo'strophe",
      '$(touch pwned)',
      '`touch pwned`',
      'star*',
      '..dots',
      'tab\tx',
      '\u001b[2Jesc',
      'ünï',
      'comma,"x",y',
      '=cmd()',
      'a\\b',
      ' space ',
    ];
    for (const name of hostile) writeFileSync(join(cron, name), `content of ${name}`);
    writeFileSync(join(cron, 'deeper', 'one'), 'deeper');
    writeFileSync(join(cron, 'deeper', 'too deep', 'two'), 'too deep');
    writeFileSync(join(cron, 'large'), `begin${'x'.repeat(400_000)}end`);
    symlinkSync('/etc/passwd', join(cron, 'link'));
    symlinkSync('/etc', join(cron, 'linked-folder'));
    execFileSync('mkfifo', [join(cron, 'pipe')]);
    const ran = await run({
      constants: { TOOL_PATH: tools(needed), MOST_FILES: 500, LARGEST_OUTPUT: 64 },
      texts: { 'for folder in /etc/cron.d ': `for folder in '${cron}' ` },
    });
    const { files, rows, at } = expectWhole(ran);
    const mine = rows.filter(({ source }) => source.includes('cron d/'));
    for (const [name] of files) expect(name).toMatch(/^[A-Za-z0-9._@+/-]+$/);
    for (const name of hostile) {
      const told = join(cron, name).replace(/[\u0000-\u001f]/g, '?');
      const row = mine.find(({ source }) => source === told);
      expect([name, row?.result, files.get(row?.entry ?? '')?.toString()]).toEqual([
        name,
        'ok',
        `content of ${name}`,
      ]);
    }
    const row = (name: string): Row | undefined => mine.find(({ source }) => source === join(cron, name));
    expect(row('large')).toMatchObject({
      result: 'partial',
      bytes: 64 * 1024,
      why: 'Only the last 64 KB of 391.',
    });
    expect(
      files
        .get(row('large')?.entry ?? '')
        ?.toString()
        .endsWith('xend'),
    ).toBe(true);
    expect(row('link')).toMatchObject({ result: 'link', why: 'to /etc/passwd, not followed' });
    expect(row('linked-folder')).toMatchObject({ result: 'link', why: 'to /etc, not followed' });
    expect(row('pipe')).toMatchObject({
      result: 'failed',
      why: 'This is not a file that can be read to its end.',
    });
    expect([row('deeper/one')?.result, row('deeper/too deep/two')]).toEqual(['ok', undefined]);
    for (const one of [process.cwd(), at, cron, folder]) expect(existsSync(join(one, 'pwned'))).toBe(false);
  });

  test('a home whose folder was swapped for a link gives nothing of what the link leads to', async () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, 'elsewhere', 'autostart'), { recursive: true });
    writeFileSync(join(home, 'elsewhere', 'autostart', 'secret'), 'not to be read');
    mkdirSync(join(home, '.ssh'));
    writeFileSync(join(home, '.ssh', 'id_ed25519'), 'PRIVATE KEY');
    symlinkSync(join(home, 'elsewhere'), join(home, '.config'));
    writeFileSync(join(home, '.profile'), 'export X=1');
    const ran = await run({
      constants: { TOOL_PATH: tools(needed), MOST_FILES: 500 },
      texts: {
        "printf '/root\\n/var/root\\n'": `printf '%s\\n' '${home}'`,
        '/Users/* /home/*': '/nowhere/*',
      },
    });
    const { files, rows } = expectWhole(ran);
    expect(
      rows
        .filter(({ source }) => source.startsWith(home))
        .map(({ result, source }) => [result, source.slice(home.length)]),
    ).toEqual(
      expect.arrayContaining([
        ['ok', '/.profile'],
        ['link', '/.config/autostart'],
      ]),
    );
    for (const content of files.values())
      expect(content.toString('latin1')).not.toMatch(/not to be read|PRIVATE KEY/);
    // The machine's own accounts may have such a folder as well.
    const keys = [...files].filter(([name]) => name.startsWith('users/ssh-'));
    expect(keys.map(([, content]) => content.toString()).join('\n')).toContain('id_ed25519');
  });

  /** A run that looks at homes that a test made, and at no other. */
  const atHomes = (
    homes: readonly string[],
    constants: Readonly<Record<string, string | number>> = {},
    real = needed,
  ): Promise<Ran> =>
    run({
      constants: { TOOL_PATH: tools(real), MOST_FILES: 500, ...constants },
      texts: {
        "printf '/root\\n/var/root\\n'": `printf '%s\\n' ${homes.map((one) => `'${one}'`).join(' ')}`,
        '/Users/* /home/*': '/nowhere/*',
        'cut -d : -f 6 /etc/passwd': 'true',
      },
    });

  test('names that become one by being stored under harmless ones hide no file, also where one is a folder’s', async () => {
    const home = join(folder, 'home of one name');
    const units = join(home, '.config', 'systemd', 'user');
    mkdirSync(join(units, 'a?'), { recursive: true });
    writeFileSync(join(units, 'a!'), 'a file');
    writeFileSync(join(units, 'a?', 'evil.service'), 'in a folder of the same harmless name');
    for (const name of ['b!', 'b?', 'b#', 'b_', 'b_-4', 'b_-5', 'b_-6'])
      writeFileSync(join(units, name), `content of ${name}`);
    const { files, rows } = expectWhole(await atHomes([home]));
    for (const [name, content] of [
      ['a!', 'a file'],
      ['a?/evil.service', 'in a folder of the same harmless name'],
      ...['b!', 'b?', 'b#', 'b_', 'b_-4', 'b_-5', 'b_-6'].map((one) => [one, `content of ${one}`] as const),
    ] as const) {
      const row = rows.find(({ source }) => source === join(units, name));
      expect([name, row?.result, files.get(row?.entry ?? '')?.toString()]).toEqual([name, 'ok', content]);
    }
  });

  test('a user with more names than anybody could look at costs the others neither time nor their place: links and odd names count too', async () => {
    const home = join(folder, 'home of many');
    const autostart = join(home, '.config', 'autostart');
    mkdirSync(autostart, { recursive: true });
    for (let at = 0; at < 400; at += 1) symlinkSync('/etc/passwd', join(autostart, `odd link ${at}`));
    const counting = tools(needed, { readlink: `echo . >> '${join(folder, 'links-read')}'` });
    const { rows } = expectWhole(await atHomes([home], { MOST_FILES: 8, TOOL_PATH: counting }));
    expect(rows.filter(({ source }) => source.startsWith(autostart)).map(({ result }) => result)).toEqual([
      ...Array.from({ length: 8 }, () => 'link'),
      'failed',
    ]);
    expect(rows.find(({ source, result }) => source.startsWith(autostart) && result === 'failed')?.why).toBe(
      'Cut off: at most 8 files and folders of a part are looked at.',
    );
    expect(readFileSync(join(folder, 'links-read'), 'utf8').split('\n').length).toBeLessThan(200);
    // What users fill comes last, so that it takes no place of what only root writes.
    expect(rows.at(-1)?.part).toBe('homes');
  });

  test('a user with folders without end costs the others no time either: empty ones count too', async () => {
    const home = join(folder, 'home of many folders');
    const autostart = join(home, '.config', 'autostart');
    for (let at = 0; at < 20; at += 1) mkdirSync(join(autostart, `folder ${at}`), { recursive: true });
    writeFileSync(join(autostart, 'z.desktop'), 'behind all folders');
    const { rows } = expectWhole(await atHomes([home], { MOST_FILES: 8 }));
    expect(
      rows.filter(({ part }) => part === 'homes').map(({ result, source, why }) => [result, source, why]),
    ).toEqual([
      [
        'failed',
        join(autostart, 'folder 16'),
        'Cut off: at most 8 files and folders of a part are looked at.',
      ],
    ]);
  });

  test.each(['nfs4', 'cifs', 'fuse.sshfs', 'autofs'])(
    'a home on another machine is told, and not so much as looked at: %s',
    async (type) => {
      const [here, there] = [join(folder, `here-${type}`), join(folder, `there ${type}`)];
      for (const home of [join(here, 'anna'), join(there, 'berta')]) {
        mkdirSync(join(home, '.ssh'), { recursive: true });
        writeFileSync(join(home, '.profile'), 'export X=1');
      }
      const mounts = join(folder, `mounts-${type}`);
      writeFileSync(
        mounts,
        `/dev/sda1 / ext4 rw 0 0\nserver:/homes ${there.replaceAll(' ', '\\040')} ${type} rw 0 0\n`,
      );
      const { rows } = expectWhole(
        await atHomes([join(here, 'anna'), join(there, 'berta')], { MOUNTS: mounts }),
      );
      expect(rows.find(({ source }) => source === join(here, 'anna', '.profile'))?.result).toBe('ok');
      expect(rows.filter(({ source }) => source.includes('berta'))).toEqual([]);
      expect(rows.find(({ entry }) => entry === 'users/homes')).toMatchObject({
        result: 'failed',
        why: '1 homes lie on other machines, and were not looked into.',
      });
    },
  );

  test('where /home itself lies on another machine, that is told: the people of a directory are in no /etc/passwd', async () => {
    const [home, mounts] = [join(folder, 'local home'), join(folder, 'mounts-home')];
    mkdirSync(home);
    writeFileSync(mounts, 'server:/export/home /home nfs4 rw 0 0\n');
    const { rows } = expectWhole(await atHomes([home], { MOUNTS: mounts }));
    expect(rows.filter(({ entry }) => entry === 'users/homes')).toMatchObject([
      { result: 'failed', source: '/home', why: 'It lies on another machine, and was not looked into.' },
    ]);
  });

  test('a user who mounts something below a name with a line end hides no home with it', async () => {
    const [home, mounts] = [join(folder, 'bystander'), join(folder, 'mounts-of-a-user')];
    mkdirSync(home);
    writeFileSync(join(home, '.profile'), 'export X=1');
    writeFileSync(mounts, `sshfs /somewhere/x\\012${home} fuse.sshfs rw 0 0\n`);
    const { rows } = expectWhole(await atHomes([home], { MOUNTS: mounts }));
    expect(rows.find(({ source }) => source === join(home, '.profile'))?.result).toBe('ok');
  });
});
