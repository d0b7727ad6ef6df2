// Which commands can be one session: what Defender documents, and our own bounds below it.
import { describe, expect, test } from '@jest/globals';
import {
  bindingOf,
  commandLine,
  digestText,
  fingerprintOf,
  maxCommandCharacters,
  maxCommands,
  problemWith,
  sameDeeds,
} from '../../src/liveResponse/commands.ts';
import type { Command } from '../../src/liveResponse/commands.ts';

const put = (fileName: string): Command => ({ type: 'PutFile', fileName });
const run = (scriptName: string, args?: string): Command => ({
  type: 'RunScript',
  scriptName,
  ...(args === undefined ? {} : { args }),
});
const get = (path: string): Command => ({ type: 'GetFile', path });

describe('a library file name', () => {
  test.each(['a', 'minidump.ps1', '_x-1.2.PS1', '7', 'x'.repeat(128)])('may be %j', (name) => {
    expect(problemWith([run(name)])).toBeUndefined();
    expect(problemWith([put(name)])).toBeUndefined();
  });

  test.each([
    '',
    '.',
    '..',
    '../x.ps1',
    'a/b',
    'a\\b',
    'C:x',
    '-x',
    '.hidden',
    'a b',
    'a;b',
    'a"b',
    'ä',
    'x'.repeat(129),
  ])('may not be %j', (name) => {
    expect(problemWith([get('C:\\a'), run(name)].toReversed())).toEqual({
      reason: 'libraryName',
      index: 0,
      name,
    });
    expect(problemWith([put(name)])).toEqual({ reason: 'libraryName', index: 0, name });
  });
});

describe('the order of a session', () => {
  test('is PutFile, RunScript, GetFile, each as often as wanted', () => {
    expect(problemWith([put('a'), put('b'), run('c'), run('d'), get('e'), get('f')])).toBeUndefined();
  });

  test.each<readonly [readonly Command[], object]>([
    [[run('a'), put('b')], { index: 1, type: 'PutFile', after: 'RunScript' }],
    [[get('a'), put('b')], { index: 1, type: 'PutFile', after: 'GetFile' }],
    [[put('a'), get('b'), run('c')], { index: 2, type: 'RunScript', after: 'GetFile' }],
  ])('is refused where it is another: %j', (commands, where) => {
    expect(problemWith(commands)).toEqual({ reason: 'order', ...where });
  });
});

test('nothing, too many commands, too much text, an empty path and hidden characters are refused, each at its bound', () => {
  expect(problemWith([])).toEqual({ reason: 'noCommands' });
  const many = Array.from({ length: maxCommands }, () => get('C:\\a'));
  expect(problemWith(many)).toBeUndefined();
  expect(problemWith([...many, get('C:\\a')])).toEqual({ reason: 'tooManyCommands', count: maxCommands + 1 });
  expect(problemWith([get('x'.repeat(maxCommandCharacters))])).toBeUndefined();
  expect(problemWith([get('x'.repeat(maxCommandCharacters + 1))])).toEqual({
    reason: 'tooLong',
    characters: maxCommandCharacters + 1,
  });
  expect(problemWith([get(' ')])).toEqual({ reason: 'emptyPath', index: 0 });
  expect(problemWith([run('a', 'x\u202ey')])).toMatchObject({ reason: 'hiddenCharacters', index: 0 });
});

test('a mark at the beginning of the arguments does not draw over the name of the script', () => {
  expect(problemWith([run('a', '\u0301x')])).toMatchObject({ reason: 'strayMark', index: 0 });
});

test('a command is shown on one line as it runs, without a blank where it has no arguments', () => {
  expect([run('a.ps1'), run('a.ps1', '-All  x'), put('b.exe'), get('C:\\c d')].map(commandLine)).toEqual([
    'RunScript a.ps1',
    'RunScript a.ps1 -All  x',
    'PutFile b.exe',
    'GetFile C:\\c d',
  ]);
});

describe('the text that a digest is taken over', () => {
  test('never changes, or approvals of an older version would no longer bind', () => {
    const commands = [run('a.ps1'), run('a.ps1', '-All'), get('C:\\b')];
    const lines = '[["RunScript","a.ps1"],["RunScript","a.ps1","-All"],["GetFile","C:\\\\b"]]';
    expect(digestText('t', 'd', commands)).toBe(`["lr1","t","d",${lines}]`);
    expect(digestText('t', 'd', commands, [{ name: 'a.ps1', sha256: 'ff' }, { name: 'b' }])).toBe(
      `["lr2","t","d",${lines},[["a.ps1","ff"],["b",null]]]`,
    );
  });

  test('gives people its first 8 digits to read, and buttons 16 to bind', () => {
    const digest = '0123456789abcdef'.repeat(4);
    expect(fingerprintOf(digest)).toBe('01234567');
    expect(bindingOf(digest)).toBe('0123456789abcdef');
  });
});

test.each<readonly [boolean, string, Command, Command]>([
  [true, 'names of the library differ in case alone', put('Tool.exe'), put('tool.EXE')],
  [true, 'names of scripts differ in case alone', run('A.ps1', '-x'), run('a.PS1', '-x')],
  [false, 'arguments differ in case', run('a.ps1', '-x'), run('a.ps1', '-X')],
  [false, 'paths differ in case, which some devices tell apart', get('/tmp/A'), get('/tmp/a')],
  [false, 'the same name is copied or run', put('a.ps1'), run('a.ps1')],
  [false, 'a file is copied or collected', put('a'), get('a')],
  [false, 'files differ', put('a'), put('b')],
])('the same would happen on the device: %s, where %s', (same, _where, one, other) => {
  expect(sameDeeds([one], [other])).toBe(same);
});
