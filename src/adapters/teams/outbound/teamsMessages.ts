// Teams messages that are not request cards: private answers, forms and notes.
import type { AdaptiveCard, Element } from '../../../../cards/renderers/adaptiveTypes.ts';
import { adaptiveCard, utf8Length } from '../../../../cards/renderers/adaptiveCard.ts';
import { clean, clip } from '../../../../cards/clip.ts';
import { teams } from '../../../../cards/platformLimits.ts';
import { teamsInputId } from '../../../../cards/press.ts';
import type { TeamsData } from '../../../../cards/press.ts';
import type { CardView } from '../../../../cards/view.ts';
import { saidOfAsked } from '../../../bot/ports.ts';
import type { Form, Reply } from '../../../bot/ports.ts';
import type { Outgoing } from './connector.ts';
import { field } from '../../../liveResponse/text/json.ts';

/**
 * Our budget for one text; Teams takes some 28,000 bytes for a whole message in its strictest document.
 * UTF-16 units.
 */
export const longestText = 4_000;

const schema = {
  type: 'AdaptiveCard',
  $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
  version: '1.5',
} as const;

/**
 * A card of a request. The activity holds nothing else: text next to a card makes Teams send two messages and
 * give no id back.
 */
export function cardMessage(view: CardView): Outgoing {
  return { summary: view.fallback, card: adaptiveCard(view) };
}

/**
 * The same when it is posted: its buttons carry the intent too. Drawn again, a card carries none; so one that
 * still does after a newer card took its place is the one whose post was never answered, which nobody could
 * draw again.
 */
export function newCardMessage(view: CardView, intent: string): Outgoing {
  return { summary: view.fallback, card: marked(adaptiveCard(view), intent) as AdaptiveCard };
}

/**
 * In place of a card that Teams would not take. It does not show every byte that would run, so nothing can be
 * decided on it.
 */
export function bareMessage(view: CardView, command: string): Outgoing {
  const summary = clip(clean(view.fallback), 300);
  const text = `Teams did not take the whole card. Read it with: ${command} status ${view.requestId}`;
  return textCard(summary, [
    line(clip(clean(view.title), 300), { weight: 'bolder' }),
    line(clip(clean(view.fallback), 1_000)),
    line(text),
  ]);
}

function textCard(summary: string, body: readonly Element[]): Outgoing {
  return {
    summary,
    card: { ...schema, fallbackText: summary, msteams: { width: 'Full' }, body },
  };
}

const intentKey = 'lrCard';

function marked(value: unknown, intent: string): unknown {
  if (Array.isArray(value)) return value.map((one) => marked(one, intent));
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, marked(one, intent)]));
  return 'lr' in copy ? { ...copy, [intentKey]: intent } : copy;
}

/** The intent that a pressed button carries, if any. */
export function intentOf(data: unknown): string | undefined {
  const intent = field(data, intentKey);
  return typeof intent === 'string' ? intent : undefined;
}

/** What is left of a card after a newer one took its place. */
export function supersededMessage(requestId: string, command: string): Outgoing {
  const summary = `This card of ${requestId} is superseded.`;
  const text = `A newer card of this request is further down. This one is not kept up to date. ${command} status ${requestId} shows the request as it is.`;
  return textCard(summary, [line(summary, { weight: 'bolder' }), line(text)]);
}

/** Undefined when there is nothing to say. */
export function replyMessage(reply: Reply): Outgoing | undefined {
  switch (reply.kind) {
    case 'nothing':
      return undefined;
    case 'asked': {
      const text = saidOfAsked(reply);
      return text === undefined ? undefined : textMessage(text);
    }
    case 'sentence':
      return reply.block === undefined && reply.link === undefined
        ? textMessage(reply.text)
        : sentenceCard(reply);
    case 'card': {
      const card = adaptiveCard(reply.view);
      const text = clean(reply.text);
      const summary = clip(text, 300);
      const left = teams.messageBytes - utf8Length(JSON.stringify({ summary, card })) - frame;
      // A unit has three bytes at most.
      const said = clip(text, Math.min(longestText, Math.floor(left / 3)));
      return { summary, card: { ...card, body: [line(said), ...card.body] } };
    }
    case 'form':
      return formCard(reply.form);
  }
}

export function textMessage(text: string): Outgoing {
  return { text: clip(clean(text), longestText), textFormat: 'plain' };
}

/** Text runs show what they hold: no Markdown, no mention. */
function line(
  text: string,
  look: { readonly fontType?: 'monospace'; readonly size?: 'small'; readonly weight?: 'bolder' } = {},
): Element {
  return { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text, ...look }] };
}

function sentenceCard(reply: Extract<Reply, { readonly kind: 'sentence' }>): Outgoing {
  const text = clean(reply.text);
  const { link } = reply;
  const summary = clip(text, 300);
  const card: AdaptiveCard = {
    ...schema,
    fallbackText: summary,
    msteams: { width: 'Full' },
    body: [line(clip(text, longestText))],
    ...(link === undefined
      ? {}
      : { actions: [{ type: 'Action.OpenUrl', title: clip(clean(link.label), 60), url: link.url }] }),
  };
  if (reply.block === undefined) return { summary, card };
  const items = blockLines(
    clean(reply.block).split('\n'),
    teams.cardBytes - utf8Length(JSON.stringify(card)) - frame,
  );
  return {
    summary,
    card: { ...card, body: [...card.body, { type: 'Container', style: 'emphasis', items }] },
  };
}

/** Bytes for the container around the lines and for the sentence that more of them do not fit. */
const frame = 400;

/**
 * As many whole lines as have room, in bytes: one block each, because clients differ in what they make of a
 * line end inside a run.
 */
function blockLines(lines: readonly string[], bytes: number): readonly Element[] {
  const shown: Element[] = [];
  let room = bytes;
  for (const [at, text] of lines.entries()) {
    const element = {
      ...line(text === '' ? '\u00a0' : spaced(clip(text, longestText)), {
        fontType: 'monospace',
        size: 'small',
      }),
      spacing: 'none',
    } as const;
    room -= utf8Length(JSON.stringify(element)) + 1;
    if (room < 0)
      return [
        ...shown,
        line(`… ${lines.length - at} more lines do not fit into one message.`, { size: 'small' }),
      ];
    shown.push(element);
  }
  return shown;
}

/** Spaces in a row are drawn as one unless every other is a no-break one. */
function spaced(text: string): string {
  return text.replace(/^ | {2}| $/g, (spaces) => (spaces.length === 1 ? '\u00a0' : ' \u00a0'));
}

function formCard(form: Form): Outgoing {
  const data: TeamsData = {
    lr: {
      verb: form.verb,
      requestId: form.requestId,
      revision: form.revision,
      fingerprint: form.fingerprint,
    },
  };
  const common = { title: form.submit, data, associatedInputs: 'auto' } as const;
  const card: AdaptiveCard = {
    ...schema,
    fallbackText: form.title,
    msteams: { width: 'Full' },
    body: [
      line(form.title, { weight: 'bolder' }),
      {
        type: 'Input.Text',
        id: teamsInputId,
        label: form.optional ? `${form.label} (optional)` : form.label,
        isMultiline: true,
        maxLength: form.max,
        ...(form.optional ? {} : { isRequired: true, errorMessage: 'Please fill this in.' }),
      },
    ],
    actions: [
      {
        type: 'Action.Execute',
        verb: `lr.${form.verb}.v1`,
        ...common,
        tooltip: form.title,
        fallback: { type: 'Action.Submit', ...common },
      },
    ],
  };
  return { summary: form.title, card };
}

/** Escapes what Teams reads as markup in a text that holds mentions. */
export function xmlText(text: string): string {
  return clean(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
