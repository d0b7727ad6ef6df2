// Runs of collect.sh on this machine. The script that runs is a copy in which constants of its head are others
// (its place, its times, where it looks for tools): the shipped one has no switch that could be misused for
// that.
import { afterAll, describe, expect } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { scriptFolder } from './defenderScripts.ts';

export const shipped = join(scriptFolder, 'collect.sh');
export const text = readFileSync(shipped, 'utf8');
/** Where all of it happens; removed after the tests. */
export const folder = mkdtempSync(join(tmpdir(), 'lr-collect-sh-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const where = (tool: string): string | undefined =>
  ['/usr/sbin', '/usr/bin', '/sbin', '/bin', ...(process.env['PATH'] ?? '').split(delimiter)]
    .map((path) => join(path, tool))
    .find((path) => existsSync(path));
export const shells = [['bash'], ['dash'], ['busybox', 'sh']].filter(
  ([program = '']) => where(program) !== undefined,
);
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The script with other constants, and other texts in its place. */
export function changed(
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
export const live = process.platform === 'linux' ? describe : describe.skip;

export interface Ran {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
  readonly place: string;
  readonly package: string;
}

const numbers = { last: 0 };
/** A name that no other test has. */
export const fresh = (kind: string): string => join(folder, `${kind}-${(numbers.last += 1)}`);
export const newPlace = (): string => fresh('place');

export interface Wanted {
  readonly shell?: readonly string[];
  readonly place?: string;
  readonly constants?: Readonly<Record<string, string | number>>;
  readonly texts?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** Few files and short times, but for what a test is about. */
export const quick = { OWNER_ID: userInfo().uid, MOST_FILES: 12, TOOL_SECONDS: 20 };

export async function run({
  shell = ['bash'],
  place = newPlace(),
  constants = {},
  texts = {},
  args = [],
}: Wanted = {}): Promise<Ran> {
  const script = `${fresh('script')}.sh`;
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
export function tools(real: readonly string[], fake: Readonly<Record<string, string>> = {}): string {
  const path = fresh('tools');
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
export const needed = [
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

export interface Row {
  readonly part: string;
  readonly entry: string;
  readonly result: string;
  readonly bytes: number;
  readonly sum: string;
  readonly source: string;
  readonly why: string;
}

export interface Unpacked {
  readonly at: string;
  readonly rows: readonly Row[];
  /** Files of the package by their path in it. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly row: (entry: string) => Row | undefined;
}

function unpack(path: string): Unpacked {
  const at = fresh('unpacked');
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
export function expectWhole(ran: Ran): Unpacked {
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
export function running(mark: string): string[] {
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
