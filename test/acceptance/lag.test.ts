// How far a tenant's list lags behind its actions, of readings as they may come.
import { expect, test } from '@jest/globals';
import { measuresOf } from '../../src/acceptance/measures.ts';
import type { Seen } from '../../src/acceptance/measures/finding.ts';

/** What "list.fresh" says of states read once a second, alone and in the list. */
function lag(single: string, row: string): string | undefined {
  const action = (status: string | undefined): object => ({ status, commands: [] });
  const pairs = Array.from(single, (one, at) => ({
    at: at * 1_000,
    single: action(one),
    row: action(row[at]),
  }));
  const seen = {
    pairs,
    links: [],
    results: [],
    probes: [],
    failed: [],
    exchanges: [],
    gap: 1_000,
  } as unknown as Seen;
  return measuresOf(seen).find(({ name }) => name === 'list.fresh')?.tenant;
}

test.each([
  ['none', 'ABBC', 'ABBC', 'as new, in 4 pairs'],
  ['a change between the two readings of a pair', 'ABBC', 'AABC', 'as new, in 4 pairs'],
  ['one state', 'ABBBB', 'AAABB', 'older in 2 of 5 pairs, by up to 2.0 s (seen every 1.0 s)'],
  [
    'a second state that comes while the list is behind, and stays away longer',
    'ABCCCCCCCC',
    'AAABBBBCCC',
    'older in 6 of 10 pairs, by up to 5.0 s (seen every 1.0 s)',
  ],
  [
    'states that the list never shows',
    'ABCDDDD',
    'AAAAAAD',
    'older in 5 of 7 pairs, by up to 5.0 s (seen every 1.0 s)',
  ],
])('%s', (_what, single, row, told) => {
  expect(lag(single, row)).toBe(told);
});
