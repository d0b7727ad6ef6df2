// What Slack did to typed text is undone, once, and no name becomes a host.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { afterMention, asText, typedText } from '../../../src/adapters/slack/inbound/payloads.ts';
import { isLinear } from '../../support/linearTime.ts';

describe('typed text', () => {
  test.each([
    ['dump <http://hosta.corp|hosta.corp> x', 'dump hosta.corp x'],
    ['get hosta <https://a.example/p?q=1>', 'get hosta https://a.example/p?q=1'],
    ['<mailto:a@b.example|a@b.example>', 'a@b.example'],
    ['<mailto:a@b.example>', 'a@b.example'],
    ['run hosta a &amp;&amp; b &lt;c&gt;', 'run hosta a && b <c>'],
    ['&amp;lt;', '&lt;'],
    ['&lt;http://evil|hosta&gt;', '<http://evil|hosta>'],
    ['dump <@U123> x', 'dump <@U123> x'],
    ['dump <#C1|general> <!subteam^S1|@soc> <!channel>', 'dump <#C1|general> <!subteam^S1|@soc> <!channel>'],
    ['a < b', 'a < b'],
    ['&quot;&#39;', '&quot;&#39;'],
    ['', ''],
  ])('%s is %s', (sent, typed) => {
    expect(typedText(sent)).toBe(typed);
  });

  test('is what was typed, for any text that Slack escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (typed) => {
        const sent = typed.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
        expect(typedText(sent)).toBe(typed);
      }),
    );
  });

  test.each(['<', '<a:', '&lt;', '<x|', '<a:b|', '<@', '>', ' ', '<!', 'x '])(
    'of %j again and again is read in time that grows with its length alone',
    (piece) => {
      for (const [before, after] of [
        ['', ''],
        ['<', ''],
        ['<a:', '>'],
        ['<@U0BOT', 'x'],
      ]) {
        const textOf = (length: number): string =>
          `${before ?? ''}${piece.repeat(length / piece.length)}${after ?? ''}`;
        expect([before, isLinear(textOf, (text) => [typedText(text), afterMention(text, 'U0BOT')])]).toEqual([
          before,
          true,
        ]);
      }
    },
  );
});

test.each([
  ['<@U0BOT> status', 'status'],
  ['hey <@U0BOT|live-response>: status', 'status'],
  ['<@U0BOT>', ''],
  ['<@U0BOTX> status', undefined],
  ['status', undefined],
])('after the mention in "%s" comes %p', (said, rest) => {
  expect(afterMention(said, 'U0BOT')).toBe(rest);
});

test('a field that is no text is empty, and of several the first counts', () => {
  expect([asText(undefined), asText(['a', 'b']), asText({}), asText('a')]).toEqual(['', 'a', '', 'a']);
});
