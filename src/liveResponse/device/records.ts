// Device records of Defender, and whether one can take a live response session at all. Only a definite word
// counts: where a field is absent, or holds a word that nobody here knows, Defender decides when the session is
// started.
import { familyOf } from './systems.ts';

/**
 * A device frozen by id when it was resolved; the rest is what the approver is shown. Times in epoch
 * milliseconds.
 */
export interface Device {
  readonly id: string;
  readonly name: string;
  readonly os: string;
  readonly health: string;
  readonly risk?: string;
  readonly exposure?: string;
  readonly group?: string;
  readonly tags: readonly string[];
  /** Last full report, roughly daily: not "last seen online". */
  readonly lastReportAt?: number;
  readonly ip?: string;
  /**
   * Defender's own word, such as Onboarded or CanBeOnboarded; absent where it gave none, and in requests made
   * before it was kept.
   */
  readonly onboarding?: string;
  /** Id of the record that this one was merged into. */
  readonly mergedInto?: string;
  /** Defender takes it for a possible duplicate of another record. */
  readonly duplicate?: true;
  /** Left out of Defender's own lists by somebody; it may still take sessions. */
  readonly excluded?: true;
}

/**
 * `merged`: the record lives on in another one. `notOnboarded`: known from the network, without a sensor.
 * `tooLittle`: the same, and Defender knows too little to say whether it could be onboarded. `unsupported`:
 * Defender for Endpoint does not support it. `system`: it has a sensor, and no live response on that
 * operating system.
 */
export type Unfit =
  | { readonly why: 'merged'; readonly into: string }
  | { readonly why: 'notOnboarded' | 'tooLittle' | 'unsupported' | 'system' };

/** What of a device tells it, as its record is kept. */
export interface RecordFacts {
  readonly id: string;
  readonly os: string;
  readonly onboarding?: string;
  readonly mergedInto?: string;
}

/** A record of the name that was asked for, left out because it cannot take a session. */
export interface LeftOut {
  readonly id: string;
  readonly name: string;
  readonly unfit: Unfit;
}

/**
 * `onboardingStatus` (learn.microsoft.com/defender-endpoint/api/machine and the device inventory), in any
 * case and spacing.
 */
const onboarding: ReadonlyMap<string, 'onboarded' | Exclude<Unfit['why'], 'merged' | 'system'>> = new Map([
  ['onboarded', 'onboarded'],
  ['canbeonboarded', 'notOnboarded'],
  ['notonboarded', 'notOnboarded'],
  ['offboarded', 'notOnboarded'],
  ['unsupported', 'unsupported'],
  ['notsupported', 'unsupported'],
  ['insufficientinfo', 'tooLittle'],
  ['insufficientinformation', 'tooLittle'],
]);

/**
 * Systems that live response has never run on (learn.microsoft.com/defender-endpoint/live-response, before
 * you begin).
 */
const tooOld = /^windows\s*(?:xp|vista|7|8(?:\.1)?|server\s*(?:2003|2008)(?:\s*r2)?)(?![\d.])/i;

/** Undefined where the record can take a session, or nobody can know. */
export function unfitness({ id, os, onboarding: word, mergedInto }: RecordFacts): Unfit | undefined {
  if (mergedInto !== undefined && mergedInto.toLowerCase() !== id.toLowerCase())
    return { why: 'merged', into: mergedInto };
  const known = onboardingKind(word);
  if (known !== undefined && known !== 'onboarded') return { why: known };
  return familyOf(os) === 'mobile' || tooOld.test(os) ? { why: 'system' } : undefined;
}

/** Undefined for a word that is not known, and for none. */
export function onboardingKind(
  word: string | undefined,
): 'onboarded' | Exclude<Unfit['why'], 'merged' | 'system'> | undefined {
  return word === undefined ? undefined : onboarding.get(word.toLowerCase().replace(/[\s_-]+/g, ''));
}

/** A record that others were merged into, as an id: of 40 hex digits, or whatever else is no empty value. */
export function mergedInto(word: string | undefined): string | undefined {
  const id = word?.trim() ?? '';
  return /^[0-9a-z-]{8,64}$/i.test(id) && /[1-9a-z]/i.test(id) ? id : undefined;
}
