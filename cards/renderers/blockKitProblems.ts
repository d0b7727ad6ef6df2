// Checks blocks against Slack's limits: by tests on every card, and before each send to log what Slack would
// answer with a bare "invalid_blocks".
import { stringLength } from './blockKit.ts';
import { slack } from '../platformLimits.ts';
import { isRecord, listOf } from '../../src/liveResponse/text/json.ts';
import type { JsonRecord } from '../../src/liveResponse/text/json.ts';

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
