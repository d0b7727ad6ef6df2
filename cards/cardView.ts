// A request as people see it: the one content of its cards in every state, which each renderer shows in full.
import { bindingOf } from '../src/liveResponse/commands.ts';
import { sessionOf, stageOf, resultsOf } from '../src/liveResponse/request/request.ts';
import type { Request } from '../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../src/liveResponse/request/session.ts';
import { inOrder } from '../src/liveResponse/text/visible.ts';
import { buttons, continuationNotes } from './buttons.ts';
import { clip, excerptOf, oneLine, timeOf } from './clip.ts';
import { factLines } from './facts.ts';
import * as bound from './platformLimits.ts';
import { expirySentence, fileName, moreSentence } from './results.ts';
import { ranEarlier } from './messages/waits.ts';
import { commandName, stepLines } from './steps.ts';
import type { CardView, ExcerptBlock, LinkLine, ViewContext } from './view.ts';
import { statusText } from './messages/status.ts';

/** Begins the status of every card of a simulated tenant. */
export const simulatedMark = 'SIMULATED TENANT';

export function cardView(request: Request, context: ViewContext): CardView {
  const { status, tone, lead } = statusText(request, context);
  const title = titleOf(request);
  const links = linkLines(request, context);
  const marked = context.simulated ? `${simulatedMark}: ${status}` : status;
  return {
    requestId: request.id,
    revision: request.revision,
    fingerprint: bindingOf(request.subject.digest),
    title,
    status: marked,
    tone,
    lead,
    facts: factLines(request, context),
    steps: stepLines(request, context),
    excerpts: excerpts(request, context),
    links,
    notes: notes(request, context, links),
    buttons: buttons(request, title, new Set(links.map((one) => one.index)), context),
    fallback: clip(
      `${marked}. ${title}, asked by ${oneLine(request.asked.requester.name, 60)}.`,
      bound.view.fallback,
    ),
    // A mention is for the question, not for what follows: an update that repeats it would only be noise.
    ...(stageOf(request).state === 'awaitingApproval' && context.notify !== undefined
      ? { notify: context.notify }
      : {}),
  };
}

/**
 * "Dump OfficeClickToRun on hosta.corp.example": what was typed, with the device's full name in the place of
 * the typed one.
 */
export function titleOf(request: Request): string {
  const device = oneLine(request.targets[0].device.name, 90);
  const words = oneLine(inOrder(request.asked.title), 300).split(' ');
  const names = new Set(
    [device, device.split('.')[0] ?? device, request.targets[0].device.id].map((one) => one.toLowerCase()),
  );
  // The first word is the command or recipe, even where a device has the same name.
  const host = words.findIndex((word, index) => index > 0 && names.has(word.toLowerCase()));
  const what = words.filter((_, index) => index !== host).join(' ');
  const tail = ` on ${device}`;
  const begun = what.charAt(0).toUpperCase() + what.slice(1);
  return clip(begun, bound.view.title - tail.length) + tail;
}

function excerpts(request: Request, context: ViewContext): readonly ExcerptBlock[] {
  if (context.results === 'private') return [];
  const readable = resultsOf(stageOf(request))
    .excerpts.flatMap((one) => {
      const raw = context.outputs.get(one.index);
      return raw === undefined || one.length === 0 ? [] : [{ ...one, raw }];
    })
    .sort((a, b) => a.index - b.index);
  const share = Math.max(1, readable.length);
  const limits = {
    lines: Math.max(3, Math.floor(bound.view.excerptLines / share)),
    perLine: bound.view.excerptLine,
    total: Math.floor(bound.view.excerptTotal / share),
  };
  return readable.flatMap((one) => {
    const command = request.subject.commands[one.index];
    const failed = (one.exitCode !== undefined && one.exitCode !== 0) || one.errors;
    // Where we hold only the beginning of a long output, its end can be neither shown nor counted.
    const whole = one.raw.length >= one.length;
    // What a failed script said last is what explains it.
    const from = failed && whole ? 'end' : 'start';
    const shown = excerptOf(one.raw, limits, from);
    if (shown.text === '') return [];
    const exit = one.exitCode === undefined ? '' : `, exit code ${one.exitCode}`;
    return [
      {
        index: one.index,
        title: `Output of index ${one.index}${command === undefined ? '' : `, ${commandName(command)}`}${exit}`,
        text: shown.text,
        ...(shown.cut || one.cut || !whole
          ? {
              more: moreSentence(
                { lines: shown.lines, from, ...(whole ? { of: shown.of } : {}) },
                { characters: one.length, cut: one.cut },
              ),
            }
          : {}),
      },
    ];
  });
}

function linkLines(request: Request, context: ViewContext): readonly LinkLine[] {
  const stage = stageOf(request);
  if (context.results === 'private' || stage.state !== 'finished') return [];
  let room: number = bound.view.linkCharacters;
  return [...stage.run.results.links]
    .sort((a, b) => a.index - b.index)
    .flatMap((link): readonly LinkLine[] => {
      const url = context.urls.get(link.index);
      const command = request.subject.commands[link.index];
      if (url === undefined || command === undefined || context.now >= link.expiresAt || !isOpenable(url))
        return [];
      room -= url.length;
      if (room < 0) return [];
      const file = stage.run.results.files.find((one) => one.index === link.index);
      const name = file === undefined ? commandName(command) : fileName(file, commandName(command));
      const several = request.subject.commands.filter((one) => one.type === 'GetFile').length > 1;
      return [
        {
          index: link.index,
          label: several ? `Download ${link.index}: ${clip(name, 40)}` : 'Download',
          url,
          expiry: expirySentence(link.at, link.expiresAt, request.asked.at),
        },
      ];
    });
}

/** What a button may open: https, or this machine (the simulator). Anything else never becomes a link. */
export function isOpenable(url: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(url) || /["<>\\^`{|}]/.test(url)) return false;
  return (
    /^https:\/\/[A-Za-z0-9]/.test(url) ||
    /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:[/?#]|$)/.test(url)
  );
}

/** Why the card shows neither output nor links. */
function keptBack({ redacted, asked }: Request): string {
  if (redacted === undefined) return 'Output and download links are not shown here';
  const when = timeOf(redacted.at, asked.at);
  return redacted.cause === 'time'
    ? `Output and download links were taken off this card at ${when}, as the policy asks (redactAfter)`
    : `Output and download links were taken off this card at ${when}, because one of its places is private now`;
}

function notes(request: Request, context: ViewContext, links: readonly LinkLine[]): readonly string[] {
  const stage = stageOf(request);
  const ended = stage.state === 'finished' || stage.state === 'closed';
  const results =
    (stage.state === 'running' || stage.state === 'unknown' || stage.state === 'finished') &&
    request.subject.commands.some((one) => one.type !== 'PutFile');
  const earlier = earlierAttempt(sessionOf(request));
  const ran = ranEarlier(request);
  return [
    ...(context.simulated ? ['No real device is touched, and nothing shown here happened on one.'] : []),
    // For those who still decide; afterwards the rows show what became of it.
    ...(stage.state === 'awaitingApproval' || stage.state === 'queued' ? continuationNotes(request) : []),
    ...(ran === undefined
      ? []
      : [
          `What runs here is the attempt of ${timeOf(ran.at, request.asked.at)}, found before it was sent again: the approval shown came after it.`,
        ]),
    ...(earlier !== undefined && ran === undefined && !ended && stage.state !== 'queued'
      ? [`Sent again: the attempt of ${timeOf(earlier.at, request.asked.at)} may have run too.`]
      : []),
    ...(results && context.results === 'private'
      ? [`${keptBack(request)}. The buttons give them privately to people who may read results.`]
      : []),
    ...(context.reasons === 'private' && ended
      ? [
          `The reasons given are private: "${oneLine(context.command, 40)} status ${request.id}" tells them to the requester and the approvers.`,
        ]
      : []),
    ...(links.length > 0
      ? ['Anybody who has a download link can use it until it expires. Each one made is on record.']
      : []),
    ...(ended ? [] : [`By typing: ${oneLine(context.command, 40)} status ${request.id}`]),
  ];
}
