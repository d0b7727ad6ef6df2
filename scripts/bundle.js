// `npm run bundle`: makes the package in bundle/, from what `npm run build` left in dist: everything that
// runs, in a few modules, with the packages it uses inside. Nothing is installed with it, so what was locked
// and tested here is what runs elsewhere.
import { build as bundleModules } from 'esbuild';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/**
 * Made next to it and put in its place at the end: a build that is stopped halfway leaves no half package
 * under this name.
 */
const bundle = join(root, 'bundle');
const staged = join(root, `bundle.${process.pid}.new`);
/** In the modules of the bundle, CommonJS packages ask for Node's own modules. */
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
/** Asked for by packages inside, which do without where it is not there. */
const optional = ['bufferutil', 'encoding', 'kerberos', 'utf-8-validate'];
const page = join('src', 'adapters', 'console', 'page');

/** Why there is none, in words. */
class NoBundle extends Error {}

/** Of a path in the metafile: the folder of the package it belongs to, or undefined when it is ours. */
function packageFolder(path) {
  const parts = path.split('/');
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return undefined;
  return parts.slice(0, at + (parts[at + 1].startsWith('@') ? 3 : 2)).join('/');
}

/**
 * The packages in the bundle, with what their licences ask to be handed on. Throws for one without a licence
 * text.
 */
function packagesIn(metafile) {
  const inBundle = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  // The page's renderer is copied and not bundled.
  const folders = [...new Set([...inBundle.map(packageFolder), 'node_modules/adaptivecards'])]
    .filter((folder) => folder !== undefined)
    .toSorted();
  return folders.map((folder) => {
    const described = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const {
      name,
      version,
      license = described.licenses?.map((one) => one.type).join(' OR '),
      scripts = {},
    } = described;
    if (typeof license !== 'string')
      throw new NoBundle(`${folder} names no licence, so it cannot be handed on.`);
    const files = readdirSync(join(root, folder))
      .filter(
        (file) =>
          /^(?:licen[cs]e|copying|notice|thirdparty\w*)(?:[.-].*)?$/i.test(file) &&
          !/\.(?:js|json|ts)$/.test(file),
      )
      .toSorted();
    const text = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim()).join('\n\n');
    return {
      folder,
      name,
      version,
      license,
      text,
      runsAtInstall: ['preinstall', 'install', 'postinstall'].some((script) => script in scripts),
    };
  });
}

function notices(packages) {
  const head = `This package holds parts of the ${packages.length} packages below, each under its own licence.\n`;
  const one = ({ name, version, license, text }) =>
    `${'-'.repeat(80)}\n${name} ${version}, ${license}\n\n${text === '' ? `The package brings no text of its licence; it is ${license} by its package.json.` : text}\n`;
  return [head, ...packages.map(one)].join('\n');
}

/** What npm shows, and nothing that it would install or run. */
function description(own) {
  const { name, version, description: words, license, engines } = own;
  return {
    name,
    version,
    description: words,
    license,
    private: true,
    type: 'module',
    engines,
    bin: { [name]: 'src/cli.js' },
  };
}

/**
 * CycloneDX 1.5: what is in the bundle, for those who look after advisories. The property is the folder that
 * esbuild took it from.
 */
function bill(own, packages) {
  const component = (type, { name, version, license }) => ({
    type,
    'bom-ref': `${name}@${version}`,
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ expression: license }],
  });
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: component('application', own) },
    components: packages.map((one) => ({
      ...component('library', one),
      properties: [{ name: 'folder', value: one.folder }],
    })),
  };
}

async function stage() {
  const { metafile, warnings } = await bundleModules({
    absWorkingDir: root,
    // The second is started in a thread of its own, by its path.
    entryPoints: ['dist/src/cli.js', 'dist/src/adapters/config/policyThread.js'],
    outbase: 'dist/src',
    outdir: join(staged, 'src'),
    chunkNames: 'chunk-[hash]',
    // Names and lines stay as they are, so that a stack trace of an operator can be read.
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    legalComments: 'linked',
    metafile: true,
    banner: { js: banner },
    logLevel: 'warning',
  });
  if (warnings.length > 0)
    throw new NoBundle(
      'the bundler warned, see above. Nothing is made of what it is not sure of: change the code that it points at.',
    );
  const outside = Object.values(metafile.outputs)
    .flatMap(({ imports }) => imports)
    .filter(
      ({ path, external }) =>
        external === true && !path.startsWith('node:') && !isBuiltin(path) && !optional.includes(path),
    );
  if (outside.length > 0)
    throw new NoBundle(
      `${[...new Set(outside.map(({ path }) => path))].join(', ')} is asked for and would not be in it. Nothing is installed with the package, so it would fail where it runs: install it here, or do without it.`,
    );
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const packages = packagesIn(metafile);
  const json = (name, value) => writeFileSync(join(staged, name), `${JSON.stringify(value, undefined, 1)}\n`);
  json('package.json', description(own));
  json('sbom.cdx.json', bill(own, packages));
  writeFileSync(join(staged, 'THIRD_PARTY.txt'), notices(packages));
  cpSync(join(root, page), join(staged, page), { recursive: true });
  copyFileSync(
    join(root, 'node_modules', 'adaptivecards', 'dist', 'adaptivecards.min.js'),
    join(staged, page, 'adaptivecards.min.js'),
  );
  cpSync(join(root, 'manifest'), join(staged, 'manifest'), { recursive: true });
  // Without the pictures, which are most of it.
  mkdirSync(join(staged, 'docs'));
  for (const name of readdirSync(join(root, 'docs')).filter((one) => one.endsWith('.md')))
    copyFileSync(join(root, 'docs', name), join(staged, 'docs', name));
  cpSync(join(root, 'docs', 'decisions'), join(staged, 'docs', 'decisions'), { recursive: true });
  for (const name of [
    'policy.example.yaml',
    '.env.example',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
  ])
    copyFileSync(join(root, name), join(staged, name));
  chmodSync(join(staged, 'src', 'cli.js'), 0o755);
  return packages.length;
}

/** A folder of a run that was killed: its process is gone. */
function isLeft(name) {
  const pid = /^bundle\.(\d+)\.new$/.exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

async function main() {
  const code = build({ ifNeeded: true });
  if (code !== 0) return code;
  try {
    for (const left of readdirSync(root).filter(isLeft))
      rmSync(join(root, left), { recursive: true, force: true });
    const count = await stage();
    rmSync(bundle, { recursive: true, force: true });
    renameSync(staged, bundle);
    // On stderr: npm pack --json has stdout for itself.
    console.error(
      `bundle/: live-response-bot with ${count} packages inside. It runs with: node bundle/src/cli.js`,
    );
    return 0;
  } catch (error) {
    // What the bundler found it has printed with its place; its own error repeats that.
    const why = error instanceof NoBundle ? error.message : error.errors?.[0]?.text;
    if (why === undefined) throw error;
    console.error(`No bundle was made: ${why}`);
    return 1;
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

process.exitCode = await main();
