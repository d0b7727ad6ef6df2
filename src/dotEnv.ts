// Settings from a `.env` file in the folder the program is started in: read before anything else, and never over what the environment says.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { codeOf, diskWords } from './adapters/store/disk.ts';

type Variables = Record<string, string | undefined>;

/** Names the file, in the environment alone; `off` reads none. */
export const envFileSetting = 'LR_ENV_FILE';

export interface DotEnv {
  /** One sentence for the start and the doctor; undefined where there is no file. */
  readonly said: string | undefined;
  /** Why a file that is there, or that was named, was not read. */
  readonly wrong?: string;
}

/** Adds the file's settings to `variables`. */
export function readDotEnv(variables: Variables): DotEnv {
  const named = variables[envFileSetting]?.trim() ?? '';
  if (named === 'off') return { said: undefined };
  const file = resolve(named === '' ? '.env' : named);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && named === '') return { said: undefined };
    return { said: undefined, wrong: `${file} cannot be read: ${diskWords(error)}. Correct it, or set ${envFileSetting}=off.` };
  }
  const given = Object.entries(parseEnv(text)).filter((entry): entry is [string, string] => (entry[1] ?? '').trim() !== '');
  const overruled = given.filter(([name]) => variables[name] !== undefined).map(([name]) => name);
  for (const [name, value] of given) variables[name] ??= value;
  const count = given.length === 1 ? 'one setting' : `${given.length} settings`;
  return { said: `${count} read from ${file}${overruled.length === 0 ? '' : `; the environment overrules ${overruled.join(', ')}`}` };
}
