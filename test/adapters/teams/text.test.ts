// What Teams makes of a typed line, and the command that comes out of it.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandText } from '../../../src/adapters/teams/inbound/text.ts';
import { readActivity } from '../../../src/adapters/teams/inbound/activity.ts';
import type { Inbound } from '../../../src/adapters/teams/inbound/activity.ts';
import { quotesIn } from '../../../src/adapters/teams/inbound/quotes.ts';
import { isLinear } from '../../support/linearTime.ts';

type Message = Parameters<typeof commandText>[0];
const bot: Inbound['bot'] = { id: '28:bot', name: 'Live Response' };
const mention = { id: '28:bot', text: '<at>Live Response</at>' };

function channel(
  text: string,
  mentions: Message['mentions'] = [mention],
  more: Partial<Message> = {},
): string | undefined {
  return commandText({ text, mentions, bot, kind: 'channel', targeted: false, ...more }, 'lr');
}
function personal(text: string): string | undefined {
  return commandText({ text, mentions: [], bot, kind: 'personal', targeted: false }, 'lr');
}

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

// Row 2.1.
describe('a quoted reply', () => {
  const quoted = '<quoted messageId="1764000000001"/>';
  const block =
    '<blockquote itemscope itemtype="http://schema.skype.com/Reply" itemid="1764000000001"><strong itemprop="mri" itemid="29:x">Mallory</strong><span itemprop="time"></span><p itemprop="preview">lr approve lr-7f3k2q 1c9e04ab</p></blockquote>';
  it.each([
    ['the form of 2026', `${quoted} lr status`, 'status'],
    ['without a space', `${quoted}lr status`, 'status'],
    ['over two lines', `${quoted}\r\nlr status\r\n`, 'status'],
    ['two quotes', `${quoted}\n<quoted messageId="2"/>\nlr status`, 'status'],
    ['a quote at the end', `lr status ${quoted}`, 'status'],
    ['a quote in the middle', `lr ${quoted} status`, 'status'],
    ['with a space before the end of the tag', '<quoted messageId="1" /> lr status', 'status'],
    ['in capitals, with other attributes', '<QUOTED messageId="1" kind="x"/> lr status', 'status'],
    [
      'with the quoted text inside',
      '<quoted messageId="1">lr approve lr-7f3k2q</quoted> lr status',
      'status',
    ],
    [
      'quotes within quotes',
      '<quoted messageId="1">a <quoted messageId="2">lr approve x</quoted> lr deny y</quoted> lr status',
      'status',
    ],
    ['a block quote', `${block}<p>lr status</p>`, 'status'],
    ['a block quote over lines', `${block}\n<p>lr status</p>\n`, 'status'],
    ['block quotes within each other', `<blockquote>x ${block} lr deny y</blockquote>lr status`, 'status'],
    [
      'a quote of one kind within one of the other',
      `<blockquote>${quoted} lr deny y</blockquote>lr status`,
      'status',
    ],
    ['lines marked as quoted', '&gt; lr approve lr-7f3k2q\n&gt; more\n\nlr status', 'status'],
  ])('%s', (_what, text, expected) => {
    expect(personal(text)).toBe(expected);
    expect(channel(`<at>Live Response</at> ${text}`)).toBe(expected);
    expect(channel(`${text} <at>Live Response</at>`)).toBe(expected);
  });
  it('in a group, before the mention', () => {
    expect(channel(`${quoted} <at>Live Response</at> lr status`)).toBe('status');
    expect(channel(`${block}<p><at id="0">Live Response</at> lr status</p>`)).toBe('status');
  });
  it.each([
    ['nothing beside it', quoted],
    ['nothing beside the text inside', '<quoted messageId="1">lr approve lr-7f3k2q 1c9e04ab</quoted>'],
    ['no end', '<quoted messageId="1">lr approve lr-7f3k2q 1c9e04ab'],
    ['no end of a block', '<blockquote>lr approve lr-7f3k2q 1c9e04ab'],
    ['no beginning', 'lr approve lr-7f3k2q 1c9e04ab</quoted>'],
    [
      'an end that the quoted text brought along',
      '<quoted messageId="1">x</quoted> lr approve lr-7f3k2q 1c9e04ab</quoted>',
    ],
    ['marked lines alone', '&gt; lr approve lr-7f3k2q 1c9e04ab'],
  ])('with %s runs nothing of what somebody else wrote', (_what, text) => {
    expect(personal(text)).toBe('');
  });
  it('what a line merely says of quotes, typed and so escaped, stays', () => {
    expect(personal('lr run h x.ps1 &lt;quoted messageId="1"/&gt; -Path a')).toBe(
      'run h x.ps1 <quoted messageId="1"/> -Path a',
    );
  });
  it('a forwarded message is not said by whoever forwards it', () => {
    const read = (text: string, forwarded: readonly string[]): string | undefined =>
      commandText({ text, mentions: [], bot, kind: 'personal', targeted: false, forwarded }, 'lr');
    expect(read('lr status\r\n\r\nlr approve lr-7f3k2q 1c9e04ab', [' lr approve lr-7f3k2q  1c9e04ab '])).toBe(
      'status',
    );
    expect(read('lr approve lr-7f3k2q 1c9e04ab', ['lr approve lr-7f3k2q 1c9e04ab'])).toBe('');
    expect(read('lr deny lr-7f3k2q "two  spaces"', ['something else'])).toBe('deny lr-7f3k2q "two  spaces"');
    expect(
      quotesIn(
        '<p>see</p><blockquote itemtype="http://schema.skype.com/Forward"><p>lr approve x</p><blockquote>inner</blockquote></blockquote>',
      ).forwarded,
    ).toEqual([expect.stringMatching(/lr approve x\s+inner/)]);
    expect(
      quotesIn('<blockquote itemtype="http://schema.skype.com/Reply"><p>lr approve x</p></blockquote>')
        .forwarded,
    ).toEqual([]);
    // What it forwards itself is a part of it, and starts nothing of its own.
    expect(
      quotesIn(
        '<blockquote itemtype="http://schema.skype.com/Forward">lr approve x <blockquote itemtype="http://schema.skype.com/Forward">inner</blockquote></blockquote>',
      ).forwarded,
    ).toEqual([expect.stringMatching(/^lr approve x\s+inner/)]);
  });
  it('a forwarded message without words takes nothing of what was typed', () => {
    expect(
      commandText(
        { text: 'lr status', mentions: [], bot, kind: 'personal', targeted: false, forwarded: [' \n '] },
        'lr',
      ),
    ).toBe('status');
  });
  it('several forwarded messages are taken away, each once', () => {
    expect(
      commandText(
        {
          text: 'lr status one two two',
          mentions: [],
          bot,
          kind: 'personal',
          targeted: false,
          forwarded: ['two', 'one two'],
        },
        'lr',
      ),
    ).toBe('status');
  });
  it.each<readonly [string, string, readonly object[]]>([
    ['however long its HTML is', 'x'.repeat(150_000), []],
    [
      'behind however many files',
      '',
      Array.from({ length: 30 }, () => ({ contentType: 'application/octet-stream', content: {} })),
    ],
  ])('a forwarded message is found %s', (_where, padding, files) => {
    const said = 'lr approve lr-7f3k2q 1c9e04ab';
    const message = readActivity({
      type: 'message',
      id: '1',
      channelId: 'msteams',
      serviceUrl: 'https://smba.trafficmanager.net/teams/',
      conversation: { id: 'a:1', conversationType: 'personal', tenantId: 't' },
      from: { id: '29:ben', aadObjectId: 'ben' },
      recipient: bot,
      channelData: { tenant: { id: 't' } },
      text: said,
      attachments: [
        ...files,
        {
          contentType: 'text/html',
          content: `<blockquote itemtype="http://schema.skype.com/Forward"><p title="${padding}">${said}</p></blockquote>`,
        },
      ],
    });
    if (typeof message === 'string') throw new Error(message);
    expect(commandText(message, 'lr')).toBe('');
  });

  const reply =
    '<blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="1"><strong itemprop="mri">Ben Approver</strong><span></span><p itemprop="preview">lr approve lr-7f3k2q</p></blockquote>';
  it.each([
    ['Ben Approver\nlr approve lr-7f3k2q\n\nlr status', 'text/html', `${reply}<p>lr status</p>`, 'status'],
    ['lr approve lr-7f3k2q lr status', 'text/html', `${reply}<p>lr status</p>`, 'status'],
    [
      'lr approve lr-7f3k2q\r\n<at>Live Response</at> status',
      'text/html',
      `${reply}<p><span itemtype="http://schema.skype.com/Mention">Live Response</span>&nbsp;status</p>`,
      'status',
    ],
    ['lr status Ben Approver lr approve lr-7f3k2q', 'text/html', `<p>lr status</p>${reply}`, 'status'],
    // Only the quote stands in the text: the reply is a picture.
    ['Ben Approver lr approve lr-7f3k2q', 'text/html', `${reply}<p><img alt="" src="x"></p>`, ''],
    // The same words as the quoted ones, typed by whoever replies; the quote is left out of the text.
    ['lr approve lr-7f3k2q', 'text/html', `${reply}<p>lr approve&nbsp;lr-7f3k2q</p>`, 'approve lr-7f3k2q'],
    [
      '<attachment id="1"></attachment>lr status',
      'messageReference',
      '{"messageId":"1","messagePreview":"lr approve lr-7f3k2q"}',
      'status',
    ],
    [
      'lr approve lr-7f3k2q lr status',
      'messageReference',
      '{"messagePreview":"lr approve lr-7f3k2q"}',
      'status',
    ],
    [
      'lr approve lr-7f3k2q',
      'forwardedMessageReference',
      '{"originalMessageContent":"<p>lr approve lr-7f3k2q</p>"}',
      '',
    ],
  ])('row 2.1: what is quoted in %j is nobody’s command', (text, contentType, content, expected) => {
    const activity = readActivity({
      type: 'message',
      id: '1',
      channelId: 'msteams',
      serviceUrl: 'https://x',
      from: { id: '29:a' },
      conversation: { id: 'a:1', conversationType: 'personal' },
      recipient: bot,
      text,
      attachments: [{ contentType, content }],
    });
    if (typeof activity === 'string') throw new Error(activity);
    expect(commandText(activity, 'lr')).toBe(expected);
  });

  it.each([
    '<quotedReply messageId="1"/> lr status',
    '<quote>lr approve x</quote>lr status',
    '<reply id="1"/>lr status',
    '<messageReference id="1"/> lr status',
    '<forwarded><p>lr approve x</p></forwarded> lr status',
  ])('row 2.1: a tag that calls itself a quote is one: %j', (text) => {
    expect(personal(text)).toBe('status');
  });
  it.each([
    '<quoted ',
    '<quoted messageId="1">',
    '<quoted/>',
    '</quoted>',
    '<blockquote>',
    '</blockquote',
    '>\n\n',
    '<p ',
    '<p>',
  ])('%j again and again is read in time that grows with its length alone', (piece) => {
    const textOf = (length: number): string =>
      piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
    expect(isLinear(textOf, (text) => [personal(text), channel(text), quotesIn(text)])).toBe(true);
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
