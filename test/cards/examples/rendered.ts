// Every example card in each of its renderings, under the name of its golden file.
import { adaptiveCard } from '../../../cards/renderers/adaptiveCard.ts';
import { blockKit } from '../../../cards/renderers/blockKit.ts';
import { plainText } from '../../../cards/renderers/plainText.ts';
import { examples, viewOf } from './examples.ts';

export interface Rendered {
  readonly file: string;
  readonly text: string;
}

/**
 * The states whose JSON is kept: between them every part of a card is drawn, each in the form that differs
 * most. What all other cards hold is proved by the parity and limit tests, and their text is kept.
 */
export const keptAsJson: readonly string[] = [
  // Buttons with a second step, a fact with a warning, a text field.
  'awaiting-approval',
  // As many commands as a session takes.
  'awaiting-approval-many',
  // A lead with a next step, in the tone of a warning.
  'queued-frozen',
  // One command running, the excerpt of the one before.
  'running-excerpt',
  // Three decisions for a person.
  'unknown-looked',
  // Excerpt, link with expiry, mention.
  'finished-succeeded',
  // A failed command with advice, and a retry.
  'finished-failed',
  // Nothing but head and facts.
  'over-denied',
];

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** Every example as the two chats get it. */
export const chatRenderings: readonly Rendered[] = examples.flatMap((one) => {
  const view = viewOf(one);
  return [
    { file: `${one.name}.adaptive.json`, text: json(adaptiveCard(view)) },
    { file: `${one.name}.slack.json`, text: json(blockKit(view)) },
  ];
});

/** What is kept as a file: the text of every example, and the JSON of a few. */
export const goldenRenderings: readonly Rendered[] = [
  ...examples.map((one) => ({ file: `${one.name}.txt`, text: `${plainText(viewOf(one))}\n` })),
  ...chatRenderings.filter(({ file }) => keptAsJson.includes(file.slice(0, file.indexOf('.')))),
];
