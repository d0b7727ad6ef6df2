// A person or an account may be called by a number, which stands in the fixture as a count or a time as well.
import { expect, test } from '@jest/globals';
import { fixtureOf } from '../../src/acceptance/report.ts';
import type { Seen } from '../../src/acceptance/measures/finding.ts';

test('a fixture stays JSON where a secret is a number that is counted too, and the secret is in no text', () => {
  const seen = {
    pairs: [],
    links: [],
    results: [],
    exchanges: [],
    failed: ['account 2000 could not be read'],
    gap: 2_000,
  } as unknown as Seen;
  const run = {
    version: '1',
    mode: 'play',
    apiUrl: 'http://127.0.0.1:4000',
    simulated: true,
    ok: true,
    how: 'by 2000 and Riley',
    began: 0,
    secrets: ['2000', 'Riley'],
  };
  const text = fixtureOf(run, seen, []);
  expect(JSON.parse(text)).toMatchObject({
    lookedEveryMs: 2_000,
    mainJob: { how: 'by (struck out) and (struck out)' },
    failedReadings: { 'account (struck out) could not be read': 1 },
  });
});
