// Refusals of what was asked for: the place, the recipe or command, its reason, its files, and what is open
// already.
import { duration } from '../../../../cards/clip.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import type { Sentences } from './words.ts';

export type AskRefusal =
  | { readonly refused: 'placeNotAllowed'; readonly place: string; readonly direct: boolean }
  | { readonly refused: 'unknownRecipe'; readonly recipe: string }
  | { readonly refused: 'commandNotAllowed'; readonly command: Command['type'] }
  | { readonly refused: 'reasonRequired'; readonly tier: string }
  /**
   * `line` is the typed line with the nearest name; `recipe`: the policy's name, which the asker did not
   * type.
   */
  | {
      readonly refused: 'notInLibrary';
      readonly name: string;
      readonly suggestions: readonly string[];
      readonly line?: string;
      readonly recipe?: string;
    }
  /** A text given with a press, in UTF-16 units. `undone` completes "so nothing was ...". */
  | {
      readonly refused: 'textTooLong';
      readonly undone: string;
      readonly length: number;
      readonly max: number;
    }
  /** The same is open already: `ago` in milliseconds, `line` asks for it all the same. */
  | {
      readonly refused: 'twin';
      readonly twin: string;
      readonly device: string;
      readonly status: string;
      readonly by: string;
      readonly ago: number;
      readonly places: readonly string[];
      readonly line: string;
    }
  /** `own`: ids of the asker's, oldest first; `others`: how many more there are on that device. */
  | {
      readonly refused: 'tooManyPending';
      readonly of: 'person' | 'device';
      readonly tier: string;
      readonly most: number;
      readonly own: readonly string[];
      readonly others: number;
      readonly device?: string;
    };

export const askSentences: Sentences<AskRefusal> = {
  placeNotAllowed: ({ direct, place }) =>
    direct
      ? 'No place for approval cards is set up, so nothing can be asked for here. An administrator adds one under "places" in the policy.'
      : `This place is not listed in the policy, so only help and whoami work here. Go to a listed channel, or let an administrator add ${place} under "places".`,
  unknownRecipe: ({ recipe }, command) =>
    `There is no recipe ${recipe} any more. "${command} recipes" lists them.`,
  commandNotAllowed: (refusal, command) =>
    `${refusal.command} outside a recipe is not allowed by the policy. "${command} recipes" lists what is; an administrator can allow it under "commands".`,
  reasonRequired: ({ tier }) =>
    `A request of tier ${tier} needs a reason. Add --reason "..." at the end of the line.`,
  notInLibrary: notInLibrarySentence,
  textTooLong: ({ max, length, undone }) =>
    `A reason has at most ${max} characters, and this one has ${length}, so nothing was ${undone}. Shorten it and send it again.`,
  twin: twinSentence,
  tooManyPending: tooManySentence,
};

function notInLibrarySentence(
  { name, suggestions, line, recipe }: Extract<AskRefusal, { refused: 'notInLibrary' }>,
  command: string,
): string {
  const no = `The live response library holds no ${name}, so nothing was asked for.`;
  if (recipe !== undefined)
    return `${no} The recipe ${recipe} uses it: an administrator uploads it in the portal, or corrects the policy.`;
  if (suggestions.length === 0) return `${no} "${command} scripts" lists what is there.`;
  return `${no} Did you mean ${suggestions.join(' or ')}?${line === undefined || line.length > 400 ? ` "${command} scripts" lists what is there.` : ` Type "${command} ${line}".`}`;
}

function twinSentence(
  { twin, device, status, by, ago, places }: Extract<AskRefusal, { refused: 'twin' }>,
  command: string,
): string {
  const when = ago < 60_000 ? 'just now' : `${duration(ago)} ago`;
  return (
    `${twin} asks for the same on ${device} already (${status}; asked by ${by} ${when}), so nothing new was asked for. ` +
    `Its card is in ${places.join(', ')}; follow it with "${command} status ${twin}". To ask separately all the same, say why, as below.`
  );
}

/** Ids in the sentence; the rest is only counted. */
const idsShown = 20;

function tooManySentence(
  { of, tier, most, own, others, device }: Extract<AskRefusal, { refused: 'tooManyPending' }>,
  command: string,
): string {
  const shown = own.slice(0, idsShown).join(', ');
  const more = own.length > idsShown ? ` and ${own.length - idsShown} more` : '';
  const yours = `${shown}${more}`;
  const there =
    of === 'person'
      ? `You have ${own.length === 1 ? 'a request that waits' : `${own.length} requests that wait`}: ${yours}.`
      : `${own.length + others === 1 ? 'A request' : `${own.length + others} requests`} for ${device ?? 'this device'} ${own.length + others === 1 ? 'waits' : 'wait'} already${own.length === 0 ? ', none of them yours' : `, of which ${others === 0 ? 'all are yours' : `${own.length} ${own.length === 1 ? 'is' : 'are'} yours`}: ${yours}`}.`;
  const next =
    own.length === 0
      ? 'Wait until one of them is decided or sent'
      : `Take one back ("${command} cancel ${own[0] ?? ''}"), or wait until one is decided or sent`;
  return `${there} The tier ${tier} of the policy lets ${of === 'person' ? 'one person' : 'one device'} have ${most} (pending), so nothing was asked for. ${next}.`;
}
