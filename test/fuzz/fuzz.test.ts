// The fuzzer in the suite: what once failed stays well, each reader takes a short run of the same cases, and
// readers that are wrong on purpose are found out.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { root } from '../support/root.ts';
import { Campaign } from './loop/campaign.ts';
import { Dice } from './loop/dice.ts';
import { Edges, withEdges } from './loop/edges.ts';
import { fixtures, readFixture } from './loop/fixtures.ts';
import { judge, judgeRepeated, longestCase, mostGrowth } from './loop/judging.ts';
import type { Target } from './loop/target.ts';
import { readOptions } from './options.ts';
import { targetNamed, targetNames } from './targets.ts';

/** Of one seed, without counters: so many cases of each reader. Those over HTTP are run by `npm run fuzz`. */
const cases = 60;
const seed = 1;
/**
 * Milliseconds of one case, here ten times as many as `npm run fuzz` gives: beside other tests, and with the memory
 * of all of them to be looked through, the same case takes that much longer.
 */
const longest = 10 * longestCase;

describe('a fixture', () => {
  test.each(fixtures().map(({ target, path }) => [target, path.slice(path.lastIndexOf('/') + 1), path]))(
    'of %s stays well: %s',
    async (name, _file, path) => {
      const target = await targetNamed(name);
      const { failure } = await judge(target, readFixture(path), longest);
      await target.close?.();
      expect(failure).toBeUndefined();
    },
  );
});

describe('a short run', () => {
  const opened: Target[] = [];
  afterAll(async () => {
    for (const target of opened) await target.close?.();
  });

  test.each(targetNames.filter((name) => !name.endsWith('Http')))('of %s finds nothing', async (name) => {
    const target = await targetNamed(name);
    opened.push(target);
    const campaign = new Campaign({
      target,
      repeatable: true,
      seed,
      edges: new Edges(),
      judge: { judge: (_name, input) => judge(target, input, longest) },
    });
    await campaign.begin();
    await campaign.run({ cases, ms: Infinity });
    expect(campaign.found.map(({ fault, why, input }) => ({ fault, why, input: input.toString() }))).toEqual(
      [],
    );
    expect(campaign.cases).toBe(cases + target.seeds.length);
  });
});

describe('a door over HTTP', () => {
  test.each(targetNames.filter((name) => name.endsWith('Http')))(
    'keeps nothing of the largest inputs: %s',
    async (name) => {
      const target = await targetNamed(name);
      const dice = new Dice(seed);
      try {
        for (const input of [target.large(dice), target.large(dice), target.large(dice)]) {
          const { failure, growth } = await judgeRepeated(target, input.subarray(0, target.most), longest);
          expect({ failure, stays: growth > mostGrowth }).toEqual({ failure: undefined, stays: false });
        }
      } finally {
        await target.close?.();
      }
    },
  );
});

describe('a reader that is wrong on purpose', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lr-planted-'));
  let printed = '';
  let status: number | null = null;
  beforeAll(() => {
    const planted = ['plantedThrow', 'plantedQuadratic', 'plantedLeak', 'plantedPollution'];
    const run = spawnSync(
      process.execPath,
      [
        join(root, 'dist', 'test', 'fuzz', 'run.js'),
        ...['--cases', '20000', '--seed', '1', '--fixtures', folder],
        ...planted.flatMap((name) => ['--target', name]),
      ],
      { encoding: 'utf8' },
    );
    printed = `${run.stdout}${run.stderr}`;
    status = run.status;
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ['plantedThrow', 'threw'],
    ['plantedQuadratic', 'slow'],
    ['plantedLeak', 'grew'],
    ['plantedPollution', 'polluted'],
  ])('%s is found out', (name, fault) => {
    expect(printed).toContain(`FAIL ${name}: ${fault}: `);
    const note = readdirSync(join(folder, name)).find((file) => file.endsWith('.json')) ?? '';
    expect(JSON.parse(readFileSync(join(folder, name, note), 'utf8'))).toMatchObject({ target: name, fault });
  });

  test('fails the run, and its last line counts it', () => {
    expect(status).toBe(1);
    expect(printed.trimEnd().split('\n').at(-1)).toMatch(
      /^fuzz: 4 targets, \d+ cases, \d+ edges, 4 failures, seed 1$/,
    );
  });

  test('is made smaller: the nested fault needs seven characters', () => {
    const [file = ''] = readdirSync(join(folder, 'plantedThrow')).filter((name) => name.endsWith('.bin'));
    expect(readFixture(join(folder, 'plantedThrow', file)).toString()).toBe('[[on:()');
  });
});

test('counters are at blocks, branches and the right sides of && || and ??', () => {
  const text = withEdges('a.js', 'if (a && b) c(); else { d ?? e; }\nconst f = (x) => x ? 1 : 2;\n');
  expect(text.replaceAll(/__edge\(\d+\)/g, '#')).toBe(
    'if (a && (#,(b))) {#;c();} else {#; d ?? (#,(e)); }\nconst f = (x) => (#,(x ? (#,(1)) : (#,(2))));\n',
  );
});

test('options are read, and what is none of them is refused', () => {
  expect(readOptions(['--seconds', '45'], 7)).toMatchObject({ seconds: 45, cases: Infinity, seed: 7 });
  expect(readOptions(['--cases', '9', '--seed', '3'], 7)).toMatchObject({
    seconds: Infinity,
    cases: 9,
    seed: 3,
  });
  expect(() => readOptions(['--target', 'nothing'], 7)).toThrow('There is no target nothing.');
  expect(() => readOptions(['--seconds', 'x'], 7)).toThrow(
    '--seconds is a whole number from 1 on, and not "x".',
  );
});
