// What was seen of library files, and what counts as a change of them.
import { describe, expect, test } from '@jest/globals';
import {
  changesBetween,
  contentOf,
  contentDrift,
  libraryNames,
} from '../../src/liveResponse/request/content.ts';
import type { Command } from '../../src/liveResponse/commands.ts';
import { digestText } from '../../src/liveResponse/commands.ts';

const commands: readonly Command[] = [
  { type: 'PutFile', fileName: 'tool.exe' },
  { type: 'RunScript', scriptName: 'Collect.ps1' },
  { type: 'RunScript', scriptName: 'Collect.ps1', args: '-Again' },
  { type: 'GetFile', path: 'C:\\a.ps1' },
];
const a = 'a'.repeat(64);
const b = 'b'.repeat(64);

describe('what was seen', () => {
  test('is one entry for each library file, in the commands’ order; a file to be collected is none', () => {
    expect(libraryNames(commands)).toEqual(['tool.exe', 'Collect.ps1']);
  });

  test('takes a name that differs in case alone only when it is the only one, and hashes in lower case', () => {
    expect(contentOf(commands, [{ name: 'collect.PS1', sha256: a.toUpperCase(), updatedAt: 5 }], 9)).toEqual({
      at: 9,
      files: [{ name: 'tool.exe' }, { name: 'Collect.ps1', sha256: a, updatedAt: 5 }],
    });
    expect(
      contentOf(
        commands,
        [
          { name: 'collect.PS1', sha256: a },
          { name: 'COLLECT.ps1', sha256: b },
        ],
        9,
      ).files[1],
    ).toEqual({ name: 'Collect.ps1' });
    expect(
      contentOf(
        commands,
        [
          { name: 'collect.ps1', sha256: a },
          { name: 'Collect.ps1', sha256: b },
        ],
        9,
      ).files[1],
    ).toMatchObject({ sha256: b });
  });
});

describe('a change', () => {
  const seen = (tool: string | undefined, at = 1) => ({
    at,
    files: [{ name: 'tool.exe', ...(tool === undefined ? {} : { sha256: tool }), updatedAt: at }],
  });

  test('is another hash, not another time; a file that comes or goes is one', () => {
    expect(changesBetween(seen(a), seen(a, 2))).toEqual([]);
    expect(changesBetween(seen(a), seen(b, 2))).toEqual([{ name: 'tool.exe', from: a, to: b, updatedAt: 2 }]);
    expect(changesBetween(seen(undefined), seen(b, 2))).toEqual([{ name: 'tool.exe', to: b, updatedAt: 2 }]);
    expect(changesBetween(seen(a), { at: 2, files: [] })).toEqual([{ name: 'tool.exe', from: a }]);
  });

  test('departs from a card only where the card would say something that is not so', () => {
    const down = { at: 2, notRead: 'unavailable' } as const;
    const forbidden = { at: 2, notRead: 'forbidden' } as const;
    expect(contentDrift(seen(a), seen(a, 2))).toBeUndefined();
    expect(contentDrift(seen(a), seen(b, 2))).toMatchObject({ why: 'changed' });
    expect(contentDrift(seen(a), down)).toBeUndefined();
    expect(contentDrift(seen(a), forbidden)).toEqual({ why: 'noLongerRead' });
    expect(contentDrift(undefined, forbidden)).toBeUndefined();
    expect(contentDrift(down, forbidden)).toBeUndefined();
    expect(contentDrift(undefined, seen(a))).toEqual({ why: 'nowRead' });
    expect(contentDrift(forbidden, seen(a))).toEqual({ why: 'nowRead' });
  });
});

test('the digest is over the contents where they are known, and as it was before where they are not', () => {
  const plain = digestText('t', 'd', commands);
  expect(digestText('t', 'd', commands, [])).toBe(plain);
  const texts = [
    plain,
    digestText('t', 'd', commands, [{ name: 'tool.exe', sha256: a }]),
    digestText('t', 'd', commands, [{ name: 'tool.exe', sha256: b }]),
    digestText('t', 'd', commands, [{ name: 'tool.exe' }]),
  ];
  expect(new Set(texts).size).toBe(4);
});
