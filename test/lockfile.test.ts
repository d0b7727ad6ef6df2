// What the lock file promises to whoever installs: the advisories of docs/decisions stay closed, nothing runs
// at installation, no host is fixed.
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { belowFloors, floors } from './support/floors.ts';
import { root } from './support/root.ts';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const locked = Object.entries(packages).filter(([path]) => path !== '');

function versionsOf(name: string): readonly (string | undefined)[] {
  return locked.filter(([path]) => path.endsWith(`node_modules/${name}`)).map(([, one]) => one.version);
}

test('holds one uuid, one adaptivecards, one MSAL and one ws', () => {
  for (const name of ['uuid', 'adaptivecards', '@azure/msal-node', 'ws'])
    expect([name, versionsOf(name).length]).toEqual([name, 1]);
});

test('holds nothing below its floor, and every floor is of something that is there', () => {
  expect(belowFloors(packages)).toEqual([]);
  expect(floors.filter(({ name }) => versionsOf(name).length === 0)).toEqual([]);
});

test('has a floor for every override', () => {
  const { overrides } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly overrides: Readonly<Record<string, unknown>>;
  };
  const named = (tree: Readonly<Record<string, unknown>>): readonly string[] =>
    Object.entries(tree).flatMap(([name, value]) =>
      typeof value === 'string' ? [name] : named(value as Readonly<Record<string, unknown>>),
    );
  expect(named(overrides).length).toBeGreaterThan(3);
  expect(named(overrides).filter((name) => !floors.some((floor) => floor.name === name))).toEqual([]);
});

test.each<readonly [string, readonly string[], readonly string[]]>([
  [
    'ws',
    ['7.5.11', '8.21.0', '8.21.1', '8.30.0', '9.0.0'],
    ['7.5.10', '8.20.1', '8.18.3', '6.2.3', '8.21.0-beta.1', ''],
  ],
  ['uuid', ['11.1.1', '12.0.1', '14.0.0'], ['11.1.0', '10.0.0', '8.3.2', '12.0.0', '13.0.0']],
  ['@azure/msal-node', ['7.2.3', '8.0.0'], ['2.16.3', '5.6.0', '7.2.2']],
])('a lock with another %s is judged by its own major line, wherever it lies', (name, good, bad) => {
  const judged = (version: string): number =>
    belowFloors({
      [`node_modules/x/node_modules/${name}`]: { version },
      [`node_modules/not-${name}`]: { version: '0.0.1' },
    }).length;
  expect(good.map(judged)).toEqual(good.map(() => 0));
  expect(bad.map(judged)).toEqual(bad.map(() => 1));
});

test('the table of what is held back tells the versions that are locked, and every floor', () => {
  const page = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8');
  for (const { name, floors: lowest } of floors)
    expect(page).toContain(`| \`${name}\` | ${lowest.join(', ')} | ${versionsOf(name).join(', ')} |`);
  const held = [...page.matchAll(/^\| `([^`]+)` \| ([\d.]+) \| [\d.]+ \| /gm)].map(
    ([, name = '', version]) => [name, version] as const,
  );
  expect(held.length).toBeGreaterThan(3);
  for (const [name, version] of held)
    expect([name, versionsOf(name).includes(version)]).toEqual([name, true]);
});

test('asks whoever installs the package for nothing: what it needs is in its bundle', () => {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Readonly<
    Record<string, unknown>
  >;
  // With dependencies, npm would install them without our overrides: those count in the root of a tree alone,
  // and no lock goes with a file.
  for (const key of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies'])
    expect([key, own[key]]).toEqual([key, undefined]);
  expect([own['bin'], own['files']]).toEqual([{ 'live-response-bot': 'bundle/src/cli.js' }, ['bundle']]);
});

test('names no host to install from, and lets no package run something when it is installed but one that is known, and none of those either', () => {
  expect(locked.length).toBeGreaterThan(300);
  expect(locked.filter(([, one]) => one.resolved !== undefined).map(([path]) => path)).toEqual([]);
  const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly allowScripts: Readonly<Record<string, boolean>>;
  };
  const scripted = locked
    .filter(([, one]) => one.hasInstallScript === true)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
  // fsevents is for macOS alone and ships what it runs.
  expect(scripted.filter((name) => name !== 'fsevents').toSorted()).toEqual(
    Object.keys(allowScripts).toSorted(),
  );
  expect(Object.values(allowScripts).filter((allowed) => allowed)).toEqual([]);
});
