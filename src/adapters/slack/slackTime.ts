// Clock skew between Slack and this machine, read off the Date header of Slack's answers: requests are signed
// with a time, and refused when ours is minutes off.
import { timeOf } from '../../../cards/time.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import type { Check } from '../http/server.ts';
import { harmfulSkew, signatureSkew, timeAskedEvery } from './limits.ts';
import { messageOf } from './outbound/slackFailure.ts';
import type { WebApi } from './outbound/webApi.ts';

export interface SlackTimeOptions {
  readonly clock: Pick<Clock, 'now'>;
  /**
   * Whether requests come in by HTTP, and are judged by their time. In Socket Mode a wrong clock only shows
   * wrong times.
   */
  readonly signed: boolean;
}

export class SlackTime {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #signed: boolean;
  /** How far ours is ahead, in milliseconds. */
  #ahead: number | undefined;
  #refusals: { readonly since: number; readonly count: number } | undefined;

  constructor({ clock, signed }: SlackTimeOptions) {
    this.#clock = clock;
    this.#signed = signed;
  }

  /** @param date the Date header of an answer of Slack, as it came in */
  heard(date: string | null): void {
    const slack = Date.parse(date ?? '');
    // The header has whole seconds, cut off: half a second is its expected rest.
    if (!Number.isNaN(slack)) this.#ahead = this.#clock.now() - (slack + 500);
  }

  /** A request that Slack signed was refused for its time. */
  refused(): void {
    const { since, count } = this.#refusals ?? { since: this.#clock.now(), count: 0 };
    this.#refusals = { since, count: count + 1 };
  }

  /** A request was taken: what was refused before is history. */
  taken(): void {
    this.#refusals = undefined;
  }

  check(): Check {
    const name = 'slackClock';
    const ahead = this.#ahead;
    // A good clock and old signatures: somebody sends again what was recorded, and that is refused as it
    // should be.
    if (ahead === undefined || Math.abs(ahead) < harmfulSkew) return { name, ok: true };
    const off = `This machine's clock is ${inWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} Slack's`;
    const todo = 'Set it, and keep it by NTP.';
    if (!this.#signed) return { name, ok: true, why: `${off}: times on cards are wrong. ${todo}` };
    const refusals = this.#refusals;
    const refusing =
      refusals === undefined
        ? `from ${signatureSkew / 60_000} minutes on Slack's requests are refused`
        : `Slack's requests are refused, ${refusals.count} since ${timeOf(refusals.since, this.#clock.now())} by this clock`;
    return { name, ok: false, why: `${off}: ${refusing}. ${todo}` };
  }
}

export interface SignedTimeOptions {
  readonly time: SlackTime;
  readonly api: Pick<WebApi, 'call'>;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly log: Log;
}

/** Notes requests whose time was refused, and asks Slack for its time then: there may be no answer for hours. */
export class SignedTime {
  readonly #options: SignedTimeOptions;
  #askedAt = -Infinity;

  constructor(options: SignedTimeOptions) {
    this.#options = options;
  }

  refused(): void {
    const { time, api, clock, log } = this.#options;
    time.refused();
    if (clock.elapsed() - this.#askedAt < timeAskedEvery) return;
    this.#askedAt = clock.elapsed();
    api
      .call('auth.test', {})
      .catch((error: unknown) => log.info('slackTimeNotAsked', { error: messageOf(error) }));
  }

  taken(): void {
    this.#options.time.taken();
  }
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
