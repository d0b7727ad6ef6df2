// What is said of the device panel: on the approval card in as few words as an approver needs, in the answer
// to `host` in full.
import type { Alike } from '../../src/liveResponse/device/confusables.ts';
import type { Isolation, Panel, Session } from '../../src/liveResponse/request/deviceContext.ts';
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
export function alikeFact(panel: Panel | undefined): FactLine | undefined {
  if (panel?.alike === undefined || panel.alike.devices.length === 0) return undefined;
  return { label: 'Look-alikes', value: alikeWords(panel) };
}

/**
 * Records of the name that cannot take a session: none that could be taken for the device, and why there is
 * no choice. @param device its full name
 */
export function leftOutFact(panel: Panel | undefined, device: string): FactLine | undefined {
  const value =
    panel?.leftOut === undefined
      ? undefined
      : leftOutWords(panel.leftOut.records, panel.leftOut.more, [device]);
  return value === undefined ? undefined : { label: 'Left out', value };
}

/**
 * The facts of an approval card beside the device's own record; none where nothing is worth a line at three
 * in the morning.
 */
export function panelFacts(panel: Panel | undefined, at: number): readonly FactLine[] {
  if (panel === undefined) return [];
  const sessions = (panel.sessions ?? []).filter(
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
    ...unreadFact(panel),
  ];
}

function unreadFact(panel: Panel): readonly FactLine[] {
  const value = unreadWords(panel);
  return value === undefined ? [] : [{ label: 'Not read', value }];
}

/** What the panel cannot say; undefined when it was read whole. */
function unreadWords(panel: Panel): string | undefined {
  const parts = [
    ...(panel.isolation === undefined ? ['isolation', 'recent sessions'] : []),
    ...(panel.alike === undefined
      ? ['devices with look-alike names']
      : panel.alike.whole
        ? []
        : ['some devices with similar names']),
  ];
  const last = parts.at(-1);
  if (last === undefined) return undefined;
  return parts.length === 1 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** The warning in the lead of the approval card. */
export function alikeWarning(panel: Panel | undefined): string {
  const devices = panel?.alike?.devices ?? [];
  if (devices.length === 0) return '';
  return devices.some((one) => one.how === 'alike')
    ? ' Another device has a look-alike name: compare the id.'
    : ' Another device has the same name: compare the id.';
}

function alikeWords({ alike }: Panel): string {
  const more = alike === undefined || alike.more === 0 ? '' : `, and ${alike.more} more`;
  return `${(alike?.devices ?? []).map(alikeOne).join(', ')}${more}`;
}

function alikeOne(one: Alike): string {
  return `${oneLine(one.name, 90)} (${one.how === 'same' ? 'same name' : 'LOOK-ALIKE'}, id ending ${tailOf(one.id)})`;
}

function sessionWords(session: Session, beside: number): string {
  const by =
    session.requestId === undefined
      ? oneLine(session.by, 60)
      : `${oneLine(session.by, 60)}, ${session.requestId}`;
  return `${session.at === undefined ? 'time not told,' : timeOf(session.at, beside)} ${oneLine(session.status, 30)}: ${oneLine(session.what, 80)}${by === '' ? '' : ` (${by})`}`;
}

/** Label and value of each line that `host` adds; a line without a label goes on with the one above. */
export function panelLines(
  panel: Panel,
  device: string,
  now: number,
): readonly (readonly [string, string])[] {
  const sessions = panel.sessions ?? [];
  const unread = unreadWords(panel);
  const leftOut = leftOutFact(panel, device);
  return [
    ...(panel.isolation === undefined ? [] : [['Isolation', isolationWords(panel.isolation, now)] as const]),
    ...(panel.alike === undefined || (panel.alike.devices.length === 0 && !panel.alike.whole)
      ? []
      : [['Look-alikes', panel.alike.devices.length === 0 ? 'none' : alikeWords(panel)] as const]),
    ...(panel.sessions === undefined
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
