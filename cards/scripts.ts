// What a card says of the content of library scripts and files: the hash an approver sees, and what came of
// it.
import type { Change, Content, FileSeen, Unread } from '../src/liveResponse/request/content.ts';
import { changesBetween, libraryName, libraryNames, wasRead } from '../src/liveResponse/request/content.ts';
import type { Command } from '../src/liveResponse/commands.ts';
import { sessionOf, stageOf } from '../src/liveResponse/request/request.ts';
import type { Request, StageIn } from '../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../src/liveResponse/request/session.ts';
import { oneLine } from './clip.ts';
import * as bound from './platformLimits.ts';
import { ranEarlier } from './messages/said.ts';
import { stamp, timeOf } from './time.ts';
import type { FactLine } from './view.ts';

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
