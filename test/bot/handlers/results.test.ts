// Full output page by page: every page fits into the messages of both chats, and nothing is lost between two
// of them.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pageCharacters, pageLines, pageOf } from '../../../src/bot/handlers/queries/results.ts';

function pagesOf(text: string): readonly string[] {
  return Array.from({ length: pageOf(text, 1).pages }, (_page, at) => pageOf(text, at + 1).body);
}

test('the pages of any text are the text, each of whole characters within both limits', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 90 }),
    fc.constant(''),
    fc.constant('x'.repeat(4_000)),
    fc.constant('🙂'.repeat(1_500)),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 400 }), (lines) => {
      const text = lines.join('\n');
      const pages = pagesOf(text);
      expect(pages.join('')).toBe(text);
      for (const page of pages) {
        expect(Array.from(page).length).toBeLessThanOrEqual(pageCharacters);
        expect((page.match(/\n/g) ?? []).length).toBeLessThanOrEqual(pageLines);
        expect(page).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
      }
    }),
    { numRuns: 60 },
  );
});

test('a page beyond the last is the last, and of nothing there is one', () => {
  expect(pageOf('a', 7)).toEqual({ body: 'a', pages: 1, shown: 1 });
  expect(pageOf('', 1)).toEqual({ body: '', pages: 1, shown: 1 });
});
