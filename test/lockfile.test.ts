// What the lock file promises to whoever installs: the advisories of docs/decisions stay closed, nothing runs at installation, no host is fixed.
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './support/root.ts';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
}
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { readonly packages: Readonly<Record<string, Locked>> };
const locked = Object.entries(packages).filter(([path]) => path !== '');

function versionsOf(name: string): readonly (string | undefined)[] {
  return locked.filter(([path]) => path.endsWith(`node_modules/${name}`)).map(([, one]) => one.version);
}

test('holds one uuid and one adaptivecards, and no ws of a line that gets no fixes', () => {
  expect(versionsOf('uuid')).toEqual(['11.1.1']);
  expect(versionsOf('adaptivecards')).toEqual(['3.0.6']);
  expect(versionsOf('ws').length).toBeGreaterThan(0);
  for (const version of versionsOf('ws')) expect(version).toMatch(/^8\./);
});

test('names no host to install from, and no package of the running bot that runs something when it is installed', () => {
  expect(locked.length).toBeGreaterThan(300);
  expect(locked.filter(([, one]) => one.resolved !== undefined).map(([path]) => path)).toEqual([]);
  expect(locked.filter(([, one]) => one.hasInstallScript === true && one.dev !== true).map(([path]) => path)).toEqual([]);
});
