// Defender's words for a machine action, read tolerantly: a status nobody has seen yet is "still going" with
// a warning, never a success.
import type { Command } from './commands.ts';

/** Documented and observed action statuses (learn.microsoft.com/defender-endpoint/api/machineaction). */
export const terminalStatuses = ['Succeeded', 'Failed', 'TimeOut', 'Cancelled'] as const;
export type TerminalStatus = (typeof terminalStatuses)[number];
export const activeStatuses = ['Pending', 'InProgress'] as const;

/**
 * What else those are called: older pages wrote Canceled, clients write Timeout and TimedOut. A word for
 * success has one spelling only.
 */
const otherSpellings = { canceled: 'Cancelled', timedout: 'TimeOut' } as const;
const statusWords: ReadonlyMap<string, string> = new Map([
  ...[...terminalStatuses, ...activeStatuses].map((word) => [folded(word), word] as const),
  ...Object.entries(otherSpellings),
]);
/**
 * Of commands: Created, Completed and Failed are documented, the others were seen. InProgress is an action's
 * word; of a command it can only mean the same.
 */
const commandWords: ReadonlyMap<string, string> = new Map([
  ...['Created', 'Submitted', 'PendingResource', 'Executing', 'Completed', 'Failed'].map(
    (word) => [folded(word), word] as const,
  ),
  ['inprogress', 'Executing'],
]);
/** The documented types (learn.microsoft.com/defender-endpoint/api/machineaction). */
const typeWords: ReadonlyMap<string, string> = new Map(
  [
    'RunAntiVirusScan',
    'Offboard',
    'LiveResponse',
    'CollectInvestigationPackage',
    'Isolate',
    'Unisolate',
    'StopAndQuarantineFile',
    'RestrictCodeExecution',
    'UnrestrictCodeExecution',
    'RequestSample',
  ].map((word) => [folded(word), word]),
);

function folded(word: string): string {
  return word.toLowerCase().replaceAll(/[\s_-]/g, '');
}

/**
 * The documented spelling of an action's status, whatever its letter case and separators; a word nobody knows
 * stays as it is.
 */
export function statusWord(text: string): string {
  return statusWords.get(folded(text)) ?? text;
}

/** The same of a command's status. */
export function commandStatusWord(text: string): string {
  return commandWords.get(folded(text)) ?? text;
}

/** The same of an action's type. */
export function typeWord(text: string): string {
  return typeWords.get(folded(text)) ?? text;
}

/** One entry of the action's `commands`, index being its position in what was submitted. */
export interface CommandProgress {
  readonly index: number;
  /** Created, Submitted, PendingResource, Executing, Completed, Failed, or a word of the future. */
  readonly status: string;
  /** Epoch milliseconds; either may be absent even on a Completed command. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly errors: readonly string[];
}

/** A live response machine action as Defender tells it. */
export interface Action {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly machineId: string;
  readonly requestor: string;
  /** Our Comment, in which the tag is looked for. */
  readonly comment: string;
  /** Epoch milliseconds; absent where Defender does not tell it, or tells a date that cannot be. */
  readonly createdAt?: number;
  readonly updatedAt?: number;
  /** `errorHResult` as 32 bits without sign; absent while it is 0. */
  readonly hresult?: number;
  /** `troubleshootInfo` and what else the action itself says of a failure, as text. */
  readonly troubleshoot?: string;
  readonly cancelledBy?: string;
  readonly cancelComment?: string;
  readonly progress: readonly CommandProgress[];
  /** What Defender says it was asked to run; undefined where it could not be read. */
  readonly commands?: readonly Command[];
}

export function isTerminal(status: string): status is TerminalStatus {
  return (terminalStatuses as readonly string[]).includes(status);
}

export function isKnownStatus(status: string): boolean {
  return isTerminal(status) || (activeStatuses as readonly string[]).includes(status);
}

/** Whether the device has taken the session up: Defender says so, or a command has a start or an end. */
export function hasBegun(action: Pick<Action, 'status' | 'progress'>): boolean {
  return (
    action.status === 'InProgress' ||
    action.progress.some(
      (one) => one.startedAt !== undefined || ['Executing', 'Completed', 'Failed'].includes(one.status),
    )
  );
}

/** How a request ends on each terminal status. */
export const outcomeOf = {
  Succeeded: 'succeeded',
  Failed: 'failed',
  TimeOut: 'timedOut',
  Cancelled: 'cancelled',
} as const satisfies Record<TerminalStatus, string>;
export type Outcome = (typeof outcomeOf)[TerminalStatus];

/**
 * `failed`: by Defender's word, or without an end in a session that has ended. `skipped`: never run because
 * an earlier command failed or the action ended first.
 */
export type StepState = 'waiting' | 'running' | 'completed' | 'failed' | 'skipped';

/**
 * What a row of the card says of each of `count` commands. `ended`: how the session ended, and whether the
 * device had taken it up. The documented statuses have no word for "at work": a command reads Created until
 * it is Completed or Failed, so of a session that was taken up and ended early, the first one without an end
 * may have run.
 */
export function stepStates(
  action: Pick<Action, 'progress'>,
  count: number,
  ended?: { readonly outcome: Outcome; readonly opened: boolean },
): readonly StepState[] {
  const states = Array.from({ length: count }, (_, index) =>
    stepState(
      action.progress.find((one) => one.index === index),
      ended !== undefined,
    ),
  );
  if (ended === undefined || states.includes('failed')) return states;
  // A success that leaves commands out says nothing of them.
  if (ended.outcome === 'succeeded') return states.map((state) => (state === 'skipped' ? 'failed' : state));
  const first = states.indexOf('skipped');
  return ended.opened ? states.map((state, index) => (index === first ? 'failed' : state)) : states;
}

/** What is known of one command from its own status and whether the whole action has ended. */
export function stepState(progress: CommandProgress | undefined, ended: boolean): StepState {
  if (progress === undefined) return ended ? 'skipped' : 'waiting';
  switch (progress.status) {
    case 'Completed':
      return 'completed';
    case 'Failed':
      return 'failed';
    case 'Created':
      // With a start time it has begun, whatever it is called.
      if (progress.startedAt !== undefined) return ended ? 'failed' : 'running';
      return ended ? 'skipped' : 'waiting';
    default:
      // Submitted, PendingResource, Executing and anything new.
      return ended
        ? 'failed'
        : progress.status === 'Executing' || progress.startedAt !== undefined
          ? 'running'
          : 'waiting';
  }
}

/**
 * When it was created, or `otherwise` where Defender did not tell. Actions journaled by version 0.1 say 0 for
 * that.
 */
export function createdAtOr({ createdAt }: Pick<Action, 'createdAt'>, otherwise: number): number {
  return createdAt === undefined || createdAt <= 0 ? otherwise : createdAt;
}

/** True when two readings of one action would draw the same card. */
export function sameReading(a: Action, b: Action): boolean {
  return (
    a.status === b.status &&
    a.cancelledBy === b.cancelledBy &&
    a.hresult === b.hresult &&
    a.troubleshoot === b.troubleshoot &&
    JSON.stringify(a.progress) === JSON.stringify(b.progress)
  );
}
