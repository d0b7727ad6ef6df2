// Inputs that once failed, kept for good: test/fuzz/fixtures/<target>/<hash>.bin, packed where they are long,
// each with a note that says what was wrong and how to run it again.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { root } from '../../support/root.ts';
import type { Found } from './campaign.ts';

export const fixturesFolder = join(root, 'test', 'fuzz', 'fixtures');

/** From here on a fixture is packed. Bytes. */
const long = 4_096;

export interface Fixture {
  readonly target: string;
  readonly path: string;
}

/** Writes an input and its note; answers the path of the input. */
export function writeFixture(folder: string, target: string, { input, fault, why }: Found): string {
  const hash = createHash('sha256').update(input).digest('hex').slice(0, 16);
  const name = `${hash}.bin${input.length > long ? '.gz' : ''}`;
  mkdirSync(join(folder, target), { recursive: true });
  const path = join(folder, target, name);
  writeFileSync(path, input.length > long ? gzipSync(input, { level: 9 }) : input);
  const replay = `npm run fuzz -- --replay test/fuzz/fixtures/${target}/${name}`;
  const note = { target, fault, why: why.replaceAll(folder, ''), bytes: input.length, replay };
  writeFileSync(join(folder, target, `${hash}.json`), `${JSON.stringify(note, null, 2)}\n`);
  return path;
}

export function readFixture(path: string): Buffer {
  const bytes = readFileSync(path);
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

export function fixtures(folder = fixturesFolder): readonly Fixture[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((target) =>
    readdirSync(join(folder, target))
      .filter((name) => /\.bin(?:\.gz)?$/.test(name))
      .map((name) => ({ target, path: join(folder, target, name) })),
  );
}

/** The reader that a fixture is for. */
export function targetOf(path: string): string {
  return basename(dirname(path));
}
