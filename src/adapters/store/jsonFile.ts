// Small JSON files in the data folder that are replaced whole: written aside, flushed, renamed.
import { open, readFile, rename } from 'node:fs/promises';
import { isMissing } from '../systemErrors.ts';
import { parseJson } from '../../liveResponse/text/json.ts';

/** The parsed content; undefined when there is no file, or none that can be read as JSON. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return parsedJson(text);
}

/** Undefined where there is no text, or none that is JSON. */
export function parsedJson(text: string | undefined): unknown {
  return text === undefined ? undefined : parseJson(text)?.value;
}

export async function replaceFile(path: string, text: string): Promise<void> {
  const written = `${path}.new`;
  const file = await open(written, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(written, path);
}
