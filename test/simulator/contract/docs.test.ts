// docs/simulator.md against the code: a switch that is not written down does not exist, and one that is
// written down must.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { deviceChecks } from '../../../src/simulator/sessions/checks.ts';
import { faultNames } from '../../../src/simulator/faults.ts';
import { choices, defaultProfile } from '../../../src/simulator/profile.ts';
import { root } from '../../support/root.ts';

const page = readFileSync(join(root, 'docs', 'simulator.md'), 'utf8');
/** The rows of the table below a heading, as cells. */
function rows(heading: string): readonly (readonly string[])[] {
  const part = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  return part
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split(/ \| |^\| | \|$/).slice(1, -1));
}
const bare = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '');
const names = (heading: string): readonly string[] => rows(heading).map(([name]) => bare(name));

describe('docs/simulator.md', () => {
  test('names every setting of the tenant and no other, with its default and its other values', () => {
    expect(names('Settings of the tenant')).toEqual(Object.keys(defaultProfile));
    for (const [name, standard, others] of rows('Settings of the tenant')) {
      const value = JSON.stringify(new Map<string, unknown>(Object.entries(defaultProfile)).get(bare(name)));
      expect([name, bare(standard)]).toEqual([name, value.length > 60 ? 'see profile.ts' : value]);
      const values = new Map<string, readonly unknown[]>(Object.entries(choices)).get(bare(name)) ?? [];
      expect([name, bare(others)]).toEqual([
        name,
        values
          .slice(1)
          .map((one) => JSON.stringify(one))
          .join(', '),
      ]);
    }
  });

  test('names every setting of a device, every fault and every flag', () => {
    expect(names('Settings of a device')).toEqual([...deviceChecks.keys()]);
    expect(names('Faults')).toEqual([...faultNames]);
    const cli = readFileSync(join(root, 'src', 'simulator', 'cli.ts'), 'utf8');
    const flags = [...(/const usage = `(.*?)`;/s.exec(cli)?.[1] ?? '').matchAll(/^ {2}(--[a-z-]+)/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(names('Command line')).toEqual(flags);
    expect(flags.length).toBeGreaterThan(5);
  });

  test('says of each item of the checklist what switches it, by names that exist', () => {
    expect(names('The checklist')).toEqual(Array.from({ length: 34 }, (_, index) => `10.${index + 1}`));
    const known = new Set([
      ...Object.keys(defaultProfile),
      ...deviceChecks.keys(),
      ...faultNames,
      ...names('Command line'),
      'POST /simulator/actions',
      'blob',
    ]);
    const used = new Set<string>();
    for (const [item, , switches = '', perDevice = ''] of rows('The checklist')) {
      const named = [...`${switches} ${perDevice}`.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
      expect([item, named.length > 0, named.filter((name) => !known.has(name))]).toEqual([item, true, []]);
      named.forEach((name) => used.add(name));
    }
    expect(Object.keys(defaultProfile).filter((name) => !used.has(name))).toEqual([]);
  });
});
