// How the package is made, where that goes wrong: killed in the midst of it, and with something planted that
// must not become a package. In a copy of the checkout, so that the developer's own bundle stays as it is.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { clone, linked } from '../guidesRun/checkout.ts';
import { root } from '../support/root.ts';
import { holds, unpacked } from './contents.ts';

/** Milliseconds for one run on a loaded machine. */
const patience = 180_000;

interface Ended {
  readonly said: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * In a group of its own. `kill` is asked after every change in the folder whether now is the moment for a
 * kill -9 of all of it.
 */
function run(words: readonly string[], cwd: string, kill: () => boolean = () => false): Promise<Ended> {
  const child = spawn(words[0] ?? '', words.slice(1), {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...(process.env as Record<string, string>), npm_config_offline: 'true' },
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
  };
  const look = (): void => {
    if (kill()) end();
  };
  const watcher = watch(cwd, look);
  // A file that grows inside a new folder is no change of the folder that is watched.
  const also = setInterval(look, 5);
  const late = setTimeout(end, patience);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      watcher.close();
      clearInterval(also);
      clearTimeout(late);
      resolve({ said, code, signal });
    });
  });
}

/** A copy with what was built and installed here. */
export function checkout(to: string): string {
  clone(root, to);
  linked(join(root, 'node_modules'), join(to, 'node_modules'));
  cpSync(join(root, 'dist'), join(to, 'dist'), { recursive: true, preserveTimestamps: true });
  stamped(to);
  return to;
}

/** The folders are newer than the build that was copied. */
function stamped(copy: string): void {
  const now = new Date();
  utimesSync(join(copy, 'dist', '.built'), now, now);
}

/** Every file below, but what is made, with the hash of its bytes. */
function fingerprint(folder: string, but: (name: string) => boolean = () => false): string {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1))
    .filter((name) => !but(name))
    .toSorted();
  return names
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )
    .join('\n');
}

const isMade = (name: string): boolean => /^(?:node_modules|bundle(?:\.\d+\.new)?)\/|\.tgz$/.test(name);
const staged = (copy: string): string | undefined =>
  readdirSync(copy).find((name) => /^bundle\.\d+\.new$/.test(name));

/** @param right the folder of the package that was made without a kill */
export async function interrupted(copy: string, right: string): Promise<string> {
  const before = fingerprint(copy, isMade);
  const tarball = (): string | undefined => readdirSync(copy).find((name) => name.endsWith('.tgz'));
  const moments: readonly (readonly [string, () => boolean])[] = [
    [
      'while the modules are written',
      () => {
        const name = staged(copy);
        return name !== undefined && existsSync(join(copy, name, 'src'));
      },
    ],
    ['once the bundle has its place', () => existsSync(join(copy, 'bundle'))],
    ['while the file is written', () => tarball() !== undefined],
  ];
  for (const [when, is] of moments) {
    const { signal, said, code } = await run(['npm', 'pack'], copy, is);
    holds(`npm pack was killed ${when}`, signal === 'SIGKILL' && is(), `exit code ${String(code)}\n${said}`);
    holds(`killed ${when}, no file of the checkout was changed`, fingerprint(copy, isMade) === before);
    const version = await run([process.execPath, join(copy, 'dist', 'src', 'cli.js'), '--version'], copy);
    holds(`killed ${when}, the checkout runs`, version.code === 0, version.said);
    // So that the next moment is seen for itself; what the kill left is the next run's to deal with.
    if (existsSync(join(copy, 'bundle'))) rmSync(join(copy, 'bundle'), { recursive: true });
  }
  writeFileSync(join(copy, tarball() ?? 'live-response-bot-0.1.0.tgz'), 'half of an older file');
  const last = await run(['npm', 'pack'], copy);
  holds('the next npm pack is made', last.code === 0, last.said);
  holds('it removes what the kills left', staged(copy) === undefined, readdirSync(copy).join(' '));
  const file = tarball();
  holds('it makes its file', file !== undefined);
  const made = unpacked(join(copy, file ?? ''), `${copy}-made`);
  holds(
    'what is in it is what is in one made without a kill, byte for byte',
    fingerprint(made) === fingerprint(right),
  );
  return moments.map(([when]) => when).join(', ');
}

const plants: readonly (readonly [what: string, file: string, text: string, said: RegExp])[] = [
  [
    'a module that would be asked for where nothing is installed',
    'cli.js',
    "\nimport('module-of-nobody').catch(() => undefined);\n",
    /^No bundle was made: module-of-nobody is asked for and would not be in it\. .+$/m,
  ],
  [
    'something that the bundler is not sure of',
    'cli.js',
    '\nexport const planted = (value) => value === NaN;\n',
    /^No bundle was made: the bundler warned, .+$/m,
  ],
  ['an import of nothing', 'cli.js', "\nimport './nowhere.js';\n", /^No bundle was made: .*nowhere\.js/m],
];

export async function refusals(copy: string): Promise<string> {
  const kept = join(copy, 'bundle', 'kept');
  for (const [what, file, text, sentence] of plants) {
    mkdirSync(join(copy, 'bundle'), { recursive: true });
    writeFileSync(kept, '');
    const path = join(copy, 'dist', 'src', file);
    const good = readFileSync(path);
    appendFileSync(path, text);
    stamped(copy);
    const { code, said } = await run([process.execPath, 'scripts/bundle.js'], copy);
    writeFileSync(path, good);
    holds(
      `${what} stops it with one sentence and no stack`,
      code === 1 && sentence.test(said) && !/^ +at /m.test(said),
      `exit code ${String(code)}\n${said}`,
    );
    holds(
      `${what}: the bundle of before stays, and nothing half is left`,
      existsSync(kept) && staged(copy) === undefined,
      readdirSync(copy).join(' '),
    );
  }
  rmSync(join(copy, 'bundle'), { recursive: true });
  return `${plants.length} planted mistakes`;
}
