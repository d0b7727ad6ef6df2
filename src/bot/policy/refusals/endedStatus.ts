// Status of an ended request, in a sentence.
import type { Request, StageIn } from '../../../liveResponse/request/request.ts';
import { againFrom, foundLateOf } from '../../../liveResponse/request/retry.ts';
import type { Refusal } from './refusal.ts';

/** Codes of today.ts: the policy ended it, not Defender. */
const ofPolicy: ReadonlySet<string> = new Set([
  'requesterNotListed',
  'requesterRoleGone',
  'approverNotListed',
  'samePerson',
  'placeGone',
  'deviceOutOfScope',
  'recipeChanged',
  'otherSystem',
  'commandNotAllowed',
  'tierGone',
  'tierStricter',
  'reasonMissing',
  'expireAfterShorter',
  'runWithinShorter',
]);
/** Stopped right before the POST. */
const ofBot: ReadonlySet<string> = new Set([
  'otherTenant',
  'scriptChanged',
  'digestMismatch',
  'deviceMerged',
  'deviceNotOnboarded',
  'deviceUnsupported',
]);

/** Completes "it is over: ...". */
export function endingWords(ending: StageIn<'closed'>['ending']): string {
  switch (ending.kind) {
    case 'denied':
      return `denied by ${ending.by.name}`;
    case 'withdrawn':
      return `withdrawn by ${ending.by.name}`;
    case 'expired':
      return 'expired without an approval';
    case 'lapsed':
      return 'lapsed, because it could not be sent in time after its approval';
    case 'refused':
      if (ofPolicy.has(ending.code)) return 'refused by today’s policy';
      return ofBot.has(ending.code) ? 'refused by the bot before it was sent' : 'refused by Defender';
    case 'abandoned':
      return `dropped while nobody knew whether it ran, by ${ending.by.name}`;
  }
}

export function wasOver(request: Request, stage: StageIn<'closed'>): Refusal {
  return {
    refused: 'alreadyOver',
    id: request.id,
    how: `${endingWords(stage.ending)}${foundLateOf(stage) === undefined ? '' : ' (seen at Defender since)'}`,
    at: stage.endedAt,
    ...('from' in againFrom(request) ? { retry: true } : {}),
  };
}
