// Quoted replies in Teams: the quote is taken off, whatever the client makes of it.
import { describe, expect, it } from '@jest/globals';
import { commandText } from '../../../../src/adapters/teams/inbound/text.ts';
import { readActivity } from '../../../../src/adapters/teams/inbound/activity.ts';
import { quotesIn } from '../../../../src/adapters/teams/inbound/quotes.ts';
import { bot, channel, personal } from '../../../support/chats/teamsLines.ts';
import { isLinear } from '../../../support/linearTime.ts';

const quoted = '<quoted messageId="1764000000001"/>';
const block =
  '<blockquote itemscope itemtype="http://schema.skype.com/Reply" itemid="1764000000001"><strong itemprop="mri" itemid="29:x">Mallory</strong><span itemprop="time"></span><p itemprop="preview">lr approve lr-7f3k2q 1c9e04ab</p></blockquote>';

const withQuote = [
  ['the form of 2026', `${quoted} lr status`, 'status'],
  ['without a space', `${quoted}lr status`, 'status'],
  ['over two lines', `${quoted}\r\nlr status\r\n`, 'status'],
  ['two quotes', `${quoted}\n<quoted messageId="2"/>\nlr status`, 'status'],
  ['a quote at the end', `lr status ${quoted}`, 'status'],
  ['a quote in the middle', `lr ${quoted} status`, 'status'],
  ['with a space before the end of the tag', '<quoted messageId="1" /> lr status', 'status'],
  ['in capitals, with other attributes', '<QUOTED messageId="1" kind="x"/> lr status', 'status'],
  ['with the quoted text inside', '<quoted messageId="1">lr approve lr-7f3k2q</quoted> lr status', 'status'],
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
] as const;

const nothingTyped = [
  ['nothing next to it', quoted],
  ['nothing next to the text inside', '<quoted messageId="1">lr approve lr-7f3k2q 1c9e04ab</quoted>'],
  ['no end', '<quoted messageId="1">lr approve lr-7f3k2q 1c9e04ab'],
  ['no end of a block', '<blockquote>lr approve lr-7f3k2q 1c9e04ab'],
  ['no beginning', 'lr approve lr-7f3k2q 1c9e04ab</quoted>'],
  [
    'an end that the quoted text brought along',
    '<quoted messageId="1">x</quoted> lr approve lr-7f3k2q 1c9e04ab</quoted>',
  ],
  ['marked lines alone', '&gt; lr approve lr-7f3k2q 1c9e04ab'],
] as const;

// Row 2.1.
describe('a quoted reply', () => {
  it.each(withQuote)('%s', (_what, text, expected) => {
    expect(personal(text)).toBe(expected);
    expect(channel(`<at>Live Response</at> ${text}`)).toBe(expected);
    expect(channel(`${text} <at>Live Response</at>`)).toBe(expected);
  });
  it('in a group, before the mention', () => {
    expect(channel(`${quoted} <at>Live Response</at> lr status`)).toBe('status');
    expect(channel(`${block}<p><at id="0">Live Response</at> lr status</p>`)).toBe('status');
  });
  it.each(nothingTyped)('with %s runs nothing of what somebody else wrote', (_what, text) => {
    expect(personal(text)).toBe('');
  });
  it('what a line merely says of quotes, typed and so escaped, stays', () => {
    expect(personal('lr run h x.ps1 &lt;quoted messageId="1"/&gt; -Path a')).toBe(
      'run h x.ps1 <quoted messageId="1"/> -Path a',
    );
  });
  it('a forwarded message is not said by the person who forwards it', () => {
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
    // Only the quote is in the text: the reply is a picture.
    ['Ben Approver lr approve lr-7f3k2q', 'text/html', `${reply}<p><img alt="" src="x"></p>`, ''],
    // The same words as the quoted ones, typed by the person who replies; the quote is left out of the text.
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
