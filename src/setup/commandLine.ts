// How the assistant calls the other programs: the doctor as a process of its own, and the commands that it
// names for what is left.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandFor as ownCommand, shellWord } from '../adapters/ownCommands.ts';
import type { Word } from '../adapters/ownCommands.ts';

const doctorFile = join(dirname(fileURLToPath(import.meta.url)), '..', 'cli', 'doctor.js');

/** What is handed to Node to run the doctor. In a bundle there is one file with a first word. */
export function doctorArguments(): readonly string[] {
  return existsSync(doctorFile) ? [doctorFile] : [process.argv[1] ?? '', 'doctor'];
}

/** @param envFile when it is not the one of the folder that the command is typed in */
export function commandFor(word: Word, envFile: string | undefined, rest = ''): string {
  return `${envFile === undefined ? '' : `LR_ENV_FILE=${shellWord(envFile)} `}${ownCommand(word, rest)}`;
}
