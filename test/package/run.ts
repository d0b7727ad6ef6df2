// `npm run test:package`: packs what `npm pack` packs and uses it as somebody who has nothing but the file:
// in empty folders, with empty caches, without a registry, by npm 10 and npm 11. Prints sizes and times; the
// last line counts. Exit code 0 when nothing failed.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/root.ts';
import {
  checkChecks,
  checkContents,
  checkLicences,
  checkVersions,
  holds,
  json,
  unpacked,
} from './contents.ts';
import { checkout, interrupted, refusals } from './making.ts';
import { bare, children, emptyFolder, run, start, work } from './commands.ts';
import type { Ended } from './commands.ts';

/** The newest of each line that Node 20 runs; Node 20 itself comes with 10. */
const npmVersions = ['10.9.9', '11.19.1'] as const;
/**
 * The oldest that engines names, and each newer line with long support, with the npm that belongs to it. From
 * the registry, as npm is.
 */
const nodeVersions = [
  ['20.19.0', '10.9.9'],
  ['22.23.5', '10.9.9'],
  ['24.22.3', '11.19.1'],
] as const;
/** Bytes. The issue asks for a few megabytes. */
const largest = 5_000_000;
const tally = { passed: 0, failed: 0 };

async function step(name: string, body: () => Promise<string | undefined>): Promise<void> {
  const began = performance.now();
  try {
    const found = await body();
    tally.passed += 1;
    process.stdout.write(
      `ok    ${name}, ${((performance.now() - began) / 1000).toFixed(1)} s${found === undefined ? '' : `: ${found}`}\n`,
    );
  } catch (error) {
    tally.failed += 1;
    process.stdout.write(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function serve(bin: string): Promise<string> {
  const began = performance.now();
  const program = start(
    bin,
    [],
    emptyFolder(),
    bare({ PORT: '0', LR_ADMIN_PORT: '0', LR_LOG_LEVEL: 'error' }),
  );
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
  for (const path of ['/healthz', '/', '/console/main.js', '/console/adaptivecards.min.js'])
    holds(`${path} is served`, (await fetch(`${url}${path}`)).status === 200);
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
      const { code, err } = await run(
        'npm',
        [
          'install',
          '--prefix',
          folder,
          '--no-audit',
          '--no-fund',
          '--no-save',
          '--ignore-scripts',
          `npm@${version}`,
        ],
        folder,
        process.env as Record<string, string>,
      );
      holds('it is installed', code === 0, err);
      npms.set(version, join(folder, 'node_modules', 'npm', 'bin'));
      return undefined;
    });
  }
  const cli = (version: string, name: 'npm' | 'npx'): string =>
    join(npms.get(version) ?? '', `${name}-cli.js`);
  let file = '';
  for (const version of npmVersions) {
    await step(`npm ${version}: npm pack`, async () => {
      const to = emptyFolder();
      const { code, err, out } = await run(
        process.execPath,
        [cli(version, 'npm'), 'pack', '--pack-destination', to],
        root,
        { ...(process.env as Record<string, string>), npm_config_offline: 'true' },
      );
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
  const packed = file.split('/').at(-1) ?? '';
  const folder = unpacked(file, join(work, 'unpacked'));
  const { version: own } = json(join(root, 'package.json')) as { readonly version: string };
  await step('what lies in it', () => Promise.resolve(checkContents(folder)));
  await step('the versions in it', () => Promise.resolve(checkVersions(folder)));
  await step('the licences in it', () => Promise.resolve(checkLicences(folder)));
  await step('these checks find what is planted', () => Promise.resolve(checkChecks(folder)));

  for (const version of npmVersions) {
    const npx = async (
      words: readonly string[],
      more: Readonly<Record<string, string>> = {},
    ): Promise<Ended> => {
      const cwd = emptyFolder();
      copyFileSync(file, join(cwd, packed));
      return await run(
        process.execPath,
        [cli(version, 'npx'), '--yes', `./${packed}`, ...words],
        cwd,
        bare(more),
      );
    };
    await step(`npm ${version}: npx ./${packed} --version, nothing cached, no registry`, async () => {
      const { out, err, code } = await npx(['--version']);
      holds(
        'it says its version and nothing else',
        code === 0 && out.trim() === own && !/warn/i.test(err),
        `${out}${err}`,
      );
      return undefined;
    });
    await step(`npm ${version}: npx ./${packed} doctor`, async () => {
      const { out, err, code } = await npx(['doctor'], { PORT: '0' });
      holds(
        'it examines the simulated tenant and finds nothing to fix',
        code === 0 && /^[1-9]\d* ok, 0 warn, 0 FAIL, \d+ skip$/m.test(out),
        `${out}${err}`,
      );
      return /^\d+ ok, .*$/m.exec(out)?.[0];
    });
    await step(`npm ${version}: what it says to type can be typed where it runs`, async () => {
      const cwd = emptyFolder();
      copyFileSync(file, join(cwd, packed));
      const env = bare({
        PATH: `${join(npms.get(version) ?? '', '..', '..', '.bin')}:${process.env['PATH'] ?? ''}`,
      });
      const shell = (line: string): Promise<Ended> => run('/bin/sh', ['-c', line], cwd, env);
      const byNpx = `npx ./${packed}`;
      const first = await shell(`npx --yes ./${packed} audit`);
      const named = /^usage: (.+?) verify /m.exec(first.err)?.[1];
      holds(
        'npx: the usage names the file that was given',
        named === `${byNpx} audit` && first.code === 2,
        `${first.out}${first.err}`,
      );
      const again = await shell(`${named ?? ''} verify`);
      holds(
        'npx: what it names runs',
        /The data folder \.\/data cannot be read/.test(`${again.out}${again.err}`),
        `${again.out}${again.err}`,
      );
      const installed = await shell(`npm install ./${packed}`);
      holds('it is installed', installed.code === 0, installed.err);
      const local = await shell('./node_modules/.bin/live-response-bot freeze');
      holds(
        'installed: the usage names the link in this folder',
        local.err.startsWith('usage: ./node_modules/.bin/live-response-bot freeze "why"'),
        local.err,
      );
      for (const words of [
        ['simulator', '--help'],
        ['setup', '--help'],
        ['doctor', '--help'],
        ['acceptance', '--help'],
        ['library', '--help'],
        ['teams-package', '--help'],
        ['audit'],
        ['freeze'],
        ['doctor', '--offline'],
        ['setup'],
      ]) {
        const told = await shell(
          `PORT=0 LR_DATA_DIR=./data ./node_modules/.bin/live-response-bot ${words.join(' ')}`,
        );
        holds(
          `${words.join(' ')} sends nobody to a script of npm, which is not there`,
          !/npm (?:run|start)/.test(`${told.out}${told.err}`),
          `${told.out}${told.err}`,
        );
      }
      return named;
    });
    await step(`npm ${version}: npm install ./${packed} and each word`, async () => {
      const cwd = emptyFolder();
      copyFileSync(file, join(cwd, packed));
      const env = bare();
      const { code, out, err } = await run(
        process.execPath,
        [cli(version, 'npm'), 'install', `./${packed}`],
        cwd,
        env,
      );
      holds('it installs without a warning', code === 0 && !/warn/i.test(`${out}${err}`), `${out}${err}`);
      const installed = readdirSync(join(cwd, 'node_modules')).filter((one) => !one.startsWith('.'));
      holds('it is alone', installed.join() === 'live-response-bot', installed.join());
      const bin = join(cwd, 'node_modules', '.bin', 'live-response-bot');
      const wrong = await run(bin, ['docter']);
      holds(
        'a word that is none is answered',
        wrong.code === 2 && wrong.err.includes('Did you mean doctor?'),
        wrong.err,
      );
      const teams = await run(
        bin,
        ['teams-package'],
        emptyFolder(),
        bare({ MicrosoftAppId: '11111111-2222-3333-4444-555555555555' }),
      );
      holds(
        'the app packages are written',
        teams.code === 0 && teams.out.includes('live-response-bot-slash.zip'),
        `${teams.out}${teams.err}`,
      );
      for (const word of ['simulator', 'setup', 'doctor', 'acceptance', 'library', 'teams-package']) {
        const told = await run(bin, [word, '--help']);
        holds(
          `${word} --help tells its options`,
          told.code === 0 && told.out.includes('--'),
          `${told.out}${told.err}`,
        );
      }
      return undefined;
    });
  }
  const bin = join(folder, 'bundle', 'src', 'cli.js');
  await step('the service', () => serve(bin));
  for (const [version, npm] of nodeVersions) {
    await step(`Node ${version}: npx ./${packed} doctor`, async () => {
      const to = join(work, `node-${version}`);
      mkdirSync(to);
      const name = `node-${process.platform}-${process.arch}`;
      const fetched = await run(
        'npm',
        [
          'install',
          '--prefix',
          to,
          '--no-audit',
          '--no-fund',
          '--no-save',
          '--ignore-scripts',
          `${name}@${version}`,
        ],
        to,
        process.env as Record<string, string>,
      );
      holds('it is installed', fetched.code === 0, fetched.err);
      const cwd = emptyFolder();
      copyFileSync(file, join(cwd, packed));
      const folderOfNode = join(to, 'node_modules', name, 'bin');
      // First in the PATH, where the first line of the program has it looked up.
      const more = { PATH: `${folderOfNode}:${process.env['PATH'] ?? ''}`, PORT: '0' };
      const { out, err, code } = await run(
        join(folderOfNode, 'node'),
        [cli(npm, 'npx'), '--yes', `./${packed}`, 'doctor'],
        cwd,
        bare(more),
      );
      holds(
        'the doctor runs on it and warns of nothing',
        code === 0 && err === '' && /^[1-9]\d* ok, 0 warn, 0 FAIL, \d+ skip$/m.test(out),
        `${out}${err}`,
      );
      return undefined;
    });
  }
  const copy = checkout(join(work, 'checkout'));
  // The stories wait on purpose for most of their time, and meanwhile this computes.
  const making = (async () => {
    await step('scripts/bundle.js makes nothing of what would not run', () => refusals(copy));
    await step('npm pack, killed with -9 three times on its way', () => interrupted(copy, folder));
  })();
  // One after the other: each plays at a hundred times real speed.
  for (const chat of ['console', 'slack', 'teams']) {
    await step(`demo --chat ${chat}`, async () => {
      const { out, err, code } = await run(bin, ['demo', '--chat', chat]);
      holds('every step was seen', code === 0 && out.includes('Every step was seen'), `${out}${err}`);
      return /Every step was seen.*/.exec(out)?.[0];
    });
  }
  await making;
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
