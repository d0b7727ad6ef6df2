// Whatever a device, a reason or a name holds, cards stay within limits and it stays text.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { adaptiveCard, utf8Length } from '../../cards/renderers/adaptiveCard.ts';
import { blockKit } from '../../cards/renderers/blockKit.ts';
import { blockKitProblems } from '../../cards/renderers/blockKitProblems.ts';
import { cardView } from '../../cards/cardView.ts';
import { slack, teams } from '../../cards/platformLimits.ts';
import { plainText } from '../../cards/renderers/plainText.ts';
import type { CardView } from '../../cards/view.ts';
import type { Command } from '../../src/liveResponse/commands.ts';
import { maxCommandCharacters, maxCommands, problemWith } from '../../src/liveResponse/commands.ts';
import { maxReason } from '../../src/liveResponse/verbs.ts';
import type { DeviceContext } from '../../src/liveResponse/request/content.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import {
  action,
  asked,
  context,
  denied,
  freeze,
  progress,
  request,
  start,
} from './examples/exampleRequests.ts';
import { ended, excerptRead, sasUrl, sent } from './examples/exampleSteps.ts';
import { objects, readAdaptive, readSlack } from './examples/reading.ts';

const attacks = [
  '<!channel> <!here> <@U1> <#C1> <!subteam^S1> <https://evil.example|portal>',
  '<at>Everyone</at> [portal](https://evil.example) **bold** _it_ # head\n- list\n1. list',
  '```\n@channel\n``` `x` ~~~',
  '\u202eexe.fdp\u2066\u200b\u0000\u001b[2J\u001b]8;;https://evil.example\u0007x',
  '🙂'.repeat(3000),
  `e${'\u0301'.repeat(500)}`,
  'x'.repeat(10_000),
  '&'.repeat(2000),
  '{{DATE(2026-01-01T00:00:00Z,SHORT)}} ${env} {{x}}',
  'a\r\nb\rc\td\u2028e',
];

function hostileRequest(text: string): Request {
  return request(
    [
      ...sent,
      excerptRead(text, { exitCode: 1, errors: true }),
      ended(
        action(
          'Failed',
          [progress(0, 'Completed', { errors: [text] }), progress(1, 'Failed', { errors: [text, text] })],
          { cancelledBy: text },
        ),
        'failed',
      ),
    ],
    {
      title: text,
      reason: text,
      requester: { id: 'x', name: text },
      device: {
        ...asked().targets[0].device,
        name: text,
        os: text,
        health: text,
        group: text,
        tags: [text, text],
      },
    },
  );
}

function hostileContext(text: string): DeviceContext {
  return {
    at: start,
    isolation: { state: 'isolated', since: Number.NaN, pending: 'release' },
    sessions: [{ at: start, status: text, what: text, by: text, requestId: 'lr-aaaaaa' }],
    alike: {
      devices: [
        { id: text, name: text, how: 'alike' },
        { id: text, name: text, how: 'same' },
      ],
      more: 7,
      whole: false,
    },
  };
}

function fitsEverywhere(view: CardView): void {
  const adaptive = adaptiveCard(view);
  expect(utf8Length(JSON.stringify(adaptive))).toBeLessThanOrEqual(teams.cardBytes);
  const { text, blocks } = blockKit(view);
  expect(blockKitProblems(blocks)).toEqual([]);
  expect(text.length).toBeLessThanOrEqual(slack.topText);
  expect(Array.from(view.fallback).length).toBeLessThanOrEqual(300);
  for (const button of view.buttons) {
    expect(Array.from(button.spoken).length).toBeLessThanOrEqual(75);
    expect(Array.from(button.confirm?.title ?? '').length).toBeLessThanOrEqual(100);
    expect(Array.from(button.confirm?.text ?? '').length).toBeLessThanOrEqual(300);
    expect(Array.from(button.confirm?.ok ?? '').length).toBeLessThanOrEqual(30);
  }
  const shown = [
    readAdaptive(adaptive).text,
    readSlack(blocks).text,
    plainText(view, { urls: 'shown' }),
    text,
  ];
  for (const one of shown) {
    expect(one).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/);
    expect(one).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/,
    );
  }
  for (const command of view.steps)
    for (const one of shown.slice(0, 3)) expect(one).toContain(command.command);
}

function expectInert(view: CardView): void {
  const { text, blocks } = blockKit(view);
  expect(text).not.toMatch(/[<>]/);
  expect(objects(blocks).filter((node) => node['type'] === 'mrkdwn')).toEqual([]);
  const kinds = new Set(objects(blocks).map((node) => node['type']));
  for (const kind of ['user', 'usergroup', 'broadcast', 'link', 'channel']) expect(kinds).not.toContain(kind);
  const adaptive = adaptiveCard(view);
  expect(adaptive.msteams.entities).toBeUndefined();
  for (const node of objects(adaptive)) {
    if (node['type'] === 'TextBlock') expect(node['text']).not.toMatch(/(?<!\\)[*_[\]<]/);
    // Date functions are replaced even in text runs.
    if (node['type'] === 'TextRun') expect(node['text']).not.toMatch(/\{\{(?:DATE|TIME)\(\d{4}-/);
  }
}

describe('hostile text', () => {
  test.each(attacks.map((text) => [text.slice(0, 40), text]))(
    '%j stays text within every limit',
    (_name, text) => {
      for (const results of ['card', 'private'] as const) {
        const view = cardView(hostileRequest(text), context({ results, outputs: new Map([[0, text]]) }));
        fitsEverywhere(view);
        expectInert(view);
      }
      const waiting = cardView(
        request([], {
          title: text,
          reason: text,
          device: { ...asked().targets[0].device, name: text, tags: [text] },
          context: hostileContext(text),
          content: { at: start, files: [{ name: 'minidump.ps1', sha256: text, updatedAt: Number.NaN }] },
        }),
        context({
          frozen: { by: text, why: text, at: start },
          command: text,
          twins: [{ id: 'lr-4c2m8t', status: text, open: true, askedBy: text, askedAt: start }],
          outage: { since: start, error: { code: text, apiCode: text, message: text }, detail: text },
        }),
      );
      fitsEverywhere(waiting);
      expectInert(waiting);
    },
  );

  test('any text whatever stays text within every limit', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 500 }),
          fc.string({
            unit: fc.constantFrom('<', '&', '`', '*', '{', '\n', '\u202e', '🙂', 'a'),
            maxLength: 900,
          }),
        ),
        (text) => {
          const view = cardView(hostileRequest(text), context({ outputs: new Map([[0, text]]) }));
          fitsEverywhere(view);
          expectInert(view);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('5 MB of output is drawn within the limits', () => {
    const text = 'line <!channel> \u001b[31m\r\n'.repeat(200_000);
    fitsEverywhere(cardView(hostileRequest('x'), context({ outputs: new Map([[0, text]]) })));
  });
});

describe('the longest requests', () => {
  test('show the beginning of every hash in every rendering, however small the card must be', () => {
    const names = Array.from({ length: maxCommands }, (_, n) => `${'s'.repeat(120)}${n}.ps1`);
    const commands = names.map((scriptName): Command => ({
      type: 'RunScript',
      scriptName,
      args: 'é'.repeat(maxCommandCharacters / maxCommands - 130),
    }));
    expect(problemWith(commands)).toBeUndefined();
    const files = names.map((name, n) => ({ name, sha256: `${n}abcdef${n}`.repeat(8), updatedAt: start }));
    const view = cardView(
      request([], {
        commands,
        content: { at: start, files },
        context: hostileContext('漢'.repeat(400)),
        reason: '漢'.repeat(2000),
      }),
      context(),
    );
    fitsEverywhere(view);
    for (const one of [readAdaptive(adaptiveCard(view)).text, readSlack(blockKit(view).blocks).text])
      for (const { sha256 } of files) expect(one).toContain(sha256.slice(0, 8));
  });

  const kinds: readonly (readonly [string, (length: number) => Command])[] = [
    ['backslashes', (length) => ({ type: 'GetFile', path: '\\'.repeat(length) })],
    ['ideographs', (length) => ({ type: 'GetFile', path: '漢'.repeat(length) })],
    ['quotes', (length) => ({ type: 'RunScript', scriptName: 'a.ps1', args: '"'.repeat(length - 6) })],
    ['spaces', (length) => ({ type: 'RunScript', scriptName: 'a.ps1', args: `a${' '.repeat(length - 8)}b` })],
    [
      'entities',
      (length) => ({ type: 'RunScript', scriptName: 'a.ps1', args: '&<'.repeat((length - 6) / 2) }),
    ],
    [
      'letters from right to left',
      (length) => ({ type: 'GetFile', path: 'א 1 '.repeat(Math.floor(length / 11)).trim() }),
    ],
    [
      'date functions',
      (length) => ({
        type: 'RunScript',
        scriptName: 'a.ps1',
        args: '{{DATE(2026-01-01T00:00:00Z)}}'.repeat(Math.floor((length - 6) / 30)),
      }),
    ],
  ];

  test.each(kinds)('every byte of ten commands of %s is on every card', (_name, make) => {
    const commands = Array.from({ length: maxCommands }, () => make(maxCommandCharacters / maxCommands));
    expect(problemWith(commands)).toBeUndefined();
    const rows = commands.map((_, index) => progress(index, 'Completed', { errors: ['e'.repeat(900)] }));
    const text = 'w'.repeat(100_000);
    const url = `${sasUrl}&pad=${'p'.repeat(300)}`;
    const results = commands.flatMap((_, index) => [
      excerptRead(text, { index, exitCode: 1 }),
      [
        { type: 'linkMinted', link: { index, at: start, expiresAt: start + 1_800_000 }, onCard: true },
        6,
      ] as const,
    ]);
    const all = new Map(commands.map((_, index) => [index, text] as const));
    const urls = new Map(commands.map((_, index) => [index, url] as const));
    const long = { commands, title: 'z'.repeat(500), reason: '漢'.repeat(500) };
    for (const sign of ['漢', '&', '*', '\\', 'r']) {
      const reason = `${sign.repeat(maxReason - 4)} end`;
      const view = cardView(
        request([], { ...long, reason }),
        context({ frozen: freeze('f'.repeat(maxReason)), simulated: true }),
      );
      fitsEverywhere(view);
      const refused = cardView(
        request([denied({ id: 'x', name: 'N'.repeat(100) }, 3, reason)], {
          ...long,
          reason,
        }),
        context({ simulated: true }),
      );
      fitsEverywhere(refused);
      // Whole, wherever it is shown: what was cut says what nobody said.
      for (const [shown, times] of [
        [view, 1],
        [refused, 2],
      ] as const)
        for (const { text } of [readAdaptive(adaptiveCard(shown)), readSlack(blockKit(shown).blocks)])
          expect(text.split(reason).length - 1).toBe(times);
    }
    const done = cardView(
      request([...sent, ended(action('Succeeded', rows), 'succeeded'), ...results], long),
      context({ outputs: all, urls, simulated: true }),
    );
    fitsEverywhere(done);
    for (const { text: shown } of [readAdaptive(adaptiveCard(done)), readSlack(blockKit(done).blocks)])
      expect(shown).toContain(long.reason);
  });

  test('one command of all characters there may be is on every card', () => {
    const args = Array.from({ length: maxCommandCharacters - 6 }, (_, n) =>
      String.fromCharCode(0x21 + (n % 94)),
    ).join('');
    const commands: readonly Command[] = [{ type: 'RunScript', scriptName: 'a.ps1', args }];
    fitsEverywhere(cardView(request([], { commands }), context()));
  });
});

test('a link that is not https and not of this machine never becomes a button', () => {
  for (const url of [
    'http://evil.example/x',
    'javascript:alert(1)',
    'https://a|b',
    'file:///c',
    'http://localhost.evil.example/',
    'https://x y',
  ]) {
    const done = request([
      ...sent,
      ended(action('Succeeded', [progress(0, 'Completed'), progress(1, 'Completed')]), 'succeeded'),
      [{ type: 'linkMinted', link: { index: 1, at: start, expiresAt: start + 1_800_000 }, onCard: true }, 6],
    ]);
    const view = cardView(done, context({ urls: new Map([[1, url]]) }));
    expect(view.links).toEqual([]);
    expect(view.buttons.map((button) => button.label)).toContain('Get download link');
  }
});
