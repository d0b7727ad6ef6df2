// What is said while Defender cannot be read: since when, why, and what to do. Nothing else on a card may
// then sound as if it were followed.
import type { ErrorAnswer, Outage } from '../../src/liveResponse/request/errorAnswer.ts';
import { oneLine } from '../clip.ts';
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
