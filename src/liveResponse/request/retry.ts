// Progress and retries of a request: how far each of its commands is, whether it may have run already,
// whether it may be tried again and from which index on, and which requests are its twins, so that no script
// runs twice by mistake.
import { hasBegun, isTerminal, outcomeOf, stepStates } from '../action.ts';
import type { Action, CommandProgress, StepState } from '../action.ts';
import { sameDeeds } from '../commands.ts';
import { sessionOf, stageOf } from './request.ts';
import type { Asked, Continues, Request, Stage, StageIn, Subject, Target } from './request.ts';
import { earlierAttempt } from './session.ts';
import type { FoundLate, SeenRun } from './session.ts';

/** Why a request cannot be tried again by its button or by `retry`. Typing it again is always possible. */
export type NotAgain =
  'notEnded' | 'complete' | 'takenBack' | 'mayHaveRun' | 'foundLate' | 'mustNot' | 'hopeless';

/**
 * The index to continue from: the first command that did not complete. Offered where a session ended short of
 * its end, and where nothing was sent because time ran out or Defender refused; not against the word of a
 * person, and not where nobody knows whether it ran.
 * @param lost whether the record was restored, and what became of the request is in the lines that are lost
 */
export function againFrom(
  request: Request,
  lost = false,
): { readonly from: number } | { readonly why: NotAgain } {
  const stage = stageOf(request);
  if (stage.state === 'finished') {
    // What completed are other commands than these, or did so on another device.
    if (stage.run.differs !== undefined || otherDevice(request) !== undefined) return { why: 'mayHaveRun' };
    const from = request.subject.commands.findIndex((_, index) => stateOf(request, index) !== 'completed');
    return from < 0 ? { why: 'complete' } : { from };
  }
  if (stage.state !== 'closed') return { why: 'notEnded' };
  if (foundLateOf(stage) !== undefined) return { why: 'foundLate' };
  if (stage.ending.kind === 'abandoned' || mayHaveReached(request, lost)) return { why: 'mayHaveRun' };
  switch (stage.ending.kind) {
    case 'denied':
    case 'withdrawn':
      return { why: 'takenBack' };
    case 'expired':
    case 'lapsed':
      return { from: 0 };
    case 'refused':
      // Both say that what the card showed is not what would run here: nothing of it may be carried over.
      if (stage.ending.code === 'digestMismatch' || stage.ending.code === 'otherTenant')
        return { why: 'mustNot' };
      return stage.ending.code === 'OsPlatformNotSupported' || stage.ending.code === 'deviceUnsupported'
        ? { why: 'hopeless' }
        : { from: 0 };
  }
}

/**
 * Whether a request reached Defender, or may have: continuing from an older one would then run things twice.
 * @param lost as for `againFrom`
 */
export function mayHaveReached(request: Request, lost = false): boolean {
  const stage = stageOf(request);
  return (
    stage.state !== 'closed' ||
    lost ||
    stage.ending.kind === 'abandoned' ||
    earlierAttempt(sessionOf(request)) !== undefined
  );
}

/** What the new request holds of the old one. @param from an index of the old request's commands */
export function continuationOf(old: Request, from: number): Continues {
  const { commands } = old.subject;
  const finished = stageOf(old).state === 'finished';
  const begun = (index: number): boolean => finished && stateOf(old, index) !== 'skipped';
  // An attempt of which nothing began left nothing of its own; what the one before it left is still there.
  if (old.asked.continues !== undefined && !commands.some((_, index) => begun(index))) {
    const { id, from: start, before, mayRepeat } = old.asked.continues;
    return {
      id,
      from: start + from,
      before,
      mayRepeat: mayRepeat.flatMap((index) => (index >= from ? [index - from] : [])),
    };
  }
  // Defender's own word; without it a command whose end was not reported may have been done.
  const failed = (index: number): boolean => progressOf(old, index)?.status === 'Failed';
  return {
    id: old.id,
    from,
    before: commands.filter((_, index) => index < from && begun(index) && !failed(index)),
    // A script that failed has begun, and may have done half of its work; a file that failed was not put.
    // Collecting twice harms nothing.
    mayRepeat: commands.flatMap((command, index) =>
      index >= from &&
      begun(index) &&
      command.type !== 'GetFile' &&
      (command.type === 'RunScript' || !failed(index))
        ? [index - from]
        : [],
    ),
  };
}

/** What stays known of a session that Defender took, also while we have lost sight of it. */
export function runOf(stage: Stage): SeenRun | undefined {
  return 'run' in stage ? stage.run : undefined;
}

/** A session that was closed, and that Defender showed after all. */
export function foundLateOf(stage: Stage): FoundLate | undefined {
  return stage.state === 'closed' && 'found' in stage ? stage.found : undefined;
}

/** The action as it was last read, also one that was found late; undefined while none is in sight. */
export function actionOf(stage: Stage): Action | undefined {
  return stage.state === 'running' || stage.state === 'finished'
    ? stage.run.action
    : foundLateOf(stage)?.action;
}

/**
 * The id of the action, also where the session was given up: its action had been seen before, or was found
 * after all.
 */
export function actionIdOf(stage: Stage): string | undefined {
  const seen = stage.state === 'closed' && 'actionId' in stage ? stage.actionId : runOf(stage)?.actionId;
  return seen ?? foundLateOf(stage)?.action.id;
}

/** What Defender says of one command. */
export function progressOf(request: Request, index: number): CommandProgress | undefined {
  return actionOf(stageOf(request))?.progress.find((one) => one.index === index);
}

export function stateOf(request: Request, index: number): StepState {
  return statesOf(request)[index] ?? 'waiting';
}

/** The state of every command, in their order. */
export function statesOf(request: Request): readonly StepState[] {
  const stage = stageOf(request);
  const { commands } = request.subject;
  if (stage.state === 'finished') {
    // Of a command whose result was read, the end is known, whatever Defender's last word leaves out: the
    // first without an end comes after it.
    const read = commands.flatMap((_, index) =>
      hasResult(request, stage, index) ? [{ index, status: 'Completed', errors: [] }] : [],
    );
    return stepStates({ progress: [...stage.run.action.progress, ...read] }, commands.length, {
      outcome: stage.outcome,
      opened: stage.opened === true,
    });
  }
  const action = actionOf(stage);
  if (action === undefined) return commands.map(() => 'waiting');
  return stepStates(
    action,
    commands.length,
    stage.state === 'closed' && isTerminal(action.status)
      ? { outcome: outcomeOf[action.status], opened: hasBegun(action) }
      : undefined,
  );
}

function hasResult(request: Request, { run }: StageIn<'finished'>, index: number): boolean {
  return (
    progressOf(request, index) === undefined &&
    [...run.results.excerpts, ...run.results.files].some((one) => one.index === index)
  );
}

/**
 * The id of the device that Defender's action names, where it is not the one that was approved. An action
 * that names none says nothing.
 */
export function otherDevice(request: Request): string | undefined {
  const stage = stageOf(request);
  if (stage.state !== 'running' && stage.state !== 'finished') return undefined;
  const { machineId } = stage.run.action;
  return machineId === '' || machineId.toLowerCase() === request.targets[0].device.id.toLowerCase()
    ? undefined
    : machineId;
}

/**
 * How the origin of a request begins that was made from an earlier one; the rest is the id of the last
 * attempt before it.
 */
export const sequelOrigin = 'again:';

/** After its end a twin is named on the cards of those that wait for as long as this. Milliseconds. */
export const twinMemory = 3_600_000;

/** What of a request tells whether another one is its twin. */
interface Compared extends Pick<Request, 'id' | 'origin'> {
  readonly targets: readonly [Pick<Target, 'device'>, ...unknown[]];
  readonly subject: Pick<Subject, 'commands'>;
  readonly asked: Pick<Asked, 'continues'>;
}

/** A request and the one it was made from are no twins: its card says what it repeats. */
export function areTwins(one: Compared, other: Compared): boolean {
  return (
    one.id !== other.id &&
    one.targets[0].device.id === other.targets[0].device.id &&
    sameDeeds(one.subject.commands, other.subject.commands) &&
    !madeFrom(one, other) &&
    !madeFrom(other, one)
  );
}

function madeFrom(one: Compared, earlier: Compared): boolean {
  return one.asked.continues?.id === earlier.id || one.origin === `${sequelOrigin}${earlier.id}`;
}

/** The newest of `open` that asks for the same; undefined where there is none. */
export function twinAmong(open: readonly Request[], asked: Compared): Request | undefined {
  return open
    .filter((request) => areTwins(request, asked))
    .sort((a, b) => b.asked.at - a.asked.at)
    .at(0);
}
