// What the table of verbs promises: where a verb may be used, who may, and what a refusal says was not done.
import { describe, expect, test } from '@jest/globals';
import {
  asksForText,
  effectOf,
  isVerb,
  maxReason,
  pressedVerb,
  rowOf,
  tooLong,
  verbTable,
} from '../../src/liveResponse/verbs.ts';
import type { AnyVerb, Effect } from '../../src/liveResponse/verbs.ts';

const verbs = Object.keys(verbTable).filter(isVerb);

describe('a verb', () => {
  test('is pressed alone, typed alone, or both', () => {
    const only = (typed: boolean, pressed: boolean): readonly AnyVerb[] =>
      verbs.filter((verb) => rowOf(verb).typed === typed && rowOf(verb).pressed === pressed);
    expect(only(true, true)).toEqual(['approve', 'deny', 'cancel', 'link', 'output']);
    expect(only(false, true)).toEqual(['withdraw', 'look', 'resend', 'drop', 'again', 'refresh']);
    expect(only(false, false)).toEqual([]);
  });

  test.each<readonly [Effect, readonly AnyVerb[]]>([
    ['runs', ['approve', 'resend', 'drop', 'again', 'retry', 'unfreeze']],
    ['stops', ['deny', 'withdraw', 'cancel', 'freeze']],
    ['asks', ['ask']],
  ])('%s something in these cases alone', (effect, those) => {
    expect(verbs.filter((verb) => effectOf(verb) === effect)).toEqual(those);
  });

  test('that changes nothing that runs is for whoever may see, where its answer is no secret and no help', () => {
    const telling = verbs.filter((verb) => effectOf(verb) === 'tells');
    expect(
      telling.filter((verb) => rowOf(verb).may !== 'see').map((verb) => [verb, rowOf(verb).may]),
    ).toEqual([
      ['link', 'readResults'],
      ['output', 'readResults'],
      ['help', 'anyone'],
      ['whoami', 'anyone'],
      ['noId', 'listed'],
    ]);
  });

  test('that changes something is allowed by the decision of its own name, or by that about new requests', () => {
    const changing = verbs.filter((verb) => effectOf(verb) !== 'tells');
    expect(changing.filter((verb) => rowOf(verb).may === 'request')).toEqual(['again', 'retry', 'ask']);
    expect(changing.filter((verb) => rowOf(verb).may !== 'request' && rowOf(verb).may !== verb)).toEqual([]);
  });

  test('completes the sentence about what was not done', () => {
    const sentences = verbs
      .filter((verb) => effectOf(verb) !== 'tells')
      .map((verb) => `${verb}: so nothing was ${rowOf(verb).undone}`);
    expect(sentences).toEqual([
      'approve: so nothing was approved',
      'deny: so nothing was denied',
      'withdraw: so nothing was withdrawn',
      'cancel: so nothing was cancelled',
      'resend: so nothing was sent again',
      'drop: so nothing was dropped',
      'again: so nothing was asked for',
      'retry: so nothing was asked for',
      'ask: so nothing was asked for',
      'freeze: so nothing was frozen',
      'unfreeze: so nothing was unfrozen',
    ]);
    expect(
      new Set(verbs.filter((verb) => effectOf(verb) === 'tells').map((verb) => rowOf(verb).undone)),
    ).toEqual(new Set(['done']));
  });
});

describe('the text of a verb', () => {
  test('is needed for a freeze, asked for on the button that denies, and else only taken where it is given', () => {
    const withText = verbs.flatMap((verb) => {
      const { text } = rowOf(verb);
      return text === undefined ? [] : [[verb, text.needed, asksForText(verb)]];
    });
    expect(withText).toEqual([
      ['deny', false, true],
      ['withdraw', false, false],
      ['cancel', false, false],
      ['drop', false, false],
      ['retry', false, false],
      ['ask', false, false],
      ['freeze', true, false],
    ]);
    expect(rowOf('deny').text?.label).toBe('whyDenied');
    expect(asksForText('approve')).toBe(false);
  });

  test('may be as long as a reason, without the spaces at its ends', () => {
    const longest = 'x'.repeat(maxReason);
    expect(tooLong('deny', ` ${longest} `)).toBeUndefined();
    expect(tooLong('deny', undefined)).toBeUndefined();
    expect(tooLong('deny', `${longest}x`)).toEqual({ length: maxReason + 1, max: maxReason });
  });

  test('has no bound where the verb takes none', () => {
    expect(tooLong('approve', 'x'.repeat(2 * maxReason))).toBeUndefined();
  });
});

test('only a verb that a button can have is read from a press, and no inherited name is one', () => {
  expect(pressedVerb('approve')).toBe('approve');
  expect(['freeze', 'constructor', 'toString', '', 7, undefined, null].map(pressedVerb)).toEqual(
    Array.from({ length: 7 }, () => undefined),
  );
  expect(['ask', 'constructor'].map(isVerb)).toEqual([true, false]);
});
