// The fold of one event into a request. Pure, total over the tables of transitions, and the only writer of
// state.
import { fingerprintOf } from '../commands.ts';
import { isRequestFact, isSessionFact, raisesRevision, requestTarget } from './events.ts';
import type { Change, RequestEvent, RequestFact, RequestTransition, SessionEvent } from './events.ts';
import type { Card, NewRequest, Request } from './request.ts';
import type { Grant } from './session.ts';
import { endingOf, grantOf, sessionTransition, withSessionFact } from './sessionFold.ts';
import { surfaceKey } from './request.ts';

/**
 * An event that the tables have no transition for. Always a bug of the caller: decisions are made on the same
 * value that is folded.
 */
export class IllegalTransition extends Error {
  readonly code = 'illegalTransition';
  constructor(id: string, state: string, event: string) {
    super(`request ${id}: no transition "${event}" from state "${state}"`);
    this.name = 'IllegalTransition';
  }
}

/** The request that was asked. */
export function create(made: NewRequest): Request {
  return {
    ...made,
    stage: { state: 'awaitingApproval' },
    votes: [],
    sessions: [],
    revision: 1,
    changedAt: made.asked.at,
    cards: [],
    notified: [],
  };
}

/** The request after an event, which happened at `at` (epoch milliseconds). @throws IllegalTransition */
export function apply(request: Request, change: Change, at: number): Request {
  const next =
    change.session === undefined
      ? afterRequestEvent(request, change.event, at)
      : afterSessionEvent(request, change.event, change.session, at);
  return raisesRevision(change.event) ? { ...next, revision: request.revision + 1, changedAt: at } : next;
}

function afterRequestEvent(request: Request, event: RequestEvent, at: number): Request {
  const next = isRequestFact(event) ? withRequestFact(request, event, at) : transition(request, event, at);
  if (next === undefined) throw new IllegalTransition(request.id, request.stage.state, event.type);
  return next;
}

function afterSessionEvent(request: Request, event: SessionEvent, number: number, at: number): Request {
  const session = request.sessions[number];
  if (session === undefined) throw new IllegalTransition(request.id, request.stage.state, event.type);
  const next = isSessionFact(event)
    ? withSessionFact(session, event, at)
    : sessionTransition(request, session, event, at);
  if (next === undefined) throw new IllegalTransition(request.id, session.stage.state, event.type);
  const after = {
    ...request,
    sessions: request.sessions.map((one) => (one.number === number ? next : one)),
  };
  // What was found is what was approved then, whatever has been seen of the library since.
  return event.type === 'found' ? { ...after, subject: approvedSubject(after, next.grant) } : after;
}

function approvedSubject({ subject }: Request, grant: Grant): Request['subject'] {
  const { content: _seenSince, ...rest } = subject;
  return {
    ...rest,
    ...(grant.content === undefined ? {} : { content: grant.content }),
    digest: grant.digest,
    fingerprint: fingerprintOf(grant.digest),
  };
}

function transition(request: Request, event: RequestTransition, at: number): Request | undefined {
  if (requestTarget(request.stage.state, event.type) === undefined) return undefined;
  switch (event.type) {
    case 'approved':
      return {
        ...request,
        stage: { state: 'approved', at: event.vote.at },
        votes: [...request.votes, event.vote],
        sessions: request.targets.map(({ device }, number) => ({
          number,
          device,
          grant: grantOf(0, event.vote),
          attempts: [],
          stage: { state: 'queued', runBefore: event.vote.at + request.asked.terms.runWithin },
        })),
      };
    case 'denied': {
      const { by, reason, byLastKnown } = event.vote;
      return {
        ...request,
        votes: [...request.votes, event.vote],
        stage: {
          state: 'closed',
          endedAt: at,
          ending: {
            kind: 'denied',
            by,
            ...(reason === undefined ? {} : { reason }),
            ...(byLastKnown === undefined ? {} : { byLastKnown }),
          },
        },
      };
    }
    case 'expired':
      return { ...request, stage: { state: 'closed', endedAt: at, ending: { kind: 'expired' } } };
    case 'withdrawn':
    case 'refused':
      return { ...request, stage: { state: 'closed', endedAt: at, ending: endingOf(event) } };
  }
}

function withRequestFact(request: Request, event: RequestFact, at: number): Request | undefined {
  switch (event.type) {
    case 'pressRefused':
    case 'resultViewed':
      return request;
    case 'notified':
      return { ...request, notified: [...request.notified, surfaceKey(event.surface, event.place)] };
    case 'cardPosting':
      return {
        ...request,
        cards: [
          ...request.cards,
          { place: event.place, surface: event.surface, intent: event.intent, shown: 0 },
        ],
      };
    case 'cardPosted':
      return withCard(request, event.intent, ({ dead: _dead, ...card }) => ({
        ...card,
        ref: event.ref,
        shown: event.shown,
      }));
    case 'cardShown':
      // An update may be reported late; a card never goes back to an older revision.
      return withCard(request, event.intent, ({ dead: _dead, ...card }) => ({
        ...card,
        shown: Math.max(card.shown, event.shown),
      }));
    case 'cardGone':
      return event.dead
        ? withCard(request, event.intent, (card) => ({ ...card, dead: event.why }))
        : { ...request, cards: request.cards.filter((card) => card.intent !== event.intent) };
    case 'contentSeen': {
      if (!mayStillBeApproved(request)) return undefined;
      const { content, digest, fingerprint } = event;
      return { ...request, subject: { ...request.subject, content, digest, fingerprint } };
    }
    case 'redacted':
      return request.sessions.some(({ stage }) => 'run' in stage || stage.state === 'unknown')
        ? { ...request, redacted: { at, cause: event.cause } }
        : undefined;
    case 'retried':
      return hasEnded(request) ? { ...request, retriedAs: event.as } : undefined;
  }
}

function mayStillBeApproved({ stage, sessions }: Request): boolean {
  return stage.state === 'awaitingApproval' || sessions.some((session) => session.stage.state === 'unknown');
}

function hasEnded({ stage, sessions }: Request): boolean {
  return (
    stage.state === 'closed' ||
    (stage.state === 'approved' &&
      sessions.every((session) => session.stage.state === 'finished' || session.stage.state === 'closed'))
  );
}

function withCard(request: Request, intent: string, change: (card: Card) => Card): Request {
  return { ...request, cards: request.cards.map((card) => (card.intent === intent ? change(card) : card)) };
}
