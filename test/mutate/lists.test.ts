// The lists of the mutation run are true of today's sources: a rename that makes an entry stale fails here, not only in the long run.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/root.ts';
import { equalsAmong, withoutFile } from './equalMutants.ts';
import { mutated } from './partRun.ts';
import { filesOf, readEqualMutants, readParts } from './settings.ts';

const parts = readParts(root);
const list = readEqualMutants(root);

describe.each(parts.map((part) => [part.name, part] as const))('part %s', (_name, part) => {
  const files = filesOf(root, part.files);

  test('has sources, tests, and only entries of equal mutants that describe a mutant', () => {
    const listed = files.filter((file) => list.some((entry) => entry.file === file));
    expect(files).not.toEqual([]);
    expect(filesOf(root, part.tests)).not.toEqual([]);
    expect(equalsAmong(list, mutated(root, listed).mutants, listed).stale).toEqual([]);
  });

  test('names only tests as too slow that there are', () => {
    const texts = filesOf(root, part.tests).map((file) => readFileSync(join(root, file), 'utf8'));
    const isThere = (words: string): boolean => texts.some((text) => text.includes(words));
    expect(part.tooSlow.filter((words) => !isThere(words))).toEqual([]);
  });
});

test('every entry of the list of equal mutants names a file that a part mutates', () => {
  const files = parts.flatMap((part) => filesOf(root, part.files));
  expect(withoutFile(list, files)).toEqual([]);
});
