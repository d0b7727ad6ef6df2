// Draws a CardView as an Adaptive Card 1.5 for Teams. All text that is not ours is in text runs, where
// Teams reads no Markdown.
import type {
  Action,
  AdaptiveCard,
  Color,
  Container,
  Element,
  Execute,
  Mention,
  RichTextBlock,
  Spacing,
  TextRun,
} from './adaptiveTypes.ts';
import { clean, markdownText } from '../clip.ts';
import { teams } from '../platformLimits.ts';
import { teamsData, teamsInputId } from '../press.ts';
import { fitToLimit } from './fitToLimit.ts';
import { indexLabel } from '../steps.ts';
import type { Button, CardView, Tone } from '../view.ts';

export function adaptiveCard(view: CardView): AdaptiveCard {
  return fitToLimit(view, draw, (card) => utf8Length(JSON.stringify(card)) <= teams.cardBytes);
}

/** Bytes of the UTF-8 form. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    // Each half of a surrogate pair counts two of its four bytes.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}

const containerStyle = {
  neutral: 'emphasis',
  attention: 'accent',
  good: 'good',
  warning: 'warning',
  danger: 'attention',
} as const satisfies Record<Tone, Container['style']>;
const textColor = {
  neutral: 'default',
  attention: 'accent',
  good: 'good',
  warning: 'warning',
  danger: 'attention',
} as const satisfies Record<Tone, Color>;

function draw(view: CardView): AdaptiveCard {
  const mention = mentionOf(view.notify);
  const actions = actionsOf(view);
  return {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: teams.version,
    fallbackText: view.fallback,
    msteams: { width: 'Full', ...(mention === undefined ? {} : { entities: [mention] }) },
    body: [
      head(view),
      ...(mention === undefined
        ? []
        : [
            {
              type: 'TextBlock',
              text: `For decision: ${mention.text}`,
              wrap: true,
              spacing: 'small',
            } as const,
          ]),
      ...view.steps.map(stepRow),
      ...view.links.map((link): RichTextBlock =>
        text([run(link.label, { weight: 'bolder' }), run(`: ${link.expiry}`)]),
      ),
      ...view.excerpts.flatMap(excerpt),
      facts(view),
      ...view.notes.map((note, at): RichTextBlock =>
        text([run(note, { size: 'small', isSubtle: true })], at === 0 ? 'medium' : 'small'),
      ),
    ],
    ...(actions.length === 0 ? {} : { actions }),
  };
}

function run(text: string, look: Omit<TextRun, 'type' | 'text'> = {}): TextRun {
  return { type: 'TextRun', text, ...look };
}

/**
 * The beginning of a `{{DATE(…)}}` or `{{TIME(…)}}`, which clients replace by a date even in a run; also of
 * one that was clipped.
 */
const dateFunction = /\{(?=\{(?:DATE|TIME)\(\d{4}-)/;

/** Date functions are divided between two runs, so that Teams draws them unchanged. */
function text(runs: readonly TextRun[], spacing?: Spacing): RichTextBlock {
  const inlines = runs.flatMap((one) => {
    const parts = one.text.split(dateFunction);
    return parts.length === 1
      ? [one]
      : parts.map((part, at) => ({ ...one, text: at < parts.length - 1 ? `${part}{` : part }));
  });
  return { type: 'RichTextBlock', inlines, ...(spacing === undefined ? {} : { spacing }) };
}

/** Spaces in a row are drawn as one unless every other is a no-break one. */
function keepSpaces(line: string): string {
  return line.replace(/^ | {2}| $/g, (spaces) => (spaces.length === 1 ? '\u00a0' : ' \u00a0'));
}

function head(view: CardView): Container {
  return {
    type: 'Container',
    style: containerStyle[view.tone],
    bleed: true,
    items: [
      // A heading for screen readers. It is Markdown, and one word of it may be Defender's.
      {
        type: 'TextBlock',
        text: markdownText(view.status, 200),
        wrap: true,
        style: 'heading',
        weight: 'bolder',
        size: 'default',
      },
      text([run(view.title, { weight: 'bolder', size: 'large' })], 'small'),
      text([run(view.lead)], 'small'),
    ],
  };
}

function stepRow(step: CardView['steps'][number], at: number): Container {
  const color = textColor[step.tone];
  return {
    type: 'Container',
    spacing: at === 0 ? 'medium' : 'default',
    items: [
      text([
        run(`${indexLabel(step.index)}: `, { isSubtle: true }),
        run(step.status, { weight: 'bolder', ...(color === 'default' ? {} : { color }) }),
      ]),
      {
        type: 'Container',
        style: 'emphasis',
        spacing: 'small',
        items: [text([run(keepSpaces(step.command), { fontType: 'monospace' })])],
      },
      ...(step.detail === undefined ? [] : [text([run(step.detail)], 'small')]),
    ],
  };
}

function excerpt(one: CardView['excerpts'][number]): readonly Element[] {
  // One block for each line: clients differ in what they make of a line end inside a run.
  const lines =
    one.text === ''
      ? []
      : one.text
          .split('\n')
          .map((line) =>
            text(
              [run(line === '' ? '\u00a0' : keepSpaces(line), { fontType: 'monospace', size: 'small' })],
              'none',
            ),
          );
  return [
    text([run(one.title, { weight: 'bolder' })], 'medium'),
    ...(lines.length === 0
      ? []
      : [{ type: 'Container', style: 'emphasis', spacing: 'small', items: lines } as const]),
    ...(one.more === undefined ? [] : [text([run(one.more, { size: 'small', isSubtle: true })], 'small')]),
  ];
}

function facts(view: CardView): Container {
  return {
    type: 'Container',
    spacing: 'medium',
    separator: true,
    items: view.facts.map((fact, at) => ({
      type: 'ColumnSet',
      spacing: at === 0 ? 'none' : 'small',
      columns: [
        { type: 'Column', width: '92px', items: [text([run(fact.label, { isSubtle: true })])] },
        { type: 'Column', width: 'stretch', items: [text([run(fact.value)])] },
      ],
    })),
  };
}

function actionsOf(view: CardView): readonly Action[] {
  const all: readonly Action[] = [
    ...view.links.map((link): Action => ({
      type: 'Action.OpenUrl',
      title: link.label,
      url: link.url,
      tooltip: link.expiry,
    })),
    ...view.buttons.map((button) => action(view, button)),
  ];
  return all.map((one, at) => (at < teams.primaryActions ? one : { ...one, mode: 'secondary' }));
}

function action(view: CardView, button: Button): Action {
  if (button.confirm === undefined && button.asks === undefined) return execute(view, button, button.label);
  const { confirm, asks } = button;
  return {
    type: 'Action.ShowCard',
    title: button.label,
    ...style(button),
    ...tooltip(button),
    card: {
      type: 'AdaptiveCard',
      body: [
        ...(confirm === undefined
          ? []
          : [text([run(confirm.title, { weight: 'bolder' })]), text([run(confirm.text)], 'small')]),
        ...(asks === undefined
          ? []
          : [
              {
                type: 'Input.Text',
                id: teamsInputId,
                label: asks.optional ? `${asks.label} (optional)` : asks.label,
                isMultiline: true,
                maxLength: asks.max,
                ...(asks.optional ? {} : { isRequired: true, errorMessage: 'Please fill this in.' }),
              } as const,
            ]),
      ],
      actions: [execute(view, button, confirm?.ok ?? button.label)],
    },
  };
}

function style(button: Button): { readonly style?: 'positive' | 'destructive' } {
  return button.style === 'primary'
    ? { style: 'positive' }
    : button.style === 'danger'
      ? { style: 'destructive' }
      : {};
}

function tooltip(button: Button): { readonly tooltip?: string } {
  return button.spoken === '' ? {} : { tooltip: button.spoken };
}

function execute(view: CardView, button: Button, title: string): Execute {
  const data = teamsData(view, button);
  const associatedInputs = button.asks === undefined ? 'none' : 'auto';
  const common = { title, ...style(button), data, associatedInputs } as const;
  return {
    type: 'Action.Execute',
    verb: `lr.${button.verb}.v1`,
    ...common,
    ...tooltip(button),
    fallback: { type: 'Action.Submit', ...common },
  };
}

/** A mention fires only through an entity, and only for the account the policy names. */
function mentionOf(notify: string | undefined): Mention | undefined {
  const id = notify === undefined ? undefined : /^teams:([A-Za-z0-9:_.@-]{1,200})$/.exec(clean(notify))?.[1];
  return id === undefined
    ? undefined
    : { type: 'mention', text: '<at>Approvers</at>', mentioned: { id, name: 'Approvers' } };
}
