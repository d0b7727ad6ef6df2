// Refusals: everything the bot may answer "no" to, as values, and the one place that puts each into words
// with the next step.
import { approvalSentences } from './aboutApprovals.ts';
import type { ApprovalRefusal } from './aboutApprovals.ts';
import { askSentences } from './aboutAsks.ts';
import type { AskRefusal } from './aboutAsks.ts';
import { deviceSentences } from './aboutDevices.ts';
import type { DeviceRefusal } from './aboutDevices.ts';
import { peopleSentences } from './aboutPeople.ts';
import type { PeopleRefusal } from './aboutPeople.ts';
import { requestSentences } from './aboutRequests.ts';
import type { RequestRefusal } from './aboutRequests.ts';
import { resultSentences } from './aboutResults.ts';
import type { ResultRefusal } from './aboutResults.ts';
import { serviceSentences } from './aboutService.ts';
import type { ServiceRefusal } from './aboutService.ts';
import { escapeInvisibleSentence } from './escapeInvisible.ts';

export type Refusal =
  | PeopleRefusal
  | AskRefusal
  | DeviceRefusal
  | RequestRefusal
  | ApprovalRefusal
  | ResultRefusal
  | ServiceRefusal;

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value;
}

type OfKind = { readonly [Kind in Refusal['refused']]: Extract<Refusal, { readonly refused: Kind }> };

const sentences: { readonly [Kind in keyof OfKind]: (refusal: OfKind[Kind], command: string) => string } = {
  ...peopleSentences,
  ...askSentences,
  ...deviceSentences,
  ...requestSentences,
  ...approvalSentences,
  ...resultSentences,
  ...serviceSentences,
};

/** Every kind of refusal. */
export const refusalKinds = Object.keys(sentences) as readonly Refusal['refused'][];

function sentenceOf<Kind extends keyof OfKind>(kind: Kind, refusal: OfKind[Kind], command: string): string {
  return sentences[kind](refusal, command);
}

/**
 * The sentence for a person, with the next step. Plain text: adapters escape it. @param command the chat
 * command's name
 */
export function explain(refusal: Refusal, command = '/lr'): string {
  // Names of devices, tags and groups come from elsewhere and can hold anything.
  return escapeInvisibleSentence(sentenceOf(refusal.refused, refusal, command));
}

/** What is shown below the sentence, to be copied. */
export function blockOf(refusal: Refusal, command: string): string | undefined {
  return refusal.refused === 'twin' ? `${command} ${refusal.line}` : undefined;
}
