// The fold of one event into a session: its transitions, and the facts that leave its stage as it is. Pure.
import { hasBegun, isKnownStatus } from '../action.ts';
import type { Action } from '../action.ts';
import type { Results } from '../results/resultFacts.ts';
import { sessionTarget } from './events.ts';
import type { SessionFact, SessionTransition } from './events.ts';
import type { Request } from './request.ts';
import type { Approval } from './vote.ts';
import { noResults } from './session.ts';
import type {
  Finished,
  Grant,
  Queued,
  Run,
  Running,
  SeenRun,
  Session,
  SessionEnding,
  SessionStage,
  Unknown,
} from './session.ts';
import { surfaceKey } from './request.ts';

export function grantOf(number: number, vote: Approval): Grant {
  return {
    number,
    at: vote.at,
    votes: [vote],
    digest: vote.digest,
    ...(vote.content === undefined ? {} : { content: vote.content }),
  };
}

type Ended<E> = E extends { readonly type: infer Kind } ? Omit<E, 'type'> & { readonly kind: Kind } : never;

/** An event that ends something is its ending under another name. */
export function endingOf<E extends { readonly type: string }>({ type, ...rest }: E): Ended<E> {
  return { kind: type, ...rest } as unknown as Ended<E>;
}

export function sessionTransition(
  { asked }: Request,
  session: Session,
  event: SessionTransition,
  at: number,
): Session | undefined {
  const { stage } = session;
  if (sessionTarget(stage.state, event.type) === undefined) return undefined;
  const into = (next: SessionStage): Session => ({ ...session, stage: next });
  switch (event.type) {
    case 'claimed':
      return {
        ...session,
        attempts: [...session.attempts, { ...event.attempt, grant: session.grant.number }],
        stage: { state: 'submitting' },
      };
    case 'submitted':
    case 'found':
      return into(running(event, stage.state === 'unknown' ? stage.run : undefined, at));
    case 'deferred':
      return into({
        state: 'queued',
        runBefore: session.grant.at + asked.terms.runWithin,
        notBefore: event.notBefore,
        waitsFor: event.cause,
        ...(event.error === undefined ? {} : { error: event.error }),
      });
    case 'lost':
      return into({
        ...unknown('lost', undefined, at),
        ...(event.error === undefined ? {} : { error: event.error }),
      });
    case 'resubmitted':
      return {
        ...session,
        grant: grantOf(session.grant.number + 1, event.vote),
        stage: { state: 'queued', runBefore: event.runBefore },
      };
    case 'progressed':
      return stage.state === 'running' ? into(progressed(stage, event, at)) : undefined;
    case 'ended':
      return stage.state === 'running' ? into(finished(stage, event, at)) : undefined;
    case 'actionMissing':
    case 'overdue':
      return stage.state === 'running' ? into(unknown(event.type, seen(stage.run), at)) : undefined;
    case 'lapsed':
      return stage.state === 'queued' ? into(closed(stage, lapsed(stage), at)) : undefined;
    case 'withdrawn':
    case 'refused':
    case 'abandoned':
      return into(closed(stage, endingOf(event), at));
  }
}

function finished(
  { run }: Running,
  { action, outcome }: Extract<SessionTransition, { readonly type: 'ended' }>,
  at: number,
): Finished {
  return {
    state: 'finished',
    run: { ...run, action },
    outcome,
    endedAt: at,
    // Found after its end, nobody saw whether it was.
    opened: run.action.status !== 'Pending' || hasBegun(run.action) || hasBegun(action),
  };
}

function lapsed({ waitsFor, blocker, error }: Queued): SessionEnding {
  return waitsFor === undefined
    ? { kind: 'lapsed' }
    : {
        kind: 'lapsed',
        waitedFor: waitsFor,
        ...(blocker === undefined ? {} : { blocker }),
        ...(error === undefined ? {} : { error }),
      };
}

function closed(stage: SessionStage, ending: SessionEnding, at: number): SessionStage {
  const actionId = stage.state === 'unknown' ? stage.run?.actionId : undefined;
  return { state: 'closed', ending, endedAt: at, ...(actionId === undefined ? {} : { actionId }) };
}

function unknown(cause: Unknown['cause'], run: SeenRun | undefined, at: number): Unknown {
  return { state: 'unknown', cause, since: at, searches: 0, ...(run === undefined ? {} : { run }) };
}

/** Of a run that nobody sees any more: not its last reading, nor that it waited for its device. */
function seen({ action: _action, startedAt: _startedAt, waitingForDevice: _waiting, ...rest }: Run): SeenRun {
  return rest;
}

function running(
  event: Extract<SessionTransition, { readonly type: 'submitted' | 'found' }>,
  before: SeenRun | undefined,
  at: number,
): Running {
  return {
    state: 'running',
    run: {
      ...(before ?? { results: noResults }),
      startedAt: at,
      actionId: event.action.id,
      action: event.action,
      ...(event.differs === undefined ? {} : { differs: event.differs }),
    },
    deadline: event.deadline,
    ...strange(undefined, event.action, at),
  };
}

function progressed(
  stage: Running,
  event: Extract<SessionTransition, { readonly type: 'progressed' }>,
  at: number,
): Running {
  const { strangeSince: before, ...rest } = stage;
  const { waitingForDevice: waiting } = stage.run;
  // The first reading in which the device has begun says when it woke.
  const woke = waiting !== undefined && waiting.wokeAt === undefined && hasBegun(event.action);
  return {
    ...rest,
    run: {
      ...stage.run,
      action: event.action,
      ...(woke ? { waitingForDevice: { ...waiting, wokeAt: at } } : {}),
    },
    deadline: event.deadline,
    ...strange(before, event.action, at),
  };
}

/** Since when the status has been one that nobody here knows, through every reading in between. */
function strange(before: number | undefined, action: Action, at: number): Pick<Running, 'strangeSince'> {
  return isKnownStatus(action.status) ? {} : { strangeSince: before ?? at };
}

export function withSessionFact(session: Session, event: SessionFact, at: number): Session | undefined {
  const next = stageAfterFact(session.stage, event, at);
  return next === undefined ? undefined : { ...session, stage: next };
}

function stageAfterFact(stage: SessionStage, event: SessionFact, at: number): SessionStage | undefined {
  switch (event.type) {
    case 'waiting': {
      if (stage.state !== 'queued') return undefined;
      const { blocker: _blocker, error: _error, ...rest } = stage;
      return {
        ...rest,
        waitsFor: event.cause,
        ...(event.blocker === undefined ? {} : { blocker: event.blocker }),
        ...(event.error === undefined ? {} : { error: event.error }),
      };
    }
    case 'searched':
      return stage.state === 'unknown'
        ? { ...stage, searches: stage.searches + 1, searchedAt: at }
        : undefined;
    case 'cancelAsked':
      return withSeen(stage, () => ({ cancel: event.cancel }));
    case 'waitingForDevice':
      return stage.state === 'running'
        ? withRun(stage, { waitingForDevice: { ...event.waiting, notified: [] } })
        : undefined;
    case 'sessionNotified':
      return withSessionNotice(stage, surfaceKey(event.surface, event.place), event.what);
    case 'foundLate':
      if (stage.state !== 'closed') return undefined;
      return {
        ...stage,
        found: {
          at: stage.found?.at ?? at,
          notified: stage.found?.notified ?? [],
          action: event.action,
          ...(event.differs === undefined ? {} : { differs: event.differs }),
        },
      };
    case 'linkMinted':
      // Of a session found late only private links are made: nothing of its results is kept with it.
      if (stage.state === 'closed') return stage.found !== undefined && !event.onCard ? stage : undefined;
      return withResults(stage, event);
    default:
      return withResults(stage, event);
  }
}

function withSessionNotice(
  stage: SessionStage,
  place: string,
  what: 'woke' | 'found',
): SessionStage | undefined {
  if (what === 'found')
    return stage.state === 'closed' && stage.found !== undefined
      ? { ...stage, found: { ...stage.found, notified: [...stage.found.notified, place] } }
      : undefined;
  if (stage.state !== 'running' && stage.state !== 'finished') return undefined;
  const { waitingForDevice: waiting } = stage.run;
  return waiting === undefined
    ? undefined
    : withRun(stage, { waitingForDevice: { ...waiting, notified: [...waiting.notified, place] } });
}

function withRun<S extends Running | Finished>(stage: S, part: Partial<Run>): S {
  return { ...stage, run: { ...stage.run, ...part } };
}

/** A field that a session has too when it is lost. */
function withSeen(stage: SessionStage, change: (run: SeenRun) => Partial<SeenRun>): SessionStage | undefined {
  if (stage.state === 'running' || stage.state === 'finished') return withRun(stage, change(stage.run));
  return stage.state === 'unknown' && stage.run !== undefined
    ? { ...stage, run: { ...stage.run, ...change(stage.run) } }
    : undefined;
}

type ResultFact = Extract<
  SessionFact,
  {
    readonly type:
      'excerptRead' | 'fileSeen' | 'resultTrouble' | 'linkMinted' | 'linkRetired' | 'linkRefused';
  }
>;

function withResults(stage: SessionStage, event: ResultFact): SessionStage | undefined {
  return withSeen(stage, ({ results }) => ({ results: resultsAfter(results, event) }));
}

function resultsAfter(results: Results, event: ResultFact): Results {
  switch (event.type) {
    case 'excerptRead':
      return {
        ...results,
        excerpts: [...without(results.excerpts, event.excerpt.index), event.excerpt],
        troubles: without(results.troubles, event.excerpt.index),
      };
    case 'fileSeen':
      return {
        ...results,
        files: [...without(results.files, event.file.index), event.file],
        troubles: without(results.troubles, event.file.index),
      };
    case 'resultTrouble':
      return { ...results, troubles: [...without(results.troubles, event.trouble.index), event.trouble] };
    case 'linkMinted': {
      const { linkTroubles = [], ...rest } = results;
      const troubles = without(linkTroubles, event.link.index);
      return {
        ...rest,
        ...(troubles.length === 0 ? {} : { linkTroubles: troubles }),
        ...(event.onCard ? { links: [...without(results.links, event.link.index), event.link] } : {}),
      };
    }
    case 'linkRefused':
      return {
        ...results,
        linkTroubles: [...without(results.linkTroubles ?? [], event.trouble.index), event.trouble],
      };
    case 'linkRetired':
      return { ...results, links: without(results.links, event.index) };
  }
}

function without<One extends { readonly index: number }>(all: readonly One[], index: number): readonly One[] {
  return all.filter((one) => one.index !== index);
}
