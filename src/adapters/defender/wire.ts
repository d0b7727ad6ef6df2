// Defender’s JSON, read into our types and written from them, and the pages of its collections. Every field may be
// missing, odd or new: nothing here throws, and what cannot be read is omitted.
import { commandStatusWord, statusWord, typeWord } from '../../liveResponse/action.ts';
import type { Action, CommandProgress } from '../../liveResponse/action.ts';
import { hresultText, readHresult } from '../../liveResponse/codes/hresult.ts';
import type { Command } from '../../liveResponse/commands.ts';
import { mergedInto } from '../../liveResponse/device/records.ts';
import type { Device } from '../../liveResponse/device/records.ts';
import type { LibraryFile } from '../../liveResponse/ports.ts';
import { field, listOf } from '../../liveResponse/text/json.ts';

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

/**
 * Nothing of Defender can have happened before it existed: .NET writes 0001-01-01 for "no date", Windows
 * 1601-01-01, Unix 1970-01-01.
 */
const earliest = Date.UTC(2000, 0, 1);
/** Nor can it happen after this: 9999-12-31 means "no date" as well. */
const latest = Date.UTC(2200, 0, 1);

/**
 * Epoch milliseconds of a DateTimeOffset with any number of fraction digits; without a zone it is UTC, as the
 * field names say. Undefined for what is no date, and for dates that mean "none".
 */
export function readTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 60) return undefined;
  const zoned = /(?:z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`;
  const ms = Date.parse(zoned);
  return ms >= earliest && ms < latest ? ms : undefined;
}

function time(value: unknown, name: string): number | undefined {
  return readTime(field(value, name));
}

/** A machine action; undefined when there is not even an id. */
export function readAction(value: unknown): Action | undefined {
  const id = text(value, 'id');
  if (id === undefined) return undefined;
  const createdAt = time(value, 'creationDateTimeUtc');
  // The documented samples call it lastUpdateTimeUtc; the service calls it lastUpdateDateTimeUtc.
  const updatedAt = time(value, 'lastUpdateDateTimeUtc') ?? time(value, 'lastUpdateTimeUtc');
  const given = field(value, 'commands');
  const entries = listOf(given).slice(0, maxEntries);
  const commands = Array.isArray(given) && given.length <= maxEntries ? readCommands(entries) : undefined;
  const cancelledBy = text(value, 'cancellationRequestor');
  const cancelComment = text(value, 'cancellationComment');
  const hresult = readHresult(field(value, 'errorHResult'));
  const troubleshoot = readTroubleshoot(value, hresult);
  return {
    id,
    type: typeWord(text(value, 'type') ?? 'Unknown'),
    status: statusWord(text(value, 'status') ?? 'Unknown'),
    machineId: text(value, 'machineId') ?? '',
    requestor: text(value, 'requestor') ?? '',
    comment: text(value, 'requestorComment') ?? '',
    ...timesOf(createdAt ?? updatedAt, updatedAt ?? createdAt),
    ...(hresult === undefined ? {} : { hresult }),
    ...(troubleshoot === '' ? {} : { troubleshoot }),
    ...(cancelledBy === undefined ? {} : { cancelledBy }),
    ...(cancelComment === undefined ? {} : { cancelComment }),
    progress: onePerIndex(entries.map(readProgress)),
    ...(commands === undefined ? {} : { commands }),
  };
}

function timesOf(
  createdAt: number | undefined,
  updatedAt: number | undefined,
): Pick<Action, 'createdAt' | 'updatedAt'> {
  return {
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

/**
 * Statuses from the least to the most informative: of two entries with one index the more informative one
 * counts, and a failure before a success.
 */
const telling: readonly string[] = [
  'Unknown',
  'Created',
  'Submitted',
  'PendingResource',
  'Executing',
  'Completed',
  'Failed',
];

function onePerIndex(entries: readonly CommandProgress[]): readonly CommandProgress[] {
  const best = new Map<number, CommandProgress>();
  for (const entry of entries) {
    const known = best.get(entry.index);
    if (known === undefined || telling.indexOf(entry.status) > telling.indexOf(known.status))
      best.set(entry.index, entry);
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
    status: commandStatusWord(status),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    errors: errorTexts(entry),
  };
}

/** Entries of one action that are read: ten times as many as a session can have. */
const maxEntries = 100;

/** How many errors of one command are kept, and how deep objects are searched for them. */
const maxErrors = 20;
const maxDepth = 4;

/**
 * The texts about a failure: `errors` is documented as a list of texts, and in the field it is also a text,
 * an object or objects. There are also `error` in the singular, and a code.
 */
function errorTexts(entry: unknown): readonly string[] {
  const code = readHresult(field(entry, 'errorHResult'));
  const said = [
    ...flatTexts(field(entry, 'errors')),
    ...flatTexts(field(entry, 'error')),
    ...(code === undefined ? [] : [hresultText(code)]),
  ];
  return [...new Set(said)].slice(0, maxErrors);
}

/**
 * Every text in a value, in order: an object with a message as `code: message`, any other as `name: text`.
 */
function flatTexts(value: unknown, depth = 0): readonly string[] {
  if (typeof value === 'string') return value.trim() === '' ? [] : [inert(value)];
  if (typeof value === 'number') return value === 0 ? [] : [numberText(value)];
  if (typeof value !== 'object' || value === null || depth > maxDepth) return [];
  if (Array.isArray(value))
    return value.slice(0, maxErrors).flatMap((one: unknown) => flatTexts(one, depth + 1));
  const message = textNamed(value, 'message');
  const code = textNamed(value, 'code');
  const inner = ['innererror', 'details'].flatMap((name) => flatTexts(anyCase(value, name), depth + 1));
  if (message !== undefined)
    return [inert(code === undefined || code === message ? message : `${code}: ${message}`), ...inner];
  return Object.entries(value)
    .slice(0, maxErrors)
    .flatMap(([name, one]: [string, unknown]) =>
      flatTexts(one, depth + 1).map((text) => inert(/^\d+$/.test(name) ? text : `${name}: ${text}`)),
    );
}

/** Among errors a negative number, or one with the top bit of 32, is an HRESULT. */
function numberText(value: number): string {
  const code = value < 0 || value >= 0x8000_0000 ? readHresult(value) : undefined;
  return code === undefined ? String(value) : hresultText(code);
}

/**
 * A text that cards may quote: limited in length, and without anything that opens access. Signatures of links
 * and tokens are secrets anywhere.
 */
function inert(said: string): string {
  return (
    said
      .slice(0, 4 * maxText)
      .replaceAll(/(https?:\/\/[^\s?"']{1,300})\?[^\s"']+/gi, '$1?…')
      // A link that is cut, or longer than any of Defender's, is none any more; its signature still opens it.
      .replaceAll(/(?<!\w)sig=[^\s"'&]+/gi, 'sig=…')
      .replaceAll(/\bbearer\s+[\w.~+/=-]+/gi, 'Bearer …')
      .slice(0, maxText)
  );
}

/** `troubleshootInfo` as a text or an object, and errors of the action rather than of a command. */
function readTroubleshoot(action: unknown, hresult: number | undefined): string {
  // A code that is a word, such as E_ACCESSDENIED, or a number of more than 32 bits.
  const given = field(action, 'errorHResult');
  const code = typeof given === 'number' ? String(given) : given;
  const words =
    typeof code === 'string' && hresult === undefined && !/^[-+0x\s]*$/i.test(code) ? [inert(code)] : [];
  const said = [
    ...words,
    ...flatTexts(field(action, 'troubleshootInfo')),
    ...flatTexts(field(action, 'errors')),
    ...flatTexts(field(action, 'error')),
  ];
  return [...new Set(said)].join('; ').slice(0, maxText);
}

/** A member of an object whatever the letter case of its name. */
function anyCase(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (
    field(value, name) ?? field(value, Object.keys(value).find((key) => key.toLowerCase() === name) ?? name)
  );
}

function textNamed(value: unknown, name: string): string | undefined {
  return text({ found: anyCase(value, name) }, 'found');
}

/** All of them or none: half a list would look like a different request. */
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
  switch (text(value, 'type')?.toLowerCase()) {
    case 'putfile':
      return fileName === undefined ? undefined : { type: 'PutFile', fileName };
    case 'runscript':
      if (scriptName === undefined) return undefined;
      return args === undefined ? { type: 'RunScript', scriptName } : { type: 'RunScript', scriptName, args };
    case 'getfile':
      return path === undefined ? undefined : { type: 'GetFile', path };
    default:
      return undefined;
  }
}

/**
 * The body of runliveresponse. Keys are case-sensitive, exactly as here
 * (learn.microsoft.com/defender-endpoint/api/run-live-response).
 */
export function runBody(commands: readonly Command[], comment: string): string {
  return JSON.stringify({
    Commands: commands.map((command) => ({ type: command.type, params: paramsOf(command) })),
    Comment: comment,
  });
}

function paramsOf(command: Command): readonly { readonly key: string; readonly value: string }[] {
  switch (command.type) {
    case 'PutFile':
      return [{ key: 'FileName', value: command.fileName }];
    case 'RunScript':
      // No arguments means no Args entry: an empty one is not the same to the service.
      return [
        { key: 'ScriptName', value: command.scriptName },
        ...(command.args === undefined ? [] : [{ key: 'Args', value: command.args }]),
      ];
    case 'GetFile':
      return [{ key: 'Path', value: command.path }];
  }
}

/** The maximum length of one word of Defender’s, which is kept with the request. */
const maxWord = 60;

/** A machine; undefined when there is no id. */
export function readDevice(value: unknown): Device | undefined {
  const id = text(value, 'id');
  if (id === undefined) return undefined;
  const os = [text(value, 'osPlatform'), text(value, 'version')]
    .filter((part) => part !== undefined && part !== 'Other')
    .join(' ');
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

/**
 * The next link under any of the names that OData and Microsoft’s other services use, in any letter case. A
 * value that is not text is also a link, one that leads nowhere: it shows that there is more.
 */
function nextLink(value: unknown): string | undefined {
  const found = ['@odata.nextlink', '@nextlink', 'odata.nextlink', 'nextlink']
    .map((name) => anyCase(value, name))
    .find((one) => one !== undefined && one !== null && one !== '');
  return found === undefined || typeof found === 'string' ? found : JSON.stringify(found);
}

/** One page of a collection; `items` is undefined when the answer is no collection. */
export function readPage(value: unknown): {
  readonly items: readonly unknown[] | undefined;
  readonly next: string | undefined;
} {
  const items = field(value, 'value');
  return { items: Array.isArray(items) ? items : undefined, next: nextLink(value) };
}

export interface WireError {
  readonly apiCode?: string;
  readonly apiMessage?: string;
  readonly target?: string;
  /** All codes and all texts, including those of inner errors. */
  readonly codes?: readonly string[];
  readonly texts?: readonly string[];
}

/**
 * `{"error":{"code","message","target"}}` (learn.microsoft.com/defender-endpoint/api/common-errors), also
 * without the envelope, with inner errors, in another letter case, or as a bare text.
 */
export function readError(value: unknown): WireError {
  const inner = anyCase(value, 'error') ?? value;
  if (typeof inner === 'string')
    return inner.trim() === '' ? {} : { apiMessage: inert(inner), texts: [inert(inner)] };
  const apiCode = textNamed(inner, 'code');
  const apiMessage = textNamed(inner, 'message');
  const target = textNamed(inner, 'target');
  const all = nestedErrors(inner);
  return {
    ...(apiCode === undefined ? {} : { apiCode: inert(apiCode).slice(0, 100) }),
    ...(apiMessage === undefined ? {} : { apiMessage: inert(apiMessage) }),
    ...(target === undefined ? {} : { target: inert(target).slice(0, 100) }),
    codes: all.flatMap((one) => textNamed(one, 'code') ?? []),
    texts: all.flatMap((one) => textNamed(one, 'message') ?? []).map((one) => one.slice(0, maxText)),
  };
}

/**
 * The error itself and those within it, OData's `innererror` and `details`
 * (docs.oasis-open.org/odata/odata-json-format, "Error Response").
 */
function nestedErrors(error: unknown, depth = 0): readonly unknown[] {
  if (typeof error !== 'object' || error === null || depth > maxDepth) return [];
  if (Array.isArray(error))
    return error.slice(0, maxErrors).flatMap((one: unknown) => nestedErrors(one, depth + 1));
  return [
    error,
    ...['innererror', 'details', 'error'].flatMap((name) => nestedErrors(anyCase(error, name), depth + 1)),
  ];
}

/**
 * The answer for a link: the URL unchanged (rewriting could break its signature) and the expiry in `se`;
 * undefined unless it is a web address without a user.
 */
export function readLink(
  value: unknown,
): { readonly url: string; readonly expiresAt: number | undefined } | undefined {
  const found = text(value, 'value');
  if (found === undefined || !URL.canParse(found)) return undefined;
  const url = new URL(found);
  const web = url.protocol === 'https:' || url.protocol === 'http:';
  if (!web || url.username !== '' || url.password !== '') return undefined;
  return { url: found, expiresAt: readTime(url.searchParams.get('se')) };
}

/**
 * What was read of a collection. `whole`: it has no other entries. Only a whole one shows that something is
 * missing from it.
 */
export interface Collected {
  readonly items: readonly unknown[];
  readonly whole: boolean;
}

/**
 * What identifies an entry: pages that overlap return it twice. Files have no id, and two files whose names
 * differ only in letter case, or whose content differs, are two files. So only an identical entry is the
 * same.
 */
export function keyOf(item: unknown): string {
  const id = field(item, 'id');
  return typeof id === 'string' ? id.toLowerCase() : JSON.stringify(item);
}

/**
 * Where a next link leads on our own origin. Our token is sent nowhere else, and recorded answers name
 * regional hosts of Microsoft's that serve the same data. Only path and query of the
 * link count, and only where it is a page of the collection that was asked for; undefined for anything else.
 * @param asked the page that contained the link
 * @param api the address that all calls are below: its path stays in front
 */
export function nextPage(link: string, asked: URL, api: URL): URL | undefined {
  if (link.length > longestLink) return undefined;
  const theirs = URL.canParse(link, asked.href) ? new URL(link, asked.href) : undefined;
  if (theirs === undefined || (theirs.protocol !== 'https:' && theirs.protocol !== 'http:')) return undefined;
  const collection = lastPart(asked.pathname);
  if (lastPart(theirs.pathname) !== collection) return undefined;
  // Another gateway may have a path of its own before /api, or none at all.
  const from = theirs.pathname.toLowerCase().lastIndexOf('/api/');
  const path = from < 0 ? undefined : theirs.pathname.slice(from).replace(/\/+$/, '');
  const own =
    path !== undefined && apiPath.test(path) ? `${api.pathname.replace(/\/+$/, '')}${path}` : asked.pathname;
  const next = new URL(api.origin);
  next.pathname = own;
  next.search = theirs.search;
  return next;
}

/** Servers refuse longer ones; characters. */
const longestLink = 8_000;
/** With or without a version (learn.microsoft.com/defender-endpoint/api/exposed-apis-list). */
const apiPath = /^\/api\/(?:v\d+(?:\.\d+)?\/)?[a-z]+$/i;

function lastPart(path: string): string {
  return path.replace(/\/+$/, '').toLowerCase().split('/').at(-1) ?? '';
}
