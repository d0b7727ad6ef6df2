// What is said while nothing may be sent: the same sentence on cards, in refusals and in every answer that
// tells how things stand.
import type { Freeze } from '../../src/liveResponse/ports.ts';
import { oneLine } from '../clip.ts';
import * as bound from '../platformLimits.ts';
import { stamp, timeOf } from '../time.ts';

/**
 * @param beside a time whose date the reader sees; without one the date is told. @param command the chat
 * command's name
 */
export function frozenSentence({ by, why, at }: Freeze, command: string, beside?: number): string {
  const since = beside === undefined ? stamp(at) : timeOf(at, beside);
  return `Submissions have been frozen by ${oneLine(by, 60)} since ${since}: ${oneLine(why, bound.view.reason)}. Nothing can be asked for, approved or sent until somebody who may unfreeze types "${oneLine(command, 40)} unfreeze".`;
}

/** For people who are not to read who froze them and why. */
export const frozenToOutsiders = 'New sessions are frozen now: nothing can be asked for, approved or sent.';
