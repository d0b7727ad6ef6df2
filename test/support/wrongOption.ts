// The options of a command that checks the bot: what is wrong with one is said in a sentence, and not by a stack.
import { existsSync } from 'node:fs';

/** The exit code of a command that was called wrongly. */
export const calledWrongly = 2;

/**
 * Reads options. Where they are wrong, says so on stderr with what can be given, and answers undefined.
 * @param read throws a RangeError for a value that cannot be
 */
export function optionsOr<T>(usage: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError) && !isOfTheParser(error)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    return undefined;
  }
}

function isOfTheParser(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

/** The number that was given, or the one that holds without it. @throws RangeError with what it has to be */
export function wholeNumber(option: string, given: string | undefined, without: number, least = 1): number {
  const number = given === undefined ? without : Number(given);
  if (!Number.isSafeInteger(number) || number < least || given === '')
    throw new RangeError(`--${option} is a whole number from ${least} on, and not "${given ?? ''}".`);
  return number;
}

/** The path that was given. @throws RangeError where nothing is there */
export function fileThatIsThere(option: string, path: string): string {
  if (!existsSync(path)) throw new RangeError(`--${option}: there is no file ${path}.`);
  return path;
}
