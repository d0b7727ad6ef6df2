// The scripts of manifest/defender, read next to what runs: in dist, where `npm run build` puts them, or in the sources after a plain compile.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** dist, from dist/src/simulator. */
const built = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join('manifest', 'defender');

export interface ShippedScript { readonly fileName: string; readonly bytes: Uint8Array }

/** Every script that the program brings along, by name. Throws when its folder is missing: the build is not whole then. */
export function shippedScripts(): readonly ShippedScript[] {
  const place = [join(built, folder), join(built, '..', folder)].find((path) => existsSync(path));
  if (place === undefined) throw new Error(`The simulator finds no ${folder} next to ${built}: run "npm run build", or copy dist as a whole.`);
  return readdirSync(place).filter((name) => /\.(?:ps1|sh)$/.test(name)).sort().map((fileName) => ({ fileName, bytes: readFileSync(join(place, fileName)) }));
}
