// Answers that only show: status, lists, a device, the quota. Private to the person who asked, in preformatted
// columns.
import { duration, oneLine, timeOf } from '../../../../cards/clip.ts';
import { contextLines, unfitWords } from '../../../../cards/messages/deviceContext.ts';
import { offlineQueueWords, sessionLimitWords } from '../../../../cards/messages/waits.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Device } from '../../../liveResponse/device/records.ts';
import { isOpen, stageOf } from '../../../liveResponse/request/request.ts';
import { searchPrefixes } from '../../../liveResponse/device/confusables.ts';
import { inOrder } from '../../../liveResponse/text/visible.ts';
import { callKinds } from '../../../liveResponse/pacing/callRates.ts';
import type { LookUp } from '../../../liveResponse/ports.ts';
import { unfitness } from '../../../liveResponse/device/records.ts';
import { sessionLimitOf } from '../../../liveResponse/tenantLimits.ts';
import { queueOf } from '../../workers/transition.ts';
import { foundBy, rulesNow, sentence } from '../context.ts';
import type { Caller, HandlerContext } from '../context.ts';
import { approvalCodeOf } from '../../commands/requestId.ts';
import type { ListName } from '../../commands/forms.ts';
import { mayPrepareApproval } from '../../policy/decisions.ts';
import type { Actor } from '../../policy/people/people.ts';
import type { Reply } from '../../ports.ts';
import { readBy, resultsShownIn } from '../../workers/reads/cardPlaces.ts';
import { mayFind, reasonMayBeTold } from '../../policy/needToKnow.ts';
import { placeKey } from '../../policy/places.ts';
import { readDeviceContext } from '../requests/deviceContext.ts';
import { explain } from '../../policy/refusals/refusal.ts';
import { inScope, named } from '../../policy/devices/scope.ts';
import { notFound, requestAsDevice } from '../wrongKind.ts';

/** Rows of a list: what fits one message of every chat. */
const listRows = 20;

/** The card as it is now, for the person alone. Results are left out where the place is private. */
export async function cardOf(
  bot: HandlerContext,
  caller: Caller,
  request: Request,
  text: string,
): Promise<Reply> {
  const there = { key: placeKey(caller.place), outsiders: readBy(bot) };
  const told = reasonMayBeTold(bot.policy, caller, request, there);
  const shown = {
    results: resultsShownIn(bot, request, caller.place),
    mayName: (other: Request) => mayFind(bot.policy, caller, other),
    ...(told ? {} : { reason: 'private' as const }),
  };
  return { kind: 'card', text, view: await bot.loop.views.of(request, shown) };
}

/** The same with the line that approves it, for those who may. */
export async function statusOf(bot: HandlerContext, caller: Caller, request: Request): Promise<Reply> {
  const may = mayPrepareApproval(caller, request, rulesNow(bot)) === undefined;
  return cardOf(
    bot,
    caller,
    request,
    `${request.id} as it is now:${may ? ` To approve exactly this, type: ${approvingLine(bot, request)}` : ''}`,
  );
}

/** Approves the request as it is shown, and not what it becomes later. */
export function approvingLine({ settings }: Pick<HandlerContext, 'settings'>, request: Request): string {
  return `${settings.command} approve ${request.id} ${approvalCodeOf(request)}`;
}

export function list(bot: HandlerContext, actor: Actor, which: ListName): Reply {
  const chosen = foundBy(bot, actor, bot.store.all()).filter((request) => {
    const stage = stageOf(request);
    switch (which) {
      case 'mine':
        return request.asked.requester.id === actor.person.id;
      case 'pending':
        return stage.state === 'awaitingApproval';
      case 'running':
        return isOpen(request) && stage.state !== 'awaitingApproval';
      case 'recent':
        return true;
    }
  });
  if (chosen.length === 0) return sentence(emptyList[which]);
  const rows = requestRows(bot, chosen.slice(0, listRows));
  const more = chosen.length > listRows ? ` The newest ${listRows} of ${chosen.length}.` : '';
  return sentence(
    `${listTitle[which]}.${more} One of them: ${bot.settings.command} status <id>`,
    columns(rows),
  );
}

export function requestRows(
  bot: HandlerContext,
  requests: readonly Request[],
): readonly (readonly string[])[] {
  return requests.map((request) => [
    request.id,
    bot.loop.views.words(request).status,
    request.targets[0].device.name,
    inOrder(request.asked.title),
    request.asked.requester.name,
    timeOf(request.changedAt, bot.clock.now()),
  ]);
}

const listTitle = {
  mine: 'Your requests',
  pending: 'Waiting for approval',
  running: 'Approved and not finished',
  recent: 'Recent requests',
} as const;
const emptyList = {
  mine: 'You have asked for nothing yet.',
  pending: 'Nothing waits for approval.',
  running: 'Nothing is queued or running.',
  recent: 'Nothing has been asked for yet.',
} as const;

/** Left-aligned columns, two spaces apart, without trailing blanks. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<readonly number[]>(
    (max, row) => row.map((cell, at) => Math.max(max[at] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export async function host(bot: HandlerContext, actor: Actor, name: string): Promise<Reply> {
  const wrong = requestAsDevice(bot, actor, name);
  const found: LookUp =
    wrong === undefined
      ? await bot.defender.lookUp(name, searchPrefixes(name))
      : { devices: [], whole: true };
  const devices = named(name, found.devices);
  if (devices.length === 0)
    return sentence(
      explain(
        wrong ?? (found.whole ? notFound(bot, name) : { refused: 'devicesPartlyRead', name, candidates: [] }),
        bot.settings.command,
      ),
    );
  const partly = found.whole
    ? ''
    : ' Defender’s list of devices could be read only in part: there may be others of this name.';
  const live = devices.filter((one) => unfitness(one) === undefined);
  const dead = devices.filter((one) => unfitness(one) !== undefined);
  const [device] = devices.length === 1 ? devices : live.length === 1 ? live : [];
  // One more call: for one device it is worth it.
  const panel =
    device === undefined
      ? []
      : contextLines(
          await readDeviceContext(bot, device, {
            mayName: (other) => mayFind(bot.policy, actor, other),
            found,
          }),
          device.name,
          bot.clock.now(),
        );
  return sentence(
    `${matches(name, live.length, dead.length)}${partly}`,
    [...live, ...dead]
      .slice(0, listRows)
      .map((one) => deviceText(bot, actor, one, one === device ? panel : []))
      .join('\n\n'),
  );
}

function matches(name: string, live: number, dead: number): string {
  if (live + dead === 1) return `${name}:`;
  const records = `${live + dead} records match ${name}`;
  if (live === 0) return `${records}, and none of them can take a live response session:`;
  if (live === 1)
    return `${records}. The first is meant, because ${dead === 1 ? 'the other one' : 'none of the others'} can${dead === 1 ? 'not' : ''} take a live response session:`;
  return `${live} devices match ${name}. Ask with a full name or an id.${dead === 0 ? '' : ` ${dead === 1 ? 'Another record' : `${dead} more records`} of that name cannot take a session.`}`;
}

function deviceText(
  bot: HandlerContext,
  actor: Actor,
  device: Device,
  panel: ReturnType<typeof contextLines>,
): string {
  const scope = inScope(bot.policy, device);
  const unfit = unfitness(device);
  const busy = foundBy(bot, actor, bot.store.open()).filter(
    (request) => request.targets[0].device.id === device.id,
  );
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['Name', device.name],
    ['Id', device.id],
    ['OS', device.os],
    ['Health', device.health],
    ['Risk', device.risk],
    ['Exposure', device.exposure],
    ['Group', device.group],
    ['Tags', device.tags.length === 0 ? 'none' : device.tags.join(', ')],
    [
      'Last full report',
      device.lastReportAt === undefined ? undefined : timeOf(device.lastReportAt, bot.clock.now()),
    ],
    ['IP', device.ip],
    ['Onboarding', device.onboarding === undefined ? undefined : oneLine(device.onboarding, 60)],
    ['Merged into', device.mergedInto],
    [
      'Duplicate',
      device.duplicate === undefined
        ? undefined
        : 'Defender takes it for a possible duplicate of another record',
    ],
    ['Excluded', device.excluded === undefined ? undefined : 'from Defender’s own lists'],
    ...panel,
    [
      'Live response',
      unfit !== undefined
        ? `not possible: ${unfitWords(unfit, device.os)}`
        : scope === undefined
          ? 'allowed by the policy'
          : explain(scope, bot.settings.command),
    ],
    [
      'Open requests',
      busy.length === 0
        ? 'none'
        : busy.map((request) => `${request.id} (${bot.loop.views.words(request).status})`).join(', '),
    ],
  ];
  return columns(lines.flatMap(([label, value]) => (value === undefined ? [] : [[label, value]])));
}

export function quota(bot: HandlerContext): Reply {
  const now = bot.clock.elapsed();
  const rows = callKinds.map((kind) => {
    const wait = bot.callRates.waitFor(kind, now);
    const left = bot.callRates
      .left(kind, now)
      .map((rate) => `${rate.left} of ${rate.limit} per ${duration(rate.ms)}`);
    return [kind, wait === 0 ? 'free' : `next in ${duration(wait)}`, left.join(', ')];
  });
  const { live, cap } = bot.loop.submission.sessions();
  const waiting = bot.store.open().filter((request) => stageOf(request).state === 'queued').length;
  return sentence(
    `Live response sessions: ${live} of ${cap}. Approved and waiting: ${waiting}. Calls to Defender that are left:`,
    [
      columns(rows),
      '',
      offlineQueueWords(queueOf(bot)),
      sessionLimitWords(sessionLimitOf(bot.settings.tenant, bot.store.learned()), bot.settings.sessions),
    ].join('\n'),
  );
}
