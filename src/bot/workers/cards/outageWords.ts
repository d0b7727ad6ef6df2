// Words of the notices while cards cannot be drawn, and once they can be again.
import { timeOf } from '../../../../cards/clip.ts';

export interface Outage {
  /** `surface:place` */
  readonly place: string;
  readonly surface: string;
  /** The chat's name as people know it. */
  readonly chat: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly why: string;
  /** The whole chat fails, not this place alone. */
  readonly wide: boolean;
}

/** Request ids named in one sentence; more are counted. */
const named = 10;

/** `posted`: these requests have a card there, which does not change. */
export function outageText(outage: Outage, ids: readonly string[], posted: boolean, now: number): string {
  const why = `(${reason(outage.why)})`;
  const since = `since ${timeOf(outage.since, now)}`;
  if (outage.wide)
    return `${cards(ids)} in ${outage.place} ${ids.length === 1 ? 'is' : 'are'} not drawn ${since}: ${outage.chat} does not answer as it should ${why}. The bot tries again by itself.`;
  if (posted)
    return `${cards(ids)} in ${outage.place} cannot be updated ${since} ${why}. The bot tries again by itself.`;
  return `${cards(ids)} cannot be posted in ${outage.place} ${since} ${why}. The bot tries again by itself.`;
}

/** For requests whose card is in no approvals place. */
export function unseenText(outages: readonly Outage[], ids: readonly string[], now: number): string {
  const reasons = outages.map(
    (one) =>
      `${one.wide ? `${one.chat} does not answer as it should` : `the bot cannot post in ${one.place}`} since ${timeOf(one.since, now)} (${reason(one.why)})`,
  );
  return `No approver has seen ${list(ids)} yet: ${reasons.join('; ')}. The bot tries again by itself, and tells you when ${ids.length === 1 ? 'the card stands' : 'the cards stand'}.`;
}

/** Below the card of the same request in another place. */
export function elsewhereText(outage: Outage, ids: readonly string[], posted: boolean, now: number): string {
  const what = posted
    ? `${cards(ids)} in ${outage.place} cannot be updated`
    : `${cards(ids)} cannot be posted in ${outage.place}`;
  return `${what} since ${timeOf(outage.since, now)} (${reason(outage.why)}). ${ids.length === 1 ? 'This one goes on.' : 'Those here go on.'}`;
}

export function againText(place: string, ids: readonly string[]): string {
  return `${place} shows ${list(ids)} again.`;
}

function cards(ids: readonly string[]): string {
  return `${ids.length === 1 ? 'The card of' : 'The cards of'} ${list(ids)}`;
}

function list(ids: readonly string[]): string {
  const shown = ids.slice(0, named);
  const more = ids.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}

function reason(why: string): string {
  return why.replace(/\.$/, '');
}
