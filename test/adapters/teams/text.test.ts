// What Teams makes of a typed line, and the command that comes out of it.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandText } from '../../../src/adapters/teams/text.ts';
import type { Inbound } from '../../../src/adapters/teams/activity.ts';
import { growth, linear } from '../../support/growth.ts';

type Message = Parameters<typeof commandText>[0];
const bot: Inbound['bot'] = { id: '28:bot', name: 'Live Response' };
const mention = { id: '28:bot', text: '<at>Live Response</at>' };

function channel(text: string, mentions: Message['mentions'] = [mention], more: Partial<Message> = {}): string | undefined {
  return commandText({ text, mentions, bot, kind: 'channel', targeted: false, ...more }, 'lr');
}
function personal(text: string): string | undefined {
  return commandText({ text, mentions: [], bot, kind: 'personal', targeted: false }, 'lr');
}

describe('in a channel', () => {
  it.each([
    ['a mention before', '<at>Live Response</at> lr dump h p', 'dump h p'],
    ['a slash after the mention', '<at>Live Response</at> /lr dump h p', 'dump h p'],
    ['no name of the command', '<at>Live Response</at> dump h p', 'dump h p'],
    ['line breaks around', '\r\n<at>Live Response</at> lr dump h p\r\n', 'dump h p'],
    ['a line break at the end', '<at>Live Response</at> lr dump h p\n', 'dump h p'],
    ['no space after the mention', '<at>Live Response</at>lr dump h p', 'dump h p'],
    ['a no-break space after it', '<at>Live Response</at>\u00a0lr dump h p', 'dump h p'],
    ['an entity for that space', '<at>Live Response</at>&nbsp;lr dump h p', 'dump h p'],
    ['the mention at the end', 'lr dump h p <at>Live Response</at>', 'dump h p'],
    ['two mentions', '<at>Live Response</at> <at>Live Response</at> lr dump h p', 'dump h p'],
    ['attributes of the mention', '<at id="0">Live Response</at> lr dump h p', 'dump h p'],
    ['capitals', '<at>Live Response</at> LR dump h p', 'dump h p'],
    ['nothing after it', '<at>Live Response</at>', ''],
    ['the name alone', '<at>Live Response</at> /lr', ''],
    ['a word that begins like the name', '<at>Live Response</at> lrx', 'lrx'],
  ])('%s', (_what, text, expected) => {
    expect(channel(text)).toBe(expected);
  });
  it('a mention split in two by the space in the name', () => {
    const split = [{ id: '28:bot', text: '<at>Live</at>' }, { id: '28:bot', text: '<at>Response</at>' }];
    expect(channel('<at>Live</at> <at>Response</at> lr dump h p', split)).toBe('dump h p');
    expect(channel('<at>Live</at> <at>Response</at> lr dump h p', [split[0] ?? mention])).toBe('dump h p');
  });
  it('two entities for one mention', () => {
    expect(channel('<at>Live Response</at> lr help', [mention, mention])).toBe('help');
  });
  it('an entity without text, and text without an entity', () => {
    expect(channel('<at>Live Response</at> lr help', [{ id: '28:bot', text: '' }])).toBe('help');
    expect(channel('<at>Live Response</at> lr help', [])).toBe('help');
  });
  it('the mention of somebody else becomes the name, and does not call the bot', () => {
    expect(channel('<at>Live Response</at> lr dump h p --reason for <at>Ana</at>', [mention, { id: '29:ana', text: '<at>Ana</at>' }])).toBe('dump h p --reason for Ana');
    expect(channel('<at>Ana</at> lr help', [{ id: '29:ana', text: '<at>Ana</at>' }])).toBeUndefined();
    expect(channel('<at>Live</at> lr help', [mention, { id: '29:live', text: '<at>Live</at>' }])).toBe('Live lr help');
  });
  it('what is not said to the bot is not for it, even if Teams delivers it', () => {
    expect(channel('lr dump h p', [])).toBeUndefined();
    expect(channel('/lr dump h p', [])).toBeUndefined();
    expect(channel('', [])).toBeUndefined();
  });
  it('a native slash command is for it', () => {
    expect(channel('/lr dump h p', [], { targeted: true })).toBe('dump h p');
    expect(channel('lr dump h p', [], { targeted: true })).toBe('dump h p');
    expect(channel('/Live Response lr dump h p', [], { targeted: true })).toBe('dump h p');
    expect(channel('/Live Response dump h p', [], { targeted: true })).toBe('dump h p');
    expect(channel('dump h p', [], { targeted: true })).toBe('dump h p');
  });
});

describe('in a personal chat', () => {
  it.each([
    ['/lr dump h p', 'dump h p'],
    ['lr dump h p', 'dump h p'],
    ['Lr dump h p', 'dump h p'],
    ['dump h p', 'dump h p'],
    ['  lr   help \r\n', 'help'],
    ['lr', ''],
    ['', ''],
    ['<at>Live Response</at> lr help', 'help'],
  ])('%j is a command', (text, expected) => {
    expect(personal(text)).toBe(expected);
  });
});

describe('what clients add is undone', () => {
  it.each([
    ['entities, once', 'lr run h &lt;x&gt; &amp;lt; &#39;y&#39; &#x41; &quot;', `run h <x> &lt; 'y' A "`],
    ['entities that are none', 'lr run h &nope; &#0; &#xd800; &#9999999; &', 'run h &nope; &#0; &#xd800; &#9999999; &'],
    ['an auto-linked host', 'lr dump [host.contoso.com](http://host.contoso.com) p', 'dump host.contoso.com p'],
    ['an auto-linked host with a slash', 'lr dump [host.contoso.com](https://host.contoso.com/) p', 'dump host.contoso.com p'],
    ['an anchor', 'lr dump <a href="http://host.contoso.com">host.contoso.com</a> p', 'dump host.contoso.com p'],
    ['an address', 'lr run [a@b.example](mailto:a@b.example)', 'run a@b.example'],
  ])('%s', (_what, text, expected) => {
    expect(personal(text)).toBe(expected);
  });
  it('a link that shows something else than its target stays, so that the grammar can refuse it', () => {
    expect(personal('lr dump [host](http://evil.example) p')).toBe('dump [host](http://evil.example) p');
  });
  it('quotes, dashes and hidden characters are left to the grammar', () => {
    const text = 'dump h p —reason “x” \u200b\u202e\u{1f600} \u05d0';
    expect(personal(`lr ${text}`)).toBe(text);
  });
});

it.each(['<at>', '<at ', '<a href="', '[a](', '[[[[', '&#', '&amp', '</at>', '<at>x', ' ', '\u00a0'])('%j again and again takes time that grows with its length alone', (piece) => {
  for (const [before, after] of [['', ''], ['x', 'x'], ['<at>', '</at>']]) {
    const textOf = (length: number): string => `${before ?? ''}${piece.repeat(length / piece.length)}${after ?? ''}`;
    expect([before, growth(textOf, (text) => [personal(text), channel(text)]) < linear]).toEqual([before, true]);
  }
});

it('never throws, and never adds what was not typed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const read = personal(text);
      expect(typeof read).toBe('string');
      expect((read ?? '').length).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 500 },
  );
});
