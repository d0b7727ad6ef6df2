// The short public notes below a card, at the end of a request and when a parked device wakes: updating a
// card does not notify anybody, these do.
import { afterRestore } from '../../../../cards/messages/said.ts';
import { duration } from '../../../../cards/time.ts';
import { isTerminal } from '../../../liveResponse/action.ts';
import type { RequestSession, Request } from '../../../liveResponse/request/request.ts';
import { isOpen, stageOf } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { endingWords } from '../../policy/refusals/endedStatus.ts';
import { lostAt } from '../../policy/restored.ts';
import { sessionsOf } from '../transition.ts';
import { wordsOf } from './cardViews.ts';

/** Of the request, or of the session with that number. */
export type Notification =
  | { readonly what: 'end'; readonly text: string }
  | { readonly what: 'woke' | 'found'; readonly session: number; readonly text: string };

/**
 * The note that `place` (`surface:id`) has not had yet. Undefined while there is nothing to tell: open
 * requests, and those that their requester ended. A device that woke is told while its session runs; after
 * that the end says more.
 */
export function pendingNotification(
  deps: Pick<Deps, 'clock' | 'settings' | 'store'>,
  request: Request,
  place: string,
): Notification | undefined {
  for (const one of sessionsOf([request])) {
    const told = deviceOnlineNotification(deps, one, place) ?? foundLateNotification(deps, one, place);
    if (told !== undefined) return told;
  }
  // What was found late says more than that it had been given up.
  const found = request.sessions.some(({ stage }) => stage.state === 'closed' && stage.found !== undefined);
  if (isOpen(request) || found || request.notified.includes(place)) return undefined;
  const stage = stageOf(request);
  if (stage.state === 'closed' && 'by' in stage.ending && stage.ending.by.id === request.asked.requester.id)
    return undefined;
  const { title, status } = wordsOf(deps, request);
  // A note is read on a lock screen: whose no it was stands in it.
  const whose =
    stage.state === 'closed' && stage.ending.kind === 'refused'
      ? endingWords(stage.ending).replace(/^refused/, '')
      : '';
  const restoredAt = stage.state === 'closed' ? lostAt(request, deps.store) : undefined;
  return {
    what: 'end',
    text: `${request.id}, ${title}: ${status}${whose}.${restoredAt === undefined ? '' : ` ${afterRestore(request, restoredAt)}`}`,
  };
}

/** What was given up ran after all: told once it has ended, to the requester who ended it as well. */
function foundLateNotification(
  deps: Pick<Deps, 'clock' | 'settings'>,
  { request, session: { number, stage } }: RequestSession,
  place: string,
): Notification | undefined {
  if (stage.state !== 'closed' || stage.found === undefined) return undefined;
  const { action, notified } = stage.found;
  if (notified.includes(place) || !isTerminal(action.status)) return undefined;
  const { title, status } = wordsOf(deps, request);
  return { what: 'found', session: number, text: `${request.id}, ${title}: ${status}.` };
}

function deviceOnlineNotification(
  deps: Pick<Deps, 'clock' | 'settings'>,
  { request, session: { number, stage } }: RequestSession,
  place: string,
): Notification | undefined {
  const waiting = stage.state === 'running' ? stage.run.waitingForDevice : undefined;
  if (waiting?.wokeAt === undefined || waiting.notified.includes(place)) return undefined;
  const { title } = wordsOf(deps, request);
  return {
    what: 'woke',
    session: number,
    text: `${request.id}, ${title}: the device woke after ${duration(waiting.wokeAt - waiting.since)}, and the session has started.`,
  };
}
