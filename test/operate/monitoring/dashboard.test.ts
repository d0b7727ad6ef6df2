// The dashboard and the alert rules ask only for what a started bot has, and for all of it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { root } from '../../support/root.ts';
import { namesIn, startBot, typesIn } from './startedBot.ts';
import type { StartedBot } from './startedBot.ts';

const folder = join(root, 'manifest', 'monitoring');

interface Source {
  readonly type: string;
  readonly uid: string;
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: Source;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly datasource: Source }[];
}
interface Dashboard {
  readonly schemaVersion: number;
  readonly id: null;
  readonly __inputs: readonly { readonly name: string; readonly type: string; readonly pluginId: string }[];
  readonly __requires: readonly { readonly type: string; readonly id: string }[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly Panel[];
}

const dashboard = JSON.parse(readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8')) as Dashboard;
const shown = dashboard.panels.filter(({ type }) => type !== 'row');
const rules = (
  parse(readFileSync(join(folder, 'alerts.yaml'), 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
  }
).groups.flatMap((group) => group.rules.map(({ expr }) => expr));

/** What Grafana puts in before it asks. */
const filled = (expr: string): string => expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.+');
const asked: readonly string[] = [
  ...shown.flatMap(({ targets = [] }) => targets.map(({ expr }) => filled(expr))),
  ...dashboard.annotations.list.map(({ expr }) => filled(expr)),
  ...rules,
];

/** Names of metrics in an expression: what is no function, no word of the language, no label and no value. */
function metricsIn(expr: string): readonly string[] {
  const bare = expr.replace(/"[^"]*"/g, '').replace(/\{[^}]*\}|\b(?:by|without) \([^)]*\)/g, ' ');
  return (
    bare.match(/\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b|\bup\b/g)?.filter((name) => !functions.has(name)) ?? []
  );
}
const functions: ReadonlySet<string> = new Set(['histogram_quantile']);

let bot: StartedBot;
let text: string;
beforeAll(async () => {
  bot = await startBot();
  text = await bot.text();
});
afterAll(() => bot.close());

describe('the dashboard', () => {
  test('can be imported: it asks for the source of its data and names what it needs', () => {
    const { __inputs: inputs, __requires: needs, schemaVersion, id } = dashboard;
    expect([id, schemaVersion >= 36]).toEqual([null, true]);
    expect(inputs).toMatchObject([{ name: 'DS_PROMETHEUS', type: 'datasource', pluginId: 'prometheus' }]);
    const used = new Set(shown.map(({ type }) => type));
    expect(
      needs
        .filter(({ type }) => type === 'panel')
        .map(({ id: panel }) => panel)
        .sort(),
    ).toEqual([...used].sort());
    for (const { targets = [], datasource } of shown)
      for (const source of [datasource, ...targets.map((target) => target.datasource)])
        expect(source).toEqual({ type: 'prometheus', uid: '${DS_PROMETHEUS}' });
  });

  test('has its rows in the order in which one asks', () => {
    expect(dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
      'Is it alive',
      'Are requests moving',
      'Defender',
      'Chats',
      'Storage',
      'Process',
    ]);
  });

  test('each panel has a title, a description, a unit and a place that no other has', () => {
    const places = new Set<string>();
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { title, description, fieldConfig, targets = [], gridPos } of shown) {
      expect(title).not.toBe('');
      expect({ title, described: (description ?? '').split(' ').length > 3 }).toEqual({
        title,
        described: true,
      });
      expect(fieldConfig?.defaults.unit ?? '').not.toBe('');
      expect(targets.length).toBeGreaterThan(0);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(x).toBeLessThan(24);
          expect(places.has(`${x} ${y}`)).toBe(false);
          places.add(`${x} ${y}`);
        }
    }
  });
});

describe('dashboard and rules', () => {
  test('ask for no metric that a started bot does not have', () => {
    const names = namesIn(text);
    const wanted = [...new Set(asked.flatMap(metricsIn))];
    expect(wanted.length).toBeGreaterThan(40);
    expect(wanted.filter((name) => name !== 'up' && !names.has(name))).toEqual([]);
    expect(metricsIn('rate(lr_gone_total{a="b"}[5m])')).toEqual(['lr_gone_total']);
  });

  test('ask for every metric of ours', () => {
    const wanted = asked.flatMap(metricsIn).map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));
    const ours = [...typesIn(text).keys()].filter((name) => name.startsWith('lr_'));
    expect(ours.filter((name) => !wanted.includes(name))).toEqual([]);
  });

  const promtool = spawnSync('promtool', ['--version']).error === undefined;
  (promtool ? test : test.skip)('hold nothing that Prometheus cannot read', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lr-rules-'));
    try {
      const check = (expressions: readonly string[]): number | null => {
        const file = join(dir, 'rules.yaml');
        const made = expressions.map((expr, index) => ({ record: `test:${index}`, expr }));
        writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: made }] }));
        return spawnSync('promtool', ['check', 'rules', file]).status;
      };
      expect(check(asked)).toBe(0);
      expect(check(['sum by (le (x)'])).not.toBe(0);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
