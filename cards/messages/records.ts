// What is said of device records that cannot take a live response session: to the asker at once, on the card
// of another record of the name, and where it turns out before sending.
import type { LeftOut, Unfit, Device } from '../../src/liveResponse/device/records.ts';
import { onboardingKind } from '../../src/liveResponse/device/records.ts';
import { oneLine, tailOf } from '../clip.ts';
import type { Advice } from './rights.ts';

/** Records named one by one; the rest is counted. */
const mostNamed = 3;

/** A few words, as a part of a longer sentence. @param os of the device, where it is known */
export function unfitWords(unfit: Unfit, os?: string): string {
  switch (unfit.why) {
    case 'merged':
      return `merged into id ending ${tailOf(unfit.into)}`;
    case 'notOnboarded':
      return 'not onboarded';
    case 'tooLittle':
      return 'not onboarded, Defender knows too little of it';
    case 'unsupported':
      return 'not supported by Defender for Endpoint';
    case 'system':
      return os === undefined ? 'its system has no live response' : `no live response on ${oneLine(os, 60)}`;
  }
}

/** Our own codes of a request that was stopped before the POST. */
export const unfitCode: Readonly<
  Record<Unfit['why'], 'deviceMerged' | 'deviceNotOnboarded' | 'deviceUnsupported'>
> = {
  merged: 'deviceMerged',
  notOnboarded: 'deviceNotOnboarded',
  tooLittle: 'deviceNotOnboarded',
  unsupported: 'deviceUnsupported',
  system: 'deviceUnsupported',
};

/** By code, as what happened and the next step. */
export const recordAdvice: Readonly<
  Record<'deviceMerged' | 'deviceNotOnboarded' | 'deviceUnsupported', Advice>
> = {
  deviceMerged: {
    what: 'Defender has merged the record of this device into another one, and a merged record takes no session.',
    next: 'Look up the record it was merged into in the portal, and ask again with that record’s id.',
  },
  deviceNotOnboarded: {
    what: 'Defender knows this device, but it is not onboarded, so it takes no live response session.',
    next: 'Onboard it in the portal (Settings, Endpoints, Onboarding) and ask again when it reports, or collect it another way.',
  },
  deviceUnsupported: {
    what: 'There is no live response for this device: Defender for Endpoint does not support the device or its operating system.',
    next: 'Collect it another way; asking again will not help.',
  },
};

export function unfitAdvice({ why }: Unfit): Advice {
  return recordAdvice[unfitCode[why]];
}

/**
 * `2 other records of this name: id ending 1a2b3c4d (not onboarded), ...`; undefined where there are none. A
 * typed short name fits devices of other domains too: a record of another full name is named by it.
 * @param more that are not among them
 * @param chosen names of those that were not left out
 */
export function leftOutWords(
  records: readonly LeftOut[],
  more: number,
  chosen: readonly string[],
): string | undefined {
  const count = records.length + more;
  if (count === 0) return undefined;
  const same = new Set(chosen.map((name) => name.toLowerCase()));
  const isOther = ({ name }: LeftOut): boolean => !same.has(name.toLowerCase());
  const named = records
    .slice(0, mostNamed)
    .map(
      (one) =>
        `${isOther(one) ? `${oneLine(one.name, 80)}, ` : ''}id ending ${tailOf(one.id)} (${unfitWords(one.unfit)})`,
    );
  const rest = count - named.length;
  const what = records.some(isOther) ? 'of the same short name' : 'of this name';
  return `${count === 1 ? 'another record' : `${count} other records`} ${what}: ${named.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

/**
 * What of the record itself leaves a doubt, for the line on the device's condition: a word that nobody here
 * knows, a possible duplicate.
 */
export function recordDoubts(device: Device): readonly string[] {
  const { onboarding, duplicate } = device;
  return [
    ...(onboarding === undefined || onboardingKind(onboarding) !== undefined
      ? []
      : [`onboarding “${oneLine(onboarding, 40)}”`]),
    ...(duplicate === undefined ? [] : ['perhaps a duplicate record']),
  ];
}
