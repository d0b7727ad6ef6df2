// Adaptive Cards as the adaptivecards package reads them, and the rules of Teams that it does not know.
import { describe, expect, test } from '@jest/globals';
import ac from 'adaptivecards/dist/adaptivecards.js';
import { adaptiveCard, utf8Length } from '../../cards/renderers/adaptiveCard.ts';
import { teams } from '../../cards/platformLimits.ts';
import { examples, viewOf } from './examples/examples.ts';
import { isObject, objects } from './examples/reading.ts';

/** Elements and actions that schema 1.2 to 1.5 know; anything newer would need a fallback. */
const allowed = new Set([
  'AdaptiveCard',
  'TextBlock',
  'RichTextBlock',
  'TextRun',
  'Container',
  'ColumnSet',
  'Column',
  'Input.Text',
  'Action.Execute',
  'Action.Submit',
  'Action.OpenUrl',
  'Action.ShowCard',
  'mention',
]);

/** Paths present in `before` and gone or changed in `after`. */
function lost(before: unknown, after: unknown, path = ''): readonly string[] {
  if (Array.isArray(before)) {
    const list = Array.isArray(after) ? (after as readonly unknown[]) : [];
    return before.flatMap((one, index) => lost(one, list[index], `${path}/${index}`));
  }
  if (isObject(before)) {
    if (!isObject(after)) return [path];
    return Object.entries(before).flatMap(([key, value]) => lost(value, after[key], `${path}/${key}`));
  }
  const same =
    typeof before === 'string' && typeof after === 'string'
      ? before.toLowerCase() === after.toLowerCase()
      : before === after;
  return same ? [] : [path];
}

describe.each(examples)('$name', (one) => {
  const card = adaptiveCard(viewOf(one));
  const tree = objects(card);

  test('the adaptivecards package reads it without a complaint', () => {
    const context = new ac.SerializationContext(ac.Versions.v1_5);
    const parsed = new ac.AdaptiveCard();
    parsed.parse(structuredClone(card), context);
    expect(
      Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index).message),
    ).toEqual([]);
    expect(parsed.validateProperties().validationEvents.map((event) => event.message)).toEqual([]);
  });

  test('the adaptivecards package knows every key of it', () => {
    const parsed = new ac.AdaptiveCard();
    parsed.parse(structuredClone(card), new ac.SerializationContext(ac.Versions.v1_5));
    // `msteams` is for Teams alone, defaults are left out when written, and the package does not write
    // fallbacks.
    const gone = lost(card, parsed.toJSON()).filter(
      (path) =>
        !path.startsWith('/msteams') &&
        !/\/(?:size|weight|spacing|associatedInputs|isMultiline|fallback)$/.test(path),
    );
    expect(gone).toEqual([]);
  });

  test('it is of version 1.5 and uses nothing newer', () => {
    expect(card.version).toBe('1.5');
    for (const node of tree) if (typeof node['type'] === 'string') expect(allowed).toContain(node['type']);
  });

  test('every Execute falls back to a Submit with the same data', () => {
    for (const node of tree) {
      if (node['type'] !== 'Action.Execute') continue;
      expect(node['fallback']).toMatchObject({
        type: 'Action.Submit',
        title: node['title'],
        data: node['data'],
      });
    }
  });

  test('no more than six actions are primary', () => {
    expect((card.actions ?? []).filter((action) => action.mode !== 'secondary').length).toBeLessThanOrEqual(
      teams.primaryActions,
    );
  });

  test('it stays within its bytes', () => {
    const json = JSON.stringify(card);
    expect(utf8Length(json)).toBe(Buffer.byteLength(json));
    expect(utf8Length(json)).toBeLessThanOrEqual(teams.cardBytes);
  });

  test('Markdown is read only in words of our own', () => {
    const marked = tree.filter((node) => node['type'] === 'TextBlock').map((node) => node['text']);
    expect(marked.length).toBeLessThanOrEqual(2);
    expect(tree.filter((node) => node['type'] === 'Fact')).toEqual([]);
  });
});

test('a mention is made only of an account that the policy names in Teams', () => {
  const [slack, teamsOne] = examples;
  if (slack === undefined || teamsOne === undefined)
    throw new Error('the first two examples are the ones that notify');
  expect(adaptiveCard(viewOf(slack)).msteams.entities).toBeUndefined();
  expect(adaptiveCard(viewOf(teamsOne)).msteams.entities).toEqual([
    {
      type: 'mention',
      text: '<at>Approvers</at>',
      mentioned: { id: '5f0c1a52-7a53-4a1c-9a3e-0d6c8f1b2a3c', name: 'Approvers' },
    },
  ]);
});
