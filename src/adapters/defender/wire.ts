// Reads Defender's JSON into our words. Every field may be missing, odd or new: nothing here throws, and what cannot be read is left out.
import type { Action, CommandProgress } from '../../liveResponse/action.ts';
import type { Command } from '../../liveResponse/commands.ts';
import { field } from '../../liveResponse/json.ts';
import type { LibraryFile } from '../../liveResponse/ports.ts';
import { mergedInto } from '../../liveResponse/records.ts';
import type { Device } from '../../liveResponse/request.ts';

/** Texts for people are kept to this many characters; Defender's own are far shorter. */
const maxText = 1000;

function text(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  if (typeof found === 'number') return String(found);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

/** Epoch milliseconds of a DateTimeOffset with any number of fraction digits; without a zone it is UTC, as the field names say. */
export function readTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 60) return undefined;
  const zoned = /(?:z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`;
  const ms = Date.parse(zoned);
  return Number.isFinite(ms) ? ms : undefined;
}

function time(value: unknown, name: string): number | undefined {
  return readTime(field(value, name));
}

/** A machine action; undefined when there is not even an id. */
export function readAction(value: unknown): Action | undefined {
  const id = text(value, 'id');
  if (id === undefined) return undefined;
  const createdAt = time(value, 'creationDateTimeUtc');
  // The pages' list samples call it lastUpdateTimeUtc; the service says lastUpdateDateTimeUtc (defender-api.md 2.1).
  const updatedAt = time(value, 'lastUpdateDateTimeUtc') ?? time(value, 'lastUpdateTimeUtc');
  const entries = field(value, 'commands');
  const commands = Array.isArray(entries) ? readCommands(entries) : undefined;
  const cancelledBy = text(value, 'cancellationRequestor');
  const cancelComment = text(value, 'cancellationComment');
  return {
    id,
    type: text(value, 'type') ?? 'Unknown',
    status: text(value, 'status') ?? 'Unknown',
    machineId: text(value, 'machineId') ?? '',
    requestor: text(value, 'requestor') ?? '',
    comment: text(value, 'requestorComment') ?? '',
    createdAt: createdAt ?? updatedAt ?? 0,
    updatedAt: updatedAt ?? createdAt ?? 0,
    ...(cancelledBy === undefined ? {} : { cancelledBy }),
    ...(cancelComment === undefined ? {} : { cancelComment }),
    progress: onePerIndex(list(value, 'commands').map(readProgress)),
    ...(commands === undefined ? {} : { commands }),
  };
}

/** Known words of a command, whatever their letters' case. */
const commandStatuses = new Map(['Created', 'Submitted', 'PendingResource', 'Executing', 'Completed', 'Failed'].map((word) => [word.toLowerCase(), word]));
/** How much an entry tells of its command: of two with one index the one that tells more counts, and a failure before a success. */
const telling: readonly string[] = ['Unknown', 'Created', 'Submitted', 'PendingResource', 'Executing', 'Completed', 'Failed'];

function onePerIndex(entries: readonly CommandProgress[]): readonly CommandProgress[] {
  const best = new Map<number, CommandProgress>();
  for (const entry of entries) {
    const known = best.get(entry.index);
    if (known === undefined || telling.indexOf(entry.status) > telling.indexOf(known.status)) best.set(entry.index, entry);
  }
  return [...best.values()].sort((a, b) => a.index - b.index);
}

function readProgress(entry: unknown, position: number): CommandProgress {
  const given = field(entry, 'index');
  const index = typeof given === 'string' && /^\d{1,4}$/.test(given) ? Number(given) : given;
  const status = text(entry, 'commandStatus') ?? 'Unknown';
  const startedAt = time(entry, 'startTime');
  const endedAt = time(entry, 'endTime');
  return {
    index: typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : position,
    status: commandStatuses.get(status.toLowerCase()) ?? status,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    errors: list(entry, 'errors')
      .map((one) => (typeof one === 'string' ? one : (text(one, 'message') ?? JSON.stringify(one ?? '')).slice(0, maxText)))
      .filter((one) => one !== ''),
  };
}

/** All of them or none: half a list would look like another request. */
function readCommands(entries: readonly unknown[]): readonly Command[] | undefined {
  const commands: Command[] = [];
  for (const entry of entries) {
    const command = readCommand(field(entry, 'command'));
    if (command === undefined) return undefined;
    commands.push(command);
  }
  return commands;
}

function readCommand(value: unknown): Command | undefined {
  const given = new Map<string, string>();
  for (const one of list(value, 'params')) {
    const key = text(one, 'key');
    const content = text(one, 'value');
    if (key !== undefined && content !== undefined) given.set(key.toLowerCase(), content);
  }
  const fileName = given.get('filename');
  const scriptName = given.get('scriptname');
  const args = given.get('args');
  const path = given.get('path');
  switch (text(value, 'type')) {
    case 'PutFile':
      return fileName === undefined ? undefined : { type: 'PutFile', fileName };
    case 'RunScript':
      if (scriptName === undefined) return undefined;
      return args === undefined ? { type: 'RunScript', scriptName } : { type: 'RunScript', scriptName, args };
    case 'GetFile':
      return path === undefined ? undefined : { type: 'GetFile', path };
    default:
      return undefined;
  }
}

/** The body of runliveresponse. Keys are case-sensitive, exactly as here (learn.microsoft.com/defender-endpoint/api/run-live-response). */
export function runBody(commands: readonly Command[], comment: string): string {
  return JSON.stringify({ Commands: commands.map((command) => ({ type: command.type, params: paramsOf(command) })), Comment: comment });
}

function paramsOf(command: Command): readonly { readonly key: string; readonly value: string }[] {
  switch (command.type) {
    case 'PutFile':
      return [{ key: 'FileName', value: command.fileName }];
    case 'RunScript':
      // No arguments means no Args entry: an empty one is not the same to the service.
      return [{ key: 'ScriptName', value: command.scriptName }, ...(command.args === undefined ? [] : [{ key: 'Args', value: command.args }])];
    case 'GetFile':
      return [{ key: 'Path', value: command.path }];
  }
}

/** One word of Defender's, kept with the request. */
const maxWord = 60;

/** A machine; undefined when there is no id. */
export function readDevice(value: unknown): Device | undefined {
  const id = text(value, 'id');
  if (id === undefined) return undefined;
  const os = [text(value, 'osPlatform'), text(value, 'version')].filter((part) => part !== undefined && part !== 'Other').join(' ');
  const risk = text(value, 'riskScore');
  const exposure = text(value, 'exposureLevel');
  const group = text(value, 'rbacGroupName');
  const ip = text(value, 'lastIpAddress');
  const lastReportAt = time(value, 'lastSeen');
  const onboarding = text(value, 'onboardingStatus')?.trim().slice(0, maxWord);
  const merged = mergedInto(text(value, 'mergedIntoMachineId'));
  return {
    id,
    name: text(value, 'computerDnsName') ?? id,
    os: os === '' ? 'Unknown' : os,
    health: text(value, 'healthStatus') ?? 'Unknown',
    ...(risk === undefined ? {} : { risk }),
    ...(exposure === undefined ? {} : { exposure }),
    ...(group === undefined ? {} : { group }),
    tags: list(value, 'machineTags').filter((tag) => typeof tag === 'string'),
    ...(lastReportAt === undefined ? {} : { lastReportAt }),
    ...(ip === undefined ? {} : { ip }),
    ...(onboarding === undefined || onboarding === '' ? {} : { onboarding }),
    ...(merged === undefined ? {} : { mergedInto: merged }),
    ...(isTrue(field(value, 'isPotentialDuplication')) ? { duplicate: true } : {}),
    ...(isTrue(field(value, 'isExcluded')) ? { excluded: true } : {}),
  };
}

function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
}

export function readLibraryFile(value: unknown): LibraryFile | undefined {
  const name = text(value, 'fileName');
  const sha256 = text(value, 'sha256');
  if (name === undefined || sha256 === undefined) return undefined;
  const description = text(value, 'description');
  const parameters = text(value, 'parametersDescription');
  const updatedAt = time(value, 'lastUpdatedTime') ?? time(value, 'creationTime');
  return {
    name,
    sha256,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

/** One page of a collection; `items` is undefined when the answer is no collection. */
export function readPage(value: unknown): { readonly items: readonly unknown[] | undefined; readonly next: string | undefined } {
  const items = field(value, 'value');
  return { items: Array.isArray(items) ? items : undefined, next: text(value, '@odata.nextLink') };
}

export interface WireError {
  readonly apiCode?: string;
  readonly apiMessage?: string;
  readonly target?: string;
}

/** `{"error":{"code","message","target"}}` (learn.microsoft.com/defender-endpoint/api/common-errors), also without the envelope. */
export function readError(value: unknown): WireError {
  const inner = field(value, 'error') ?? value;
  const apiCode = text(inner, 'code');
  const apiMessage = text(inner, 'message');
  const target = text(inner, 'target');
  return {
    ...(apiCode === undefined ? {} : { apiCode: apiCode.slice(0, 100) }),
    ...(apiMessage === undefined ? {} : { apiMessage: apiMessage.slice(0, maxText) }),
    ...(target === undefined ? {} : { target: target.slice(0, 100) }),
  };
}

/** A link answer: the URL as given (rewriting could break its signature) and the expiry `se` names; undefined unless it is a web address without a user. */
export function readLink(value: unknown): { readonly url: string; readonly expiresAt: number | undefined } | undefined {
  const found = text(value, 'value');
  if (found === undefined || !URL.canParse(found)) return undefined;
  const url = new URL(found);
  const web = url.protocol === 'https:' || url.protocol === 'http:';
  if (!web || url.username !== '' || url.password !== '') return undefined;
  return { url: found, expiresAt: readTime(url.searchParams.get('se')) };
}
