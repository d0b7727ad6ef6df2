// The program’s own files are found whatever folder its modules are in.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { entryFile, packageFile, packageVersion, rootAbove } from '../../src/adapters/packageFiles.ts';
import { root } from '../support/root.ts';

let dir: string;
let deep: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lr-root-'));
  deep = join(dir, 'a', 'b');
  mkdirSync(deep, { recursive: true });
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});
const describe = (folder: string, text: string): void => {
  writeFileSync(join(folder, 'package.json'), text);
};

test('the root is the nearest folder whose package.json is ours, not that of another package on the way', () => {
  describe(dir, '{"name":"live-response-bot"}');
  describe(join(dir, 'a'), '{"name":"another"}');
  describe(deep, '{"type":"module"}');
  expect(rootAbove(deep)).toBe(dir);
  describe(deep, '{"name":"live-response-bot","version":"9"}');
  expect(rootAbove(deep)).toBe(deep);
});

test('without one, and with one that cannot be read, the sentence says what to do', () => {
  // Folders for temporary files may lie anywhere, below a checkout too.
  const top = parse(deep).root;
  expect(() => rootAbove(top)).toThrow(
    `There is no package.json of live-response-bot above ${top}. Copy the package, or dist, as a whole`,
  );
  describe(deep, '{');
  expect(() => rootAbove(deep)).toThrow(/^.*package\.json is not JSON: .*Install the package again\.$/);
});

test('everything that is read while it runs is there', () => {
  for (const path of [
    'policy.example.yaml',
    join('manifest', 'defender', 'minidump.ps1'),
    join('manifest', 'teams', 'manifest.json'),
    join('src', 'adapters', 'console', 'page', 'index.html'),
  ])
    expect([path, existsSync(packageFile(path))]).toEqual([path, true]);
  expect(entryFile()).toBe(join(root, 'dist', 'src', 'cli.js'));
  expect(existsSync(entryFile())).toBe(true);
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+$/);
});
