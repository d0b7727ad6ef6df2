// How somebody calls the programs of this product from where this one runs: by npm in a checkout, by npx from
// the package's file, or by the one entry of an installed package. Every message that names a command takes
// it from here.
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
  /** What Node was given to run (process.argv[1]); a link of npm keeps the link's own name. */
  readonly entry: string;
  readonly folder: string;
  /** The folders in which a shell looks for programs. */
  readonly path: readonly string[];
  readonly version: string;
}

/** What `npm run` does not call by the word. */
const scripts: Readonly<Partial<Record<Word, string>>> = {
  start: 'npm start',
  'teams-package': 'npm run package:teams',
};

/**
 * The checkout that a build or the sources lie in; undefined for the package, also where it was made inside a
 * checkout.
 */
function isCheckout(root: string): boolean {
  return [root, ...(basename(root) === 'dist' ? [dirname(root)] : [])].some((folder) =>
    existsSync(join(folder, 'scripts', 'build.js')),
  );
}

/** A word for a shell of POSIX, in the quotes that it needs. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,~-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A path as it is written from a folder that it is in or below; undefined elsewhere, on another drive of
 * Windows too.
 */
export function within(path: string, folder: string): string | undefined {
  const near = relative(folder, path);
  return near === '..' || near.startsWith(`..${sep}`) || isAbsolute(near) ? undefined : near;
}

/**
 * As somebody in `folder` would write it: with ./ in front where it is below, since npx and shells take a
 * bare name for another thing.
 */
function shown(path: string, folder: string): string {
  const near = within(path, folder);
  return near === undefined ? path : `.${sep}${near}`;
}

/**
 * The file that npx took the package from: the one dependency of the folder that it made for it in its cache.
 * Its name alone would be looked up at the registry, where it may be somebody else's.
 */
function fileOfNpx({ entry, folder, version }: Running): string {
  const made = entry.slice(0, entry.indexOf(`${sep}node_modules${sep}`));
  const described = join(made, 'package.json');
  const usual = `.${sep}${packageName}-${version}.tgz`;
  if (!existsSync(described)) return usual;
  // As JSON writes it: a quote in the path stands there escaped.
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
 * How the entry itself is called, before its word; undefined in a checkout, where each program is a script of
 * npm.
 */
function entryOf(running: Running): string | undefined {
  const { root, entry, folder, path } = running;
  if (isCheckout(root)) return undefined;
  if (entry.split(sep).includes('_npx')) return `npx ${shellWord(fileOfNpx(running))}`;
  // Only scripts of npm have node_modules/.bin in their PATH; the shell that the reader types in has not.
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

/** How the entry itself is called, where it is called at all; a checkout's is among what was built. */
export function entryCommand(): string {
  const running = here();
  return entryOf(running) ?? `node ${shellWord(shown(packageFile('src', 'cli.js'), running.folder))}`;
}
