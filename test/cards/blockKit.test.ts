// Block Kit within Slack's limits, and a checker that is itself checked.
import { describe, expect, test } from '@jest/globals';
import { blockKit } from '../../cards/renderers/blockKit.ts';
import { blockKitProblems, stringLength } from '../../cards/renderers/blockKitProblems.ts';
import { slack } from '../../cards/platformLimits.ts';
import { examples, viewOf } from './examples/examples.ts';
import { objects } from './examples/reading.ts';

type Json = Record<string, unknown>;

describe.each(examples)('$name', (one) => {
  const view = viewOf(one);
  const { text, blocks } = blockKit(view);

  test('Slack would take it', () => {
    expect(blockKitProblems(blocks)).toEqual([]);
    expect(stringLength(blocks)).toBeLessThanOrEqual(slack.totalStrings);
    expect(text.length).toBeLessThanOrEqual(slack.topText);
  });

  test('it begins with the header and status, and every block id bears the revision', () => {
    expect(blocks.slice(0, 2).map((block) => block.type)).toEqual(['header', 'rich_text']);
    for (const block of blocks) expect(block.block_id).toContain(`.${view.revision}.`);
  });

  test('markup is read nowhere but in the mention', () => {
    const marked = objects(blocks).filter((node) => node['type'] === 'mrkdwn');
    expect(marked.map((node) => node['text'])).toEqual(
      view.notify?.startsWith('slack:') === true ? ['For decision: <!subteam^S0614TZR7>'] : [],
    );
  });
});

const good = (): Json[] => {
  const first = examples[0];
  if (first === undefined) throw new Error('there are no examples');
  return structuredClone(blockKit(viewOf(first)).blocks) as unknown as Json[];
};
const actions = (blocks: readonly Json[]): Json[] => blocks.at(-1)?.['elements'] as Json[];
const plain = (text: string): Json => ({ type: 'plain_text', text, emoji: false });
const faults: readonly (readonly [string, (blocks: Json[]) => void])[] = [
  ['a header that is too long', (blocks) => Object.assign(blocks[0] ?? {}, { text: plain('x'.repeat(151)) })],
  ['an empty text', (blocks) => Object.assign(blocks[0] ?? {}, { text: plain('') })],
  [
    'emoji in plain text',
    (blocks) => Object.assign(blocks[0] ?? {}, { text: { type: 'plain_text', text: 'x', emoji: true } }),
  ],
  [
    'mrkdwn that is not verbatim',
    (blocks) => blocks.push({ type: 'section', text: { type: 'mrkdwn', text: 'x' } }),
  ],
  ['half a surrogate pair', (blocks) => Object.assign(blocks[0] ?? {}, { text: plain('x\ud83d') })],
  [
    'a block id used twice',
    (blocks) => Object.assign(blocks[1] ?? {}, { block_id: blocks[0]?.['block_id'] }),
  ],
  ['a block of an unknown type', (blocks) => blocks.push({ type: 'alert' })],
  ['a section without text', (blocks) => blocks.push({ type: 'section' })],
  [
    'an action id used twice',
    (blocks) => Object.assign(actions(blocks)[1] ?? {}, { action_id: actions(blocks)[0]?.['action_id'] }),
  ],
  [
    'a button text that is too long',
    (blocks) => Object.assign(actions(blocks)[0] ?? {}, { text: plain('x'.repeat(76)) }),
  ],
  [
    'a value that is too long',
    (blocks) => Object.assign(actions(blocks)[0] ?? {}, { value: 'x'.repeat(2001) }),
  ],
  [
    'an address that is too long',
    (blocks) => Object.assign(actions(blocks)[0] ?? {}, { url: `https://${'x'.repeat(3000)}` }),
  ],
  [
    'an address that is none',
    (blocks) => Object.assign(actions(blocks)[0] ?? {}, { url: 'javascript:alert(1)' }),
  ],
  ['two primary buttons', (blocks) => Object.assign(actions(blocks)[1] ?? {}, { style: 'primary' })],
  ['an unknown style', (blocks) => Object.assign(actions(blocks)[1] ?? {}, { style: 'good' })],
  [
    'a spoken label that is too long',
    (blocks) => Object.assign(actions(blocks)[0] ?? {}, { accessibility_label: 'x'.repeat(76) }),
  ],
  [
    'a confirm text that is too long',
    (blocks) => Object.assign(actions(blocks)[0]?.['confirm'] ?? {}, { text: plain('x'.repeat(301)) }),
  ],
  [
    'a confirm button that is too long',
    (blocks) => Object.assign(actions(blocks)[0]?.['confirm'] ?? {}, { confirm: plain('x'.repeat(31)) }),
  ],
  [
    'too many buttons',
    (blocks) =>
      actions(blocks).push(
        ...Array.from({ length: 30 }, (_, n) => ({ type: 'button', action_id: `a${n}`, text: plain('x') })),
      ),
  ],
  [
    'too many blocks',
    (blocks) => blocks.push(...Array.from({ length: 50 }, () => ({ type: 'header', text: plain('x') }))),
  ],
  ['a section that is too long', (blocks) => blocks.push({ type: 'section', text: plain('x'.repeat(3001)) })],
  [
    'too many fields',
    (blocks) => blocks.push({ type: 'section', fields: Array.from({ length: 11 }, () => plain('x')) }),
  ],
  [
    'a field that is too long',
    (blocks) => blocks.push({ type: 'section', fields: [plain('x'.repeat(2001))] }),
  ],
  [
    'a context text that is too long',
    (blocks) => blocks.push({ type: 'context', elements: [plain('x'.repeat(3001))] }),
  ],
  ['a block id that is too long', (blocks) => Object.assign(blocks[0] ?? {}, { block_id: 'x'.repeat(256) })],
  [
    'an action id that is too long',
    (blocks) => Object.assign(actions(blocks)[0] ?? {}, { action_id: 'x'.repeat(256) }),
  ],
  [
    'a confirm title that is too long',
    (blocks) => Object.assign(actions(blocks)[0]?.['confirm'] ?? {}, { title: plain('x'.repeat(101)) }),
  ],
  [
    'too many context elements',
    (blocks) => blocks.push({ type: 'context', elements: Array.from({ length: 11 }, () => plain('x')) }),
  ],
  ['an empty rich text', (blocks) => blocks.push({ type: 'rich_text', elements: [] })],
  [
    'a picture in preformatted text',
    (blocks) =>
      blocks.push({
        type: 'rich_text',
        elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'emoji', name: 'x' }] }],
      }),
  ],
  [
    'too much text in all',
    (blocks) =>
      blocks.push(
        ...['a', 'b', 'c', 'd'].map((id) => ({
          type: 'section',
          block_id: id,
          text: plain('x'.repeat(2900)),
        })),
      ),
  ],
  ['no blocks', (blocks) => blocks.splice(0)],
];

describe('the checker', () => {
  // The fake Slack of our tests refuses by these numbers too: a wrong one would be wrong on both sides.
  test('keeps the numbers that Slack documents', () => {
    expect(slack).toEqual({
      blocks: 50,
      blockId: 255,
      header: 150,
      section: 3000,
      fields: 10,
      field: 2000,
      contextElements: 10,
      actionsElements: 25,
      text: 3000,
      buttonText: 75,
      buttonValue: 2000,
      buttonUrl: 3000,
      accessibilityLabel: 75,
      actionId: 255,
      confirmTitle: 100,
      confirmText: 300,
      confirmButton: 30,
      topText: 4000,
      totalStrings: 9000,
    });
  });

  test('finds nothing wrong with a good card', () => {
    expect(blockKitProblems(good())).toEqual([]);
  });

  test.each(faults)('finds %s', (_name, plant) => {
    const blocks = good();
    plant(blocks);
    expect(blockKitProblems(blocks)).not.toEqual([]);
  });
});
