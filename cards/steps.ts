// The rows of a card: one for each command index, with its state in words and one sentence of detail.
import type { StepState } from '../src/liveResponse/action.ts';
import type { Command } from '../src/liveResponse/commands.ts';
import { commandLine } from '../src/liveResponse/commands.ts';
import { hresultText } from '../src/liveResponse/codes/hresult.ts';
import { sessionOf, stageOf, resultsOf } from '../src/liveResponse/request/request.ts';
import type { Request } from '../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../src/liveResponse/request/session.ts';
import {
  actionOf,
  foundLateOf,
  progressOf,
  runOf,
  stateOf,
  statesOf,
} from '../src/liveResponse/request/retry.ts';
import { codePoint, drawnOutOfOrder, hiddenCharacter, inOrder } from '../src/liveResponse/text/visible.ts';
import { stepFailure } from './messages/stepAdvice.ts';
import { clean, clip, duration, oneLine } from './clip.ts';
import * as bound from './platformLimits.ts';
import {
  contentDetail,
  fileSentence,
  formSentence,
  linkTroubleSentence,
  notTextSentence,
  troubleSentence,
} from './results.ts';
import type { StepLine, Tone, ViewContext } from './view.ts';

/** How cards, sentences and typed commands number the commands: Defender's own index, from 0. */
export function indexLabel(index: number): string {
  return `Index ${index}`;
}

/**
 * A command as cards show it, byte for byte. What the parser refuses, and what would be drawn in another
 * order than it runs, is spelt out.
 */
export function shownCommand(command: Command): string {
  return inOrder(commandLine(command));
}

/**
 * What an eye cannot see in a command that is shown byte for byte: look-alike letters, and spaces that count.
 */
export function oddities(command: Command): string | undefined {
  const text =
    command.type === 'RunScript'
      ? (command.args ?? '')
      : command.type === 'PutFile'
        ? command.fileName
        : command.path;
  const foreign = [...new Set(Array.from(text).filter((character) => character > '\u007e'))];
  const named = foreign
    .slice(0, 5)
    .map((one) => (hiddenCharacter(one) === undefined ? `${one} (${codePoint(one)})` : codePoint(one)));
  const said = [
    ...(drawnOutOfOrder(text)
      ? [
          'letters written from right to left, spelt out here because they would be drawn in another order than they run',
        ]
      : []),
    ...(foreign.length > 0
      ? [
          `letters outside ASCII, which can look like others: ${named.join(', ')}${foreign.length > 5 ? ` and ${foreign.length - 5} more` : ''}`,
        ]
      : []),
    ...(text.includes('  ') ? ['several spaces in a row'] : []),
    ...(text !== text.trim() ? ['a space at its beginning or end'] : []),
  ];
  return said.length === 0 ? undefined : `Look closely: it has ${said.join('; ')}.`;
}

/** What a command is called in a sentence: the script's or the file's own name, without folders. */
export function commandName(command: Command, max = 60): string {
  const name =
    command.type === 'RunScript'
      ? command.scriptName
      : command.type === 'PutFile'
        ? command.fileName
        : baseName(command.path);
  return clip(clean(name).replaceAll('\n', ' '), max);
}

function baseName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}

interface StepFacts {
  /** Index of the first failed command. */
  readonly failed?: number;
  /** Index of the command running now. */
  readonly current?: number;
  readonly started: number;
  readonly done: number;
  readonly allDone: boolean;
}

/** The rows counted, for the sentence above them. */
export function stepFacts(request: Request): StepFacts {
  const states = statesOf(request);
  const done = states.filter((state) => state === 'completed').length;
  const failed = states.indexOf('failed');
  const current = states.indexOf('running');
  return {
    ...(failed < 0 ? {} : { failed }),
    ...(current < 0 ? {} : { current }),
    started: states.filter((state) => state !== 'waiting' && state !== 'skipped').length,
    done,
    allDone: done === states.length,
  };
}

export function stepLines(request: Request, context: ViewContext): readonly StepLine[] {
  return request.subject.commands.map((command, index) => {
    const { status, tone } = stepStatus(request, index, context.restoredAt !== undefined);
    const detail = stepDetail(request, command, index, context);
    return {
      index,
      command: shownCommand(command),
      status,
      tone,
      ...(detail === undefined ? {} : { detail }),
    };
  });
}

function stepStatus(
  request: Request,
  index: number,
  uncertain: boolean,
): { readonly status: string; readonly tone: Tone } {
  const stage = stageOf(request);
  const results = resultsOf(stage);
  // An older copy of the record shows it as not sent; what came after it is lost.
  if (
    uncertain &&
    (stage.state === 'awaitingApproval' ||
      stage.state === 'queued' ||
      (stage.state === 'closed' && foundLateOf(stage) === undefined))
  )
    return { status: 'not known', tone: 'warning' };
  switch (stage.state) {
    case 'awaitingApproval':
      return { status: 'not run', tone: 'neutral' };
    case 'queued':
      return { status: 'not sent yet', tone: 'neutral' };
    case 'submitting':
      return { status: 'being sent', tone: 'neutral' };
    case 'unknown':
      // A result was read while the session could still be seen: that much is certain.
      return [...results.excerpts, ...results.files].some((one) => one.index === index)
        ? { status: 'completed', tone: 'good' }
        : { status: 'not known', tone: 'warning' };
    case 'closed':
      if (foundLateOf(stage) !== undefined) return foundStatus[stateOf(request, index)];
      return stage.ending.kind === 'abandoned' || earlierAttempt(sessionOf(request)) !== undefined
        ? { status: 'not known', tone: 'warning' }
        : { status: 'not run', tone: 'neutral' };
    case 'running':
    case 'finished':
      return ranStatus(request, index);
  }
}

/** By what Defender shows of a session whose request had been given up. */
const foundStatus: Readonly<Record<StepState, { readonly status: string; readonly tone: Tone }>> = {
  waiting: { status: 'waiting', tone: 'neutral' },
  running: { status: 'running', tone: 'attention' },
  completed: { status: 'completed', tone: 'good' },
  failed: { status: 'failed, or no end reported', tone: 'danger' },
  skipped: { status: 'not run', tone: 'neutral' },
};

function ranStatus(request: Request, index: number): { readonly status: string; readonly tone: Tone } {
  const progress = progressOf(request, index);
  const ran =
    progress?.startedAt !== undefined &&
    progress.endedAt !== undefined &&
    progress.endedAt >= progress.startedAt
      ? duration(progress.endedAt - progress.startedAt)
      : undefined;
  const excerpt = resultsOf(stageOf(request)).excerpts.find((one) => one.index === index);
  switch (stateOf(request, index)) {
    case 'waiting':
      return { status: waitingWord(progress?.status, isNext(request, index)), tone: 'neutral' };
    case 'running':
      return { status: 'running', tone: 'attention' };
    case 'completed': {
      const base = ran === undefined ? 'completed' : `completed in ${ran}`;
      if (excerpt?.exitCode !== undefined && excerpt.exitCode !== 0)
        return { status: `${base}, exit code ${excerpt.exitCode}`, tone: 'danger' };
      if (excerpt?.errors === true) return { status: `${base}, with error output`, tone: 'warning' };
      return { status: base, tone: 'good' };
    }
    case 'skipped':
      return { status: 'not run', tone: 'neutral' };
    case 'failed':
      // Without Defender's own word "Failed" the end of this command is not known, only the end of the
      // session.
      if (progress?.status !== 'Failed') return { status: 'no end reported', tone: 'warning' };
      return { status: ran === undefined ? 'failed' : `failed after ${ran}`, tone: 'danger' };
  }
}

/**
 * Whether the device has the session and this is the first command without an end: it may be at work. The
 * documented statuses have no word for that (Created, Completed, Failed), and Defender gives a start time late
 * or never.
 */
function isNext(request: Request, index: number): boolean {
  const stage = stageOf(request);
  if (stage.state !== 'running' || stage.run.action.status === 'Pending') return false;
  return statesOf(request).findIndex((state) => state !== 'completed') === index;
}

/**
 * A command of which Defender does not say that it has begun. Words that no page explains are quoted, not
 * interpreted.
 */
function waitingWord(status: string | undefined, next: boolean): string {
  const word = status === undefined || status === 'Created' ? '' : `Defender says “${oneLine(status, 30)}”`;
  if (next) return word === '' ? 'next, may be running' : `next, ${word}`;
  return word === '' ? 'waiting' : `waiting, ${word}`;
}

function stepDetail(
  request: Request,
  command: Command,
  index: number,
  context: ViewContext,
): string | undefined {
  const stage = stageOf(request);
  // Only while somebody can still stop it: afterwards it would be noise next to the result.
  if (stage.state === 'awaitingApproval' || stage.state === 'queued')
    return join(contentDetail(request, command), oddities(command));
  const progress = progressOf(request, index);
  const state = stateOf(request, index);
  const other = differs(request, index);
  if (state === 'failed')
    return join(
      other,
      stepFailure(
        command,
        progress?.errors ?? [],
        progress?.status === 'Failed',
        sessionReason(request, progress?.errors),
      ),
    );
  // Defender may complete a command and still have something to say about it.
  const remark =
    progress !== undefined && progress.errors.length > 0
      ? `Defender adds: “${oneLine(progress.errors.join('; '), bound.view.errorText)}”.`
      : undefined;
  return join(other, remark, resultDetail(request, command, index, context));
}

/**
 * What Defender says of the session's failure as a whole, next to what it says of a command; undefined where
 * it says nothing. @param told what is quoted already: a code that it contains is not said twice
 */
export function sessionReason(request: Request, told: readonly string[] = []): string | undefined {
  const action = actionOf(stageOf(request));
  if (action === undefined) return undefined;
  const { hresult, troubleshoot } = action;
  const code = hresult === undefined ? undefined : hresultText(hresult);
  const hex = code?.split(' ')[0]?.toLowerCase();
  const quoted = oneLine(told.join('; '), bound.view.errorText).toLowerCase();
  const note = troubleshoot === undefined ? undefined : oneLine(troubleshoot, bound.view.errorText);
  return join(
    code === undefined || (hex !== undefined && quoted.includes(hex))
      ? undefined
      : `Defender’s error code is ${code}.`,
    note === undefined ? undefined : `Defender’s note on it: “${note}”${/[.!?]$/.test(note) ? '' : '.'}`,
  );
}

/**
 * What Defender says of this index, where an action found by our tag runs something that was not approved.
 */
function differs(request: Request, index: number): string | undefined {
  const others = runOf(stageOf(request))?.differs;
  if (others === undefined) return undefined;
  const theirs = others[index];
  const approved = request.subject.commands[index];
  if (theirs === undefined) return 'Defender’s action has no command of this index.';
  const more =
    index === request.subject.commands.length - 1 && others.length > request.subject.commands.length
      ? ` It has ${others.length - request.subject.commands.length} more after this one.`
      : '';
  if (approved !== undefined && shownCommand(approved) === shownCommand(theirs))
    return more === '' ? undefined : more.trim();
  return `At Defender this is: ${oneLine(shownCommand(theirs), 300)}.${more}`;
}

function resultDetail(
  request: Request,
  command: Command,
  index: number,
  context: ViewContext,
): string | undefined {
  const stage = stageOf(request);
  // Results of a session that was found late are not read.
  if (stage.state === 'closed') return undefined;
  const results = resultsOf(stage);
  const trouble = results.troubles.find((one) => one.index === index);
  if (trouble !== undefined) return troubleSentence(trouble, command.type, request.asked.at);
  const linkTrouble = results.linkTroubles?.find((one) => one.index === index);
  const noLink = linkTrouble === undefined ? undefined : linkTroubleSentence(linkTrouble, request.asked.at);
  const file = results.files.find((one) => one.index === index);
  if (file !== undefined) return join(fileSentence(file, commandName(command)), noLink);
  const excerpt = results.excerpts.find((one) => one.index === index);
  if (excerpt !== undefined) {
    const form = excerpt.form === undefined ? undefined : formSentence(excerpt.form);
    if (excerpt.notText !== undefined)
      return join(
        notTextSentence(excerpt.notText, `${oneLine(context.command, 40)} link ${request.id} ${index}`),
        form,
        noLink,
      );
    if (excerpt.length === 0) return join('The script printed nothing.', form, noLink);
    if (context.results === 'private') return join(form, noLink);
    return context.outputs.has(index)
      ? join(form, noLink)
      : `Its output (${excerpt.length} characters) is no longer kept here; Defender may still have it.`;
  }
  if (command.type === 'RunScript' && stateOf(request, index) === 'completed')
    return join('Output follows.', noLink);
  return noLink;
}

function join(...parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined);
  return said.length === 0 ? undefined : said.join(' ');
}
