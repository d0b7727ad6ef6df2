// Folds one journal event into a request. Pure, total over the moves table, and the only writer of state.
import { surfaceKey } from './request/surfaceKey.ts';
import { hasBegun, isKnownStatus } from './action.ts';
import type { Action } from './action.ts';
import { fingerprintOf } from './commands.ts';
import type { Asked, Card, Fact, InState, Move, Request } from './request.ts';
import { moves, target } from './request.ts';

/**
 * An event that the table has no move for. Always a bug of the caller: decisions are made on the same value
 * that is folded.
 */
export class IllegalMove extends Error {
  readonly code = 'illegalMove';
  constructor(id: string, state: string, event: string) {
    super(`request ${id}: no move "${event}" from state "${state}"`);
    this.name = 'IllegalMove';
  }
}

/** The request that `asked` starts. */
export function begin(asked: Asked): InState<'awaitingApproval'> {
  return { ...asked, state: 'awaitingApproval', revision: 1, cards: [], noted: [], changedAt: asked.at };
}

const noResults = { excerpts: [], files: [], links: [], troubles: [] } as const;

/** The request after `event`, which happened at `at` (epoch milliseconds). @throws IllegalMove */
export function evolve(request: Request, event: Move | Fact, at: number): Request {
  const next = isMove(event) ? move(request, event, at) : withFact(request, event, at);
  if (next === undefined) throw new IllegalMove(request.id, request.state, event.type);
  return raises(event) ? { ...next, revision: request.revision + 1, changedAt: at } : next;
}

const factTypes = {
  cardPosting: false,
  cardPosted: false,
  cardShown: false,
  cardGone: false,
  noted: false,
  waiting: true,
  contentSeen: true,
  looked: true,
  excerptRead: true,
  fileSeen: true,
  resultTrouble: true,
  linkMinted: true,
  linkRetired: true,
  linkRefused: true,
  redacted: true,
  cancelAsked: true,
  parked: true,
  triedAgain: true,
  foundAfterDrop: true,
  pressRefused: false,
  resultViewed: false,
} as const satisfies Record<Fact['type'], boolean>;

/** Whether this version can follow events of that type. One that it cannot was written by a newer one. */
export function knowsEvent(type: string): boolean {
  return (
    type === 'asked' ||
    Object.hasOwn(factTypes, type) ||
    Object.values(moves).some((row) => Object.hasOwn(row, type))
  );
}

function isMove(event: Move | Fact): event is Move {
  return !(event.type in factTypes);
}

/** Whether the cards have to be drawn again after this event. */
export function raises(event: Move | Fact): boolean {
  if (isMove(event)) return true;
  return event.type === 'linkMinted' ? event.onCard : factTypes[event.type];
}

function move(request: Request, event: Move, at: number): Request | undefined {
  if (target(request.state, event.type) === undefined) return undefined;
  // The state each move leaves is what `target` has just checked; the switch narrows it again for the
  // compiler.
  switch (event.type) {
    case 'approved':
      return in_(request, 'awaitingApproval', (r) => ({
        ...r,
        state: 'queued',
        approval: event.approval,
        attempts: [],
        runBefore: event.approval.at + r.terms.runWithin,
      }));
    case 'denied':
    case 'withdrawn':
    case 'expired':
    case 'lapsed':
    case 'refused':
    case 'dropped':
      return over(request, event, at);
    case 'claimed':
      return in_(
        request,
        'queued',
        ({
          runBefore: _runBefore,
          notBefore: _notBefore,
          waitsFor: _waitsFor,
          blocker: _blocker,
          error: _error,
          ...r
        }) => ({
          ...r,
          state: 'submitting',
          attempts: [...r.attempts, event.attempt],
        }),
      );
    case 'submitted':
      return in_(request, 'submitting', (r) => running(r, event, at, noResults));
    case 'deferred':
      return in_(request, 'submitting', (r) => ({
        ...r,
        state: 'queued',
        runBefore: r.approval.at + r.terms.runWithin,
        notBefore: event.notBefore,
        waitsFor: event.cause,
        ...(event.error === undefined ? {} : { error: event.error }),
      }));
    case 'lost':
      return in_(request, 'submitting', (r) => ({
        ...r,
        state: 'unknown',
        cause: 'lost',
        since: at,
        looks: 0,
        results: noResults,
        ...(event.error === undefined ? {} : { error: event.error }),
      }));
    case 'adopted':
      return in_(
        request,
        'unknown',
        ({
          cause: _cause,
          since: _since,
          looks: _looks,
          lookedAt: _lookedAt,
          error: _error,
          content: _content,
          ...r
        }) =>
          // What was found is what was approved then, whatever has been seen of the library since.
          running(
            {
              ...r,
              ...(r.approval.content === undefined ? {} : { content: r.approval.content }),
              digest: r.approval.digest,
              fingerprint: fingerprintOf(r.approval.digest),
            },
            event,
            at,
            r.results,
          ),
      );
    case 'resent':
      return in_(
        request,
        'unknown',
        ({
          cause: _cause,
          since: _since,
          looks: _looks,
          lookedAt: _lookedAt,
          actionId: _actionId,
          error: _error,
          cancel: _cancel,
          differs: _differs,
          results: _results,
          ...r
        }) => ({
          ...r,
          state: 'queued',
          approval: event.approval,
          runBefore: event.runBefore,
        }),
      );
    case 'progressed':
      return in_(request, 'running', ({ strangeSince: before, ...r }) => ({
        ...r,
        action: event.action,
        deadline: event.deadline,
        ...woken(r, event.action, at),
        ...strange(before, event.action, at),
      }));
    case 'ended':
      return in_(request, 'running', ({ deadline: _deadline, strangeSince: _strangeSince, ...r }) => ({
        ...r,
        state: 'finished',
        outcome: event.outcome,
        endedAt: at,
        action: event.action,
        // Adopted after its end, nobody saw whether it was.
        opened: r.action.status !== 'Pending' || hasBegun(r.action) || hasBegun(event.action),
      }));
    case 'lostTrack':
    case 'overdue':
      return in_(
        request,
        'running',
        ({
          startedAt: _startedAt,
          action: _action,
          deadline: _deadline,
          parked: _parked,
          strangeSince: _strangeSince,
          ...r
        }) => ({
          ...r,
          state: 'unknown',
          cause: event.type,
          since: at,
          looks: 0,
        }),
      );
  }
}

/** Since when the status has been one that nobody here knows, through every reading in between. */
function strange(
  before: number | undefined,
  action: Action,
  at: number,
): Pick<InState<'running'>, 'strangeSince'> {
  return isKnownStatus(action.status) ? {} : { strangeSince: before ?? at };
}

/** The first reading in which a parked device has begun says when it woke. */
function woken(
  { parked }: InState<'running'>,
  action: Action,
  at: number,
): Pick<InState<'running'>, 'parked'> {
  return parked === undefined || parked.wokeAt !== undefined || !hasBegun(action)
    ? {}
    : { parked: { ...parked, wokeAt: at } };
}

type Sent = Pick<InState<'submitting'>, keyof InState<'submitting'>> | Omit<InState<'submitting'>, 'state'>;

function running(
  request: Sent,
  event: Extract<Move, { type: 'submitted' | 'adopted' }>,
  at: number,
  results: InState<'running'>['results'],
): InState<'running'> {
  return {
    ...request,
    state: 'running',
    startedAt: at,
    actionId: event.action.id,
    action: event.action,
    deadline: event.deadline,
    results,
    ...strange(undefined, event.action, at),
    ...(event.differs === undefined ? {} : { differs: event.differs }),
  };
}

function over(
  request: Request,
  event: Extract<Move, { type: 'denied' | 'withdrawn' | 'expired' | 'lapsed' | 'refused' | 'dropped' }>,
  at: number,
): InState<'over'> {
  const { type, ...rest } = event;
  const ending =
    type === 'lapsed' && request.state === 'queued' && request.waitsFor !== undefined
      ? ({
          how: 'lapsed',
          waitedFor: request.waitsFor,
          ...(request.blocker === undefined ? {} : { blocker: request.blocker }),
          ...(request.error === undefined ? {} : { error: request.error }),
        } as const)
      : ({ how: type, ...rest } as InState<'over'>['ending']);
  return {
    ...known(request),
    state: 'over',
    ending,
    endedAt: at,
    attempts: 'attempts' in request ? request.attempts : [],
    ...('approval' in request ? { approval: request.approval } : {}),
    ...('actionId' in request ? { actionId: request.actionId } : {}),
  };
}

/**
 * Every field that belongs to some states only. The compiler asks for each new one; what was asked is named
 * nowhere, so none of it can be left out.
 */
const ofSomeStates = {
  approval: true,
  attempts: true,
  runBefore: true,
  notBefore: true,
  waitsFor: true,
  blocker: true,
  error: true,
  cause: true,
  since: true,
  looks: true,
  lookedAt: true,
  actionId: true,
  action: true,
  startedAt: true,
  deadline: true,
  cancel: true,
  parked: true,
  differs: true,
  results: true,
  outcome: true,
  opened: true,
  ending: true,
  endedAt: true,
  found: true,
  strangeSince: true,
} as const satisfies Record<Exclude<FieldOf<Request>, FieldOf<InState<'awaitingApproval'>>>, true>;

type FieldOf<R> = R extends unknown ? keyof R : never;

/** Only what is known in every state, so that no field of an older state survives into the last one. */
function known(request: Request): InState<'awaitingApproval'> {
  const kept = Object.fromEntries(
    Object.entries(request).filter(([name]) => !(name in ofSomeStates)),
  ) as Omit<InState<'awaitingApproval'>, 'state'>;
  return { ...kept, state: 'awaitingApproval' };
}

function in_<S extends Request['state']>(
  request: Request,
  state: S,
  then: (r: InState<S>) => Request,
): Request | undefined {
  return request.state === state ? then(request as InState<S>) : undefined;
}

function withFact(request: Request, event: Fact, at: number): Request | undefined {
  switch (event.type) {
    case 'pressRefused':
    case 'resultViewed':
      return request;
    case 'noted':
      if (event.what === 'found') return findNoted(request, surfaceKey(event.surface, event.place));
      return event.what === 'woke'
        ? wakeNoted(request, surfaceKey(event.surface, event.place))
        : { ...request, noted: [...request.noted, surfaceKey(event.surface, event.place)] };
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
      // An update may be told late; a card never goes back to an older revision.
      return withCard(request, event.intent, ({ dead: _dead, ...card }) => ({
        ...card,
        shown: Math.max(card.shown, event.shown),
      }));
    case 'cardGone':
      return event.dead
        ? withCard(request, event.intent, (card) => ({ ...card, dead: event.why }))
        : { ...request, cards: request.cards.filter((card) => card.intent !== event.intent) };
    case 'waiting':
      return in_(request, 'queued', ({ blocker: _blocker, error: _error, ...r }) => ({
        ...r,
        waitsFor: event.cause,
        ...(event.blocker === undefined ? {} : { blocker: event.blocker }),
        ...(event.error === undefined ? {} : { error: event.error }),
      }));
    case 'contentSeen':
      if (request.state !== 'awaitingApproval' && request.state !== 'unknown') return undefined;
      return { ...request, content: event.content, digest: event.digest, fingerprint: event.fingerprint };
    case 'looked':
      return in_(request, 'unknown', (r) => ({ ...r, looks: r.looks + 1, lookedAt: at }));
    case 'cancelAsked':
      return request.state === 'running' || request.state === 'finished' || request.state === 'unknown'
        ? { ...request, cancel: event.cancel }
        : undefined;
    case 'parked':
      return in_(request, 'running', (r) => ({ ...r, parked: { ...event.parked, noted: [] } }));
    case 'triedAgain':
      return request.state === 'finished' || request.state === 'over'
        ? { ...request, again: event.again }
        : undefined;
    case 'foundAfterDrop':
      return in_(request, 'over', (r) => ({
        ...r,
        found: {
          at: r.found?.at ?? at,
          noted: r.found?.noted ?? [],
          action: event.action,
          ...(event.differs === undefined ? {} : { differs: event.differs }),
        },
      }));
    case 'excerptRead':
      return withResults(request, (results) => ({
        ...results,
        excerpts: [...results.excerpts.filter((one) => one.index !== event.excerpt.index), event.excerpt],
        troubles: results.troubles.filter((one) => one.index !== event.excerpt.index),
      }));
    case 'fileSeen':
      return withResults(request, (results) => ({
        ...results,
        files: [...results.files.filter((one) => one.index !== event.file.index), event.file],
        troubles: results.troubles.filter((one) => one.index !== event.file.index),
      }));
    case 'resultTrouble':
      return withResults(request, (results) => ({
        ...results,
        troubles: [...results.troubles.filter((one) => one.index !== event.trouble.index), event.trouble],
      }));
    case 'linkMinted':
      // Of a session found late only private links are made: nothing of its results is kept with it.
      if (request.state === 'over') return request.found !== undefined && !event.onCard ? request : undefined;
      return withResults(request, ({ linkTroubles = [], ...results }) => {
        const troubles = linkTroubles.filter((one) => one.index !== event.link.index);
        return {
          ...results,
          ...(troubles.length === 0 ? {} : { linkTroubles: troubles }),
          ...(event.onCard
            ? { links: [...results.links.filter((one) => one.index !== event.link.index), event.link] }
            : {}),
        };
      });
    case 'redacted':
      return request.state === 'running' || request.state === 'finished' || request.state === 'unknown'
        ? { ...request, redacted: { at, cause: event.cause } }
        : undefined;
    case 'linkRefused':
      return withResults(request, (results) => ({
        ...results,
        linkTroubles: [
          ...(results.linkTroubles ?? []).filter((one) => one.index !== event.trouble.index),
          event.trouble,
        ],
      }));
    case 'linkRetired':
      return withResults(request, (results) => ({
        ...results,
        links: results.links.filter((one) => one.index !== event.index),
      }));
  }
}

function wakeNoted(request: Request, place: string): Request | undefined {
  if ((request.state !== 'running' && request.state !== 'finished') || request.parked === undefined)
    return undefined;
  return { ...request, parked: { ...request.parked, noted: [...request.parked.noted, place] } };
}

function findNoted(request: Request, place: string): Request | undefined {
  if (request.state !== 'over' || request.found === undefined) return undefined;
  return { ...request, found: { ...request.found, noted: [...request.found.noted, place] } };
}

type Results = InState<'running'>['results'];

function withResults(request: Request, change: (results: Results) => Results): Request | undefined {
  if (request.state !== 'running' && request.state !== 'finished' && request.state !== 'unknown')
    return undefined;
  return { ...request, results: change(request.results) };
}

function withCard(request: Request, intent: string, change: (card: Card) => Card): Request {
  return { ...request, cards: request.cards.map((card) => (card.intent === intent ? change(card) : card)) };
}
