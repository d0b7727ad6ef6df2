// The folder of package.json, found from wherever the compiled test stands.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function up(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : up(dirname(folder));
}

export const packageRoot = up(dirname(fileURLToPath(import.meta.url)));
