// Collected files: known by their first bytes, and shown by a short name that cannot mislead.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hiddenCharacter } from '../../../src/liveResponse/text/visible.ts';
import {
  describeFile,
  formatOf,
  maxNameCharacters,
  safeName,
} from '../../../src/liveResponse/results/collectedFile.ts';

describe('a collected file', () => {
  test.each<readonly [ReturnType<typeof formatOf>, readonly number[]]>([
    ['gzip', [0x1f, 0x8b, 8]],
    ['other', [0x1f]],
    ['other', [0x1f, 0x4b, 8]],
    ['zip', [0x50, 0x4b, 3, 4]],
    ['zip', [0x50, 0x4b, 5, 6]],
    ['zip', [0x50, 0x4b, 7, 8]],
    ['other', [0x50, 0x4b, 3, 6]],
    ['other', [0x50, 0x4b, 5, 4]],
    ['other', [0x50, 0x4b, 7, 4]],
    ['other', [0x50, 0x4b, 9, 8]],
    ['other', [0x50, 0x4b, 0x20, 0x20]],
    ['other', [0x50, 0x4c, 3, 4]],
    ['other', [0x51, 0x4b, 3, 4]],
    ['empty', []],
  ])('is %s by its first bytes %j', (format, bytes) => {
    expect(formatOf(Uint8Array.from(bytes))).toBe(format);
  });

  test('is described with the size the server tells, or its own when all of it was read', () => {
    const bytes = new Uint8Array([0x1f, 0x8b]);
    expect(describeFile({ bytes, cut: true, size: 9000, fileName: 'C:\\x\\a.dmp.zip.gz' })).toEqual({
      format: 'gzip',
      bytes: 9000,
      name: 'a.dmp.zip.gz',
    });
    expect(describeFile({ bytes, cut: true })).toStrictEqual({ format: 'gzip' });
    expect(describeFile({ bytes, cut: false, encoding: 'gzip' })).toStrictEqual({
      format: 'gzip',
      bytes: 2,
      encoding: 'gzip',
    });
  });

  test('is shown by the last part of its name, without anything that could mislead', () => {
    expect(safeName('../../etc/passwd')).toBe('passwd');
    expect(safeName('..\\..\\boot.ini')).toBe('boot.ini');
    expect(safeName('..')).toBeUndefined();
    expect(safeName('')).toBeUndefined();
    expect(safeName(undefined)).toBeUndefined();
    expect(safeName('invoice\u202Efdp.exe')).toBe('invoicefdp.exe');
    expect(safeName('a<b>"c|d?`.txt')).toBe('a_b__c_d__.txt');
    expect(safeName(`${'a'.repeat(300)}.dmp.zip.gz`)?.endsWith('.dmp.zip.gz')).toBe(true);
  });

  test('keeps both ends of a name that is too long', () => {
    const longest = 'x'.repeat(maxNameCharacters);
    expect(safeName(longest)).toBe(longest);
    const shown = safeName(`${longest}.gz`) ?? '';
    expect(shown).toHaveLength(maxNameCharacters);
    expect(shown).toMatch(/^x+…x+\.gz$/);
  });

  test('has a short name without hidden characters whatever it is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        const shown = safeName(name);
        if (shown === undefined) return;
        expect(Array.from(shown).length).toBeLessThanOrEqual(maxNameCharacters);
        expect(hiddenCharacter(shown)).toBeUndefined();
        expect(shown).not.toMatch(/[\\/]/);
      }),
    );
  });
});
