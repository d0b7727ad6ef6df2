// Words about a device: its record and what is known beyond it. Short on the approval card, in full in the
// answer to `host`.
import type { Alike } from '../../src/liveResponse/device/confusables.ts';
import { onboardingKind } from '../../src/liveResponse/device/records.ts';
import type { Device, LeftOut, Unfit } from '../../src/liveResponse/device/records.ts';
import type { DeviceContext, Isolation, RecentSession } from '../../src/liveResponse/request/content.ts';
import { oneLine, tailOf, timeOf } from '../clip.ts';
import type { FactLine } from '../view.ts';
import type { Advice } from './rights.ts';

/** On a card, sessions of the last day; `host` shows older ones too. */
const recently = 24 * 3_600_000;

/** A part of the line on the device's condition. @param beside a time whose date the reader sees */
export function isolationWords(isolation: Isolation, beside: number): string {
  const when = isolation.since === undefined ? undefined : timeOf(isolation.since, beside);
  const state = {
    isolated: when === undefined ? 'ISOLATED' : `ISOLATED since ${when}`,
    notIsolated: when === undefined ? 'not isolated' : `not isolated, released ${when}`,
    notKnown: 'isolation not known',
  }[isolation.state];
  if (isolation.pending === undefined) return state;
  return `${state}, ${isolation.pending === 'release' ? 'a release from isolation is pending' : 'an isolation is pending'}`;
}

/** Right below the device itself, so that the ends of the ids are one above the other. */
export function alikeFact(context: DeviceContext | undefined): FactLine | undefined {
  if (context?.alike === undefined || context.alike.devices.length === 0) return undefined;
  return { label: 'Look-alikes', value: alikeWords(context) };
}

/**
 * Records of the name that cannot take a session: none that could be taken for the device, and why there is
 * no choice. @param device its full name
 */
export function leftOutFact(context: DeviceContext | undefined, device: string): FactLine | undefined {
  const value =
    context?.leftOut === undefined
      ? undefined
      : leftOutWords(context.leftOut.records, context.leftOut.more, [device]);
  return value === undefined ? undefined : { label: 'Left out', value };
}

/**
 * The facts of an approval card in addition to the device's own record; none where nothing is worth a line at
 * three in the morning.
 */
export function contextFacts(context: DeviceContext | undefined, at: number): readonly FactLine[] {
  if (context === undefined) return [];
  const sessions = (context.sessions ?? []).filter(
    (session) => session.at === undefined || session.at > at - recently,
  );
  const [newest, ...more] = sessions;
  return [
    ...(newest === undefined
      ? []
      : [
          {
            label: 'Last session',
            value: `${sessionWords(newest, at)}${more.length === 0 ? '' : `; ${more.length} more within a day`}`,
          },
        ]),
    ...unreadFact(context),
  ];
}

function unreadFact(context: DeviceContext): readonly FactLine[] {
  const value = unreadWords(context);
  return value === undefined ? [] : [{ label: 'Not read', value }];
}

/** What could not be read; undefined when it was read whole. */
function unreadWords(context: DeviceContext): string | undefined {
  const parts = [
    ...(context.isolation === undefined ? ['isolation', 'recent sessions'] : []),
    ...(context.alike === undefined
      ? ['devices with look-alike names']
      : context.alike.whole
        ? []
        : ['some devices with similar names']),
  ];
  const last = parts.at(-1);
  if (last === undefined) return undefined;
  return parts.length === 1 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** The warning in the lead of the approval card. */
export function alikeWarning(context: DeviceContext | undefined): string {
  const devices = context?.alike?.devices ?? [];
  if (devices.length === 0) return '';
  return devices.some((one) => one.how === 'alike')
    ? ' Another device has a look-alike name: compare the id.'
    : ' Another device has the same name: compare the id.';
}

function alikeWords({ alike }: DeviceContext): string {
  const more = alike === undefined || alike.more === 0 ? '' : `, and ${alike.more} more`;
  return `${(alike?.devices ?? []).map(alikeOne).join(', ')}${more}`;
}

function alikeOne(one: Alike): string {
  return `${oneLine(one.name, 90)} (${one.how === 'same' ? 'same name' : 'LOOK-ALIKE'}, id ending ${tailOf(one.id)})`;
}

function sessionWords(session: RecentSession, beside: number): string {
  const by =
    session.requestId === undefined
      ? oneLine(session.by, 60)
      : `${oneLine(session.by, 60)}, ${session.requestId}`;
  return `${session.at === undefined ? 'time not told,' : timeOf(session.at, beside)} ${oneLine(session.status, 30)}: ${oneLine(session.what, 80)}${by === '' ? '' : ` (${by})`}`;
}

/** Label and value of each line that `host` adds; a line without a label continues the one above. */
export function contextLines(
  context: DeviceContext,
  device: string,
  now: number,
): readonly (readonly [string, string])[] {
  const sessions = context.sessions ?? [];
  const unread = unreadWords(context);
  const leftOut = leftOutFact(context, device);
  return [
    ...(context.isolation === undefined
      ? []
      : [['Isolation', isolationWords(context.isolation, now)] as const]),
    ...(context.alike === undefined || (context.alike.devices.length === 0 && !context.alike.whole)
      ? []
      : [['Look-alikes', context.alike.devices.length === 0 ? 'none' : alikeWords(context)] as const]),
    ...(context.sessions === undefined
      ? []
      : sessions.length === 0
        ? [['Last sessions', 'none listed'] as const]
        : sessions.map(
            (session, at) => [at === 0 ? 'Last sessions' : '', sessionWords(session, now)] as const,
          )),
    ...(leftOut === undefined ? [] : [['Left out', leftOut.value] as const]),
    ...(unread === undefined ? [] : [['Not read', unread] as const]),
  ];
}

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
 * What in the record itself leaves a doubt, for the line on the device's condition: a word that nobody here
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
