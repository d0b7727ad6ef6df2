// The text of every example card, and the JSON of the states that differ in structure, kept as files to be
// read and reviewed. `UPDATE_GOLDENS=1` writes them again.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { examples, golden, goldenFolder } from './examples/examples.ts';
import { goldenRenderings, keptAsJson } from './examples/rendered.ts';

const updating = process.env['UPDATE_GOLDENS'] === '1';

describe('golden renderings', () => {
  test.each(goldenRenderings)('$file is what the renderer draws', ({ file, text }) => {
    if (updating) {
      mkdirSync(goldenFolder, { recursive: true });
      writeFileSync(join(goldenFolder, file), text);
    }
    expect(text).toBe(golden(file));
  });

  test('no golden is left of an example that is gone, or whose JSON is not kept', () => {
    const wanted = goldenRenderings.map((one) => one.file).sort();
    if (updating)
      for (const file of readdirSync(goldenFolder))
        if (!wanted.includes(file)) rmSync(join(goldenFolder, file));
    expect(readdirSync(goldenFolder).sort()).toEqual(wanted);
  });

  test('the states whose JSON is kept are examples', () => {
    const names = examples.map(({ name }) => name);
    expect(keptAsJson.filter((name) => !names.includes(name))).toEqual([]);
  });
});
