// Further readings when somebody asks: what is known of the device, and whether the library has the files
// that were named. Where neither can be read, the request is still taken.
import { shownCommand } from '../../../../cards/steps.ts';
import type { Action } from '../../../liveResponse/action.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import { alikeTo, searchPrefixes } from '../../../liveResponse/device/confusables.ts';
import { unfitness } from '../../../liveResponse/device/records.ts';
import type { Device, LeftOut } from '../../../liveResponse/device/records.ts';
import type { CallKind } from '../../../liveResponse/pacing/callRates.ts';
import { SharedReadings } from '../../../liveResponse/pacing/sharedReadings.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { DefenderApi, LookUp } from '../../../liveResponse/ports.ts';
import { entryNamed, isolationOf, libraryName, libraryNames } from '../../../liveResponse/request/content.ts';
import type { DeviceContext, RecentSession } from '../../../liveResponse/request/content.ts';
import { stageOf } from '../../../liveResponse/request/request.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import { actionIdOf } from '../../../liveResponse/request/retry.ts';
import { writtenAs } from '../../commands/commandLine.ts';
import { nearest } from '../../commands/lineReaders.ts';
import type { Deps } from '../../deps.ts';
import type { SessionAsk } from '../../policy/recipes/sessionAsk.ts';
import type { Refusal } from '../../policy/refusals/refusal.ts';
import { tellsOf } from '../../workers/reads/approvalDigest.ts';
import type { LibraryReading } from '../../workers/reads/approvalDigest.ts';

const sessionsKept = 3;
const alikeKept = 3;
/** Limit for what a session ran and who asked for it: foreign text, kept in the journal. */
const longestText = 120;

type Needs = Pick<Deps, 'defender' | 'store' | 'callRates' | 'clock' | 'log'> & {
  readonly recentHistory: RecentHistory;
};

type History = Awaited<ReturnType<DefenderApi['history']>> | undefined;
/** One reading, by device id, for all who ask about a device within a moment. */
export type RecentHistory = SharedReadings<string, History>;

/** How long a reading of a device's actions serves others. Milliseconds. */
const historyMemory = 15_000;
/** Devices at once: some hundred actions each. Our call rates allow no more look-ups in that time. */
const mostHistories = 40;

export function createRecentHistory(
  deps: Pick<Deps, 'defender' | 'callRates' | 'clock' | 'log'>,
): RecentHistory {
  return new SharedReadings<string, History>({
    clock: deps.clock,
    life: historyMemory,
    most: mostHistories,
    read: (deviceId) => extra(deps, 'list', () => deps.defender.history(deviceId)),
    // What could not be read is tried again by the next one.
    keep: (history) => history !== undefined,
  });
}

interface WhatIsKnown {
  /** Which of our own requests may be named among the sessions. */
  readonly mayName: (other: Request) => boolean;
  /** The look-up that found the device. */
  readonly found?: Pick<LookUp, 'alike'>;
  /** Records of the same name that cannot take a session. */
  readonly leftOut?: readonly LeftOut[];
}

/** Throws nothing but bugs: what could not be read is left out, and the panel says so. */
export async function readDeviceContext(
  deps: Needs,
  device: Device,
  { mayName, found = {}, leftOut = [] }: WhatIsKnown,
): Promise<DeviceContext> {
  const [history, alike] = await Promise.all([
    deps.recentHistory.get(device.id),
    found.alike ?? extra(deps, 'machines', () => deps.defender.machinesByPrefix(searchPrefixes(device.name))),
  ]);
  const dead = withDead(device, alike?.devices ?? [], leftOut);
  const others =
    alike === undefined
      ? []
      : alikeTo(device, alike.devices).filter(({ id }) => !dead.some((one) => one.id === id));
  return {
    at: deps.clock.now(),
    ...(history === undefined
      ? {}
      : {
          isolation: isolationOf(history.actions, history.whole),
          sessions: sessionsOf(deps, history.actions, mayName),
        }),
    ...(alike === undefined
      ? {}
      : {
          alike: {
            devices: others.slice(0, alikeKept),
            more: Math.max(0, others.length - alikeKept),
            whole: alike.whole,
          },
        }),
    ...(dead.length === 0
      ? {}
      : { leftOut: { records: dead.slice(0, alikeKept), more: Math.max(0, dead.length - alikeKept) } }),
  };
}

/**
 * What was left out, and other records of the name that cannot take a session: no approver needs a warning of
 * those.
 */
function withDead(device: Device, found: readonly Device[], leftOut: readonly LeftOut[]): readonly LeftOut[] {
  const same = new Set(alikeTo(device, found).flatMap(({ id, how }) => (how === 'same' ? [id] : [])));
  const more = found.flatMap((one): readonly LeftOut[] => {
    const unfit = same.has(one.id) && !leftOut.some(({ id }) => id === one.id) ? unfitness(one) : undefined;
    return unfit === undefined ? [] : [{ id: one.id, name: one.name, unfit }];
  });
  return [...leftOut, ...more];
}

/** Following and submitting need the same budgets: this leaves them the last tenth. */
async function extra<T>(
  deps: Pick<Deps, 'callRates' | 'clock' | 'log'>,
  kind: CallKind,
  read: () => Promise<T>,
): Promise<T | undefined> {
  const scarce = deps.callRates.left(kind, deps.clock.elapsed()).some((rate) => rate.left <= rate.limit / 10);
  if (scarce) {
    deps.log.info('panelNotRead', { kind, code: 'spared' });
    return undefined;
  }
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    deps.log.warn('panelNotRead', {
      kind,
      code: error.code,
      status: error.detail.status,
      apiCode: error.detail.apiCode,
      target: error.detail.target,
    });
    return undefined;
  }
}

function sessionsOf(
  { store }: Needs,
  actions: readonly Action[],
  mayName: (other: Request) => boolean,
): readonly RecentSession[] {
  return (
    actions
      .filter((action) => action.type === 'LiveResponse')
      // Our own record says who it was; to Defender the requestor is only our application.
      .map((action) => ({
        action,
        ours: store
          .all()
          .find((request) => actionIdOf(stageOf(request))?.toLowerCase() === action.id.toLowerCase()),
      }))
      .filter(({ ours }) => ours === undefined || mayName(ours))
      .slice(0, sessionsKept)
      .map(({ action, ours }) => {
        return {
          ...(action.createdAt === undefined ? {} : { at: action.createdAt }),
          status: action.status.slice(0, longestText),
          what: whatRan(action).slice(0, longestText),
          by: (ours?.asked.requester.name ?? action.requestor).slice(0, longestText),
          ...(ours === undefined ? {} : { requestId: ours.id }),
        };
      })
  );
}

function whatRan({ commands = [] }: Action): string {
  const [first, ...more] = commands;
  if (first === undefined) return 'commands not told';
  return `${shownCommand(first)}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

/** Undefined when every file is there, or nobody can know. */
export function notInLibrary(ask: SessionAsk, reading: LibraryReading): Refusal | undefined {
  if (!('files' in reading) || !tellsOf(ask.commands, reading)) return undefined;
  const { files } = reading;
  const name = libraryNames(ask.commands).find((one) => entryNamed(files, one) === undefined);
  if (name === undefined) return undefined;
  if (ask.kind === 'recipe') return { refused: 'notInLibrary', name, suggestions: [], recipe: ask.recipe };
  const suggestions = nearest(
    name,
    files.map((file) => file.name),
  );
  const [meant] = suggestions;
  // The line of an earlier request is not typed again.
  if (meant === undefined || ask.kind === 'again') return { refused: 'notInLibrary', name, suggestions };
  return {
    refused: 'notInLibrary',
    name,
    suggestions,
    line: writtenAs(
      ask.host,
      ask.commands.map((command) => renamed(command, name, meant)),
      ask.reason,
    ),
  };
}

function renamed(command: Command, from: string, to: string): Command {
  if (libraryName(command) !== from) return command;
  switch (command.type) {
    case 'PutFile':
      return { ...command, fileName: to };
    case 'RunScript':
      return { ...command, scriptName: to };
    case 'GetFile':
      return command;
  }
}

/**
 * For the asker of typed names, where the library could not be read. A recipe's names are not the asker's.
 */
export function notChecked(ask: SessionAsk, reading: LibraryReading): string | undefined {
  if (('files' in reading && tellsOf(ask.commands, reading)) || ask.kind !== 'sequence') return undefined;
  const names = libraryNames(ask.commands);
  if (names.length === 0) return undefined;
  const why =
    !('files' in reading) && reading.notRead === 'forbidden'
      ? 'the bot may not read the library (Library.Manage)'
      : 'the library could not be read just now';
  return `Nobody checked that the library holds ${names.join(', ')}: ${why}. Look at the spelling.`;
}
