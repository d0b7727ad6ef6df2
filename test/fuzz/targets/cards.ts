// Cards and answers made of hostile text: within the limits of Slack and Teams, and nothing in them that nobody
// sees.
import { cardView } from '../../../cards/cardView.ts';
import { slack, teams } from '../../../cards/platformLimits.ts';
import { adaptiveCard, utf8Length } from '../../../cards/renderers/adaptiveCard.ts';
import { blockKit } from '../../../cards/renderers/blockKit.ts';
import { blockKitProblems } from '../../../cards/renderers/blockKitProblems.ts';
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { CardView } from '../../../cards/view.ts';
import {
  answerMessage,
  bareCard,
  noteMessage,
  sentenceMessage,
  tellingModal,
} from '../../../src/adapters/slack/outbound/slackMessages.ts';
import {
  bareMessage,
  replyMessage,
  textMessage,
} from '../../../src/adapters/teams/outbound/teamsMessages.ts';
import type { Reply } from '../../../src/bot/ports.ts';
import { textsOf } from '../../../src/liveResponse/text/json.ts';
import { undrawnIn } from '../../support/chats/hostile.ts';
import { examples } from '../../cards/examples/examples.ts';
import type { Example } from '../../cards/examples/exampleRequests.ts';
import { check, filled, jsonOf, valueOf } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

/** Fields whose text is of the world outside: a device, a directory, Defender, a person's own words. */
const foreign: ReadonlySet<string> = new Set([
  'name',
  'os',
  'health',
  'risk',
  'exposure',
  'group',
  'reason',
  'why',
  'apiMessage',
  'apiCode',
  'troubleshoot',
  'cancelledBy',
  'cancelComment',
  'fileName',
]);
const foreignLists: ReadonlySet<string> = new Set(['errors', 'tags']);

function isCommand(value: object): boolean {
  return 'type' in value && ['PutFile', 'RunScript', 'GetFile'].includes(String(value.type));
}

/** The example with what outsiders write in it exchanged, one text after the other. */
function exchanged(value: unknown, texts: () => string, key = ''): unknown {
  if (typeof value === 'string') return foreign.has(key) ? texts() : value;
  if (value instanceof Map)
    return new Map(
      [...(value as ReadonlyMap<unknown, unknown>)].map(([index, one]) => [
        index,
        typeof one === 'string' && !one.startsWith('http') ? texts() : one,
      ]),
    );
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return value.map((one: unknown) =>
      foreignLists.has(key) && typeof one === 'string' ? texts() : exchanged(one, texts, key),
    );
  // A command with such a name is never taken, and nothing of one that is may be left out.
  if (key === 'files' || isCommand(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]: [string, unknown]) => [name, exchanged(one, texts, name)]),
  );
}

function checkView(view: CardView): void {
  const blocks = blockKit(view);
  const problems = blockKitProblems(blocks.blocks);
  check(problems.length === 0, `Slack would refuse it: ${problems[0] ?? ''}`);
  check(blocks.text.length <= slack.topText, 'the text of a message is too long for Slack');
  const card = adaptiveCard(view);
  check(utf8Length(JSON.stringify(card)) <= teams.cardBytes, 'a card is too large for Teams');
  for (const [where, one] of [
    ['Slack', blocks],
    ['Teams', card],
    ['plain text', plainText(view)],
  ] as const)
    check(undrawnIn(one).length === 0, `${where} shows what nobody can see`);
  const bare = bareCard(view, '/lr');
  checkSlack(bare);
  check(undrawnIn(bare).length === 0, 'a bare card in Slack shows what nobody can see');
  check(undrawnIn(bareMessage(view, '/lr')).length === 0, 'a bare card holds what nobody can see');
}

function checkSlack(
  message: { readonly text: string; readonly blocks?: readonly unknown[] } | undefined,
): void {
  if (message === undefined) return;
  check(message.text.length <= slack.topText, 'a text is too long for Slack');
  if (message.blocks !== undefined)
    check(
      blockKitProblems(message.blocks).length === 0,
      `Slack would refuse an answer: ${blockKitProblems(message.blocks)[0] ?? ''}`,
    );
}

function checkCardReply(reply: Extract<Reply, { readonly kind: 'card' }>): void {
  const answer = answerMessage(reply);
  const { blocks = [], text = '' } = answer ?? {};
  check(text.length <= slack.topText, 'a text is too long for Slack');
  // The card alone may have as much as we allow ourselves; Slack takes 2,300 more.
  const problems = blockKitProblems(blocks).filter((problem) => !problem.includes('over all strings'));
  check(problems.length === 0, `Slack would refuse an answer: ${problems[0] ?? ''}`);
  check(undrawnIn(answer).length === 0, 'an answer in Slack shows what nobody can see');
  const message = replyMessage(reply);
  check(undrawnIn(message).length === 0, 'an answer in Teams shows what nobody can see');
  check(utf8Length(JSON.stringify(message)) <= 28 * 1024, 'an answer with a card is too large for Teams');
}

function checkAnswers(text: string, block: string): void {
  const reply = { kind: 'sentence', text, block } as const;
  checkSlack(answerMessage(reply));
  checkSlack(sentenceMessage(reply));
  checkSlack(noteMessage(text, []));
  const modal = tellingModal('Live response', text);
  check(JSON.stringify(modal).length < 30_000, 'a modal is too large');
  for (const message of [answerMessage(reply), sentenceMessage(reply), noteMessage(text, []), modal])
    check(undrawnIn(message).length === 0, 'an answer in Slack shows what nobody can see');
  for (const message of [replyMessage(reply), textMessage(text)]) {
    check(utf8Length(JSON.stringify(message ?? '')) <= 28 * 1024, 'an answer is too large for Teams');
    check(undrawnIn(message).length === 0, 'an answer in Teams shows what nobody can see');
  }
}

export const cards: Target = {
  name: 'cards',
  form: 'json',
  seeds: jsonOf(
    [0, 'hosta', 'beacon'],
    [5, '<!channel> <https://evil.example|x>', '```\n@channel', '\u202eexe'],
    [9, '\u{1f642}'.repeat(300), `e${'\u0301'.repeat(50)}`, 'a\r\nb\u2028c'],
    [20, '**b** [x](https://evil.example) <at>Everyone</at>', '&'.repeat(200), 'x'.repeat(3_000)],
  ),
  words: [
    '<!here>',
    '<@U1>',
    '|',
    '```',
    '*',
    '_',
    '{{DATE(2026-01-01T00:00:00Z,SHORT)}}',
    '\u001b[2J',
    '\u2066',
    '\ud83d',
    '\u0000',
    '&',
    '\n',
    'https://evil.example',
  ],
  most: 64 * 1024,
  large: (dice) =>
    Buffer.from(
      JSON.stringify([
        dice.below(examples.length),
        filled(
          60_000,
          dice.pick(['a', '&', '\u{1f642}', '\n', '\u0301', '\u202e', '<', ' ', '`', '\u05d0 1 ']),
        ).toString(),
      ]),
    ),
  run: (input) => {
    const value = valueOf(input)?.value;
    const texts = textsOf(value);
    const [first] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    const number = typeof first === 'number' && Number.isSafeInteger(first) ? Math.abs(first) : input.length;
    const example = examples[number % examples.length];
    if (example === undefined || texts.length === 0) return undefined;
    let used = 0;
    const { request, context } = exchanged(
      { request: example.request, context: example.context },
      () => texts[(used += 1) % texts.length] ?? '',
    ) as Pick<Example, 'request' | 'context'>;
    const view = cardView(request, context);
    checkView(view);
    for (const text of texts.slice(0, 2)) checkCardReply({ kind: 'card', text, view });
    checkAnswers(texts[0] ?? '', texts[1] ?? '');
    return view;
  },
};
