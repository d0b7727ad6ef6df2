// What Defender has shown of the session of a request: its action, and how far each of the commands is.
import { hasBegun, isTerminal, outcomeOf, stepStates } from '../action.ts';
import type { Action, CommandProgress, StepState } from '../action.ts';
import { stageOf } from './request.ts';
import type { Request, Stage, StageIn } from './request.ts';
import type { FoundLate, SeenRun } from './session.ts';

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

/** The id of the action, also where the session was given up after its action had been seen. */
export function actionIdOf(stage: Stage): string | undefined {
  if (stage.state === 'closed') return 'actionId' in stage ? stage.actionId : undefined;
  return runOf(stage)?.actionId;
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
