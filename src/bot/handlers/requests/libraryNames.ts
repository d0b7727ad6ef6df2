// The names of library files that somebody asked for, held against the library where it could be read: a
// misspelt one would be approved, sent and only then fail on the device.
import { entryNamed, libraryName, libraryNames } from '../../../liveResponse/request/content.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import { nearest } from '../../commands/nearest.ts';
import { writtenAs } from '../../commands/commandLine.ts';
import { tellsOf } from '../../workers/reads/library.ts';
import type { LibraryReading } from '../../workers/reads/library.ts';
import type { Refusal } from '../../policy/refusals/refusal.ts';
import type { SessionAsk } from '../../policy/recipes/sessionAsk.ts';

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
