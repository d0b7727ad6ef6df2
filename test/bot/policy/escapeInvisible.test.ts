// Foreign text in a sentence of ours: what cannot be seen is a box, what belongs to the text stays.
import { describe, expect, test } from '@jest/globals';
import {
  escapeInvisible,
  escapeInvisibleSentence,
} from '../../../src/bot/policy/refusals/escapeInvisible.ts';

const family = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}';

describe('a word', () => {
  test.each([
    ['host\u202Ea', 'host\u25A1a'],
    ['\u200Bhosta\u0007', '\u25A1hosta\u25A1'],
    ['two\nlines', 'two\u25A1lines'],
    ['Größe 山田 \u{1F600}', 'Größe 山田 \u{1F600}'],
  ])('%j is drawn as %j', (text, drawn) => {
    expect(escapeInvisible(text)).toBe(drawn);
  });
});

describe('a sentence', () => {
  test.each([
    ['host\u202Ea fits.', 'host\u25A1a fits.'],
    ['two\nlines', 'two lines'],
    ['a tab\tbetween', 'a tab\u25A1between'],
    [`the ${family} of kiosk`, `the ${family} of kiosk`],
    ['a joiner\u200Dalone', 'a joiner\u25A1alone'],
    ['\u{E0001}tag', '\u25A1tag'],
    ['Größe 山田 \u{1F600}', 'Größe 山田 \u{1F600}'],
  ])('%j is drawn as %j', (text, drawn) => {
    expect(escapeInvisibleSentence(text)).toBe(drawn);
  });
});
