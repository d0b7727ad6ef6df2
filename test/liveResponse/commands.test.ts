// Which commands can be one session: what Defender documents, and our own bounds below it.
import { describe, expect, test } from '@jest/globals';
import { maxCommandCharacters, maxCommands, problemWith } from '../../src/liveResponse/commands.ts';
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
