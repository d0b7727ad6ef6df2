// What a finished card says: how the session ended, what that means for each command, and the next step.
import type { InState } from '../src/liveResponse/request.ts';
import { exitAdvice } from './advice.ts';
import { oneLine } from './clip.ts';
import { askerName, parkedEnding } from './parked.ts';
import type { Said } from './said.ts';
import { commandName, stateOf, stepFacts } from './steps.ts';
import { duration, timeOf } from './time.ts';

export function outcomeWords(request: InState<'finished'>): Said {
  const words = wordsOf(request);
  // Sentences that have nothing to say are empty; their gaps go.
  return { ...words, lead: `${words.lead} ${parkedEnding(request)}`.replace(/ {2,}/g, ' ').trim() };
}

function wordsOf(request: InState<'finished'>): Said {
  const ended = `Ended at ${timeOf(request.endedAt, request.at)}${request.endedAt > request.startedAt ? `, ${duration(request.endedAt - request.startedAt)} after it was sent` : ''}.`;
  switch (request.outcome) {
    case 'succeeded':
      return succeeded(request, ended);
    case 'failed':
      return failed(request, ended);
    case 'timedOut':
      return { status: 'Finished: timed out', tone: 'danger', lead: `${timedOut(request)} ${ended}` };
    case 'cancelled':
      return { status: 'Finished: cancelled', tone: 'warning', lead: `${cancelledBy(request)} ${cancelMeans(request)} ${ended}` };
  }
}

function succeeded(request: InState<'finished'>, ended: string): Said {
  const facts = stepFacts(request);
  const bad = request.results.excerpts.find((one) => (one.exitCode !== undefined && one.exitCode !== 0) || one.errors);
  if (!facts.allDone) {
    return {
      status: 'Finished, not every command reported done',
      tone: 'warning',
      lead: `Defender calls the session succeeded, but reports ${facts.done} of ${request.commands.length} commands as completed. Check the rows before relying on the result. ${ended}`,
    };
  }
  if (bad !== undefined) {
    const command = request.commands[bad.index];
    const which = `Index ${bad.index}${command === undefined ? '' : ` (${commandName(command)})`}`;
    const failedItself = bad.exitCode !== undefined && bad.exitCode !== 0;
    return {
      status: failedItself ? 'Finished: a script reports failure' : 'Finished, with script errors',
      tone: failedItself ? 'danger' : 'warning',
      lead: `${exitAdvice(which, bad.exitCode)} ${ended}`,
    };
  }
  const files = request.commands.filter((one) => one.type === 'GetFile').length;
  const next = files === 0 ? '' : files === 1 ? ' Get the file with the button below; a new link can be made at any time.' : ' Get the files with the buttons below; new links can be made at any time.';
  return { status: 'Finished: succeeded', tone: 'good', lead: `${all(request.commands.length)} completed. ${ended}${next}` };
}

function all(count: number): string {
  return count === 1 ? 'The command' : count === 2 ? 'Both commands' : `All ${count} commands`;
}

function failed(request: InState<'finished'>, ended: string): Said {
  const index = request.commands.findIndex((_, at) => stateOf(request, at) === 'failed');
  const command = request.commands[index];
  const what =
    command === undefined
      ? 'Defender calls the session failed without naming a command.'
      : `Index ${index} (${command.type} ${commandName(command)}) failed; its row says why and what helps.`;
  return {
    status: 'Finished: failed',
    tone: 'danger',
    lead: `${what} ${notRun(request)} ${ended} Mend the cause, then ask again: a new request needs a new approval.`,
  };
}

function timedOut(request: InState<'finished'>): string {
  return notRun(request) !== noneRun
    ? `Time ran out: Defender gives a script 10 min. ${notRun(request)} Check on the device what was done, make the script shorter, then ask again.`
    : `Time ran out: the device did not take the session (an offline one is waited for, up to 3 days). ${notRun(request)} Check that it is online, then ask again.`;
}

const noneRun = 'No command was run.';

/** Which commands never ran, in one sentence. */
function notRun(request: InState<'finished'>): string {
  const skipped = request.commands.flatMap((_, index) => (stateOf(request, index) === 'skipped' ? [index] : []));
  if (skipped.length === 0) return '';
  if (skipped.length === request.commands.length) return noneRun;
  return skipped.length === 1 ? `Index ${String(skipped[0])} was not run.` : `Indexes ${skipped.join(', ')} were not run.`;
}

function cancelledBy(request: InState<'finished'>): string {
  const { cancel, action } = request;
  // Every cancel of ours bears the request's id; another comment means that somebody else's was the one that counted.
  const ours = action.cancelComment === undefined || action.cancelComment.includes(`lr:${request.id}`);
  if (cancel !== undefined && ours) {
    const reason = cancel.reason === undefined ? '' : `: “${oneLine(cancel.reason, 200)}”`;
    return `Cancelled by ${askerName(cancel.by)}, asked at ${timeOf(cancel.at, request.at)}${reason}.`;
  }
  const by = action.cancelledBy === undefined ? 'somebody' : `“${oneLine(action.cancelledBy, 80)}”`;
  const comment = action.cancelComment === undefined || action.cancelComment.trim() === '' ? '' : `: “${oneLine(action.cancelComment, 200)}”`;
  return `Cancelled outside this bot by ${by}${comment}.`;
}

function cancelMeans(request: InState<'finished'>): string {
  if (stepFacts(request).allDone) return `${all(request.commands.length)} had completed before that.`;
  const open = request.commands.flatMap((_, index) => (stateOf(request, index) === 'failed' ? [index] : []));
  const may = open.length === 0 ? '' : open.length === 1 ? ` Index ${String(open[0])} was handed over and may have run to its end.` : ` Indexes ${open.join(', ')} were handed over and may have run to their end.`;
  return `${notRun(request)}${may}`;
}
