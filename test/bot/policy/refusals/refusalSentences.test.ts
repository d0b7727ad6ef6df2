// Every sentence that a person reads who is refused, held against refusalSentences.txt, which is there to be
// read and reviewed. `UPDATE_GOLDENS=1` writes it again.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { blockOf, explain } from '../../../../src/bot/policy/refusals/refusal.ts';
import type { Refusal } from '../../../../src/bot/policy/refusals/refusal.ts';
import { hiddenCharacter } from '../../../../src/liveResponse/text/visible.ts';
import { root } from '../../../support/root.ts';
import { ofCommands, ofDevices, ofPeople } from './refusalsOfPeople.ts';
import type { Examples } from './refusalsOfPeople.ts';
import {
  ofDecisions,
  ofFreezes,
  ofNames,
  ofPending,
  ofResults,
  ofStates,
  ofTheWorld,
} from './refusalsOfRequests.ts';

const examples: Examples<Refusal['refused']> = {
  ...ofPeople,
  ...ofCommands,
  ...ofDevices,
  ...ofNames,
  ...ofDecisions,
  ...ofStates,
  ...ofPending,
  ...ofResults,
  ...ofTheWorld,
  ...ofFreezes,
};
const rows = Object.entries(examples).flatMap(([refused, cases]) =>
  Object.entries(cases).map(([what, rest]) => ({
    name: `${refused}: ${what}`,
    refusal: { refused, ...rest } as Refusal,
  })),
);

const file = join(root, 'test', 'bot', 'policy', 'refusals', 'refusalSentences.txt');
if (process.env['UPDATE_GOLDENS'] === '1')
  writeFileSync(file, rows.map(({ name, refusal }) => `${name}\n    ${explain(refusal)}\n`).join('\n'));

/** The name of each example, and its sentence. */
const kept = new Map(
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n\n')
    .map((entry) => {
      const [name = '', sentence = ''] = entry.split('\n    ');
      return [name, sentence];
    }),
);

describe('who is refused reads', () => {
  test.each(rows)('$name', ({ name, refusal }) => {
    expect(explain(refusal)).toBe(kept.get(name));
  });

  test.each(rows)('what can be drawn, and the command by its name here: $name', ({ name, refusal }) => {
    const said = explain(refusal, '@bot');
    expect(said).toBe(kept.get(name)?.replaceAll('"/lr ', '"@bot ').replaceAll('“/lr ', '“@bot '));
    expect(said).toMatch(/^[^ ].{25,900}\.$/);
    expect(said).not.toMatch(/undefined|\/lr| {2}|\.\.$/);
    expect(hiddenCharacter(said)).toBeUndefined();
  });

  test('no sentence that nobody is told any more is kept', () => {
    expect([...kept.keys()]).toEqual(rows.map(({ name }) => name));
  });
});

test('a wrong fingerprint is answered without the right one', () => {
  expect(explain({ refused: 'wrongFingerprint', id: 'lr-7f3k2q' })).not.toMatch(/[0-9a-f]{8}/);
});

test('a line with the right name is repeated as long as it is short enough to be copied', () => {
  const told = (line: string): string =>
    explain({ refused: 'notInLibrary', name: 'colect.ps1', suggestions: ['collect.ps1'], line });
  const line = 'run hosta collect.ps1 '.padEnd(400, 'a');
  expect(told(line)).toContain(`Did you mean collect.ps1? Type "/lr ${line}".`);
  expect(told(`${line}a`)).toContain('Did you mean collect.ps1? "/lr scripts" lists what is there.');
});

test('below the sentence stands the line that asks for the same once more, and else nothing', () => {
  const blocks = rows.flatMap(({ name, refusal }) => {
    const block = blockOf(refusal, '/lr');
    return block === undefined ? [] : [[name, block]];
  });
  const line = '/lr dump hosta x --reason "..." --separate';
  expect(blocks).toEqual([
    ['twin: a minute ago', line],
    ['twin: just now, by another, with cards in two places', line],
  ]);
});
