import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash } from '../../../src/adapters/clock.ts';
import { openOutputStore } from '../../../src/adapters/store/outputStore.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { noon, temporaryFolder } from './sample.ts';

describe('the output store', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  test('keeps a text, tells its length and hash, and gives it back', async () => {
    const outputs = openOutputStore({ dir: folder.path, clock: createManualClock(noon) });
    const text = 'Grüße\u0000\n世界';
    expect(await outputs.put('r1', 0, 'old')).toEqual({ length: 3, sha256: hash.sha256('old') });
    expect(await outputs.put('r1', 0, text)).toEqual({ length: text.length, sha256: hash.sha256(text) });
    expect(await outputs.get('r1', 0)).toBe(text);
    expect(await outputs.get('r1', 1)).toBeUndefined();
    expect(readdirSync(join(folder.path, 'outputs'))).toEqual(['r1-0.txt']);
    expect(statSync(join(folder.path, 'outputs', 'r1-0.txt')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder.path, 'outputs')).mode & 0o777).toBe(0o700);
  });

  test.each(['../r1', 'a/b', 'a\\b', '.', '', 'r1\u0000', 'C:r1', 'x'.repeat(65)])(
    'never makes a file name of %j',
    async (id) => {
      const outputs = openOutputStore({ dir: folder.path, clock: createManualClock(noon) });
      await expect(outputs.put(id, 0, 'x')).rejects.toThrow(RangeError);
      await expect(outputs.get(id, 0)).rejects.toThrow(RangeError);
      await expect(outputs.put('r1', 0.5, 'x')).rejects.toThrow(RangeError);
      expect(readdirSync(join(folder.path, 'outputs'))).toEqual([]);
    },
  );

  test('sweeps what was written before a time of its own clock, and nothing that is not its own', async () => {
    const clock = createManualClock(noon);
    const outputs = openOutputStore({ dir: folder.path, clock });
    await outputs.put('old', 0, 'x');
    await clock.advance(10_000);
    await outputs.put('new', 0, 'x');
    writeFileSync(join(folder.path, 'outputs', 'README'), 'not ours');
    expect(await outputs.sweep(noon + 5000)).toBe(1);
    expect(readdirSync(join(folder.path, 'outputs')).sort()).toEqual(['README', 'new-0.txt']);
  });
});
