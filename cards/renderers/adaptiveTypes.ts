// The part of Adaptive Cards 1.5 that our cards use, as narrow types of our own (adaptivecards.io/explorer).
import type { TeamsData } from '../press.ts';

export type Color = 'default' | 'accent' | 'good' | 'warning' | 'attention';
export type Spacing = 'none' | 'small' | 'default' | 'medium' | 'large';

/** Text of a run is shown as it is: Markdown is not read here, unlike in TextBlock and Fact. */
export interface TextRun {
  readonly type: 'TextRun';
  readonly text: string;
  readonly color?: Color;
  readonly isSubtle?: boolean;
  readonly size?: 'small' | 'default' | 'medium' | 'large';
  readonly weight?: 'bolder';
  readonly fontType?: 'monospace';
}

export interface RichTextBlock {
  readonly type: 'RichTextBlock';
  readonly inlines: readonly TextRun[];
  readonly spacing?: Spacing;
}

/** Only for words that are all our own: its text is Markdown. */
export interface TextBlock {
  readonly type: 'TextBlock';
  readonly text: string;
  readonly wrap: true;
  readonly style?: 'heading';
  readonly weight?: 'bolder';
  readonly size?: 'small' | 'default' | 'medium';
  readonly isSubtle?: boolean;
  readonly spacing?: Spacing;
}

export interface Container {
  readonly type: 'Container';
  readonly style?: 'default' | 'emphasis' | 'accent' | 'good' | 'warning' | 'attention';
  readonly bleed?: boolean;
  readonly spacing?: Spacing;
  readonly separator?: boolean;
  readonly items: readonly Element[];
}

export interface ColumnSet {
  readonly type: 'ColumnSet';
  readonly spacing?: Spacing;
  readonly columns: readonly {
    readonly type: 'Column';
    readonly width: string;
    readonly items: readonly Element[];
  }[];
}

export interface TextInput {
  readonly type: 'Input.Text';
  readonly id: string;
  readonly label: string;
  readonly isMultiline: boolean;
  readonly maxLength: number;
  readonly isRequired?: boolean;
  readonly errorMessage?: string;
}

export type Element = RichTextBlock | TextBlock | Container | ColumnSet | TextInput;

interface Press {
  readonly title: string;
  readonly style?: 'positive' | 'destructive';
  readonly data: TeamsData;
  readonly associatedInputs: 'auto' | 'none';
  readonly tooltip?: string;
}

export interface Submit extends Press {
  readonly type: 'Action.Submit';
}

export interface Execute extends Press {
  readonly type: 'Action.Execute';
  readonly verb: string;
  readonly mode?: 'secondary';
  /** For clients without Universal Actions. */
  readonly fallback: Submit;
}

export interface OpenUrl {
  readonly type: 'Action.OpenUrl';
  readonly title: string;
  readonly url: string;
  readonly tooltip?: string;
  readonly mode?: 'secondary';
}

/** Unfolds a second step below the buttons. */
export interface ShowCard {
  readonly type: 'Action.ShowCard';
  readonly title: string;
  readonly style?: 'positive' | 'destructive';
  readonly tooltip?: string;
  readonly mode?: 'secondary';
  readonly card: {
    readonly type: 'AdaptiveCard';
    readonly body: readonly Element[];
    readonly actions: readonly Execute[];
  };
}

export type Action = Execute | OpenUrl | ShowCard;

export interface Mention {
  readonly type: 'mention';
  readonly text: string;
  readonly mentioned: { readonly id: string; readonly name: string };
}

export interface AdaptiveCard {
  readonly type: 'AdaptiveCard';
  readonly $schema: 'http://adaptivecards.io/schemas/adaptive-card.json';
  readonly version: '1.5';
  /** Shown by clients that do not know this version. */
  readonly fallbackText: string;
  readonly msteams: { readonly width: 'Full'; readonly entities?: readonly Mention[] };
  readonly body: readonly Element[];
  readonly actions?: readonly Action[];
}
