// An ask, typed or pressed: the commands of one session on one device, not yet judged by anybody.
import type { Command } from '../../../liveResponse/commands.ts';

interface Common {
  /** Lower-cased name or 40-hex device id, not yet resolved. */
  readonly host: string;
  readonly commands: readonly Command[];
  /**
   * One short line for people: "dump OfficeClickToRun". The steps of the card show every byte; this may be
   * clipped.
   */
  readonly title: string;
  readonly reason?: string;
  /** Asked for although the same is open already; the reason says why. */
  readonly separate?: boolean;
}

/** A session that somebody asks for. */
export type SessionAsk =
  | (Common & {
      readonly kind: 'recipe';
      readonly recipe: string;
      readonly args: Readonly<Record<string, string>>;
    })
  | (Common & { readonly kind: 'sequence' })
  /**
   * Made from an earlier request. `recipe` is there while these are the recipe's commands from index `from`
   * on, those before it having completed.
   */
  | (Common & {
      readonly kind: 'again';
      readonly recipe?: {
        readonly name: string;
        readonly args: Readonly<Record<string, string>>;
        readonly from: number;
      };
    });
