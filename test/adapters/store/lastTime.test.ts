// Where a simulated clock goes on after a restart.
import { expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import { lastTime } from '../../../src/adapters/store/lastTime.ts';

function inFolder(files: Readonly<Record<string, string>>): number | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'lr-time-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    return lastTime(realDisk, dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test('the last time of a journal is that of its latest line', () => {
  expect(
    inFolder({ 'journal-000000001.ndjson': '{"seq":1,"at":1795441756319}\n{"seq":2,"at":1795441756400}\n' }),
  ).toBe(1795441756400);
});

test('a file that a snapshot has just begun does not hide the times before it', () => {
  expect(
    inFolder({
      'journal-000000001.ndjson': '{"seq":1,"at":1795441756319}\n',
      'journal-000000002.ndjson': '',
    }),
  ).toBe(1795441756319);
});

test('an empty or absent journal has no last time', () => {
  expect(inFolder({ 'journal-000000001.ndjson': '' })).toBeUndefined();
  expect(lastTime(realDisk, join(tmpdir(), 'lr-no-such-folder'))).toBeUndefined();
});
