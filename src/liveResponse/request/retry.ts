// Trying again: which ended requests may be, from which index on, and what the new request holds of the old
// one.
import { foundLateOf, otherDevice, progressOf, stateOf } from './steps.ts';
import { sessionOf, stageOf } from './request.ts';
import type { Continues, Request } from './request.ts';
import { earlierAttempt } from './session.ts';

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
  if (mayHaveReached(request, lost)) return { why: 'mayHaveRun' };
  switch (stage.ending.kind) {
    case 'abandoned':
      return { why: 'mayHaveRun' };
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
