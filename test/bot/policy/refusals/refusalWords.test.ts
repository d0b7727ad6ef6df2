// What each refusal says: what was refused, and the next step.
import { describe, expect, test } from '@jest/globals';
import { explain } from '../../../../src/bot/policy/refusals/refusal.ts';
import { hiddenCharacter } from '../../../../src/liveResponse/text/visible.ts';
import { refusalsOfAsking } from '../../../support/refusals/ofAsking.ts';
import { refusalsOfDeciding } from '../../../support/refusals/ofDeciding.ts';
import { by, id } from '../../../support/refusals/samples.ts';
import type { RefusalSamples } from '../../../support/refusals/samples.ts';
import { askedAt } from '../../../support/requests/requests.ts';

const all: RefusalSamples = { ...refusalsOfAsking, ...refusalsOfDeciding };

describe('every refusal', () => {
  const each = Object.values(all)
    .flat()
    .map((refusal) => [refusal.refused, refusal] as const);

  test.each(each)('%s says what and the next step in at most four sentences', (_kind, refusal) => {
    const said = explain(refusal, '/ir');
    expect(said.endsWith('.')).toBe(true);
    expect(said).not.toMatch(/undefined|\/lr| {2}|\.\.$/);
    expect(said.length).toBeGreaterThan(40);
    expect(said.length).toBeLessThan(900);
    expect(hiddenCharacter(said)).toBeUndefined();
  });

  test('tells the time, the first approver and the id as people read them', () => {
    expect(explain({ refused: 'alreadyApproved', id, by, at: askedAt, you: false })).toBe(
      'lr-7f3k2q was approved already by Avery Approver at 22:13 UTC; there is nothing more to do.',
    );
  });

  test('never tells the right fingerprint', () => {
    expect(explain({ refused: 'wrongFingerprint', id })).not.toMatch(/[0-9a-f]{8}/);
  });
});
