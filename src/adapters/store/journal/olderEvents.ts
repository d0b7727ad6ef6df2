// Events as version 0.1 and the keyed lines of format 2 wrote them, read as events of today: one flat request
// with one device, one approval and one session, which is session 0 of a request.
import type { Change, Event } from '../../../liveResponse/request/events.ts';
import { isRequestEventType, isSessionEventType } from '../../../liveResponse/request/events.ts';
import type { NewRequest, Request } from '../../../liveResponse/request/request.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Names of events that have another name today. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['adopted', 'found'],
  ['resent', 'resubmitted'],
  ['dropped', 'abandoned'],
  ['lostTrack', 'actionMissing'],
  ['looked', 'searched'],
  ['parked', 'waitingForDevice'],
  ['triedAgain', 'retried'],
  ['foundAfterDrop', 'foundLate'],
]);

/** Names of today that those versions did not write: found in such a line, it is no event of theirs. */
const notYet: ReadonlySet<string> = new Set([...renamed.values(), 'notified', 'sessionNotified']);

/** The name today of an event in a line of those versions; undefined where they had no such event. */
export function typeToday(type: string): string | undefined {
  if (notYet.has(type)) return undefined;
  const name = type === 'noted' ? 'notified' : (renamed.get(type) ?? type);
  return isRequestEventType(name) || isSessionEventType(name) ? name : undefined;
}

/** The request that an `asked` of those versions made. */
export function requestAsked(flat: unknown): NewRequest {
  const { id, origin, delivery, device, panel, commands, content, digest, fingerprint, ...asked } =
    flat as Fields;
  return {
    id,
    origin,
    ...(delivery === undefined ? {} : { delivery }),
    asked,
    targets: [{ device, ...(panel === undefined ? {} : { context: panel }) }],
    subject: { commands, ...(content === undefined ? {} : { content }), digest, fingerprint },
  } as unknown as NewRequest;
}

/**
 * What an event of those versions changes today. `request` is the one it belongs to, as it was before: until
 * its approval an event that either may have is the request's, then its session's.
 * @param at when it happened, epoch milliseconds
 */
export function changeToday(event: Event, request: Request, at: number): Change {
  const { type, ...fields } = event as unknown as { readonly type: string } & Fields;
  const today = { ...fieldsToday(type, fields, at), type: typeToday(type) ?? type };
  if (type === 'noted' && fields['what'] !== undefined)
    return ofSession({ ...today, type: 'sessionNotified' });
  const isOfSession =
    isSessionEventType(today.type) && (!isRequestEventType(today.type) || request.stage.state === 'approved');
  return isOfSession ? ofSession(today) : ({ event: today } as unknown as Change);
}

function ofSession(event: Fields): Change {
  return { session: 0, event } as unknown as Change;
}

function fieldsToday(type: string, fields: Fields, at: number): Fields {
  const { approval, parked, again, ...rest } = fields;
  switch (type) {
    case 'approved':
    case 'resent':
      return { ...rest, vote: { kind: 'approve', ...(approval as Fields) } };
    case 'denied':
      return { vote: { kind: 'deny', at, ...rest } };
    case 'parked':
      return { ...rest, waiting: parked };
    case 'triedAgain':
      return { ...rest, as: again };
    default:
      return fields;
  }
}
