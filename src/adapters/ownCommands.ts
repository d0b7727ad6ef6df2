// Command lines of the programs of this product, as they are typed where this one runs: by npm in a checkout,
// by npx from the package file, or by the one entry of an installed package. Every message that names a
// command takes it from here.
import { existsSync, readFileSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { packageFile, packageName, packageVersion } from './packageFiles.ts';

/** As src/cli.ts knows them. */
export type Word =
  | 'start'
  | 'demo'
  | 'simulator'
  | 'setup'
  | 'doctor'
  | 'audit'
  | 'freeze'
  | 'acceptance'
  | 'library'
  | 'teams-package';

export interface Running {
  /**
   * The folder with our package.json that the running module was found below: the checkout, its dist, or the
   * package.
   */
  readonly root: string;
  /** The file that Node was started with (process.argv[1]); a link made by npm keeps its own name. */
  readonly entry: string;
  readonly folder: string;
  /** The folders in which a shell looks for programs. */
  readonly path: readonly string[];
  readonly version: string;
}

/** Words whose npm script has another name. */
const scripts: Readonly<Partial<Record<Word, string>>> = {
  start: 'npm start',
  'teams-package': 'npm run package:teams',
};

/**
 * Whether the root belongs to a checkout, as a build or the sources do. The package does not, even where it
 * was made inside a checkout.
 */
function isCheckout(root: string): boolean {
  return [root, ...(basename(root) === 'dist' ? [dirname(root)] : [])].some((folder) =>
    existsSync(join(folder, 'scripts', 'build.js')),
  );
}

/** A word for a POSIX shell, quoted where necessary. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,~-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A path relative to a folder that it is in or below; undefined for any other path, also for one on another
 * drive of Windows.
 */
export function within(path: string, folder: string): string | undefined {
  const near = relative(folder, path);
  return near === '..' || near.startsWith(`..${sep}`) || isAbsolute(near) ? undefined : near;
}

/**
 * A path as somebody in `folder` would write it, with ./ in front where it is below that folder: npx and
 * shells take a bare name for something else.
 */
function shown(path: string, folder: string): string {
  const near = within(path, folder);
  return near === undefined ? path : `.${sep}${near}`;
}

/**
 * The file that npx took the package from: the only dependency of the folder that npx made for it in its
 * cache. The bare name of the package would be looked up at the registry, where it may belong to somebody
 * else.
 */
function fileOfNpx({ entry, folder, version }: Running): string {
  const made = entry.slice(0, entry.indexOf(`${sep}node_modules${sep}`));
  const described = join(made, 'package.json');
  const usual = `.${sep}${packageName}-${version}.tgz`;
  if (!existsSync(described)) return usual;
  // JSON escapes a quote in the path.
  const written = /"live-response-bot":\s*("file:(?:[^"\\]|\\.)+")/.exec(
    readFileSync(described, 'utf8'),
  )?.[1];
  const from = written === undefined ? undefined : String(JSON.parse(written)).slice('file:'.length);
  if (from === undefined) return usual;
  const file = resolve(made, from);
  const near = shown(file, folder);
  // npm 11 takes a path from the root for a program.
  return near === file ? `file:${file}` : near;
}

/**
 * The command line of the entry, up to its word; undefined in a checkout, where each program is an npm
 * script.
 */
function entryOf(running: Running): string | undefined {
  const { root, entry, folder, path } = running;
  if (isCheckout(root)) return undefined;
  if (entry.split(sep).includes('_npx')) return `npx ${shellWord(fileOfNpx(running))}`;
  // Only npm scripts have node_modules/.bin in their PATH; the shell in which the reader types does not.
  const isFound = path.some(
    (one) => resolve(one) === dirname(entry) && !one.endsWith(join('node_modules', '.bin')),
  );
  if (basename(entry) === packageName) return isFound ? packageName : shellWord(shown(entry, folder));
  return `node ${shellWord(shown(entry, folder))}`;
}

/** @param rest what follows the word; not quoted here */
export function commandIn(running: Running, word: Word, rest = ''): string {
  const entry = entryOf(running);
  if (entry === undefined) return `${scripts[word] ?? `npm run ${word}`}${rest === '' ? '' : ` -- ${rest}`}`;
  return `${entry} ${word}${rest === '' ? '' : ` ${rest}`}`;
}

function here(): Running {
  return {
    root: packageFile(),
    entry: process.argv[1] ?? '',
    folder: process.cwd(),
    path: (process.env['PATH'] ?? '').split(delimiter).filter((one) => one !== ''),
    version: packageVersion(),
  };
}

/** The command that works where this program runs. */
export function commandFor(word: Word, rest = ''): string {
  return commandIn(here(), word, rest);
}

/** The command line of the entry, where there is one; in a checkout, the built one. */
export function entryCommand(): string {
  const running = here();
  return entryOf(running) ?? `node ${shellWord(shown(packageFile('src', 'cli.js'), running.folder))}`;
}
