// `npm run check-the-checker` through its real command line: a fault that is caught, one that survives, one whose
// text is gone. And the lists without a run: each entry finds its text once, and docs/reliability.md has its row.
import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/root.ts';
import { hashOf, planted, readFaults } from './faults.ts';
import { methodWords, pageWith, rowsAfter, rowsIn } from './table.ts';

const faults = readFaults();
const look = {
  name: 'look-alikes',
  fault: 'Letters that look alike are not folded',
  file: 'src/liveResponse/device/confusables.ts',
  find: 'export function skeleton(',
  replace: "export const skeleton = () => '';\nexport function another(",
  caught: { by: 'suite', tests: ['test/liveResponse/device/lookAlikes.test.ts'], testName: '' },
} as const;

interface Ran {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Runs the command on a list of its own. */
function run(list: readonly object[], ...args: readonly string[]): Ran {
  const dir = mkdtempSync(join(tmpdir(), 'lr-checker-test-'));
  try {
    const file = join(dir, 'faults.json');
    writeFileSync(file, JSON.stringify(list));
    const command = [join(root, 'dist', 'test', 'checker', 'run.js'), '--faults', file, ...args];
    const { status, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8', cwd: root });
    return { code: status, lines: stdout.trimEnd().split('\n') };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe('the command', () => {
  test('says what caught a fault, which survived and which could not be planted', () => {
    const survivor = { ...look, name: 'nothing', replace: `const another = 1;\n${look.find}` };
    const stale = { ...look, name: 'gone', find: 'a text that is nowhere' };
    const { code, lines } = run([look, survivor, stale]);
    expect(code).toBe(1);
    expect(lines).toHaveLength(5);
    expect(lines.find((line) => line.startsWith('caught'))).toMatch(/ s +look-alikes +suite: .*\S/);
    expect(lines.find((line) => line.startsWith('survived'))).toMatch(/ nothing +\d+ tests pass without it$/);
    expect(lines.find((line) => line.startsWith('stale'))).toMatch(/ gone +dist.*0 times instead of once$/);
    expect(lines.at(-2)).toMatch(
      /^not caught: npm run check-the-checker -- --only nothing --only gone --faults \S+ tries them again$/,
    );
    expect(lines.at(-1)).toMatch(/^3 planted faults: 1 caught, 1 survived, 1 stale, \d+ s$/);
  }, 180_000);

  test('ends well where every fault is caught, also by a simulated day', () => {
    const day = faults.find(({ name }) => name === 'link-journaled');
    if (day === undefined) throw new Error('the list has no such fault');
    const { code, lines } = run([look, day], '--known');
    expect(lines.at(-1)).toMatch(/^2 planted faults: 2 caught, 0 survived, \d+ s$/);
    expect(code).toBe(0);
  }, 180_000);

  test('draws the same with the same seed, takes single ones by name, and lists without planting', () => {
    const all = Array.from('abcdef', (letter) => ({ ...look, name: letter }));
    const drawn = run(all, '--list', '--count', '3', '--seed', '5');
    expect(drawn.lines).toHaveLength(3);
    expect(run(all, '--list', '--count', '3', '--seed', '5')).toEqual(drawn);
    const others = [6, 7, 8].map((seed) => run(all, '--list', '--count', '3', '--seed', String(seed)).lines);
    expect(others.some((lines) => lines.join() !== drawn.lines.join())).toBe(true);
    expect(run(all, '--list', '--only', 'b', '--only', 'e').lines.map((line) => line[0])).toEqual(['b', 'e']);
    expect(run(all, '--only', 'z')).toEqual({
      code: 2,
      lines: ['There is no fault z. There are: a, b, c, d, e, f.'],
    });
    expect(run(all, '--jobs', 'none').code).toBe(2);
  });
});

describe('the lists', () => {
  test('name texts that are there exactly once in the built modules, and programs with the faults in them', () => {
    expect(
      faults.flatMap((fault) => [planted(fault)].flatMap((one) => ('stale' in one ? [one] : []))),
    ).toEqual([]);
  });

  test('hold enough faults, most of them for the simulation, each with a name and words of its own', () => {
    expect(faults.length).toBeGreaterThanOrEqual(24);
    const by = (method: string): number => faults.filter(({ caught }) => caught.by === method).length;
    expect(by('simulation')).toBeGreaterThanOrEqual(14);
    expect(by('crash')).toBeGreaterThanOrEqual(3);
    for (const key of ['name', 'fault'] as const)
      expect(new Set(faults.map((fault) => fault[key])).size).toBe(faults.length);
    const tests = faults.flatMap(({ caught }) => (caught.by === 'suite' ? caught.tests : []));
    expect(tests.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

describe('docs/reliability.md', () => {
  const page = readFileSync(join(root, 'docs', 'reliability.md'), 'utf8');
  const rows = rowsIn(page);

  test('has a row for each fault as it is now: run "npm run check-the-checker -- --write" after a change', () => {
    const expected = faults.map((fault) => [fault.fault, methodWords[fault.caught.by], hashOf(fault)]);
    expect(rows.map(({ fault, by, entry }) => [fault, by.split(':')[0], entry])).toEqual(expected);
  });

  test('is as the command writes it', () => {
    expect(pageWith(page, rows)).toBe(page);
    expect(rowsAfter(faults, rows, new Map())).toEqual(rows);
    const [first] = faults;
    if (first === undefined) throw new Error('there are no faults');
    const now = { by: 'a | test', seconds: 1.26 };
    const after = rowsAfter(faults, rows, new Map([[first, now]]));
    expect(after[0]).toEqual({ ...rows[0], by: `${methodWords[first.caught.by]}: a | test`, seconds: '1.3' });
    expect(rowsIn(pageWith(page, after))).toEqual(after);
  });
});
