// Draws a CardView as plain text, for the demo, the console and logs.
import { indexLabel } from '../steps.ts';
import type { CardView } from '../view.ts';

const indent = '    ';

/** `urls: 'shown'` prints the links themselves, which are bearer secrets: never for a log. */
export function plainText(
  view: CardView,
  options: { readonly urls: 'shown' | 'hidden' } = { urls: 'hidden' },
): string {
  const width = Math.max(0, ...view.facts.map((fact) => fact.label.length));
  const parts: readonly (readonly string[])[] = [
    [
      `[${view.status}]`,
      view.title,
      view.lead,
      ...(view.notify === undefined ? [] : [`For decision: ${view.notify}`]),
    ],
    view.steps.flatMap((step) => [
      `${indexLabel(step.index)}: ${step.status}`,
      `${indent}${step.command}`,
      ...(step.detail === undefined ? [] : [`${indent}${step.detail}`]),
    ]),
    view.links.flatMap((link) => [
      `${link.label}: ${link.expiry}`,
      ...(options.urls === 'shown' ? [`${indent}${link.url}`] : []),
    ]),
    ...view.excerpts.map((one) => [
      `${one.title}:`,
      ...(one.text === '' ? [] : one.text.split('\n').map((line) => `${indent}| ${line}`.trimEnd())),
      ...(one.more === undefined ? [] : [`${indent}${one.more}`]),
    ]),
    view.facts.map((fact) => `${fact.label.padEnd(width)}  ${fact.value}`),
    view.notes,
    view.buttons.map((button) => {
      const second =
        button.confirm === undefined ? '' : ` (asks: ${button.confirm.title} ${button.confirm.text})`;
      return `(${button.verb}) ${button.label}${second}${button.asks === undefined ? '' : ` (asks for: ${button.asks.label})`}`;
    }),
  ];
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n');
}
