// Words for a freeze and for an outage of Defender: since when, why, and what to do. Nothing else on such a
// card may then sound as if the bot followed it.
import type { Freeze } from '../../src/liveResponse/ports.ts';
import { oneLine, stamp, timeOf } from '../clip.ts';
import * as bound from '../platformLimits.ts';
import type { ErrorAnswer, Outage } from '../../src/liveResponse/request/errorAnswer.ts';
import { missingRight } from './rights.ts';
import type { Advice } from './rights.ts';

/** Codes of `DefenderErrorCode` with words of their own; each must be true of readings of any kind. */
const causes: Readonly<Record<string, Advice>> = {
  unavailable: {
    what: 'Defender cannot be reached.',
    next: 'If this lasts, look at the Microsoft 365 service health and at /readyz.',
  },
  throttled: {
    what: 'Defender asks the bot to slow down (429).',
    next: 'If this lasts, find out which other tool uses the same app registration.',
  },
  paced: {
    what: 'The bot has used up its own limit of calls to Defender.',
    next: 'It goes on as soon as calls are free; the command quota shows when.',
  },
  unreadable: {
    what: 'Defender answers with something that the bot cannot read.',
    next: 'Tell the people who run the bot: its log says what came.',
  },
  untrusted: {
    what: 'Defender’s answer continues on another host, which the bot does not follow.',
    next: 'Tell the people who run the bot: its log says where.',
  },
};

/** Why it cannot be read, and what a person can do about it. */
export function outageAdvice({ error, detail }: Outage): Advice {
  return (
    missingRight(error) ??
    causes[error.code] ?? {
      what: `Defender refuses it${words(error, detail)}.`,
      next: 'Tell the people who run the bot; Microsoft support wants the correlation id.',
    }
  );
}

function words({ status, apiCode, message }: ErrorAnswer, detail: string): string {
  const code = [status, apiCode].filter((one) => one !== undefined).join(' ');
  return ` (${oneLine(message ?? (code === '' ? detail : code), 120)})`;
}

/** Both sentences in one: for private answers and `status`. */
export function outageSentence(outage: Outage): string {
  const { what, next } = outageAdvice(outage);
  return `${what} ${next}`;
}

/**
 * @param beside a time whose date the reader sees; without one the sentence has the date. @param command the
 * chat command's name
 */
export function frozenSentence({ by, why, at }: Freeze, command: string, beside?: number): string {
  const since = beside === undefined ? stamp(at) : timeOf(at, beside);
  return `Submissions have been frozen by ${oneLine(by, 60)} since ${since}: ${oneLine(why, bound.view.reason)}. Nothing can be asked for, approved or sent until somebody who may unfreeze types "${oneLine(command, 40)} unfreeze".`;
}

/** For people who are not to read who froze them and why. */
export const frozenToOutsiders = 'New sessions are frozen now: nothing can be asked for, approved or sent.';
