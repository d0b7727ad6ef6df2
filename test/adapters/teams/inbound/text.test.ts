// What Teams makes of a typed line, and the command that comes out of it.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandText } from '../../../../src/adapters/teams/inbound/text.ts';
import { readActivity } from '../../../../src/adapters/teams/inbound/activity.ts';
import type { Inbound } from '../../../../src/adapters/teams/inbound/activity.ts';
import { bot, channel, mention, personal } from '../../../support/chats/teamsLines.ts';
import { isLinear } from '../../../support/linearTime.ts';

describe('row 2.1: an activity that leaves out what others hold', () => {
  const told = (more: object): Inbound => {
    const activity = readActivity({
      type: 'message',
      id: '1',
      channelId: 'msteams',
      serviceUrl: 'https://x',
      from: { id: '29:a' },
      conversation: { id: 'a:1' },
      recipient: bot,
      text: 'lr status',
      ...more,
    });
    if (typeof activity === 'string') throw new Error(activity);
    return activity;
  };
  it('without its kind, a conversation of two is one, and no other is', () => {
    expect(told({}).kind).toBe('personal');
    expect(told({ conversation: { id: '19:x@thread.v2' } }).kind).toBe('groupChat');
    expect(
      told({ conversation: { id: '19:x@thread.tacv2' }, channelData: { channel: { id: '19:x' } } }).kind,
    ).toBe('channel');
    expect(told({ conversation: { id: 'a:1', conversationType: 'groupChat' } }).kind).toBe('groupChat');
  });
  it('a line too long to be read is no empty one', () => {
    expect(commandText(told({ text: `lr status ${'x'.repeat(40_000)}` }), 'lr')?.length).toBeGreaterThan(
      30_000,
    );
  });
  it.each([{}, '', false])('with a value of %j a typed line is a typed line', (value) => {
    expect(told({ value }).value).toBeUndefined();
    expect(told({ value: { lr: 1 } }).value).toEqual({ lr: 1 });
    expect(told({ type: 'invoke', value }).value).toEqual(value);
  });
});

describe('row 2.1: who else is mentioned', () => {
  const others = [mention, { id: '29:ben', text: '<at>Ben</at>' }];
  it.each([
    ['<at>Ben</at> <at>Live Response</at> lr status', 'status'],
    ['<at>Live Response</at>&nbsp;<at>Ben</at>, lr status', 'status'],
    ['<p><at>Ben</at> &amp; <at>Live Response</at>: lr status</p>', 'status'],
    ['<at>Live Response</at>, lr status', 'status'],
    ['<at>Live Response</at> lr deny lr-7f3k2q ask <at>Ben</at>', 'deny lr-7f3k2q ask Ben'],
  ])('%j', (text, expected) => {
    expect(channel(text, others)).toBe(expected);
  });

  it('without the bot among them it is not for the bot', () => {
    expect(channel('<at>Ben</at> lr status', others.slice(1))).toBeUndefined();
  });
});

describe('row 2.2: formatting', () => {
  it.each([
    ['<div>lr dump <code>h</code> p</div>', 'dump h p'],
    ['<p><strong>lr dump h p</strong></p>', 'dump h p'],
    ['<pre>lr dump h p</pre>', 'dump h p'],
    ['lr deny lr-7f3k2q one<br>two', 'deny lr-7f3k2q one\ntwo'],
    ['<p>lr dump h</p><p>p</p>', 'dump h\np'],
    ['lr run h s.ps1 &lt;code&gt;', 'run h s.ps1 <code>'],
    ['<codeblock class="Bash"><code>lr dump h p</code></codeblock>', 'dump h p'],
    ['<table><tr><td>lr dump h p</td></tr></table>', 'dump h p'],
    ['<attachment id="1"></attachment>lr dump h p', 'dump h p'],
    [
      'lr dump h p --reason &ldquo;x&rdquo; <emoji id="fire" alt="🔥" title="Fire"></emoji>',
      'dump h p --reason “x” 🔥',
    ],
    ['lr dump <a href="https://h.corp"><b>h.corp</b></a> p', 'dump h.corp p'],
    ['lr dump [h.corp](http://h.corp "h.corp") p', 'dump h.corp p'],
  ])('%j is read without its tags', (text, expected) => {
    expect(personal(text)).toBe(expected);
  });
});

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
    const split = [
      { id: '28:bot', text: '<at>Live</at>' },
      { id: '28:bot', text: '<at>Response</at>' },
    ];
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
    expect(
      channel('<at>Live Response</at> lr dump h p --reason for <at>Ana</at>', [
        mention,
        { id: '29:ana', text: '<at>Ana</at>' },
      ]),
    ).toBe('dump h p --reason for Ana');
    expect(channel('<at>Ana</at> lr help', [{ id: '29:ana', text: '<at>Ana</at>' }])).toBeUndefined();
    expect(
      channel('<at>Live Response</at> lr deny lr-7f3k2q <at>Live</at>', [
        mention,
        { id: '29:live', text: '<at>Live</at>' },
      ]),
    ).toBe('deny lr-7f3k2q Live');
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
    [
      'entities that are none',
      'lr run h &nope; &#0; &#xd800; &#9999999; &',
      'run h &nope; &#0; &#xd800; &#9999999; &',
    ],
    [
      'an auto-linked host',
      'lr dump [host.contoso.com](http://host.contoso.com) p',
      'dump host.contoso.com p',
    ],
    [
      'an auto-linked host with a slash',
      'lr dump [host.contoso.com](https://host.contoso.com/) p',
      'dump host.contoso.com p',
    ],
    [
      'an anchor',
      'lr dump <a href="http://host.contoso.com">host.contoso.com</a> p',
      'dump host.contoso.com p',
    ],
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

it.each(['<at>', '<at ', '<a href="', '[a](', '[[[[', '&#', '&amp', '</at>', '<at>x', ' ', '\u00a0'])(
  '%j again and again takes time that grows with its length alone',
  (piece) => {
    for (const [before, after] of [
      ['', ''],
      ['x', 'x'],
      ['<at>', '</at>'],
    ]) {
      const textOf = (length: number): string =>
        `${before ?? ''}${piece.repeat(length / piece.length)}${after ?? ''}`;
      expect([before, isLinear(textOf, (text) => [personal(text), channel(text)])]).toEqual([before, true]);
    }
  },
);

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
