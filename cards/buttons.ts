// The buttons of a card in each state, with what a screen reader says and the second step that names what
// will happen; and what the approver of a retry must know of the request before it.
import type { Command } from '../src/liveResponse/commands.ts';
import { maxSearchAttempts } from '../src/liveResponse/pacing/callRates.ts';
import { resultsOf, stageOf } from '../src/liveResponse/request/request.ts';
import type { Request, StageIn } from '../src/liveResponse/request/request.ts';
import { againFrom, stateOf } from '../src/liveResponse/request/retry.ts';
import type { CancelAsked } from '../src/liveResponse/request/session.ts';
import { rowOf } from '../src/liveResponse/verbs.ts';
import { clip, oneLine } from './clip.ts';
import { idTail, twinWarning } from './facts.ts';
import { labelOnCard } from './press.ts';
import { slack } from './platformLimits.ts';
import { commandName, shownCommand } from './steps.ts';
import type { Button, Verb, ViewContext } from './view.ts';

/**
 * What would only be refused is not offered: while submissions are frozen nothing can be approved or sent
 * again.
 */
export function buttons(
  request: Request,
  title: string,
  linked: ReadonlySet<number>,
  {
    frozen,
    restoredAt,
    twins,
    reasons,
  }: Partial<Pick<ViewContext, 'frozen' | 'restoredAt' | 'twins' | 'reasons'>> = {},
): readonly Button[] {
  const stage = stageOf(request);
  const host = oneLine(request.targets[0].device.name, 60);
  switch (stage.state) {
    case 'awaitingApproval':
      return [
        ...(frozen === undefined ? [approve(request, title, host, twinWarning(twins).trim())] : []),
        deny(title, reasons),
        withdraw(title),
      ];
    case 'queued':
      return [withdraw(title)];
    case 'submitting':
      return [];
    case 'closed':
      return again(request, title, restoredAt !== undefined);
    case 'running':
      return [...(mayAskCancel(stage.run.cancel) ? [cancel(host, title)] : []), ...outputs(request, stage)];
    case 'unknown':
      return [
        look(title),
        // While the bot itself still looks, a press would be refused: lists lag, and it could run twice.
        ...(stage.searches < maxSearchAttempts || frozen !== undefined ? [] : [resend(host, title)]),
        ...(stage.run !== undefined && mayAskCancel(stage.run.cancel) ? [cancel(host, title)] : []),
        drop(stage, title),
        ...outputs(request, stage),
      ];
    case 'finished':
      return [...links(request, linked), ...outputs(request, stage), ...again(request, title)];
  }
}

/** One cancel on its way is enough; one that changed nothing may be asked for again. */
function mayAskCancel(asked: CancelAsked | undefined): boolean {
  return asked === undefined || asked.answer === 'failed' || asked.answer === 'noEffect';
}

function spoken(text: string): string {
  return clip(text, slack.accessibilityLabel);
}

function confirm(title: string, text: string, ok: string): NonNullable<Button['confirm']> {
  return {
    title: clip(title, slack.confirmTitle),
    text: clip(text, slack.confirmText),
    ok: clip(ok, slack.confirmButton),
  };
}

function approve(request: Request, title: string, host: string, twin: string): Button {
  const where = `${twin === '' ? '' : `${clip(twin, 140)} `}On ${host} (id ending ${idTail(request.targets[0].device)}), fingerprint ${oneLine(request.subject.fingerprint, 16)}: `;
  return {
    verb: 'approve',
    label: 'Approve',
    style: 'primary',
    spoken: spoken(`Approve: ${title}`),
    confirm: confirm(
      `Run this on ${host}?`,
      where + inBrief(request, slack.confirmText - where.length),
      'Approve and run',
    ),
  };
}

/** The commands as far as they fit whole; what does not fit is counted, never cut in half. */
function inBrief(request: Request, room: number): string {
  const lines = request.subject.commands.map(shownCommand);
  for (let shown = lines.length; shown > 0; shown -= 1) {
    const left = lines.length - shown;
    const text =
      lines.slice(0, shown).join('; ') + (left === 0 ? '.' : `; and ${left} more, all shown on the card.`);
    if (text.length <= room) return text;
  }
  return lines.length === 1
    ? `the command shown on the card (${commandName(request.subject.commands[0] ?? { type: 'GetFile', path: '' }, 40)}).`
    : `the ${lines.length} commands shown on the card.`;
}

function deny(title: string, reasons: ViewContext['reasons']): Button {
  return {
    verb: 'deny',
    label: 'Deny',
    style: 'danger',
    spoken: spoken(`Deny: ${title}`),
    ...asks('deny', reasons),
  };
}

/** The text that belongs to a verb, where its button asks for one. */
function asks(verb: Verb, reasons: ViewContext['reasons']): Pick<Button, 'asks'> {
  const text = rowOf(verb).text;
  return text?.label === undefined
    ? {}
    : { asks: { label: labelOnCard(text.label, reasons), optional: !text.needed, max: text.max } };
}

function withdraw(title: string): Button {
  return {
    verb: 'withdraw',
    label: 'Withdraw',
    style: 'default',
    spoken: spoken(`Withdraw your request: ${title}`),
  };
}

function cancel(host: string, title: string): Button {
  return {
    verb: 'cancel',
    label: 'Cancel',
    style: 'danger',
    spoken: spoken(`Cancel the session: ${title}`),
    confirm: confirm(
      `Cancel on ${host}?`,
      'Defender is asked to end the session. A command that has started may still run to its end on the device; the ones after it are not run.',
      'Cancel the session',
    ),
  };
}

function look(title: string): Button {
  return { verb: 'look', label: 'Look again', style: 'primary', spoken: spoken(`Look again for: ${title}`) };
}

function resend(host: string, title: string): Button {
  return {
    verb: 'resend',
    label: 'Send again',
    style: 'danger',
    spoken: spoken(`Send again, may run twice: ${title}`),
    confirm: confirm(
      `Send again to ${host}?`,
      'Everything on this card may run twice, because the first attempt may have run. The bot looks once more before it sends. This needs an approver other than the requester.',
      'Send, may run twice',
    ),
  };
}

function drop({ searches }: StageIn<'unknown'>, title: string): Button {
  const early =
    searches < maxSearchAttempts
      ? `The bot has looked for it ${searches} of ${maxSearchAttempts} times only: better wait. `
      : '';
  return {
    verb: 'drop',
    label: 'Drop',
    style: 'default',
    spoken: spoken(`Drop this request: ${title}`),
    confirm: confirm(
      'Drop this request?',
      `${early}This stops nothing on the device, where it may run or have run. The bot goes on looking for some hours and corrects this card if it finds it.`,
      'Drop it',
    ),
  };
}

/** It posts a new approval card and runs nothing, so it needs no second step. */
function again(request: Request, title: string, lost = false): readonly Button[] {
  const start = againFrom(request, lost);
  if (!('from' in start)) return [];
  const { from } = start;
  const label = from === 0 ? 'Ask again' : `Retry from here (index ${from})`;
  return [
    {
      verb: 'again',
      label,
      style: 'default',
      index: from,
      spoken: spoken(`${label}, needs a new approval: ${title}`),
    },
  ];
}

function outputs(request: Request, stage: StageIn<'running' | 'unknown' | 'finished'>): readonly Button[] {
  const { excerpts } = resultsOf(stage);
  return request.subject.commands.flatMap((command, index): readonly Button[] => {
    const read = excerpts.find((one) => one.index === index);
    const readable =
      read === undefined
        ? stage.state !== 'unknown' && stateOf(request, index) === 'completed'
        : read.length > 0;
    return command.type === 'RunScript' && readable
      ? [resultButton(request, 'output', 'Full output', index)]
      : [];
  });
}

function links(request: Request, linked: ReadonlySet<number>): readonly Button[] {
  return request.subject.commands.flatMap((command, index): readonly Button[] =>
    command.type === 'GetFile' && stateOf(request, index) === 'completed'
      ? [resultButton(request, 'link', linked.has(index) ? 'New link' : 'Get download link', index)]
      : [],
  );
}

/**
 * Has its index and name only where the card has several results of the kind: on a phone the first words are
 * all one sees.
 */
function resultButton(request: Request, verb: 'output' | 'link', label: string, index: number): Button {
  const command = request.subject.commands[index];
  const name = command === undefined ? '' : commandName(command, 40);
  const several = request.subject.commands.filter((one) => one.type === command?.type).length > 1;
  return {
    verb,
    label: several ? `${label} ${index}: ${name}` : label,
    style: 'default',
    index,
    spoken: spoken(`${label}, index ${index}, ${name}`),
  };
}

/**
 * One sentence on each thing that an earlier session left, or may have done already; none where there is
 * nothing to know.
 */
export function continuationNotes({
  asked: { continues },
  subject: { commands },
}: Pick<Request, 'asked' | 'subject'>): readonly string[] {
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
