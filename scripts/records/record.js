// Recorder of the data folders in test/fixtures/records
// Programs of this product's history live through one story (story.js), and what they wrote is kept.
// `node scripts/records/record.js [name]` records again; it needs the whole history. Ids and keys are random,
// so the goldens have to be written again too.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { play } from './story.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const records = join(root, 'test', 'fixtures', 'records');

/** What of a program the story needs: the product put together without a process, and the renderers. */
const entry = `
export * from './house.ts';
export { adaptiveCard } from '../../cards/adaptiveCard.ts';
export { blockKit } from '../../cards/blockKit.ts';
export { ChatError } from '../../src/bot/ports.ts';
export { realDisk } from '../../src/adapters/store/disk.ts';
`;

function git(...args) {
  const options = { cwd: root, maxBuffer: 256 * 1024 * 1024 };
  const { status, stdout, stderr } = spawnSync('git', ['-c', 'safe.directory=*', ...args], options);
  if (status !== 0) throw new Error(`git ${args[0]}: ${stderr.toString().trim() || `ended with ${status}`}`);
  return stdout;
}

/** A commit's program as one module, at the depth at which it looks for its own files. */
async function programOf(commit, folder) {
  const { status, stderr } = spawnSync('tar', ['-x', '-C', folder], { input: git('archive', commit) });
  if (status !== 0) throw new Error(`tar: ${stderr.toString()}`);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const outfile = join(folder, 'dist', 'test', 'support', 'entry.js');
  await build({
    absWorkingDir: folder,
    stdin: { contents: entry, resolveDir: join(folder, 'test', 'support'), loader: 'ts' },
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}

const isOfRecord = (name) => !name.startsWith('lock') && !name.endsWith('.tmp');

/** Every file of a folder that belongs to the record, by its path; journals end with their last line. */
function filesOf(folder, below = '') {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((one) => {
    const path = below === '' ? one.name : `${below}/${one.name}`;
    if (one.isDirectory()) return filesOf(folder, path);
    return isOfRecord(path) ? [[path, readFileSync(join(folder, path), 'utf8').replace(/\0+$/, '')]] : [];
  });
}

function keep(name, files) {
  writeFileSync(
    join(records, `${name}.json.br`),
    brotliCompressSync(JSON.stringify(Object.fromEntries(files))),
  );
  console.log(
    `${name}: ${files
      .map(([path]) => path)
      .filter((path) => !path.includes('/'))
      .join(', ')}`,
  );
}

async function recordOne(name, { commit, snapshot }) {
  const folder = mkdtempSync(join(tmpdir(), 'lr-record-'));
  try {
    const program = await programOf(commit, folder);
    const told = await play(program, name, (from) => {
      const files = filesOf(from);
      keep(
        name,
        files.filter(([path]) => !path.startsWith('snapshot')),
      );
      // The rest of that folder is the same, so only what differs is kept twice.
      if (snapshot !== undefined)
        keep(
          snapshot,
          files.filter(([path]) => path === 'snapshot.json'),
        );
    });
    const json = (value) => `${JSON.stringify(value, undefined, 2)}\n`;
    writeFileSync(join(records, `${name}.story.json`), json(told.story));
    writeFileSync(join(records, `${name}.presses.json`), json(told.presses));
    writeFileSync(join(records, `${name}.policy.yaml`), told.policy);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv[2];
const { recordings } = JSON.parse(readFileSync(join(records, 'recordings.json'), 'utf8'));
for (const [name, one] of Object.entries(recordings)) {
  if (wanted === undefined || wanted === name) await recordOne(name, one);
}
