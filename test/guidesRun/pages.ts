// The guides whose commands are executed.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/root.ts';

/** Those that have to be executed, and others that are cheap. README is first: it installs for all. */
export function allPages(): readonly string[] {
  const setups = readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('-setup.md'))
    .sort()
    .map((name) => `docs/${name}`);
  const others = [
    'operate',
    'reach',
    'containers',
    'systemd',
    'setup',
    'storage',
    'audit-compare',
    'simulator',
    'health',
    'policy',
    'acceptance',
    'library',
    'console',
  ].map((name) => `docs/${name}.md`);
  return [
    'README.md',
    ...setups,
    ...others.filter((page) => existsSync(join(root, page))),
    'manifest/defender/README.md',
    'CONTRIBUTING.md',
  ];
}
