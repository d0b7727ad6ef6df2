// Slack messages and modals that are not cards. All of it is plain text: nothing in it becomes a link, a
// mention or markup.
import { blockKit } from '../../../../cards/renderers/blockKit.ts';
import type { Block, RichElement, SlackMessage } from '../../../../cards/renderers/blockTypes.ts';
import { clean, clip, slackText } from '../../../../cards/clip.ts';
import { slackActionId } from '../../../../cards/press.ts';
import { slack } from '../../../../cards/platformLimits.ts';
import type { CardView } from '../../../../cards/view.ts';
import { saidOfAsked } from '../../../bot/ports.ts';
import type { Form, Reply } from '../../../bot/ports.ts';
import { answerCharacters, modal, topText } from '../limits.ts';
import type { Fields } from './webApi.ts';

/**
 * Of every message that Slack might look into for addresses: it must not fetch a link that is a secret, nor
 * draw one from a device's output.
 */
export const noUnfurl = { unfurl_links: false, unfurl_media: false } as const;
/** No name becomes a mention, no address a link. */
export const literal = { parse: 'none', link_names: false } as const;

/** A private answer; undefined where there is nothing to say that a card does not. */
export function answerMessage(reply: Reply): SlackMessage | undefined {
  switch (reply.kind) {
    case 'nothing':
    case 'form':
      return undefined;
    case 'asked': {
      const text = saidOfAsked(reply);
      return text === undefined ? undefined : sentenceMessage({ text });
    }
    case 'sentence':
      return sentenceMessage(reply);
    case 'card': {
      const drawn = blockKit(reply.view);
      return {
        text: slackText(reply.text, topText),
        blocks: [saying('lr.answer', reply.text), ...drawn.blocks],
      };
    }
  }
}

export function sentenceMessage(said: {
  readonly text: string;
  readonly block?: string;
  readonly link?: { readonly label: string; readonly url: string };
}): SlackMessage {
  const link = said.link !== undefined && said.link.url.length <= slack.buttonUrl ? said.link : undefined;
  const tooLong =
    said.link !== undefined && link === undefined
      ? ' The link is too long for Slack: get it in the Defender portal.'
      : '';
  const text = clip(clean(`${said.text}${tooLong}`), answerCharacters / 2);
  const block = said.block === undefined ? '' : clip(clean(said.block), answerCharacters - text.length);
  const elements: RichElement[] = [
    { type: 'rich_text_section', elements: [{ type: 'text', text: text === '' ? ' ' : text }] },
  ];
  if (block.trim() !== '')
    elements.push({ type: 'rich_text_preformatted', elements: [{ type: 'text', text: block }] });
  const blocks: Block[] = [{ type: 'rich_text', block_id: 'lr.answer', elements }];
  if (link !== undefined) {
    // A button and not a text: there is nothing to unfurl, and the address is never drawn.
    blocks.push({
      type: 'actions',
      block_id: 'lr.answer.link',
      elements: [
        {
          type: 'button',
          text: { type: 'plain_text', text: clip(clean(link.label), slack.buttonText), emoji: false },
          action_id: slackActionId('open'),
          url: link.url,
        },
      ],
    });
  }
  return { text: slackText(text, topText), blocks };
}

function saying(id: string, text: string): Block {
  return {
    type: 'rich_text',
    block_id: id,
    elements: [
      {
        type: 'rich_text_section',
        elements: [{ type: 'text', text: clip(clean(text), answerCharacters / 2) || ' ' }],
      },
    ],
  };
}

/** A note that notifies: the only place where somebody is mentioned, by ids that the policy holds. */
export function noteMessage(text: string, mention: readonly string[]): SlackMessage {
  const people = mention.flatMap((id) => (/^[UW][A-Z0-9]{2,30}$/.test(id) ? [`<@${id}> `] : [])).join('');
  const said = `${people}${slackText(text, slack.section - 1_000)}` || ' ';
  return {
    text: said,
    blocks: [{ type: 'section', block_id: 'lr.note', text: { type: 'mrkdwn', text: said, verbatim: true } }],
  };
}

/**
 * In place of a card whose blocks Slack would not take. It does not show every byte that would run, so
 * nothing can be decided on it.
 */
export function bareCard(view: CardView, command: string): SlackMessage {
  const text = slackText(view.fallback, slack.topText - 500);
  return {
    text,
    blocks: [
      {
        type: 'header',
        block_id: `lr.${clip(view.requestId, 80)}.${view.revision}.bare`,
        text: { type: 'plain_text', text: clip(view.title, slack.header), emoji: false },
      },
      saying(
        `lr.${clip(view.requestId, 80)}.${view.revision}.said`,
        `${view.fallback}\nSlack did not take the whole card. Read it with: ${command} status ${view.requestId}`,
      ),
    ],
  };
}

/**
 * What is left of a card after a newer one took its place. It keeps the skeleton's header: rich text cannot
 * replace everything.
 */
export function supersededCard(request: string, link: string | undefined): SlackMessage {
  const where =
    link === undefined
      ? 'A newer card of this request is further down in this channel.'
      : 'A newer card of this request took its place.';
  const id = clip(request, 80);
  const blocks: Block[] = [
    {
      type: 'header',
      block_id: `lr.${id}.superseded`,
      text: { type: 'plain_text', text: 'This card is superseded', emoji: false },
    },
    saying(`lr.${id}.superseded.why`, `${where} This one is not kept up to date.`),
  ];
  if (link !== undefined && link.length <= slack.buttonUrl) {
    blocks.push({
      type: 'actions',
      block_id: `lr.${id}.superseded.link`,
      elements: [
        {
          type: 'button',
          text: { type: 'plain_text', text: 'Go to the newer card', emoji: false },
          action_id: slackActionId('open'),
          url: link,
        },
      ],
    });
  }
  return { text: `This card is superseded. ${where}`, blocks };
}

/** Which form a modal is, and where its button was. Slack keeps it; the person cannot change it. */
export interface FormOrigin {
  readonly verb: Form['verb'];
  readonly requestId: string;
  readonly revision: number;
  readonly fingerprint: string;
  readonly channel: string;
}

export const formCallback = 'lr.form.v1';
export const formBlock = 'lr.form.input';
export const formAction = 'lr.form.text.v1';

export function formModal(form: Form, channel: string): Fields {
  const origin = JSON.stringify({
    r: form.requestId,
    v: form.revision,
    f: form.fingerprint,
    w: form.verb,
    c: channel,
  });
  const label = clip(form.label, slack.header);
  return {
    type: 'modal',
    callback_id: formCallback,
    private_metadata: clip(origin, modal.metadata),
    title: plain(clip(form.title, modal.title)),
    submit: plain(clip(form.submit, modal.submit)),
    close: plain('Go back'),
    blocks: [
      {
        type: 'input',
        block_id: formBlock,
        optional: form.optional,
        label: plain(label),
        element: {
          type: 'plain_text_input',
          action_id: formAction,
          multiline: true,
          max_length: Math.min(form.max, modal.inputMax),
        },
      },
    ],
  };
}

/** A modal without a field: while an account is checked, and where the answer is no. */
export function tellingModal(title: string, text: string): Fields {
  return {
    type: 'modal',
    callback_id: 'lr.told.v1',
    title: plain(clip(title, modal.title)),
    close: plain('Close'),
    blocks: [saying('lr.told', text)],
  };
}

function plain(text: string): Fields {
  return { type: 'plain_text', text, emoji: false };
}
