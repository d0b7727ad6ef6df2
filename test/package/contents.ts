// What may lie in the package, and what must: read from the unpacked file itself. Each check throws what is
// wrong; each is also tried on a copy in which exactly that is planted.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { belowFloors, floors } from '../support/floors.ts';
import { root } from '../support/root.ts';

/** Floors and overrides of packages that only the tests use. */
const testsOnly = ['unrs-resolver'];
/** Licences whose terms a copy of their text fulfils. */
const permissive = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0'];

export function holds(what: string, is: boolean, otherwise = ''): void {
  if (!is) throw new Error(`${what}${otherwise === '' ? '' : `\n${otherwise.slice(-4_000)}`}`);
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly { readonly expression: string }[];
  readonly properties: readonly { readonly value: string }[];
}

export const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

/** The file that `npm pack` makes, unpacked below `package`. */
export function unpacked(tarball: string, to: string): string {
  mkdirSync(to);
  execFileSync('tar', ['-xzf', tarball, '-C', to]);
  return join(to, 'package');
}

/** The page's renderer is a file of its own there, as its package has it. */
const copied = 'node_modules/adaptivecards';

/** Name and version of each override of package.json, wherever below it is asked for. */
function overridden(): readonly (readonly [string, string])[] {
  const found = (part: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] =>
    Object.entries(part).flatMap(([name, what]) =>
      typeof what === 'string' ? [[name, what] as const] : found(what as Readonly<Record<string, unknown>>),
    );
  const { overrides } = json(join(root, 'package.json')) as {
    readonly overrides: Readonly<Record<string, unknown>>;
  };
  return found(overrides).filter(([name]) => !testsOnly.includes(name));
}

/**
 * What esbuild wrote above each module it took: the folders of packages that are really there, whatever a
 * list says.
 */
function foldersIn(source: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of readdirSync(source).filter((one) => one.endsWith('.js'))) {
    for (const [, path = ''] of readFileSync(join(source, name), 'utf8').matchAll(
      /^ *\/\/ (node_modules\/\S+)$/gm,
    )) {
      const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
      if (folder !== undefined) found.add(folder);
    }
  }
  return found;
}

/** All that may be run. */
const runs = ['bundle/src/cli.js', 'bundle/manifest/defender/collect.sh'];

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !lstatSync(join(folder, name)).isDirectory(),
  );

/**
 * What names the machine that made it: folders of the checkout, its own name, and the registry where that is
 * not the public one.
 */
function tracesHere(): readonly string[] {
  const registries = [
    process.env['npm_config_registry'],
    ...Object.values(ownLock()).map(({ resolved }) => resolved),
  ].flatMap((url) => (url !== undefined && URL.canParse(url) ? [new URL(url).host] : []));
  // A short name is part of other words.
  return [
    ...new Set([root, process.cwd(), ...registries, ...(hostname().length > 8 ? [hostname()] : [])]),
  ].filter((one) => one !== 'registry.npmjs.org' && one !== '/');
}

export function checkContents(folder: string): string {
  const files = filesIn(folder);
  const odd = files.filter((name) =>
    /\.map$|(?:^|\/)(?:test|node_modules)(?:\/|$)|\.test\.js$|(?:^|\/)\.env$|npmrc/.test(name),
  );
  holds('no tests, maps, settings or packages lie in it', odd.length === 0, odd.join(', '));
  const traces = tracesHere();
  const traced = files.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return traces.filter((one) => text.includes(one)).map((one) => `${name}: ${one}`);
  });
  holds('no file names the machine that made it', traced.length === 0, traced.join('\n'));
  const links = files.filter((name) => !lstatSync(join(folder, name)).isFile());
  holds('it holds files alone', links.length === 0, links.join(', '));
  const modes = files.filter(
    (name) => (lstatSync(join(folder, name)).mode & 0o7133) !== 0 && !runs.includes(name),
  );
  holds('what need not run cannot be run, and nobody else may write', modes.length === 0, modes.join(', '));
  for (const name of runs)
    holds(
      `${name} can be run, and is changed by its owner alone`,
      (lstatSync(join(folder, name)).mode & 0o7777) === 0o755,
    );
  const { bin } = json(join(folder, 'package.json')) as { readonly bin: unknown };
  holds(
    'it puts one program into the PATH',
    JSON.stringify(bin) === '{"live-response-bot":"bundle/src/cli.js"}' &&
      readFileSync(join(folder, 'bundle', 'src', 'cli.js'), 'utf8').startsWith('#!/usr/bin/env node\n'),
    JSON.stringify(bin),
  );
  for (const file of [join(folder, 'package.json'), join(folder, 'bundle', 'package.json')]) {
    const own = json(file) as Readonly<Record<string, unknown>>;
    const asked = [
      'dependencies',
      'optionalDependencies',
      'peerDependencies',
      'bundleDependencies',
      'bundledDependencies',
    ].filter((key) => own[key] !== undefined);
    const scripts = Object.keys((own['scripts'] ?? {}) as Readonly<Record<string, string>>).filter((name) =>
      /^(?:pre|post)?install$|^prepare$/.test(name),
    );
    holds(
      `${file} asks for no package and runs nothing when it is installed`,
      asked.length === 0 && scripts.length === 0,
      [...asked, ...scripts].join(', '),
    );
    holds(`${file} names the Node it needs`, JSON.stringify(own['engines']).includes('20.19'));
  }
  const bytes = files.reduce((all, name) => all + lstatSync(join(folder, name)).size, 0);
  return `${files.length} files, ${(bytes / 1_000_000).toFixed(1)} MB unpacked`;
}

/** The licences of everything in it, each with its text where its package brings one. */
export function checkLicences(folder: string): string {
  const { components } = json(join(folder, 'bundle', 'sbom.cdx.json')) as {
    readonly components: readonly Component[];
  };
  const notices = readFileSync(join(folder, 'bundle', 'THIRD_PARTY.txt'), 'utf8');
  const counted = new Map<string, number>();
  for (const { name, version, licenses } of components) {
    const licence = licenses[0]?.expression ?? '';
    holds(
      `${name} ${version} has a licence that a copy of its text fulfils`,
      permissive.includes(licence),
      licence,
    );
    holds(`THIRD_PARTY.txt has ${name} ${version}`, notices.includes(`\n${name} ${version}, ${licence}\n`));
    counted.set(licence, (counted.get(licence) ?? 0) + 1);
  }
  holds(
    'our own licence is in it',
    existsSync(join(folder, 'LICENSE')) && existsSync(join(folder, 'bundle', 'LICENSE')),
  );
  const without = [...notices.matchAll(/brings no text of its licence/g)].length;
  return `${[...counted].map(([licence, count]) => `${licence} ${count}`).join(', ')}; ${without} bring no text`;
}

type Lock = Readonly<
  Record<
    string,
    { readonly version?: string; readonly resolved?: string; readonly hasInstallScript?: boolean }
  >
>;

const ownLock = (): Lock => (json(join(root, 'package-lock.json')) as { readonly packages: Lock }).packages;

export function checkVersions(folder: string, locked = ownLock()): string {
  const { components } = json(join(folder, 'bundle', 'sbom.cdx.json')) as {
    readonly components: readonly Component[];
  };
  const listed = new Map(components.map((one) => [one.properties[0]?.value ?? '', one]));
  const there = foldersIn(join(folder, 'bundle', 'src'));
  holds('modules of many packages are found in it', there.size > 100, String(there.size));
  const unlisted = [...there].filter((path) => !listed.has(path));
  holds('its list names every package that is in it', unlisted.length === 0, unlisted.join(', '));
  const other = components.filter(
    ({ version, properties }) => locked[properties[0]?.value ?? '']?.version !== version,
  );
  holds(
    'every version is the locked one',
    other.length === 0,
    other.map(({ name, version }) => `${name} ${version}`).join(', '),
  );
  const scripted = [...listed.keys()].filter((path) => locked[path]?.hasInstallScript === true);
  holds('nothing in it would run something when installed', scripted.length === 0, scripted.join(', '));
  const low = belowFloors(Object.fromEntries([...listed].map(([path, { version }]) => [path, { version }])));
  holds('nothing in it lies below its floor', low.length === 0, low.join('\n'));
  const absent = [...listed.keys()].filter((path) => !there.has(path) && path !== copied);
  holds('its list names nothing that is not in it', absent.length === 0, absent.join(', '));
  for (const [name, version] of overridden()) {
    const other = components.filter((one) => one.name === name).map((one) => one.version);
    holds(`the override of ${name} holds`, other.join() === version, `${other.join()} instead of ${version}`);
  }
  const missing = floors.filter(
    ({ name }) => !testsOnly.includes(name) && !components.some((one) => one.name === name),
  );
  holds(
    'every floor is of something in it',
    missing.length === 0,
    missing.map(({ name }) => name).join(', '),
  );
  return `${components.length} packages, ${floors.length - testsOnly.length} floors hold`;
}

/**
 * Each with the words of the check that must find it. Changes a copy; what it returns is then what was
 * locked.
 */
const plants: readonly (readonly [
  what: string,
  found: RegExp,
  plant: (folder: string) => Lock | undefined,
])[] = [
  [
    'another version than was locked',
    /every version is the locked one/,
    (folder) => changeList(folder, 'jws', '3.2.2'),
  ],
  [
    'a version below its floor that was locked, too',
    /nothing in it lies below its floor/,
    (folder) => {
      changeList(folder, 'jws', '3.2.2');
      return lockedAs('jws', '3.2.2');
    },
  ],
  [
    'a version that was locked although an override names another',
    /the override of ws holds/,
    (folder) => {
      changeList(folder, 'ws', '8.22.0');
      return lockedAs('ws', '8.22.0');
    },
  ],
  [
    'a second, older copy of a package',
    /every version is the locked one/,
    (folder) => {
      appendFileSync(
        firstModule(folder),
        '\n// node_modules/botframework-streaming/node_modules/ws/index.js\n',
      );
      addToList(folder, 'node_modules/botframework-streaming/node_modules/ws', 'ws', '7.5.10');
      return undefined;
    },
  ],
  [
    'a package that is not on its list',
    /its list names every package that is in it/,
    (folder) => {
      appendFileSync(firstModule(folder), '\n// node_modules/uuid/node_modules/left-pad/index.js\n');
      return undefined;
    },
  ],
  [
    'a package on its list that is not in it',
    /its list names nothing that is not in it/,
    (folder) => {
      addToList(folder, 'node_modules/typescript', 'typescript', lockedVersion('node_modules/typescript'));
      return undefined;
    },
  ],
  [
    'settings',
    /no tests, maps, settings or packages lie in it/,
    (folder) => {
      writeFileSync(join(folder, 'bundle', '.env'), 'A=b\n', { mode: 0o644 });
      return undefined;
    },
  ],
  [
    'a path of this machine',
    /no file names the machine that made it/,
    (folder) => {
      appendFileSync(firstModule(folder), `\n// ${join(root, 'src', 'cli.ts')}\n`);
      return undefined;
    },
  ],
  [
    'a file that can be run',
    /what need not run cannot be run/,
    (folder) => {
      writeFileSync(join(folder, 'bundle', 'docs', 'x.md'), '', { mode: 0o755 });
      return undefined;
    },
  ],
  [
    'a script that runs when it is installed',
    /runs nothing when it is installed/,
    (folder) => {
      changeJson(join(folder, 'package.json'), (own) => ({ ...own, scripts: { postinstall: 'node x.js' } }));
      return undefined;
    },
  ],
  [
    'a licence that asks for more',
    /has a licence that a copy of its text fulfils/,
    (folder) => {
      changeJson(join(folder, 'bundle', 'sbom.cdx.json'), (list) => ({
        ...list,
        components: (list['components'] as readonly Component[]).map((one, index) =>
          index === 0 ? { ...one, licenses: [{ expression: 'AGPL-3.0-only' }] } : one,
        ),
      }));
      return undefined;
    },
  ],
];

function changeJson(file: string, change: (value: Readonly<Record<string, unknown>>) => object): void {
  writeFileSync(file, JSON.stringify(change(json(file) as Readonly<Record<string, unknown>>)));
}

function lockedAs(name: string, version: string): Lock {
  return Object.fromEntries(
    Object.entries(ownLock()).map(([path, one]) => [
      path,
      path.endsWith(`node_modules/${name}`) ? { ...one, version } : one,
    ]),
  );
}

function changeList(folder: string, name: string, version: string): undefined {
  changeJson(join(folder, 'bundle', 'sbom.cdx.json'), (list) => ({
    ...list,
    components: (list['components'] as readonly Component[]).map((one) =>
      one.name === name ? { ...one, version } : one,
    ),
  }));
}

function addToList(folder: string, path: string, name: string, version: string): undefined {
  const one: Component = { name, version, licenses: [{ expression: 'MIT' }], properties: [{ value: path }] };
  changeJson(join(folder, 'bundle', 'sbom.cdx.json'), (list) => ({
    ...list,
    components: [...(list['components'] as readonly Component[]), one],
  }));
}

const lockedVersion = (path: string): string => ownLock()[path]?.version ?? '';

function firstModule(folder: string): string {
  const source = join(folder, 'bundle', 'src');
  const name = readdirSync(source).find((one) => /^chunk-.*\.js$/.test(one));
  if (name === undefined) throw new Error('there is no module in it');
  return join(source, name);
}

/** That the checks find what they are for: on a copy for each mistake. */
export function checkChecks(folder: string): string {
  for (const [what, found, plant] of plants) {
    const top = mkdtempSync(join(folder, '..', 'planted-'));
    const copy = join(top, 'package');
    cpSync(folder, copy, { recursive: true });
    const locked = plant(copy);
    let said = '';
    try {
      checkContents(copy);
      checkVersions(copy, locked);
      checkLicences(copy);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      said = error.message;
    }
    rmSync(top, { recursive: true, force: true });
    holds(
      `${what}, planted, is found by its check`,
      found.test(said),
      said === '' ? 'nothing was found' : said,
    );
  }
  return `${plants.length} planted mistakes`;
}
