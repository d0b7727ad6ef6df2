// The labelled facts of a card: all that an approver judges by before the approval, what an analyst looks up after
// it, and other requests for the same commands on the same device.
import type { Device } from '../src/liveResponse/device/records.ts';
import type { Blocker } from '../src/liveResponse/request/errorAnswer.ts';
import { isOpen, resultsOf, sessionOf, stageOf } from '../src/liveResponse/request/request.ts';
import type { Continues, Request, RetriedAs, Target } from '../src/liveResponse/request/request.ts';
import { actionIdOf, runOf } from '../src/liveResponse/request/retry.ts';
import { oneLine, stamp, tailOf, timeOf } from './clip.ts';
import {
  alikeFact,
  contextFacts,
  isolationWords,
  leftOutFact,
  recordDoubts,
} from './messages/deviceContext.ts';
import { misfitWords } from './messages/misfits.ts';
import { ranEarlier } from './messages/waits.ts';
import * as bound from './platformLimits.ts';
import { contentFact } from './results.ts';
import type { FactLine, Twin, ViewContext } from './view.ts';

/** Labels that survive however small a card must be made. */
export const requiredFacts: ReadonlySet<string> = new Set([
  'Device',
  'Asked by',
  'Reason',
  'Approved by',
  'Look-alikes',
  'Left out',
  'Wrong system',
  'Scripts',
  'Fingerprint',
  'Request',
  'Action id',
  'Continues',
  'Repeats',
  'Tried again as',
  'Same, open',
  'Same, ended',
  'Separate from',
]);

export function factLines(
  request: Request,
  { twins = [], reasons, command = '/lr' }: Partial<Pick<ViewContext, 'twins' | 'reasons' | 'command'>> = {},
): readonly FactLine[] {
  const stage = stageOf(request);
  const when = (ms: number): string => timeOf(ms, request.asked.at);
  const approval = sessionOf(request)?.grant.votes[0];
  const { device, context } = request.targets[0];
  const actionId = actionIdOf(stage);
  const undecided = stage.state === 'awaitingApproval' || stage.state === 'queued';
  const facts: readonly (FactLine | undefined)[] = [
    { label: 'Device', value: deviceWords(device) },
    undecided ? alikeFact(context) : undefined,
    undecided ? leftOutFact(context, device.name) : undefined,
    undecided ? fact('Wrong system', misfitWords({ device, commands: request.subject.commands })) : undefined,
    { label: 'Asked by', value: `${name(request.asked.requester.name)}, ${stamp(request.asked.at)}` },
    fact(
      'Reason',
      request.asked.reason === undefined
        ? undefined
        : reasons === 'private'
          ? privateReason(request, command)
          : oneLine(request.asked.reason, bound.view.reason),
    ) ?? (undecided ? { label: 'Reason', value: 'none given' } : undefined),
    continuesFact(request.asked.continues),
    ...twinFacts(request, twins),
    approval === undefined
      ? undefined
      : { label: 'Approved by', value: `${name(approval.by.name)}, ${when(approval.at)}` },
    ...(undecided ? deviceFacts(request.targets[0], request.asked.at) : []),
    undecided ? { label: 'Tier', value: oneLine(request.asked.terms.tier, 60) } : undefined,
    stage.state === 'awaitingApproval'
      ? { label: 'Expires', value: `${when(request.asked.terms.expiresAt)}, then denied` }
      : undefined,
    stage.state === 'queued' ? { label: 'Runs before', value: when(stage.runBefore) } : undefined,
    contentFact(request),
    sentFact(request, when),
    actionId === undefined ? undefined : fact('Action id', oneLine(actionId, 60)),
    stage.state === 'queued' ? blockerFact(stage.blocker, when) : undefined,
    ...correlationFacts(request),
    againFact(request.retriedAs),
    { label: 'Fingerprint', value: oneLine(request.subject.fingerprint, 64) },
    { label: 'Request', value: request.id },
  ];
  return facts.filter((one) => one !== undefined);
}

function privateReason(request: Request, command: string): string {
  return `private; approvers read it alone with "${oneLine(command, 40)} status ${request.id}"`;
}

function continuesFact(continues: Continues | undefined): FactLine | undefined {
  if (continues === undefined) return undefined;
  return continues.from === 0
    ? { label: 'Repeats', value: continues.id }
    : { label: 'Continues', value: `${continues.id} from index ${continues.from}, which is index 0 here` };
}

function againFact(again: RetriedAs | undefined): FactLine | undefined {
  if (again === undefined) return undefined;
  const from = again.from === undefined || again.from === 0 ? '' : ` from index ${again.from}`;
  return { label: 'Tried again as', value: `${again.id}${from}, asked by ${name(again.by.name)}` };
}

function name(text: string): string {
  return oneLine(text, bound.view.name);
}

function fact(label: string, value: string | undefined): FactLine | undefined {
  return value === undefined || value === '' ? undefined : { label, value };
}

/** Name as Defender gives it, and the end of the id, which distinguishes two devices of one name. */
function deviceWords(device: Device): string {
  return `${oneLine(device.name, bound.view.name)}, id ending ${idTail(device)}`;
}

export function idTail(device: Device): string {
  return tailOf(device.id);
}

/** @param at when it was asked: the card shows the date of that */
function deviceFacts({ device, context }: Target, at: number): readonly (FactLine | undefined)[] {
  const state = [
    oneLine(device.os, 60),
    said('health', device.health),
    ...recordDoubts(device),
    context?.isolation === undefined ? undefined : isolationWords(context.isolation, at),
    said('risk', device.risk),
    said('exposure', device.exposure),
    said('IP', device.ip),
  ].filter((one) => one !== undefined && one !== '');
  const group = [
    device.group === undefined || device.group === '' ? 'no group' : oneLine(device.group, 80),
    device.tags.length === 0
      ? 'no tags'
      : `tags ${oneLine(device.tags.map((tag) => oneLine(tag, 40)).join(', '), 200)}`,
  ];
  return [
    fact('Condition', state.join(', ')),
    { label: 'Group', value: group.join(', ') },
    {
      label: 'Last full report',
      value:
        device.lastReportAt === undefined
          ? 'not known'
          : `${timeOf(device.lastReportAt, at)} (about daily; does not tell whether it is online)`,
    },
    ...contextFacts(context, at),
  ];
}

function said(what: string, value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : `${what} ${oneLine(value, 40)}`;
}

/** The action that holds a busy device: what to look for in the portal. */
function blockerFact(blocker: Blocker | undefined, when: (ms: number) => string): FactLine | undefined {
  if (blocker?.by !== 'action') return undefined;
  const comment = blocker.comment === undefined ? '' : `: “${oneLine(blocker.comment, 160)}”`;
  return {
    label: 'Held by',
    value: `action ${oneLine(blocker.id, 60)}${blocker.since === undefined ? '' : ` since ${when(blocker.since)}`}${comment}`,
  };
}

/** The correlation id of every refusal that the card shows: what Microsoft's support asks for. */
function correlationFacts(request: Request): readonly FactLine[] {
  const stage = stageOf(request);
  const results = resultsOf(stage);
  const ids: readonly (readonly [string, string | undefined])[] = [
    ...(stage.state === 'queued' || stage.state === 'unknown'
      ? ([['Correlation id', stage.error?.target]] as const)
      : []),
    ...(stage.state === 'closed' && stage.ending.kind === 'refused'
      ? ([['Correlation id', stage.ending.target]] as const)
      : []),
    ...(stage.state === 'closed' && stage.ending.kind === 'lapsed'
      ? ([['Correlation id', stage.ending.error?.target]] as const)
      : []),
    ...(stage.state === 'queued' && stage.blocker?.by === 'notRead'
      ? ([['Correlation id, list', stage.blocker.error?.target]] as const)
      : []),
    ['Correlation id, cancel', runOf(stage)?.cancel?.error?.target],
    ...[...results.troubles, ...(results.linkTroubles ?? [])].map(
      (one) => [`Correlation id, index ${one.index}`, one.error?.target] as const,
    ),
  ];
  const shown = new Map(
    ids.flatMap(([label, id]) => (id === undefined ? [] : [[label, oneLine(id, 60)] as const])),
  );
  return [...shown].map(([label, value]) => ({ label, value }));
}

/** Shown only where something was sent more than once: it may have run twice. */
function sentFact(request: Request, when: (ms: number) => string): FactLine | undefined {
  const { attempts = [] } = sessionOf(request) ?? {};
  if (stageOf(request).state === 'queued' || attempts.length < 2) return undefined;
  const ran = ranEarlier(request);
  if (ran !== undefined) return { label: 'Sent', value: `once, ${when(ran.at)}` };
  return {
    label: 'Sent',
    value: `${attempts.length} attempts: ${attempts
      .slice(-5)
      .map((one) => when(one.at))
      .join(', ')}`,
  };
}

const shown = 3;

export function twinFacts(request: Request, twins: readonly Twin[]): readonly FactLine[] {
  const stage = stageOf(request);
  const open = twins.filter((twin) => twin.open);
  const ended =
    stage.state === 'awaitingApproval' || stage.state === 'queued' ? twins.filter((twin) => !twin.open) : [];
  const named = [...open.slice(0, shown), ...ended.slice(0, shown)].some(
    (twin) => twin.id === request.asked.apartFrom,
  );
  const apart =
    request.asked.apartFrom !== undefined && !named
      ? `${request.asked.apartFrom}, for the reason given`
      : undefined;
  return [
    ...(isOpen(request) && open.length > 0
      ? [{ label: 'Same, open', value: several(open, (twin) => told(request, twin, '')) }]
      : []),
    ...(ended.length > 0
      ? [
          {
            label: 'Same, ended',
            value: several(ended, (twin) =>
              told(
                request,
                twin,
                twin.endedAt === undefined ? '' : ` at ${timeOf(twin.endedAt, request.asked.at)}`,
              ),
            ),
          },
        ]
      : []),
    ...(apart === undefined ? [] : [{ label: 'Separate from', value: apart }]),
  ];
}

function told(request: Request, { id, status, askedBy, askedAt }: Twin, when: string): string {
  const apart = request.asked.apartFrom === id ? '; this one was asked separately, for the reason given' : '';
  return `${id}: ${oneLine(status, 60)}${when}, asked by ${oneLine(askedBy, 60)} at ${timeOf(askedAt, request.asked.at)}${apart}`;
}

function several(twins: readonly Twin[], words: (twin: Twin) => string): string {
  return `${twins.slice(0, shown).map(words).join('; ')}${twins.length > shown ? `; and ${twins.length - shown} more` : ''}`;
}

/** For the sentence above the rows, and before an approval. Empty while no other is open. */
export function twinWarning(twins: readonly Twin[] = []): string {
  const [twin, ...more] = twins.filter((one) => one.open);
  return twin === undefined
    ? ''
    : ` The same is open as ${twin.id} (${oneLine(twin.status, 60)})${more.length === 0 ? '' : ` and ${more.length} more`}: approving this one too runs it again.`;
}
