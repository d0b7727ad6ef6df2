// Place of the journal key: the one that was given, the one that a `.env` names, or the usual one in the home
// folder; never in the data folder.
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { isInside } from '../adapters/store/journal/keys.ts';
import { checkFile } from './questions/answers.ts';
import { near } from './outputFiles.ts';

/** Of a new key. */
export const keyBytes = 32;

/** What was given cannot be; the message is for people. */
export class AnswerRefused extends Error {}

/** @throws AnswerRefused */
export function keyPlace(path: string, folder: string): string {
  if (isInside(path, join(folder, 'data')))
    throw new AnswerRefused(
      `The journal key ${path} would lie in the data folder: anyone who may write the folder could then forge the journal. Name another place with --key.`,
    );
  return path;
}

/**
 * As the bot finds it, from its own folder. @throws AnswerRefused where the bot refuses it, since a folder of
 * the name "~" would be made
 */
export function namedKey(written: string, folder: string, envPath: string): string {
  if (checkFile(written) !== undefined)
    throw new AnswerRefused(
      `${near(envPath)} names the journal key ${written}, which the bot does not take. Write the whole path there (LR_JOURNAL_KEY_FILE).`,
    );
  return resolve(folder, written);
}

/**
 * Never in the folder that the program is called in, where a home that is no whole path would lead. @throws
 * Refused
 */
export function usualKey(): string {
  const home = homeOf();
  if (home === undefined || !isAbsolute(home))
    throw new AnswerRefused(
      'This user has no home folder for the journal key. Name a place with --key, such as /var/lib/live-response-bot-key/journal.key: outside of the data folder, and for the bot’s user alone.',
    );
  return join(home, '.live-response-bot', 'journal.key');
}

/** Undefined for a user that the system knows nothing of, as in a container. */
function homeOf(): string | undefined {
  try {
    return homedir();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('homedir')) throw error;
    return undefined;
  }
}
