// Reads rendered cards back the way a person does: every piece of text, every button with what it carries,
// every address.
import { readSlackPress, readTeamsPress } from '../../../cards/press.ts';
import type { Press } from '../../../cards/press.ts';

type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text, or nothing where there is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Every object in a tree, parents first. */
export function objects(value: unknown): readonly Json[] {
  if (Array.isArray(value)) return value.flatMap(objects);
  if (!isObject(value)) return [];
  return [value, ...Object.values(value).flatMap(objects)];
}

/** Spaces that a renderer had to change to keep them visible count as spaces. */
export function spaces(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}

export interface Reading {
  /** All visible text, blocks divided by line ends. */
  readonly text: string;
  readonly presses: readonly Press[];
  readonly urls: readonly string[];
}

function unmarked(text: string): string {
  return text.replace(/\\(.)/g, '$1').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}

export function readAdaptive(card: unknown): Reading {
  const lines: string[] = [];
  const presses: Press[] = [];
  const urls: string[] = [];
  for (const one of objects(card)) {
    if (one['type'] === 'TextBlock') lines.push(unmarked(textOf(one['text'])));
    if (one['type'] === 'RichTextBlock')
      lines.push((one['inlines'] as readonly Json[]).map((run) => textOf(run['text'])).join(''));
    if (typeof one['title'] === 'string') lines.push(one['title']);
    if (one['type'] === 'Input.Text') lines.push(textOf(one['label']));
    if (one['type'] === 'Action.Execute') {
      const press = readTeamsPress(one['data']);
      if (press !== undefined) presses.push(press);
    }
    if (one['type'] === 'Action.OpenUrl') urls.push(textOf(one['url']));
  }
  return { text: spaces(lines.join('\n')), presses, urls };
}

export function readSlack(blocks: unknown): Reading {
  const lines: string[] = [];
  const presses: Press[] = [];
  const urls: string[] = [];
  for (const one of objects(blocks)) {
    if (one['type'] === 'rich_text_section' || one['type'] === 'rich_text_preformatted') {
      lines.push(
        (one['elements'] as readonly Json[])
          .map((part) => (typeof part['text'] === 'string' ? part['text'] : ''))
          .join(''),
      );
    }
    if ((one['type'] === 'plain_text' || one['type'] === 'mrkdwn') && typeof one['text'] === 'string')
      lines.push(one['text']);
    if (one['type'] === 'button') {
      const press = readSlackPress(
        textOf(one['action_id']),
        typeof one['value'] === 'string' ? one['value'] : undefined,
      );
      if (press !== undefined && press !== 'open') presses.push(press);
      if (typeof one['url'] === 'string') urls.push(one['url']);
    }
  }
  return { text: lines.join('\n'), presses, urls };
}
