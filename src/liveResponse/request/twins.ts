// Twins: requests for the same commands on the same device. Asked twice by mistake, a script would run twice.
import { sameDeeds } from '../commands.ts';
import type { Asked, Request, Subject, Target } from './request.ts';

/**
 * How the origin of a request begins that was made from an earlier one; the rest is the id of the last
 * attempt before it.
 */
export const sequelOrigin = 'again:';

/** After its end a twin is named on the cards of those that wait for as long as this. Milliseconds. */
export const twinMemory = 3_600_000;

/** What of a request tells whether another one is its twin. */
interface Compared extends Pick<Request, 'id' | 'origin'> {
  readonly targets: readonly [Pick<Target, 'device'>, ...unknown[]];
  readonly subject: Pick<Subject, 'commands'>;
  readonly asked: Pick<Asked, 'continues'>;
}

/** A request and the one it was made from are no twins: its card says what it repeats. */
export function areTwins(one: Compared, other: Compared): boolean {
  return (
    one.id !== other.id &&
    one.targets[0].device.id === other.targets[0].device.id &&
    sameDeeds(one.subject.commands, other.subject.commands) &&
    !madeFrom(one, other) &&
    !madeFrom(other, one)
  );
}

function madeFrom(one: Compared, earlier: Compared): boolean {
  return one.asked.continues?.id === earlier.id || one.origin === `${sequelOrigin}${earlier.id}`;
}

/** The newest of `open` that asks for the same; undefined where there is none. */
export function twinAmong(open: readonly Request[], asked: Compared): Request | undefined {
  return open
    .filter((request) => areTwins(request, asked))
    .sort((a, b) => b.asked.at - a.asked.at)
    .at(0);
}
