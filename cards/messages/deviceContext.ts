// What is said of a device beyond its record: on the approval card in as few words as an approver needs, in the answer
// to `host` in full.
import type { Alike } from '../../src/liveResponse/device/confusables.ts';
import type {
  DeviceContext,
  Isolation,
  RecentSession,
} from '../../src/liveResponse/request/deviceContext.ts';
import { oneLine, tailOf } from '../clip.ts';
import { leftOutWords } from './records.ts';
import { timeOf } from '../time.ts';
import type { FactLine } from '../view.ts';

/** On a card, sessions of the last day; `host` tells older ones too. */
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

/** Right below the device itself, so that the ends of the ids stand one above the other. */
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
 * The facts of an approval card beside the device's own record; none where nothing is worth a line at three
 * in the morning.
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

/** Label and value of each line that `host` adds; a line without a label goes on with the one above. */
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
