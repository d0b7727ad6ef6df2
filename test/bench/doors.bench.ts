// The two doors to Teams compared: packages and megabytes each brings, how long each takes to open, and lines
// of ours. With --write the table goes into the decision record, so that no number there was typed.
import { readdirSync, readFileSync, statSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { startProgram } from '../support/programs/program.ts';
import { root } from '../support/root.ts';

type Door = 'botbuilder' | 'direct';
/** The packages each door imports. */
const imported: Readonly<Record<Door, readonly string[]>> = {
  botbuilder: ['botbuilder'],
  direct: ['jose', '@azure/msal-node', 'undici'],
};
const ours: Readonly<Record<Door, readonly string[]>> = {
  botbuilder: ['src/adapters/teams/botbuilder'],
  direct: ['src/adapters/teams/direct', 'src/adapters/entra/msalTokens.ts'],
};
/** BENCH_ROUNDS=1 shows that it runs; its figures are worth nothing then. */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 9);

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

/** Where Node finds `name` from within `from`, a path of the lock file. */
function found(from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (at === '') return undefined;
  }
}

/** Everything that comes with these packages, themselves included, as paths of the lock file. */
function treeOf(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = names.map((name) => found('', name));
  for (let path = open.pop(); open.length > 0 || path !== undefined; path = open.pop()) {
    if (path === undefined || seen.has(path)) continue;
    seen.add(path);
    const { dependencies = {}, optionalDependencies = {} } = packages[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
      open.push(found(path, name));
  }
  return seen;
}

/**
 * The packages that the program imports: package.json lists them among those for development, because they
 * are bundled.
 */
function namedInSources(): readonly string[] {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
    .join('\n');
  return Object.keys(devDependencies).filter((name) =>
    new RegExp(`(?:from|import\\(|require\\()\\s*'${name}['/]`).test(sources),
  );
}

/** Bytes of a package's own files. */
function sizeOf(path: string): number {
  return readdirSync(join(root, path), { withFileTypes: true }).reduce((sum, entry) => {
    const below = join(path, entry.name);
    if (entry.name === 'node_modules') return sum;
    return (
      sum + (entry.isDirectory() ? sizeOf(below) : entry.isFile() ? statSync(join(root, below)).size : 0)
    );
  }, 0);
}

function linesOf(path: string): number {
  const full = join(root, path);
  const files = statSync(full).isDirectory() ? readdirSync(full).map((name) => join(full, name)) : [full];
  return files.reduce((sum, file) => sum + readFileSync(file, 'utf8').split('\n').length - 1, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

interface Opened {
  readonly open: number;
  readonly signed: number;
  readonly processor: number;
  readonly rss: number;
}

async function opened(door: Door): Promise<Opened> {
  const program = await startProgram('test/bench/doorChild.js', [door]);
  await program.kill('SIGKILL');
  return JSON.parse(program.firstLine) as Opened;
}

/** Milliseconds from nothing to the line that says where the bot listens. */
async function started(door: Door): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'lr-bench-'));
  const began = performance.now();
  const program = await startProgram('src/main.js', [], {
    LR_TEAMS_DEV_NO_AUTH: '1',
    LR_TEAMS_DOOR: door,
    LR_DEFENDER: 'simulator',
    LR_DATA_DIR: folder,
    LR_POLICY: join(root, 'policy.example.yaml'),
    LR_LOG_LEVEL: 'silent',
    PORT: '0',
  });
  const took = performance.now() - began;
  await program.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  return took;
}

export async function run(): Promise<void> {
  const doors = ['botbuilder', 'direct'] as const;
  const load = (loadavg()[0] ?? 0).toFixed(1);
  const named = namedInSources();
  const rest = (door: Door): ReadonlySet<string> =>
    treeOf(named.filter((name) => name !== 'botbuilder' && (door === 'botbuilder' || name !== 'jose')));
  const opens: Record<Door, Opened[]> = { botbuilder: [], direct: [] };
  const starts: Record<Door, number[]> = { botbuilder: [], direct: [] };
  // In turns, so that whatever else the machine does falls on both.
  for (let round = 0; round < rounds; round += 1) {
    for (const door of doors) {
      opens[door].push(await opened(door));
      starts[door].push(await started(door));
    }
  }
  const row = (what: string, tell: (door: Door) => string): string =>
    `| ${what} | ${doors.map(tell).join(' | ')} |`;
  const megabytes = (paths: Iterable<string>): string =>
    ([...paths].reduce((sum, path) => sum + sizeOf(path), 0) / 1_000_000).toFixed(1);
  const only = (door: Door): readonly string[] =>
    [...treeOf(imported[door])].filter((path) => !rest(door).has(path));
  const ms = (values: readonly number[]): string => `${Math.round(median(values))} ms`;
  const table = [
    '| | botbuilder | direct |',
    '| --- | --- | --- |',
    row('packages it stands on', (door) => String(treeOf(imported[door]).size)),
    row('of these, here for it alone', (door) => String(only(door).length)),
    row('megabytes installed of all it stands on', (door) => megabytes(treeOf(imported[door]))),
    row('of these, here for it alone', (door) => megabytes(only(door))),
    row('the door opens in', (door) => ms(opens[door].map((one) => one.open))),
    row('and all is loaded for a first signed call in', (door) => ms(opens[door].map((one) => one.signed))),
    row('processor time for both, which a busy machine does not change much', (door) =>
      ms(opens[door].map((one) => one.processor)),
    ),
    row(
      'memory of the process then',
      (door) => `${Math.round(median(opens[door].map((one) => one.rss)) / 1_000_000)} MB`,
    ),
    row('the whole program listens in', (door) => ms(starts[door])),
    row('lines of ours', (door) => String(ours[door].reduce((sum, path) => sum + linesOf(path), 0))),
  ].join('\n');
  process.stdout.write(
    `The doors to Teams: medians of ${rounds} processes each on Node ${process.versions.node}.\n${table}\n`,
  );
  if (!process.argv.includes('--write')) return;
  const page = join(root, 'docs', 'decisions', 'teams-doors.md');
  const note = `Measured on ${new Date().toISOString().slice(0, 10)} with Node ${process.versions.node} on ${process.platform}; times and memory are medians of ${rounds} processes each, at a load of ${load} for ${cpus().length} processors.`;
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(
      /<!-- measured -->[\s\S]*<!-- end -->/,
      `<!-- measured -->\n${table}\n\n${note}\n<!-- end -->`,
    ),
  );
  process.stdout.write(`written into ${page}\n`);
}
