// Files of this package that the program reads at run time and no compiler produces. They are found from the
// root of the package, upwards from the module that asks, because a bundle puts this code into a chunk that
// may be anywhere. The checkout, dist and the package have them at the same paths below their roots.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageName = 'live-response-bot';

/** Absolute path of the nearest folder above `from` whose package.json is ours. Throws when there is none. */
export function rootAbove(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (described(join(folder, 'package.json'))?.name === packageName) return folder;
    if (folder === dirname(folder))
      throw new Error(
        `There is no package.json of ${packageName} above ${from}. Copy the package, or dist, as a whole: its files are found from there.`,
      );
  }
}

interface Described {
  readonly name?: unknown;
  readonly version?: unknown;
}

/** Undefined where there is no such file. */
function described(file: string): Described | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Described;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new Error(`${file} is not JSON: ${error.message}. Install the package again.`, { cause: error });
    throw error;
  }
}

const root = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** @param path below the root of the package, which is the same in the checkout, in dist and in the bundle */
export function packageFile(...path: readonly string[]): string {
  return join(root, ...path);
}

/** As package.json has it. */
export function packageVersion(): string {
  return String(described(packageFile('package.json'))?.version);
}

/** The one entry, src/cli.ts, for a program that starts the bot as a process of its own. */
export function entryFile(): string {
  return moduleFile('cli.js');
}

/** A built module below src/ that is no part of another: a program, or what runs in a thread of its own. */
export function moduleFile(...path: readonly string[]): string {
  const built = packageFile('src', ...path);
  // After a plain compile nothing marks dist as a package, and the root is the checkout.
  return existsSync(built) ? built : packageFile('dist', 'src', ...path);
}
