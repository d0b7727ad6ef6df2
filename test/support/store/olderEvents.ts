// Events in the words of the lines before format 3: the flat request with one approval, as version 0.1 and the
// keyed lines of format 2 wrote it.
import type { NewRequest } from '../../../src/liveResponse/request/request.ts';
import type { AnyEvent } from '../requests/requests.ts';
import { flat } from '../requests/requests.ts';

interface OlderEvent {
  readonly type: string;
}

const names: Readonly<Record<string, string>> = {
  found: 'adopted',
  resubmitted: 'resent',
  abandoned: 'dropped',
  actionMissing: 'lostTrack',
  searched: 'looked',
  waitingForDevice: 'parked',
  retried: 'triedAgain',
  foundLate: 'foundAfterDrop',
  notified: 'noted',
  sessionNotified: 'noted',
};

/** An `asked` as those versions wrote it, flat. */
export function olderAsked(made: NewRequest): OlderEvent & { readonly asked: unknown } {
  const { context, ...fields } = flat(made);
  return { type: 'asked', asked: { ...fields, ...(context === undefined ? {} : { panel: context }) } };
}

/** The same event as those versions wrote it. */
export function olderEvent(
  event: AnyEvent | { readonly type: 'asked'; readonly request: NewRequest },
): OlderEvent {
  const type = names[event.type] ?? event.type;
  switch (event.type) {
    case 'asked':
      return olderAsked(event.request);
    case 'approved':
    case 'resubmitted': {
      const { vote, ...rest } = event;
      const { kind: _kind, ...approval } = vote;
      return { ...rest, type, ...{ approval } };
    }
    case 'denied': {
      const { by, reason, byLastKnown } = event.vote;
      return { type, ...{ by, reason, byLastKnown } };
    }
    case 'waitingForDevice':
      return { type, ...{ parked: event.waiting } };
    case 'retried':
      return { type, ...{ again: event.as } };
    default:
      return { ...event, type };
  }
}
