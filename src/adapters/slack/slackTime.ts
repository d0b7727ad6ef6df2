// Slack's time against ours, read off the Date header of its answers: requests are signed with a time, and
// refused when ours is minutes off.
import { timeOf } from '../../../cards/time.ts';
import type { Clock } from '../../liveResponse/ports.ts';
import type { Check } from '../http/server.ts';
import { harmfulSkew, signatureSkew } from './limits.ts';

export interface SlackTime {
  /** An answer of Slack, as it came in. */
  heard(date: string | null): void;
  /** A request that Slack signed was refused for its time. */
  refused(): void;
  /** A request was taken: what was refused before is history. */
  taken(): void;
  check(): Check;
}

/**
 * `signed`: requests come in by HTTP and are judged by their time. In Socket Mode a wrong clock only shows
 * wrong times.
 */
export function createSlackTime(clock: Pick<Clock, 'now'>, signed: boolean): SlackTime {
  /** How far ours is ahead, in milliseconds. */
  let ahead: number | undefined;
  let refusals: { readonly since: number; readonly count: number } | undefined;

  return {
    heard(date) {
      const slack = Date.parse(date ?? '');
      // The header has whole seconds, cut off: half a second is its expected rest.
      if (!Number.isNaN(slack)) ahead = clock.now() - (slack + 500);
    },
    refused() {
      refusals = { since: refusals?.since ?? clock.now(), count: (refusals?.count ?? 0) + 1 };
    },
    taken() {
      refusals = undefined;
    },
    check() {
      const name = 'slackClock';
      // A good clock and old signatures: somebody sends again what was recorded, and that is refused as it
      // should be.
      if (ahead === undefined || Math.abs(ahead) < harmfulSkew) return { name, ok: true };
      const off = `This machine's clock is ${inWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} Slack's`;
      const todo = 'Set it, and keep it by NTP.';
      if (!signed) return { name, ok: true, why: `${off}: times on cards are wrong. ${todo}` };
      const refusing =
        refusals === undefined
          ? `from ${signatureSkew / 60_000} minutes on Slack's requests are refused`
          : `Slack's requests are refused, ${refusals.count} since ${timeOf(refusals.since, clock.now())} by this clock`;
      return { name, ok: false, why: `${off}: ${refusing}. ${todo}` };
    },
  };
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
