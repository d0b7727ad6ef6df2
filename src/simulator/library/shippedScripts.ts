// The scripts of manifest/defender, found up from this module: in dist, where `npm run build` puts them, in
// the bundle, or in the sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join('manifest', 'defender');

export interface ShippedScript {
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

/**
 * Every script that the program brings along, by name. Throws when its folder is missing: the build is not
 * whole then.
 */
export function shippedScripts(): readonly ShippedScript[] {
  const place = above(here)
    .map((path) => join(path, folder))
    .find((path) => existsSync(path));
  if (place === undefined)
    throw new Error(
      `The simulator finds no ${folder} above ${here}: run "npm run build", or copy dist or the package as a whole.`,
    );
  return readdirSync(place)
    .filter((name) => /\.(?:ps1|sh)$/.test(name))
    .sort()
    .map((fileName) => ({ fileName, bytes: readFileSync(join(place, fileName)) }));
}

/** The folder and those that hold it, nearest first. */
function above(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...above(parent)];
}
