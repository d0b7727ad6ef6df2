// A copy of a fresh clone, and the environment of somebody who has just made it.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** A clone of what is tracked, with the changes that are not committed yet. */
export function clone(root: string, to: string): void {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64_000_000,
  });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
  for (const file of listed.stdout
    .split('\0')
    .filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(root, file), join(to, file), { preserveTimestamps: true });
  }
}

/** The same files under a second name: a copy of node_modules that takes no time. */
export function linked(from: string, to: string): void {
  const done = spawnSync('cp', ['-al', from, to], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`cp -al: ${done.stderr}`);
}

/** Nothing of the machine's settings leaks in but the way to the package registry. */
export function plainEnvironment(home: string): Record<string, string> {
  const npmrc = process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc');
  const kept = [
    'PATH',
    'LANG',
    'TMPDIR',
    'npm_config_registry',
    'NPM_CONFIG_REGISTRY',
    'NODE_EXTRA_CA_CERTS',
  ];
  return {
    HOME: home,
    npm_config_cache: process.env['npm_config_cache'] ?? join(homedir(), '.npm'),
    npm_config_update_notifier: 'false',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    // What npx asks at its first call of a package ("Ok to proceed?") is answered with Enter.
    npm_config_yes: 'true',
    ...(existsSync(npmrc) ? { npm_config_userconfig: npmrc } : {}),
    ...Object.fromEntries(
      kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
  };
}
