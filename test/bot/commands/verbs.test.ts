// The one table of verbs: complete, read by the bot's own grammar, and with the effects that the promises
// name.
import { describe, expect, it } from '@jest/globals';
import { verbs } from '../../../cards/view.ts';
import { forms } from '../../../src/bot/commands/forms.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import {
  effectOf,
  freshnessFor,
  identityUnread,
  verbOfLine,
  verbTable,
} from '../../../src/bot/commands/verbs.ts';
import type { AnyVerb } from '../../../src/bot/commands/verbs.ts';
import { explain } from '../../../src/bot/policy/refusals/refusal.ts';

const examples = Object.entries(forms).map(([word, form]) => ({ word, example: form.example }));

describe('the table of verbs', () => {
  it('holds every verb that a button can have', () => {
    expect(verbs.filter((verb) => !(verb in verbTable))).toEqual([]);
  });
  it.each(examples)('holds what $word parses to', ({ example }) => {
    const parsed = parse(example, new Map());
    if ('problem' in parsed) throw new Error(`${example} does not parse`);
    expect(Object.hasOwn(verbTable, parsed.verb)).toBe(true);
  });
  it('holds nothing that can neither be pressed nor typed', () => {
    // A word where an id belongs is typed too.
    const typed = [...examples, { example: 'status hosta.corp.example' }].flatMap(({ example }) => {
      const parsed = parse(example, new Map());
      return 'problem' in parsed ? [] : [parsed.verb];
    });
    expect(
      Object.keys(verbTable).filter((verb) => !([...verbs, ...typed] as readonly string[]).includes(verb)),
    ).toEqual([]);
  });
  it.each<readonly [ReturnType<typeof effectOf>, readonly AnyVerb[]]>([
    ['runs', ['approve', 'resend', 'again', 'retry', 'unfreeze', 'drop']],
    ['stops', ['deny', 'withdraw', 'cancel', 'freeze']],
    ['asks', ['ask']],
  ])('says of exactly these that they are of effect %s', (effect, expected) => {
    const found = (Object.keys(verbTable) as readonly AnyVerb[]).filter((verb) => effectOf(verb) === effect);
    expect([...found].sort()).toEqual([...expected].sort());
  });
  it('has the platform asked for what lets something run, and asked within bounds for what stops something', () => {
    expect((['approve', 'unfreeze', 'deny', 'ask', 'status'] as const).map(freshnessFor)).toEqual([
      'now',
      'now',
      'nowOrLast',
      'remembered',
      'remembered',
    ]);
  });
});

describe('the verb of a typed line, as a chat sees it before the bot reads the line', () => {
  it.each([
    'approve lr-7f3k2q',
    'approve lr-7f3k2q 1c9e04ab',
    'APPROVE 7f3k2q 1c9e04ab',
    '\u00a0approve\u00a0lr-7f3k2q',
    'deny lr-7f3k2q “wrong host”',
    'cancel lr-7f3k2q',
    'freeze now',
    ' Freeze maintenance',
    'unfreeze',
    'retry lr-7f3k2q 1',
  ])('%j is what the bot will make of it', (line) => {
    const parsed = parse(line, new Map());
    if ('problem' in parsed) throw new Error(`${line} does not parse`);
    expect(verbOfLine(line)).toBe(parsed.verb);
  });
  it.each([
    'dump hosta lsass',
    'approve',
    'deny',
    'unfreeze please',
    'aprove lr-7f3k2q',
    '\u200bapprove lr-7f3k2q',
  ])('%j decides nothing', (line) => {
    expect(effectOf(verbOfLine(line))).toBe('asks');
  });
});

it('names the platform, what was not done, and the next step when nobody could say who it is', () => {
  expect(explain(identityUnread('Slack', 'approve', true))).toBe(
    'Slack could not say who you are just now, so nothing was approved. Press again in a minute.',
  );
  expect(explain(identityUnread('Teams', 'unfreeze', false))).toBe(
    'Teams could not say who you are just now, so nothing was unfrozen. Type it again in a minute.',
  );
});
