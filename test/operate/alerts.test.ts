// The alert rules: held by Prometheus' own tool, on metrics that a bot really has, and told in
// docs/operate.md.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { root } from '../support/root.ts';

const folder = join(root, 'manifest', 'prometheus');
const rules = readFileSync(join(folder, 'alerts.yaml'), 'utf8');
const { groups } = parse(rules) as {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
};
const alerts = groups.flatMap((group) => group.rules);

const promtool = spawnSync('promtool', ['--version']).error === undefined;
const whereInstalled = promtool ? test : test.skip;

whereInstalled('Prometheus takes the rules, and each alerts when it should and only then', () => {
  for (const words of [
    ['check', 'rules', 'alerts.yaml'],
    ['test', 'rules', 'alerts.test.yaml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', words, { cwd: folder, encoding: 'utf8' });
    expect({ status, out: `${stdout}${stderr}` }).toMatchObject({ status: 0 });
  }
  const tried = readFileSync(join(folder, 'alerts.test.yaml'), 'utf8');
  expect(
    alerts.filter(({ alert }) => !tried.includes(`alertname: ${alert}\n`)).map(({ alert }) => alert),
  ).toEqual([]);
});

test('every metric of the rules is one that the bot has', () => {
  const health = readFileSync(join(root, 'src', 'adapters', 'http', 'metrics.ts'), 'utf8');
  const used = alerts.flatMap(({ expr }) => expr.match(/\blr_[a-z_]+/g) ?? []);
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((name) => !health.includes(`'${name}'`))).toEqual([]);
});

test('docs/operate.md tells of each alert, and of no other', () => {
  const guide = readFileSync(join(root, 'docs', 'operate.md'), 'utf8');
  const told = [...guide.matchAll(/^\| `(LiveResponse\w+)` \|/gm)].map(([, name]) => name);
  expect(told.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
});
