// The commands of one live response session, in Defender's vocabulary, and the rules that hold for any of
// them. Nothing here knows who asked: that is policy. What is refused here could not be run, or could not be
// shown honestly.
import { hiddenCharacter, inOrder, strayMark } from './text/visible.ts';

/** Copies a file of the live response library to the device. */
export interface PutFile {
  readonly type: 'PutFile';
  readonly fileName: string;
}

/** Runs a script of the library. `args` is the exact text handed to the script; absent when there is none. */
export interface RunScript {
  readonly type: 'RunScript';
  readonly scriptName: string;
  readonly args?: string;
}

/** Collects one file from the device. */
export interface GetFile {
  readonly type: 'GetFile';
  readonly path: string;
}

export type Command = PutFile | RunScript | GetFile;

/** Our own bound: a card with more rows is not read on a phone, and every row must be shown. */
export const maxCommands = 10;

/**
 * All command text of a request together, in characters, so that every approval card can show every byte that
 * will run.
 */
export const maxCommandCharacters = 3000;

/**
 * Library file names: letters, digits, `-`, `_` and `.` only
 * (learn.microsoft.com/defender-endpoint/live-response).
 */
const libraryName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export type CommandProblem =
  | { readonly reason: 'noCommands' }
  | { readonly reason: 'tooManyCommands'; readonly count: number }
  | { readonly reason: 'tooLong'; readonly characters: number }
  | {
      readonly reason: 'order';
      readonly index: number;
      readonly type: Command['type'];
      readonly after: Command['type'];
    }
  | { readonly reason: 'libraryName'; readonly index: number; readonly name: string }
  | { readonly reason: 'emptyPath'; readonly index: number }
  | { readonly reason: 'hiddenCharacters'; readonly index: number; readonly found: string }
  | { readonly reason: 'strayMark'; readonly index: number; readonly found: string };

const rank = { PutFile: 0, RunScript: 1, GetFile: 2 } as const;

/** The first reason why these commands cannot be one session, or undefined when they can. */
export function problemWith(commands: readonly Command[]): CommandProblem | undefined {
  if (commands.length === 0) return { reason: 'noCommands' };
  if (commands.length > maxCommands) return { reason: 'tooManyCommands', count: commands.length };
  let before: Command['type'] | undefined;
  let characters = 0;
  for (const [index, command] of commands.entries()) {
    const text = wordsOf(command).join(' ');
    const found = hiddenCharacter(text);
    if (found !== undefined) return { reason: 'hiddenCharacters', index, found };
    const stray = strayMark(text);
    if (stray !== undefined) return { reason: 'strayMark', index, found: stray };
    // As shown: what is spelt out takes more room.
    characters += inOrder(text).length;
    if (command.type === 'GetFile') {
      if (command.path.trim() === '') return { reason: 'emptyPath', index };
    } else {
      const name = command.type === 'RunScript' ? command.scriptName : command.fileName;
      if (!libraryName.test(name)) return { reason: 'libraryName', index, name };
    }
    // Defender takes PutFile, then RunScript, then GetFile, each any number of times
    // (learn.microsoft.com/defender-endpoint/api/run-live-response).
    if (before !== undefined && rank[command.type] < rank[before]) {
      return { reason: 'order', index, type: command.type, after: before };
    }
    before = command.type;
  }
  if (characters > maxCommandCharacters) return { reason: 'tooLong', characters };
  return undefined;
}

function wordsOf(command: Command): readonly string[] {
  switch (command.type) {
    case 'PutFile':
      return [command.fileName];
    case 'RunScript':
      return command.args === undefined ? [command.scriptName] : [command.scriptName, command.args];
    case 'GetFile':
      return [command.path];
  }
}

/**
 * One line that shows a command byte for byte, as every card shows it: `RunScript minidump.ps1
 * OfficeClickToRun`.
 */
export function commandLine(command: Command): string {
  return [command.type, ...wordsOf(command)].join(' ');
}

/**
 * The canonical text over which a request's digest is taken: tenant, device and every command with its exact
 * text, in order; and where the library could be read, the SHA-256 of each file that the commands name. JSON
 * arrays only, so that no two different requests can give the same text.
 */
export function digestText(
  tenant: string,
  deviceId: string,
  commands: readonly Command[],
  files: readonly { readonly name: string; readonly sha256?: string }[] = [],
): string {
  const lines = commands.map((command) => [command.type, ...wordsOf(command)]);
  return JSON.stringify(
    files.length === 0
      ? ['lr1', tenant, deviceId, lines]
      : ['lr2', tenant, deviceId, lines, files.map((file) => [file.name, file.sha256 ?? null])],
  );
}

/** What people read of a digest: its first 8 hex digits. For eyes only: nothing is approved by them. */
export function fingerprintOf(digest: string): string {
  return digest.slice(0, 8);
}

/** Hex digits of a digest that bind an approval: 64 bits, too many to try out. */
export const bindingDigits = 16;

/** What buttons and typed approvals carry of a digest. */
export function bindingOf(digest: string): string {
  return digest.slice(0, bindingDigits);
}

/**
 * Whether the same would happen on the device: the library does not tell the names of its files apart by
 * case.
 */
export function sameDeeds(a: readonly Command[], b: readonly Command[]): boolean {
  return sameCommands(a.map(folded), b.map(folded));
}

function folded(command: Command): Command {
  switch (command.type) {
    case 'PutFile':
      return { type: 'PutFile', fileName: command.fileName.toLowerCase() };
    case 'RunScript':
      return { ...command, scriptName: command.scriptName.toLowerCase() };
    case 'GetFile':
      return command;
  }
}

/** Equality as Defender would run them. */
export function sameCommands(a: readonly Command[], b: readonly Command[]): boolean {
  return digestText('', '', a) === digestText('', '', b);
}
