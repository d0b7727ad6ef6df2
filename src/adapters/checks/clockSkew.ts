// The comparison of our clock with the Date header of an answer: times of links, tokens and signed requests
// are compared across machines.
import type { Called } from './call.ts';
import { fail, ok, warn } from './line.ts';
import type { Tell } from './line.ts';

/** Milliseconds. Beyond this, people notice that the times on cards are wrong. */
const noticeable = 10_000;
/**
 * Beyond this, things fail: the chats refuse what is five minutes off, and expired links seem to be valid.
 */
const harmful = 120_000;

export function examineClock(
  { headers, at }: Pick<Called, 'headers' | 'at'>,
  whose: string,
  tell: Tell,
  check: `${string}.clock` = 'defender.clock',
): void {
  const date = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(date)) {
    tell(
      warn(
        check,
        `the answer names no time, so our clock could not be compared with ${whose}’s`,
        'Make sure that this machine keeps its time by NTP.',
      ),
    );
    return;
  }
  // The header has whole seconds, rounded down, so half a second is missing on average.
  const ahead = at - (date + 500);
  const said =
    Math.abs(ahead) < 1_500
      ? `our clock and ${whose}’s agree`
      : `our clock is ${inWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} ${whose}’s`;
  const next = 'Set the time of this machine, and keep it by NTP.';
  if (Math.abs(ahead) > harmful)
    tell(fail(check, `${said}: expiries of links and signatures of chats would be judged wrongly`, next));
  else if (Math.abs(ahead) > noticeable) tell(warn(check, said, next));
  else tell(ok(check, said));
}

function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
