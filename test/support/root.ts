// The package root, from the compiled tests: pages, goldens and documents are read from there, never from
// dist.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
