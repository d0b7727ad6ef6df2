// Which library file a name means, and what exactly is said of one that has changed.
import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../src/liveResponse/commands.ts';
import {
  libraryName,
  entryNamed,
  holdsAllNamed,
  changesBetween,
  contentDrift,
  contentOf,
  wasRead,
} from '../../src/liveResponse/request/content.ts';

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);
const commands: readonly Command[] = [
  { type: 'PutFile', fileName: 'tool.exe' },
  { type: 'RunScript', scriptName: 'Collect.ps1' },
  { type: 'GetFile', path: 'C:\\a.ps1' },
];

test('a command names a library file, unless it collects one', () => {
  expect(commands.map(libraryName)).toEqual(['tool.exe', 'Collect.ps1', undefined]);
});

describe('the file that a name means', () => {
  const lower = { name: 'collect.ps1', sha256: a };
  const upper = { name: 'COLLECT.PS1', sha256: b };

  test('is the one of exactly these letters, else the only one that differs in case alone', () => {
    expect(entryNamed([upper, lower], 'collect.ps1')).toBe(lower);
    expect(entryNamed([upper], 'collect.ps1')).toBe(upper);
    expect(entryNamed([upper, lower], 'Collect.ps1')).toBeUndefined();
    expect(entryNamed([{ name: 'other.ps1', sha256: a }], 'collect.ps1')).toBeUndefined();
  });
});

test('what was seen of a file has no time where the library gives none', () => {
  const [, file] = contentOf(commands, [{ name: 'Collect.ps1', sha256: a }], 9).files;
  expect(Object.keys(file ?? {})).toEqual(['name', 'sha256']);
});

test('a listing read in part holds all named only with each of them under exactly its name', () => {
  const tool = { name: 'tool.exe', sha256: a };
  const script = { name: 'Collect.ps1', sha256: b };
  expect(holdsAllNamed(commands, [script, tool, { name: 'x.ps1', sha256: a }])).toBe(true);
  expect(holdsAllNamed(commands, [tool])).toBe(false);
  expect(holdsAllNamed(commands, [tool, { ...script, name: 'collect.ps1' }])).toBe(false);
  expect(holdsAllNamed([{ type: 'GetFile', path: 'C:\\a' }], [])).toBe(true);
});

describe('a change', () => {
  const content = (
    ...files: readonly { readonly name: string; readonly sha256?: string; readonly updatedAt?: number }[]
  ) => ({ at: 1, files });

  test('has no field for what is not known of it', () => {
    const [gone] = changesBetween(content({ name: 'x', sha256: a }), content());
    const [came] = changesBetween(content(), content({ name: 'x', sha256: a }));
    expect(Object.keys(gone ?? {})).toEqual(['name', 'from']);
    expect(Object.keys(came ?? {})).toEqual(['name', 'to']);
  });

  test('is named for each file that differs and for no other', () => {
    const before = content({ name: 'x', sha256: a }, { name: 'y', sha256: a });
    const now = content({ name: 'y', sha256: b, updatedAt: 7 }, { name: 'x', sha256: a });
    expect(changesBetween(before, now)).toEqual([{ name: 'y', from: a, to: b, updatedAt: 7 }]);
    expect(contentDrift(before, now)).toEqual({
      why: 'changed',
      changes: [{ name: 'y', from: a, to: b, updatedAt: 7 }],
    });
  });

  test('of the whole hash counts, whatever of it is the same', () => {
    const end = `${'a'.repeat(63)}b`;
    const start = `b${'a'.repeat(63)}`;
    for (const other of [end, start]) {
      expect(
        contentDrift(content({ name: 'x', sha256: a }), content({ name: 'x', sha256: other })),
      ).toMatchObject({ why: 'changed' });
    }
  });

  test('cannot be said of what was not read', () => {
    expect(wasRead(undefined)).toBe(false);
    expect(wasRead({ at: 1, notRead: 'forbidden' })).toBe(false);
    expect(wasRead(content())).toBe(true);
  });
});
