// Results on demand: a fresh link, and script output page by page. Every mint and every view is journaled
// before anybody sees it.
import { clean, timeOf } from '../../../../cards/clip.ts';
import { formSentence, notTextSentence } from '../../../../cards/results.ts';
import { hasBegun, isTerminal, outcomeOf, stepStates } from '../../../liveResponse/action.ts';
import type { Action, Outcome } from '../../../liveResponse/action.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import { sessionOf, stageOf, resultsOf } from '../../../liveResponse/request/request.ts';
import type { Request, Stage } from '../../../liveResponse/request/request.ts';
import { earlierAttempt, mayTurnUp } from '../../../liveResponse/request/session.ts';
import { actionOf } from '../../../liveResponse/request/retry.ts';
import type { NotText, TextForm } from '../../../liveResponse/results/resultFacts.ts';
import { unwrapOrThrow, RefusalError } from '../context.ts';
import type { Caller, HandlerContext } from '../context.ts';
import { mayReadResults } from '../../policy/decisions.ts';
import { refOf } from '../../policy/people/people.ts';
import { resultsShownIn } from '../../workers/reads/cardPlaces.ts';
import type { Reply } from '../../ports.ts';
import { keptOutput } from '../../workers/reads/keptOutput.ts';
import type { Refusal } from '../../policy/refusals/refusal.ts';
import { lostAt } from '../../policy/places.ts';
import { keepRefusal, mintOnCard } from '../../workers/sessions/cardLinks.ts';
import type { ResultSource } from '../../workers/sessions/cardLinks.ts';

/**
 * Characters of output on one private page: with its frame it stays below the 3,000 per text of the strictest
 * chat (docs/limits.md).
 */
export const pageCharacters = 2_700;
/**
 * Lines of it: a chat may draw each as a block of its own, and more of them would not fit into one message,
 * whatever they hold (docs/limits.md).
 */
export const pageLines = 100;

/**
 * Mints a fresh link. Pressed on a card that may hold links, the card gets it and everybody sees its expiry;
 * typed, or pressed where results are private, only the person gets it.
 */
export async function link(
  bot: HandlerContext,
  caller: Caller,
  request: Request,
  { index, pressed = false }: { readonly index?: number | undefined; readonly pressed?: boolean },
): Promise<Reply> {
  unwrapOrThrow(mayReadResults(bot.policy, caller, caller.place), request.id);
  const { source, at } = readyFor(bot, request, index, 'link');
  const by = refOf(caller.person);
  const finished = stageOf(request).state === 'finished';
  if (pressed && finished && resultsShownIn(bot, request, caller.place) === 'card') {
    await orKept(bot, source, at, mintOnCard(bot, source, at, by));
    return {
      kind: 'asked',
      requestId: request.id,
      text: `A fresh link is on the card of ${request.id}.`,
      shown: true,
    };
  }
  const minted = await orKept(bot, source, at, bot.defender.link(source.actionId, at));
  await bot.store.change(request.id, (_current, now) => ({
    event: {
      type: 'linkMinted',
      onCard: false,
      link: { index: at, at: now, expiresAt: minted.expiresAt, by },
    },
    session: source.session.number,
  }));
  const command = request.subject.commands[at];
  return {
    kind: 'sentence',
    text: `${request.id}, index ${at}: fresh link, valid until ${timeOf(minted.expiresAt, bot.clock.now())}. Anyone who has it can read the file: do not pass it on.`,
    link: {
      label: command?.type === 'GetFile' ? 'Download the file' : 'Download the transcript',
      url: minted.url,
    },
  };
}

/** Defender's no is kept with its correlation id before the person reads of it. @throws Refused, DefenderError */
async function orKept<T>(
  bot: HandlerContext,
  source: ResultSource,
  index: number,
  work: Promise<T>,
): Promise<T> {
  const { id } = source.request;
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    await keepRefusal(bot, source, index, error);
    if (error.code === 'notReady' || error.code === 'gone')
      throw new RefusalError(
        { refused: 'noResult', id, why: 'notHandedOut', index, error: errorAnswer(error) },
        id,
      );
    if (error.code === 'untrusted')
      throw new RefusalError(
        { refused: 'noResult', id, why: 'elsewhere', index, error: errorAnswer(error) },
        id,
      );
    throw error;
  }
}

export async function output(
  bot: HandlerContext,
  caller: Caller,
  request: Request,
  { index, page = 1 }: { readonly index?: number | undefined; readonly page?: number | undefined },
): Promise<Reply> {
  unwrapOrThrow(mayReadResults(bot.policy, caller, caller.place), request.id);
  const { source, at } = readyFor(bot, request, index, 'output');
  const kept = await keptOutput(bot, request, at);
  const read =
    kept === undefined
      ? await orKept(bot, source, at, bot.loop.results.read(source, at))
      : { text: kept, ...toldOf(request, at) };
  const text = clean(read.text);
  const { body, pages, shown } = pageOf(text, page);
  if (page > pages) throw new RefusalError({ refused: 'noSuchPage', id: request.id, pages }, request.id);
  await bot.store.change(request.id, () => ({
    event: { type: 'resultViewed', by: refOf(caller.person), index: at, what: 'output' },
  }));
  const next =
    shown < pages ? ` Next page: ${bot.settings.command} output ${request.id} ${at} ${shown + 1}` : '';
  if (text.trim() === '')
    return {
      kind: 'sentence',
      text: `${request.id}, index ${at}: ${read.notText === undefined ? 'the script printed nothing.' : notTextSentence(read.notText, `${bot.settings.command} link ${request.id} ${at}`)}`,
    };
  const form = read.form === undefined ? undefined : formSentence(read.form);
  return {
    kind: 'sentence',
    text: `${request.id}, index ${at}, page ${shown} of ${pages}.${form === undefined ? '' : ` ${form}`}${next}`,
    block: body,
  };
}

/** What the request keeps about the form of an output. */
function toldOf(request: Request, index: number): { readonly notText?: NotText; readonly form?: TextForm } {
  const { excerpts } = resultsOf(stageOf(request));
  const { notText, form } = excerpts.find((one) => one.index === index) ?? {};
  return { ...(notText === undefined ? {} : { notText }), ...(form === undefined ? {} : { form }) };
}

/** The index, if it names a command that has completed and left something. @throws Refused */
function readyFor(
  { store }: Pick<HandlerContext, 'store'>,
  request: Request,
  index: number | undefined,
  what: 'link' | 'output',
): { readonly source: ResultSource; readonly at: number } {
  const stage = stageOf(request);
  const no = (why: Extract<Refusal, { readonly refused: 'noResult' }>['why'], at?: number) =>
    new RefusalError(
      { refused: 'noResult', id: request.id, why, ...(at === undefined ? {} : { index: at }) },
      request.id,
    );
  const session = sessionOf(request);
  const reading = lastReading(stage);
  if (session === undefined || reading === undefined) {
    if (lostAt(request, store) !== undefined) throw no('notKnown');
    if (
      stage.state === 'awaitingApproval' ||
      (stage.state === 'queued' && earlierAttempt(session) === undefined)
    )
      throw no('notSent');
    if (stage.state === 'closed' && !mayTurnUp(session)) throw no('neverRan');
    throw no(stage.state === 'submitting' ? 'notYet' : 'notKnown');
  }
  const at =
    index ??
    request.subject.commands.findIndex(
      (command) => command.type === (what === 'output' ? 'RunScript' : 'GetFile'),
    );
  const command = request.subject.commands[at];
  if (command === undefined)
    throw index === undefined ? no(what === 'output' ? 'noOutput' : 'noFile') : no('noSuchIndex', at);
  if (command.type === 'PutFile' || (what === 'output' && command.type !== 'RunScript'))
    throw no(what === 'output' ? 'noOutput' : 'noFile', at);
  switch (stepStates(reading.action, request.subject.commands.length, reading.ended)[at] ?? 'waiting') {
    case 'completed':
      return { source: { request, session, actionId: reading.action.id }, at };
    case 'failed':
      throw no('failed', at);
    case 'skipped':
      throw no('neverRan', at);
    case 'waiting':
    case 'running':
      throw no('notYet', at);
  }
}

/**
 * The session as it was last read, also of a request that was given up before its action turned up.
 */
function lastReading(
  stage: Stage,
):
  | { readonly action: Action; readonly ended?: { readonly outcome: Outcome; readonly opened: boolean } }
  | undefined {
  if (stage.state === 'finished')
    return { action: stage.run.action, ended: { outcome: stage.outcome, opened: stage.opened === true } };
  const action = actionOf(stage);
  if (action === undefined) return undefined;
  return stage.state === 'closed' && isTerminal(action.status)
    ? { action, ended: { outcome: outcomeOf[action.status], opened: hasBegun(action) } }
    : { action };
}

/** Pages end between whole code points, and nothing is left out between two of them. */
export function pageOf(
  text: string,
  page: number,
): { readonly body: string; readonly pages: number; readonly shown: number } {
  const starts = [0];
  let characters = 0;
  let lines = 1;
  let at = 0;
  for (const character of text) {
    if (characters === pageCharacters || lines > pageLines) {
      starts.push(at);
      characters = 0;
      lines = 1;
    }
    characters += 1;
    if (character === '\n') lines += 1;
    at += character.length;
  }
  const shown = Math.min(Math.max(1, page), starts.length);
  return { body: text.slice(starts[shown - 1], starts[shown]), pages: starts.length, shown };
}
