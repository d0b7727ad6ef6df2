// Compiles the sources into an emptied dist: a test or module deleted from the sources must not go on passing
// from an old build. With --if-needed, does nothing while no source is newer than the last complete build.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'dist', '.built');

/**
 * Newest modification time (ms) below a folder, the folders themselves included so that a deletion counts.
 */
function newestBelow(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return readdirSync(path).reduce(
    (newest, name) => Math.max(newest, newestBelow(join(path, name))),
    stats.mtimeMs,
  );
}

/** What the program reads next to its modules: so that dist runs wherever it lies next to node_modules. */
function copyWhatRuns() {
  const page = join('src', 'adapters', 'console', 'page');
  cpSync(join(root, page), join(root, 'dist', page), { recursive: true });
  copyFileSync(join(root, 'policy.example.yaml'), join(root, 'dist', 'policy.example.yaml'));
  // The simulator's library and the doctor read the scripts for devices, and the app packages for Teams are
  // made from its manifests.
  cpSync(join(root, 'manifest'), join(root, 'dist', 'manifest'), { recursive: true });
  // The modules are ES modules wherever dist lies, and find their files below the folder with our name
  // (src/adapters/packageFiles.ts).
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(
    join(root, 'dist', 'package.json'),
    `${JSON.stringify({ name, version, type: 'module', private: true })}\n`,
  );
}

/** Builds; returns the exit code of the compiler. */
export function build({ ifNeeded = false } = {}) {
  const sources = [
    'src',
    'cards',
    'test',
    'tsconfig.json',
    'package.json',
    'package-lock.json',
    'policy.example.yaml',
    'manifest',
  ]
    .map((name) => join(root, name))
    .filter(existsSync);
  if (ifNeeded && existsSync(stamp)) {
    const built = statSync(stamp).mtimeMs;
    if (sources.every((source) => newestBelow(source) <= built)) return 0;
  }
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) {
    console.error('The TypeScript compiler is not installed. Run "npm ci" first.');
    return 1;
  }
  const result = spawnSync(process.execPath, [compiler, '-p', root], { stdio: 'inherit' });
  if (result.status === 0) {
    copyWhatRuns();
    writeFileSync(stamp, '');
  }
  return result.status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = build({ ifNeeded: process.argv.includes('--if-needed') });
}
