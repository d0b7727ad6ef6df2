// What a finished card says: how the session ended, what that means for each command, and the next step.
import { isFailure } from '../../src/liveResponse/codes/hresult.ts';
import type { InState } from '../../src/liveResponse/request/events.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { queueShownBy } from '../../src/liveResponse/tenantLimits.ts';
import { exitAdvice } from './stepAdvice.ts';
import { oneLine } from '../clip.ts';
import * as bound from '../platformLimits.ts';
import { askerName, parkedEnding } from './waitingForDevice.ts';
import type { StatusText } from './said.ts';
import { commandName, progressOf, sessionReason, stateOf, stepFacts } from '../steps.ts';
import { learnedFrom } from './tenantLimits.ts';
import { duration, timeOf } from '../time.ts';

export function outcomeWords(request: InState<'finished'>): StatusText {
  const words = wordsOf(request);
  // Sentences that have nothing to say are empty; their gaps go.
  return { ...words, lead: `${words.lead} ${parkedEnding(request)}`.replace(/ {2,}/g, ' ').trim() };
}

function wordsOf(request: InState<'finished'>): StatusText {
  const stage = stageOf(request);
  const ended = `Ended at ${timeOf(stage.endedAt, request.asked.at)}${stage.endedAt > stage.run.startedAt ? `, ${duration(stage.endedAt - stage.run.startedAt)} after it was sent` : ''}.`;
  switch (stage.outcome) {
    case 'succeeded':
      return succeeded(request, ended);
    case 'failed':
      return failed(request, ended);
    case 'timedOut':
      return {
        status: 'Finished: timed out',
        tone: 'danger',
        lead: `${overtaken(request, 'Defender ended it as timed out, not as cancelled.')} ${timedOut(request)} ${sessionReason(request) ?? ''} ${ended}`,
      };
    case 'cancelled':
      return {
        status: 'Finished: cancelled',
        tone: 'warning',
        lead: `${cancelledBy(request)} ${cancelMeans(request)} ${sessionReason(request) ?? ''} ${ended} ${cancelNext(request)}`,
      };
  }
}

function cancelNext(request: InState<'finished'>): string {
  if (stepFacts(request).allDone) return 'What they left can be read below.';
  // Of a session that waited for its device, `parkedEnding` names the next step.
  return parkedEnding(request) === '' ? 'If it is still needed, ask again.' : '';
}

/**
 * A person's cancel that is not how the session ended; empty where nobody asked. `truth` follows "but". Of
 * the policy's, `parkedEnding` tells.
 */
function overtaken({ cancel, at }: InState<'finished'>, truth: string): string {
  return cancel === undefined || cancel.tries !== undefined
    ? ''
    : `${askerName(cancel.by, 'The')} asked to cancel at ${timeOf(cancel.at, at)}, but ${truth}`;
}

function succeeded(request: InState<'finished'>, ended: string): StatusText {
  const facts = stepFacts(request);
  const reason = sessionReason(request) ?? '';
  const bad = stageOf(request).run.results.excerpts.find(
    (one) => (one.exitCode !== undefined && one.exitCode !== 0) || one.errors,
  );
  if (!facts.allDone) {
    return {
      status: 'Finished, not every command reported done',
      tone: 'warning',
      lead: `${overtaken(request, 'Defender did not end it as cancelled.')} Defender calls the session succeeded, but reports ${facts.done} of ${request.subject.commands.length} commands as completed. ${reason} Check the rows before relying on the result. ${ended}`,
    };
  }
  if (bad !== undefined) {
    const command = request.subject.commands[bad.index];
    const which = `Index ${bad.index}${command === undefined ? '' : ` (${commandName(command)})`}`;
    const failedItself = bad.exitCode !== undefined && bad.exitCode !== 0;
    return {
      status: failedItself ? 'Finished: a script reports failure' : 'Finished, with script errors',
      tone: failedItself ? 'danger' : 'warning',
      lead: `${overtaken(request, 'it had completed: everything ran.')} ${exitAdvice(which, bad.exitCode, bad.cause)} ${reason} ${ended}`,
    };
  }
  if (tellsAnError(request)) {
    return {
      status: 'Finished, Defender tells an error',
      tone: 'warning',
      lead: `${overtaken(request, 'it had completed: everything ran.')} Defender calls the session succeeded and gives an error all the same. ${remarksOn(request)} ${reason} Check the results before relying on them. ${ended}`,
    };
  }
  const files = request.subject.commands.filter((one) => one.type === 'GetFile').length;
  const next =
    files === 0
      ? ''
      : files === 1
        ? ' Get the file with the button below; a new link can be made at any time.'
        : ' Get the files with the buttons below; new links can be made at any time.';
  const cancelled = overtaken(request, 'it had completed: everything ran.');
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
function tellsAnError({ action: { hresult, troubleshoot, progress } }: InState<'finished'>): boolean {
  return (
    (hresult !== undefined && isFailure(hresult)) ||
    troubleshoot !== undefined ||
    progress.some(({ errors }) => errors.length > 0)
  );
}

/** Which rows have Defender's remarks; empty where none has. */
function remarksOn({ action }: InState<'finished'>): string {
  const indexes = action.progress.flatMap(({ index, errors }) => (errors.length > 0 ? [index] : []));
  return indexes.length === 0
    ? ''
    : indexes.length === 1
      ? `The row of index ${String(indexes[0])} quotes it.`
      : `The rows of indexes ${indexes.join(', ')} quote it.`;
}

function all(count: number): string {
  return count === 1 ? 'The command' : count === 2 ? 'Both commands' : `All ${count} commands`;
}

function failed(request: InState<'finished'>, ended: string): StatusText {
  const index = request.subject.commands.findIndex((_, at) => progressOf(request, at)?.status === 'Failed');
  const command = request.subject.commands[index];
  const what =
    command === undefined
      ? `Defender calls the session failed without naming a command. ${sessionReason(request) ?? 'It gives no reason.'}`
      : `Index ${index} (${command.type} ${commandName(command)}) failed; its row says why and what helps.`;
  return {
    status: 'Finished: failed',
    tone: 'danger',
    lead: `${overtaken(request, 'Defender ended it as failed, not as cancelled.')} ${what} ${notRun(request)} ${ended} Fix the cause, then ask again: a new request needs a new approval.`,
  };
}

function timedOut(request: InState<'finished'>): string {
  if (notRun(request) !== noneRun)
    return `Time ran out: Defender gives a script 10 min. ${notRun(request)} Check on the device what was done, make the script shorter, then ask again.`;
  // How long Defender waits differs between tenants (2 hours, or 3 days); how long it did wait its own times
  // tell: the bot may read the end late.
  const { startedAt, endedAt, action } = request;
  const shown = queueShownBy(request);
  const waited =
    shown === undefined
      ? endedAt - startedAt
      : (action.updatedAt ?? endedAt) - (action.createdAt ?? startedAt);
  return `The device was offline: Defender waited ${duration(waited)} for it and gave up.${learnedFrom(shown)} ${notRun(request)} Check that it is online, then ask again.`;
}

const noneRun = 'No command was run.';

/** Which commands never ran, in one sentence. */
function notRun(request: InState<'finished'>): string {
  const skipped = request.subject.commands.flatMap((_, index) =>
    stateOf(request, index) === 'skipped' ? [index] : [],
  );
  if (skipped.length === 0) return '';
  if (skipped.length === request.subject.commands.length) return noneRun;
  return skipped.length === 1
    ? `Index ${String(skipped[0])} was not run.`
    : `Indexes ${skipped.join(', ')} were not run.`;
}

function cancelledBy(request: InState<'finished'>): string {
  const { cancel, action } = request;
  const asked =
    cancel === undefined
      ? undefined
      : `${askerName(cancel.by)}, asked at ${timeOf(cancel.at, request.asked.at)}${cancel.reason === undefined ? '' : `: “${oneLine(cancel.reason, bound.view.reason)}”`}`;
  if (asked !== undefined && isOurs(request)) return `Cancelled by ${asked}.`;
  const by = action.cancelledBy === undefined ? 'somebody' : `“${oneLine(action.cancelledBy, 80)}”`;
  const comment =
    action.cancelComment === undefined || action.cancelComment.trim() === ''
      ? ''
      : `: “${oneLine(action.cancelComment, 200)}”`;
  return `Cancelled outside this bot by ${by}${comment}.${asked === undefined ? '' : ` The cancel of ${asked}, was not what ended it.`}`;
}

/** Whose cancel it was: Defender keeps the comment of the one that counted, and ours names the request. */
function isOurs({ id, cancel, action }: InState<'finished'>): boolean {
  if (action.cancelComment !== undefined && action.cancelComment.trim() !== '')
    return action.cancelComment.includes(`lr:${id} `);
  return cancel?.answer === 'accepted' || cancel?.answer === 'sent' || cancel?.answer === 'noEffect';
}

function cancelMeans(request: InState<'finished'>): string {
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
