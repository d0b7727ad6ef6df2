// docs/outcomes.md against the code: every outcome is in it, with the words that people see, and nothing that
// cannot happen.
import { describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusalAdvice, refusalHints } from '../../../cards/messages/advice.ts';
import { exitHints, stepHints, stepNext } from '../../../cards/messages/stepAdvice.ts';
import { troubles } from '../../../cards/results.ts';
import { outcomeOf } from '../../../src/liveResponse/action.ts';
import { callKinds } from '../../../src/liveResponse/pacing/callRates.ts';
import { root } from '../../support/root.ts';
import { outcomesPage, tables } from './outcomeTables.ts';

const file = join(root, 'docs', 'outcomes.md');
if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(file, outcomesPage());
const page = readFileSync(file, 'utf8');

/** First cells of the table under a heading, as the page has them; of "lapsed, slot" the first word. */
function keys(heading: string): readonly string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');
}
const first = (heading: string): readonly string[] => [
  ...new Set(keys(heading).map((key) => key.split(/,| elsewhere/)[0] ?? key)),
];

describe('docs/outcomes.md', () => {
  test('says what the cards say, word for word', () => {
    expect(page).toBe(outcomesPage());
  });

  test('names every code of the advice, and no other', () => {
    const expected = [
      ...Object.keys(refusalAdvice),
      ...Object.keys(refusalHints).map((name) => `text or device: ${name}`),
      'Forbidden',
      'Unauthorized',
      'any other code',
    ];
    expect([...keys('Refused, so that nothing ran')].sort()).toEqual(expected.sort());
  });

  test.each([
    [
      'Approved, and waiting',
      [
        'slot',
        'sessions',
        'deviceBusy',
        'throttled',
        'frozen',
        'library',
        'directory',
        'unavailable',
        'unauthorized',
      ],
    ],
    ['Over without a session', ['denied', 'withdrawn', 'expired', 'lapsed', 'refused', 'abandoned']],
    ['Not known', ['lost', 'actionMissing', 'overdue']],
    ['Cancel asked, still running', ['sent', 'accepted', 'alreadyOver', 'failed', 'noEffect']],
    ['Finished', Object.values(outcomeOf)],
    ['A failed command', [...Object.keys(stepHints), 'any other text', 'no end reported']],
    ['A script that reports failure', [...Object.keys(exitHints), 'nothing known']],
    ['A result that is not there', [...Object.keys(troubles), 'any other code', 'a new link']],
    ['A missing right', callKinds],
  ] as const)('under "%s" names each and no other', (heading, expected) => {
    expect([...first(heading)].sort()).toEqual([...expected].sort());
  });

  test('gives every kind of command its ordinary next step', () => {
    expect(keys('A failed command')).toEqual(
      expect.arrayContaining(Object.keys(stepNext).map((type) => `any other text, ${type}`)),
    );
  });

  test('leaves nothing without a sentence and a next step', () => {
    for (const { rows } of tables) for (const row of rows) for (const cell of row) expect(cell).not.toBe('');
  });
});
