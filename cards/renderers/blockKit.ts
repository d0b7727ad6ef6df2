// Draws a CardView as Slack blocks, one skeleton in every state, header first, and all text that is not ours where
// Slack reads no markup. And checks blocks against Slack's limits: by tests on every card, and before each send, to
// log what Slack would answer with a bare "invalid_blocks".
import { isRecord, listOf } from '../../src/liveResponse/text/json.ts';
import type { JsonRecord } from '../../src/liveResponse/text/json.ts';
import { clip, slackText } from '../clip.ts';
import { slack } from '../platformLimits.ts';
import { slackActionId, slackValue } from '../press.ts';
import { indexLabel } from '../steps.ts';
import type { Button, CardView, Tone } from '../view.ts';
import type { Block, ButtonElement, PlainText, RichElement, RichText, SlackMessage } from './blockTypes.ts';
import { fitToLimit } from './fitToLimit.ts';

/** Top-level text and blocks; both belong in every post and every update. */
export function blockKit(view: CardView): SlackMessage {
  // Escaping may lengthen the sentence fivefold; Slack's own limit is far above that.
  return {
    text: slackText(view.fallback, slack.topText),
    blocks: fitToLimit(view, draw, (blocks) => stringLength(blocks) <= slack.totalStrings),
  };
}

/**
 * Characters over every string in a tree of blocks, which is what Slack's undocumented limit seems to count.
 */
export function stringLength(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + stringLength(one), 0);
  if (typeof value === 'object' && value !== null)
    return Object.values(value).reduce<number>((sum, one) => sum + stringLength(one), 0);
  return 0;
}

/** A second sign beside the words, never instead of them. */
const sign = {
  neutral: undefined,
  attention: 'bell',
  good: 'white_check_mark',
  warning: 'warning',
  danger: 'red_circle',
} as const satisfies Record<Tone, string | undefined>;

function draw(view: CardView): readonly Block[] {
  const id = (part: string): string => `lr.${clip(view.requestId, 80)}.${view.revision}.${part}`;
  const mention = mentionOf(view.notify);
  const buttons = [
    ...view.links.map(linkButton),
    ...view.buttons.map((button) => pressButton(view, button)),
  ].slice(0, slack.actionsElements);
  const symbol = sign[view.tone];
  return [
    { type: 'header', block_id: id('title'), text: plain(clip(view.title, slack.header)) },
    {
      type: 'rich_text',
      block_id: id('status'),
      elements: [
        section([
          ...(symbol === undefined ? [] : [{ type: 'emoji', name: symbol } as const, say(' ')]),
          bold(view.status),
          say(`\n${view.lead}`),
        ]),
      ],
    },
    ...(mention === undefined
      ? []
      : [
          {
            type: 'section',
            block_id: id('notify'),
            text: { type: 'mrkdwn', text: `For decision: ${mention}`, verbatim: true },
          } as const,
        ]),
    {
      type: 'rich_text',
      block_id: id('steps'),
      elements: view.steps.flatMap((step, at) => stepRow(view, step, at)),
    },
    ...(view.links.length === 0
      ? []
      : [
          {
            type: 'rich_text',
            block_id: id('links'),
            elements: view.links.map((link, at) =>
              section([bold(link.label), say(`: ${link.expiry}${at === view.links.length - 1 ? '' : '\n'}`)]),
            ),
          } as const,
        ]),
    ...(view.excerpts.length === 0
      ? []
      : [{ type: 'rich_text', block_id: id('output'), elements: view.excerpts.flatMap(excerpt) } as const]),
    {
      type: 'rich_text',
      block_id: id('facts'),
      elements: [
        section(
          view.facts.flatMap((fact, at) => [
            bold(fact.label),
            say(`: ${fact.value}${at === view.facts.length - 1 ? '' : '\n'}`),
          ]),
        ),
      ],
    },
    ...(view.notes.length === 0
      ? []
      : [{ type: 'context', block_id: id('notes'), elements: notes(view.notes) } as const]),
    ...(buttons.length === 0
      ? []
      : [{ type: 'actions', block_id: id('actions'), elements: buttons } as const]),
  ];
}

function plain(text: string): PlainText {
  return { type: 'plain_text', text, emoji: false };
}

function say(text: string): RichText {
  return { type: 'text', text };
}

function bold(text: string): RichText {
  return { type: 'text', text, style: { bold: true } };
}

function section(elements: Extract<RichElement, { type: 'rich_text_section' }>['elements']): RichElement {
  return { type: 'rich_text_section', elements };
}

function preformatted(text: string): RichElement {
  return { type: 'rich_text_preformatted', elements: [say(text)] };
}

function stepRow(view: CardView, step: CardView['steps'][number], at: number): readonly RichElement[] {
  // A section after a code block needs no line end; one after a sentence does.
  const gap = at > 0 && view.steps[at - 1]?.detail !== undefined ? '\n' : '';
  return [
    section([say(`${gap}${indexLabel(step.index)}: `), bold(step.status)]),
    preformatted(step.command),
    ...(step.detail === undefined ? [] : [section([say(step.detail)])]),
  ];
}

function excerpt(one: CardView['excerpts'][number]): readonly RichElement[] {
  return [
    section([bold(one.title)]),
    ...(one.text === '' ? [] : [preformatted(one.text)]),
    ...(one.more === undefined ? [] : [section([say(one.more)])]),
  ];
}

function notes(all: readonly string[]): readonly PlainText[] {
  const most = slack.contextElements;
  const shown = all.length <= most ? all : [...all.slice(0, most - 1), all.slice(most - 1).join(' ')];
  return shown.map((note) => plain(clip(note, slack.text)));
}

function linkButton(link: CardView['links'][number]): ButtonElement {
  return {
    type: 'button',
    text: plain(clip(link.label, slack.buttonText)),
    action_id: slackActionId('open', link.index),
    url: link.url,
    accessibility_label: clip(`${link.label}, ${link.expiry}`, slack.accessibilityLabel),
  };
}

function pressButton(view: CardView, button: Button): ButtonElement {
  const { confirm } = button;
  const style = button.style === 'default' ? {} : { style: button.style };
  return {
    type: 'button',
    text: plain(clip(button.label, slack.buttonText)),
    action_id: slackActionId(button.verb, button.index),
    value: slackValue(view, button),
    ...style,
    ...(button.spoken === '' ? {} : { accessibility_label: clip(button.spoken, slack.accessibilityLabel) }),
    ...(confirm === undefined
      ? {}
      : {
          confirm: {
            title: plain(clip(confirm.title, slack.confirmTitle)),
            text: plain(clip(confirm.text, slack.confirmText)),
            confirm: plain(clip(confirm.ok, slack.confirmButton)),
            deny: plain('Go back'),
            ...style,
          },
        }),
  };
}

/** Only an id of the expected form becomes a mention, and only from the policy's own setting. */
function mentionOf(notify: string | undefined): string | undefined {
  const id = notify === undefined ? undefined : /^slack:([SUW][A-Z0-9]{2,30})$/.exec(notify)?.[1];
  if (id === undefined) return undefined;
  return id.startsWith('S') ? `<!subteam^${id}>` : `<@${id}>`;
}

/** What Slack would refuse, each with the JSON pointer of its place; empty when nothing is wrong. */
export function blockKitProblems(blocks: readonly unknown[]): readonly string[] {
  const problems: string[] = [];
  const say = (at: string, what: string): void => {
    problems.push(`${at}: ${what}`);
  };
  if (blocks.length === 0) say('', 'no blocks');
  if (blocks.length > slack.blocks) say('', `${blocks.length} blocks, at most ${slack.blocks}`);
  const total = stringLength(blocks);
  if (total > slack.totalStrings)
    say('', `${total} characters over all strings, at most ${slack.totalStrings}`);
  const ids = new Set<unknown>();
  for (const [index, block] of blocks.entries()) {
    const at = `/blocks/${index}`;
    if (!isRecord(block)) {
      say(at, 'not an object');
      continue;
    }
    const id = block['block_id'];
    if (id !== undefined) {
      length(`${at}/block_id`, id, 1, slack.blockId, say);
      if (ids.has(id)) say(`${at}/block_id`, 'used twice in this message');
      ids.add(id);
    }
    checkBlock(at, block, say);
  }
  return problems;
}

type Say = (at: string, what: string) => void;

function length(at: string, value: unknown, least: number, most: number, say: Say): void {
  if (typeof value !== 'string') say(at, 'not a text');
  else if (value.length < least || value.length > most)
    say(at, `${value.length} characters, ${least} to ${most} allowed`);
  else if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value))
    say(at, 'half a surrogate pair');
}

function textObject(at: string, value: unknown, most: number, kinds: readonly string[], say: Say): void {
  if (!isRecord(value)) {
    say(at, 'no text object');
    return;
  }
  if (!kinds.includes(String(value['type'])))
    say(`${at}/type`, `"${String(value['type'])}", must be ${kinds.join(' or ')}`);
  if (value['type'] === 'plain_text' && value['emoji'] !== false)
    say(`${at}/emoji`, 'must be false, or :words: become pictures');
  if (value['type'] === 'mrkdwn' && value['verbatim'] !== true)
    say(`${at}/verbatim`, 'must be true, or addresses become links');
  length(`${at}/text`, value['text'], 1, most, say);
}

const either = ['plain_text', 'mrkdwn'];

function checkBlock(at: string, block: JsonRecord, say: Say): void {
  const elements = listOf(block['elements']);
  switch (block['type']) {
    case 'header':
      textObject(`${at}/text`, block['text'], slack.header, ['plain_text'], say);
      break;
    case 'section': {
      const fields = listOf(block['fields']);
      if (block['text'] !== undefined || fields.length === 0)
        textObject(`${at}/text`, block['text'], slack.section, either, say);
      if (fields.length > slack.fields)
        say(`${at}/fields`, `${fields.length} fields, at most ${slack.fields}`);
      for (const [index, field] of fields.entries())
        textObject(`${at}/fields/${index}`, field, slack.field, either, say);
      break;
    }
    case 'context':
      if (elements.length === 0 || elements.length > slack.contextElements)
        say(`${at}/elements`, `${elements.length} elements, 1 to ${slack.contextElements} allowed`);
      for (const [index, element] of elements.entries())
        textObject(`${at}/elements/${index}`, element, slack.text, either, say);
      break;
    case 'rich_text':
      if (elements.length === 0) say(`${at}/elements`, 'empty');
      for (const [index, element] of elements.entries()) richElement(`${at}/elements/${index}`, element, say);
      break;
    case 'actions':
      checkActions(`${at}/elements`, elements, say);
      break;
    default:
      say(`${at}/type`, `"${String(block['type'])}" is not used by our cards`);
  }
}

function richElement(at: string, element: unknown, say: Say): void {
  if (
    !isRecord(element) ||
    (element['type'] !== 'rich_text_section' && element['type'] !== 'rich_text_preformatted')
  ) {
    say(at, 'not a rich text section');
    return;
  }
  const parts = listOf(element['elements']);
  if (parts.length === 0) say(`${at}/elements`, 'empty');
  for (const [index, part] of parts.entries()) {
    const there = `${at}/elements/${index}`;
    if (!isRecord(part)) say(there, 'not an object');
    else if (part['type'] === 'emoji' && element['type'] === 'rich_text_section')
      length(`${there}/name`, part['name'], 1, 60, say);
    else if (part['type'] === 'text') length(`${there}/text`, part['text'], 1, slack.totalStrings, say);
    else say(`${there}/type`, `"${String(part['type'])}" is not used by our cards`);
  }
}

function checkActions(at: string, elements: readonly unknown[], say: Say): void {
  if (elements.length === 0 || elements.length > slack.actionsElements)
    say(at, `${elements.length} elements, 1 to ${slack.actionsElements} allowed`);
  const ids = new Set<unknown>();
  let primaries = 0;
  for (const [index, element] of elements.entries()) {
    const there = `${at}/${index}`;
    if (!isRecord(element) || element['type'] !== 'button') {
      say(there, 'not a button');
      continue;
    }
    textObject(`${there}/text`, element['text'], slack.buttonText, ['plain_text'], say);
    length(`${there}/action_id`, element['action_id'], 1, slack.actionId, say);
    if (ids.has(element['action_id'])) say(`${there}/action_id`, 'used twice in this block');
    ids.add(element['action_id']);
    if (element['value'] !== undefined) length(`${there}/value`, element['value'], 1, slack.buttonValue, say);
    const url = element['url'];
    if (url !== undefined) {
      length(`${there}/url`, url, 1, slack.buttonUrl, say);
      if (typeof url !== 'string' || !/^https?:\/\//.test(url)) say(`${there}/url`, 'not a web address');
    }
    if (element['accessibility_label'] !== undefined)
      length(
        `${there}/accessibility_label`,
        element['accessibility_label'],
        1,
        slack.accessibilityLabel,
        say,
      );
    if (element['style'] === 'primary') primaries += 1;
    else if (element['style'] !== undefined && element['style'] !== 'danger')
      say(`${there}/style`, 'neither primary nor danger');
    if (element['confirm'] !== undefined) checkConfirm(`${there}/confirm`, element['confirm'], say);
  }
  if (primaries > 1) say(at, `${primaries} primary buttons, at most 1`);
}

function checkConfirm(at: string, confirm: unknown, say: Say): void {
  if (!isRecord(confirm)) {
    say(at, 'not an object');
    return;
  }
  textObject(`${at}/title`, confirm['title'], slack.confirmTitle, ['plain_text'], say);
  textObject(`${at}/text`, confirm['text'], slack.confirmText, either, say);
  textObject(`${at}/confirm`, confirm['confirm'], slack.confirmButton, ['plain_text'], say);
  textObject(`${at}/deny`, confirm['deny'], slack.confirmButton, ['plain_text'], say);
}
