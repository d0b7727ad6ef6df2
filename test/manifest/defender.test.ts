// What an administrator brings to Defender, held to the code and the recipes: permissions, that every script
// a shipped recipe names is there, and the uploads as the README writes them. The scripts themselves:
// scripts.test.ts, minidump.test.ts, collect.test.ts.
import { afterEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { neededFiles } from '../../src/bot/policy/recipes/libraryFiles.ts';
import { ownScripts } from '../../src/doctor/defender/library.ts';
import { defenderAppId } from '../../src/doctor/defender/audience.ts';
import { earlierShipped } from '../../src/library/earlier.ts';
import { rights } from '../../src/liveResponse/codes/permissions.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { examplePolicy, scriptFolder as folder } from '../support/defender/defenderScripts.ts';
import { root } from '../support/root.ts';

const readme = readFileSync(join(folder, 'README.md'), 'utf8');
const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

interface Permissions {
  readonly resource: { readonly name: string; readonly appId: string };
  readonly permissions: readonly {
    readonly role: string;
    readonly optional: boolean;
    readonly allows: readonly string[];
    readonly why: string;
  }[];
}

describe('permissions.json', () => {
  const { resource, permissions } = JSON.parse(
    readFileSync(join(folder, 'permissions.json'), 'utf8'),
  ) as Permissions;

  test('asks the resource that the doctor knows', () => {
    expect(resource).toEqual({ name: 'WindowsDefenderATP', appId: defenderAppId });
  });

  test('lists exactly the permissions of the code, each with the calls it allows', () => {
    const fromCode = new Map<string, string[]>();
    for (const [kind, { anyOf }] of Object.entries(rights))
      for (const role of anyOf) fromCode.set(role, [...(fromCode.get(role) ?? []), kind]);
    expect(Object.fromEntries(permissions.map(({ role, allows }) => [role, [...allows].sort()]))).toEqual(
      Object.fromEntries([...fromCode].map(([role, kinds]) => [role, kinds.sort()])),
    );
  });

  test('calls optional exactly what every call can do without', () => {
    for (const { role, optional, why } of permissions) {
      const needed = Object.values(rights).some(
        (right) =>
          !right.optional &&
          right.anyOf.includes(role) &&
          !right.anyOf.some(
            (other) => other !== role && permissions.some((one) => one.role === other && !one.optional),
          ),
      );
      expect([role, optional]).toEqual([role, !needed]);
      expect(why.length).toBeGreaterThan(40);
    }
  });

  test('is told in full by the setup page', () => {
    const page = readFileSync(join(root, 'docs', 'defender-setup.md'), 'utf8');
    for (const { role } of permissions) expect(page).toContain(`| \`${role}\``);
    expect(page).toContain(resource.appId);
  });
});

describe('scripts', () => {
  const there = readdirSync(folder).filter((name) => /\.(?:ps1|sh)$/.test(name));

  // Where the history is at hand: a copy without it, or with its last commit alone, shows nothing. Git
  // refuses folders of other users by itself.
  const git = (...args: readonly string[]) =>
    spawnSync('git', ['-c', 'safe.directory=*', ...args], { cwd: root, maxBuffer: 16 * 1024 * 1024 });
  const hasHistory = existsSync(join(root, '.git')) && git('rev-parse', 'HEAD').status === 0;
  (hasHistory ? test : test.skip).each(there)(
    'every content that %s had before is known as shipped, so that its new one replaces it without being asked for',
    (name) => {
      const printed = (...args: readonly string[]): Buffer => {
        const { status, stdout, stderr } = git(...args);
        expect([status, stderr.toString()]).toEqual([0, '']);
        return stdout;
      };
      const path = `manifest/defender/${name}`;
      const commits = printed('log', '--full-history', '--diff-filter=AM', '--format=%H', '--', path)
        .toString()
        .split('\n')
        .filter((one) => one !== '');
      const contents = new Set(commits.map((commit) => sha256(printed('show', `${commit}:${path}`))));
      contents.delete(sha256(readFileSync(join(folder, name))));
      expect([...contents].filter((one) => !(earlierShipped[name] ?? []).includes(one))).toEqual([]);
    },
  );

  test('every script and file that a recipe of the example policy names is in manifest/defender', () => {
    const needed = [...neededFiles(examplePolicy()).keys()];
    expect(needed).toContain('minidump.ps1');
    expect(needed.filter((name) => !there.includes(name))).toEqual([]);
  });

  test('the doctor knows exactly those that are there, and the README and the setup page tell of each', () => {
    expect([...ownScripts].sort()).toEqual(there.sort());
    for (const name of there) {
      expect(readme).toContain(`\n## ${name}\n`);
      expect(readFileSync(join(root, 'docs', 'defender-setup.md'), 'utf8')).toContain(`\`${name}\``);
    }
  });
});

describe('README.md', () => {
  let simulator: Simulator | undefined;
  afterEach(async () => {
    await simulator?.stop();
  });

  const calls = [...readme.matchAll(/^curl -sS --fail-with-body (\S+) \\\n(?: {2}.*\n)+/gm)].map(
    ([text, url = '']) => ({
      url,
      fields: [...text.matchAll(/^ {2}-F "(\w+)=(.*)"/gm)].map(([, name = '', value = '']) => ({
        name,
        value,
      })),
    }),
  );
  const fileOf = ({ fields }: (typeof calls)[number]): string =>
    fields
      .find(({ value }) => value.startsWith('@'))
      ?.value.split('/')
      .at(-1) ?? '';

  test('uploads every script', () => {
    expect(calls.map(fileOf).sort()).toEqual([...ownScripts].sort());
  });

  test.each(calls.map((call) => [fileOf(call), call] as const))(
    'uploads %s with a call that the API takes as it stands there',
    async (name, { url, fields }) => {
      simulator = await startSimulator();
      const form = new FormData();
      for (const field of fields) {
        if (field.value.startsWith('@'))
          form.set(
            field.name,
            new Blob([readFileSync(join(root, field.value.slice(1)))]),
            field.value.split('/').at(-1),
          );
        else form.set(field.name, field.value);
      }
      const send = (): Promise<Response> =>
        fetch(`${simulator?.url ?? ''}${new URL(url).pathname}`, { method: 'POST', body: form });
      // The simulated tenant has a script of that name already, which the README's fields do not replace.
      expect((await send()).status).toBe(400);
      await fetch(`${simulator.url}/api/libraryfiles/${name}`, { method: 'DELETE' });
      expect((await send()).status).toBe(200);
      const { value } = (await (await fetch(`${simulator.url}/api/libraryfiles`)).json()) as {
        readonly value: readonly {
          readonly fileName: string;
          readonly sha256: string;
          readonly hasParameters: boolean;
        }[];
      };
      const script = readFileSync(join(folder, name), 'utf8');
      // A script takes parameters exactly when its head explains one.
      expect(value.find(({ fileName }) => fileName === name)).toMatchObject({
        sha256: sha256(script),
        hasParameters: script.includes('\n.PARAMETER '),
      });
    },
  );

  test('names the exit codes as the scripts have them', () => {
    const words: Readonly<Record<string, string>> = {
      several: 'several processes',
      lsass: 'lsass',
      'did not make': 'did not make',
      constrained: 'constrained',
      'with `-maxmb`': '-maxmb',
      'larger than': 'larger than -maxmb',
      'longer than': 'longer than -maxseconds',
      'without the space': 'free space',
      'no snapshot': 'snapshot',
      'c# compiler': 'c# compiler',
      'below 4.0': 'older than 4.0',
      'access list': 'did not make',
    };
    let seen = 0;
    for (const name of ownScripts) {
      const section = readme.slice(readme.indexOf(`\n## ${name}\n`) + 1).split('\n## ')[0] ?? '';
      for (const [, before = '', number = ''] of section
        .replaceAll('\n', ' ')
        .matchAll(/([^.]*?)\(exit code (\d+)\)/g)) {
        const topic = Object.keys(words).find((one) => before.toLowerCase().includes(one)) ?? 'no such words';
        expect(
          (
            new RegExp(`^#? +${number} {2}(.*)$`, 'm').exec(readFileSync(join(folder, name), 'utf8'))?.[1] ??
            ''
          ).toLowerCase(),
        ).toContain(words[topic] ?? topic);
        seen += 1;
      }
    }
    expect(seen).toBeGreaterThanOrEqual(5);
  });
});
