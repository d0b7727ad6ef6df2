// Outcomes of a finished session: how it ended, what that means for each command, and the next step.
import type { Action } from '../../src/liveResponse/action.ts';
import { isFailure } from '../../src/liveResponse/codes/hresult.ts';
import type { Request, StageIn } from '../../src/liveResponse/request/request.ts';
import type { CancelAsked } from '../../src/liveResponse/request/session.ts';
import { progressOf, stateOf } from '../../src/liveResponse/request/retry.ts';
import { queueShownBy } from '../../src/liveResponse/tenantLimits.ts';
import { exitAdvice } from './stepAdvice.ts';
import { duration, oneLine, timeOf } from '../clip.ts';
import * as bound from '../platformLimits.ts';
import { askerName, learnedFrom, parkedEnding } from './waits.ts';
import type { StatusText } from './waits.ts';
import { commandName, sessionReason, stepFacts } from '../steps.ts';

type Finished = StageIn<'finished'>;

export function outcomeWords(request: Request, stage: Finished): StatusText {
  const words = wordsOf(request, stage);
  // Sentences that have nothing to say are empty; their gaps go.
  return { ...words, lead: `${words.lead} ${parkedEnding(stage)}`.replace(/ {2,}/g, ' ').trim() };
}

function wordsOf(request: Request, stage: Finished): StatusText {
  const ended = `Ended at ${timeOf(stage.endedAt, request.asked.at)}${stage.endedAt > stage.run.startedAt ? `, ${duration(stage.endedAt - stage.run.startedAt)} after it was sent` : ''}.`;
  switch (stage.outcome) {
    case 'succeeded':
      return succeeded(request, stage, ended);
    case 'failed':
      return failed(request, stage, ended);
    case 'timedOut':
      return {
        status: 'Finished: timed out',
        tone: 'danger',
        lead: `${overtaken(request, stage, 'Defender ended it as timed out, not as cancelled.')} ${timedOut(request, stage)} ${sessionReason(request) ?? ''} ${ended}`,
      };
    case 'cancelled':
      return {
        status: 'Finished: cancelled',
        tone: 'warning',
        lead: `${cancelledBy(request, stage)} ${cancelMeans(request)} ${sessionReason(request) ?? ''} ${ended} ${cancelNext(request, stage)}`,
      };
  }
}

function cancelNext(request: Request, stage: Finished): string {
  if (stepFacts(request).allDone) return 'What they left can be read below.';
  // Of a session that waited for its device, `parkedEnding` names the next step.
  return parkedEnding(stage) === '' ? 'If it is still needed, ask again.' : '';
}

/**
 * A person's cancel that is not how the session ended; empty where nobody asked. `truth` follows "but". For
 * the policy's cancel there is `parkedEnding`.
 */
function overtaken({ asked }: Request, { run: { cancel } }: Finished, truth: string): string {
  return cancel === undefined || cancel.tries !== undefined
    ? ''
    : `${askerName(cancel.by, 'The')} asked to cancel at ${timeOf(cancel.at, asked.at)}, but ${truth}`;
}

function succeeded(request: Request, stage: Finished, ended: string): StatusText {
  const facts = stepFacts(request);
  const reason = sessionReason(request) ?? '';
  const bad = stage.run.results.excerpts.find(
    (one) => (one.exitCode !== undefined && one.exitCode !== 0) || one.errors,
  );
  if (!facts.allDone) {
    return {
      status: 'Finished, not every command reported done',
      tone: 'warning',
      lead: `${overtaken(request, stage, 'Defender did not end it as cancelled.')} Defender calls the session succeeded, but reports ${facts.done} of ${request.subject.commands.length} commands as completed. ${reason} Check the rows before relying on the result. ${ended}`,
    };
  }
  if (bad !== undefined) {
    const command = request.subject.commands[bad.index];
    const which = `Index ${bad.index}${command === undefined ? '' : ` (${commandName(command)})`}`;
    const failedItself = bad.exitCode !== undefined && bad.exitCode !== 0;
    return {
      status: failedItself ? 'Finished: a script reports failure' : 'Finished, with script errors',
      tone: failedItself ? 'danger' : 'warning',
      lead: `${overtaken(request, stage, 'it had completed: everything ran.')} ${exitAdvice(which, bad.exitCode, bad.cause)} ${reason} ${ended}`,
    };
  }
  if (tellsAnError(stage)) {
    return {
      status: 'Finished, Defender tells an error',
      tone: 'warning',
      lead: `${overtaken(request, stage, 'it had completed: everything ran.')} Defender calls the session succeeded and gives an error all the same. ${remarksOn(stage)} ${reason} Check the results before relying on them. ${ended}`,
    };
  }
  const files = request.subject.commands.filter((one) => one.type === 'GetFile').length;
  const next =
    files === 0
      ? ''
      : files === 1
        ? ' Get the file with the button below; a new link can be made at any time.'
        : ' Get the files with the buttons below; new links can be made at any time.';
  const cancelled = overtaken(request, stage, 'it had completed: everything ran.');
  return {
    status: cancelled === '' ? 'Finished: succeeded' : 'Finished: succeeded, cancel too late',
    tone: cancelled === '' ? 'good' : 'warning',
    lead: `${cancelled === '' ? `${all(request.subject.commands.length)} completed.` : cancelled} ${ended}${next}`,
  };
}

/**
 * Beyond the word of success: a code of failure, a note on trouble, or errors with a command that is called
 * completed.
 */
function tellsAnError({ run }: Finished): boolean {
  const { hresult, troubleshoot, progress } = run.action;
  return (
    (hresult !== undefined && isFailure(hresult)) ||
    troubleshoot !== undefined ||
    progress.some(({ errors }) => errors.length > 0)
  );
}

/** Which rows have Defender's remarks; empty where none has. */
function remarksOn({ run }: Finished): string {
  const indexes = run.action.progress.flatMap(({ index, errors }) => (errors.length > 0 ? [index] : []));
  return indexes.length === 0
    ? ''
    : indexes.length === 1
      ? `The row of index ${String(indexes[0])} quotes it.`
      : `The rows of indexes ${indexes.join(', ')} quote it.`;
}

function all(count: number): string {
  return count === 1 ? 'The command' : count === 2 ? 'Both commands' : `All ${count} commands`;
}

function failed(request: Request, stage: Finished, ended: string): StatusText {
  const index = request.subject.commands.findIndex((_, at) => progressOf(request, at)?.status === 'Failed');
  const command = request.subject.commands[index];
  const what =
    command === undefined
      ? `Defender calls the session failed without naming a command. ${sessionReason(request) ?? 'It gives no reason.'}`
      : `Index ${index} (${command.type} ${commandName(command)}) failed; its row says why and what helps.`;
  return {
    status: 'Finished: failed',
    tone: 'danger',
    lead: `${overtaken(request, stage, 'Defender ended it as failed, not as cancelled.')} ${what} ${notRun(request)} ${ended} Fix the cause, then ask again: a new request needs a new approval.`,
  };
}

function timedOut(request: Request, { run: { startedAt, action }, endedAt }: Finished): string {
  if (notRun(request) !== noneRun)
    return `Time ran out: Defender gives a script 10 min. ${notRun(request)} Check on the device what was done, make the script shorter, then ask again.`;
  // How long Defender waits differs between tenants (2 hours, or 3 days); how long it did wait
  // follows from its own times, because the bot may read the end late.
  const shown = queueShownBy(request);
  const waited =
    shown === undefined
      ? endedAt - startedAt
      : (action.updatedAt ?? endedAt) - (action.createdAt ?? startedAt);
  return `The device was offline: Defender waited ${duration(waited)} for it and gave up.${learnedFrom(shown)} ${notRun(request)} Check that it is online, then ask again.`;
}

const noneRun = 'No command was run.';

/** Which commands never ran, in one sentence. */
function notRun(request: Request): string {
  const skipped = request.subject.commands.flatMap((_, index) =>
    stateOf(request, index) === 'skipped' ? [index] : [],
  );
  if (skipped.length === 0) return '';
  if (skipped.length === request.subject.commands.length) return noneRun;
  return skipped.length === 1
    ? `Index ${String(skipped[0])} was not run.`
    : `Indexes ${skipped.join(', ')} were not run.`;
}

function cancelledBy(request: Request, { run: { cancel, action } }: Finished): string {
  const asked =
    cancel === undefined
      ? undefined
      : `${askerName(cancel.by)}, asked at ${timeOf(cancel.at, request.asked.at)}${cancel.reason === undefined ? '' : `: “${oneLine(cancel.reason, bound.view.reason)}”`}`;
  if (asked !== undefined && isOurs(request.id, action, cancel)) return `Cancelled by ${asked}.`;
  const by = action.cancelledBy === undefined ? 'somebody' : `“${oneLine(action.cancelledBy, 80)}”`;
  const comment =
    action.cancelComment === undefined || action.cancelComment.trim() === ''
      ? ''
      : `: “${oneLine(action.cancelComment, 200)}”`;
  return `Cancelled outside this bot by ${by}${comment}.${asked === undefined ? '' : ` The cancel of ${asked}, was not what ended it.`}`;
}

/** Whose cancel it was: Defender keeps the comment of the one that counted, and ours names the request. */
function isOurs(id: string, action: Action, cancel: CancelAsked | undefined): boolean {
  if (action.cancelComment !== undefined && action.cancelComment.trim() !== '')
    return action.cancelComment.includes(`lr:${id} `);
  return cancel?.answer === 'accepted' || cancel?.answer === 'sent' || cancel?.answer === 'noEffect';
}

function cancelMeans(request: Request): string {
  if (stepFacts(request).allDone) return `${all(request.subject.commands.length)} had completed before that.`;
  const open = request.subject.commands.flatMap((_, index) =>
    stateOf(request, index) === 'failed' ? [index] : [],
  );
  const may =
    open.length === 0
      ? ''
      : open.length === 1
        ? ` Index ${String(open[0])} may have run to its end on the device.`
        : ` Indexes ${open.join(', ')} may have run to their end on the device.`;
  return `${notRun(request)}${may}`;
}
