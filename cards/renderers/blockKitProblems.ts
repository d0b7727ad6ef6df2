// Checks Slack blocks against Slack's limits: by tests on every card, and before each send, to log what Slack would
// answer with a bare "invalid_blocks".
import { isRecord, listOf } from '../../src/liveResponse/text/json.ts';
import type { JsonRecord } from '../../src/liveResponse/text/json.ts';
import { slack } from '../platformLimits.ts';

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

/** What Slack would refuse, each with the JSON pointer of its place; empty when nothing is wrong. */
export function blockKitProblems(blocks: readonly unknown[]): readonly string[] {
  const problems: string[] = [];
  const say: Say = (at, what) => {
    problems.push(`${at}: ${what}`);
  };
  if (blocks.length === 0) say('', 'no blocks');
  if (blocks.length > slack.blocks) say('', `${blocks.length} blocks, at most ${slack.blocks}`);
  const total = stringLength(blocks);
  if (total > slack.totalStrings)
    say('', `${total} characters over all strings, at most ${slack.totalStrings}`);
  const ids = new Set<unknown>();
  for (const [index, block] of blocks.entries()) {
    const sayHere = at(say, `/blocks/${index}`);
    if (!isRecord(block)) {
      sayHere('', 'not an object');
      continue;
    }
    const id = block['block_id'];
    if (id !== undefined) {
      checkLength(at(sayHere, '/block_id'), id, 1, slack.blockId);
      if (ids.has(id)) sayHere('/block_id', 'used twice in this message');
      ids.add(id);
    }
    checkBlock(sayHere, block);
  }
  return problems;
}

/** Takes a problem and where it is, as a JSON pointer from the place that is looked at. */
type Say = (below: string, what: string) => void;

/** The same from a place further down. */
function at(say: Say, place: string): Say {
  return (below, what) => say(`${place}${below}`, what);
}

function checkLength(say: Say, value: unknown, least: number, most: number): void {
  if (typeof value !== 'string') say('', 'not a text');
  else if (value.length < least || value.length > most)
    say('', `${value.length} characters, ${least} to ${most} allowed`);
  else if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value))
    say('', 'half a surrogate pair');
}

function checkText(say: Say, value: unknown, most: number, kinds: readonly string[]): void {
  if (!isRecord(value)) {
    say('', 'no text object');
    return;
  }
  if (!kinds.includes(String(value['type'])))
    say('/type', `"${String(value['type'])}", must be ${kinds.join(' or ')}`);
  if (value['type'] === 'plain_text' && value['emoji'] !== false)
    say('/emoji', 'must be false, or :words: become pictures');
  if (value['type'] === 'mrkdwn' && value['verbatim'] !== true)
    say('/verbatim', 'must be true, or addresses become links');
  checkLength(at(say, '/text'), value['text'], 1, most);
}

const either = ['plain_text', 'mrkdwn'];

function checkBlock(say: Say, block: JsonRecord): void {
  const elements = listOf(block['elements']);
  switch (block['type']) {
    case 'header':
      checkText(at(say, '/text'), block['text'], slack.header, ['plain_text']);
      break;
    case 'section': {
      const fields = listOf(block['fields']);
      if (block['text'] !== undefined || fields.length === 0)
        checkText(at(say, '/text'), block['text'], slack.section, either);
      if (fields.length > slack.fields) say('/fields', `${fields.length} fields, at most ${slack.fields}`);
      for (const [index, field] of fields.entries())
        checkText(at(say, `/fields/${index}`), field, slack.field, either);
      break;
    }
    case 'context':
      if (elements.length === 0 || elements.length > slack.contextElements)
        say('/elements', `${elements.length} elements, 1 to ${slack.contextElements} allowed`);
      for (const [index, element] of elements.entries())
        checkText(at(say, `/elements/${index}`), element, slack.text, either);
      break;
    case 'rich_text':
      if (elements.length === 0) say('/elements', 'empty');
      for (const [index, element] of elements.entries())
        checkRichElement(at(say, `/elements/${index}`), element);
      break;
    case 'actions':
      checkActions(at(say, '/elements'), elements);
      break;
    default:
      say('/type', `"${String(block['type'])}" is not used by our cards`);
  }
}

function checkRichElement(say: Say, element: unknown): void {
  if (
    !isRecord(element) ||
    (element['type'] !== 'rich_text_section' && element['type'] !== 'rich_text_preformatted')
  ) {
    say('', 'not a rich text section');
    return;
  }
  const parts = listOf(element['elements']);
  if (parts.length === 0) say('/elements', 'empty');
  for (const [index, part] of parts.entries()) {
    const sayHere = at(say, `/elements/${index}`);
    if (!isRecord(part)) sayHere('', 'not an object');
    else if (part['type'] === 'emoji' && element['type'] === 'rich_text_section')
      checkLength(at(sayHere, '/name'), part['name'], 1, 60);
    else if (part['type'] === 'text') checkLength(at(sayHere, '/text'), part['text'], 1, slack.totalStrings);
    else sayHere('/type', `"${String(part['type'])}" is not used by our cards`);
  }
}

function checkActions(say: Say, elements: readonly unknown[]): void {
  if (elements.length === 0 || elements.length > slack.actionsElements)
    say('', `${elements.length} elements, 1 to ${slack.actionsElements} allowed`);
  const ids = new Set<unknown>();
  let primaries = 0;
  for (const [index, element] of elements.entries()) {
    const sayHere = at(say, `/${index}`);
    if (!isRecord(element) || element['type'] !== 'button') {
      sayHere('', 'not a button');
      continue;
    }
    checkText(at(sayHere, '/text'), element['text'], slack.buttonText, ['plain_text']);
    checkLength(at(sayHere, '/action_id'), element['action_id'], 1, slack.actionId);
    if (ids.has(element['action_id'])) sayHere('/action_id', 'used twice in this block');
    ids.add(element['action_id']);
    if (element['value'] !== undefined)
      checkLength(at(sayHere, '/value'), element['value'], 1, slack.buttonValue);
    const url = element['url'];
    if (url !== undefined) {
      checkLength(at(sayHere, '/url'), url, 1, slack.buttonUrl);
      if (typeof url !== 'string' || !/^https?:\/\//.test(url)) sayHere('/url', 'not a web address');
    }
    if (element['accessibility_label'] !== undefined)
      checkLength(
        at(sayHere, '/accessibility_label'),
        element['accessibility_label'],
        1,
        slack.accessibilityLabel,
      );
    if (element['style'] === 'primary') primaries += 1;
    else if (element['style'] !== undefined && element['style'] !== 'danger')
      sayHere('/style', 'neither primary nor danger');
    if (element['confirm'] !== undefined) checkConfirm(at(sayHere, '/confirm'), element['confirm']);
  }
  if (primaries > 1) say('', `${primaries} primary buttons, at most 1`);
}

function checkConfirm(say: Say, confirm: unknown): void {
  if (!isRecord(confirm)) {
    say('', 'not an object');
    return;
  }
  checkText(at(say, '/title'), confirm['title'], slack.confirmTitle, ['plain_text']);
  checkText(at(say, '/text'), confirm['text'], slack.confirmText, either);
  checkText(at(say, '/confirm'), confirm['confirm'], slack.confirmButton, ['plain_text']);
  checkText(at(say, '/deny'), confirm['deny'], slack.confirmButton, ['plain_text']);
}
