// The part of Block Kit that our cards use, as narrow types of our own (docs.slack.dev/reference/block-kit).

export interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  /** Always false: `:words:` of a host name stay words. */
  readonly emoji: false;
}

export interface Mrkdwn {
  readonly type: 'mrkdwn';
  readonly text: string;
  /** Always true: no address or channel name becomes a link. */
  readonly verbatim: true;
}

export interface RichText {
  readonly type: 'text';
  readonly text: string;
  readonly style?: { readonly bold?: true; readonly code?: true };
}

export interface RichEmoji {
  readonly type: 'emoji';
  readonly name: string;
}

/** Text in these is drawn as it is: no markup, mention or link comes of it. */
export type RichElement =
  | { readonly type: 'rich_text_section'; readonly elements: readonly (RichText | RichEmoji)[] }
  | { readonly type: 'rich_text_preformatted'; readonly elements: readonly RichText[] };

export interface ButtonElement {
  readonly type: 'button';
  readonly text: PlainText;
  readonly action_id: string;
  readonly value?: string;
  readonly url?: string;
  readonly style?: 'primary' | 'danger';
  readonly accessibility_label?: string;
  readonly confirm?: {
    readonly title: PlainText;
    readonly text: PlainText;
    readonly confirm: PlainText;
    readonly deny: PlainText;
    readonly style?: 'primary' | 'danger';
  };
}

export type Block =
  | { readonly type: 'header'; readonly block_id: string; readonly text: PlainText }
  | { readonly type: 'section'; readonly block_id: string; readonly text: Mrkdwn }
  | { readonly type: 'rich_text'; readonly block_id: string; readonly elements: readonly RichElement[] }
  | { readonly type: 'context'; readonly block_id: string; readonly elements: readonly PlainText[] }
  | { readonly type: 'actions'; readonly block_id: string; readonly elements: readonly ButtonElement[] };

export interface SlackMessage {
  /** For notifications and screen readers; escaped. */
  readonly text: string;
  readonly blocks: readonly Block[];
}
