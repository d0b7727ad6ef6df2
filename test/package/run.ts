// `npm run test:package`: packs what `npm pack` packs and uses it as somebody who has nothing but the file: in empty folders, with empty caches,
// without a registry, by npm 10 and npm 11. Prints sizes and times; the last line counts. Exit code 0 when nothing failed.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { belowFloors, floors } from '../support/floors.ts';
import { root } from '../support/root.ts';

/** The newest of each line that Node 20 runs; Node 20 itself comes with 10. */
const npmVersions = ['10.9.9', '11.19.1'] as const;
/** The oldest that engines names, and a newer line. From the registry, as npm is. */
const nodeVersions = ['20.19.0', '24.22.3'] as const;
/** Floors of packages that only the tests use. */
const testsOnly = ['unrs-resolver'];
/** Bytes. The issue asks for a few megabytes. */
const largest = 5_000_000;
/** Milliseconds for any one command on a loaded machine. */
const patience = 180_000;

const work = mkdtempSync(join(tmpdir(), 'lr-package-test-'));
const children = new Set<ChildProcess>();
const tally = { passed: 0, failed: 0 };

interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

let folders = 0;
function emptyFolder(): string {
  const folder = join(work, `empty-${(folders += 1)}`);
  mkdirSync(folder);
  return folder;
}

/** No settings of the machine's, no registry and nothing cached; NO_COLOR and the like stay out, too. */
function bare(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: emptyFolder(), npm_config_cache: emptyFolder(), npm_config_offline: 'true', npm_config_update_notifier: 'false', ...more };
}

function start(file: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): { readonly child: ChildProcess; readonly ended: Promise<Ended>; said(): string } {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const late = setTimeout(() => child.kill('SIGKILL'), patience);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(late);
      children.delete(child);
      resolve({ out, err, code });
    });
  });
  return { child, ended, said: () => out };
}

const run = (file: string, args: readonly string[], cwd = emptyFolder(), env = bare()): Promise<Ended> => start(file, args, cwd, env).ended;

function holds(what: string, is: boolean, otherwise = ''): void {
  if (!is) throw new Error(`${what}${otherwise === '' ? '' : `\n${otherwise.slice(-4_000)}`}`);
}

async function step(name: string, body: () => Promise<string | undefined>): Promise<void> {
  const began = performance.now();
  try {
    const found = await body();
    tally.passed += 1;
    process.stdout.write(`ok    ${name}, ${((performance.now() - began) / 1000).toFixed(1)} s${found === undefined ? '' : `: ${found}`}\n`);
  } catch (error) {
    tally.failed += 1;
    process.stdout.write(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly { readonly expression: string }[];
  readonly properties: readonly { readonly value: string }[];
}

const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

/** The file that `npm pack` makes, unpacked below `package`. */
function unpacked(tarball: string): string {
  const to = join(work, 'unpacked');
  mkdirSync(to);
  execFileSync('tar', ['-xzf', tarball, '-C', to]);
  return join(to, 'package');
}

/** What esbuild wrote above each module it took: the folders of packages that are really there, whatever a list says. */
function foldersIn(source: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of readdirSync(source).filter((one) => one.endsWith('.js'))) {
    for (const [, path = ''] of readFileSync(join(source, name), 'utf8').matchAll(/^ *\/\/ (node_modules\/\S+)$/gm)) {
      const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
      if (folder !== undefined) found.add(folder);
    }
  }
  return found;
}

function checkContents(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const odd = files.filter((name) => /\.map$|(?:^|\/)(?:test|node_modules)(?:\/|$)|\.test\.js$|(?:^|\/)\.env$|npmrc/.test(name));
  holds('no tests, maps, settings or packages lie in it', odd.length === 0, odd.join(', '));
  for (const file of [join(folder, 'package.json'), join(folder, 'bundle', 'package.json')]) {
    const own = json(file) as Readonly<Record<string, unknown>>;
    const asked = ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies', 'bundledDependencies'].filter((key) => own[key] !== undefined);
    const scripts = Object.keys((own['scripts'] ?? {}) as Readonly<Record<string, string>>).filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name));
    holds(`${file} asks for no package and runs nothing when it is installed`, asked.length === 0 && scripts.length === 0, [...asked, ...scripts].join(', '));
    holds(`${file} names the Node it needs`, JSON.stringify(own['engines']).includes('20.19'));
  }
  holds('the licences are in it', readFileSync(join(folder, 'bundle', 'THIRD_PARTY.txt'), 'utf8').length > 50_000 && existsSync(join(folder, 'LICENSE')));
  return `${files.length} entries`;
}

function checkVersions(folder: string): string {
  const { components } = json(join(folder, 'bundle', 'sbom.cdx.json')) as { readonly components: readonly Component[] };
  const listed = new Map(components.map((one) => [one.properties[0]?.value ?? '', one]));
  const there = foldersIn(join(folder, 'bundle', 'src'));
  holds('modules of many packages are found in it', there.size > 100, String(there.size));
  const unlisted = [...there].filter((path) => !listed.has(path));
  holds('its list names every package that is in it', unlisted.length === 0, unlisted.join(', '));
  const { packages: locked } = json(join(root, 'package-lock.json')) as { readonly packages: Readonly<Record<string, { readonly version?: string; readonly hasInstallScript?: boolean }>> };
  const other = components.filter(({ version, properties }) => locked[properties[0]?.value ?? '']?.version !== version);
  holds('every version is the locked one', other.length === 0, other.map(({ name, version }) => `${name} ${version}`).join(', '));
  const scripted = [...listed.keys()].filter((path) => locked[path]?.hasInstallScript === true);
  holds('nothing in it would run something when installed', scripted.length === 0, scripted.join(', '));
  const low = belowFloors(Object.fromEntries([...listed].map(([path, { version }]) => [path, { version }])));
  holds('nothing in it lies below its floor', low.length === 0, low.join('\n'));
  const missing = floors.filter(({ name }) => !testsOnly.includes(name) && !components.some((one) => one.name === name));
  holds('every floor is of something in it', missing.length === 0, missing.map(({ name }) => name).join(', '));
  for (const one of ['uuid', 'ws', 'adaptivecards', '@azure/msal-node']) holds(`one ${one} is in it`, components.filter(({ name }) => name === one).length === 1);
  return `${components.length} packages, ${floors.length - testsOnly.length} floors hold`;
}

async function serve(bin: string): Promise<string> {
  const began = performance.now();
  const program = start(bin, [], emptyFolder(), bare({ PORT: '0', LR_ADMIN_PORT: '0', LR_LOG_LEVEL: 'error' }));
  const url = await new Promise<string>((resolve, reject) => {
    program.child.stdout?.on('data', () => {
      const found = /console at (http:\/\/[^\s/]+)/.exec(program.said())?.[1];
      if (found !== undefined) resolve(found);
    });
    program.ended.then(({ err, code }) => {
      reject(new Error(`it ended with ${String(code)}: ${err}`));
    }, reject);
  });
  const ready = performance.now() - began;
  for (const path of ['/healthz', '/', '/console/main.js', '/console/adaptivecards.min.js']) holds(`${path} is served`, (await fetch(`${url}${path}`)).status === 200);
  program.child.kill('SIGTERM');
  const { code, err } = await program.ended;
  holds('SIGTERM ends it cleanly', code === 0, `exit code ${String(code)}\n${err}`);
  return `ready after ${(ready / 1000).toFixed(1)} s`;
}

async function main(): Promise<void> {
  const npms = new Map<string, string>();
  for (const version of npmVersions) {
    await step(`npm ${version} is fetched`, async () => {
      const folder = join(work, `npm-${version}`);
      mkdirSync(folder);
      const { code, err } = await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-save', '--ignore-scripts', `npm@${version}`], folder, process.env as Record<string, string>);
      holds('it is installed', code === 0, err);
      npms.set(version, join(folder, 'node_modules', 'npm', 'bin'));
      return undefined;
    });
  }
  const cli = (version: string, name: 'npm' | 'npx'): string => join(npms.get(version) ?? '', `${name}-cli.js`);
  let file = '';
  for (const version of npmVersions) {
    await step(`npm ${version}: npm pack`, async () => {
      const to = emptyFolder();
      const { code, err, out } = await run(process.execPath, [cli(version, 'npm'), 'pack', '--pack-destination', to], root, { ...(process.env as Record<string, string>), npm_config_offline: 'true' });
      holds('it packs', code === 0, `${out}${err}`);
      const [name, ...more] = readdirSync(to);
      holds('it makes one file', name !== undefined && more.length === 0, [name, ...more].join(', '));
      file = join(to, name ?? '');
      const bytes = readFileSync(file).length;
      holds(`it is below ${largest} bytes`, bytes < largest, String(bytes));
      return `${name ?? ''}, ${(bytes / 1_000_000).toFixed(2)} MB`;
    });
  }
  holds('there is a package to look at', existsSync(file));
  const name = file.split('/').at(-1) ?? '';
  const folder = unpacked(file);
  const { version: own } = json(join(root, 'package.json')) as { readonly version: string };
  await step('what lies in it', () => Promise.resolve(checkContents(folder)));
  await step('the versions in it', () => Promise.resolve(checkVersions(folder)));

  for (const version of npmVersions) {
    const npx = async (words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> => {
      const cwd = emptyFolder();
      copyFileSync(file, join(cwd, name));
      return await run(process.execPath, [cli(version, 'npx'), '--yes', `./${name}`, ...words], cwd, bare(more));
    };
    await step(`npm ${version}: npx ./${name} --version, nothing cached, no registry`, async () => {
      const { out, err, code } = await npx(['--version']);
      holds('it says its version and nothing else', code === 0 && out.trim() === own && !/warn/i.test(err), `${out}${err}`);
      return undefined;
    });
    await step(`npm ${version}: npx ./${name} doctor`, async () => {
      const { out, err, code } = await npx(['doctor'], { PORT: '0' });
      holds('it examines the simulated tenant and finds nothing to fix', code === 0 && /^[1-9]\d* ok, 0 warn, 0 FAIL, \d+ skip$/m.test(out), `${out}${err}`);
      return /^\d+ ok, .*$/m.exec(out)?.[0];
    });
    await step(`npm ${version}: npm install ./${name} and each word`, async () => {
      const cwd = emptyFolder();
      copyFileSync(file, join(cwd, name));
      const env = bare();
      const { code, out, err } = await run(process.execPath, [cli(version, 'npm'), 'install', `./${name}`], cwd, env);
      holds('it installs without a warning', code === 0 && !/warn/i.test(`${out}${err}`), `${out}${err}`);
      const installed = readdirSync(join(cwd, 'node_modules')).filter((one) => !one.startsWith('.'));
      holds('it is alone', installed.join() === 'live-response-bot', installed.join());
      const bin = join(cwd, 'node_modules', '.bin', 'live-response-bot');
      const wrong = await run(bin, ['docter']);
      holds('a word that is none is answered', wrong.code === 2 && wrong.err.includes('Did you mean doctor?'), wrong.err);
      const teams = await run(bin, ['teams-package'], emptyFolder(), bare({ MicrosoftAppId: '11111111-2222-3333-4444-555555555555' }));
      holds('the app packages are written', teams.code === 0 && teams.out.includes('live-response-bot-slash.zip'), `${teams.out}${teams.err}`);
      for (const word of ['simulator', 'setup', 'doctor', 'acceptance', 'library', 'teams-package']) {
        const told = await run(bin, [word, '--help']);
        holds(`${word} --help tells its options`, told.code === 0 && told.out.includes('--'), `${told.out}${told.err}`);
      }
      return undefined;
    });
  }
  const bin = join(folder, 'bundle', 'src', 'cli.js');
  await step('the service', () => serve(bin));
  for (const version of nodeVersions) {
    await step(`Node ${version}`, async () => {
      const to = join(work, `node-${version}`);
      mkdirSync(to);
      const name = `node-${process.platform}-${process.arch}`;
      const fetched = await run('npm', ['install', '--prefix', to, '--no-audit', '--no-fund', '--no-save', '--ignore-scripts', `${name}@${version}`], to, process.env as Record<string, string>);
      holds('it is installed', fetched.code === 0, fetched.err);
      const { out, err, code } = await run(join(to, 'node_modules', name, 'bin', 'node'), [bin, 'doctor'], emptyFolder(), bare({ PORT: '0' }));
      holds('the doctor runs on it and warns of nothing', code === 0 && err === '' && /^[1-9]\d* ok, 0 warn, 0 FAIL, \d+ skip$/m.test(out), `${out}${err}`);
      return undefined;
    });
  }
  // One after the other: each plays at a hundred times real speed.
  for (const chat of ['console', 'slack', 'teams']) {
    await step(`demo --chat ${chat}`, async () => {
      const { out, err, code } = await run(bin, ['demo', '--chat', chat]);
      holds('every step was seen', code === 0 && out.includes('Every step was seen'), `${out}${err}`);
      return /Every step was seen.*/.exec(out)?.[0];
    });
  }
}

try {
  await main();
} catch (error) {
  tally.failed += 1;
  process.stdout.write(`FAIL  ${error instanceof Error ? error.message : String(error)}\n`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed, 0 skipped\n`);
process.exitCode = tally.failed === 0 ? 0 : 1;
