// Faults a test plants: what goes wrong, on which calls, how often. Each is taken by the place in the
// simulator where it would really happen.
import { kinds } from './profile.ts';
import type { Kind } from './profile.ts';

export const faultNames = [
  /** The work is done, then the connection drops before the answer. */
  'loseAnswer',
  /** The connection drops before any work. */
  'reset',
  /** The call waits `ms` before the work. */
  'delay',
  /** Answers `status` (500) without work; an HTML page for 502, an error with empty message for 500. */
  'status',
  /** Answers 429, with Retry-After when `retryAfter` is given. */
  'throttle',
  /** Answers 401 once more than the token deserves. */
  'unauthorized',
  /** Answers 204 after the work. */
  'noContent',
  /** Answers 200 with an empty body after the work. */
  'emptyBody',
  /** A refusal loses its body. */
  'bareError',
  /** Half of the body, announced as if it were all of it. */
  'truncate',
  /** The whole body, split in two with `ms` between. */
  'slowBody',
  /** A link is refused as not ready. */
  'notReady',
  /** The list leaves out actions younger than `ms`. */
  'staleList',
  'reverseList',
  /** Actions show the status `value` ("Suspended") instead of their own. */
  'unknownStatus',
  /** Their commands show the status `value` ("Hibernating"). */
  'unknownCommandStatus',
  'extraFields',
  'nullStartTime',
  /** The action has no requestorComment, or only the first `value` ("40") characters of it. */
  'noComment',
  /** The link names the origin `value` ("http://blob.elsewhere.example"). */
  'linkHost',
  /** Answers 302 to `value` without work. */
  'redirect',
] as const;
/** Where a redirect without a value leads: a port nobody listens on. */
export const elsewhere = 'http://127.0.0.1:9/elsewhere';

export type FaultName = (typeof faultNames)[number];
export type FaultPlace = Kind | 'blob' | 'any';

export interface Fault {
  readonly what: FaultName;
  /** Which calls; default: any call the fault can happen to. */
  readonly on?: FaultPlace;
  /** How many calls, default 1. */
  readonly times?: number | 'always';
  /** Chance that a call it could happen to meets it, default 1. A call that escapes is not counted. */
  readonly probability?: number;
  readonly ms?: number;
  readonly status?: number;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly value?: string;
}

export class Faults {
  #planted: readonly Fault[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  plant(fault: Fault): void {
    this.#planted = [...this.#planted, fault];
  }

  clear(): void {
    this.#planted = [];
  }

  /** What is still to happen. */
  planted(): readonly Fault[] {
    return this.#planted;
  }

  /** The fault of that name this call meets, if any; it is then used up by one. */
  take(what: FaultName, place: FaultPlace): Fault | undefined {
    const found = this.#planted.find(
      (fault) =>
        fault.what === what &&
        (fault.on === undefined || fault.on === 'any' || fault.on === place) &&
        (fault.probability === undefined || this.#random() < fault.probability),
    );
    if (found === undefined || found.times === 'always') return found;
    const left = (found.times ?? 1) - 1;
    this.#planted = this.#planted.flatMap((fault) => {
      if (fault !== found) return [fault];
      return left > 0 ? [{ ...fault, times: left }] : [];
    });
    return found;
  }
}

/** Reads a fault from JSON; a sentence says what is wrong with it. */
export function faultFrom(json: unknown): Fault | string {
  if (typeof json !== 'object' || json === null)
    return 'A fault is an object such as {"what":"loseAnswer","on":"run","times":1}.';
  const given = new Map<string, unknown>(Object.entries(json));
  const what = faultNames.find((name) => name === given.get('what'));
  if (what === undefined) return `"what" is one of ${faultNames.join(', ')}.`;
  const places: readonly FaultPlace[] = [...kinds, 'blob', 'any'];
  const on = places.find((place) => place === given.get('on'));
  if (given.has('on') && on === undefined) return `"on" is one of ${places.join(', ')}.`;
  const times = given.get('times');
  if (times !== undefined && times !== 'always' && !(Number.isInteger(times) && Number(times) > 0))
    return '"times" is a whole number above 0, or "always".';
  const wrong = ['ms', 'status', 'retryAfter', 'probability'].find(
    (key) => given.has(key) && typeof given.get(key) !== 'number',
  );
  if (wrong !== undefined) return `"${wrong}" is a number.`;
  const value = given.get('value');
  if (value !== undefined && typeof value !== 'string') return '"value" is a text.';
  const number = (key: 'ms' | 'status' | 'retryAfter' | 'probability'): Partial<Fault> => {
    const read = given.get(key);
    return typeof read === 'number' ? { [key]: read } : {};
  };
  return {
    what,
    ...(on === undefined ? {} : { on }),
    ...(times === 'always' ? { times } : {}),
    ...(typeof times === 'number' ? { times } : {}),
    ...number('ms'),
    ...number('status'),
    ...number('retryAfter'),
    ...number('probability'),
    ...(value === undefined ? {} : { value }),
  };
}
