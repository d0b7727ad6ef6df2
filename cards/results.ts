// Files on a card: collected ones and how long their links live, and library scripts, by the hash that an
// approver sees and what became of it.
import type { Command } from '../src/liveResponse/commands.ts';
import { changesBetween, libraryName, libraryNames, wasRead } from '../src/liveResponse/request/content.ts';
import type { Change, Content, FileSeen, Unread } from '../src/liveResponse/request/content.ts';
import type { ErrorAnswer } from '../src/liveResponse/request/errorAnswer.ts';
import { sessionOf, stageOf } from '../src/liveResponse/request/request.ts';
import type { Request, StageIn } from '../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../src/liveResponse/request/session.ts';
import type {
  CollectedFile,
  NotText,
  ResultTrouble,
  TextForm,
} from '../src/liveResponse/results/resultFacts.ts';
import { clip, duration, oneLine, size, stamp, timeOf } from './clip.ts';
import { missingRight } from './messages/rights.ts';
import { ranEarlier } from './messages/waits.ts';
import * as bound from './platformLimits.ts';
import type { FactLine } from './view.ts';

/** Cleaned name under which the file arrives. */
export function fileName(file: CollectedFile, collected: string): string {
  const told = file.name === undefined ? '' : oneLine(file.name.split(/[\\/]/).at(-1) ?? '', 80);
  if (told !== '') return told;
  const name = clip(collected, 80);
  return file.format === 'gzip' && file.encoding === undefined && !/\.gz$/i.test(name) ? `${name}.gz` : name;
}

/** `OfficeClickToRun.dmp.zip.gz, 51 MB: gzip around the zip, unpack both.` */
export function fileSentence(file: CollectedFile, collected: string): string {
  const name = fileName(file, collected);
  const named = file.bytes === undefined ? name : `${name}, ${size(file.bytes)}`;
  if (file.encoding !== undefined && file.format !== 'empty')
    return `${named}: sent packed (${oneLine(file.encoding, 20)}). Browsers unpack it by themselves; with another program, look whether it still is.`;
  switch (file.format) {
    case 'gzip':
      return /\.zip(\.gz)?$/i.test(name)
        ? `${named}: gzip around the zip, unpack both.`
        : `${named}: gzip, unpack it first.`;
    case 'zip':
      return `${named}: a zip.`;
    case 'other':
      return `${named}: as it was on the device, not packed.`;
    case 'empty':
      return `${named}: the file is empty. Check the path, or whether the script had finished writing.`;
  }
}

/** How the output came, where that was not plain UTF-8; undefined where there is nothing to say. */
export function formSentence({ packed, encoding, guessed, lost }: TextForm): string | undefined {
  const said = [
    ...(packed === undefined
      ? []
      : [`The output came packed (${oneLine(packed, 20)}) and was unpacked here.`]),
    ...(encoding === undefined
      ? []
      : [
          encoding === 'unknown'
            ? 'It is not UTF-8, and its encoding is not known: letters that could not be read are shown as “\ufffd”.'
            : guessed === true
              ? `It is not UTF-8. It was read as ${encoding}, which is a guess: letters outside ASCII may be wrong.`
              : `It came in ${encoding}.`,
        ]),
    ...(lost === true && encoding !== 'unknown'
      ? ['Letters that could not be read are shown as “\ufffd”.']
      : []),
  ];
  return said.length === 0 ? undefined : said.join(' ');
}

/** What lies where the script's output should. @param fetch the command that gives a link to it */
export function notTextSentence({ kind, bytes }: NotText, fetch: string): string {
  const there = {
    gzip: `gzip data (${size(bytes)}) and no text`,
    zip: `a zip (${size(bytes)}) and no text`,
    other: `data that is no text (${size(bytes)})`,
    empty: 'an empty file',
    blank: `${size(bytes)} without any text`,
    cut: `a file that ends before any output (${size(bytes)})`,
  }[kind];
  return `What the script printed is not known: Defender keeps ${there}. “${fetch}” gives a link to it.`;
}

type Sentence = (what: 'file' | 'output', tried: string) => string;

/** By our own codes, those of results. */
export const troubles: Readonly<Record<string, Sentence>> = {
  notReady: (what) =>
    what === 'file'
      ? 'The file follows: Defender does not hand it out yet.'
      : 'Output follows: Defender does not hand it out yet.',
  gone: (what) =>
    `Defender does not hand out this ${what}, or no longer. Try the button below; else get it from the portal.`,
  untrusted: (what) =>
    `Defender’s link leads outside the allowed download hosts, so the bot neither followed it nor hands it out. Get the ${what} from the portal; if that host is right for your tenant, an administrator adds it with LR_RESULT_HOSTS.`,
  unreadable: (what) =>
    `The ${what} is not in the form Defender documents, so it is not shown. Use the button, or get it from the portal.`,
  refused: (what) =>
    `Defender refuses to hand out this ${what}. Try the button below; else get it from the portal.`,
  throttled: (what) => `The ${what} follows: calls to Defender are limited now, so it has not been read yet.`,
  unavailable: (what, tried) => `The ${what} could not be read yet; the bot tries again${tried}.`,
  unauthorized: (what, tried) => `The ${what} could not be read yet; the bot tries again${tried}.`,
};

/** Troubles of the way to Defender: since when they last is worth knowing. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'unauthorized', 'throttled']);

/** Why a result is not here yet, or never will be, and what to do. */
export function troubleSentence(
  {
    code,
    tries,
    error,
    at,
  }: Pick<ResultTrouble, 'code' | 'tries' | 'error'> & Partial<Pick<ResultTrouble, 'at'>>,
  type: Command['type'],
  beside?: number,
): string {
  const since =
    at === undefined || beside === undefined || code === 'refused'
      ? ''
      : ` It has been so since ${timeOf(at, beside)}.`;
  const what = type === 'GetFile' ? 'file' : 'output';
  const tried = tries > 1 ? ` (${tries} tries so far)` : '';
  const right = error === undefined ? undefined : missingRight(error);
  if (right !== undefined)
    return `${right.what} ${right.next} ${code === 'refused' ? 'Then use the button below.' : `The bot tries again.${since}`}`;
  const words =
    code === 'untrusted' && error?.message !== undefined
      ? `${notAllowed(error)} Get the ${what} from the portal; if that host is right for your tenant, an administrator adds it with LR_RESULT_HOSTS.`
      : troubles[code]?.(what, tried);
  if (words !== undefined) return passing.has(code) ? `${words}${since}` : words;
  return `The ${what} could not be read (${oneLine(code, 40)})${tried}. Get it from the portal.`;
}

/** Which host it is, where that is known: an administrator can allow it. */
function notAllowed({ message }: ErrorAnswer): string {
  return `Defender’s link leads outside the allowed download hosts${message === undefined ? '' : ` (${oneLine(message, 140)})`}, so the bot neither follows it nor hands it out.`;
}

/** A link that was asked for and not made; with the time, since the next one may come. */
export function linkTroubleSentence(
  { at, error }: Pick<ResultTrouble, 'at' | 'error'>,
  beside: number,
): string {
  if (error?.code === 'untrusted')
    return `No new link at ${timeOf(at, beside)}: ${notAllowed(error)} Get the file from the portal; if that host is right for your tenant, an administrator adds it with LR_RESULT_HOSTS.`;
  const right = error === undefined ? undefined : missingRight(error);
  const said = error?.message === undefined ? '' : ` (“${oneLine(error.message, 120)}”)`;
  return `No new link at ${timeOf(at, beside)}: ${right === undefined ? `Defender refused it${said}. Try again in a minute.` : `${right.what} ${right.next}`}`;
}

/** True at any time it is read, unlike "in 29 min". `beside` is a time whose date the card shows. */
export function expirySentence(madeAt: number, expiresAt: number, beside: number): string {
  return `expires ${timeOf(expiresAt, beside)}, ${duration(expiresAt - madeAt)} after it was made`;
}

/** Lines shown of how many (where all of them were seen), and how to read the rest. */
export function moreSentence(
  shown: { readonly lines: number; readonly of?: number; readonly from: 'start' | 'end' },
  all: { readonly characters: number; readonly cut: boolean },
): string {
  const lines = shown.of === undefined ? `${shown.lines} lines` : `${shown.lines} of ${shown.of} lines`;
  const which =
    shown.lines === shown.of
      ? 'Long lines are cut here.'
      : shown.from === 'start'
        ? `The first ${lines}.`
        : `The last ${lines}.`;
  const rest = all.cut
    ? `“Full output” sends you the ${all.characters} characters the bot read; Defender has more.`
    : `“Full output” sends you all ${all.characters} characters.`;
  return `${which} ${rest}`;
}

/** Of 64 hex digits, those that people compare. The bot compares them all. */
const shortDigits = 8;

export function shortHash(sha256: string): string {
  return oneLine(sha256.slice(0, shortDigits), shortDigits);
}

/**
 * The row of a command, as long as somebody decides by it: which content would run, and since when the
 * library has it.
 */
export function contentDetail(request: Request, command: Command): string | undefined {
  const name = libraryName(command);
  if (name === undefined || !wasRead(request.subject.content)) return undefined;
  const file = request.subject.content.files.find((one) => one.name === name);
  if (file === undefined) return undefined;
  if (file.sha256 === undefined) return 'NOT in the live response library: it would fail.';
  return `SHA-256 ${shortHash(file.sha256)}…${file.updatedAt === undefined ? '' : `, last changed ${timeOf(file.updatedAt, request.asked.at)}`}.`;
}

/**
 * One line on whether the content is or was verified; undefined where no library file is named, or nothing
 * was approved.
 */
export function contentFact(request: Request): FactLine | undefined {
  if (libraryNames(request.subject.commands).length === 0) return undefined;
  const value = contentWords(request);
  return value === undefined ? undefined : { label: 'Scripts', value };
}

function contentWords(request: Request): string | undefined {
  const { content } = request.subject;
  const stage = stageOf(request);
  const grant = sessionOf(request)?.grant;
  switch (stage.state) {
    case 'awaitingApproval':
      return wasRead(content)
        ? `content as of ${timeOf(content.at, request.asked.at)}; if it changes, nothing is sent`
        : notVerified(content, 'would not be noticed');
    case 'queued':
      return wasRead(grant?.content)
        ? 'compared with the library right before sending; if they changed, nothing is sent'
        : notVerified(grant?.content, 'would not be noticed');
    case 'closed':
      if (grant === undefined) return undefined;
      return wasRead(grant.content) ? `approved: ${named(grant.content.files)}` : notVerified(grant.content);
    case 'unknown':
    case 'submitting':
    case 'running':
    case 'finished':
      return sentWords(request, stage, grant?.content);
  }
}

function sentWords(
  request: Request,
  stage: StageIn<'unknown' | 'submitting' | 'running' | 'finished'>,
  approved: Content | undefined,
): string {
  if (!wasRead(approved)) return notVerified(approved);
  if (ranEarlier(request) !== undefined) return 'what runs was compared with the approval before this one';
  // Only of a request that may be sent again, and only after somebody tried to.
  const since =
    stage.state === 'unknown' && wasRead(request.subject.content)
      ? changesBetween(approved, request.subject.content)
      : [];
  const now =
    since.length === 0 ? '' : `. Changed since: ${since.map((change) => changeWords(change)).join('; ')}`;
  const earlier =
    earlierAttempt(sessionOf(request)) === undefined
      ? ''
      : '; the earlier attempt was compared with its own approval';
  // A crash may have come before the comparison, and then nothing was sent either.
  if (stage.state === 'submitting' || (stage.state === 'unknown' && stage.cause === 'lost'))
    return `approved: ${named(approved.files)}${earlier}${now}`;
  return `unchanged from approval to sending: ${named(approved.files)}${earlier}${now}`;
}

function notVerified(content: Content | undefined, consequence?: string): string {
  const why = content === undefined || wasRead(content) ? undefined : whyUnread[content.notRead];
  const then = consequence === undefined ? '' : `; a change ${consequence}`;
  return `script content not verified${why === undefined ? '' : `: ${why}`}${then}`;
}

const whyUnread: Readonly<Record<Unread, string>> = {
  forbidden: 'the bot may not read the library (Library.Manage)',
  unavailable: 'the library could not be read when it was asked',
};

function named(files: readonly FileSeen[]): string {
  return oneLine(
    files
      .map(
        (file) => `${file.name} ${file.sha256 === undefined ? 'not in the library' : shortHash(file.sha256)}`,
      )
      .join(', '),
    bound.view.factValue,
  );
}

/** `minidump.ps1 changed from 3f2a91c0 to 9b1d77aa (last changed at Defender 2026-11-23 14:01 UTC)`. */
export function changeWords(change: Change): string {
  const name = oneLine(change.name, 130);
  const when = change.updatedAt === undefined ? '' : ` (last changed at Defender ${stamp(change.updatedAt)})`;
  if (change.to === undefined)
    return `${name} (${change.from === undefined ? 'unknown' : shortHash(change.from)}) is no longer in the library`;
  if (change.from === undefined)
    return `${name} was not in the library, and now is with ${shortHash(change.to)}${when}`;
  return `${name} changed from ${shortHash(change.from)} to ${shortHash(change.to)}${when}`;
}
