// Runs of `npm run library`, and what the library and the noted state hold after them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha } from './libraryBench.ts';
import type { LibraryBench, Ran } from './libraryBench.ts';
import { root } from '../../root.ts';

export const shipped = Object.fromEntries(
  readdirSync(join(root, 'manifest', 'defender'))
    .filter((name) => /\.(?:ps1|sh)$/.test(name))
    .map((name) => [name, sha(readFileSync(join(root, 'manifest', 'defender', name)))]),
);
export const hello = sha('Write-Output "hello"\n');
export const diff = (bench: LibraryBench, ...words: readonly string[]): Promise<Ran> =>
  bench.run(['diff', '--scripts', 'scripts', ...words]);
export const push = (bench: LibraryBench, ...words: readonly string[]): Promise<Ran> =>
  bench.run(['push', '--scripts', 'scripts', '--yes', ...words]);
export const uploads = (bench: LibraryBench): number =>
  bench.calls.filter((call) => call.startsWith('POST')).length;
export const state = (bench: LibraryBench): unknown =>
  JSON.parse(readFileSync(join(bench.dir, 'library.lock.json'), 'utf8'));
export const nothingNoted = { version: 1, tenants: {} };
