// The alert rules: held by Prometheus' own tool, and told in docs/operate.md. Whether the bot has the metrics they ask
// for is in dashboard.test.ts.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { root } from '../../support/root.ts';

const folder = join(root, 'manifest', 'monitoring');
const rules = readFileSync(join(folder, 'alerts.yaml'), 'utf8');
const { groups } = parse(rules) as {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly labels: { readonly severity: string };
      readonly annotations: {
        readonly summary: string;
        readonly description: string;
        readonly runbook_url: string;
      };
    }[];
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
  // Each where it comes, and where it must not.
  expect(alerts.filter(({ alert }) => !tried.includes(`alertname: ${alert}\n`))).toEqual([]);
  expect(alerts.filter(({ alert }) => !tried.includes(`alertname: ${alert}, exp_alerts: []`))).toEqual([]);
});

test('each says in words what is wrong and what to do, and where docs/operate.md tells of it', () => {
  for (const { alert, labels, annotations } of alerts) {
    const { summary, description, runbook_url: runbook } = annotations;
    expect({ alert, severity: /^(?:critical|warning)$/.test(labels.severity) }).toEqual({
      alert,
      severity: true,
    });
    expect(summary.split(' ').length).toBeGreaterThan(4);
    expect(description.split(' ').length).toBeGreaterThan(8);
    expect(runbook).toBe(`docs/operate.md#${alert.toLowerCase()}`);
  }
});

test('docs/operate.md tells of each alert, and of no other', () => {
  const guide = readFileSync(join(root, 'docs', 'operate.md'), 'utf8');
  const told = [...guide.matchAll(/^### (LiveResponse\w+)$/gm)].map(([, name]) => name);
  expect(told.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
});
