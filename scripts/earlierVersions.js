// Earlier versions of this program for the tests of upgrade and rollback, as the history has them: one
// compressed file each, our own modules without the packages. `node scripts/earlierVersions.js` writes them;
// with --check it builds them again and compares. Needs the whole history.
import { build, version as bundler } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'test', 'fixtures', 'versions');
const { versions } = JSON.parse(readFileSync(join(folder, 'versions.json'), 'utf8'));

function git(...args) {
  const { status, stdout, stderr } = spawnSync('git', ['-c', 'safe.directory=*', ...args], {
    cwd: root,
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr.toString().trim() || `ended with ${status}`}`);
  return stdout;
}

/**
 * The files of a version as one text: the programs as ES modules, whose names and lines stay as they were,
 * and its example policy.
 */
async function packed({ commit, programs }) {
  const sources = mkdtempSync(join(tmpdir(), 'lr-earlier-'));
  try {
    const { status, stderr } = spawnSync('tar', ['-x', '-C', sources], {
      input: git('archive', commit, 'src', 'cards', 'policy.example.yaml'),
    });
    if (status !== 0) throw new Error(`tar: ${stderr.toString()}`);
    const { outputFiles } = await build({
      absWorkingDir: sources,
      entryPoints: programs.map((name) => `src/${name}.ts`),
      outdir: 'src',
      chunkNames: 'shared-[hash]',
      bundle: true,
      splitting: true,
      write: false,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20.19',
      legalComments: 'none',
      logLevel: 'warning',
    });
    const modules = outputFiles.map(({ path, text }) => [
      path.slice(path.lastIndexOf(`${sep}src${sep}`) + 1).replaceAll(sep, '/'),
      text,
    ]);
    const policy = readFileSync(join(sources, 'policy.example.yaml'), 'utf8');
    return JSON.stringify(
      Object.fromEntries([
        ...modules.toSorted(([one], [other]) => (one < other ? -1 : 1)),
        ['policy.example.yaml', policy],
      ]),
    );
  } finally {
    rmSync(sources, { recursive: true, force: true });
  }
}

const check = process.argv.includes('--check');
for (const [name, version] of Object.entries(versions)) {
  const file = join(folder, `${name}.json.br`);
  const text = await packed(version);
  if (!check) writeFileSync(file, brotliCompressSync(text));
  else if (brotliDecompressSync(readFileSync(file)).toString('utf8') !== text)
    throw new Error(`${file} is not what ${version.commit} gives with esbuild ${bundler}.`);
  console.log(`${name}: ${check ? 'the same' : `${text.length} characters`}`);
}
