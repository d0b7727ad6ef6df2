// Trying again: which ended requests may be, from which index on, and what the approver of the new request
// must know of the old one.
import type { Command } from '../src/liveResponse/commands.ts';
import type { Request, Continues } from '../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../src/liveResponse/request/session.ts';
import { stageOf } from '../src/liveResponse/request/request.ts';
import { commandName, otherDevice, stateOf } from './steps.ts';

/** Why a request cannot be tried again by its button or by `retry`. Typing it again is always possible. */
export type NotAgain =
  'notEnded' | 'complete' | 'takenBack' | 'mayHaveRun' | 'foundLate' | 'mustNot' | 'hopeless';

/**
 * The index to go on from: the first command that did not complete. Offered where a session ended short of
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
  if (stage.found !== undefined) return { why: 'foundLate' };
  if (lost || stage.ending.kind === 'abandoned' || earlierAttempt(request) !== undefined)
    return { why: 'mayHaveRun' };
  switch (stage.ending.kind) {
    case 'denied':
    case 'withdrawn':
      return { why: 'takenBack' };
    case 'expired':
    case 'lapsed':
      return { from: 0 };
    case 'refused':
      // Both say that what stood on the card is not what would run here: nothing of it may be carried over.
      if (stage.ending.code === 'digestMismatch' || stage.ending.code === 'otherTenant')
        return { why: 'mustNot' };
      return stage.ending.code === 'OsPlatformNotSupported' || stage.ending.code === 'deviceUnsupported'
        ? { why: 'hopeless' }
        : { from: 0 };
  }
}

/**
 * Whether a request reached Defender, or may have: going on from an older one would then run things twice.
 * @param lost as for `againFrom`
 */
export function mayHaveReached(request: Request, lost = false): boolean {
  const stage = stageOf(request);
  return (
    stage.state !== 'closed' ||
    lost ||
    stage.ending.kind === 'abandoned' ||
    earlierAttempt(request) !== undefined
  );
}

/** What the new request holds of the old one. @param from an index of the old request's commands */
export function continuationOf(old: Request, from: number): Continues {
  const begun = (index: number): boolean =>
    stageOf(old).state === 'finished' && stateOf(old, index) !== 'skipped';
  // An attempt of which nothing began left nothing of its own; what the one before it left is still there.
  if (old.asked.continues !== undefined && !old.subject.commands.some((_, index) => begun(index))) {
    const { id, from: start, before, mayRepeat } = old.asked.continues;
    return {
      id,
      from: start + from,
      before,
      mayRepeat: mayRepeat.flatMap((index) => (index >= from ? [index - from] : [])),
    };
  }
  return {
    id: old.id,
    from,
    before: old.subject.commands.filter(
      (_, index) => index < from && begun(index) && !saidFailed(old, index),
    ),
    // A script that failed has begun, and may have done half of its work; a file that failed was not put.
    // Collecting twice harms nothing.
    mayRepeat: old.subject.commands.flatMap((command, index) =>
      index >= from &&
      begun(index) &&
      command.type !== 'GetFile' &&
      (command.type === 'RunScript' || !saidFailed(old, index))
        ? [index - from]
        : [],
    ),
  };
}

/** Defender's own word "Failed"; without it a command whose end was not reported may have been done. */
function saidFailed(old: Request, index: number): boolean {
  return (
    'action' in old &&
    stageOf(old).run.action.progress.find((one) => one.index === index)?.status === 'Failed'
  );
}

/**
 * One sentence on each thing that an earlier session left, or may have done already; none where there is
 * nothing to know.
 */
export function continuationNotes({
  continues,
  commands,
}: Pick<Request, 'continues' | 'commands'>): readonly string[] {
  if (continues === undefined) return [];
  const { id, before, mayRepeat } = continues;
  const effect = effectSentence(id, before, commands);
  const names = mayRepeat.flatMap((index) => {
    const command = commands[index];
    return command === undefined ? [] : [`${index} (${commandName(command, 40)})`];
  });
  const repeat =
    names.length === 0
      ? []
      : [
          `${names.length === 1 ? 'Index' : 'Indexes'} ${names.join(', ')} ran in ${id}, or may have, and would run again.`,
        ];
  return [...(effect === undefined ? [] : [effect]), ...repeat];
}

function effectSentence(
  id: string,
  before: readonly Command[],
  commands: readonly Command[],
): string | undefined {
  const put = before.filter((one) => one.type === 'PutFile').map((one) => commandName(one, 40));
  const scripts = before.filter((one) => one.type === 'RunScript').map((one) => commandName(one, 40));
  if (put.length > 0 && commands.some((one) => one.type !== 'PutFile')) {
    return `It counts on ${put.join(', ')}, put there by ${id} into a working folder that Defender deletes when the device restarts; if it is gone, retry ${id} from its index 0.`;
  }
  if (scripts.length > 0)
    return `It counts on what ${scripts.join(', ')} left on the device in ${id}, which may have changed since.`;
  return undefined;
}
