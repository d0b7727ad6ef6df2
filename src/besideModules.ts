// Files that the program reads and no compiler makes: in dist they lie next to what runs, where `npm run build` puts them; a plain compile
// leaves them in the sources.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** dist, from dist/src. */
const built = join(dirname(fileURLToPath(import.meta.url)), '..');

/** @param path from dist, and from the package */
export function besideModules(...path: readonly string[]): string {
  const own = join(built, ...path);
  return existsSync(own) ? own : join(built, '..', ...path);
}
