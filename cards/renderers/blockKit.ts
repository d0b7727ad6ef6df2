// Draws a CardView as Slack blocks, one skeleton in every state, header first, and all text that is not ours where
// Slack reads no markup.
import { clip, slackText } from '../clip.ts';
import { slack } from '../platformLimits.ts';
import { slackActionId, slackValue } from '../press.ts';
import { indexLabel } from '../steps.ts';
import type { Button, CardView, Tone } from '../view.ts';
import type { Block, ButtonElement, PlainText, RichElement, RichText, SlackMessage } from './blockTypes.ts';
import { stringLength } from './blockKitProblems.ts';
import { fitToLimit } from './fitToLimit.ts';

/** Top-level text and blocks; both belong in every post and every update. */
export function blockKit(view: CardView): SlackMessage {
  // Escaping may lengthen the sentence fivefold; Slack's own limit is far above that.
  return {
    text: slackText(view.fallback, slack.topText),
    blocks: fitToLimit(view, draw, (blocks) => stringLength(blocks) <= slack.totalStrings),
  };
}

/** A second sign in addition to the words, never instead of them. */
const sign = {
  neutral: undefined,
  attention: 'bell',
  good: 'white_check_mark',
  warning: 'warning',
  danger: 'red_circle',
} as const satisfies Record<Tone, string | undefined>;

function draw(view: CardView): readonly Block[] {
  const id = (part: string): string => `lr.${clip(view.requestId, 80)}.${view.revision}.${part}`;
  const rich = (part: string, elements: readonly RichElement[]): Block => ({
    type: 'rich_text',
    block_id: id(part),
    elements,
  });
  const mention = mentionOf(view.notify);
  const buttons = [
    ...view.links.map(linkButton),
    ...view.buttons.map((button) => pressButton(view, button)),
  ].slice(0, slack.actionsElements);
  return [
    { type: 'header', block_id: id('title'), text: plain(clip(view.title, slack.header)) },
    rich('status', [statusSection(view)]),
    ...(mention === undefined
      ? []
      : [
          {
            type: 'section',
            block_id: id('notify'),
            text: { type: 'mrkdwn', text: `For decision: ${mention}`, verbatim: true },
          } as const,
        ]),
    rich(
      'steps',
      view.steps.flatMap((step, at) => stepRow(view, step, at)),
    ),
    ...(view.links.length === 0
      ? []
      : [
          rich(
            'links',
            view.links.map(({ label, expiry }, at) =>
              section(labelled(label, expiry, at === view.links.length - 1)),
            ),
          ),
        ]),
    ...(view.excerpts.length === 0 ? [] : [rich('output', view.excerpts.flatMap(excerpt))]),
    rich('facts', [
      section(
        view.facts.flatMap(({ label, value }, at) => labelled(label, value, at === view.facts.length - 1)),
      ),
    ]),
    ...(view.notes.length === 0
      ? []
      : [{ type: 'context', block_id: id('notes'), elements: notes(view.notes) } as const]),
    ...(buttons.length === 0
      ? []
      : [{ type: 'actions', block_id: id('actions'), elements: buttons } as const]),
  ];
}

function statusSection(view: CardView): RichElement {
  const symbol = sign[view.tone];
  return section([
    ...(symbol === undefined ? [] : [{ type: 'emoji', name: symbol } as const, say(' ')]),
    bold(view.status),
    say(`\n${view.lead}`),
  ]);
}

/** One line of several. */
function labelled(label: string, text: string, last: boolean): readonly RichText[] {
  return [bold(label), say(`: ${text}${last ? '' : '\n'}`)];
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
